"""PostgreSQL asks once a statement for the forms of the patient at hand, and not once a row whether it may be touched.

`ecrf.whole` names the patient who is read for rules or locked for a change; whoever may see anything of that patient works on all of
it until the end of the transaction, as before (migration 0020).
"""

import importlib
from collections.abc import Mapping

from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

FIRST = importlib.import_module("storage.migrations.versions.0015_row_level_security")
SECOND = importlib.import_module("storage.migrations.versions.0020_wards_and_episodes")

FUNCTIONS = {
    "ecrf_forms()": f"SELECT f.id FROM form_instance f WHERE f.subject_id = {SECOND.WHOLE} AND f.home IN ('', {FIRST.REGISTRY})",  # noqa: S608 -- names alone
    "ecrf_instances()": f"SELECT i.id FROM instance i WHERE i.subject_id = {SECOND.WHOLE} AND i.registry IN ('', {FIRST.REGISTRY})",  # noqa: S608 -- names alone
}
# One form or instance, for whoever writes without a patient at hand: a call is planned and begun faster than what it asks.
ALONE = {
    "ecrf_own_form(bigint)": (
        f"SELECT 1 FROM form_instance f WHERE f.id = $1 AND f.home IN ('', {FIRST.REGISTRY}) AND ecrf_in(f.subject_id, f.instance_id)"  # noqa: S608 -- names alone
    ),
    "ecrf_own_instance(bigint)": (
        f"SELECT 1 FROM instance i WHERE i.id = $1 AND i.registry IN ('', {FIRST.REGISTRY}) "  # noqa: S608 -- names alone
        "AND ecrf_sees(i.subject_id, coalesce(i.part_id, i.id), i.parent_id IS NULL)"
    ),
}
BELONG = (
    "item_data",
    "calculated_data",
)  # which ask themselves whether what holds a row is there: true for whoever asks
TABLES = {
    **dict.fromkeys(FIRST.FORMS, ("form_instance", "form_id", "ecrf_forms()", "ecrf_own_form")),
    "calculated_data": ("instance", "instance_id", "ecrf_instances()", "ecrf_own_instance"),
}


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    for name, query in FUNCTIONS.items():
        op.execute(
            f"CREATE FUNCTION {name} RETURNS SETOF bigint LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp "
            f"AS $$ BEGIN IF ecrf_may({SECOND.WHOLE}) THEN RETURN QUERY {query}; END IF; END $$"
        )
    for name, query in ALONE.items():
        op.execute(
            f"CREATE FUNCTION {name} RETURNS boolean LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = public, pg_temp "
            f"AS $$ BEGIN RETURN EXISTS ({query}); END $$"
        )
    for table in BELONG:
        op.execute(f"ALTER FUNCTION ecrf_{table}_belong() SECURITY DEFINER SET search_path = public, pg_temp")
    for table, (holder, key, at_hand, alone) in TABLES.items():
        drop(table, ("ALL", "SELECT"))
        here = f"{key} IN (SELECT {at_hand})"
        seen, own = f"{here} OR {FIRST.OF.format(holder, key, '').format(table=table)}", f"{here} OR {alone}({key})"
        create(table, {"SELECT": seen, "INSERT": own, "UPDATE": own, "DELETE": own})


def downgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    for table in BELONG:
        op.execute(f"ALTER FUNCTION ecrf_{table}_belong() SECURITY INVOKER RESET search_path")
    for table in TABLES:
        drop(table, ("SELECT", "INSERT", "UPDATE", "DELETE"))
        create(table, {command: rows.format(table=table) for command, rows in FIRST.POLICIES[table].items()})
    for name in (*FUNCTIONS, *ALONE):
        op.execute(f"DROP FUNCTION {name}")


def drop(table: str, commands: tuple[str, ...]) -> None:
    for command in commands:
        op.execute(f"DROP POLICY ecrf_{command.lower()} ON {table}")


def create(table: str, policies: Mapping[str, str]) -> None:
    for command, rows in policies.items():
        clauses = {"INSERT": f"WITH CHECK ({rows})", "SELECT": f"USING ({rows})", "DELETE": f"USING ({rows})"}
        both = clauses.get(command, f"USING ({rows}) WITH CHECK ({rows})")
        op.execute(f"CREATE POLICY ecrf_{command.lower()} ON {table} FOR {command} {both}")
