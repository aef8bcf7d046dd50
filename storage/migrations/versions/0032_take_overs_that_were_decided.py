"""Whoever granted a request from another registry goes on seeing that it is decided: a second click is told so."""

import importlib

from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

FIRST = importlib.import_module("storage.migrations.versions.0015_row_level_security")
BEFORE = importlib.import_module("storage.migrations.versions.0025_take_overs_of_other_registries")

# As before, but who has the person there is asked of when the request was decided: granting it is what enrols the person.
DECIDES = (
    f"RETURN NOT {FIRST.KEEPS} AND ecrf_all($1) AND ($2 = {FIRST.REGISTRY} OR NOT EXISTS "  # noqa: S608 -- names alone
    "(SELECT 1 FROM enrolment e WHERE e.subject_id = $1 AND e.registry = $2 AND e.enrolled_at < coalesce($3, 'infinity')));"
)
REQUEST = "takeover_request.subject_id, takeover_request.registry"
ROWS = BEFORE.ROWS["now"].replace(REQUEST, f"{REQUEST}, takeover_request.decided_at")


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION ecrf_decides(bigint, text, timestamptz) RETURNS boolean LANGUAGE plpgsql STABLE SECURITY DEFINER "
            f"SET search_path = public, pg_temp AS $$ BEGIN {DECIDES} END $$"
        )
        op.execute("DROP POLICY ecrf_all ON takeover_request")
        op.execute(f"CREATE POLICY ecrf_all ON takeover_request FOR ALL USING ({ROWS}) WITH CHECK ({ROWS})")
        op.execute("DROP FUNCTION ecrf_decides(bigint, text)")


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION ecrf_decides(bigint, text) RETURNS boolean LANGUAGE plpgsql STABLE SECURITY DEFINER "
            f"SET search_path = public, pg_temp AS $$ BEGIN {BEFORE.DECIDES} END $$"
        )
        BEFORE.remake("now")
        op.execute("DROP FUNCTION ecrf_decides(bigint, text, timestamptz)")
