"""Fills a demonstration's database through the normal save path: hospitals, accounts, made-up patients in all stages."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from engine.model.form import CheckSeverity
from engine.records.form_data import FormData
from engine.synthesis import NO_DISTRIBUTION, Wanted, make_subject, plan_synthesis, read_distribution
from storage.access import Actor
from storage.accounts import add_membership, create_account, create_site
from web.demo.folder import DemoAccount
from web.drafts import Draft, keep_draft
from web.synthetic import Load, Record, Target
from web.workspace import Workspace

REGISTRY = "lead_extraction"
SEED = 20250317
WHO = "demo"
HOSPITALS = (
    ("990000000101", "Szpital Wojewódzki w Zalesiu", 17),
    ("990000000102", "Uniwersyteckie Centrum Kardiologii w Brzezinowie", 12),
    ("990000000103", "Szpital Specjalistyczny w Lipowcu", 7),
)
PEOPLE = (
    ("anna.nowak", "Anna Nowak", "entry", 0),
    ("piotr.zielinski", "Piotr Zieliński", "coordinator", 0),
    ("ewa.wrona", "Ewa Wrona", "reader", 0),
    ("jan.kowalczyk", "Jan Kowalczyk", "entry", 1),
    ("maria.lis", "Maria Lis", "entry", 2),
)
WORDS = (
    *("brzoza", "dolina", "jezioro", "kasztan", "latawiec", "malina"),
    *("olcha", "rzeka", "sosna", "wiatr", "zorza", "zagroda"),
)


@dataclass(frozen=True, slots=True)
class Stage:
    """How far a patient is: since how many days, how many records are saved, what is wrong."""

    days_ago: int
    saved: int | None = None  # None: all that are due
    severity: CheckSeverity | None = None
    draft: bool = False  # whether the next record is begun


WARNING, REASON, ERROR = CheckSeverity.WARNING, CheckSeverity.WARNING_REASON, CheckSeverity.ERROR
STAGES = (  # the newest patients come last; those of a hospital that has fewer are all of long ago
    Stage(410), Stage(300, severity=REASON), Stage(210), Stage(150, 11, draft=True), Stage(95), Stage(60, severity=WARNING),
    Stage(48, 9), Stage(40), Stage(33, 8, draft=True), Stage(25, severity=ERROR), Stage(18), Stage(12, 8), Stage(9, 7, draft=True),
    Stage(6, 6), Stage(5, 4, draft=True), Stage(4, 3), Stage(4, 1, draft=True),
)  # fmt: skip


def fill(space: Workspace, distribution: Path, tell: Callable[[str], None]) -> tuple[DemoAccount, ...]:
    """Make everything; `tell` gets a line now and then."""
    now = space.settings.clock()
    sites = [create_site(space.database, code, name, who=WHO, at=now) for code, name, _ in HOSPITALS]
    accounts, actors = _people(space, sites, now)
    version = space.registries.current[REGISTRY]
    drawn = read_distribution(distribution, version.registry) if distribution.is_file() else NO_DISTRIBUTION
    plan, number = plan_synthesis(version.registry, drawn), 0
    for place, (code, name, count) in enumerate(HOSPITALS):
        target = Target(space.database, version.registry, version.rules, version.prefix, actors[place], now)
        for stage in STAGES[:count]:
            number += 1
            wanted = Wanted(severity=stage.severity, hospital=code, days_ago=stage.days_ago)
            _load(target, Load(target, make_subject(plan, SEED, number, now, wanted)), stage)
        tell(f"{name}: {count}")
    return accounts


def _people(space: Workspace, sites: list[int], now: datetime) -> tuple[tuple[DemoAccount, ...], list[Actor]]:
    accounts: list[DemoAccount] = []
    actors: dict[int, Actor] = {}
    for login, name, role, place in PEOPLE:
        password = f"{secrets.choice(WORDS)}-{secrets.choice(WORDS)}-{secrets.randbelow(9000) + 1000}"
        account = create_account(space.database, login, name, password, who=WHO, at=now)
        add_membership(
            space.database, account, REGISTRY, role, site_id=sites[place], who=WHO, at=now - timedelta(days=900)
        )
        accounts.append(DemoAccount(login, name, password, role, HOSPITALS[place][1]))
        actors.setdefault(place, Actor(account, name, REGISTRY, sites[place], role))
    return tuple(accounts), [actors[place] for place in range(len(sites))]


def _load(target: Target, load: Load, stage: Stage) -> None:
    """Save the records of a stage; the next one may be begun and left."""
    most = stage.saved + stage.draft if stage.saved is not None else None
    left = stage.saved
    for visit in load.visits(most):
        ready = visit[:left]
        if ready:
            load.save(ready)
        left = left - len(ready) if left is not None else None
        for record in visit[len(ready) :]:
            _begin(target, record)


def _begin(target: Target, record: Record) -> None:
    """A record of which somebody typed the first half."""
    items = list(record.data.items.items())
    half = FormData(dict(items[: max(1, len(items) // 2)]), record.data.groups)
    form = target.registry.model.forms[record.place.form]
    draft = Draft(half, 0, rows=frozenset())
    keep_draft(target.database, target.actor, record.subject, record.place, form, draft, record.at)


__all__ = ["REGISTRY", "fill"]
