"""The folder of a demonstration: its settings, keys and accounts."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from engine.compiler import default_folder
from web.keyed_folder import MASTER_KEY, SECRET, remove_database, write_privately
from web.settings import Settings
from web.training.folder import empty_training

DATABASE, ACCOUNTS, TRAINING = "demo.sqlite3", "accounts.json", "training"


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """An account with its password, which a demonstration may tell."""

    login: str
    name: str
    password: str
    role: str
    hospital: str


def empty_folder(folder: Path) -> None:
    """Remove the demonstration's own files, nothing else."""
    remove_database(folder / DATABASE)
    empty_training(folder / TRAINING)
    for name in (MASTER_KEY, SECRET, ACCOUNTS):
        (folder / name).unlink(missing_ok=True)


def demo_settings(folder: Path, definitions: Path) -> Settings:
    """The settings of a demonstration on one's own machine."""
    return Settings(
        database_url=f"sqlite:///{folder / DATABASE}",
        definitions=definitions,
        master_key=folder / MASTER_KEY,
        secret=(folder / SECRET).read_text("utf-8"),
        secure_cookies=False,
        synthetic=True,
        training_folder=folder / TRAINING,
        cache=default_folder(),
    )


def write_accounts(folder: Path, accounts: tuple[DemoAccount, ...]) -> None:
    """Keep the accounts; the file is the last one written, so that it says that all is there."""
    write_privately(folder / ACCOUNTS, json.dumps([asdict(one) for one in accounts], ensure_ascii=False, indent=1))


def read_accounts(folder: Path) -> tuple[DemoAccount, ...]:
    """The accounts; none while the demonstration is not complete."""
    path = folder / ACCOUNTS
    if not path.is_file():
        return ()
    return tuple(DemoAccount(**one) for one in json.loads(path.read_text("utf-8")))


__all__ = ["DemoAccount", "demo_settings", "empty_folder", "read_accounts", "write_accounts"]
