"""An index of the forms that wait to be reviewed or signed, which lists read in the order in which they were begun."""

import sqlalchemy as sa
from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

NAME = "ix_form_instance_waiting"


def upgrade() -> None:
    waiting = sa.text("state IN ('complete', 'reviewed') AND withdrawal_id IS NULL")
    op.create_index(op.f(NAME), "form_instance", ["id"], sqlite_where=waiting, postgresql_where=waiting)


def downgrade() -> None:
    op.drop_index(op.f(NAME), "form_instance")
