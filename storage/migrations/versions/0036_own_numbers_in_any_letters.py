"""A hospital's own number is one number however it is written: case and blanks make no difference.

Numbers that stood twice but for that stay with both patients: the later ones are noted as twins of the first, and no more are given.
"""

from collections import Counter

import sqlalchemy as sa
from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None

INDEX = "uq_local_number_folded"


def upgrade() -> None:
    op.add_column("local_number", sa.Column("folded", sa.Text, nullable=False, server_default=""))
    op.add_column("local_number", sa.Column("twin", sa.Integer, nullable=False, server_default="0"))
    fold_numbers(op.get_bind())
    op.create_index(INDEX, "local_number", ["site_id", "registry", "folded", "twin"], unique=True)


def fold_numbers(connection: sa.Connection) -> None:
    """Write to each number what it is compared by."""
    table = sa.table("local_number", *map(sa.column, ("site_id", "registry", "subject_id", "name", "folded", "twin")))
    key = (table.c.site_id, table.c.registry, table.c.subject_id)
    there: Counter[tuple[int, str, str]] = Counter()
    for site, registry, subject, name in connection.execute(sa.select(*key, table.c.name).order_by(*key)).all():
        folded = " ".join(name.casefold().split())
        mine = sa.and_(table.c.site_id == site, table.c.registry == registry, table.c.subject_id == subject)
        twin = there[site, registry, folded]
        connection.execute(sa.update(table).where(mine).values(folded=folded, twin=twin))
        there[site, registry, folded] += 1


def downgrade() -> None:
    op.drop_index(INDEX, "local_number")
    op.drop_column("local_number", "twin")
    op.drop_column("local_number", "folded")
