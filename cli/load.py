"""`ecrf synth --load`: puts made-up subjects into a database. Loaded only then, as it brings the whole web application."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

import click

from engine.synthesis import Made, Plan, Unsatisfiable, Wanted, make_subject
from engine.synthesis.work import Work
from storage.accounts import Site
from storage.database import Database, open_database
from storage.errors import NotUnique, StorageError
from storage.identity import Taken, taken_by
from storage.keys import read_keys
from storage.upgrading import refresh_statistics
from web.server import keep_for_good
from web.synthetic import Target, load_made, open_targets, person_of

_GROWN = frozenset({20, 80, 320, 1280, 5120})  # subjects after which plans that were made for fewer are worth nothing
_FAR = 10**8 + 3  # beyond all numbers that are asked for; one more gives the next series of PESEL
_TURNS = 20


@dataclass
class Loading(Work):
    """Loads each subject into the database, to the hospitals in turn."""

    plan: Plan
    seed: int
    now: datetime
    wanted: Wanted
    url: str
    folder: Path  # of the definition
    targets: tuple[tuple[Site, Target], ...] = field(default=())

    def __post_init__(self) -> None:
        """See that the database is ready before processes part; connections are not shared."""
        try:
            with self.at_work():
                pass
        except StorageError as fault:
            raise click.UsageError(f"--load: {fault}") from None

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """A connection of its own for each process."""
        database = self._open()
        try:
            self.targets = open_targets(database, self.plan.registry, self.folder, self.now)
            keep_for_good()
            yield
        finally:
            database.close()

    def make(self, number: int) -> str:
        """How many records the subject has."""
        site, target = self.targets[number % len(self.targets)]
        wanted = self.wanted if self.wanted.hospital is not None else replace(self.wanted, hospital=site.code)
        made = self._somebody(number, target, wanted)
        if made.beside is not None:
            raise Unsatisfiable(
                f"subject {number}: {made.broken[0]} needs another subject, which a database would refuse"
            )
        try:
            records = load_made(target, made)
            if number in _GROWN:
                refresh_statistics(target.database)
        except NotUnique:
            raise Unsatisfiable(f"subject {number} is in the database already: take another --seed") from None
        return f"{number} {records} {' '.join(made.broken)}".rstrip()

    def _somebody(self, number: int, target: Target, wanted: Wanted) -> Made:
        """The subject of that number; another one, always the same, where somebody has that one's PESEL or document already.

        Asked before anything is registered: a save that is refused would leave a patient without any record.
        """
        for turn in range(_TURNS):
            made = make_subject(self.plan, self.seed, number + turn * _FAR, self.now, wanted)
            taken = taken_by(target.database, target.registry.model.registry, person_of(target, made))
            if taken is Taken.NOBODY:
                return made
            if taken is Taken.SAME:
                raise Unsatisfiable(f"subject {number} is in the database already: take another --seed")
        raise Unsatisfiable(f"subject {number}: nobody was made up whose PESEL is free: take another --seed")

    def _open(self) -> Database:
        key = os.environ.get("ECRF_MASTER_KEY_FILE", "")
        if not Path(key).is_file():
            raise click.UsageError("--load: set ECRF_MASTER_KEY_FILE to the file with the key to the identities")
        return open_database(self.url, read_keys(Path(key)), connections=1, made_up=True)
