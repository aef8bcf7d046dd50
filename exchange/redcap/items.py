"""A field of REDCap -> an item of ours, but for its rules and texts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from engine.datatypes import DATATYPES
from engine.datatypes.base import Kind
from exchange.document import Entry, Field, annotate
from exchange.redcap.choices import Choices, choices_of
from exchange.redcap.columns import HEADINGS, SYSTEM, Column
from exchange.redcap.decimals import decimals_in
from exchange.redcap.references import Known
from exchange.redcap.source import Row
from exchange.redcap.tags import Conditional, Tag, conditionals, parts_of
from exchange.redcap.validations import DECIMALS, VALIDATIONS
from exchange.rules.translate import number_in

YES = frozenset({"y", "yes", "1", "true", "x"})

# What REDCap writes for a type of ours where nothing else is said; what differs is annotated.
USUAL_TYPES: Mapping[str, str] = {
    "text": "text",
    "long_text": "notes",
    "integer": "text",
    "decimal": "text",
    "date": "text",
    "datetime": "text",
    "time": "text",
    "boolean": "yesno",
    "code": "radio",
    "codes": "checkbox",
    "file": "file",
    "note": "descriptive",
}
USUAL_VALIDATIONS: Mapping[str, str] = {
    "integer": "integer",
    "date": "date_ymd",
    "datetime": "datetime_ymd",
    "time": "time",
}


MANY = 24  # codes of which a list is dropped down


def usual_type(entry: Entry, codes: int = 0) -> str:
    """The field type of an item."""
    return "dropdown" if entry["type"] == "code" and codes > MANY else USUAL_TYPES[entry["type"]]


def usual_validation(entry: Entry) -> str:
    """The validation type that says what an item of a type holds."""
    if entry["type"] != "decimal":
        return USUAL_VALIDATIONS.get(entry["type"], "")
    return "number" if not 1 <= entry["decimals"] <= 4 else f"number_{entry['decimals']}dp"


@dataclass(slots=True)
class Draft:
    """An item on its way: its row, its entry, and what was not quite like it."""

    row: Row
    entry: Entry
    choices: Choices = field(default_factory=Choices)
    lost: list[str] = field(default_factory=list)  # of the item itself
    calculates: bool = False
    unused_choices: bool = False  # choices of a field that has none, such as the name of an ontology
    tags: list[Conditional] = field(default_factory=list)
    free: list[str] = field(default_factory=list)  # of the annotation: what is kept verbatim
    exclusive: set[str] = field(default_factory=set)  # codes that stand alone

    @property
    def id(self) -> str:
        return str(self.entry["id"])

    @property
    def kind(self) -> Kind:
        return DATATYPES[self.entry["type"]].kind

    def known(self) -> Known:
        """What rules may know of it."""
        values = {code: number_in(code) for code in self.choices.labels}
        path = Field((self.id,), self.kind, values=values, spellings=self.choices.spellings)
        identifying = self.row[Column.IDENTIFIER].lower() in YES
        return Known(self.id, self.row[Column.FORM], path, identifying)

    def decimals(self) -> int | None:
        """The most that its number has, or the numbers of its codes; None where there are none."""
        if self.kind is Kind.NUMBER:
            return int(self.entry.get("decimals", 0))
        numbers = [number_in(code) for code in self.choices.labels]
        known = [decimals_in(number) for number in numbers if number is not None]
        return max(known) if known and len(known) == len(numbers) else None

    def tagged(self, *names: str) -> list[Conditional]:
        """The tags of these names."""
        return [each for each in self.tags if each.tag.name in names]


def draft_of(row: Row, id_: str) -> Draft:
    """The item of a field, with its choices read and its annotation parted."""
    made = Draft(row, {"id": id_, "type": "text"})
    if id_ != row[Column.NAME]:
        made.entry["oid"] = row[Column.NAME]
    for part in parts_of(row[Column.ANNOTATION]):
        if isinstance(part, Tag):
            found = list(conditionals(part))
            made.tags.extend(found)
            if not found:  # an @IF that holds no tags, or cannot be read
                made.tags.append(Conditional(part, (), part.text))
        else:
            made.free.append(part)
    _TYPES.get(row[Column.TYPE].lower(), _unknown)(made)
    _facts(made)
    return made


def _facts(made: Draft) -> None:
    """What all types may have, and what is kept verbatim."""
    row, entry = made.row, made.entry
    if made.kind is not Kind.NOTHING and row[Column.IDENTIFIER].lower() in YES:
        entry["privacy"] = "identifying"
    if row[Column.MATRIX] and entry["type"] in ("code", "codes", "boolean"):
        entry["layout"] = "matrix"
    for column, usual in (
        (Column.TYPE, "calc" if made.calculates else usual_type(entry, len(made.choices.labels))),
        (Column.VALIDATION, "" if made.calculates else usual_validation(entry)),
        *((column, "") for column in (Column.ALIGNMENT, Column.NUMBER, Column.MATRIX, Column.RANKING)),
    ):
        if row[column] and row[column] != usual:
            annotate(entry, SYSTEM, HEADINGS[column], row[column])
    if row[Column.CHOICES] and row[Column.TYPE].lower() not in _WITH_CHOICES:
        annotate(entry, SYSTEM, HEADINGS[Column.CHOICES], row[Column.CHOICES])
        made.unused_choices = True
    for heading, text in row.others.items():
        annotate(entry, SYSTEM, heading, text)


_WITH_CHOICES = frozenset(
    ["radio", "dropdown", "select", "checkbox", "calc", "slider", "sql", "yesno", "truefalse"]
)  # what stands in their column is read


# types ------------------------------------------------------------------------------------------------------------


def _text(made: Draft) -> None:
    name = made.row[Column.VALIDATION].lower()
    validation = VALIDATIONS.get(name)
    if validation is None:
        if name and name not in ("unvalidated", "autocomplete"):
            made.lost.append(f"The validation type {name[:40]} is not known here: any text is taken.")
        return
    made.entry["type"] = validation.type
    if validation.decimals is not None:
        made.entry["decimals"] = validation.decimals
    if validation.pattern:
        made.entry["pattern"] = validation.pattern
    if validation.lost:
        made.lost.append(validation.lost)


def _plainly(type_: str) -> Callable[[Draft], None]:
    def make(made: Draft) -> None:
        made.entry["type"] = type_

    return make


def _chosen(type_: str) -> Callable[[Draft], None]:
    def make(made: Draft) -> None:
        made.choices = choices_of(made.row[Column.CHOICES])
        if made.choices.labels:
            made.entry["type"] = type_
        else:
            made.lost.append("The field has no choices: any text is taken.")

    return make


def _calculated(made: Draft) -> None:
    made.entry |= {"type": "decimal", "decimals": DECIMALS}
    made.calculates = True


def _slider(made: Draft) -> None:
    made.entry["type"] = "integer"
    low, high = (number_in(made.row[column]) for column in (Column.MIN, Column.MAX))
    ends = int(low) if low is not None else 0, int(high) if high is not None else 100
    if ends[0] > ends[1]:
        made.lost.append("The least value is greater than the greatest: 0 to 100 is taken.")
        ends = (0, 100)
    made.entry["range"] = {"hard": list(ends)}
    if made.row[Column.CHOICES]:
        annotate(made.entry, SYSTEM, HEADINGS[Column.CHOICES], made.row[Column.CHOICES])


def _from_database(made: Draft) -> None:
    """Choices that a query finds; a project XML lists those that it found."""
    text = made.row[Column.CHOICES]
    if text and not text.lower().lstrip("( ").startswith("select"):
        _chosen("code")(made)
        made.lost.append("The choices come from a query; those it gave are listed.")
        return
    if text:
        annotate(made.entry, SYSTEM, HEADINGS[Column.CHOICES], text)
    made.lost.append("The choices come from a query of the database: any text is taken.")


def _unknown(made: Draft) -> None:
    made.lost.append(f"The field type {made.row[Column.TYPE][:40] or '(none)'} is not known: any text is taken.")


_TYPES: Mapping[str, Callable[[Draft], None]] = {
    "text": _text,
    **dict.fromkeys(("notes", "textarea"), _plainly("long_text")),
    **dict.fromkeys(("dropdown", "radio", "select"), _chosen("code")),
    "checkbox": _chosen("codes"),
    **dict.fromkeys(("yesno", "truefalse"), _plainly("boolean")),
    "calc": _calculated,
    "slider": _slider,
    "file": _plainly("file"),
    "descriptive": _plainly("note"),
    "sql": _from_database,
}
