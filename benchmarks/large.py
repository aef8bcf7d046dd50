"""How pages answer when there are very many patients: `python -m benchmarks.large -n 1000000 [--write FILE] [--plans]`.

Some hundred made-up patients are loaded through the normal save path; the database then copies their rows, each copy with ids of its own,
to 250 hospitals of which the first are larger. The pages are asked as a browser asks them, by somebody of the largest hospital and by the
keeper of the registry. Left out of copies: sealed identities (which belong to one person's key), but not the hashes by which people are
found, and the audit, which `benchmarks.auditing` measures. The commonest surname has about one in four hundred.
"""

from __future__ import annotations

import argparse
import base64
import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import quantiles
from tempfile import TemporaryDirectory
from time import perf_counter
from unittest.mock import patch

from argon2 import PasswordHasher
from flask import Flask
from sqlalchemy import Connection, event, text

from cli.synth import distribution_of
from engine.synthesis import Unsatisfiable, Wanted, make_subject, plan_synthesis
from storage.accounts import Site, add_membership, create_account, create_site
from storage.database import Database
from storage.listing import Order
from tests.conftest import running_postgres
from tests.web.browsing import PASSWORD, Browser
from web.app import create_app
from web.server import keep_for_good
from web.settings import Settings
from web.synthetic import Load, open_targets
from web.workspace import EXTENSION, Workspace

DEFINITIONS = Path(__file__).parents[1] / "form_definitions"
REGISTRY = "lead_extraction"
NOW = datetime(2026, 11, 1, 11, 0, tzinfo=UTC)
HOSPITALS, MODELS = 250, 200  # patients that are made up; all others are copies
FORMS = 6  # of a patient: with what rules calculate, about a hundred values
AIM = 0.200  # seconds
_SITE = "1 + floor(250 * power((hashint4(({subject})::int) & 65535) / 65536.0, 1.3))::int"
_SHIFTS = {"subject_id": "subject", "instance_id": "instance", "parent_id": "instance", "part_id": "instance", "form_id": "form_instance",
           "occurrence_id": "occurrence"}  # fmt: skip
TABLES = (
    "subject", "enrolment", "instance", "access", "occurrence", "form_instance", "row_data", "item_data", "calculated_data",
    "issue", "acknowledgement", "latest_event", "pending_event", "missed_event", "casebook", "unique_key", "promise",
    "identity_hash",
)  # fmt: skip
# As the triggers would have counted.
COUNT_MONTHS = (
    "INSERT INTO form_month SELECT a.registry, a.site_id, f.form, to_char(f.opened_at AT TIME ZONE 'UTC', 'YYYY-MM'), count(*), "
    "count(*) FILTER (WHERE f.state <> 'in_progress') FROM form_instance f JOIN access a ON a.subject_id = f.subject_id "
    "AND a.instance_id IS NULL GROUP BY 1, 2, 3, 4"
)


@dataclass(frozen=True, slots=True)
class Copier:
    """Copies rows with new ids: those of the models, and a distance for each copy."""

    connection: Connection
    copies: int
    distance: Mapping[str, int]  # by table whose ids move

    def copy(self, table: str) -> None:
        """All rows of the models, once for each copy. The keys of the table are made anew when all rows are there."""
        columns = self._columns(table)
        said = ", ".join(self._value(table, column) for column in columns)
        keys = self._drop_keys(table)
        self.connection.execute(text(f"CREATE TEMP TABLE model AS SELECT * FROM {table}"))
        self.connection.execute(
            text(
                f"INSERT INTO {table} ({', '.join(columns)}) SELECT {said} FROM generate_series(1, {self.copies}) k, model b"
            )
        )
        self.connection.execute(text("DROP TABLE model"))
        for statement in keys:
            self.connection.execute(text(statement))

    def _columns(self, table: str) -> list[str]:
        named = "SELECT column_name FROM information_schema.columns WHERE table_name = :t AND table_schema = 'public' ORDER BY ordinal_position"
        found = self.connection.execute(text(named), {"t": table}).scalars()
        return [name for name in found if (table, name) != ("access", "id")]  # nothing names a grant

    def _value(self, table: str, column: str) -> str:
        subject = f"b.subject_id + k * {self.distance['subject']}"
        if column == "id":
            return f"b.id + k * {self.distance[table]}"
        if column in _SHIFTS:
            return f"b.{column} + k * {self.distance[_SHIFTS[column]]}"
        if column == "site_id" and table == "casebook":
            return f"CASE b.site_id WHEN 0 THEN 0 ELSE {_SITE.format(subject=subject)} END"
        special = {
            ("access", "site_id"): _SITE.format(subject=subject),
            ("enrolment", "number"): f"b.number + k * {self.distance['subject']}",
            ("casebook", "number"): f"b.number + k * {self.distance['subject']}",
            ("enrolment", "pseudonym"): f"'C-' || b.number + k * {self.distance['subject']}",
            ("unique_key", "hash"): "sha256(b.hash || int8send(k))",
            (
                "identity_hash",
                "hash",
            ): "CASE WHEN b.kind = 'surname' THEN b.hash ELSE sha256(b.hash || int8send(k)) END",
        }
        return special.get((table, column), f"b.{column}")

    def _drop_keys(self, table: str) -> list[str]:
        """Drop what would be kept row by row; the statements that make it again."""
        where = "conrelid = CAST(:t AS regclass) AND contype IN ('p', 'u')"
        kept = self.connection.execute(
            text(f"SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE {where}"), {"t": table}
        ).all()  # fmt: skip
        referred = self.connection.execute(
            text("SELECT 1 FROM pg_constraint WHERE confrelid = CAST(:t AS regclass)"), {"t": table}
        )
        if referred.first() is not None:
            kept = []  # others refer to it
        indexes = self.connection.execute(
            text(
                "SELECT c.relname, pg_get_indexdef(i.indexrelid) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid "
                "WHERE i.indrelid = CAST(:t AS regclass) AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = i.indexrelid)"
            ), {"t": table},
        ).all()  # fmt: skip
        for name, _ in kept:
            self.connection.execute(text(f"ALTER TABLE {table} DROP CONSTRAINT {name}"))
        for name, _ in indexes:
            self.connection.execute(text(f"DROP INDEX {name}"))
        again = [f"ALTER TABLE {table} ADD CONSTRAINT {name} {what}" for name, what in kept]
        return again + [what for _, what in indexes]


def make_models(space: Workspace) -> str:
    """Load the patients that are copied; the surname of the last one."""
    file = DEFINITIONS / f"{REGISTRY}.yaml"
    registry = space.registries.current[REGISTRY].registry
    plan = plan_synthesis(registry, distribution_of(registry, file))
    targets: list[tuple[Site, object]] = list(open_targets(space.database, registry, DEFINITIONS, NOW))
    number = made = 0
    while made < MODELS:
        number += 1
        try:
            subject = make_subject(plan, 3, number, NOW, Wanted())
        except Unsatisfiable:
            continue
        load, left = Load(targets[made % HOSPITALS][1], subject), FORMS  # type: ignore[arg-type]
        for visit in load.visits(FORMS):
            load.save(visit)
            left -= len(visit.forms)
        made += 1
    return str(subject.json["forms"]["patient"]["last_name"])


def copy_models(database: Database, copies: int) -> None:
    """Copy all that the models have."""
    with database.write() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text("SET LOCAL maintenance_work_mem = '2GB'"))
        moved = ("subject", "instance", "form_instance", "occurrence")
        highest = {
            name: connection.execute(text(f"SELECT coalesce(max(id), 1) FROM {name}")).scalar_one() for name in moved
        }
        copier = Copier(connection, copies, highest)
        for table in TABLES:
            begun = perf_counter()
            copier.copy(table)
            print(f"{table}: {perf_counter() - begun:.0f} s", file=sys.stderr)
        connection.execute(text("DELETE FROM form_month"))
        connection.execute(text(COUNT_MONTHS))
        for name, number in highest.items():
            connection.execute(text(f"SELECT setval('{name}_id_seq', {number * (copies + 2)})"))
    with database.pool.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))


def pages(who: str, surname: str, browser: Browser) -> Iterator[tuple[str, str]]:
    """What is asked: its name and address, of a patient in the middle."""
    listed = f"/{REGISTRY}/patients"
    for order in Order:
        yield f"list by {order}", f"{listed}?order={order}"
    yield "list of overdue", f"{listed}?order=due&waiting=overdue"
    yield "list in progress since a day", f"{listed}?state=in_progress&since=2026-01-01"
    for what, text_ in (("a common surname", surname), ("an unknown PESEL", "44051401458")):
        browser.get(listed).post({"q": text_}, "/search")
        yield f"search by {what}", browser.address
    yield "my day", f"/{REGISTRY}/day"
    yield "completeness", f"/{REGISTRY}/completeness"
    yield "patient", f"{listed}/{who}"
    browser.get(f"{listed}/{who}")
    links = [part.partition('"')[0] for part in browser.text.split('href="')[1:]]
    yield "form", next(link for link in links if link.endswith(".device"))


@contextmanager
def explained(database: Database) -> Iterator[list[str]]:
    """The plans of the queries that are sent meanwhile."""
    plans: list[str] = []

    def explain(_connection, cursor, statement, parameters, _context, _many):  # type: ignore[no-untyped-def]
        if statement.lstrip().startswith(("SELECT", "WITH")):
            cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS) {statement}", parameters)
            plans.append("\n".join(row[0] for row in cursor.fetchall()))

    event.listen(database.pool, "before_cursor_execute", explain)
    try:
        yield plans
    finally:
        event.remove(database.pool, "before_cursor_execute", explain)


@dataclass(frozen=True, slots=True)
class Taken:
    """How long a page took, in seconds, and how many statements it sent."""

    page: str
    middle: float
    high: float
    statements: int
    plans: tuple[str, ...] = ()


def measure(app: Flask, surname: str, rounds: int, *, plans: bool) -> Iterator[Taken]:
    """Each page as each person asks it."""
    database: Database = app.extensions[EXTENSION].database
    with database.read() as connection:
        largest = connection.execute(
            text("SELECT site_id FROM access GROUP BY 1 ORDER BY count(*) DESC LIMIT 1")
        ).scalar_one()
        mine = "SELECT e.pseudonym FROM enrolment e JOIN access a USING (subject_id) WHERE a.site_id = :s ORDER BY e.number DESC OFFSET 20 LIMIT 1"
        who = str(connection.execute(text(mine), {"s": largest}).scalar_one())
    for login, role, site, words in (
        ("local", "coordinator", largest, "largest hospital"),
        ("keeper", "registry_coordinator", None, "keeper"),
    ):
        account = create_account(database, login, login.title(), PASSWORD, who="bench", at=NOW)
        add_membership(database, account, REGISTRY, role, site_id=site, who="bench", at=NOW)
        browser = Browser(app.test_client())
        browser.sign_in(login)
        for name, address in pages(who, surname, browser):
            browser.get(address)
            assert browser.status == 200, (name, browser.status)
            with database.counted() as sent:
                browser.get(address)
            taken = []
            for _ in range(rounds):
                begun = perf_counter()
                browser.get(address)
                taken.append(perf_counter() - begun)
            middle, high = quantiles(taken, n=20)[9], quantiles(taken, n=20)[18]
            plan: AbstractContextManager[list[str]] = explained(database) if plans and high >= AIM else nullcontext([])
            with plan as found:
                browser.get(address)
            yield Taken(f"{name}, {words}", middle, high, len(sent), tuple(found))


def size(database: Database) -> str:
    """How many patients and values there are, and how much room they take."""
    with database.read() as connection:

        def one(query: str) -> int:
            return int(connection.execute(text(query)).scalar_one())

        values = one("SELECT (SELECT count(*) FROM item_data) + (SELECT count(*) FROM calculated_data)")
        room = one("SELECT pg_database_size(current_database())")
        return f"{one('SELECT count(*) FROM enrolment'):,} patients, {values:,} values, {room / 1e9:.1f} GB on disk"


def main() -> int:
    """Make, measure, tell."""
    options = argparse.ArgumentParser(prog="python -m benchmarks.large", description=__doc__)
    options.add_argument("-n", type=int, default=100_000, help="patients")
    options.add_argument("--rounds", type=int, default=40)
    options.add_argument("--plans", action="store_true", help="print the plans of what is too slow")
    options.add_argument("--write", type=Path, metavar="FILE", help="a Markdown file for the table")
    chosen = options.parse_args()
    with running_postgres() as socket_folder, TemporaryDirectory() as folder:
        key = Path(folder) / "master.key"
        key.write_text(base64.b64encode(b"k" * 32).decode(), "utf-8")
        url = f"postgresql://postgres@/postgres?host={socket_folder}"
        settings = Settings(url, DEFINITIONS, key, "s" * 48, secure_cookies=False, clock=lambda: NOW)
        app = create_app(settings)
        space: Workspace = app.extensions[EXTENSION]
        with patch("storage.accounts._HASHER", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)):
            for number in range(1, HOSPITALS + 1):
                create_site(space.database, f"H{number}", f"Szpital {number}", who="bench", at=NOW)
            surname = make_models(space)
            keep_for_good()  # as `ecrf serve` does
            copy_models(space.database, max(1, chosen.n // MODELS - 1))
            told = size(space.database)
            print(told, file=sys.stderr)
            taken = list(measure(app, surname, chosen.rounds, plans=chosen.plans))
        space.database.close()
    lines = [
        f"{told}, {HOSPITALS} hospitals.",
        "",
        "| page | p50 | p95 | statements | under 200 ms |",
        "| --- | ---: | ---: | ---: | --- |",
    ]
    lines += [
        f"| {one.page} | {one.middle * 1e3:.0f} ms | {one.high * 1e3:.0f} ms | {one.statements} | {'yes' if one.high < AIM else '**no**'} |"
        for one in taken
    ]
    print("\n".join(lines))
    if chosen.write is not None:
        chosen.write.write_text("\n".join(lines) + "\n", encoding="utf-8")
    for one in taken:
        for plan in one.plans:
            print(f"\n## {one.page}\n\n{plan}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
