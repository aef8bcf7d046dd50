"""Invitations, requests for access, password resets, the second factor, locked sessions, and mail to be sent."""

import unicodedata

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = postgresql.TIMESTAMP(timezone=True).with_variant(sa.Text(), "sqlite")

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # long: each table once
    op.add_column("account", sa.Column("found_by", sa.Text(), nullable=False, server_default=""))
    op.add_column("account", sa.Column("second_factor", sa.LargeBinary(), nullable=True))
    op.add_column("account", sa.Column("last_code", sa.Integer(), nullable=True))
    op.add_column("account", sa.Column("pin_hash", sa.Text(), nullable=True))
    op.add_column("session", sa.Column("stage", sa.Text(), nullable=False, server_default="open"))
    op.add_column("session", sa.Column("tries", sa.Integer(), nullable=False, server_default="0"))
    connection = op.get_bind()
    for number, name, login in connection.execute(sa.text("SELECT id, name, login FROM account")).all():
        given = {"id": number, "found_by": folded(name + login)}
        connection.execute(sa.text("UPDATE account SET found_by = :found_by WHERE id = :id"), given)
    op.create_table(
        "invitation",
        sa.Column("id", ID, nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("registry", sa.Text(), nullable=False),
        sa.Column("site_id", ID, nullable=True),
        sa.Column("unit_id", ID, nullable=True),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("invited_by", sa.Text(), nullable=False),
        sa.Column("invited_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("done_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_invitation_site_id")),
        sa.ForeignKeyConstraint(["unit_id"], ["unit.id"], name=op.f("fk_invitation_unit_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitation")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_invitation_token_hash")),
    )
    op.create_table(
        "access_request",
        sa.Column("id", ID, nullable=False),
        sa.Column("account_id", ID, nullable=False),
        sa.Column("registry", sa.Text(), nullable=False),
        sa.Column("site_id", ID, nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("decided_at", MOMENT, nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("granted", sa.Boolean(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_access_request_account_id")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_access_request_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access_request")),
    )
    op.create_index(op.f("ix_access_request_account_id"), "access_request", ["account_id"])
    op.create_index(op.f("ix_access_request_site_id_registry"), "access_request", ["site_id", "registry"])
    op.create_table(
        "password_reset",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("account_id", ID, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_password_reset_account_id")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_password_reset")),
    )
    op.create_index(op.f("ix_password_reset_account_id"), "password_reset", ["account_id"])
    op.create_table(
        "recovery_code",
        sa.Column("account_id", ID, autoincrement=False, nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_recovery_code_account_id")),
        sa.PrimaryKeyConstraint("account_id", "hash", name=op.f("pk_recovery_code")),
    )
    op.create_table(
        "mail",
        sa.Column("id", ID, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.Column("queued_at", MOMENT, nullable=False),
        sa.Column("next_at", MOMENT, nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("sent_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_mail")),
    )
    op.create_index(op.f("ix_mail_next_at"), "mail", ["next_at"])


def folded(text: str) -> str:
    flat = unicodedata.normalize("NFKD", text.casefold().replace("ł", "l"))
    return "".join(letter for letter in flat if letter.isalnum())


def downgrade() -> None:
    for name in ("mail", "recovery_code", "password_reset", "access_request", "invitation"):
        op.drop_table(name)
    for name in ("tries", "stage"):
        op.drop_column("session", name)
    for name in ("pin_hash", "last_code", "second_factor", "found_by"):
        op.drop_column("account", name)
