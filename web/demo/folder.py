"""The folder of a demonstration: its settings, keys and accounts, readable by nobody else and unknown to git."""

from __future__ import annotations

import base64
import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from engine.compiler import default_folder
from web.settings import Settings

FILES = ("demo.sqlite3", "master.key", "secret", "accounts.json")


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """An account with its password, which a demonstration may tell."""

    login: str
    name: str
    password: str
    role: str
    hospital: str


def prepare_folder(folder: Path) -> None:
    """Make the folder with random keys where they are not there yet."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _write(folder / ".gitignore", "*\n")
    if not (folder / "master.key").is_file():
        _write(folder / "master.key", base64.b64encode(secrets.token_bytes(32)).decode())
    if not (folder / "secret").is_file():
        _write(folder / "secret", secrets.token_urlsafe(48))


def empty_folder(folder: Path) -> None:
    """Remove the demonstration's own files, nothing else."""
    for name in FILES:
        for path in (folder / name, *(folder / f"{name}-{end}" for end in ("wal", "shm", "journal"))):
            path.unlink(missing_ok=True)


def demo_settings(folder: Path, definitions: Path) -> Settings:
    """The settings of a demonstration on one's own machine."""
    return Settings(
        database_url=f"sqlite:///{folder / 'demo.sqlite3'}",
        definitions=definitions,
        master_key=folder / "master.key",
        secret=(folder / "secret").read_text("utf-8"),
        secure_cookies=False,
        synthetic=True,
        cache=default_folder(),
    )


def write_accounts(folder: Path, accounts: tuple[DemoAccount, ...]) -> None:
    """Keep the accounts; the file is the last one written, so that it says that all is there."""
    _write(folder / "accounts.json", json.dumps([asdict(one) for one in accounts], ensure_ascii=False, indent=1))


def read_accounts(folder: Path) -> tuple[DemoAccount, ...]:
    """The accounts; none while the demonstration is not complete."""
    path = folder / "accounts.json"
    if not path.is_file():
        return ()
    return tuple(DemoAccount(**one) for one in json.loads(path.read_text("utf-8")))


def _write(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.write(text)


__all__ = ["DemoAccount", "demo_settings", "empty_folder", "prepare_folder", "read_accounts", "write_accounts"]
