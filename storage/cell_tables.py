"""Writes cells: one narrow row for each, spread over the typed columns by the database itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from sqlalchemy import Table
from sqlalchemy.dialects import postgresql

from storage.bulk import BulkStatement, arrays
from storage.slots import CELL_SLOTS, value_column
from storage.tables import calculated_data, item_data

# The rows are narrow: the table's key, then slot, value and extra as `cell_rows` gives them.
# Arrays of every typed column, nearly all empty, would take twice as long.


def insertion(table: Table, *, upsert: bool = False) -> BulkStatement:
    """Insert cells; with `upsert`, bring those that are there up to date."""
    keys = [column.name for column in table.primary_key]

    def text(spread: dict[str, str], source: str) -> str:
        names, values = ", ".join((*keys, *spread)), ", ".join((*keys, *spread.values()))
        tail = (
            f"ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in spread)}"
        )
        # SQLite would take ON for a join's, were there no WHERE.
        return f"INSERT INTO {table.name} ({names}) SELECT {values} FROM {source} WHERE true {tail if upsert else ''}"  # noqa: S608 -- names of columns alone

    return _both(table, text)


def alteration(table: Table) -> BulkStatement:
    """Give cells of one form that are there new values: two thirds of the time that an upsert takes."""
    keys = [column.name for column in table.primary_key]
    same = " AND ".join(f"{table.name}.{key} = given.{key}" for key in keys)

    def text(spread: dict[str, str], source: str) -> str:
        values = ", ".join(f"{name} = {value}" for name, value in spread.items())
        return f"UPDATE {table.name} SET {values} FROM {source} WHERE {same}"  # noqa: S608 -- names of columns alone

    both = _both(table, text)
    # Told the form, it looks nowhere else; by the join alone it may read the whole table.
    told = f"{both.postgresql} AND {table.name}.form_id = %s"
    return replace(both, postgresql=told, parameters=lambda rows: [*arrays(rows), rows[0][0]])


def _both(table: Table, text: Callable[[dict[str, str], str], str]) -> BulkStatement:
    keys = [column.name for column in table.primary_key]
    given = [*keys, "slot", "value", "more"]
    types = [*(_type(table, key) for key in keys), "smallint", "text", "text"]
    rows = f"unnest({', '.join(f'%s::{name}[]' for name in types)}) AS given({', '.join(given)})"
    values = f"(SELECT {', '.join(f'? AS {name}' for name in given)}) AS given"
    spread = {"extra": "more"}
    native = {value_column(slot): _case(place, table, value_column(slot)) for place, slot in _slots(table)}
    # SQLite keeps the text itself, which the column's affinity turns into 0 and 1 for truth, and REAL for searching.
    plain = {value_column(slot): f"CASE slot WHEN {place} THEN value END" for place, slot in _slots(table)}
    number = CELL_SLOTS.index("number")
    plain["number_search"] = f"CASE slot WHEN {number} THEN value END"
    return BulkStatement(text(plain | spread, values), text(native | spread, rows))


def _case(place: int, table: Table, column: str) -> str:
    kind = _type(table, column)
    return f"CASE slot WHEN {place} THEN {'value' if kind == 'TEXT' else f'CAST(value AS {kind})'} END"


def _slots(table: Table) -> list[tuple[int, str]]:
    return [(place, slot) for place, slot in enumerate(CELL_SLOTS) if value_column(slot) in table.c]


def _type(table: Table, column: str) -> str:
    dialect = postgresql.dialect()  # type: ignore[no-untyped-call]
    return table.c[column].type.compile(dialect=dialect)


INSERT_CELLS = insertion(item_data)
ALTER_CELLS = alteration(item_data)
WRITE_CALCULATED = insertion(calculated_data, upsert=True)

__all__ = ["ALTER_CELLS", "INSERT_CELLS", "WRITE_CALCULATED"]
