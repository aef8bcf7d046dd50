"""Attached files: their content, encrypted under the subject's key and found by its digest."""

from __future__ import annotations

import hashlib
from datetime import datetime

from sqlalchemy import select

from storage.access import Actor, require_access
from storage.bulk import upsert
from storage.database import Database
from storage.errors import NotFound
from storage.identity import subject_key_of
from storage.keys import decrypt, encrypt
from storage.locking import look_at_subject
from storage.slots import utc
from storage.tables import blob


def keep_file(database: Database, actor: Actor, subject: int, content: bytes, *, at: datetime) -> str:
    """Keep a file of a subject; returns its digest (SHA-256, hex). The same content is kept once."""
    digest = hashlib.sha256(content).hexdigest()
    with database.write() as connection:
        require_access(connection, actor, subject, at)
        key = subject_key_of(database.master, look_at_subject(connection, subject))
        ciphertext = encrypt(key.key, content, f"file {subject} {digest}")
        _KEEP.run(connection, [(subject, digest, ciphertext, utc(at))])
    return digest


def file_content(database: Database, actor: Actor, subject: int, digest: str, *, at: datetime) -> bytes:
    """The content back; raises NotFound."""
    query = select(blob.c.ciphertext).where(blob.c.subject_id == subject, blob.c.digest == digest)
    with database.read() as connection:
        require_access(connection, actor, subject, at)
        ciphertext = connection.execute(query).scalar_one_or_none()
        if ciphertext is None:
            raise NotFound("file", digest)
        key = subject_key_of(database.master, look_at_subject(connection, subject))
    return decrypt(key.key, bytes(ciphertext), f"file {subject} {digest}")


_KEEP = upsert(blob, ("subject_id", "digest", "ciphertext", "added_at"))

__all__ = ["file_content", "keep_file"]
