"""How long the pages of the audit take when it is large: `python -m benchmarks.auditing -n 10000000 [--explain]`.

Into a PostgreSQL of its own, filled by one INSERT ... SELECT a table: 100 entries a patient, 10 forms each, 250 hospitals of which the
first ones have most of the patients, three years. Chains are not hashed: nothing here verifies.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from time import perf_counter

from sqlalchemy import event

from storage.access import Actor
from storage.audit_search import Mark, Sought, search_audit
from storage.database import Database, open_database
from storage.history import rebuild_form
from storage.upgrading import upgrade
from tests.conftest import running_postgres

NOW = datetime(2026, 11, 1, 11, 0, tzinfo=UTC)
SITES, FORMS, EACH = 250, 10, 100  # hospitals; forms of a patient; entries of a patient
PAGE = 26
MIDDLING, SMALL = 20, 240  # a hospital with some hundreds of patients, and one with few
FILL = r"""
SET session_replication_role = replica;

INSERT INTO site (id, code, name) SELECT i, 's' || i, 'Szpital ' || i FROM generate_series(1, :sites) i;

INSERT INTO subject (id, registered_at) SELECT i, '2023-11-01' FROM generate_series(1, :subjects) i;

INSERT INTO enrolment (subject_id, registry, number, pseudonym, enrolled_at)
SELECT i, CASE WHEN i % 4 = 0 THEN 'other' ELSE 'registry' END, i, 'P-' || i, '2023-11-01' FROM generate_series(1, :subjects) i;

INSERT INTO access (subject_id, site_id, registry, starts_at)
SELECT i, :site_of_i, CASE WHEN i % 4 = 0 THEN 'other' ELSE 'registry' END, '2023-11-01' FROM generate_series(1, :subjects) i;

INSERT INTO form_instance
  (id, subject_id, instance_id, home, form, record, definition, revision, state, status, opened_at, saved_at)
SELECT i, 1 + (i - 1) / :forms, 1, CASE WHEN (1 + (i - 1) / :forms) % 4 = 0 THEN 'other' ELSE 'registry' END, 'form_' || i % :forms,
  0, 'x', 9, 'complete', '', '2024-01-01', '2024-01-01' FROM generate_series(1, :subjects * :forms) i;

INSERT INTO audit_entry
  (stream, number, subject_id, form_id, kind, who, at, channel, reason, definition, revision, items, body, previous, hash)
SELECT 'subject:' || s, n + 1, s, (s - 1) * :forms + 1 + n % :forms,
  CASE WHEN i % 997 = 0 THEN 'withdraw' WHEN i % 12 = 0 THEN 'open_form' ELSE 'save' END, 'Person ' || :site_of_s || '-' || n % 8,
  timestamptz '2023-11-01' + (interval '3 years' / :entries) * i, 'web', CASE WHEN i % 5 = 0 THEN 'transcription error' ELSE '' END,
  repeat('d', 64), n / :forms + 1,
  ARRAY['item_' || i % 400, 'item_' || i * 7 % 400, 'item_' || i * 31 % 400, 'item_' || i * 57 % 400],
  '{"place":[1,"form",null,0],"rows":[],"values":[["","item_1",["number","' || i || '"],["number","' || i + 1 || '"]],'
  '["","item_2",null,["code",["yes"]]],["","item_3",null,["date","2025-01-01"]]]}', sha256(int8send(i - 1)), sha256(int8send(i))
FROM (SELECT i, 1 + i % :subjects AS s, i / :subjects AS n FROM generate_series(0::bigint, :entries - 1) i) x;

SET session_replication_role = DEFAULT
"""  # no foreign keys while all is made up
SITE_OF = (
    "(1 + floor(:sites * power((hashint8({}) & 65535) / 65536.0, 2))::int)"  # most patients at the first hospitals
)


def fill(database: Database, entries: int) -> float:
    """Fill the tables; the indexes of the audit are made afterwards. Returns the seconds."""
    sizes = {"entries": entries, "subjects": max(entries // EACH, 1000), "sites": SITES, "forms": FORMS}
    started = perf_counter()
    with database.write() as connection:
        found = "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'audit_entry' AND indexname LIKE 'ix%%'"
        indexes = connection.exec_driver_sql(found).all()
        for name, _ in indexes:
            connection.exec_driver_sql(f"DROP INDEX {name}")
        for statement in _filled(sizes):
            connection.exec_driver_sql(statement.replace("%", "%%"))
        for _, definition in indexes:
            connection.exec_driver_sql(definition)
    with database.pool.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")
    return perf_counter() - started


def _filled(sizes: Mapping[str, int]) -> list[str]:
    """The statements with their numbers."""
    text = FILL.replace(":site_of_i", SITE_OF.format("i")).replace(":site_of_s", SITE_OF.format("s"))
    return re.sub(r"(?<!:):([a-z]+)", lambda name: str(sizes[name[1]]), text).split(";\n")


def questions(database: Database, entries: int) -> Mapping[str, Callable[[], object]]:
    """What pages ask."""
    keeper = Actor(1, "keeper", "registry", None)
    actors = {
        "registry": keeper,
        "largest hospital": replace(keeper, site=1),
        "middling hospital": replace(keeper, site=MIDDLING),
        "small hospital": replace(keeper, site=SMALL),
    }
    sought: Mapping[str, Callable[[int | None], Sought]] = {
        "newest": lambda _: Sought(),
        "a person": lambda site: Sought(who=f"Person {site or 100}-3"),
        "a rare kind": lambda _: Sought(kind="withdraw"),
        "an item": lambda _: Sought(items=("item_77",)),
        "a patient": lambda _: Sought(subject=1002),
        "a month, long ago": lambda _: Sought(since=NOW - timedelta(days=900), until=NOW - timedelta(days=870)),
        "a person and an item": lambda site: Sought(who=f"Person {site or 100}-3", items=("item_77",)),
        "nothing": lambda _: Sought(who="Nobody"),
    }
    asked: dict[str, Callable[[], object]] = {}
    for name, actor in actors.items():
        for what, make in sought.items():
            wanted = make(actor.site)
            asked[f"{name}: {what}"] = partial(search_audit, database, actor, wanted, at=NOW, size=PAGE)
        deep = Mark(NOW - timedelta(days=700), "subject:1", 1)
        asked[f"{name}: deep page"] = partial(search_audit, database, actor, Sought(), at=NOW, after=deep, size=PAGE)

    def one_form() -> object:
        with database.read() as connection:
            return rebuild_form(connection, max(entries // EACH, 1000) * 5)

    return {**asked, "history of a form": one_form}


@contextmanager
def explained(database: Database) -> Iterator[None]:
    """Tell the plan of each query of the search."""

    def explain(_connection: object, cursor: object, statement: str, parameters: object, *_: object) -> None:
        if statement.startswith("SELECT") and "audit_entry" in statement:
            cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS) {statement}", parameters)  # type: ignore[attr-defined]
            print("\n".join(line for (line,) in cursor.fetchall()))  # type: ignore[attr-defined]

    event.listen(database.pool, "before_cursor_execute", explain)
    yield
    event.remove(database.pool, "before_cursor_execute", explain)


def main() -> int:
    """Fill, ask, tell."""
    options = argparse.ArgumentParser(prog="python -m benchmarks.auditing", description=__doc__)
    options.add_argument("-n", type=int, default=1_000_000, help="entries")
    options.add_argument("--explain", action="store_true", help="tell the plan of each query")
    given = options.parse_args()
    with running_postgres() as folder:
        database = open_database(f"postgresql://postgres@/postgres?host={folder}", made_up=True)
        upgrade(database)
        taken = fill(database, given.n)
        with database.read() as connection:
            size = "SELECT pg_total_relation_size('audit_entry'), pg_relation_size('audit_entry'), pg_database_size(current_database())"
            whole, table, everything = connection.exec_driver_sql(size).one()
        gigabytes = [f"{each / 1e9:.2f} GB" for each in (whole, table, everything)]
        print(
            f"{given.n:,} entries in {taken:.0f} s: {gigabytes[0]}, of which the table is {gigabytes[1]}; all: {gigabytes[2]}"
        )
        for what, ask in questions(database, given.n).items():
            times = []
            for _ in range(5):
                started = perf_counter()
                ask()
                times.append((perf_counter() - started) * 1000)
            print(f"{what:40} first {times[0]:8.1f} ms, then {sorted(times[1:])[1]:8.1f} ms", flush=True)
            if given.explain and sorted(times[1:])[1] > 100:
                with explained(database):
                    ask()
        database.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
