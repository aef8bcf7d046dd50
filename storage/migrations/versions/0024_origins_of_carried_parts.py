"""A part that was carried elsewhere tells which one it was at first; merges that stand tell it of their episodes."""

import json

import sqlalchemy as sa
from alembic import op

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

FIRST = sa.text(
    "UPDATE instance SET origin_id = (SELECT coalesce(i.origin_id, i.id) FROM instance i WHERE i.id = :old) WHERE id = :new"
)


def upgrade() -> None:
    op.add_column("instance", sa.Column("origin_id", ID, nullable=True))
    for table in ("instance", "form_instance"):
        op.create_index(op.f(f"ix_{table}_origin_id"), table, ["origin_id"])
    standing = "SELECT carried FROM withdrawal WHERE carried IS NOT NULL AND restored_at IS NULL ORDER BY id"
    for (carried,) in op.get_bind().exec_driver_sql(standing).fetchall():
        for old, new in json.loads(carried)["parts"]:
            op.get_bind().execute(FIRST, {"old": old, "new": new})


def downgrade() -> None:
    for table in ("form_instance", "instance"):
        op.drop_index(op.f(f"ix_{table}_origin_id"), table)
    op.drop_column("instance", "origin_id")
