"""Words of queries are encrypted under the subject's key from now on; what was said before stays as it is, as in the audit."""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("query_message", sa.Column("ciphertext", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    op.drop_column("query_message", "ciphertext")
