"""Times the pages that list patients on PostgreSQL: `python -m benchmarks.listing -n 1000000 [--write FILE] [--plans]`.

Rows are plausible and made by the database itself (INSERT ... SELECT): 250 hospitals, of which the first has a
seventieth of the patients; one to three episodes each, eight forms, windows to come, warnings, promised values, and
one in fifty episodes shared with a second hospital. Persons have hashes and no names: nothing is decrypted here.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, date, datetime
from functools import partial
from pathlib import Path
from random import Random
from statistics import quantiles
from time import perf_counter

from sqlalchemy import event, text

from storage.access import Actor
from storage.accounts import create_account
from storage.completeness import completeness
from storage.database import Database, open_database
from storage.keys import derive_keys
from storage.listing import Narrowed, State, Waiting, list_subjects
from storage.local_numbers import find_number
from storage.metadata_versions import PublishedDefinition, publish
from storage.my_day import Desk, drafts, due, open_queries, overdue, to_complete, warnings, what_waits
from storage.takeovers import requests
from storage.unlocking import own_unlocks, unlocks_to_decide
from storage.upgrading import upgrade
from tests.conftest import running_postgres

NAME = "lead_extraction"
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
HOSPITALS = 250
AIM = 0.200  # seconds
SOURCES = {
    "overdue": overdue, "due": due, "drafts": drafts, "warnings": warnings, "to_complete": to_complete, "queries": open_queries,
    "requests": requests, "unlocks": unlocks_to_decide, "own_unlocks": own_unlocks,
}  # fmt: skip

# As the triggers would have counted.
COUNT_MONTHS = (
    "INSERT INTO form_month SELECT a.registry, a.site_id, f.form, to_char(f.opened_at AT TIME ZONE 'UTC', 'YYYY-MM'), count(*), "
    "count(*) FILTER (WHERE f.state <> 'in_progress') FROM form_instance f JOIN access a ON a.subject_id = f.subject_id "
    "AND a.instance_id IS NULL GROUP BY 1, 2, 3, 4"
)
# :n patients. Subjects are numbered from 1; patient s has instance 4s, its episodes 4s + 1 to 4s + 3, its forms 8s to 8s + 7.
FILL = (
    "INSERT INTO site (id, code, name) SELECT h, 'H' || h, 'Szpital ' || h FROM generate_series(1, 250) h",
    "INSERT INTO subject (id, registered_at) SELECT s, {now} - (:n - s) * interval '1 minute' FROM {all}",
    (
        "INSERT INTO enrolment SELECT s, '{name}', s, 'TLE-' || lpad(s::text, 7, '0') || '-X', "
        "{now} - (:n - s) * interval '1 minute' FROM {all}"
    ),
    "INSERT INTO instance (id, subject_id, container, registry, number, opened_at) SELECT s * 4, s, 'patient', '', 1, {now} FROM {all}",
    (
        "INSERT INTO instance (id, subject_id, parent_id, container, registry, number, opened_at) "
        "SELECT s * 4 + e, s, s * 4, 'episode', '{name}', e, {now} FROM {all}, generate_series(1, 1 + (s % 10 = 0)::int + (s % 40 = 0)::int) e"
    ),
    # a patient's hospital: the first ones are larger, the first has a seventieth of all
    (
        "INSERT INTO access (subject_id, site_id, registry, starts_at) "
        "SELECT s, 1 + floor(250 * power((hashint4(s::int) & 65535) / 65536.0, 1.3))::int, '{name}', {past} FROM {all}"
    ),
    (
        "INSERT INTO access (subject_id, instance_id, site_id, registry, starts_at) "
        "SELECT s, s * 4 + 1, 1 + s % 250, '{name}', {past} FROM {all} WHERE s % 50 = 0"
    ),
    (
        "INSERT INTO form_instance (id, subject_id, instance_id, home, form, record, definition, revision, state, status, opened_at, saved_at) "
        "SELECT s * 8 + f, s, s * 4 + (f > 0)::int, CASE f WHEN 0 THEN '' ELSE '{name}' END, "
        "(ARRAY['patient','admission','baseline','device','indication','workup','procedure','discharge'])[f + 1], 0, 'h', 1, "
        "CASE WHEN (s + f) % 9 = 0 AND s % 3 > 0 THEN 'in_progress' ELSE 'complete' END, '', "
        "{now} - (:n - s) * interval '1 minute', {now} - (:n - s) * interval '1 minute' FROM {all}, generate_series(0, 7) f"
    ),
    (
        "INSERT INTO latest_event SELECT '{name}', id, subject_id, ({now} - (:n - subject_id) * interval '1 minute')::date "
        "FROM instance WHERE parent_id IS NOT NULL"
    ),
    (
        "INSERT INTO pending_event SELECT '{name}', id, 'fu_1m', 1, subject_id, '{day}'::date + (subject_id * 7 % 400)::int - 60, "
        "'{day}'::date + (subject_id * 7 % 400)::int - 20 FROM instance WHERE parent_id IS NOT NULL AND subject_id % 2 = 0"
    ),
    "INSERT INTO issue SELECT s * 8 + 6, 'dose', '', 'dose', 'warning', '', '', 'rule', ''::bytea, 'h', 'own', {now} FROM {all} WHERE s % 25 = 0",
    "INSERT INTO item_data (form_id, row_id, item, position, missing) SELECT s * 8 + 5, '', 'creatinine', 0, 'tl' FROM {all} WHERE s % 60 = 0",
    "INSERT INTO item_data (form_id, row_id, item, position, missing) SELECT s * 8 + 5, '', 'lvef', 0, 'nd' FROM {all} WHERE s % 3 = 0",
    (
        "INSERT INTO promise SELECT s * 8 + 5, s, '{name}', {now} - (:n - s) * interval '1 minute' FROM {all} WHERE s % 60 = 0"
    ),
    (
        "INSERT INTO query (id, registry, subject_id, form_id, row_id, item, rule, state, raised_by, raised_at, changed_at) "
        "SELECT s, '{name}', s, s * 8 + 6, '', 'dose', 'dose', CASE WHEN s % 60 = 0 THEN 'open' ELSE 'closed' END, 'x', {now}, "
        "{now} - (:n - s) * interval '1 minute' FROM {all} WHERE s % 30 = 0"
    ),
    COUNT_MONTHS,
    "INSERT INTO participation (id, site_id, registry, starts_on) SELECT h, h, '{name}', '2024-01-01' FROM generate_series(1, 250) h",
    "INSERT INTO local_number SELECT site_id, '{name}', subject_id, 'K/' || subject_id FROM access WHERE subject_id % 2 = 0 AND instance_id IS NULL",
    # the commonest surname has one in two hundred
    "INSERT INTO identity_hash SELECT s, 'surname', CASE WHEN s % 200 = 0 THEN '\\x00'::bytea ELSE int8send(s) END FROM {all}",
    "INSERT INTO identity_hash SELECT s, 'pesel', int8send(-s) FROM {all}",
)


def fill(database: Database, number: int) -> None:
    """Make the rows, without triggers; then the casebook as the triggers would have made it."""
    words = {
        "now": f"timestamptz '{NOW.isoformat()}'", "past": "timestamptz '2020-01-01'", "name": NAME,
        "all": f"generate_series(1, {number}) s", "day": date(2026, 3, 2),
    }  # fmt: skip
    publish(database, PublishedDefinition(NAME, "1.0.0", "h", "registry: x"), who="bench", at=NOW)
    with database.write() as connection:
        connection.execute(text("SET LOCAL session_replication_role = replica"))
        for statement in FILL:
            filled = statement.format_map(words).replace(":n", str(number)).replace("::", "\\:\\:")
            connection.execute(text(filled))
    with database.write() as connection:
        connection.execute(text("ANALYZE"))
    step = 50_000
    for first in range(1, number + 1, step):
        with database.write() as connection:
            some = text("SELECT ecrf_casebook(ARRAY(SELECT generate_series(CAST(:a AS bigint), CAST(:b AS bigint))))")
            connection.execute(some, {"a": first, "b": min(first + step - 1, number)})
    with database.pool.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE"))


def pages(database: Database, number: int) -> Iterator[tuple[str, Callable[[], object]]]:
    """What is timed."""
    account = create_account(database, "bench", "Bench", "correct horse battery", who="bench", at=NOW)
    random = Random(7)  # noqa: S311 -- which page
    actors = {
        "largest hospital": Actor(account, "x", NAME, 1), "smallest hospital": Actor(account, "x", NAME, HOSPITALS),
        "keeper": Actor(account, "x", NAME, None),
    }  # fmt: skip

    def listed(actor: Actor, order: str = "-number", **narrowed: object) -> Callable[[], object]:
        first = list_subjects(database, actor, at=NOW, order=order, narrowed=Narrowed(**narrowed))  # type: ignore[arg-type]
        marks = ["", first.after]

        def run() -> object:
            more = Narrowed(**narrowed)  # type: ignore[arg-type]
            return list_subjects(database, actor, at=NOW, order=order, after=random.choice(marks), narrowed=more)

        return run

    for who, actor in actors.items():
        for order in ("-number", "local", "state", "-date", "episodes", "due"):
            yield f"list by {order.lstrip('-')}, {who}", listed(actor, order)
        yield f"list of overdue, {who}", listed(actor, "due", waiting=Waiting.OVERDUE)
        yield f"list of due, {who}", listed(actor, waiting=Waiting.DUE)
        yield f"list in progress since a day, {who}", listed(actor, state=State.IN_PROGRESS, since=date(2026, 1, 1))
        yield f"search by a common surname, {who}", listed(actor, hashes=(b"\x00",))
        yield f"search by PESEL, {who}", listed(actor, hashes=((-(number // 2)).to_bytes(8, "big", signed=True),))
        yield f"search by number, {who}", partial(find_number, database, actor, ["TLE-0000007-X"], "K/8", at=NOW)
        desk = Desk(actor, NOW, database.dialect)
        yield f"my day, {who}", partial(what_waits, database, desk, SOURCES)
        if actor.site is None:
            for key, source in SOURCES.items():
                yield f"my day: {key}, {who}", partial(what_waits, database, desk, {key: source})
        sites = None if actor.site is None else (actor.site,)
        yield f"completeness, {who}", partial(completeness, database, NAME, sites, at=NOW)


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


def measure(what: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, tuple[float, float]]:
    """The median and the 95th percentile of what passes, in seconds; contestants take turns."""
    taken: dict[str, list[float]] = {name: [] for name in what}
    for _ in range(rounds):
        for name, run in what.items():
            start = perf_counter()
            run()
            taken[name].append(perf_counter() - start)
    return {name: (quantiles(times, n=20)[9], quantiles(times, n=20)[18]) for name, times in taken.items()}


def size(database: Database) -> str:
    """How much room the database takes."""
    with database.read() as connection:
        return str(connection.execute(text("SELECT pg_size_pretty(pg_database_size(current_database()))")).scalar_one())


def main() -> int:
    """Fill, measure, print."""
    options = argparse.ArgumentParser(prog="python -m benchmarks.listing", description=__doc__)
    options.add_argument("-n", type=int, default=100_000, help="patients")
    options.add_argument("--rounds", type=int, default=20)
    options.add_argument("--plans", action="store_true", help="print the plans of what is too slow")
    options.add_argument("--write", type=Path, metavar="FILE", help="a Markdown file for the table")
    chosen = options.parse_args()
    with running_postgres() as socket_folder:
        url = f"postgresql://postgres@/postgres?host={socket_folder}"
        database = open_database(url, derive_keys(b"k" * 32), made_up=True)
        upgrade(database)
        begun = perf_counter()
        fill(database, chosen.n)
        print(f"{chosen.n:,} patients in {perf_counter() - begun:.0f} s, {size(database)}", file=sys.stderr)
        what = dict(pages(database, chosen.n))
        taken = measure(what, chosen.rounds)
        lines = [f"{chosen.n:,} patients at {HOSPITALS} hospitals, {size(database)} on disk.", ""]
        lines += ["| page | p50 | p95 | under 200 ms |", "| --- | ---: | ---: | --- |"]
        for name, (middle, high) in taken.items():
            lines.append(
                f"| {name} | {middle * 1e3:.1f} ms | {high * 1e3:.1f} ms | {'yes' if high < AIM else '**no**'} |"
            )
        print("\n".join(lines))
        if chosen.write is not None:
            chosen.write.write_text("\n".join(lines) + "\n", encoding="utf-8")
        for name, (_, high) in taken.items():
            if chosen.plans and high >= AIM:
                with explained(database) as plans:
                    what[name]()
                print(f"\n## {name}\n", *plans, sep="\n")
        database.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
