"""Who has a person decides on requests from other registries too: PostgreSQL shows these, and no others of theirs."""

import importlib

from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

FIRST = importlib.import_module("storage.migrations.versions.0015_row_level_security")

# The hospital that has the whole record here; for another registry, as long as nobody there has the person.
DECIDES = (
    f"RETURN NOT {FIRST.KEEPS} AND ecrf_all($1) AND ($2 = {FIRST.REGISTRY} OR NOT EXISTS "  # noqa: S608 -- names alone
    "(SELECT 1 FROM enrolment e WHERE e.subject_id = $1 AND e.registry = $2));"
)
ROWS = {
    "before": f"{FIRST.HERE} AND ({FIRST.KEEPS} OR site_id = {FIRST.SITE} OR {FIRST.MINE.format(table='takeover_request')})",
    "now": (
        f"({FIRST.HERE} AND ({FIRST.KEEPS} OR site_id = {FIRST.SITE})) "
        "OR ecrf_decides(takeover_request.subject_id, takeover_request.registry)"
    ),
}


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION ecrf_decides(bigint, text) RETURNS boolean LANGUAGE plpgsql STABLE SECURITY DEFINER "
            f"SET search_path = public, pg_temp AS $$ BEGIN {DECIDES} END $$"
        )
        remake("now")


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        remake("before")
        op.execute("DROP FUNCTION ecrf_decides(bigint, text)")


def remake(which: str) -> None:
    op.execute("DROP POLICY ecrf_all ON takeover_request")
    op.execute(f"CREATE POLICY ecrf_all ON takeover_request FOR ALL USING ({ROWS[which]}) WITH CHECK ({ROWS[which]})")
