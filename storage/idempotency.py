"""The answers to requests, by key: what is sent twice is answered twice and done once."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, delete, select, text, update

from storage.bulk import Writes, addition
from storage.changes import Submitted
from storage.database import Database
from storage.direct import Query
from storage.errors import KeyReused
from storage.keys import Keys
from storage.request import SaveRequest, SaveResult
from storage.slots import canonical, utc
from storage.tables import idempotency
from storage.tables.base import Moment, instant_text


def request_digest(keys: Keys | None, request: SaveRequest, submitted: Submitted) -> bytes:
    """What tells a repeated request from another one with the same key; keyed, since it covers identities."""
    if not request.key:
        return b""
    told = (request.subject, request.place, request.expected_revision, request.complete)
    cells, rows = sorted(submitted.cells.items()), sorted(submitted.rows.values())
    content = canonical([told, cells, rows, sorted(submitted.kept)])
    return keys.keyed_hash("request", content) if keys else hashlib.sha256(content.encode()).digest()


def ask_answers(
    connection: Connection, account: int, keys: Sequence[str]
) -> Callable[[], list[tuple[str, str] | None]]:
    """What requests with these keys were answered, in order; without keys nothing is asked."""
    if not any(keys):
        return lambda: [None] * len(keys)
    fetch = _ANSWERS.ask(connection, {"account": account, "keys": list(keys)})

    def answer() -> list[tuple[str, str] | None]:
        found = {key: (request, text) for key, request, text in fetch()}
        return [found.get(key) for key in keys]

    return answer


def stored_answer(stored: Sequence[str] | None, request: SaveRequest, digest: bytes) -> dict[str, Any] | None:
    """The answer to the same request, if it came before; raises KeyReused when another request came."""
    if stored is None:
        return None
    if bytes.fromhex(stored[0]) != digest:
        raise KeyReused(request.key)
    answer: dict[str, Any] = json.loads(stored[1])
    answer["saved_at"] = datetime.fromisoformat(answer["saved_at"])
    return answer


def keep_answer(writes: Writes, request: SaveRequest, digest: bytes, result: SaveResult) -> None:
    """Remember the answer, in the transaction of the save itself; without a key nobody will ask for it."""
    if not request.key:
        return
    answer = {
        "form": result.form,
        "revision": result.revision,
        "state": result.state,
        "saved_at": instant_text(result.saved_at),
        "cleared": list(result.cleared),
        "unread": list(result.unread),
        "entry": result.entry,
    }
    writes.add(_KEEP, [(request.actor.account, request.key, digest, canonical(answer), utc(request.at))])


def was_used(connection: Connection, account: int, key: str) -> bool:
    """Whether a save of this account was answered under the key."""
    used = select(idempotency.c.key).where(idempotency.c.account_id == account, idempotency.c.key == key)
    return connection.execute(used).first() is not None


def saved_revisions(connection: Connection, account: int, form: int, *, since: datetime) -> frozenset[int]:
    """The revisions of a form that this account's own saves made since a time."""
    mine = select(idempotency.c.answer).where(idempotency.c.account_id == account, idempotency.c.at >= utc(since))
    answers = map(json.loads, connection.execute(mine).scalars())
    return frozenset(answer["revision"] for answer in answers if answer.get("form") == form)


def claim(connection: Connection, account: int, key: str, at: datetime) -> dict[str, Any] | None:
    """Take a key for what is done in this transaction, to be answered by `answer_claim`.

    Where it was taken before, the answer then. Who comes at the same time waits until the first one is done.
    """
    row = {"account": account, "key": key, "request": b"", "at": utc(at)}
    if connection.execute(_CLAIM, row).rowcount:
        return None
    mine = select(idempotency.c.answer).where(idempotency.c.account_id == account, idempotency.c.key == key)
    answer: dict[str, Any] = json.loads(connection.execute(mine).scalar_one())
    return answer


def answer_claim(connection: Connection, account: int, key: str, answer: dict[str, Any]) -> None:
    """What whoever comes with the same key will be told."""
    mine = update(idempotency).where(idempotency.c.account_id == account, idempotency.c.key == key)
    connection.execute(mine.values(answer=canonical(answer)))


def purge_answers(database: Database, *, before: datetime) -> int:
    """Forget the answers from before a time; returns how many."""
    with database.write() as connection:
        return connection.execute(delete(idempotency).where(idempotency.c.at < utc(before))).rowcount


_ANSWERS = Query.of(
    "SELECT key, hex(request), answer FROM idempotency WHERE account_id = :account AND key = ANY(:keys)"
)
_CLAIM = text(
    "INSERT INTO idempotency (account_id, key, request, answer, at) VALUES (:account, :key, :request, '', :at) "
    "ON CONFLICT DO NOTHING"
).bindparams(bindparam("at", type_=Moment()))
_KEEP = addition(idempotency, ("account_id", "key", "request", "answer", "at"))

__all__ = [
    "answer_claim",
    "ask_answers",
    "claim",
    "keep_answer",
    "purge_answers",
    "request_digest",
    "saved_revisions",
    "stored_answer",
    "was_used",
]
