"""Mail to be sent, as rows: it exists when, and only when, what it tells of was committed. Its content is encrypted."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert, select, update

from storage.database import Database
from storage.keys import Keys, decrypt, encrypt
from storage.slots import canonical, utc
from storage.tables import mail

FIRST_WAIT = timedelta(minutes=1)  # after a failure; doubles each time
MOST_TRIES = 10  # about eight hours
TAKEN = timedelta(minutes=5)  # for so long nobody else sends what one worker is sending


@dataclass(frozen=True, slots=True)
class Mail:
    """A message in plain text to one person."""

    kind: str  # invitation, reset …
    to: str
    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class Sent:
    """How many messages went, and how many will be tried again or were given up."""

    sent: int
    failed: int


def queue_mail(connection: Connection, keys: Keys, message: Mail, at: datetime) -> None:
    """Send it soon."""
    content = encrypt(keys.noting, canonical(asdict(message)).encode(), _PLACE)
    row = {"kind": message.kind, "content": content, "queued_at": utc(at), "next_at": utc(at), "tries": 0}
    connection.execute(insert(mail), row)


def queue_notice(connection: Connection, keys: Keys, notice: Mail | None, at: datetime) -> None:
    """The same where there may be nothing to send, since no mail goes out or the person has no address."""
    if notice is not None:
        queue_mail(connection, keys, notice, at)


def send_due(
    database: Database, deliver: Callable[[Mail], None], clock: Callable[[], datetime], refusal: type[Exception]
) -> Sent:
    """Send what is due, oldest first, each message in its own transaction; those that `refusal` stops are tried later."""
    sent = failed = 0
    done: dict[str, Any]
    while (taken := _take(database, clock())) is not None:
        number, tries, message = taken
        try:
            deliver(message)
        except refusal:
            failed += 1
            wait = None if tries >= MOST_TRIES else utc(clock()) + FIRST_WAIT * 2 ** (tries - 1)
            done = {"next_at": wait, **({"content": None} if wait is None else {})}
        else:
            sent += 1
            done = {"next_at": None, "content": None, "sent_at": utc(clock())}
        with database.write() as connection:
            connection.execute(update(mail).where(mail.c.id == number).values(done))
    return Sent(sent, failed)


def _take(database: Database, at: datetime) -> tuple[int, int, Mail] | None:
    """The oldest message that is due; no other worker gets it for a while."""
    due = select(mail).where(mail.c.next_at <= utc(at)).order_by(mail.c.id).limit(1).with_for_update(skip_locked=True)
    with database.write() as connection:
        row = connection.execute(due).one_or_none()
        if row is None:
            return None
        taken = {"next_at": utc(at) + TAKEN, "tries": row.tries + 1}
        connection.execute(update(mail).where(mail.c.id == row.id).values(taken))
    return row.id, row.tries + 1, Mail(**json.loads(decrypt(database.master.noting, row.content, _PLACE)))


_PLACE = "mail to be sent"
__all__ = ["FIRST_WAIT", "MOST_TRIES", "Mail", "Sent", "queue_mail", "queue_notice", "send_due"]
