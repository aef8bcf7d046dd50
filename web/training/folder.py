"""The folder of the training mode: keys of its own, and its databases, of which the newest counts."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from web.keyed_folder import MASTER_KEY, SECRET, prepare_folder, remove_database, write_privately
from web.settings import Settings

KEPT = 2  # databases: requests that are at work when training begins anew end in the one they began in
_CURRENT, _LOCK, _DATABASES = "current", "lock", "training-*.sqlite3"


@dataclass(frozen=True, slots=True)
class TrainingFolder:
    """Where training keeps everything. Each beginning anew is one more database; a file names the one that counts."""

    path: Path

    @property
    def current(self) -> Path | None:
        """The database that counts; none before somebody has come to train."""
        try:
            return self.path / (self.path / _CURRENT).read_text("utf-8")
        except FileNotFoundError:
            return None

    def next(self) -> Path:
        """Where the next database goes. Makes the folder and its keys at first."""
        prepare_folder(self.path)
        numbers = [int(path.stem.rpartition("-")[2]) for path in self.path.glob(_DATABASES)]
        return self.path / f"training-{max(numbers, default=0) + 1:06}.sqlite3"

    def put(self, database: Path) -> None:
        """From now on this one counts, in all processes; old ones go."""
        fresh = self.path / f"{_CURRENT}.new"
        write_privately(fresh, database.name)
        fresh.replace(self.path / _CURRENT)
        for old in sorted(self.path.glob(_DATABASES))[:-KEPT]:
            remove_database(old)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """One at a time, over all threads and processes."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self.path / _LOCK).open("w", encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def settings(self, real: Settings, database: Path) -> Settings:
        """The settings of the training beside a real system: its database, keys and cookies are its own, and it sends no mail."""
        return Settings(
            database_url=f"sqlite:///{database}",
            definitions=real.definitions,
            master_key=self.path / MASTER_KEY,
            secret=(self.path / SECRET).read_text("utf-8")
            + database.stem,  # so that a page of an earlier one is a stranger's
            secure_cookies=real.secure_cookies,
            training=True,
            operator=real.operator,
            cache=real.cache,
            clock=real.clock,
        )


def empty_training(path: Path) -> None:
    """Remove everything that training made in a folder, nothing else."""
    for database in path.glob(_DATABASES):
        remove_database(database)
    for name in (_CURRENT, _LOCK, MASTER_KEY, SECRET):
        (path / name).unlink(missing_ok=True)


__all__ = ["TrainingFolder", "empty_training"]
