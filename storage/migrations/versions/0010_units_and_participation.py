"""Units of hospitals, and which of them take part in which registry, since when and until when."""

import unicodedata

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = postgresql.TIMESTAMP(timezone=True).with_variant(sa.Text(), "sqlite")

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("site", sa.Column("found_by", sa.Text(), nullable=False, server_default=""))
    op.add_column("site", sa.Column("ended_at", MOMENT, nullable=True))
    op.add_column("membership", sa.Column("unit_id", ID, nullable=True))
    connection = op.get_bind()
    for number, code, name in connection.execute(sa.text("SELECT id, code, name FROM site")).all():
        given = {"id": number, "found_by": folded(code + name)}
        connection.execute(sa.text("UPDATE site SET found_by = :found_by WHERE id = :id"), given)
    op.create_table(
        "unit",
        sa.Column("id", ID, nullable=False),
        sa.Column("site_id", ID, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_unit_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit")),
        sa.UniqueConstraint("site_id", "code", name=op.f("uq_unit_site_id_code")),
    )
    op.create_table(
        "participation",
        sa.Column("id", ID, nullable=False),
        sa.Column("site_id", ID, nullable=False),
        sa.Column("unit_id", ID, nullable=True),
        sa.Column("registry", sa.Text(), nullable=False),
        sa.Column("starts_on", sa.Text(), nullable=False),
        sa.Column("ends_on", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_participation_site_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_participation_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_participation")),
    )
    op.create_index(op.f("ix_participation_site_id_registry"), "participation", ["site_id", "registry"])


def folded(text: str) -> str:
    flat = unicodedata.normalize("NFKD", text.casefold().replace("ł", "l"))
    return "".join(letter for letter in flat if letter.isalnum())


def downgrade() -> None:
    op.drop_table("participation")
    op.drop_table("unit")
    op.drop_column("membership", "unit_id")
    op.drop_column("site", "ended_at")
    op.drop_column("site", "found_by")
