"""What rules derive from a save, as rows: calculated values and outcomes, issues, packed states."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import Connection

from engine.datatypes import DATATYPES
from engine.model.metadata_version import DerivedDef
from engine.records.evaluation import Evaluation, Violation
from storage.changes import Paths
from storage.direct import Query
from storage.form_data import Place, SubjectRecord
from storage.form_index import FormIndex, Registry
from storage.keys import Keys
from storage.slots import SLOTS, Cell, Key, cell_parts, cell_rows, read_cell, stored_cell
from storage.together import Part

OUTCOMES = 0  # the form id under which the outcomes of a container instance are kept
HIDDEN = "hidden_by_other_form"  # an issue: a foreign change made an entered value not applicable
OWN, FOREIGN = "own", "foreign"

CalculatedKey = tuple[int, int, str, str]  # instance, form, row, item


@dataclass(frozen=True, slots=True)
class Evaluated:
    """A form with what rules say about it after the save."""

    form: int
    place: Place
    index: FormIndex
    paths: Paths
    evaluation: Evaluation
    own: bool  # the saved form itself, not one that depends on it


class Issue(NamedTuple):
    """A broken rule as a row of its table."""

    form: int
    code: str
    row: str
    item: str
    severity: str
    blocks: str
    message: str
    rule: str
    inputs: bytes
    definition: str
    origin: str
    raised_at: datetime
    closed_at: datetime | None = None

    @property
    def key(self) -> tuple[int, str, str, str]:
        """Its primary key."""
        return self[:4]


def calculated_cells(
    registry: Registry, record: SubjectRecord, evaluated: Iterable[Evaluated]
) -> dict[CalculatedKey, Cell | None]:
    """All calculated values and outcomes; live ones, files and those that identify a person are never stored."""
    cells: dict[CalculatedKey, Cell | None] = {}
    for one in evaluated:
        for path, value in one.evaluation.calculated.items():
            row, name = one.paths.key(path)
            item = one.index.items.get(name)
            if item is not None and not item.live and name not in one.index.sealed:
                cell = stored_cell(item.datatype, value) if value is not None else None
                cells[one.place.instance, one.form, row, name] = cell
        owners = ancestors(record, one.place.instance)
        for path, outcome in one.evaluation.derived.items():
            row, name = one.paths.key(path)
            definition = _outcome(registry, name)
            if definition is not None:
                instance = owners.get(definition.owner, one.place.instance)
                form = OUTCOMES if definition.owner in registry.model.containers or not row else one.form
                cells |= _outcome_cell((instance, form, row, name), definition, outcome.value)
        for (beside, name), value in one.evaluation.derived_besides.items():
            definition = _outcome(registry, name)
            if definition is not None:
                cells |= _outcome_cell((int(beside), OUTCOMES, "", name), definition, value)
    return cells


def _outcome_cell(key: CalculatedKey, definition: DerivedDef, value: Any) -> dict[CalculatedKey, Cell | None]:
    """What to keep of an outcome; nothing of one that no column holds."""
    datatype = DATATYPES[definition.type_name]
    if datatype.slot not in SLOTS:
        return {}
    return {key: stored_cell(datatype, value) if value is not None else None}


def ask_calculated(connection: Connection, subject: int) -> Callable[[], dict[CalculatedKey, Cell]]:
    """The calculated values of a subject as they are stored."""
    fetch = _CALCULATED.ask(connection, {"subject": subject})
    return lambda: _calculated(fetch())


def calculated_where_signed(dialect: str, subject: int, forms: Collection[int]) -> Part[dict[CalculatedKey, Cell]]:
    """The same where one of the forms has a signature that stands; else nothing is read."""
    given = {"subject": subject, "forms": sorted(forms)}
    columns = ("instance_id", "form_id", "row_id", "item", "position", "place", "content", "extra")
    return Part(_WHERE_SIGNED.selected(dialect, given, *columns), _calculated)


def _calculated(rows: Iterable[Sequence[Any]]) -> dict[CalculatedKey, Cell]:
    stored: dict[CalculatedKey, Cell] = {}
    for instance, form, row, item, position, *content in sorted(rows, key=itemgetter(4)):
        cell, key = read_cell(*content), (instance, form, row, item)
        if not position:
            stored[key] = cell
        elif cell.value is not None:
            stored[key] = Cell(cell.slot, stored[key].value + cell.value, cell.extra)
    return stored


def changed_calculated(
    stored: Mapping[CalculatedKey, Cell], cells: Mapping[CalculatedKey, Cell | None]
) -> list[tuple[Any, ...]]:
    """The rows to write so that the stored calculated values are these."""
    rows: list[tuple[Any, ...]] = []
    for key, wanted in cells.items():
        before = stored.get(key)
        if before == wanted or (wanted is None and (before is None or before.value is None)):
            continue
        new = cell_rows(key, wanted)
        width = len(before.value) if before is not None and isinstance(before.value, tuple) else 1
        rows += [*new, *((*key, position, None, None, None) for position in range(len(new), width))]
    return rows


def changed_issues(
    opened: Iterable[Sequence[Any]], registry: Registry, keys: Keys | None, evaluated: Iterable[Evaluated], at: datetime
) -> list[Issue]:
    """The issues to write: new and changed ones, and those of the `opened` that are over, closed."""
    found: dict[tuple[int, str, str, str], Issue] = {}
    forms: set[int] = set()
    for one in evaluated:
        forms.add(one.form)
        for issue in _issues_of(registry, keys, one, at):
            found.setdefault(issue.key, issue)
    rows: list[Issue] = []
    for stored in map(_opened, opened):
        if stored.form not in forms:
            continue
        new = found.pop(stored.key, None)
        if new is None:
            rows.append(stored._replace(closed_at=at))
        elif new[4:9] != stored[4:9]:
            rows.append(new)
    return [*rows, *found.values()]


def _opened(columns: Sequence[Any]) -> Issue:
    issue = Issue(*columns)
    return issue._replace(inputs=bytes.fromhex(columns[8]), raised_at=datetime.fromisoformat(columns[11]))


def _issues_of(registry: Registry, keys: Keys | None, one: Evaluated, at: datetime) -> Iterable[Issue]:
    origin = OWN if one.own else FOREIGN
    quotes = bool(one.index.sealed)  # a message may quote a value of the form: the engine gives it again
    for broken in one.evaluation.violations:
        row, item = place_of(one.paths, broken)
        yield Issue(
            one.form, broken.code, row, item, str(broken.severity), broken.blocks, "" if quotes else broken.message,
            broken.rule, inputs_hash(keys, broken.inputs), registry.hash, origin, at,
        )  # fmt: skip
    if not one.own:
        for path in one.evaluation.to_clear:
            row, item = one.paths.key(path)
            inputs = inputs_hash(keys, path)
            yield Issue(
                one.form, HIDDEN, row, item, "warning", "signing", "", HIDDEN, inputs, registry.hash, origin, at
            )


def place_of(paths: Paths, broken: Violation) -> Key:
    """Row id and item of a violation; of one that is about another record no row, and its place there."""
    if broken.home is not None:
        return "", broken.abroad
    return paths.key(broken.item) if broken.item else (paths.key(broken.row)[0], "")


def inputs_hash(keys: Keys | None, inputs: str) -> bytes:
    """A rule's inputs as a keyed hash: the plain digest of a date or a number tells it to whoever tries them all."""
    return keys.keyed_hash("inputs", inputs) if keys else hashlib.sha256(inputs.encode()).digest()


def _outcome(registry: Registry, name: str) -> DerivedDef | None:
    """The outcome of a name; one that is computed for other values of a parameter has `_<parameter><value>` added."""
    derived = registry.model.derived
    return derived.get(name) or next((found for plain, found in derived.items() if name.startswith(f"{plain}_")), None)


def ancestors(record: SubjectRecord, instance: int) -> dict[str, int]:
    """Container -> instance, from one instance up to the patient."""
    rows = {row.id: row for row in record.instances}
    found: dict[str, int] = {}
    at: int | None = instance
    while at is not None:
        found.setdefault(rows[at].container, at)
        at = rows[at].parent
    return found


_PLACE, _CONTENT, _EXTRA = cell_parts("c", SLOTS)
_ALL = (
    f"SELECT c.instance_id, c.form_id, c.row_id, c.item, c.position, {_PLACE} AS place, {_CONTENT} AS content, {_EXTRA} "  # noqa: S608 -- names of columns alone
    "FROM instance i JOIN calculated_data c ON c.instance_id = i.id WHERE i.subject_id = :subject"
)
_CALCULATED = Query.of(_ALL)
_WHERE_SIGNED = Query.of(
    f"{_ALL} AND EXISTS (SELECT 1 FROM signature s "  # noqa: S608 -- names of columns alone
    "WHERE s.form_id = ANY(:forms) AND s.ended_at IS NULL AND s.entered <> '')"
)

__all__ = [
    "FOREIGN",
    "HIDDEN",
    "OUTCOMES",
    "OWN",
    "Evaluated",
    "Issue",
    "ancestors",
    "ask_calculated",
    "calculated_cells",
    "calculated_where_signed",
    "changed_calculated",
    "changed_issues",
    "inputs_hash",
    "place_of",
]
