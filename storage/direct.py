"""Sends statements straight to the driver: on the paths of a save and a load SQLAlchemy's layers cost more than the database.

It stays inside SQLAlchemy's transaction, so both kinds of statements may be mixed.
"""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

import psycopg
from sqlalchemy import Connection, Text, TextualSelect, column, text

from storage.tables.base import instant_text

TAKEN = (psycopg.IntegrityError, sqlite3.IntegrityError)  # what the driver raises when a constraint is broken


def send(connection: Connection, statement: str, parameters: Any, *, many: bool = False) -> Any:
    """Send one statement, for each of the `parameters` when there are many; returns the driver's cursor.

    PostgreSQL's own marks ($1) are used: psycopg would look for its marks in a long statement each time.
    """
    driver = connection.connection.driver_connection
    cursor = psycopg.RawCursor(driver) if isinstance(driver, psycopg.Connection) else connection.connection.cursor()
    # Whoever counts statements hears of these as well.
    connection.dispatch.before_cursor_execute(connection, cursor, statement, parameters, None, many)
    if many:
        cursor.executemany(statement, parameters)
    else:
        cursor.execute(statement, parameters)
    return cursor


def tell(connection: Connection, statement: str, parameters: Any) -> None:
    """Tell PostgreSQL something for the rest of the transaction; SQLite has nothing to be told. It counts as little as BEGIN."""
    driver = connection.connection.driver_connection
    if isinstance(driver, psycopg.Connection):
        psycopg.RawCursor(driver).execute(statement, parameters)


@contextmanager
def in_one_trip(connection: Connection) -> Iterator[None]:
    """Statements sent within go to PostgreSQL without waiting for each other's answers; errors come at the end.

    They run one after another all the same, each with its own view of what was committed before it started.
    """
    driver = connection.connection.driver_connection
    if isinstance(driver, psycopg.Connection):
        with driver.pipeline():
            yield
    else:
        yield


@dataclass(frozen=True, slots=True)
class Query:
    """A query in the words of both databases: with named parameters, and with those names numbered."""

    sqlite: str
    postgresql: str
    names: tuple[str, ...]
    named: str  # PostgreSQL's, with its parameters by name

    @classmethod
    def of(cls, text: str) -> Self:
        """From SQLite's words; `= ANY(:name)` takes a list."""
        sqlite, postgresql, names = text, text, tuple(dict.fromkeys(_NAME.findall(text)))
        for words, of_sqlite, of_postgresql in _WORDS:
            sqlite, postgresql = words.sub(of_sqlite, sqlite), words.sub(of_postgresql, postgresql)
        return cls(sqlite, _NAME.sub(lambda name: f"${names.index(name[1]) + 1}", postgresql), names, postgresql)

    def selected(self, dialect: str, given: Mapping[str, Any], *columns: str) -> TextualSelect:
        """The same for SQLAlchemy, as part of something larger; what its columns hold is read as JSON has it."""
        words = self.named if dialect == "postgresql" else self.sqlite
        plain = given if dialect == "postgresql" else {name: _plain(value) for name, value in given.items()}
        return text(words).bindparams(**plain).columns(*(column(name, Text) for name in columns))

    def rows(self, connection: Connection, given: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """What it finds. Times are given aware, lists as lists."""
        return self.ask(connection, given)()

    def ask(self, connection: Connection, given: Mapping[str, Any]) -> Callable[[], list[tuple[Any, ...]]]:
        """The same in two steps: several questions may be on their way before the first answer is fetched."""
        if connection.dialect.name == "postgresql":
            found = send(connection, self.postgresql, [given[name] for name in self.names])
        else:
            found = send(connection, self.sqlite, {name: _plain(value) for name, value in given.items()})
        fetch: Callable[[], list[tuple[Any, ...]]] = found.fetchall
        return fetch


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return json.dumps(value)
    return instant_text(value) if isinstance(value, datetime) else value


_INSTANT = 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"'
_NAME = re.compile(r":([a-z]\w*)")
_WORDS = (  # as written here, for SQLite, for PostgreSQL
    (re.compile(r"= ANY\(:(\w+)\)"), r"IN (SELECT value FROM json_each(:\1))", r"= ANY(:\1)"),
    (re.compile(r"\bnext_id\((\w+)\)"), r"(SELECT coalesce(max(id), 0) + 1 FROM \1)", r"nextval('\1_id_seq')"),
    (re.compile(r"\bjson_group_array\("), "json_group_array(", "json_agg("),
    (re.compile(r"\bjson_array\("), "json_array(", "json_build_array("),
    (re.compile(r"\bplain_text\((\S+?)\)"), r"\1", r"CAST(\1 AS text)"),
    (re.compile(r"\bdate_text\((\S+?)\)"), r"\1", r"to_char(\1, 'YYYY-MM-DD')"),
    (re.compile(r"\binstant_text\((\S+?)\)"), r"\1", rf"to_char(\1 AT TIME ZONE 'UTC', '{_INSTANT}')"),
    (re.compile(r"\btruth_text\((\S+?)\)"), r"CAST(\1 AS text)", r"CAST(CAST(\1 AS integer) AS text)"),
    (re.compile(r"\bhex\((\S+?)\)"), r"hex(\1)", r"encode(\1, 'hex')"),
)

__all__ = ["TAKEN", "Query", "in_one_trip", "send", "tell"]
