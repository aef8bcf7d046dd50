"""Requests of hospitals to see a patient of another one."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = postgresql.TIMESTAMP(timezone=True).with_variant(sa.Text(), "sqlite")

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "takeover_request",
        sa.Column("id", ID, nullable=False),
        sa.Column("subject_id", ID, nullable=False),
        sa.Column("site_id", ID, nullable=False),
        sa.Column("registry", sa.Text(), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=False),
        sa.Column("asked_by", sa.Text(), nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", MOMENT, nullable=True),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["subject_id"], ["subject.id"], name=op.f("fk_takeover_request_subject_id")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_takeover_request_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_takeover_request")),
    )
    op.create_index(op.f("ix_takeover_request_subject_id"), "takeover_request", ["subject_id"])
    op.create_index(op.f("ix_takeover_request_site_id"), "takeover_request", ["site_id", "registry"])


def downgrade() -> None:
    op.drop_table("takeover_request")
