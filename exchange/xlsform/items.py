"""Rows of the survey -> entries of the definition: texts, rules at their places, what has no counterpart as annotations."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from engine.datatypes import DATATYPES
from engine.datatypes.base import Kind
from engine.expressions.nodes import Path, walk
from exchange.document import Entry, Field, Rule, annotate
from exchange.findings import Part as Told
from exchange.identifiers import Ids
from exchange.rules import logic
from exchange.rules.meaning import Meaning, Untranslatable
from exchange.rules.placing import Placing
from exchange.xlsform import measures
from exchange.xlsform.checks import constraint
from exchange.xlsform.choices import SYSTEM, headed
from exchange.xlsform.constants import FALSE, TRUE, constant_default, constant_of, why_no_default
from exchange.xlsform.names import Place
from exchange.xlsform.parked import DECIMALS, WAS, named, unparked
from exchange.xlsform.shapes import NO_CALCULATION, Shape, Shapes
from exchange.xlsform.texts import Languages, plain_text
from exchange.xlsform.tree import Part
from exchange.xlsform.xpath import parse_xpath

_KEPT = (
    "appearance", "parameters", "image", "audio", "video", "big-image", "rows", "autoplay", "no_app_error_string", "required_message", "trigger", "read_only",
)  # fmt: skip
_ONCE = (
    "There nobody sees it, and it stays as it was first worked out; here it is offered as a default and may be changed."
)
_AT_FIRST = (
    "There it is worked out once, when the record or row is begun, and stays empty if those answers are not known yet; "
    "here it is offered as soon as they are."
)
_NOT_CALCULATED = {
    "en": "It was calculated where this form comes from; here it is not.",
    "pl": "W formularzu, z którego to pochodzi, było obliczane; tutaj nie jest.",
}
_DYNAMIC = re.compile(r"\$\{|[\w)-]\(.*\)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Condition:
    """When a part is shown, as translated, with where that stood."""

    meaning: Meaning
    part: Part
    within: frozenset[str]  # questions of the part itself that it reads: they cannot be hidden by it
    doubts: tuple[str, ...] = ()  # why it means something else here


@dataclass(slots=True)
class Items:
    """Makes entries. `checks` gathers the checks of the form."""

    shapes: Shapes
    languages: Languages
    placing: Placing
    ids: Ids
    checks: list[Entry] = field(default_factory=list)

    # a question -------------------------------------------------------------------------------------------------------

    def item(self, part: Part, inherited: Sequence[Condition]) -> Entry:
        """The entry of a question."""
        shape = self._shape(part)
        entry = self._named({"id": part.id}, part)
        entry["type"] = shape.type
        shown = DATATYPES[shape.type].kind is Kind.NOTHING
        entry["label"] = self.text(part, "label", part.name)
        if hint := self.text(part, "hint"):
            entry["hint"] = hint
        if not shown and (more := self.text(part, "guidance_hint", piped=False)):
            entry["help"] = more
        elif shown and part.line["guidance_hint"]:
            self.keep(entry, part, "guidance_hint")
        entry.update(shape.keys)
        if DECIMALS in part.line.others and "decimals" in entry:
            entry["decimals"] = int(part.line.others[DECIMALS])
        self._tell(part, shape)
        self.relevant(entry, part, inherited)
        if not shown:
            self._formula(entry, part, shape)
            self._say_uncalculated(entry)
            self._required(entry, part)
            self._default(entry, part, shape)
            constraint(self, entry, part, shape)
            self._filter(entry, part, shape)
        self._others(entry, part, shown=shown)
        return entry

    def _shape(self, part: Part) -> Shape:
        try:
            return self.shapes.of(part)
        except Untranslatable as fault:
            return Shape("text", refused=fault.reason)

    def _named(self, entry: Entry, part: Part) -> Entry:
        return named(entry, part.id, part.name, part.line.others)

    def _tell(self, part: Part, shape: Shape) -> None:
        reasons = [shape.reason] if shape.reason else []
        if (
            part.line["read_only"].lower() in TRUE
            and shape.formula is None
            and DATATYPES[shape.type].kind is not Kind.NOTHING
        ):
            reasons.append("There it is shown only; here it may be answered.")
        if reasons:
            self.placing.approximated(part.where, Told.ITEM, " ".join(reasons), part.written)
        else:
            self.placing.kept(part.where, Told.ITEM)

    def text(
        self, part: Part, column: str, otherwise: str = "", *, piped: bool = True, place: Place | None = None
    ) -> dict[str, str]:
        """A text in every language; what is lost is told once."""
        lost: list[str] = []
        at = place or Place(part)
        made = {}
        for language, written in self.languages.texts(part.line, column).items():
            plain = plain_text(written, (lambda name: self._shown(name, at)) if piped else None)
            made[language] = plain.text
            lost.extend(plain.lost)
        if lost:
            found = next(iter(self.languages.texts(part.line, column).values()))
            self.placing.approximated(part.where, Told.TEXT, " ".join(dict.fromkeys(lost)), found)
        if not any(made.values()):
            made = {}
        return self.languages.complete(made, otherwise)

    def _shown(self, name: str, place: Place) -> str | None:
        """The item whose value a text shows."""
        try:
            found = self.shapes.names.read(Path(("$", name), 0), place)
        except Untranslatable:
            return None
        if not isinstance(found, Field) or found.kind in (Kind.FILE, Kind.NOTHING):
            return None
        return ".".join(found.path)

    # rules ------------------------------------------------------------------------------------------------------------

    def condition(self, part: Part) -> Condition | None:
        """When a group is shown. Raises Untranslatable."""
        text = part.line["relevant"]
        if not text or text.lower() in TRUE:
            return None
        rules = self.shapes.rules(Place(part))
        meaning = rules.truth(constant_of(text) or parse_xpath(text))
        read = {node.parts[-1] for node in walk(meaning.node) if isinstance(node, Path)}
        within = frozenset(each.id for each in part.walk() if each.id in read)
        return Condition(meaning, part, within, tuple(rules.reservations))

    def relevant(self, entry: Entry, part: Part, inherited: Sequence[Condition]) -> None:
        """`when`: the part's own condition, and those of the groups around it that are no parts of ours."""
        text = part.line["relevant"]
        inherited = [condition for condition in inherited if part.id not in condition.within]
        outer = [condition.meaning for condition in inherited]
        if text and text.lower() not in TRUE:
            doubts: list[str] = []
            translate = lambda: self._joined(part, outer, doubts)  # noqa: E731
            if self.placing.rule(
                entry, "when", name="relevant", found=text, where=part.where, translate=translate, doubts=doubts
            ):
                return
        self.inherit(entry, inherited)

    def inherit(self, entry: Entry, inherited: Sequence[Condition]) -> None:
        """The conditions of groups around it."""
        if inherited:
            last = inherited[-1].part
            joined = self.shapes.rules(Place(last)).written(
                logic.conjunction([condition.meaning for condition in inherited])
            )
            name = f"relevant of {last.name}"
            entry["when"] = Rule(joined, system=SYSTEM, name=name, found=last.line["relevant"], where=last.where)

    def _joined(self, part: Part, outer: Sequence[Meaning], doubts: list[str]) -> str:
        own = self.condition(part)
        doubts.extend(own.doubts if own is not None else ())
        return self.shapes.rules(Place(part)).written(logic.conjunction([*outer, *([own.meaning] if own else [])]))

    def _formula(self, entry: Entry, part: Part, shape: Shape) -> None:
        text = part.line["calculation"]
        if not text:
            return
        if text.strip() in NO_CALCULATION:  # it says nothing
            self.placing.kept(part.where, Told.RULE)
            annotate(entry, SYSTEM, "calculation", text)
            return

        def translate() -> str:
            if shape.formula is None:
                raise Untranslatable(shape.refused)
            return self.shapes.rules(Place(part)).written(shape.formula)

        doubts = list(shape.doubts)
        if part.line["trigger"]:
            doubts.append(
                "It is calculated whenever an answer changes that it reads, not only the one that triggers it there."
            )
        doubts.extend([_ONCE] if shape.once else [])
        key = "default" if shape.once else "calculate"
        done = self.placing.rule(
            entry, key, name="calculation", found=text, where=part.where, translate=translate, doubts=doubts
        )
        if done and key == "calculate" and shape.formula is not None and measures.is_live(shape.formula.node):
            entry["live"] = True

    def _say_uncalculated(self, entry: Entry) -> None:
        """Where a formula was dropped people see a field, and are told why."""
        kept = entry.get("annotations", {}).get(SYSTEM, {}).get("calculation", "")
        if kept.strip() and kept.strip() not in NO_CALCULATION and "hint" not in entry:
            entry["hint"] = {code: _NOT_CALCULATED.get(code, _NOT_CALCULATED["en"]) for code in self.languages.all}

    def _required(self, entry: Entry, part: Part) -> None:
        text = part.line["required"]
        plain = text.lower()
        if not text or plain in FALSE:
            return
        if "calculate" in entry:
            annotate(entry, SYSTEM, "required", text)
        elif plain in TRUE:
            entry["required"] = True
        else:
            self._condition(entry, "required", part, "required", Place(part))

    def _default(self, entry: Entry, part: Part, shape: Shape) -> None:
        text = part.line["default"]
        if "calculate" in entry or "default" in entry:
            if text:
                self.keep(entry, part, "default", "It is calculated, and has no default here.")
            return
        if not text:
            if shape.default:
                entry["default"] = shape.default
            return
        kind = DATATYPES[shape.type].kind
        if _DYNAMIC.search(text) and _parses(text):
            rules = self.shapes.rules(Place(part))
            reads = any(isinstance(node, Path) for node in walk(parse_xpath(text)))
            rules.reservations.extend([_AT_FIRST] if reads else [])
            self.placing.rule(
                entry,
                "default",
                name="default",
                found=text,
                where=part.where,
                translate=lambda: rules.value(parse_xpath(text), kind),
                doubts=rules.reservations,
            )
            return
        made = constant_default(text, kind, shape)
        if made is None:
            self.keep(entry, part, "default", why_no_default(text, kind))
        else:
            entry["default"] = made

    def _filter(self, entry: Entry, part: Part, shape: Shape) -> None:
        text = part.line["choice_filter"]
        if not text or text.lower() in TRUE:
            return
        if shape.choices is None:
            self.placing.untranslated(
                entry, name="choice_filter", found=text, where=part.where, reason="There are no choices here."
            )
            return
        self._condition(entry, "only", part, "choice_filter", Place(part, listed=shape.choices, outside=Place(part)))

    def _condition(self, entry: Entry, key: str, part: Part, column: str, place: Place) -> None:
        """A condition that a column states, as a rule of ours."""
        rules, text = self.shapes.rules(place), part.line[column]
        self.placing.rule(
            entry,
            key,
            name=column,
            found=text,
            where=part.where,
            translate=lambda: rules.condition(parse_xpath(text)),
            doubts=rules.reservations,
        )

    # what has no counterpart ------------------------------------------------------------------------------------------

    def keep(self, entry: Entry, part: Part, column: str, reason: str = "") -> None:
        """A column that means nothing here, verbatim."""
        for heading, text in headed(part.line, column):
            annotate(entry, SYSTEM, heading, text)
            self.placing.dropped(part.where, Told.OTHER, reason or f"{column} has no counterpart here.", text)

    def _others(self, entry: Entry, part: Part, *, shown: bool) -> None:
        if shown:
            for column in ("constraint", "required", "default", "choice_filter", "constraint_message"):
                if part.line[column] and part.line[column].lower() not in FALSE:
                    self.keep(entry, part, column)
        if (
            DATATYPES[entry["type"]].kind is Kind.FILE
            and part.line["calculation"]
            and "calculation" not in entry.get("annotations", {}).get(SYSTEM, {})
        ):
            self.keep(entry, part, "calculation")
        self.annotations(entry, part)
        self._type(entry, part)

    def _type(self, entry: Entry, part: Part) -> None:
        """What the type was called, where ours does not say it."""
        if entry["type"] == "heading":
            return
        plain = part.line.others.get(WAS) or " ".join(part.written.split())
        if usual_type(entry) != plain and not (
            entry["type"] in ("code", "codes") and plain.lower().startswith("select")
        ):
            if "calculate" in entry and plain == "calculate":
                return
            annotate(entry, SYSTEM, "type", plain)

    def annotations(self, entry: Entry, part: Part) -> None:
        """Columns without a meaning here; one finding tells all of them."""
        found: list[tuple[str, str]] = []
        for column in _KEPT:
            found.extend(headed(part.line, column))
        if entry.get("type") == "long_text":
            found = [(name, _without(text, "multiline") if name == "appearance" else text) for name, text in found]
        found.extend(unparked(part.line.others).items())
        kept = {name: text for name, text in found if text}
        if "read_only" in kept and (
            kept["read_only"].lower() in FALSE or "calculate" in entry or entry.get("type") == "note"
        ):
            del kept["read_only"]
        for name, text in kept.items():
            annotate(entry, SYSTEM, name, text)
        if kept:
            reason = f"Kept as annotations, without a meaning here: {', '.join(kept)}."
            self.placing.dropped(
                part.where, Told.LAYOUT, reason, "; ".join(f"{name}: {text}" for name, text in kept.items())[:500]
            )


_USUAL = {
    "long_text": "text",
    "datetime": "dateTime",
    **{name: name for name in ("text", "integer", "decimal", "date", "time", "note", "file")},
}


def usual_type(entry: Entry) -> str:
    """The type that an export writes unless an annotation says otherwise."""
    if "calculate" in entry or "cases" in entry:
        return "calculate"
    if entry["type"] == "boolean":
        return "select_one yes_no"
    if entry["type"] == "file" and entry.get("media"):
        return (
            "image"
            if entry["media"][0].startswith("image")
            else "video"
            if entry["media"][0].startswith("video")
            else "file"
        )
    return _USUAL.get(entry["type"], "text")


def _without(text: str, word: str) -> str:
    return " ".join(part for part in text.split() if part != word)


def _parses(text: str) -> bool:
    try:
        parse_xpath(text)
    except Untranslatable:
        return False
    return True
