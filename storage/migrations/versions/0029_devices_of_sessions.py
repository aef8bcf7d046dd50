"""A session knows browser and system with which it was begun, in two words; those from before do not."""

import sqlalchemy as sa
from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("session", sa.Column("device", sa.Text(), nullable=False, server_default=""))


def downgrade() -> None:
    op.drop_column("session", "device")
