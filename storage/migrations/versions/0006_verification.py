"""What was compared with the source documents."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = postgresql.TIMESTAMP(timezone=True).with_variant(sa.Text(), "sqlite")

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "verification",
        sa.Column("registry", sa.Text(), nullable=False),
        sa.Column("form_id", ID, autoincrement=False, nullable=False),
        sa.Column("row_id", sa.Text(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("subject_id", ID, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["form_id"], ["form_instance.id"], name=op.f("fk_verification_form_id")),
        sa.ForeignKeyConstraint(["subject_id"], ["subject.id"], name=op.f("fk_verification_subject_id")),
        sa.PrimaryKeyConstraint("registry", "form_id", "row_id", "item", name=op.f("pk_verification")),
    )
    op.create_index(op.f("ix_verification_subject_id"), "verification", ["subject_id"])
    op.create_index(op.f("ix_verification_form_id"), "verification", ["form_id"])


def downgrade() -> None:
    op.drop_table("verification")
