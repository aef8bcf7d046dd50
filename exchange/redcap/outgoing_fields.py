"""An item of ours -> a row of a data dictionary; what a row cannot say is told."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from engine.datatypes import DATATYPES
from engine.datatypes.base import Kind
from engine.expressions.nodes import Call
from engine.expressions.parser import ExpressionFault, parse
from engine.model.text import HOLE
from exchange.document import Entry, annotated, rule_text
from exchange.findings import Finding, Outcome, Part
from exchange.plain_text import plain_text
from exchange.redcap.columns import HEADINGS, SYSTEM, Column
from exchange.redcap.items import usual_type, usual_validation
from exchange.redcap.outgoing import Logic
from exchange.redcap.outgoing_bounds import limit
from exchange.redcap.outgoing_tags import choice_tags, default_tags
from exchange.redcap.validations import VALIDATIONS
from exchange.rules.meaning import Inexpressible
from exchange.rules.moments import written_moment

Cells = dict[Column, str]
Made = TypeVar("Made")

_LAYOUT = (Column.ALIGNMENT, Column.NUMBER, Column.MATRIX, Column.RANKING)
_VERBATIM = (*_LAYOUT, Column.MIN, Column.MAX)  # what is kept as it was
_PIPED = re.compile(r"(?:\[[A-Za-z0-9_:() -]+\])+|\{[^{}]*\}|…")

# Keys of items that REDCap has no word for, and what is lost with each.
_LOST: Mapping[str, str] = {
    "pattern": "REDCap takes no regular expressions: any text is taken.",
    "check": "REDCap does not know the check of the identifier.",
    "unique": "That each answer stands only once is not asked for.",
    "standard": "Codes of terminologies are left out.",
    "missing": "Reasons why a value is missing are set up for the whole project in REDCap.",
    "searchable": "Lists do not show the item.",
    "see": "Rights of roles are set up in REDCap itself.",
    "edit": "Rights of roles are set up in REDCap itself.",
    "help": "Help is left out.",
    "when_hidden": "REDCap asks whether a hidden value is to be deleted.",
    "media": "Any file is taken.",
    "max_size": "Files of any size are taken.",
}
_BOUND = frozenset({"integer", "decimal", "quantity", "date", "datetime", "time"})

# Types that REDCap does not have.
_OTHERWISE: Mapping[str, tuple[str, str]] = {
    "quantity": ("text", "A number without its unit is entered."),
    "partial_date": ("text", "A date that is known in part is a text there."),
    "identifier": ("text", "Identifiers are texts there."),
    "row_ref": ("text", "A reference is a text there."),
    "record_ref": ("text", "A reference is a text there."),
    "heading": ("descriptive", "A heading is a descriptive text there."),
}


@dataclass
class FieldWriter:
    """Writes the fields of one definition in one language; findings gather."""

    codelists: Mapping[str, Entry]
    languages: Sequence[str]
    language: str
    findings: list[Finding] = field(default_factory=list)

    def field(self, entry: Entry, cells: Cells, logic: Logic, conditions: Sequence[Any], where: str) -> Cells:
        """The row of an item. `cells`: its name and form; `conditions`: those of what holds it."""
        return _Field(self, entry, logic, where, cells).written(conditions)

    def told(self, where: str, part: Part, outcome: Outcome = Outcome.KEPT, reason: str = "", found: str = "") -> None:
        self.findings.append(Finding(where, part, outcome, reason, found))

    def text(self, text: Mapping[str, str]) -> str:
        """A text in the language that is written, else in the first one that it has."""
        return text.get(self.language) or next(iter(text.values()), "")


@dataclass
class _Field:
    writer: FieldWriter
    entry: Entry
    logic: Logic
    where: str
    cells: Cells
    tags: list[str] = field(default_factory=list)

    def written(self, conditions: Sequence[Any]) -> Cells:
        self._type()
        self._texts()
        self._branching([*conditions, self.entry.get("when")])
        self._calculation()
        self._offered()
        self._bounds()
        self._rest()
        kept = self.kept(Column.ANNOTATION)
        self.cells[Column.ANNOTATION] = "\n".join([*([kept] if kept else []), *self.tags])
        return self.cells

    def kept(self, column: Column) -> str:
        """What a column said when the item came from REDCap, as far as it is an annotation."""
        return str(annotated(self.entry, SYSTEM).get(HEADINGS[column], ""))

    def told(self, part: Part, outcome: Outcome = Outcome.KEPT, reason: str = "", found: str = "") -> None:
        self.writer.told(self.where, part, outcome, reason, found)

    @property
    def kind(self) -> Kind:
        return DATATYPES[self.entry["type"]].kind

    # what it is -----------------------------------------------------------------------------------------------------

    def _type(self) -> None:
        entry = self.entry
        name, lost = _OTHERWISE.get(entry["type"], ("", ""))
        codes = self.writer.codelists.get(entry.get("codelist", ""), {}).get("codes", {})
        if entry["type"] in ("code", "codes") and not codes:
            name, lost = "text", "The codes are those of a dictionary that is kept elsewhere: any text is taken."
        calculated = ("calculate" in entry or "cases" in entry) and self.kind in (Kind.NUMBER, Kind.BOOLEAN)
        untold = entry["type"] == "decimal" and bool(self.kept(Column.CHOICES)) and not self.kept(Column.TYPE)
        if (calculated and not self._has_tag()) or untold:
            name = "calc"
        self.cells[Column.TYPE] = name or self.kept(Column.TYPE) or usual_type(entry, len(codes))
        if self.cells[Column.TYPE] in ("text", "file", "slider", "dropdown"):
            usual = "" if self.cells[Column.TYPE] == "slider" else usual_validation(entry)
            self.cells[Column.VALIDATION] = self.kept(Column.VALIDATION) or usual
        if name == "text" and entry["type"] == "quantity":
            self.cells[Column.VALIDATION] = "number"
        self._choices(codes)
        self.told(Part.ITEM, Outcome.APPROXIMATED if lost else Outcome.KEPT, lost, entry["type"] if lost else "")

    def _has_tag(self) -> bool:
        """Whether a number was calculated by a tag of a text field."""
        return bool(self.kept(Column.TYPE)) and self.kept(Column.TYPE) != "calc"

    def _choices(self, codes: Mapping[str, Entry]) -> None:
        self.cells[Column.CHOICES] = self.kept(Column.CHOICES)
        if not codes or self.cells[Column.TYPE] == "text":
            return
        self.cells[Column.CHOICES] = " | ".join(
            f"{_theirs(code, part)}, {self._label(part)}" for code, part in codes.items()
        )
        alone = [_theirs(code, part) for code, part in codes.items() if part.get("exclusive")]
        if alone and self.kind is Kind.CODES:
            self.tags.append(f"@NONEOFTHEABOVE='{','.join(alone)}'")
            self.told(Part.RULE, found=self.tags[-1])
        withdrawn = [code for code, part in codes.items() if part.get("withdrawn")]
        outcome = Outcome.APPROXIMATED if withdrawn else Outcome.KEPT
        reason = "Codes that are no longer offered are offered there." if withdrawn else ""
        self.told(Part.CHOICES, outcome, reason, ", ".join(withdrawn))

    def _label(self, part: Entry) -> str:
        """Signs that part choices stand for themselves in no label."""
        words = {language: str(part[language]) for language in self.writer.languages if language in part}
        return self.writer.text(words).replace("|", "/").replace("\n", " ")

    # texts ----------------------------------------------------------------------------------------------------------

    def _texts(self) -> None:
        label = self.piped(self.entry.get("label", {}))
        self.cells[Column.LABEL] = self._original(Column.LABEL, label)
        hint = self.piped(self.entry.get("hint", {}))
        if hint in self._made_hints():
            hint = ""
        unit = self.entry.get("unit")
        if isinstance(unit, str | dict):
            stored = unit if isinstance(unit, str) else str(unit.get("store", ""))
            hint = f"{hint} [{stored}]".strip() if stored else hint
            self.told(Part.TEXT, Outcome.APPROXIMATED, "The unit stands in the field's note.", stored)
        self.cells[Column.NOTE] = self._original(Column.NOTE, hint)

    def _made_hints(self) -> set[str]:
        """Hints that were made when the item was read: they come again."""
        validation = VALIDATIONS.get(self.cells.get(Column.VALIDATION, "").lower())
        found = {validation.hint} if validation is not None else set()
        if self.cells[Column.TYPE] == "slider":
            found.add(
                " – ".join(part for part in (plain_text(each) for each in self.kept(Column.CHOICES).split("|")) if part)
            )
        return found

    def piped(self, text: Mapping[str, str]) -> str:
        """A text with `[field]` for each `{item}`."""
        return piped(self.logic, self.writer.text(text))

    def _original(self, column: Column, text: str) -> str:
        """The text with its marks, as long as it still says the same."""
        before = self.kept(column)
        return before if before and shape(before) == shape(text) else text

    # rules ----------------------------------------------------------------------------------------------------------

    def _said(self, text: str, write: Callable[[str], Made]) -> Made | None:
        """What a rule becomes there; one that cannot be said is told."""
        try:
            made = write(text)
        except Inexpressible as fault:
            self.told(Part.RULE, Outcome.DROPPED, fault.reason, text)
            return None
        self.told(Part.RULE, found=text)
        return made

    def _branching(self, conditions: Sequence[Any]) -> None:
        """Conditions that hold together."""
        stated = [rule_text(condition) for condition in conditions if condition is not None]
        said = [made for text in stated if (made := self._said(text, self.logic.condition)) is not None]
        joined = said[0] if len(said) == 1 else " and ".join(f"({part})" for part in said)
        self.cells[Column.BRANCHING] = joined or self.kept(Column.BRANCHING)

    def _calculation(self) -> None:
        formula, calculated = formula_of(self.entry), self.cells[Column.TYPE] == "calc"
        if formula is None:
            return
        made = self._said(formula, self._number if calculated else self._calculating_tag)
        if made is None and calculated:
            self.cells[Column.TYPE], self.cells[Column.VALIDATION] = "text", usual_validation(self.entry)
        elif made is not None and calculated:
            self.cells[Column.CHOICES] = made
        elif made is not None:
            self.tags.append(made)

    def _number(self, formula: str) -> str:
        if self.kind is Kind.BOOLEAN:
            return f"if({self.logic.condition(formula)}, 1, 0)"
        return self.logic.value(formula)

    def _calculating_tag(self, formula: str) -> str:
        if self.cells[Column.TYPE] not in ("text", "notes"):
            self.cells[Column.TYPE] = "text"
            self.told(Part.LAYOUT, Outcome.APPROXIMATED, "What is calculated stands in a text field there.", formula)
        return _moved(self.logic, formula) or f"@CALCTEXT({self.logic.value(formula)})"

    def _offered(self) -> None:
        codes = self.writer.codelists.get(self.entry.get("codelist", ""), {}).get("codes", {})
        theirs = {code: _theirs(code, part) for code, part in codes.items()}
        writers: Mapping[str, Callable[[str], list[str]]] = {
            "default": lambda text: [default_tags(self.logic, text, self.kind, theirs)],
            "only": lambda text: choice_tags(self.logic, text, theirs),
        }
        for key, write in writers.items():
            if key in self.entry:
                self.tags.extend(self._said(rule_text(self.entry[key]), write) or ())

    def _bounds(self) -> None:
        for column in _VERBATIM:
            self.cells[column] = self.kept(column)
        ranges = self.entry.get("range", {})
        how = "hard" if "hard" in ranges else "soft"
        if self.cells[Column.TYPE] == "slider":
            self.cells[Column.MIN], self.cells[Column.MAX] = _of_slider(ranges.get("hard"))
            return
        if ranges and (self.entry["type"] not in _BOUND or self.cells[Column.TYPE] == "calc"):
            self.told(Part.RULE, Outcome.DROPPED, "Such a field has no bounds in REDCap.", str(ranges))
            return
        made = {
            column: self._end(end)
            for column, end in zip((Column.MIN, Column.MAX), ranges.get(how, ()), strict=False)
            if end is not None
        }
        self.cells |= {column: text for column, text in made.items() if text is not None}
        if how == "hard" and any(text is not None for text in made.values()):
            self.tags.append("@FORCE-MINMAX")
        if len(ranges) > 1:
            self.told(Part.RULE, Outcome.DROPPED, "Beside hard bounds REDCap has no soft ones.", str(ranges["soft"]))

    def _end(self, end: Any) -> str | None:
        return self._said(str(end), lambda _text: limit(self.logic, self.entry, end))

    def _rest(self) -> None:
        entry = self.entry
        if entry.get("required") is True:
            self.cells[Column.REQUIRED] = "y"
        elif "required" in entry:
            found = rule_text(entry["required"])
            self.told(Part.RULE, Outcome.DROPPED, "REDCap asks for a field always or never.", found)
        if entry.get("privacy") == "identifying":
            self.cells[Column.IDENTIFIER] = "y"
        if "length" in entry:
            self.tags.append(f"@CHARLIMIT={entry['length']}")
            self.told(Part.RULE, found=self.tags[-1])
        for key, reason in _LOST.items():
            if key in entry and not (key == "pattern" and self._has_pattern()):
                part = Part.RULE if key in ("pattern", "check", "unique") else Part.OTHER
                self.told(part, Outcome.DROPPED, reason, str(entry[key])[:200])

    def _has_pattern(self) -> bool:
        """Whether the validation type says what the pattern does."""
        validation = VALIDATIONS.get(self.cells.get(Column.VALIDATION, "").lower())
        return validation is not None and validation.pattern == self.entry["pattern"]


# helpers ----------------------------------------------------------------------------------------------------------


def formula_of(entry: Entry) -> str | None:
    """The calculation; of a decision table its rows, one in another."""
    if "calculate" in entry:
        return rule_text(entry["calculate"])
    if "cases" not in entry:
        return None
    made = "null"
    for row in reversed(entry["cases"]):
        then = _result(row.get("then", row.get("else")), entry)
        made = f"if({rule_text(row['when'])}, {then}, {made})" if "when" in row else then
    return made


def _result(value: Any, entry: Entry) -> str:
    """Codes need no quotes in a table."""
    if value is None:
        return "null"
    text = rule_text(value)
    bare = entry["type"] == "code" and re.fullmatch(r"[A-Za-z0-9_.:/+*-]+", text)
    return f"'{text}'" if bare and text not in ("null", "true", "false") else text


def piped(logic: Logic, text: str) -> str:
    """`[field]` for each `{item}`; … where there is none."""

    def replace(match: re.Match[str]) -> str:
        try:
            return logic.printed(parse(match[1].strip()))
        except (Inexpressible, ExpressionFault):
            return "…"

    return HOLE.sub(replace, text)


def shape(text: str) -> str:
    """What of a text does not depend on how values are piped into it."""
    return re.sub(r"\s+", " ", _PIPED.sub("…", plain_text(text))).replace("{", "(").replace("}", ")").strip()


def _theirs(code: str, part: Entry) -> str:
    return str(annotated(part, SYSTEM).get("Code", code))


def _of_slider(ends: Sequence[Any] | None) -> tuple[str, str]:
    low, high = ends or (0, 100)
    return ("", "") if (low, high) == (0, 100) else (str(low), str(high))


def _moved(logic: Logic, formula: str) -> str | None:
    """`@CALCDATE` of a date that is moved by days or months."""
    node = parse(formula)
    match written_moment(node) or node:
        case Call("add_days" | "add_months" as name, (day, offset), _):
            unit = "d" if name == "add_days" else "M"
            return f"@CALCDATE({logic.printed(day)}, {logic.printed(offset)}, '{unit}')"
    return None
