"""Each note of a session has a row of its own: it is left and taken by one statement, beside those of other pages."""

import sqlalchemy as sa
from alembic import op

from storage.tables.base import Moment

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "session_note",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("noted_at", Moment(), nullable=False),
        sa.Column("ciphertext", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["token_hash"], ["session.token_hash"], ondelete="CASCADE", name=op.f("fk_session_note_token_hash")
        ),
        sa.PrimaryKeyConstraint("token_hash", "name", name=op.f("pk_session_note")),
    )
    op.create_index(op.f("ix_session_note_noted_at"), "session_note", ["noted_at"])
    op.drop_column("session", "notes")  # they last an hour


def downgrade() -> None:
    op.add_column("session", sa.Column("notes", sa.LargeBinary(), nullable=True))
    op.drop_index(op.f("ix_session_note_noted_at"), "session_note")
    op.drop_table("session_note")
