"""PostgreSQL tells whether a person is in another registry too, of which no row is seen: what is not this one's stays out of its histories."""

import importlib

from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

FIRST = importlib.import_module("storage.migrations.versions.0015_row_level_security")

# Of somebody whom one does not see it is said of everybody alike.
ELSEWHERE = (
    "RETURN ecrf_may($1) IS NOT TRUE OR EXISTS "  # noqa: S608 -- names alone
    f"(SELECT 1 FROM enrolment e WHERE e.subject_id = $1 AND e.registry IS DISTINCT FROM {FIRST.REGISTRY});"
)


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION ecrf_elsewhere(bigint) RETURNS boolean LANGUAGE plpgsql STABLE SECURITY DEFINER "
            f"SET search_path = public, pg_temp AS $$ BEGIN {ELSEWHERE} END $$"
        )


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION ecrf_elsewhere(bigint)")
