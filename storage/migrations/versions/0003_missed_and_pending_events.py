"""Events of which somebody says that they did not take place, and what lists show of those to come."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = postgresql.TIMESTAMP(timezone=True).with_variant(sa.Text(), "sqlite")
DAY = sa.Date().with_variant(sa.Text(), "sqlite")

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    create(
        "missed_event",
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
    )
    create("pending_event", sa.Column("opens", DAY, nullable=True), sa.Column("closes", DAY, nullable=True))


def create(name: str, *columns: sa.Column[object]) -> None:
    """A table with a row for each occurrence of an event."""
    op.create_table(
        name,
        sa.Column("registry", sa.Text(), nullable=False),
        sa.Column("instance_id", ID, autoincrement=False, nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("subject_id", ID, nullable=False),
        *columns,
        sa.ForeignKeyConstraint(["instance_id"], ["instance.id"], name=op.f(f"fk_{name}_instance_id")),
        sa.ForeignKeyConstraint(["subject_id"], ["subject.id"], name=op.f(f"fk_{name}_subject_id")),
        sa.PrimaryKeyConstraint("registry", "instance_id", "event", "number", name=op.f(f"pk_{name}")),
    )
    op.create_index(op.f(f"ix_{name}_subject_id"), name, ["subject_id"])


def downgrade() -> None:
    for name in ("pending_event", "missed_event"):
        op.drop_table(name)
