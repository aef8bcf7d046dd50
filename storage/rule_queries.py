"""Queries that rules raise: with the save after which a completed form breaks one, closed by the correction, opened again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, text

from storage import query_steps as steps
from storage.access import Actor
from storage.audit import Head as LastEntry
from storage.audit import append_after
from storage.bulk import Writes, addition, change
from storage.derived import Evaluated, inputs_hash, place_of
from storage.form_index import Registry
from storage.keys import Keys
from storage.queries import About, Head, step_entry
from storage.query_steps import State
from storage.query_words import WRITE_MESSAGES, message_row
from storage.slots import utc
from storage.tables import query


class Known(NamedTuple):
    """A rule's query as it was before the save."""

    id: int
    about: About
    rule: str
    state: State
    excluded: bytes | None
    messages: int

    @classmethod
    def of(cls, row: Sequence[Any]) -> Known:
        """From a row of storage.subject_query."""
        number, form, name, item, rule, state, excluded, messages = row
        held = bytes.fromhex(excluded) if excluded else None
        return cls(number, About(form, name, item), rule, State(state), held, messages)


@dataclass(frozen=True, slots=True)
class RuleSteps:
    """What the rules of a save do to queries."""

    registry: Registry
    keys: Keys | None
    subject: int
    actor: Actor
    at: datetime

    def write(
        self, connection: Connection, writes: Writes, known: Iterable[Sequence[Any]], evaluated: Sequence[Evaluated],
        complete: Mapping[int, bool], last: LastEntry | Sequence[Any] | None,
    ) -> None:  # fmt: skip
        """Add the steps to what is written, each with its entry after the `last` of the audit.

        Args:
            known: the rules' queries of the subject.
            complete: whether a form that was evaluated is complete: what is still being filled in is asked about by the page.
        """
        broken = self._broken(evaluated)
        heads: list[tuple[Head, str, int]] = []
        for one in map(Known.of, known):
            if one.about.form in complete:
                step = _step(one, broken.pop((one.about, one.rule), None))
                if step is not None:
                    head = Head(one.id, self.subject, one.about, one.rule, one.state, step.ends)
                    heads.append((head, step.name, one.messages + 1))
        new = [key for key in broken if complete[key[0].form]]
        for number, (about, rule) in zip(_ids(connection, len(new)), new, strict=True):
            heads.append((Head(number, self.subject, about, rule, None, State.OPEN), "raise", 1))
        if heads:
            self._add(writes, heads, last)

    def _broken(self, evaluated: Iterable[Evaluated]) -> dict[tuple[About, str], bytes]:
        """The rules that want a query and are broken at home, with what they read."""
        wanted = {check.id for form in self.registry.model.forms.values() for check in form.checks if check.query}
        found: dict[tuple[About, str], bytes] = {}
        for one in evaluated if wanted else ():
            for violation in one.evaluation.violations:
                if violation.code in wanted and violation.home is None:
                    row, item = place_of(one.paths, violation)
                    found[About(one.form, row, item), violation.code] = inputs_hash(self.keys, violation.inputs)
        return found

    def _add(
        self, writes: Writes, heads: Sequence[tuple[Head, str, int]], last: LastEntry | Sequence[Any] | None
    ) -> None:
        who, moment = self.actor.name, utc(self.at)
        for head, step, number in heads:
            if head.old is None:
                place = (head.id, self.registry.model.registry, self.subject, *head.about)
                writes.add(_RAISE, [(*place, head.rule, str(head.new), who, moment, moment)])
            else:
                writes.add(_CHANGE, [(str(head.new), moment, head.id)])
            writes.add(WRITE_MESSAGES, [message_row(head.subject, head.id, number, step, who=who, at=self.at)])
            last = append_after(writes, step_entry(head, step, self.actor, self.at), last)


def _step(one: Known, inputs: bytes | None) -> steps.Step | None:
    """What a rule does to its query; `inputs` is what it read where it is broken."""
    if inputs is not None and one.state is State.EXCLUDED and inputs == one.excluded:
        return None
    step = steps.STEPS["mended" if inputs is None else "broken"]
    return step if steps.fits(step, one.state, one.rule) else None


def _ids(connection: Connection, count: int) -> list[int]:
    """Ids for new queries; on SQLite there is one writer at a time."""
    if not count:
        return []
    if connection.dialect.name == "postgresql":
        taken = connection.execute(
            text("SELECT nextval('query_id_seq') FROM generate_series(1, :count)"), {"count": count}
        )
        return [int(number) for number in taken.scalars()]
    first = connection.execute(text("SELECT coalesce(max(id), 0) + 1 FROM query")).scalar_one()
    return list(range(first, first + count))


_RAISE = addition(
    query,
    (
        *("id", "registry", "subject_id", "form_id", "row_id", "item"),
        *("rule", "state", "raised_by", "raised_at", "changed_at"),
    ),
    first=True,  # PostgreSQL's policy on messages looks for it
)
_CHANGE = change(query, ("id",), ("state", "changed_at"))

__all__ = ["RuleSteps"]
