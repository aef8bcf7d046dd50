"""Saving and loading about 100 values on PostgreSQL: ours with audit, a wide table of one row, django-eav2."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import copy
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any, cast
from unittest.mock import patch
from uuid import uuid4

import psycopg
from sqlalchemy import (
    Boolean,
    Column,
    Date,
    Integer,
    MetaData,
    Numeric,
    Table,
    Text,
    create_engine,
    insert,
    make_url,
    select,
)

from benchmarks.definitions import definition, record
from benchmarks.measuring import Row, Together, compare, shown
from benchmarks.peer_django import DjangoEav
from benchmarks.registries import NOW, registry
from engine.records import Evaluation, evaluate
from engine.records.form_data import Focus, FormData
from storage.access import Actor, on_behalf
from storage.accounts import create_account, create_site
from storage.database import Database, open_database
from storage.form_data import Place, load_subject
from storage.instances import open_instance
from storage.keys import derive_keys
from storage.metadata_versions import PublishedDefinition, publish
from storage.request import Evaluate, Rules, SaveRequest
from storage.roles import grant_application_role
from storage.saving import save_form
from storage.subjects import register_subject
from storage.upgrading import upgrade
from tests.conftest import running_postgres

ITEMS = 130
BEFORE = 20  # saves of each contestant before the measurement


def rows(*, quick: bool) -> Iterator[Row]:
    """The part 'storage' of the table."""
    data, rounds = record(ITEMS, 1), 20 if quick else 100
    values = _flat(data)
    with running_postgres() as socket_folder:
        urls = [_new_database(socket_folder) for _ in range(4)]
        ward = Ward(urls[0], data)
        wide = Wide(urls[1], values)
        mapped = MappedWide(urls[2], values)
        django = DjangoEav(socket_folder, urls[3].partition("@/")[2].partition("?")[0], values)
        walled = ward.behind_the_wall()
        for _ in range(BEFORE):
            for one in (ward, walled):
                one.save(one.answered)
            for save in (wide.save, mapped.save, django.save):
                save()
        for url in urls:
            _analyze(url)
        entity, floor = django.save(), Floor(urls[0], ward.prepared(rounds + 1))
        taken = compare(
            {
                "wide": wide.save,
                "mapped": mapped.save,
                "floor": floor.save,
                "ours": lambda: ward.save(ward.answered),
                "walled": lambda: walled.save(ward.answered),
                "whole": lambda: ward.save(Rules(cast("Evaluate", evaluate))),
                "django": django.save,
                "wide load": wide.load,
                "mapped load": mapped.load,
                "ours load": ward.load,
                "walled load": walled.load,
                "django load": lambda: django.load(entity),
            },
            rounds=rounds,
            clock=Together(_servers(urls)),
        )
        for one in (ward, walled):
            one.database.close()
    yield from _told(taken, len(values))


def _told(taken: Mapping[str, float], number: int) -> Iterator[Row]:
    def row(what: str, name: str, base: str, against: str, limit: float, note: str = "") -> Row:
        ratio = taken[name] / taken[base]
        return Row("storage", what, shown(taken[name]), ratio, against, f"≤ {limit:.3g} ×", ratio <= limit, note)

    yield Row("storage", f"save {number} values, one wide row", shown(taken["wide"]), note="psycopg, one transaction")
    yield Row("storage", "the same through SQLAlchemy", shown(taken["mapped"]), taken["mapped"] / taken["wide"], "wide")
    yield Row(
        "storage",
        "the rows of our save, by psycopg",
        shown(taken["floor"]),
        taken["floor"] / taken["wide"],
        "wide",
        note="made beforehand, one statement: the floor of typed rows with audit",
    )
    yield row("save them as we do, audit and states with them", "ours", "wide", "wide", 3, "rules answered beforehand")
    yield row(
        "the same against django-eav2",
        "ours",
        "django",
        "django-eav2",
        1 / 15,
        f"django-eav2: {shown(taken['django'])}, no audit",
    )
    yield row("save them as the application's role", "walled", "ours", "the owner", 1.3, "row-level security in force")
    yield Row(
        "storage", "the whole save, rules evaluated", shown(taken["whole"]), taken["whole"] / taken["wide"], "wide"
    )
    yield Row("storage", "load them from one wide row", shown(taken["wide load"]))
    yield Row(
        "storage",
        "the same through SQLAlchemy",
        shown(taken["mapped load"]),
        taken["mapped load"] / taken["wide load"],
        "wide",
    )
    yield row("load them as we do", "ours load", "wide load", "wide", 2.5, "the patient with all forms")
    yield row("the same as the application's role", "walled load", "ours load", "the owner", 1.3, "row-level security")
    yield Row(
        "storage",
        "load them by django-eav2",
        shown(taken["django load"]),
        taken["django load"] / taken["wide load"],
        "wide",
    )


def _flat(data: FormData) -> dict[str, Any]:
    """The values of a form and its row, each under a name; several codes as one text."""
    values = dict(data.items)
    for group in data.groups.values():
        values |= group[0].items
    return {name: ",".join(value) if isinstance(value, tuple) else value for name, value in values.items()}


def _new_database(socket_folder: Path) -> str:
    name = f"bench_{uuid4().hex}"
    url = f"postgresql://postgres@/{{}}?host={socket_folder}"
    with psycopg.connect(url.format("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
    return url.format(name)


def _analyze(url: str) -> None:
    """What the server does by itself within a minute: until then it plans as if the tables were small."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("ANALYZE")


def _servers(urls: list[str]) -> list[int]:
    """The processes that serve the connections to these databases."""
    with psycopg.connect(urls[0], autocommit=True) as connection:
        names = [psycopg.conninfo.conninfo_to_dict(url)["dbname"] for url in urls]
        asked = "SELECT pid FROM pg_stat_activity WHERE datname = ANY(%s) AND pid <> pg_backend_pid()"
        return [number for (number,) in connection.execute(asked, [names])]


class Wide:
    """The least that a relational table needs: one row, one column a value."""

    def __init__(self, url: str, values: Mapping[str, Any]) -> None:
        self._connection = psycopg.connect(url)
        kinds = {bool: "boolean", Decimal: "numeric", date: "date", str: "text"}
        columns = ", ".join(f"{name} {kinds[type(value)]}" for name, value in values.items())
        with self._connection.transaction():
            self._connection.execute(f"CREATE TABLE wide (id bigserial PRIMARY KEY, {columns})".encode())
        names, marks = ", ".join(values), ", ".join(["%s"] * len(values))
        self._insert = f"INSERT INTO wide ({names}) VALUES ({marks}) RETURNING id".encode()
        self._values = list(values.values())
        self._last = 0

    def save(self) -> None:
        """One row in one transaction."""
        with self._connection.transaction():
            found = self._connection.execute(self._insert, self._values, prepare=True).fetchone()
        self._last = found[0] if found else 0

    def load(self) -> Any:
        """One row."""
        with self._connection.transaction():
            return self._connection.execute("SELECT * FROM wide WHERE id = %s", [self._last], prepare=True).fetchone()


class MappedWide:
    """The same row written with the library that we use, as an application would."""

    def __init__(self, url: str, values: Mapping[str, Any]) -> None:
        self._pool = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
        kinds = {bool: Boolean, Decimal: Numeric, date: Date, str: Text}
        columns = [Column(name, kinds[type(value)]()) for name, value in values.items()]
        self._table = Table("wide", MetaData(), Column("id", Integer, primary_key=True), *columns)
        self._table.metadata.create_all(self._pool)
        self._values = dict(values)
        self._last = 0

    def save(self) -> None:
        """One row in one transaction."""
        with self._pool.begin() as connection:
            found = connection.execute(insert(self._table).returning(self._table.c.id), self._values)
            self._last = found.scalar_one()

    def load(self) -> Any:
        """One row."""
        with self._pool.connect() as connection:
            return connection.execute(select(self._table).where(self._table.c.id == self._last)).one()


Prepared = list[tuple[str, Any]]  # the statements of a save with their parameters


class Floor:
    """Our own statements sent by the driver alone: what is left of a save when nothing is asked or worked out."""

    def __init__(self, url: str, saves: list[Prepared]) -> None:
        self._connection = psycopg.connect(url)
        self._saves = saves

    def save(self) -> None:
        """The rows of one save in one transaction and one trip."""
        with self._connection.transaction(), self._connection.pipeline():
            for statement, given in self._saves.pop():
                psycopg.RawCursor(self._connection).execute(statement, given, prepare=True)


@dataclass
class Ward:
    """A site with one patient after another: each save opens a new form, each load reads the last one."""

    url: str
    data: FormData

    def __post_init__(self) -> None:
        self.registry = registry(ITEMS, ITEMS)
        self.database: Database = open_database(self.url, derive_keys(b"k" * 32))
        upgrade(self.database)
        text = definition(ITEMS, ITEMS)
        name = self.registry.model.registry
        publish(self.database, PublishedDefinition(name, "1.0.0", self.registry.hash, text), who="office", at=NOW)
        account = create_account(self.database, "jan", "Jan", "correct horse battery", who="office", at=NOW)
        site = create_site(self.database, "s1", "Szpital", who="office", at=NOW)
        self.actor = Actor(account, "jan", name, site)
        self._numbers = count(1)
        self._waiting = [self._patient() for _ in range(600)]
        self._last = self._waiting[0][0]
        self.answered = Rules(self._once())

    def behind_the_wall(self) -> Ward:
        """The same site through the application's role: PostgreSQL's policies ask whether it may."""
        grant_application_role(self.database, "ecrf_bench")
        url = make_url(self.url).set(username="ecrf_bench").render_as_string(hide_password=False)
        opened, one = open_database(url, derive_keys(b"k" * 32)), copy(self)
        one.database = on_behalf(opened, self.actor, NOW + timedelta(days=2))
        return one

    def _patient(self) -> tuple[int, int]:
        new = register_subject(self.database, self.actor, prefix="BEN", at=NOW)
        episode = open_instance(self.database, self.registry, self.actor, new.subject, "episode", new.patient, at=NOW)
        return new.subject, episode

    def _once(self) -> Any:
        """Rules that were evaluated once: what is measured then is storage alone."""
        known: list[Evaluation] = []

        def answer(compiled: Any, subject: Any, focus: Focus, **how: Any) -> Evaluation:
            if not known:
                known.append(evaluate(compiled, subject, focus, **how))
            return known[0]

        return answer

    def prepared(self, number: int) -> list[Prepared]:
        """So many saves, whose rows are gathered instead of sent."""
        found: list[Prepared] = []

        def gather(_connection: Any, statement: str, given: Any) -> None:
            found[-1].append((statement, given))

        with patch("storage.bulk.send", gather):
            for _ in range(number):
                found.append([])
                self.save(self.answered)
        assert all(found)
        return found

    def save(self, rules: Rules) -> None:
        """A new form of a new patient."""
        self._last, episode = self._waiting.pop()
        number = next(self._numbers)
        group, (row,) = next(iter(self.data.groups.items()))
        data = replace(self.data, groups={group: (replace(row, id=f"r{number}"),)})
        place, at = Place(episode, "f0"), NOW + timedelta(minutes=number)
        request = SaveRequest(self._last, place, data, 0, f"key{number}", actor=self.actor, at=at)
        save_form(self.database, self.registry, request, rules)

    def load(self) -> Any:
        """The patient who was saved last."""
        return load_subject(self.database, self.registry, self.actor, self._last, NOW + timedelta(days=2))
