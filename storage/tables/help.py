"""Tables of what people ask the help centre, and of what was said."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, Table, Text

from storage.tables.base import METADATA, Id, Moment

help_request = Table(
    "help_request",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("registry", Text, nullable=False),
    Column("site_id", Id, ForeignKey("site.id")),  # the asker's hospital; none: a keeper, or somebody without a role
    Column("account_id", Id, ForeignKey("account.id"), nullable=False),  # who asks
    Column("asked_by", Text, nullable=False),
    Column("team", Text, nullable=False),  # before whom it lies: storage.help_steps
    Column("state", Text, nullable=False),  # storage.help_steps
    Column("place", Text, nullable=False),  # the page that it is about, as a path inside the system; '' without
    Column("asked_at", Moment, nullable=False),
    Column("changed_at", Moment, nullable=False),
    Index("ix_help_request_registry", "registry", "state", "id"),
    Index("ix_help_request_account_id", "account_id"),
)

help_message = Table(  # what was said at each step; never changed
    "help_message",
    METADATA,
    Column("request_id", Id, ForeignKey("help_request.id"), primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),  # from 1
    Column("step", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("at", Moment, nullable=False),
)

__all__ = ["help_message", "help_request"]
