"""Writes many rows with one statement: `unnest` of arrays on PostgreSQL, `executemany` on SQLite."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from itertools import count
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql

from storage.direct import in_one_trip, send
from storage.tables.base import Moment, Texts, instant_text

Row = tuple[Any, ...]


def arrays(rows: Sequence[Row]) -> Sequence[Any]:
    """Rows as PostgreSQL's parameters: an array for each column."""
    return [array_text(column) for column in zip(*rows, strict=True)]


@dataclass(frozen=True, slots=True)
class BulkStatement:
    """The same statement for both databases, for rows whose columns are its parameters, in order."""

    sqlite: str
    postgresql: str  # each parameter is written %s
    texts: bool = False  # whether a parameter may be a time or a list, which SQLite needs as text
    parameters: Callable[[Sequence[Row]], Sequence[Any]] = arrays  # of PostgreSQL
    first: bool = False  # what others belong to: they are refused while PostgreSQL does not see it
    marks: str = ""  # of PostgreSQL's statement for one row: repeated for each where it adds plain values

    def run(self, connection: Connection, rows: Iterable[Row]) -> None:
        """Send it once for all rows; without rows it is not sent."""
        writes = Writes()
        writes.add(self, rows)
        writes.send(connection)

    def changed_by(self, connection: Connection, row: Row) -> bool:
        """Send it for one row; whether that changed anything."""
        if connection.dialect.name == "postgresql":
            cursor = send(connection, _as_one((self.postgresql,)), self.parameters([row]))
        else:
            cursor = send(connection, self.sqlite, tuple(map(_plain, row)))
        return int(cursor.rowcount) > 0


class Writes:
    """What is to be written, gathered: PostgreSQL is sent it as one statement, SQLite as one for each kind of row.

    No two of them may touch the same row, since PostgreSQL runs them in any order, all with the same view.
    """

    __slots__ = ("_gathered",)

    def __init__(self) -> None:
        self._gathered: dict[BulkStatement, list[Row]] = {}

    def add(self, statement: BulkStatement, rows: Iterable[Row]) -> None:
        """To be sent once for all rows; without rows it is not sent."""
        if found := list(rows):
            earlier = self._gathered.get(statement)
            if earlier is None:
                self._gathered[statement] = found
            else:
                earlier += found

    def as_one(self) -> tuple[str, list[Any]]:
        """PostgreSQL's one statement for all that was gathered, and its parameters."""
        texts = tuple(statement.postgresql for statement in self._gathered)
        gathered = self._gathered.items()
        return _as_one(texts), [value for statement, rows in gathered for value in statement.parameters(rows)]

    def send(self, connection: Connection) -> None:
        """Send what was added since the last time."""
        if not self._gathered:
            return
        if connection.dialect.name == "postgresql":
            self._send_additions(connection)
            if self._gathered:
                send(connection, *self.as_one())
        else:
            for statement, rows in self._gathered.items():
                given = [tuple(map(_plain, row)) for row in rows] if statement.texts else rows
                send(connection, statement.sqlite, given, many=True)
        self._gathered.clear()

    def _send_additions(self, connection: Connection) -> None:
        """What is to come first, and several rows of plain values: in a few lengths, so that each text is planned once.

        Up to eight rows go as one statement, since each lets the triggers run that count what was added.
        """
        alone = [one for one, rows in self._gathered.items() if one.marks and (one.first or len(rows) > 1)]
        for statement in alone:
            rows = self._gathered.pop(statement)
            while rows:
                together = min(len(rows), _LONGEST)
                send(connection, _of_several(statement, together), _only(rows[:together]))
                rows = rows[together:]

    def commit(self, connection: Connection) -> None:
        """Send them and end the transaction, in one trip."""
        with in_one_trip(connection):
            self.send(connection)
            connection.commit()


_LONGEST = 8  # rows that are added by one statement


@lru_cache(maxsize=64)
def _of_several(statement: BulkStatement, number: int) -> str:
    """PostgreSQL's statement for so many rows."""
    return _as_one((statement.postgresql.replace(statement.marks, ", ".join([statement.marks] * number)),))


@lru_cache(maxsize=256)  # a save writes to some of ten tables: the same few combinations again and again
def _as_one(texts: tuple[str, ...]) -> str:
    number = count(1)
    parts = [re.sub("%s", lambda _: f"${next(number)}", text) for text in texts]
    if len(parts) == 1:
        return parts[0]
    return f"WITH {', '.join(f'part_{place} AS ({part})' for place, part in enumerate(parts))} SELECT 1"


def upsert(table: Table, columns: Sequence[str], update: Sequence[str] | None = None) -> BulkStatement:
    """Insert rows, or bring the existing ones (by primary key) up to date; `update` limits what changes then: nothing, if ()."""
    keys = [column.name for column in table.primary_key]
    changed = [name for name in columns if name not in keys] if update is None else update
    names, action = ", ".join(columns), ", ".join(f"{name} = excluded.{name}" for name in changed)
    instead = f"UPDATE SET {action}" if changed else "NOTHING"
    head, tail = f"INSERT INTO {table.name} ({names})", f"ON CONFLICT ({', '.join(keys)}) DO {instead}"
    return BulkStatement(
        f"{head} VALUES ({', '.join('?' * len(columns))}) {tail}",
        f"{head} SELECT * FROM {_unnest(table, columns)} {tail}",  # noqa: S608 -- names of columns alone
        texts=_texts(table, columns),
    )


def addition(table: Table, columns: Sequence[str], *, only_new: bool = False, first: bool = False) -> BulkStatement:
    """Insert few rows (unless they are there, with `only_new`): plain values, which are planned faster than arrays."""
    head = f"INSERT INTO {table.name} ({', '.join(columns)})"
    marks = f"({', '.join(f'%s::{name}' for name in _type_names(table, columns))})"
    tail = " ON CONFLICT DO NOTHING" if only_new else ""
    return BulkStatement(
        f"{head} VALUES ({', '.join('?' * len(columns))}){tail}",
        f"{head} VALUES {marks}{tail}",
        texts=_texts(table, columns),
        parameters=_only,
        first=first,
        marks=marks,
    )


def addition_in_turn(table: Table, columns: Sequence[str]) -> BulkStatement:
    """Insert one row unless it is there, in the turn of all who add with the same first column: who is before is waited for."""
    plain = addition(table, columns, only_new=True)
    marks = ", ".join(f"%s::{name}" for name in _type_names(table, columns))
    waited = "(SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))) AS waited"
    return replace(
        plain,
        postgresql=f"INSERT INTO {table.name} ({', '.join(columns)}) SELECT {marks} FROM {waited} ON CONFLICT DO NOTHING",  # noqa: S608 -- names of columns alone
        parameters=lambda rows: [*_only(rows), rows[0][0]],
    )


def deletion(table: Table, columns: Sequence[str]) -> BulkStatement:
    """Delete the rows with these values."""
    return BulkStatement(
        f"DELETE FROM {table.name} WHERE {' AND '.join(f'{name} = ?' for name in columns)}",  # noqa: S608 -- names of columns alone
        f"DELETE FROM {table.name} WHERE ({', '.join(columns)}) IN (SELECT * FROM {_unnest(table, columns)})",  # noqa: S608 -- names of columns alone
    )


def change(table: Table, keys: Sequence[str], columns: Sequence[str]) -> BulkStatement:
    """Set columns of existing rows; the parameters are the columns and then the keys."""
    given, names = [*columns, *keys], [f"new_{name}" for name in [*columns, *keys]]
    same = " AND ".join(f"{table.name}.{key} = new_{key}" for key in keys)
    return BulkStatement(
        f"UPDATE {table.name} SET {', '.join(f'{name} = ?' for name in columns)} "  # noqa: S608 -- names of columns alone
        f"WHERE {' AND '.join(f'{key} = ?' for key in keys)}",
        f"UPDATE {table.name} SET {', '.join(f'{name} = new_{name}' for name in columns)} "  # noqa: S608 -- names of columns alone
        f"FROM {_unnest(table, given)} AS given({', '.join(names)}) WHERE {same}",
        texts=_texts(table, columns),
    )


def _only(rows: Sequence[Row]) -> Sequence[Any]:
    """Rows as the parameters of plain values, one row after the other."""
    return [array_text(value) if type(value) is tuple else value for row in rows for value in row]


def _texts(table: Table, columns: Sequence[str]) -> bool:
    return any(isinstance(table.c[name].type, Moment | type(Texts)) for name in columns)


def array_text(values: Sequence[Any]) -> str:
    """PostgreSQL's text of an array. Written here because psycopg's own takes longer than the rest of a save."""
    kinds = set(map(type, values))
    if kinds == {int}:
        return f"{{{','.join(map(str, values))}}}"
    if kinds == {str}:
        joined = '","'.join(values)
        if "\\" not in joined and joined.count('"') == 2 * (len(values) - 1):  # no quote but our own
            return f'{{"{joined}"}}'
    return "{" + ",".join([_ELEMENTS[type(value)](value) for value in values]) + "}"


def _quoted(text: str) -> str:
    if "\\" in text or '"' in text:
        text = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


_ELEMENTS: Mapping[type, Callable[[Any], str]] = {
    type(None): lambda _none: "NULL",
    str: _quoted,
    int: str,
    bool: lambda flag: "t" if flag else "f",
    float: repr,
    bytes: lambda content: f'"\\\\x{content.hex()}"',
    datetime: lambda at: f'"{at.isoformat()}"',
}


def _plain(value: Any) -> Any:
    if type(value) is tuple:
        return json.dumps(value, ensure_ascii=False)
    return instant_text(value) if type(value) is datetime else value


def _unnest(table: Table, columns: Sequence[str]) -> str:
    return f"unnest({', '.join(f'%s::{name}[]' for name in _type_names(table, columns))})"


def _type_names(table: Table, columns: Sequence[str]) -> list[str]:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    return [table.c[name].type.compile(dialect=dialect) for name in columns]


__all__ = [
    "BulkStatement",
    "Row",
    "Writes",
    "addition",
    "addition_in_turn",
    "array_text",
    "arrays",
    "change",
    "deletion",
    "upsert",
]
