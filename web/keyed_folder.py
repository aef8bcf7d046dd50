"""A folder with random keys of its own, readable by nobody else and unknown to git."""

from __future__ import annotations

import base64
import os
import secrets
from pathlib import Path

MASTER_KEY, SECRET = "master.key", "secret"


def prepare_folder(folder: Path) -> None:
    """Make the folder with random keys where they are not there yet."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_privately(folder / ".gitignore", "*\n")
    if not (folder / MASTER_KEY).is_file():
        write_privately(folder / MASTER_KEY, base64.b64encode(secrets.token_bytes(32)).decode())
    if not (folder / SECRET).is_file():
        write_privately(folder / SECRET, secrets.token_urlsafe(48))


def remove_database(path: Path) -> None:
    """Remove a database of SQLite with what lies beside it."""
    for each in (path, *(path.with_name(f"{path.name}-{end}") for end in ("wal", "shm", "journal"))):
        each.unlink(missing_ok=True)


def write_privately(path: Path, text: str) -> None:
    """Write a file anew that nobody else reads."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)


__all__ = ["MASTER_KEY", "SECRET", "prepare_folder", "remove_database", "write_privately"]
