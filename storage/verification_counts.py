"""What source data verification counts: the plan of each registry, and the forms that are counted anew when they change.

Triggers keep the counts (decision 25); the application only names the forms, within the transaction that changed them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from sqlalchemy import Connection, delete, insert, or_, select, text

from engine.model.metadata_version import VerificationDef
from storage.bulk import Writes, upsert
from storage.database import Database
from storage.tables import form_instance, verification_form, verification_plan, verification_recount

EVERYBODY = 100  # percent


def count_again(writes: Writes, forms: Iterable[int]) -> None:
    """Forms whose values, states or marks change with what else is written."""
    writes.add(_COUNT, [(form,) for form in sorted(set(forms))])


def count_forms(connection: Connection, forms: Iterable[int]) -> None:
    """Forms that this transaction has changed."""
    _COUNT.run(connection, [(form,) for form in sorted(set(forms))])


def count_subject(connection: Connection, subject: int) -> None:
    """All forms of a subject, also withdrawn ones."""
    mine = select(form_instance.c.id).where(form_instance.c.subject_id == subject)
    count_forms(connection, connection.execute(mine).scalars())


def keep_plan(database: Database, registry: str, plan: VerificationDef | None) -> bool:
    """Count by the plan of a definition from now on; False where that is what is counted already."""
    wanted = sorted(_rows(registry, plan or VerificationDef()))
    mine = verification_plan.c.registry == registry
    with database.write() as connection:
        if connection.dialect.name == "postgresql":  # of several processes that start one counts
            connection.execute(
                text("SELECT pg_advisory_xact_lock(hashtextextended(:plan, 0))"), {"plan": f"plan:{registry}"}
            )
        known = sorted(tuple(row) for row in connection.execute(select(verification_plan).where(mine)))
        if known == wanted:
            return False
        connection.execute(delete(verification_plan).where(mine))
        if wanted:
            connection.execute(insert(verification_plan), [dict(zip(_COLUMNS, row, strict=True)) for row in wanted])
        names = {row[1] for row in (*known, *wanted)}
        counted = select(verification_form.c.form_id).where(verification_form.c.registry == registry)
        which = or_(form_instance.c.form.in_(sorted(names)), form_instance.c.id.in_(counted))
        count_forms(connection, connection.execute(select(form_instance.c.id).where(which)).scalars())
    return True


def _rows(registry: str, plan: VerificationDef) -> Iterator[tuple[str, str, str, int, int]]:
    critical = set(plan.critical)
    yield from ((registry, *place, EVERYBODY, plan.seed) for place in critical)
    yield from ((registry, *place, plan.share, plan.seed) for place in set(plan.sampled) - critical)


_COLUMNS = tuple(column.name for column in verification_plan.columns)
_COUNT = upsert(verification_recount, ("form_id",), ())

__all__ = ["count_again", "count_forms", "count_subject", "keep_plan"]
