"""Fills a demonstration's database through the normal save path: hospitals, accounts, made-up patients of each registry in all stages."""

from __future__ import annotations

import secrets
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from engine.datatypes.local_time import to_local
from engine.model.form import CheckSeverity
from engine.model.text import in_language
from engine.synthesis import Plan, Unsatisfiable, make_subject
from engine.synthesis.work import Work
from storage.access import Actor
from storage.accounts import add_membership, create_account, create_site
from storage.database import open_database
from storage.hospitals import Change, add_participation, add_unit
from web.demo.folder import DemoAccount
from web.registries import Version
from web.stages import Stage, load_stage, plan_of
from web.synthetic import Target
from web.workspace import Workspace

SEED = 20250317
WHO = "demo"
LONG_AGO = timedelta(days=900)
HOSPITALS = (
    ("990000000101", "Szpital Wojewódzki w Zalesiu", 26),
    ("990000000102", "Uniwersyteckie Centrum Kardiologii w Brzezinowie", 20),
    ("990000000103", "Szpital Specjalistyczny w Lipowcu", 14),
)
PEOPLE = (
    ("anna.nowak", "Anna Nowak", "entry", 0),
    ("piotr.zielinski", "Piotr Zieliński", "coordinator", 0),
    ("tomasz.wilk", "Tomasz Wilk", "physician", 0),
    ("ewa.wrona", "Ewa Wrona", "reader", 0),
    ("jan.kowalczyk", "Jan Kowalczyk", "entry", 1),
    ("maria.lis", "Maria Lis", "entry", 2),
    ("monika.sowa", "Monika Sowa", "monitor", None),  # for the whole registry
    ("renata.zych", "Renata Zych", "registry_coordinator", None),
    ("lena.maj", "Lena Maj", "local_administrator", 0),
    ("olga.rutkowska", "Olga Rutkowska", "administrator", None),
)
WORDS = (
    *("brzoza", "dolina", "jezioro", "kasztan", "latawiec", "malina"),
    *("olcha", "rzeka", "sosna", "wiatr", "zorza", "zagroda"),
)


WARNING, REASON, ERROR = CheckSeverity.WARNING, CheckSeverity.WARNING_REASON, CheckSeverity.ERROR
STAGES = (  # the newest patients come last; those of a hospital that has fewer are all of long ago
    *(Stage(days) for days in (830, 740, 690, 640, 590, 540, 500, 460, 430)), Stage(410), Stage(300, severity=REASON), Stage(210),
    Stage(150, 0.75, draft=True), Stage(95), Stage(60, severity=WARNING), Stage(48, 0.65), Stage(40), Stage(33, 0.6, draft=True),
    Stage(25, severity=ERROR), Stage(18), Stage(12, 0.6), Stage(9, 0.5, draft=True), Stage(6, 0.45), Stage(5, 0.3, draft=True),
    Stage(4, 0.2), Stage(4, 0.1, draft=True),
)  # fmt: skip


def fill(space: Workspace, tell: Callable[[str], None], processes: int) -> tuple[DemoAccount, ...]:
    """Make everything; `tell` gets a line now and then."""
    now = space.settings.clock()
    sites = [create_site(space.database, code, name, who=WHO, at=now) for code, name, _ in HOSPITALS]
    accounts, actors = _people(space, sites, now)
    _take_part(space, sites, now)
    for place, version in enumerate(space.registries.current.values()):
        # Nobody is registered twice, so that each registry has people of its own.
        work = _Filling(space, version, plan_of(version.registry, space.settings), SEED + place, actors, now)
        made = Counter(work.results(len(PATIENTS), processes))
        tell(f"{in_language(version.registry.model.title, 'pl')}: {made[DONE]}")
    return accounts


PATIENTS = tuple((place, stage) for place, (_, _, count) in enumerate(HOSPITALS) for stage in STAGES[:count])
DONE = "done"
_FAILED = 2


@dataclass
class _Filling(Work):
    """Makes the patients of a registry."""

    space: Workspace
    version: Version
    plan: Plan
    seed: int
    actors: list[Actor]
    now: datetime
    failed: int = 0  # patients for which no values were found, while there is none for whom they were

    @contextmanager
    def at_work(self) -> Iterator[None]:
        """A connection of its own for each process."""
        settings = self.space.settings
        database = open_database(settings.database_url, self.space.database.keys, connections=1, made_up=True)
        version, now = self.version, self.now
        self._targets = [
            Target(
                database, version.registry, version.rules, version.prefix, replace(actor, registry=version.name), now
            )
            for actor in self.actors
        ]
        try:
            yield
        finally:
            database.close()

    def make(self, number: int) -> str:
        """Make a patient; whether that was possible."""
        place, stage = PATIENTS[number - 1]
        target, hospital = self._targets[place], HOSPITALS[place][0]
        if self.failed >= _FAILED:
            return ""  # nobody waits for a registry whose patients cannot be made up without a distribution
        try:
            made = make_subject(self.plan, self.seed, number, self.now, stage.wanted(hospital))
        except Unsatisfiable:
            self.failed += 1
            return ""
        self.failed = -len(PATIENTS)
        load_stage(target, made, stage)
        return DONE


def _people(space: Workspace, sites: list[int], now: datetime) -> tuple[tuple[DemoAccount, ...], list[Actor]]:
    accounts: list[DemoAccount] = []
    actors: dict[int, Actor] = {}
    for login, name, role, place in PEOPLE:
        password = f"{secrets.choice(WORDS)}-{secrets.choice(WORDS)}-{secrets.randbelow(9000) + 1000}"
        account = create_account(space.database, login, name, password, who=WHO, at=now)
        site = sites[place] if place is not None else None
        for registry in space.registries.current:
            add_membership(space.database, account, registry, role, site_id=site, who=WHO, at=now - LONG_AGO)
        accounts.append(
            DemoAccount(
                login,
                name,
                password,
                role,
                HOSPITALS[place][1] if place is not None else "wszystkie szpitale / all hospitals",
            )
        )
        if place is not None:
            actors.setdefault(place, Actor(account, name, "", site, role))
    return tuple(accounts), [actors[place] for place in range(len(sites))]


def _take_part(space: Workspace, sites: list[int], now: datetime) -> None:
    """Every hospital takes part in every registry with one of its units, since before the first patient."""
    change, first_day = Change(WHO, now, "demo", channel="admin"), to_local(now - LONG_AGO).date()
    for site in sites:
        unit = add_unit(space.database, site, "100", "Klinika Kardiologii", change)
        for registry in space.registries.current:
            add_participation(space.database, site, registry, first_day, change, unit_id=unit)


__all__ = ["fill"]
