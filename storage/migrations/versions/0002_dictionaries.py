"""Dictionaries that others keep, each version as it was loaded."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = postgresql.TIMESTAMP(timezone=True).with_variant(sa.Text(), "sqlite")

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "dictionary",
        sa.Column("number", ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("codes", sa.Integer(), nullable=False),
        sa.Column("loaded_at", MOMENT, nullable=False),
        sa.Column("loaded_by", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("dropped", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_dictionary")),
        sa.UniqueConstraint("name", "version", name=op.f("uq_dictionary_name_version")),
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE TRIGGER dictionary_frozen BEFORE UPDATE OR DELETE OR TRUNCATE ON dictionary "
            "FOR EACH STATEMENT EXECUTE FUNCTION ecrf_refuse()"
        )
        return
    for change in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER dictionary_frozen_{change.lower()} BEFORE {change} ON dictionary "
            "BEGIN SELECT RAISE(ABORT, 'dictionary is never changed'); END"
        )


def downgrade() -> None:
    """Nothing goes back: what was loaded stays."""
