"""Tables of how hospitals are organised, and of how people come to their accounts and roles."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, LargeBinary, Table, Text, UniqueConstraint

from storage.tables.base import METADATA, Id, Moment

unit = Table(  # a ward or a laboratory of a hospital
    "unit",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("site_id", Id, ForeignKey("site.id"), nullable=False),
    Column("code", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("ended_at", Moment),
    UniqueConstraint("site_id", "code"),
)

participation = Table(  # a hospital (unit none: as a whole) takes part in a registry, from–to
    "participation",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("site_id", Id, ForeignKey("site.id"), nullable=False),
    Column("unit_id", Id, ForeignKey("unit.id")),
    Column("registry", Text, nullable=False),
    Column("starts_on", Text, nullable=False),  # ISO days, the first and the last one
    Column("ends_on", Text),
    Index("ix_participation_site_id_registry", "site_id", "registry"),
)

invitation = Table(  # somebody is asked to make an account; the link in the mail holds the token
    "invitation",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("token_hash", LargeBinary, nullable=False, unique=True),
    Column("email", Text, nullable=False),
    Column("registry", Text, nullable=False),
    Column("site_id", Id, ForeignKey("site.id")),
    Column("unit_id", Id, ForeignKey("unit.id")),
    Column("role", Text, nullable=False),
    Column("invited_by", Text, nullable=False),
    Column("invited_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("done_at", Moment),  # accepted or withdrawn
)

access_request = Table(  # somebody with an account asks for a role
    "access_request",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("account_id", Id, ForeignKey("account.id"), nullable=False),
    Column("registry", Text, nullable=False),
    Column("site_id", Id, ForeignKey("site.id"), nullable=False),
    Column("role", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("asked_at", Moment, nullable=False),
    Column("decided_at", Moment),
    Column("decided_by", Text),
    Column("granted", Boolean),
    Column("answer", Text),
    Index("ix_access_request_account_id", "account_id"),
    Index("ix_access_request_site_id_registry", "site_id", "registry"),
)

password_reset = Table(
    "password_reset",
    METADATA,
    Column("token_hash", LargeBinary, primary_key=True),
    Column("account_id", Id, ForeignKey("account.id"), nullable=False),
    Column("expires_at", Moment, nullable=False),
    Index("ix_password_reset_account_id", "account_id"),
)

recovery_code = Table(  # each stands in for the second factor once
    "recovery_code",
    METADATA,
    Column("account_id", Id, ForeignKey("account.id"), primary_key=True, autoincrement=False),
    Column("hash", LargeBinary, primary_key=True),
)

mail = Table(  # what is to be sent; its content, encrypted, is forgotten once it was
    "mail",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("content", LargeBinary),
    Column("queued_at", Moment, nullable=False),
    Column("next_at", Moment),  # none: sent, or given up
    Column("tries", Integer, nullable=False),
    Column("sent_at", Moment),
    Index("ix_mail_next_at", "next_at"),
)

__all__ = ["access_request", "invitation", "mail", "participation", "password_reset", "recovery_code", "unit"]
