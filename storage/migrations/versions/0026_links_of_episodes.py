"""Links that people set between episodes of a patient, in one registry or two."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = postgresql.TIMESTAMP(timezone=True).with_variant(sa.Text(), "sqlite")

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

REGISTRY = "(SELECT NULLIF(current_setting('ecrf.registry', true), ''))"
# An end of this registry is seen, by the policy of its instance; that of another one is asked for there.
END = (
    f"({{0}}_registry <> {REGISTRY} OR EXISTS (SELECT 1 FROM instance i "  # noqa: S608 -- names alone
    "WHERE episode_link.{0}_id IN (i.id, i.origin_id)))"
)
SEEN = f"{REGISTRY} IN (source_registry, target_registry) AND {END.format('source')} AND {END.format('target')}"


def upgrade() -> None:
    op.create_table(
        "episode_link",
        sa.Column("id", ID, nullable=False),
        sa.Column("source_id", ID, nullable=False),
        sa.Column("source_registry", sa.Text(), nullable=False),
        sa.Column("target_id", ID, nullable=False),
        sa.Column("target_registry", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.Column("ended_why", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_episode_link")),
    )
    for end in ("source", "target"):
        op.create_index(op.f(f"ix_episode_link_{end}_id"), "episode_link", [f"{end}_id"])
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE episode_link ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY ecrf_all ON episode_link FOR ALL USING ({SEEN}) WITH CHECK ({SEEN})")


def downgrade() -> None:
    op.drop_table("episode_link")
