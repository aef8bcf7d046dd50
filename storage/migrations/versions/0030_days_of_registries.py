"""PostgreSQL asks for several registries in one statement, each question in the place of its own.

Its policies show one registry and one hospital at a time, which a transaction names. `ecrf_in_turn` names another one for the length
of one question. It runs as whoever calls it, so that the policies bind what it asks; its SET clauses put back what was named before.
"""

from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

NAMED = ("registry", "site", "at", "account", "unit")  # as storage.database says who acts


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    given = ", ".join(f"of_{name} text" for name in NAMED)
    kept = " ".join(f"SET ecrf.{name} = ''" for name in NAMED)
    said = " ".join(f"PERFORM set_config('ecrf.{name}', of_{name}, true);" for name in NAMED)
    op.execute(
        f"CREATE FUNCTION ecrf_in_turn({given}, asked text) RETURNS TABLE (source text, total bigint) LANGUAGE plpgsql "
        f"SECURITY INVOKER SET search_path = public, pg_temp {kept} AS $$ BEGIN {said} RETURN QUERY EXECUTE asked; END $$"
    )


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"DROP FUNCTION ecrf_in_turn({', '.join(['text'] * (len(NAMED) + 1))})")
