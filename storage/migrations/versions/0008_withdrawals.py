"""Rows, forms, parts of a record and patients that are withdrawn with a reason, and may be restored."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = postgresql.TIMESTAMP(timezone=True).with_variant(sa.Text(), "sqlite")
WITHDRAWN = ("enrolment", "instance", "form_instance", "row_data")

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "withdrawal",
        sa.Column("id", ID, nullable=False),
        sa.Column("subject_id", ID, nullable=False),
        sa.Column("registry", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("form_id", ID, nullable=True),
        sa.Column("row_id", sa.Text(), nullable=False),
        sa.Column("instance_id", ID, nullable=True),
        sa.Column("account_id", ID, nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("restored_at", MOMENT, nullable=True),
        sa.Column("restored_by", sa.Text(), nullable=True),
        sa.Column("restored_why", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["subject_id"], ["subject.id"], name=op.f("fk_withdrawal_subject_id")),
        sa.ForeignKeyConstraint(["form_id"], ["form_instance.id"], name=op.f("fk_withdrawal_form_id")),
        sa.ForeignKeyConstraint(["instance_id"], ["instance.id"], name=op.f("fk_withdrawal_instance_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_withdrawal")),
    )
    op.create_index("ix_withdrawal_subject_id", "withdrawal", ["subject_id"])
    for table in WITHDRAWN:
        op.add_column(table, sa.Column("withdrawal_id", ID, nullable=True))


def downgrade() -> None:
    for table in WITHDRAWN:
        op.drop_column(table, "withdrawal_id")
    op.drop_table("withdrawal")
