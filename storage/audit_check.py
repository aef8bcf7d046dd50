"""Verifies the audit: every hash, gap, order and seal, and the stored values against the entries."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Row, exists, func, not_, select

from storage.audit import NO_HASH, AuditEntry, entry_hash, read_texts, subject_stream
from storage.audit_seals import Finding, Heads, Seal, check_exported, check_seals, sealed_heads
from storage.database import Database
from storage.direct import Query
from storage.form_data import RowState
from storage.history import RebuiltForm, replay
from storage.identity import sealed
from storage.slots import CELL_COLUMNS, SEALED, Cell, Cells, Key, cells_in, unpack
from storage.tables import attachment, audit_entry, form_instance, identity, row_data, subject

_AT_ONCE = 1000
_NEAR = 3  # places in which a moved entry is looked for
Progress = Callable[[int], None]


def verify(
    database: Database, *, values: bool = True, exported: Sequence[Seal] = (), progress: Progress = lambda _: None
) -> tuple[Finding, ...]:
    """All that is wrong: changed, missing and reordered entries, broken seals, values that differ from the audit.

    What was appended after the last seal can be cut off at its end unnoticed, as far as no value tells of it: that is why
    seals are frequent.

    Args:
        exported: seals that were kept elsewhere; then it is noticed as well that the stored ones were replaced.
        progress: hears how many more entries were read; of the values, how many entries their forms have.
    """
    with database.read() as connection:
        findings = [*check_exported(database.keys, exported), *check_seals(connection, database.keys, exported)]
        findings += _check_entries(connection, sealed_heads(connection, exported), progress)
        findings += _check_subjects(connection)
        if values:
            findings += _check_values(connection, progress)
    return tuple(sorted(findings))


def count_entries(database: Database) -> tuple[int, int]:
    """How many entries there are, and how many of them are about forms: what `verify` reads."""
    with database.read() as connection:
        query = select(func.count(), func.count(audit_entry.c.form_id))
        whole, forms = connection.execute(query.select_from(audit_entry)).one()
        return whole, forms


def _check_entries(connection: Connection, heads: Heads, progress: Progress) -> Iterator[Finding]:
    seen = set[str]()
    query = select(audit_entry).order_by(audit_entry.c.stream, audit_entry.c.number)
    rows = connection.execution_options(yield_per=_AT_ONCE).execute(query)
    for stream, entries in groupby(rows, key=lambda row: str(row.stream)):
        seen.add(stream)
        yield from _check_stream(stream, entries, heads.get(stream), progress)
    for stream in heads.keys() - seen:
        yield Finding(stream, 0, "the whole stream was removed after it was sealed")


def _check_stream(
    stream: str, entries: Iterable[Row[tuple[Any, ...]]], head: tuple[int, str] | None, progress: Progress
) -> Iterator[Finding]:
    number, previous, at_seal = 0, NO_HASH, ""
    for row in entries:
        progress(1)
        if row.number != number + 1:
            yield Finding(stream, row.number, f"entries {number + 1} to {row.number - 1} are missing")
        if bytes(row.previous) != previous:
            yield Finding(stream, row.number, "does not follow the entry before it")
        if (place := _written_as(row)) is None:
            yield Finding(stream, row.number, "was changed")
        elif place != row.number:
            yield Finding(stream, row.number, f"was written as entry {place}: the order was changed, or one put in")
        number, previous = row.number, bytes(row.hash)
        if head and number == head[0]:
            at_seal = previous.hex()
    if head and at_seal != head[1]:
        what = "was changed after it was sealed" if at_seal else "was removed after it was sealed"
        yield Finding(stream, head[0], what)


def _written_as(row: Row[tuple[Any, ...]]) -> int | None:
    """The number under which an entry was written; None when something else of it was changed."""
    entry, previous, own = _entry(row), bytes(row.previous), bytes(row.hash)
    near = (row.number, *range(row.number - _NEAR, row.number), *range(row.number + 1, row.number + _NEAR + 1))
    return next((place for place in near if entry_hash(entry, place, row.body, previous) == own), None)


def _check_subjects(connection: Connection) -> Iterator[Finding]:
    """Each subject was registered: a stream that is gone as a whole is missed, sealed or not."""
    begun = exists().where(audit_entry.c.subject_id == subject.c.id)
    for number in connection.execute(select(subject.c.id).where(not_(begun)).order_by(subject.c.id)).scalars():
        yield Finding(subject_stream(number), 0, "the subject is in no entry")


def _check_values(connection: Connection, progress: Progress) -> Iterator[Finding]:
    """Compare the stored forms with the ones that the audit tells; identities as ciphertext, without any key."""
    erased = set(connection.execute(select(subject.c.id).where(subject.c.erased_at.is_not(None))).scalars())
    told = select(audit_entry.c.form_id).where(audit_entry.c.form_id.is_not(None))
    forms = sorted(connection.execute(told.union(select(form_instance.c.id))).scalars())
    for start in range(0, len(forms), _AT_ONCE):
        yield from _check_forms(connection, forms[start : start + _AT_ONCE], erased, progress)


def _check_forms(
    connection: Connection, forms: Sequence[int], erased: Collection[int], progress: Progress
) -> Iterator[Finding]:
    """The same for some forms, whose ids follow one another."""
    span = {"first": forms[0], "last": forms[-1]}
    stored, rows, cells = _stored_heads(connection, span), _stored_rows(connection, span), _cells(connection, span)
    files = _attached(connection, span)
    query = select(audit_entry).where(audit_entry.c.form_id.between(span["first"], span["last"]))
    entries = connection.execute(query.order_by(audit_entry.c.form_id, audit_entry.c.number))
    for form, entries_of_form in groupby(entries, key=lambda entry: int(entry.form_id)):
        group = list(entries_of_form)
        progress(len(group))
        rebuilt, head = replay(group), stored.pop(form, None)
        if rebuilt is not None and head is not None:
            gone = head[0] in erased
            yield from _compare(form, head, rebuilt, rows.get(form, {}), cells.get(form, {}), gone=gone)
            told = frozenset() if gone else rebuilt.files
            for digest in sorted(told ^ files.get(form, set())):
                yield Finding(
                    "values", form, f"the file {digest} {'is missing' if digest in told else 'is in no entry'}"
                )
        elif rebuilt is not None:
            yield Finding("values", form, "the form was removed")
    for form in stored:
        yield Finding("values", form, "the form is in no audit entry")


def _compare(
    form: int, head: tuple[int, int, str], rebuilt: RebuiltForm, rows: Mapping[str, RowState],
    cells: Mapping[Key, Cell], *, gone: bool,
) -> Iterator[Finding]:  # fmt: skip
    if head[1:] != (rebuilt.revision, rebuilt.state):
        yield Finding("values", form, f"revision or state differ: {head[1:]}, audit {rebuilt.revision, rebuilt.state}")
    if dict(rows) != rebuilt.rows:
        yield Finding("values", form, "the rows differ")
    told = {key: unpack(packed) for key, packed in rebuilt.packed.items() if not (gone and packed[0] == SEALED)}
    for row, item in sorted(told.keys() | cells.keys()):
        if told.get((row, item)) != cells.get((row, item)):
            yield Finding("values", form, f"the value of {item!r} in row {row!r} differs")


def _stored_heads(connection: Connection, span: Mapping[str, int]) -> dict[int, tuple[int, int, str]]:
    form = form_instance.c
    query = select(form.id, form.subject_id, form.revision, form.state)
    rows = connection.execute(query.where(form.id.between(span["first"], span["last"])))
    return {row.id: (row.subject_id, row.revision, row.state) for row in rows}


def _stored_rows(connection: Connection, span: Mapping[str, int]) -> dict[int, dict[str, RowState]]:
    rows: dict[int, dict[str, RowState]] = {}
    query = select(row_data).where(row_data.c.form_id.between(span["first"], span["last"]))
    for row in connection.execute(query):
        state = RowState(row.row_id, row.grp, row.parent, row.position, bool(row.removed))
        rows.setdefault(row.form_id, {})[row.row_id] = state
    return rows


def _attached(connection: Connection, span: Mapping[str, int]) -> dict[int, set[str]]:
    """The digests of the files that forms ever held."""
    files: dict[int, set[str]] = {}
    query = select(attachment.c.form_id, attachment.c.digest)
    for row in connection.execute(query.where(attachment.c.form_id.between(span["first"], span["last"]))):
        files.setdefault(row.form_id, set()).add(row.digest)
    return files


def _cells(connection: Connection, span: Mapping[str, int]) -> Cells:
    """The stored values as the audit keeps them: identities encrypted."""
    cells = cells_in(_CELLS.rows(connection, span))
    query = select(identity).where(identity.c.form_id.between(span["first"], span["last"]))
    for row in connection.execute(query.where(identity.c.ciphertext.is_not(None))):
        cells[row.form_id][row.row_id, row.item] = sealed(bytes(row.ciphertext))
    return cells


def _entry(row: Row[tuple[Any, ...]]) -> AuditEntry:
    return AuditEntry(
        row.stream, row.kind, row.who, row.at, row.channel, {}, row.reason, row.subject_id, row.form_id,
        row.definition, row.revision, read_texts(row.items),
    )  # fmt: skip


_CELLS = Query.of(
    f"SELECT {CELL_COLUMNS} FROM item_data d WHERE d.form_id BETWEEN :first AND :last"  # noqa: S608 -- names of columns alone
)

__all__ = ["Progress", "count_entries", "verify"]
