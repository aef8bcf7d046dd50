"""A form that was carried elsewhere keeps the number by which other registries refer to it; merges that stand give it to theirs."""

import json

import sqlalchemy as sa
from alembic import op

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

PLACE = "instance_id = :{0}_instance AND form = :{0}_form AND coalesce(occurrence_id, 0) = :{0}_occurrence AND record = :{0}_record"
FIRST = sa.text(
    "UPDATE form_instance SET origin_id = (SELECT coalesce(f.origin_id, f.id) FROM form_instance f "  # noqa: S608 -- names alone
    f"WHERE f.withdrawal_id = :number AND {PLACE.format('old')}) "
    f"WHERE id = (SELECT min(g.id) FROM form_instance g WHERE {PLACE.format('new')})"
)


def upgrade() -> None:
    op.add_column("form_instance", sa.Column("origin_id", ID, nullable=True))
    name_forms(op.get_bind())


def name_forms(connection: sa.Connection) -> None:
    """The forms that came of merges: by the ids of those that were merged."""
    standing = "SELECT id, carried FROM withdrawal WHERE carried IS NOT NULL AND restored_at IS NULL ORDER BY id"
    for number, carried in connection.exec_driver_sql(standing).fetchall():
        for place in json.loads(carried)["places"]:
            given = {
                f"{end}_{name}": value or 0
                for end, part in (("old", place[:4]), ("new", place[4:]))
                for name, value in zip(("instance", "form", "occurrence", "record"), part, strict=True)
            }
            connection.execute(FIRST, {"number": number, **given})


def downgrade() -> None:
    op.drop_column("form_instance", "origin_id")
