"""Judges all forms of a subject anew, after something came to its record or left it without a save."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sqlalchemy import Connection

from storage.bulk import Writes
from storage.changes import paths_of
from storage.database import Database
from storage.derived import (
    OUTCOMES,
    CalculatedKey,
    Evaluated,
    ask_calculated,
    calculated_cells,
    changed_calculated,
    changed_issues,
)
from storage.form_data import Place, SubjectRecord, build_record
from storage.form_index import Registry, has_site_forms
from storage.opened_forms import Deed
from storage.request import Rules
from storage.rule_queries import RuleSteps
from storage.saved_form import focus_of
from storage.schedule import write_pending
from storage.slots import Cell
from storage.states import FINISHED
from storage.status import pack_status
from storage.structure import Before, FormRow, ask_before
from storage.writing import FormHead, change_forms, write_calculated, write_issues


@dataclass(frozen=True, slots=True)
class Anew:
    """A subject as it is now, under its lock, with what was derived from it before."""

    deed: Deed
    record: SubjectRecord
    before: Before
    calculated: Mapping[CalculatedKey, Cell]


def read_anew(database: Database, connection: Connection, registry: Registry, deed: Deed) -> Anew:
    """Read the subject as this transaction has left it."""
    name, sites = registry.model.registry, has_site_forms(registry.model)
    structure, before = ask_before(
        connection, name, deed.actor, deed.subject, deed.at, "", new=False, sites=sites
    )()  # fmt: skip
    record = build_record(database, registry, structure)
    return Anew(deed, record, before, ask_calculated(connection, deed.subject)())


def reassess(
    connection: Connection, database: Database, registry: Registry, rules: Rules, anew: Anew, *,
    heads: Mapping[Place, FormRow] = MappingProxyType({}), gone: bool = False,
) -> None:  # fmt: skip
    """Write calculated values, issues, states that rules derive, and what the schedule expects.

    Args:
        heads: the rows of forms that change themselves.
        gone: the patient is withdrawn: nothing is expected any more.
    """
    deed, record = anew.deed, anew.record
    look = rules.look(registry, record.tree, as_of=deed.at, language="pl", others=record.beside)
    evaluated, changed, writes = list[Evaluated](), list[FormHead](), Writes()
    for place, form in record.forms.items():
        if place.form not in registry.model.forms:
            continue
        said, paths = look.at(focus_of(place), schedule=False), paths_of(form.data)
        index = database.indexes.of(registry, place.form)
        evaluated.append(Evaluated(form.id, place, index, paths, said, own=False))
        head = heads.get(place, form)
        status = pack_status(said.states, paths)
        if place in heads or status != form.status:
            changed.append(FormHead(form.id, head.definition, head.revision, head.state, status, head.saved_at))
    cells = _emptied(anew) | calculated_cells(registry, record, evaluated)
    write_calculated(writes, changed_calculated(anew.calculated, cells))
    write_issues(writes, changed_issues(anew.before.issues, registry, database.keys, evaluated, deed.at))
    change_forms(writes, changed)
    complete = {form.id: form.state in FINISHED for form in record.forms.values()}
    steps = RuleSteps(registry, database.keys, deed.subject, deed.actor, deed.at)
    steps.write(connection, writes, anew.before.queries, evaluated, complete, anew.before.head)
    planned = () if gone else rules.schedule(registry, record.tree, deed.at, record.beside)
    write_pending(writes, registry, deed.subject, anew.before, planned)
    writes.send(connection)


def _emptied(anew: Anew) -> dict[CalculatedKey, Cell | None]:
    """The outcomes that stay unless a form gives them anew: where all forms left, nothing does."""
    there = {row.id for row in anew.record.instances}
    return {key: None for key in anew.calculated if key[1] == OUTCOMES and key[0] in there}


__all__ = ["Anew", "read_anew", "reassess"]
