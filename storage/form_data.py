"""Loads a subject with all its forms as an Instance tree, in one query, however large it is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from engine.datatypes.values import Entered
from engine.records.form_data import FormData, Instance, Occurrence, RowData
from storage.access import Actor
from storage.database import Database
from storage.form_index import SITE, FormIndex, Registry, has_site_forms
from storage.identity import SubjectKey, subject_key_of
from storage.rights import hidden_items
from storage.slots import WITHDRAWN, Cell, Cells, Key, value_of
from storage.structure import (
    Beside,
    FormRow,
    InstanceRow,
    MissedRow,
    OccurrenceRow,
    Place,
    RowState,
    Secret,
    Structure,
    ask_structure,
    seen_instances,
)


@dataclass(frozen=True, slots=True)
class FormRecord:
    """A form as stored: values, and what changes are compared with."""

    id: int
    place: Place
    definition: str
    revision: int
    state: str
    status: str
    opened_at: datetime
    saved_at: datetime
    origin: int | None = None
    data: FormData = field(default_factory=FormData)
    rows: Mapping[str, RowState] = field(default_factory=dict)
    cells: Mapping[Key, Cell] = field(default_factory=dict)
    ciphertexts: Mapping[Key, bytes] = field(default_factory=dict)

    @property
    def lasting(self) -> int:
        """The number by which other registries refer to it: it stays when the form is moved or merged, and moved back."""
        return self.origin or self.id

    @property
    def withdrawn(self) -> dict[Key, str]:
        """The retracted values, with the reason."""
        return {key: cell.value for key, cell in self.cells.items() if cell.slot == WITHDRAWN}


@dataclass(frozen=True, slots=True)
class SubjectRecord:
    """A subject in one registry: the tree that rules see, and each form with its revision and state."""

    subject: int
    erased: bool
    instances: tuple[InstanceRow, ...]
    occurrences: tuple[OccurrenceRow, ...]
    forms: Mapping[Place, FormRecord]
    key: SubjectKey | None = field(default=None, repr=False)
    missed: tuple[MissedRow, ...] = ()
    gone: frozenset[Place] = frozenset()  # the forms that are withdrawn: their numbers are not given again
    gone_rows: frozenset[str] = frozenset()
    sites: Mapping[int, Instance] = field(default_factory=dict)  # the own records of hospitals that treat a patient

    @property
    def beside(self) -> tuple[Instance, ...]:
        """What rules see besides the subject."""
        return tuple(self.sites.values())

    @property
    def tree(self) -> Instance:
        """The subject as rules see it."""
        return self.tree_with({})

    def tree_with(self, changed: Mapping[Place, FormData]) -> Instance:
        """The same with some forms replaced or added."""
        data = {place: record.data for place, record in self.forms.items()} | dict(changed)
        return build_tree(self.instances, self.occurrences, data, self.missed)

    def count(self, instance: int, form: str) -> int:
        """How many records of a form belong to an instance, those that are withdrawn included: the number of the next."""
        places = (*self.forms, *self.gone)
        numbers = (place.record for place in places if (place.instance, place.form) == (instance, form))
        return max(numbers, default=-1) + 1

    @property
    def root(self) -> int:
        """The id of the instance that is the patient, or the hospital whose own records these are."""
        return next(row.id for row in self.instances if row.parent is None)


def load_subject(database: Database, registry: Registry, actor: Actor, subject: int, at: datetime) -> SubjectRecord:
    """A subject with all forms that the actor may see; raises NotVisible."""
    name, sites = registry.model.registry, has_site_forms(registry.model)
    with database.read() as connection:
        found = ask_structure(connection, name, actor, subject, at, sites=sites)()
        record = build_record(database, registry, found, viewer=actor)
    return record if found.seen is None else _only(record, found.seen)


def build_record(
    database: Database, registry: Registry, structure: Structure, besides: Collection[Place] = (), viewer: Actor | None = None,
) -> SubjectRecord:  # fmt: skip
    """The whole subject with its values, without asking whose they are: rules across sites need it.

    The values of the forms `besides` stay cells: they are about to be replaced. A `viewer` receives no item that is
    hidden from it; rules see all.
    """
    subject = structure.subject
    blind = viewer is not None and not viewer.identities
    key = subject_key_of(database.master, subject) if database.keys and subject.wrapped and not blind else None
    cells, secrets = structure.cells, structure.secrets
    if viewer is not None:
        hidden = _hidden(database, registry, viewer, (*structure.forms, *structure.beside.forms))
        cells, secrets = _without(cells, hidden), tuple(s for s in secrets if s.item not in hidden.get(s.form, ()))
    ciphertexts = _open_secrets(secrets, cells, key)
    records: dict[Place, FormRecord] = {}
    for form in structure.forms:
        known = form.place.form in registry.model.forms and form.place not in besides
        index = database.indexes.of(registry, form.place.form) if known else None
        rows, own = structure.rows.get(form.id, {}), cells.get(form.id, {})
        if structure.gone_rows:
            own = {key: cell for key, cell in own.items() if key[0] not in structure.gone_rows}
        data = build_form(index, rows, own) if index else FormData()
        records[form.place] = FormRecord(*form, data, rows, own, ciphertexts.get(form.id, {}))
    return SubjectRecord(
        subject.id, subject.erased, structure.instances, structure.occurrences, records, key, structure.missed, structure.gone,
        structure.gone_rows, _sites(database, registry, structure.beside, cells),
    )  # fmt: skip


def _hidden(
    database: Database, registry: Registry, viewer: Actor, forms: Iterable[FormRow]
) -> dict[int, frozenset[str]]:
    """The items that the viewer may not see, by form; of forms that this version does not know nothing is shown."""
    known = ((form.id, form.place.form) for form in forms if form.place.form in registry.model.forms)
    found = ((form, hidden_items(viewer, database.indexes.of(registry, name))) for form, name in known)
    return {form: items for form, items in found if items}


def _without(cells: Cells, hidden: Mapping[int, frozenset[str]]) -> Cells:
    kept = defaultdict(dict, cells)
    for form, items in hidden.items():
        kept[form] = {key: cell for key, cell in cells.get(form, {}).items() if key[1] not in items}
    return kept


def _sites(database: Database, registry: Registry, beside: Beside, cells: Cells) -> dict[int, Instance]:
    """The hospitals with their records by id, as rules see them."""
    forms: dict[int, dict[str, dict[int, FormData]]] = defaultdict(lambda: defaultdict(dict))
    for form in sorted(beside.forms, key=lambda form: form.place.record):
        if form.place.form in registry.model.forms:
            index = database.indexes.of(registry, form.place.form)
            data = build_form(index, beside.rows.get(form.id, {}), cells.get(form.id, {}))
            forms[form.place.instance][form.place.form][form.place.record] = data
    return {
        row.site: Instance(
            SITE,
            str(row.instance),
            {name: tuple(held.values()) for name, held in forms[row.instance].items()},
            numbers=numbers_of(forms[row.instance]),
        )
        for row in beside.sites
    }


def build_form(index: FormIndex, rows: Mapping[str, RowState], cells: Mapping[Key, Cell]) -> FormData:
    """Stored rows and cells -> FormData; what this version of the form does not know stays out of it."""
    items: dict[str, dict[str, Entered]] = defaultdict(dict)
    for (row, name), cell in cells.items():
        item = index.items.get(name)
        if item is not None and (value := value_of(item.datatype, cell)) is not None:
            items[row][name] = value
    children: dict[str, dict[str, list[RowState]]] = defaultdict(lambda: defaultdict(list))
    for state in sorted(rows.values(), key=lambda state: state.position):
        if not state.removed and state.group in index.parents:
            children[state.parent][state.group].append(state)

    def groups_in(parent: str) -> dict[str, tuple[RowData, ...]]:
        return {
            group: tuple(RowData(state.row, items.get(state.row, {}), groups_in(state.row)) for state in states)
            for group, states in children.get(parent, {}).items()
        }

    return FormData(items.get("", {}), groups_in(""))


def build_tree(
    instances: Sequence[InstanceRow],
    occurrences: Sequence[OccurrenceRow],
    forms: Mapping[Place, FormData],
    missed: Sequence[MissedRow] = (),
) -> Instance:
    """Instances, occurrences and forms -> one tree."""
    own: dict[int, dict[str, dict[int, FormData]]] = defaultdict(lambda: defaultdict(dict))
    of_event: dict[int, dict[str, FormData]] = defaultdict(dict)
    for place in sorted(forms, key=lambda place: place.record):
        if place.occurrence is None:
            own[place.instance][place.form][place.record] = forms[place]
        else:
            of_event[place.occurrence][place.form] = forms[place]
    events: dict[int, list[Occurrence]] = defaultdict(list)
    ordered = sorted(occurrences, key=lambda row: (row.day or date.max, row.number, row.id))
    for row in ordered:
        events[row.instance].append(Occurrence(row.event, str(row.id), of_event.get(row.id, {}), row.day, row.number))
    decided: dict[int, dict[tuple[str, int], str]] = defaultdict(dict)
    for one in missed:
        decided[one.instance][one.event, one.number] = one.reason

    def build(row: InstanceRow) -> Instance:
        children = tuple(build(child) for child in instances if child.parent == row.id)
        held = {form: tuple(records.values()) for form, records in own.get(row.id, {}).items()}
        return Instance(
            row.container,
            str(row.id),
            held,
            tuple(events.get(row.id, ())),
            children,
            decided.get(row.id, {}),
            numbers_of(own.get(row.id, {})),
        )

    return build(next(row for row in instances if row.parent is None))


def numbers_of(held: Mapping[str, Mapping[int, FormData]]) -> dict[str, tuple[int, ...]]:
    """The numbers of the records of forms of which some are withdrawn."""
    return {form: tuple(records) for form, records in held.items() if max(records) >= len(records)}


def _open_secrets(
    secrets: Iterable[Secret], cells: dict[int, dict[Key, Cell]], key: SubjectKey | None
) -> dict[int, dict[Key, bytes]]:
    """Decrypt identifying values into the cells; returns the ciphertexts by form."""
    ciphertexts: dict[int, dict[Key, bytes]] = defaultdict(dict)
    if key is not None:
        for form, row, item, ciphertext in secrets:
            ciphertexts[form][row, item] = ciphertext
            cells[form][row, item] = key.open(form, (row, item), ciphertext)
    return ciphertexts


def _only(record: SubjectRecord, seen: frozenset[int]) -> SubjectRecord:
    """The record without the episodes that may not be seen."""
    kept = seen_instances(record.instances, seen)
    return replace(
        record,
        instances=tuple(row for row in record.instances if row.id in kept),
        occurrences=tuple(row for row in record.occurrences if row.instance in kept),
        missed=tuple(row for row in record.missed if row.instance in kept),
        forms={place: form for place, form in record.forms.items() if place.instance in kept},
    )


__all__ = [
    "FormRecord",
    "InstanceRow",
    "MissedRow",
    "OccurrenceRow",
    "Place",
    "RowState",
    "SubjectRecord",
    "build_form",
    "build_record",
    "build_tree",
    "load_subject",
]
