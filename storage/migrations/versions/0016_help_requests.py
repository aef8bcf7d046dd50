"""Requests to the help centre, and what was said."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = postgresql.TIMESTAMP(timezone=True).with_variant(sa.Text(), "sqlite")

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

# Who acts, as in 0015; here the person too, who sees what the person asked.
REGISTRY = "(SELECT NULLIF(current_setting('ecrf.registry', true), ''))"
SITE = "(SELECT NULLIF(NULLIF(current_setting('ecrf.site', true), ''), 'all')::bigint)"
KEEPS = "(SELECT coalesce(current_setting('ecrf.site', true), '') = 'all')"
OWN = "account_id = (SELECT NULLIF(current_setting('ecrf.account', true), '')::bigint)"
SEEN = f"{OWN} OR (registry = {REGISTRY} AND ({KEEPS} OR site_id = {SITE}))"
OF_SEEN = "EXISTS (SELECT 1 FROM help_request r WHERE r.id = help_message.request_id)"  # of those that the policy shows
POLICIES = {
    "help_request": {"SELECT": f"USING ({SEEN})", "INSERT": f"WITH CHECK ({OWN})", "UPDATE": f"USING ({SEEN})"},
    "help_message": {"SELECT": f"USING ({OF_SEEN})", "INSERT": f"WITH CHECK ({OF_SEEN})"},
}


def upgrade() -> None:
    op.create_table(
        "help_request",
        sa.Column("id", ID, nullable=False),
        sa.Column("registry", sa.Text(), nullable=False),
        sa.Column("site_id", ID, nullable=True),
        sa.Column("account_id", ID, nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("team", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_help_request_site_id")),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_help_request_account_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_help_request")),
    )
    op.create_index(op.f("ix_help_request_registry"), "help_request", ["registry", "state", "id"])
    op.create_index(op.f("ix_help_request_account_id"), "help_request", ["account_id"])
    op.create_table(
        "help_message",
        sa.Column("request_id", ID, autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["request_id"], ["help_request.id"], name=op.f("fk_help_message_request_id")),
        sa.PrimaryKeyConstraint("request_id", "number", name=op.f("pk_help_message")),
    )
    if op.get_bind().dialect.name != "postgresql":
        return
    for table, commands in POLICIES.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        for command, clause in commands.items():
            op.execute(f"CREATE POLICY ecrf_{command.lower()} ON {table} FOR {command} {clause}")


def downgrade() -> None:
    for table in ("help_message", "help_request"):
        op.drop_table(table)
