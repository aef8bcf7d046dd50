"""ItemPart: one item of a page, prepared in one language and mode, filled with value, state, messages and badges."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from engine.datatypes.base import Control
from engine.datatypes.values import Entered, Missing, Unread
from engine.model.form import CheckSeverity
from engine.model.item import ItemDef
from engine.model.text import in_language
from engine.records.evaluation import Violation
from renderers.html.context import acknowledgement, answer_key
from renderers.html.faces import ItemFace, item_face
from renderers.html.names import Place
from renderers.html.request import Request
from renderers.html.segments import Part, Workshop, markup
from renderers.html.values import display, reason_of, shown
from renderers.html.words import Words

_NAME = re.compile(r"\b[a-z][a-z0-9_]*\b")
_NO_FLAGS: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class SmallParts:
    """The pieces that stand in the holes of items, made once per language."""

    message: Part
    confirm: Part
    reason: Part
    option: Part
    input_line: Part
    counted: Part
    issues: Part


def small_parts(workshop: Workshop) -> SmallParts:
    return SmallParts(*(workshop.part(name) for name in SmallParts.__slots__))


@dataclass(frozen=True, slots=True)
class Input:
    """An item that a formula reads: of the same row, or of the form itself."""

    item: ItemDef
    label: str
    of_form: bool


@dataclass(frozen=True, slots=True)
class ItemPart:
    """An item ready to be filled; `inputs` are the items of its formula, to say why."""

    item: ItemDef
    face: ItemFace
    part: Part
    reading: Part  # the item as text, for those who may not edit it
    small: SmallParts
    history: Part
    query: Part
    inputs: tuple[Input, ...] = ()

    def fill(self, place: Place, at: str, here: str, items: Mapping[str, Entered], request: Request) -> str:
        """The item's markup at a place; `at` and `here` are what its name and its path start with."""
        item, name, path = self.item, at + self.item.id, here + self.item.id
        if item.id in request.context.hidden_items:
            return ""
        fixed = request.mode != "edit" or item.id in request.context.fixed_items
        flags, texts = set[str](), {"at": markup(at) if at else ""}
        visible = path in request.evaluation.visible or (self.face.control == "note" and item.when is None)
        if visible:
            flags.add("shown")
            if item.calculate is None and self.face.control != "note":
                request.count(path)
        if path in request.evaluation.required:
            flags.add("required")
        if item.calculate is not None:
            self._calculated(flags, texts, place, items, path, request)
        else:
            self._entered(flags, texts, items.get(item.id), path, request, fixed=fixed)
        violations = request.issues.get(path)
        if violations:
            self._issues(flags, texts, name, violations, request)
        self._badges(texts, name, request)
        part = self.reading if fixed else self.part
        return part.fill(frozenset(flags), texts)

    def _entered(
        self,
        flags: set[str],
        texts: dict[str, str],
        entered: Entered | None,
        path: str,
        request: Request,
        *,
        fixed: bool,
    ) -> None:
        item, language = self.item, request.words.language
        if item.datatype.control is Control.REFERENCE:
            self._options(texts, entered, request)
        if item.only is not None and path in request.context.withheld:
            flags.update(f"off={code}" for code in request.context.withheld[path])
        if entered is None:
            return
        flags.add("answered")
        if isinstance(entered, Missing):
            reason = reason_of(item, entered, language)
            flags.update(("missing", f"mr={reason.code}"))
            texts["reason"], texts["reason_code"] = markup(reason.words), markup(reason.code)
            return
        flags.add("known")
        parts, more = shown(item, entered, language)
        flags.update(more)
        texts.update({key: markup(text) for key, text in parts.items()})
        if fixed:
            text = entered.text if isinstance(entered, Unread) else display(item, entered, language, request.labels)
            texts["value"] = markup(text)
        elif self.face.control == "lookup" and not isinstance(entered, Unread):
            codes = entered if isinstance(entered, tuple) else (str(entered),)
            whole = item.datatype.format(entered, item.facets, language)
            known = [request.labels[code] for code in codes if code in request.labels]
            texts["found"] = markup("; ".join(known) or (whole if whole != ", ".join(codes) else ""))

    def _options(self, texts: dict[str, str], entered: Entered | None, request: Request) -> None:
        chosen = shown(self.item, entered, request.words.language)[0].get("target") if entered else None
        out = []
        for target, words in request.targets(self.item.target or ""):
            flags = frozenset({"chosen"}) if target == chosen else _NO_FLAGS
            out.append(self.small.option.fill(flags, {"code": markup(target), "text": markup(words)}))
        texts["options"] = "".join(out)

    def _calculated(
        self, flags: set[str], texts: dict[str, str], place: Place, items: Mapping[str, Entered], path: str,
        request: Request,
    ) -> None:  # fmt: skip
        value = request.evaluation.calculated.get(path)
        if value is not None:
            flags.update(("known", "answered"))
            texts["value"] = markup(display(self.item, value, request.words.language, request.labels))
        if request.mode == "edit":
            texts["inputs"] = self._why(place, items, path, request)

    def _why(self, place: Place, items: Mapping[str, Entered], path: str, request: Request) -> str:
        """The real numbers: each item of the formula with its value, or the explanation that was given."""
        given = request.context.why.get(path)
        if given is not None:
            return markup(given)
        out = []
        for source in self.inputs:
            item, at = source.item, "" if source.of_form else place.at
            here, values = ("", request.data.items) if source.of_form else (place.here, items)
            text = request.text_of(item, values, here + item.id)
            flags = frozenset({"filled"}) if text else _NO_FLAGS
            words = {"name": at + item.id, "label": source.label, "text": text}
            out.append(self.small.input_line.fill(flags, {key: markup(word) for key, word in words.items()}))
        return "".join(out)

    def _issues(
        self, flags: set[str], texts: dict[str, str], name: str, violations: list[Violation], request: Request
    ) -> None:
        request.note(name, self.face.label, violations, name)
        flags.add("msg")
        tone, texts["messages"], texts["answers"] = tell(self.small, name, violations, request)
        if tone:
            flags.add(tone)

    def _badges(self, texts: dict[str, str], name: str, request: Request) -> None:
        badge, history = request.context.badges.get(name), request.context.shell.links.history
        if not history and badge is None:
            return
        out = []
        if badge is not None and badge.query:
            out.append(self.query.fill(_NO_FLAGS, {"link": markup(badge.query)}))
        if history:
            flags = frozenset({"changed"}) if badge is not None and badge.changes > 1 else _NO_FLAGS
            out.append(self.history.fill(flags, {"link": markup(history + name)}))
        texts["badges"] = "".join(out)


def tell(small: SmallParts, name: str, violations: Iterable[Violation], request: Request) -> tuple[str, str, str]:
    """What is wrong at a place: 'bad', 'soft' or '', the messages, and what warnings ask for."""
    messages, answers, tones = [], [], set()
    for violation in violations:
        error = violation.severity is CheckSeverity.ERROR
        if not request.settled(name, violation):
            tones.add("bad" if error else "soft")
        kind = _NO_FLAGS if error else frozenset({"warning"})
        messages.append(small.message.fill(kind, {"text": markup(violation.message)}))
        if not error and request.mode == "edit":
            answers.append(answer(small, name, violation, request))
    tone = "bad" if "bad" in tones else "soft" if tones else ""
    return tone, "".join(messages), "".join(answers)


def answer(small: SmallParts, name: str, violation: Violation, request: Request) -> str:
    """What a warning asks for: a tick, or a written reason."""
    given = request.context.acknowledged.get(acknowledgement(name, violation))
    texts: Mapping[str, str] = MappingProxyType(
        {
            "name": markup(name),
            "key": markup(answer_key(violation)),
            "text": markup(given or ""),
        }
    )
    flags = _NO_FLAGS if given is None else frozenset({"answered"})
    part = small.reason if violation.severity is CheckSeverity.WARNING_REASON else small.confirm
    return part.fill(flags, texts)


def tally_text(small: SmallParts, words: Words, errors: int, warnings: int) -> str:
    """'1 error, 2 warnings' with their signs; '' when all is well."""
    if not errors and not warnings:
        return ""
    flags = {key for key, number in (("errors", errors), ("warnings", warnings)) if number}
    texts = {"errors": words.count("errors", errors), "warnings": words.count("warnings", warnings)}
    return small.counted.fill(frozenset(flags), texts)


@dataclass(frozen=True, slots=True)
class ItemMaker:
    """Prepares the items of a form in one language and mode."""

    words: Words
    mode: str
    controls: Workshop
    parts: Workshop
    small: SmallParts
    top: Mapping[str, ItemDef]  # the items of the form itself

    def make(self, item: ItemDef, row: Mapping[str, ItemDef] | None) -> ItemPart:
        """`row` holds the items of the row that the item stands in; at the top of the form names are fixed."""
        face = item_face(item, self.words)
        fixed = {"at": ""} if row is None else None
        part = self.controls.part(self.mode, face, fixed)
        return ItemPart(
            item=item,
            face=face,
            part=part,
            reading=self.controls.part("read", face, fixed) if self.mode == "edit" else part,
            small=self.small,
            history=self.parts.part("history", face),
            query=self.parts.part("query", face),
            inputs=tuple(self._inputs(item, row or {})),
        )

    def _inputs(self, item: ItemDef, row: Mapping[str, ItemDef]) -> Iterator[Input]:
        if item.calculate is None:
            return
        for name in dict.fromkeys(_NAME.findall(item.calculate.text)):
            source = row.get(name) or self.top.get(name)
            if source is not None and source is not item:
                label = in_language(source.label, self.words.language) or name
                yield Input(source, label, name not in row)
