"""How much waits for a person in each of several registries: numbers alone, in one trip to the database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import BigInteger, Connection, Integer, Text, column, func, literal, select, union_all, values

from storage.access import acting_of
from storage.database import Database, said_of
from storage.desks import Desk, Kept, KeptText, Statement, example_of
from storage.my_day import Source, of_enrolled
from storage.together import Rows


@dataclass(frozen=True, slots=True)
class Workplace:
    """A registry in which somebody works, and what is counted there."""

    desk: Desk
    sources: Mapping[str, Source]


def count_waiting(database: Database, places: Sequence[Workplace]) -> tuple[Mapping[str, int], ...]:
    """Of each place, how many tasks each of its sources has, as `what_waits` counts them."""
    numbered = [(number, place) for number, place in enumerate(places) if place.sources]
    if not numbered:
        return tuple({} for _ in places)
    turns = _in_turn if database.dialect == "postgresql" else _one_by_one
    with database.read() as connection:
        rows = turns(connection, numbered)
    return tuple({source: total for found, source, total in rows if found == number} for number in range(len(places)))


def _one_by_one(connection: Connection, places: Sequence[tuple[int, Workplace]]) -> Rows:
    """In SQLite, which is asked without a trip."""
    asked = [(number, place.desk, _counts(*_shape(place))) for number, place in places]
    return [
        (number, *row) for number, desk, kept in asked for row in connection.execute(kept.statement, kept.given(desk))
    ]


def _in_turn(connection: Connection, places: Sequence[tuple[int, Workplace]]) -> Rows:
    """The same through the function of migration 0030: PostgreSQL's policies show one registry and hospital at a time."""
    named = [column(name, Text) for name in ("registry", "site", "at", "account", "unit", "asked")]
    rows = [
        (number, *said_of(acting_of(place.desk.actor, place.desk.at)), _text(*_shape(place)).text(place.desk))
        for number, place in places
    ]
    turn = values(column("place", Integer), *named, name="turn").data(rows)
    told = func.ecrf_in_turn(*(turn.c[each.name] for each in named)).table_valued(
        column("source", Text), column("total", BigInteger), joins_implicitly=True
    )
    asked = select(turn.c.place, told.c.source, told.c.total)
    return connection.execute(asked.select_from(turn.join(told.lateral("told"), literal(True)))).all()


def _shape(place: Workplace) -> tuple[Desk, tuple[tuple[str, Source], ...]]:
    return example_of(place.desk), tuple(place.sources.items())


@lru_cache(maxsize=64)  # roles, and what is hidden from each in a registry
def _counts(example: Desk, sources: tuple[tuple[str, Source], ...]) -> Kept:
    return Kept.of(_built(example, sources))


@lru_cache(maxsize=64)
def _text(example: Desk, sources: tuple[tuple[str, Source], ...]) -> KeptText:
    return KeptText.of(_built(example, sources))


def _built(desk: Desk, sources: tuple[tuple[str, Source], ...]) -> Statement:
    each = [(key, of_enrolled(desk, source(desk)).subquery()) for key, source in sources]
    return union_all(
        *(
            select(literal(key, Text).label("source"), func.count().label("total")).select_from(found)
            for key, found in each
        )
    )


__all__ = ["Workplace", "count_waiting"]
