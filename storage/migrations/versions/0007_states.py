"""Forms that are reviewed, signed and locked; signatures; requests to unlock."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = postgresql.TIMESTAMP(timezone=True).with_variant(sa.Text(), "sqlite")
BEFORE = "state IN ('in_progress', 'complete')"
AFTER = "state IN ('in_progress', 'complete', 'reviewed', 'signed', 'locked')"

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    allow_states()
    op.create_table(
        "signature",
        sa.Column("id", ID, nullable=False),
        sa.Column("form_id", ID, nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("meaning", sa.Text(), nullable=False),
        sa.Column("account_id", ID, nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("entry", sa.Integer(), nullable=False),
        sa.Column("entered", sa.Text(), nullable=False),
        sa.Column("copied", sa.Text(), nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.Column("ended_why", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["form_id"], ["form_instance.id"], name=op.f("fk_signature_form_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_signature")),
    )
    op.create_index("ix_signature_form_id", "signature", ["form_id"])
    op.create_table(
        "unlock_request",
        sa.Column("id", ID, nullable=False),
        sa.Column("form_id", ID, nullable=False),
        sa.Column("registry", sa.Text(), nullable=False),
        sa.Column("account_id", ID, nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("decided_at", MOMENT, nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("granted", sa.Boolean(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["form_id"], ["form_instance.id"], name=op.f("fk_unlock_request_form_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unlock_request")),
    )
    op.create_index("ix_unlock_request_form_id", "unlock_request", ["form_id"])


def allow_states() -> None:
    """Let forms have more states than two."""
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint(op.f("ck_form_instance_state"), "form_instance")
        op.create_check_constraint(op.f("ck_form_instance_state"), "form_instance", AFTER)
        return
    # SQLite changes no constraint, and a table that others refer to cannot be made anew within a transaction. Its
    # text can be replaced where rows that were right stay so: https://www.sqlite.org/lang_altertable.html#otheralter
    version = op.get_bind().exec_driver_sql("PRAGMA schema_version").scalar_one()
    op.execute("PRAGMA writable_schema = ON")
    op.get_bind().exec_driver_sql(
        "UPDATE sqlite_master SET sql = replace(sql, ?, ?) WHERE type = 'table' AND name = 'form_instance'",
        (BEFORE, AFTER),
    )
    op.execute(f"PRAGMA schema_version = {version + 1}")
    op.execute("PRAGMA writable_schema = OFF")


def downgrade() -> None:
    for name in ("unlock_request", "signature"):
        op.drop_table(name)
