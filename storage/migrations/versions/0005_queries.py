"""Queries about items, rows and forms, and what was said."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = postgresql.TIMESTAMP(timezone=True).with_variant(sa.Text(), "sqlite")

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "query",
        sa.Column("id", ID, nullable=False),
        sa.Column("registry", sa.Text(), nullable=False),
        sa.Column("subject_id", ID, nullable=False),
        sa.Column("form_id", ID, nullable=False),
        sa.Column("row_id", sa.Text(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("site_id", ID, nullable=True),
        sa.Column("excluded", sa.LargeBinary(), nullable=True),
        sa.Column("raised_by", sa.Text(), nullable=False),
        sa.Column("raised_at", MOMENT, nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["subject_id"], ["subject.id"], name=op.f("fk_query_subject_id")),
        sa.ForeignKeyConstraint(["form_id"], ["form_instance.id"], name=op.f("fk_query_form_id")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_query_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_query")),
    )
    op.create_index(op.f("ix_query_registry"), "query", ["registry", "state", "id"])
    op.create_index(op.f("ix_query_subject_id"), "query", ["subject_id"])
    op.create_index(op.f("ix_query_form_id"), "query", ["form_id"])
    op.create_table(
        "query_message",
        sa.Column("query_id", ID, autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("subject_id", ID, nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["query_id"], ["query.id"], name=op.f("fk_query_message_query_id")),
        sa.ForeignKeyConstraint(["subject_id"], ["subject.id"], name=op.f("fk_query_message_subject_id")),
        sa.PrimaryKeyConstraint("query_id", "number", name=op.f("pk_query_message")),
    )
    op.create_index(op.f("ix_query_message_subject_id"), "query_message", ["subject_id"])


def downgrade() -> None:
    for name in ("query_message", "query"):
        op.drop_table(name)
