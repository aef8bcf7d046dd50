"""Writes many rows with one statement: `unnest` of arrays on PostgreSQL, `executemany` on SQLite."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql

from storage.direct import send
from storage.tables.base import Moment, instant_text


@dataclass(frozen=True, slots=True)
class BulkStatement:
    """The same statement for both databases; its parameters are the columns, in order."""

    sqlite: str
    postgresql: str
    moments: bool = True  # whether a parameter may be a time, which SQLite needs as text
    plain: bool = False  # one row, not arrays

    def run(self, connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
        """Send it once for all rows; without rows it is not sent."""
        if not rows:
            return
        if self.plain and connection.dialect.name == "postgresql":
            for row in rows:
                send(connection, self.postgresql, row)
        elif connection.dialect.name == "postgresql":
            send(connection, self.postgresql, tuple(map(array_text, zip(*rows, strict=True))))
        else:
            given = [tuple(map(_plain, row)) for row in rows] if self.moments else list(rows)
            send(connection, self.sqlite, given, many=True)


def upsert(table: Table, columns: Sequence[str], update: Sequence[str] | None = None) -> BulkStatement:
    """Insert rows, or bring the existing ones (by primary key) up to date; `update` limits what changes then."""
    keys = [column.name for column in table.primary_key]
    changed = [name for name in columns if name not in keys] if update is None else update
    names, action = ", ".join(columns), ", ".join(f"{name} = excluded.{name}" for name in changed)
    head, tail = f"INSERT INTO {table.name} ({names})", f"ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {action}"
    return BulkStatement(
        f"{head} VALUES ({', '.join('?' * len(columns))}) {tail}",
        f"{head} SELECT * FROM {_unnest(table, columns)} {tail}",  # noqa: S608 -- names of columns alone
        moments=any(isinstance(table.c[name].type, Moment) for name in columns),
    )


def addition(table: Table, columns: Sequence[str]) -> BulkStatement:
    """Insert one row, or a few: plain values, which the databases plan faster than arrays."""
    head = f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES"
    marks = ", ".join(f"%s::{name}" for name in _type_names(table, columns))
    return BulkStatement(f"{head} ({', '.join('?' * len(columns))})", f"{head} ({marks})", plain=True)


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
    )


def array_text(values: Sequence[Any]) -> str:
    """PostgreSQL's text of an array. Written here because psycopg's own takes longer than the rest of a save."""
    if set(map(type, values)) == {str}:
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
    return instant_text(value) if type(value) is datetime else value


def _unnest(table: Table, columns: Sequence[str]) -> str:
    return f"unnest({', '.join(f'%s::{name}[]' for name in _type_names(table, columns))})"


def _type_names(table: Table, columns: Sequence[str]) -> list[str]:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    return [table.c[name].type.compile(dialect=dialect) for name in columns]


__all__ = ["BulkStatement", "addition", "array_text", "change", "deletion", "upsert"]
