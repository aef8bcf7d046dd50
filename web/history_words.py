"""What the audit says of values, forms and what was done, in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from engine.datatypes.base import Control
from engine.datatypes.values import Missing, Reference
from engine.datatypes.words import quantity_text
from engine.model.form import walk_groups
from engine.model.item import ItemDef
from engine.model.text import in_language
from engine.records.form_data import FormData
from engine.records.naming import Naming
from storage.access import Actor
from storage.changes import walk_rows
from storage.form_index import FormIndex, index_form
from storage.history import LogEntry, ValueChange
from storage.saving import COMPLETE
from storage.slots import SEALED, WITHDRAWN, Cell, value_of
from web.entry import Entry, session_at
from web.registries import Registries
from web.targets import words_of
from web.titles import value_words
from web.words import Tongue

STATES: Mapping[str, str] = {"": "state_open", "in_progress": "state_draft", COMPLETE: "state_complete"}


@dataclass(frozen=True, slots=True)
class Line:
    """A value before and after, in words: where it stands, what it was, what it is."""

    name: str  # row id and item, as addresses name the field
    label: str
    row: str  # the title of its row and of those that hold it
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Deed:
    """Something that was done, in words."""

    number: int
    at: str  # for addresses
    time: str
    who: str
    channel: str
    what: str
    reason: str
    lines: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True)
class FormWords:
    """Names the fields of one form and tells its values."""

    tongue: Tongue
    entry: Entry
    registries: Registries
    titles: Mapping[str, str] = field(default_factory=dict)  # row id -> title
    labels: Mapping[str, str] = field(default_factory=dict)  # of references

    def index(self, definition: str) -> FormIndex:
        """The items of the form as a version of the registry knows them."""
        entry = self.entry
        version = entry.version if definition in ("", entry.version.registry.hash) else self.registries.of(definition)
        form = version.registry.model.forms.get(entry.spot.form)
        return index_form(form or entry.form)

    def line(self, change: ValueChange, definition: str) -> Line:
        """A change of a value."""
        row, name = change.key
        item = self.index(definition).items.get(name) or self.index("").items.get(name)
        label = in_language(item.label, self.tongue.language) if item is not None else ""
        told = (self.cell(item, each) for each in (change.old, change.new))
        return Line(field_name(change.key), label or name, self.row(row), *told)

    def row(self, row: str) -> str:
        """The title of a row; one that is not there any more by its group."""
        if not row or row in self.titles:
            return self.titles.get(row, "")
        stored = self.entry.stored.rows.get(row) if self.entry.stored is not None else None
        groups = {group.id: in_language(group.title, self.tongue.language) for group in walk_groups(self.entry.form)}
        title = groups.get(stored.group, "") if stored is not None else ""
        return self.tongue.words.text("row_gone", group=title or (stored.group if stored else row))

    def cell(self, item: ItemDef | None, cell: Cell | None) -> str:
        """A value, or why there is none."""
        words = self.tongue.words
        if cell is None:
            return words.text("history_empty")
        if cell.slot == SEALED:
            return words.text("history_sealed")
        if cell.slot == WITHDRAWN:
            return words.text("history_withdrawn", reason=cell.value)
        return self.value(item, cell) or words.text("history_gone")

    def value(self, item: ItemDef | None, cell: Cell) -> str:
        """A value with its unit; a reason why there is none with a sign of that."""
        if item is None:
            return ", ".join(cell.value) if isinstance(cell.value, tuple) else str(cell.value)
        value, language = value_of(item.datatype, cell), self.tongue.language
        if isinstance(value, Decimal) and item.datatype.control is not Control.QUANTITY:
            return quantity_text(value, item.facets.unit or "", language)
        told = value_words(item, value, language, self._labels(item, cell))
        return self.tongue.words.text("history_missing", reason=told) if isinstance(value, Missing) else told

    def _labels(self, item: ItemDef, cell: Cell) -> Mapping[str, str]:
        """Words of what a reference points to, and of codes from dictionaries of others."""
        if isinstance(value_of(item.datatype, cell), Reference):
            return self.labels
        if not item.facets.open_list or not isinstance(cell.value, tuple):
            return {}
        lookups, language = self.entry.version.lookups, self.tongue.language
        found = {code: lookups.label(item, code, language) for code in cell.value}
        return {code: words for code, words in found.items() if words}


def words_for(
    entry: Entry, datas: Iterable[FormData], tongue: Tongue, registries: Registries, actor: Actor, *, at: datetime
) -> FormWords:
    """Names what is, or was, in a form, as the actor may know it; the last of the data that holds a row names it."""
    known = actor.identities
    titles: dict[str, str] = {}
    labels: dict[str, str] = {}
    for data in datas:
        session = session_at(entry.version, entry.record, entry.place, data, at, tongue.language)
        naming, rows = Naming(session.tree, tongue.language, identifying=known), session.tree.world.rows
        for _, parent, _, row in walk_rows(data):
            node = rows.get(row.id)
            if node is not None:
                titles[row.id] = " · ".join(filter(None, (titles.get(parent, ""), naming.title(node))))
        labels |= words_of(session, tongue.language) if known else {}
    return FormWords(tongue, entry, registries, titles, labels)


def field_name(key: tuple[str, str]) -> str:
    """How addresses name a field: its item, after the id of its row."""
    return f"{key[0]}.{key[1]}" if key[0] else key[1]


def key_in(name: str) -> tuple[str, str]:
    """Row id and item of a field, from its posted name or from what `field_name` made."""
    steps = name.split(".")
    return (steps[-2] if len(steps) > 1 else "", steps[-1])


def deed_of(entry: LogEntry, tongue: Tongue, lines: tuple[Line, ...] = ()) -> Deed:
    """An entry of the audit in words."""
    return Deed(
        entry.number, entry.at.isoformat(), tongue.instant(entry.at), entry.who, channel_words(entry.channel, tongue), what_words(entry, tongue),
        entry.reason, lines,
    )  # fmt: skip


def channel_words(channel: str, tongue: Tongue) -> str:
    """The way by which something came."""
    return _known(f"channel_{channel}", tongue) or channel


def kind_words(kind: str, tongue: Tongue) -> str:
    """What kind of thing was done."""
    return _known(f"deed_{kind}", tongue) or _known(f"deeds_kind_{kind}", tongue) or kind.replace("_", " ")


def what_words(entry: LogEntry, tongue: Tongue) -> str:
    """The same, with the state that the form came to."""
    done = kind_words(entry.kind, tongue)
    if entry.state is None or entry.state[0] == entry.state[1]:
        return done
    return tongue.words.text("deed_to_state", what=done, state=state_words(entry.state[1], tongue))


def state_words(state: str, tongue: Tongue) -> str:
    """The state of a form."""
    return _known(STATES.get(state, f"state_{state}"), tongue) or state


def _known(key: str, tongue: Tongue) -> str:
    """A text of the interface, '' where it has none for what others may have added."""
    return tongue.words.text(key) if isinstance(tongue.words.texts.get(key), str) else ""


__all__ = [
    "Deed",
    "FormWords",
    "Line",
    "channel_words",
    "deed_of",
    "field_name",
    "key_in",
    "kind_words",
    "state_words",
    "what_words",
    "words_for",
]
