"""Fills a demonstration's database through the normal save path: hospitals, accounts, patients, forms."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from random import Random
from typing import Any

from engine.datatypes.local_time import resolve, to_local
from engine.datatypes.values import Entered, Reference
from engine.definitions.source import read_source
from engine.errors import Problems
from engine.records.form_data import FormData, Instance, RowData
from engine.records.json_data import read_values
from storage.access import Actor
from storage.accounts import add_membership, create_account, create_site
from storage.errors import ConfirmClear
from storage.form_data import Place
from storage.request import SaveRequest, SaveResult
from storage.saving import save_form
from storage.subjects import add_occurrence, open_instance, register_subject
from web.demo.episodes import Case, Tree, make_episode
from web.demo.folder import DemoAccount
from web.demo.persons import make_person
from web.drafts import Draft, keep_draft, row_ids
from web.registries import Version
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
TWISTS = (
    "", "high_dose", "", "leads_left", "half", "", "remnant", "not_known", "", "end_first", "other_sex", "long", "", "half",
)  # fmt: skip
WORDS = (
    "brzoza",
    "dolina",
    "jezioro",
    "kasztan",
    "latawiec",
    "malina",
    "olcha",
    "rzeka",
    "sosna",
    "wiatr",
    "zorza",
    "zagroda",
)


@dataclass(frozen=True, slots=True)
class Saved:
    """A form to save: where it stands in the example, and in which event."""

    form: str
    event: str = ""


ORDER = (
    Saved("patient"), Saved("admission"), Saved("baseline"), Saved("device"), Saved("indication"), Saved("workup"),
    Saved("procedure"), Saved("complications", "procedure"), Saved("reimplantation"), Saved("discharge"),
    Saved("complications", "discharge"), Saved("follow_up", "fu_1m"), Saved("complications", "fu_1m"), Saved("follow_up", "fu_6m"),
    Saved("complications", "fu_6m"), Saved("follow_up", "fu_12m"), Saved("complications", "fu_12m"),
)  # fmt: skip
AFTER_DAYS = (  # days from admission or procedure until the form is filled
    0, 0, 0, 0, 0, 0, 1, 1, 6, 6, 6, 35, 35, 190, 190, 371, 371,
)  # fmt: skip


def fill(space: Workspace, examples: Path, tell: Callable[[str], None]) -> tuple[DemoAccount, ...]:
    """Make everything; `tell` gets a line now and then."""
    now = space.settings.clock()
    sites = [create_site(space.database, code, name, who=WHO, at=now) for code, name, _ in HOSPITALS]
    accounts, actors = _people(space, sites, now)
    bases = read_bases(examples)
    draw, number = Random(SEED), 0  # noqa: S311 - a demonstration must come out the same each time
    for place, (code, name, count) in enumerate(HOSPITALS):
        for _ in range(count):
            case = _case(number, code, draw, to_local(now).date())
            base = bases["b" if number % 4 == 3 else "a"]
            Filling(space, actors[place], case, now).run(make_episode(base, case, draw))
            number += 1
        tell(f"{name}: {count}")
    return accounts


def read_bases(examples: Path) -> dict[str, Tree]:
    """The example episodes of a definition."""
    problems = Problems()
    root = read_source(examples.read_bytes(), str(examples), problems, examples.parent)
    if root is None:
        raise ValueError(f"{examples} cannot be read")
    return {name: node.plain() for name, node in root.map_of("base").items()}


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


def _case(number: int, site: str, draw: Random, today: date) -> Case:
    """The newest patients come last; the last two of a hospital are only beginning."""
    ago = (410, 300, 210, 150, 95, 60, 48, 40, 33, 25, 18, 12, 9, 6, 4, 3, 2)[number % 17]
    procedure = today - timedelta(days=ago + draw.randrange(0, 3))
    stop = (17, 15, 13, 13, 13, 11, 13, 11, 11, 11, 8, 8, 7, 7, 7, 4, 1)[number % 17]
    return Case(number, make_person(draw, number, today), procedure, site, stop, TWISTS[number % len(TWISTS)])


@dataclass(slots=True)
class Filling:
    """One patient being filled in."""

    space: Workspace
    actor: Actor
    case: Case
    now: datetime
    last: datetime | None = None

    @property
    def version(self) -> Version:
        """The registry."""
        return self.space.registries.current[REGISTRY]

    def run(self, tree: Tree) -> None:
        """Register, open an episode, save as many forms as the case says; the next one may be left as a draft."""
        admitted = datetime.fromisoformat(tree["forms"]["admission"]["adm_datetime"])
        at = self._moment(admitted.date(), admitted.hour + 1, 10)
        new = register_subject(self.space.database, self.actor, prefix=self.version.prefix, at=at)
        episode = open_instance(self.space.database, self.actor, new.subject, "episode", new.patient, at=at)
        forms = dict(_forms(self.version, tree))
        for place, what in enumerate(ORDER[: self.case.stop + 1]):
            day = admitted.date() if place < ORDER.index(Saved("procedure")) else self.case.procedure
            at = self._moment(day + timedelta(days=AFTER_DAYS[place]), 10 + place % 6, 7 * place % 60)
            where = self._place(new.subject, new.patient, episode, what, at)
            if place < self.case.stop:
                self._save(new.subject, where, forms[what], at)
            elif self.case.number % 3 == 1 and what.form != "patient":
                self._draft(new.subject, where, forms[what], at)

    def _place(self, subject: int, patient: int, episode: int, what: Saved, at: datetime) -> Place:
        if what.event:
            occurrence = add_occurrence(self.space.database, self.actor, subject, episode, what.event, at=at, number=1)
            return Place(episode, what.form, occurrence)
        return Place(patient if what.form == "patient" else episode, what.form)

    def _moment(self, day: date, hour: int, minute: int) -> datetime:
        """The wished time, never in the future and never before what was done last."""
        wished = resolve(datetime.combine(day, time(hour, minute)))[0]
        latest = self.now - timedelta(minutes=90 - self.case.number)
        earliest = self.last + timedelta(minutes=2) if self.last else min(wished, latest)
        self.last = max(min(wished, latest), earliest)
        return self.last

    def _save(self, subject: int, place: Place, data: FormData, at: datetime) -> SaveResult:
        request = SaveRequest(
            subject,
            place,
            data,
            expected_revision=0,
            key=secrets.token_urlsafe(18),
            actor=self.actor,
            at=at,
            complete=True,
        )
        registry, rules = self.version.registry, self.version.rules
        try:
            result = save_form(self.space.database, registry, request, rules)
        except ConfirmClear as asked:
            request = replace(request, confirm_clear=frozenset(asked.paths))
            result = save_form(self.space.database, registry, request, rules)
        if result.unread:
            raise ValueError(f"{place.form}: the example holds what cannot be read: {', '.join(result.unread)}")
        return result

    def _draft(self, subject: int, place: Place, data: FormData, at: datetime) -> None:
        kept = list(data.items.items())[: max(2, len(data.items) // 2)]
        draft = Draft(FormData(dict(kept), data.groups), 0, rows=frozenset())
        form = self.version.registry.model.forms[place.form]
        keep_draft(self.space.database, self.actor, subject, place, form, draft, at)


def _forms(version: Version, tree: Tree) -> Iterator[tuple[Saved, FormData]]:
    """Each form of the tree with new row ids; references follow."""
    reading = read_values(version.registry, "patient", None, tree)
    names: dict[str, str] = {}
    found: dict[Saved, FormData] = {}

    def walk(instance: Instance) -> None:
        for form, records in instance.forms.items():
            found[Saved(form)] = records[0]
        for occurrence in instance.occurrences:
            for form, data in occurrence.forms.items():
                found.setdefault(Saved(form, occurrence.event), data)
        for child in instance.children:
            walk(child)

    walk(reading.subject)
    for data in found.values():
        names.update({row: secrets.token_hex(8) for row in row_ids(data)})
    yield from ((what, _renamed(data, names)) for what, data in found.items())


def _renamed(part: Any, names: dict[str, str]) -> Any:
    items: dict[str, Entered] = {
        name: Reference(names.get(value.target, value.target)) if isinstance(value, Reference) else value
        for name, value in part.items.items()
    }
    groups = {group: tuple(_renamed(row, names) for row in rows) for group, rows in part.groups.items()}
    return RowData(names[part.id], items, groups) if isinstance(part, RowData) else FormData(items, groups)


__all__ = ["REGISTRY", "fill", "read_bases"]
