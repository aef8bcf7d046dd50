"""ItemPart: one item of a page, prepared in one language and mode, filled with value, state, messages and badges."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from types import MappingProxyType

from engine.datatypes.base import Control
from engine.datatypes.codes import code_text
from engine.datatypes.values import Entered, FileValue, Missing, Unread
from engine.model.form import CheckSeverity
from engine.model.item import ItemDef
from engine.model.text import NO_TEXT, TranslatedText
from engine.records.evaluation import Violation
from engine.records.explaining import Fact
from renderers.html.context import acknowledgement, answer_key
from renderers.html.faces import BUTTONS, ItemFace, control_of, has_values, item_face
from renderers.html.facts import fact_parts
from renderers.html.isolating import isolated
from renderers.html.request import Request
from renderers.html.segments import Filler, Flags, Part, Texts, Workshop, markup
from renderers.html.values import SHOW, Show, display, reason_of, shown_in
from renderers.html.words import Words

_KEPT = 64  # forms of a field at rest
_STATES: tuple[Flags, ...] = (), ("required",), ("shown",), ("shown", "required")  # [2 * shown + required]
_FILLED = "answered", "known"
_PLAIN = (Decimal, date, bool)  # nothing in their words is to be escaped
_CODES: frozenset[type] = frozenset({bool, str, tuple, Missing})
_NO_CODES: frozenset[type] = frozenset({Missing})
_NOT_ALONE = (Control.REFERENCE, Control.LOOKUP, Control.FILE)  # their words or links come with the request


@dataclass(frozen=True, slots=True)
class SmallParts:
    """The pieces that stand in the holes of items, made once per language."""

    message: Part
    confirm: Part
    reason: Part
    given: Part
    chip: Part
    option: Part
    options: Part
    counted: Part
    issues: Part
    issue: Part
    saved: Part
    fact: Part
    query: Part


def small_parts(workshop: Workshop) -> SmallParts:
    return SmallParts(*(workshop.part(name) for name in SmallParts.__slots__))


@dataclass(frozen=True, slots=True)
class ItemPart:
    """An item ready to be filled."""

    item: ItemDef
    face: ItemFace
    control: Control
    show: Show
    part: Part
    reading: Part  # the item as text, for those who may not edit it
    small: SmallParts
    history: Part
    query: Part
    always: bool  # a note without a condition: rules say nothing about it
    asked: bool  # something to be entered
    alone: bool  # an input that shows its own value and nothing else
    codes: frozenset[type]  # types of values that are codes of a short list
    piped: Mapping[str, TranslatedText]  # label and hint, where values are piped into them
    kinds: Mapping[str, str]  # groups and forms that a reference may point to, with their titles
    kept: dict[tuple[int, Entered | None], str] = field(default_factory=dict, compare=False)  # by state and answer
    fillers: dict[int, Filler] = field(default_factory=dict, compare=False)  # by state

    def pour(self, out: list[str], at: str, here: str, items: Mapping[str, Entered], request: Request) -> None:
        """Add the item's markup at a place; `at` and `here` are what its name and its path start with."""
        id_, evaluation = self.item.id, request.evaluation
        path = here + id_
        if id_ in request.context.hidden_items:
            self._pour_private(out, at, path, request)
            return
        shown = path in evaluation.visible or self.always
        if shown and self.asked:
            request.count(path, items.get(id_))
        state = 2 * shown + (path in evaluation.required)
        if self.alone and request.plain and not at and path not in request.issues:
            self._pour_plain(out, state, items.get(id_), request.words.language)
            return
        texts = {"at": markup(at)} if at else {}
        texts |= {part: markup(request.text(path, part, words)) for part, words in self.piped.items()}
        calculated = self.item.calculate is not None
        more = self._calculated(texts, path, request) if calculated else self._entered(texts, at, here, items, request)
        if path in request.issues:
            more += self._issues(texts, at + id_, self.label(path, request), request.issues[path], request)
        if request.badged:
            more += self._badges(texts, at + id_, request)
        out += (self.reading if request.reads(self.item) else self.part).pieces(_STATES[state] + more, texts)

    def _pour_private(self, out: list[str], at: str, path: str, request: Request) -> None:
        """That the item is there, to a role that may not see what it holds."""
        texts = {"at": markup(at)} if at else {}
        texts |= {part: markup(request.text(path, part, words)) for part, words in self.piped.items()}
        out += self.reading.pieces(("shown", "answered", "private"), texts)

    def _pour_plain(self, out: list[str], state: int, entered: Entered | None, language: str) -> None:
        """The markup of a field at rest. While it is empty or holds a code, it has few forms, and each is made once."""
        if entered is not None and type(entered) not in self.codes:
            texts, more = self._shown(entered, language)
            if more is _FILLED:  # a control whose values set no flags has the same holes for each of them
                filler = self.fillers.get(state)
                if filler is None:
                    filler = self.fillers[state] = self.part.opened(_STATES[state] + more, tuple(texts))
                out += filler(texts)
            else:
                out += self.part.pieces(_STATES[state] + more, texts)
            return
        kept = self.kept.get((state, entered))
        if kept is None:
            texts, more = self._shown(entered, language)
            kept = self.part.fill(_STATES[state] + more, texts)
            if len(self.kept) < _KEPT:
                self.kept[state, entered] = kept
        out.append(kept)

    def _shown(self, entered: Entered | None, language: str) -> tuple[Texts, Flags]:
        """What the control holds, as markup, and the flags of its state."""
        if entered is None:
            return {}, ()
        if isinstance(entered, Missing):
            reason = reason_of(self.item, entered, language)
            texts = {"reason": markup(reason.words), "reason_code": markup(reason.code)}
            return texts, ("answered", "missing", f"mr={reason.code}")
        if isinstance(entered, _PLAIN):
            parts, flags = self.show(self.item, entered, language)
        else:
            parts, flags = shown_in(self.control, self.item, entered, language)
            parts = {key: markup(text) for key, text in parts.items()}
        return parts, (*_FILLED, *flags) if flags else _FILLED

    def _entered(
        self,
        texts: dict[str, str],
        at: str,
        here: str,
        items: Mapping[str, Entered],
        request: Request,
    ) -> Flags:
        item, language, entered = self.item, request.words.language, items.get(self.item.id)
        parts, flags = self._shown(entered, language)
        texts |= parts
        if self.control is Control.REFERENCE:
            self._options(texts, entered, request)
        if self.control is Control.LOOKUP and request.context.shell.links.lookup:
            texts["search"] = markup(f"{request.context.shell.links.lookup}/{item.id}/search")
            flags += ("searched",)
        if item.only is not None:
            flags += tuple(f"off={code}" for code in sorted(request.context.withheld(here + item.id)))
        if entered is None or isinstance(entered, Missing):
            return flags
        if isinstance(entered, FileValue) and request.context.shell.links.files:
            texts["href"] = markup(request.context.shell.links.files + entered.digest)
            flags += ("linked",)
        if request.reads(item):
            text = entered.text if isinstance(entered, Unread) else display(item, entered, language, request.labels)
            texts["value"] = markup(text)
        elif self.control is Control.LOOKUP and not isinstance(entered, Unread):
            codes = entered if isinstance(entered, tuple) else (str(entered),)
            known = [(code, request.labels.get(code) or code_text(code, item.facets, language)) for code in codes]
            texts["found"] = "".join(self._found(code, label) for code, label in known)
        return flags

    def _found(self, code: str, label: str) -> str:
        """The words of a code that was looked up; one of several is a chip."""
        words = markup(label if label != code else "")
        return self.small.chip.fill((), {"code": markup(code), "text": words}) if self.face.several else words

    def _options(self, texts: dict[str, str], entered: Entered | None, request: Request) -> None:
        chosen = shown_in(self.control, self.item, entered, request.words.language)[0].get("target")
        out = []
        for name, title in self.kinds.items():
            options = []
            for target, words in request.targets(name):
                flags = ("chosen",) if target == chosen else ()
                options.append(self.small.option.fill(flags, {"code": markup(target), "text": markup(words)}))
            if options and len(self.kinds) > 1:
                options = [self.small.options.fill((), {"text": markup(title), "options": "".join(options)})]
            out += options
        texts["options"] = "".join(out)

    def _calculated(self, texts: dict[str, str], path: str, request: Request) -> Flags:
        if request.mode == "edit":
            texts["why"] = "".join(self._fact(fact, request) for fact in request.context.why(path))
        value = request.evaluation.calculated.get(path)
        if value is None:
            return ()
        text = display(self.item, value, request.words.language, request.labels)
        texts["value"] = text if type(value) is Decimal else markup(text)
        return _FILLED

    def _fact(self, fact: Fact, request: Request) -> str:
        name, value, anchor = fact_parts(fact, request.data)
        texts = {"name": markup(name), "value": markup(value), "anchor": markup(anchor)}
        return self.small.fact.fill(("linked",) if anchor else (), texts)

    def label(self, path: str, request: Request) -> str:
        """The label as it reads now."""
        return request.text(path, "label", self.item.label) if "label" in self.piped else self.face.label

    def _issues(
        self, texts: dict[str, str], name: str, label: str, violations: list[Violation], request: Request
    ) -> Flags:
        request.note(name, label, violations, name)
        tone, texts["messages"], texts["answers"] = tell(self.small, name, violations, request)
        return ("msg", tone) if tone else ("msg",)

    def _badges(self, texts: dict[str, str], name: str, request: Request) -> Flags:
        badge, history = request.context.badges.get(name), request.context.shell.links.history
        out = [asking] if (asking := ask_badge(self.query, name, request, texts)) else []
        if history:
            flags = ("changed",) if badge is not None and badge.changes > 1 else ()
            out.append(self.history.fill(flags, texts | {"link": markup(history + name)}))
        texts["badges"] = "".join(out)
        return ("badged",) if out else ()


def ask_badge(part: Part, name: str, request: Request, texts: Texts) -> str:
    """The bubble that leads to the queries about an item, a row or the form, or to a new one; '' for who may not ask."""
    badge, ask = request.context.badges.get(name), request.context.shell.links.queries
    link = badge.query if badge is not None and badge.query else ask + name if ask else ""
    if not link:
        return ""
    flags = (
        *(("there",) if badge is not None and badge.query else ()),
        *(("pending",) if badge and badge.pending else ()),
    )
    return part.fill(flags, {**texts, "link": markup(link), "count": str(badge.pending if badge else 0)})


def tell(small: SmallParts, name: str, violations: Iterable[Violation], request: Request) -> tuple[str, str, str]:
    """What is wrong at a place: 'bad', 'soft' or '', the messages, and what warnings ask for."""
    messages, answers, tones = [], [], set()
    for violation in violations:
        error = violation.severity is CheckSeverity.ERROR
        if not request.settled(name, violation):
            tones.add("bad" if error else "soft")
        where = request.elsewhere(violation)
        kind = (*(() if error else ("warning",)), *(() if where is None else ("elsewhere",)))
        texts = {"where": markup(where.text), "href": markup(where.href)} if where is not None else {}
        messages.append(small.message.fill(kind, {"text": isolated(violation.message), **texts}))
        if not error:
            answers.append((answer if request.mode == "edit" else answered)(small, name, violation, request))
    tone = "bad" if "bad" in tones else "soft" if tones else ""
    return tone, "".join(messages), "".join(answers)


def answer(small: SmallParts, name: str, violation: Violation, request: Request) -> str:
    """What a warning of the page asks for."""
    return answer_field(small, name, violation, request.context.acknowledged.get(acknowledgement(name, violation)))


def answer_field(
    small: SmallParts, name: str, violation: Violation, given: str | None, more: tuple[str, ...] = ()
) -> str:
    """What a warning asks for: a tick, or a written reason; `more`: that one is 'required', and that it was 'refused'."""
    texts: Mapping[str, str] = MappingProxyType(
        {
            "name": markup(name),
            "key": markup(answer_key(violation)),
            "text": markup(given or ""),
            "about": markup(violation.message),
        }
    )
    flags = (*(() if given is None else ("answered",)), *more)
    part = small.reason if violation.severity is CheckSeverity.WARNING_REASON else small.confirm
    return part.fill(flags, texts)


def answered(small: SmallParts, name: str, violation: Violation, request: Request) -> str:
    """What somebody answered to a warning; '' where nobody did."""
    reason = request.context.acknowledged.get(acknowledgement(name, violation))
    if reason is None:
        return ""
    return small.given.fill(("text",) if reason else (), {"text": markup(reason)})


def tally_text(small: SmallParts, words: Words, errors: int, warnings: int) -> str:
    """'1 error, 2 warnings' with their signs; '' when all is well."""
    if not errors and not warnings:
        return ""
    flags = tuple(key for key, number in (("errors", errors), ("warnings", warnings)) if number)
    texts = {"errors": words.count("errors", errors), "warnings": words.count("warnings", warnings)}
    return small.counted.fill(flags, texts)


@dataclass(frozen=True, slots=True)
class ItemMaker:
    """Prepares the items of a form in one language and mode."""

    words: Words
    mode: str
    controls: Workshop
    parts: Workshop
    small: SmallParts
    titles: Mapping[str, str]  # of groups and forms, by id

    def make(self, item: ItemDef, *, in_row: bool) -> ItemPart:
        """The item, ready to be filled; at the top of the form its name is fixed."""
        face, control = item_face(item, self.words), control_of(item)
        fixed = None if in_row else {"at": ""}
        texts = {"label": item.label, "hint": item.hint, "unit": NO_TEXT}
        piped = {part: text for part, text in texts.items() if has_values(item.templates, part, self.words.language)}
        part = self.controls.part(self.mode, face, fixed)
        return ItemPart(
            item=item,
            face=face,
            control=control,
            show=SHOW[control],
            part=part,
            reading=self.controls.part("read", face, fixed) if self.mode == "edit" else part,
            small=self.small,
            history=self.parts.part("history", face),
            query=self.parts.part("query", face),
            always=control is Control.NOTE and item.when is None,
            asked=control is not Control.NOTE and item.calculate is None,
            alone=item.calculate is None and item.only is None and control not in _NOT_ALONE and not piped,
            piped=piped,
            codes=_CODES
            if control in (Control.CHOICE, Control.CHOICES) and len(face.options) <= BUTTONS
            else _NO_CODES,
            kinds={key: self.titles.get(name, name) for key, name in item.offered.items()},
        )
