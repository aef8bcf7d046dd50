"""A withdrawn patient may name the one that it was merged into; that a patient is withdrawn is known where it is looked for."""

import sqlalchemy as sa
from alembic import op

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("withdrawal", sa.Column("kept_id", ID, nullable=True))
    op.add_column("withdrawal", sa.Column("carried", sa.Text(), nullable=True))
    op.create_index(op.f("ix_withdrawal_kept_id"), "withdrawal", ["kept_id"])
    op.execute(
        "INSERT INTO identity_hash (subject_id, kind) SELECT subject_id, 'withdrawn:' || registry FROM enrolment "
        "WHERE withdrawal_id IS NOT NULL"
    )


def downgrade() -> None:
    op.execute("DELETE FROM identity_hash WHERE kind LIKE 'withdrawn:%' OR kind LIKE 'merged:%'")
    op.drop_index(op.f("ix_withdrawal_kept_id"), "withdrawal")
    op.drop_column("withdrawal", "carried")
    op.drop_column("withdrawal", "kept_id")
