"""Asks several queries in one statement: each is a column of a single row, its own rows as JSON.

A page that is put together from many small answers waits for the database once, whatever stands between them.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any, Generic, TypeVar

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Connection,
    Date,
    Dialect,
    LargeBinary,
    Numeric,
    ScalarSelect,
    Select,
    Subquery,
    Text,
    TextualSelect,
    case,
    cast,
    func,
    select,
)
from sqlalchemy.engine import IteratorResult
from sqlalchemy.engine.result import SimpleResultMetaData

T = TypeVar("T")
Found_co = TypeVar("Found_co", covariant=True)
Rows = Sequence[Any]  # as a query gives them, whose columns have names


@dataclass(frozen=True, slots=True)
class Part(Generic[Found_co]):
    """A query and what is made of its rows."""

    query: Select[Any] | CompoundSelect[Any] | TextualSelect
    read: Callable[[Rows], Found_co]
    given: Mapping[str, Any] = field(default_factory=dict)  # what a query that was made once is asked with


@dataclass(frozen=True, slots=True)
class Asking:
    """The parts that were asked so far; their answers are there once the block is over."""

    _parts: list[Part[Any]] = field(default_factory=list)
    _answers: list[Any] = field(default_factory=list)

    def ask(self, part: Part[T]) -> Callable[[], T]:
        """One more; the answer is fetched after the block."""
        number = len(self._parts)
        self._parts.append(part)
        return lambda: self._answers[number]

    def send(self, connection: Connection) -> None:
        """Ask all of them."""
        dialect, sources = connection.dialect, [part.query.subquery() for part in self._parts]
        given: dict[str, Any] = {}
        for name, value in (each for part in self._parts for each in part.given.items()):
            if given.setdefault(name, value) != value:
                raise ValueError(f"two questions that are asked together give {name} differently")
        row = connection.execute(select(*(_as_json(each, dialect) for each in sources)), given).one() if sources else ()
        for part, source, text in zip(self._parts, sources, row, strict=True):
            self._answers.append(part.read(_rows(source, text, dialect)))


@contextmanager
def together(connection: Connection) -> Iterator[Asking]:
    """What is asked within goes as one statement at the end of the block."""
    asking = Asking()
    yield asking
    asking.send(connection)


def alone(connection: Connection, part: Part[T]) -> T:
    """One part by itself."""
    return part.read(connection.execute(part.query, part.given).all())


def _as_json(rows: Subquery, dialect: Dialect) -> ScalarSelect[Any]:
    """All rows of a query in one column, in their order: a list of lists, nothing where there are none."""
    columns = [_in_json(column, dialect) for column in rows.columns]
    if dialect.name == "postgresql":
        found: ColumnElement[Any] = func.json_agg(func.json_build_array(*columns))
    else:
        found = func.json_group_array(func.json_array(*columns))
    return select(cast(found, Text)).select_from(rows).scalar_subquery()


def _in_json(column: ColumnElement[Any], dialect: Dialect) -> ColumnElement[Any]:
    if not isinstance(column.type, LargeBinary):
        return column
    text = func.encode(column, "hex") if dialect.name == "postgresql" else func.hex(column)
    return case((column.is_not(None), text))


def _rows(source: Subquery, text: str | None, dialect: Dialect) -> Rows:
    """The rows as the query alone would have given them."""
    readers = [_reader(column, dialect) for column in source.columns]
    found = json.loads(text, parse_float=Decimal) if text else []
    told = [tuple(None if one is None else read(one) for read, one in zip(readers, row, strict=True)) for row in found]
    return IteratorResult(SimpleResultMetaData([str(column.key) for column in source.columns]), iter(told)).all()


def _reader(column: ColumnElement[Any], dialect: Dialect) -> Callable[[Any], Any]:
    """What makes a value of a column of what JSON holds."""
    kind = column.type.dialect_impl(dialect)
    if isinstance(column.type, LargeBinary):
        return bytes.fromhex
    if isinstance(kind, Date):
        return date.fromisoformat
    if isinstance(kind, Numeric):
        return Decimal
    return kind.result_processor(dialect, None) or _same


def _same(value: Any) -> Any:
    return value


__all__ = ["Asking", "Part", "Rows", "alone", "together"]
