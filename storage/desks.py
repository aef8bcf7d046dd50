"""For whom the tasks of a day are counted, and statements about that: built once, and asked for many people."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import BindParameter, CompoundSelect, Select, bindparam
from sqlalchemy.dialects import postgresql
from sqlalchemy.sql import visitors
from sqlalchemy.types import TypeEngine

from engine.datatypes.local_time import to_local
from storage.access import Actor
from storage.queries import EVERYTHING_SEEN
from storage.rights import Unseen
from storage.slots import utc


@dataclass(frozen=True, slots=True)
class Desk:
    """For whom, when and in which registry."""

    actor: Actor
    at: datetime
    dialect: str
    unseen: Unseen = EVERYTHING_SEEN  # what is hidden from the actor

    @property
    def today(self) -> str:
        """The local day."""
        return to_local(self.at).date().isoformat()


_PLAIN = postgresql.dialect(paramstyle="named")  # type: ignore[no-untyped-call]  # in which a sign % stands for itself
Statement = Select[Any] | CompoundSelect[Any]
_Reader = Callable[[Desk], Any]

# What stands in an example for what a desk says: nothing else in a statement has these values.
_AT = datetime(1907, 5, 3, 4, 11, 17, 230_000, UTC)
_WHO = Actor(
    account=1_907_050_301, name="", registry="\N{REPLACEMENT CHARACTER}", site=1_907_050_302, unit=1_907_050_303
)
_READERS: Mapping[object, _Reader] = MappingProxyType(
    {
        _WHO.account: lambda desk: desk.actor.account,
        _WHO.registry: lambda desk: desk.actor.registry,
        _WHO.site: lambda desk: desk.actor.site,
        _WHO.unit: lambda desk: desk.actor.unit,
        -(_WHO.unit or 0): lambda desk: -(desk.actor.unit or 0),
        Desk(_WHO, _AT, "").today: lambda desk: desk.today,
    }
)


def example_of(desk: Desk) -> Desk:
    """A desk that is the same for all whose statements differ in values alone."""
    actor = desk.actor
    who = replace(
        _WHO, role=actor.role, identities=actor.identities,
        site=None if actor.site is None else _WHO.site, unit=None if actor.unit is None else _WHO.unit,
    )  # fmt: skip
    return replace(desk, actor=who, at=_AT)


@dataclass(frozen=True, slots=True)
class Kept:
    """A statement with names in place of what a desk says; to build one takes SQLAlchemy longer than the database to answer it."""

    statement: Statement
    readers: Mapping[str, _Reader]  # by these names

    @classmethod
    def of(cls, built: Statement) -> Kept:
        """From the statement of an example."""
        readers = dict[str, _Reader]()

        def named(element: Any, **_more: Any) -> BindParameter[Any] | None:
            read = _reader(element.value) if isinstance(element, BindParameter) else None
            if read is None:
                return None
            name = f"desk_{len(readers)}"
            readers[name] = read
            return bindparam(name, type_=element.type, expanding=element.expanding)

        whole: Any = built  # SQLAlchemy tells its type of single columns alone
        return cls(visitors.replacement_traverse(whole, {}, named), MappingProxyType(readers))

    def given(self, desk: Desk) -> dict[str, Any]:
        """What it is asked with."""
        return {name: read(desk) for name, read in self.readers.items()}


@dataclass(frozen=True, slots=True)
class KeptText:
    """The same as text for PostgreSQL with the values in it, as SQLAlchemy quotes them: names and numbers of ours, which nobody types."""

    pieces: tuple[str, ...]  # plain text and a literal of the example by turns
    literals: Mapping[str, tuple[TypeEngine[Any], _Reader]]  # what stands for each of those

    @classmethod
    def of(cls, built: Statement) -> KeptText:
        """From the statement of an example."""
        literals = dict[str, tuple[TypeEngine[Any], _Reader]]()
        for part in visitors.iterate(built):
            if isinstance(part, BindParameter):
                for value in part.value if isinstance(part.value, (list, tuple)) else (part.value,):
                    read = _reader(value)
                    if read is not None:
                        literals[_literal(part.type, value)] = part.type, read
        marks = "|".join(
            map(re.escape, sorted(literals, reverse=True))
        )  # the longer of two that begin alike comes first
        pieces = re.split(f"({marks})", text_of(built)) if marks else [text_of(built)]
        return cls(tuple(pieces), MappingProxyType(literals))

    def text(self, desk: Desk) -> str:
        """The text of a desk."""
        told = {mark: _literal(kind, read(desk)) for mark, (kind, read) in self.literals.items()}
        return "".join(told.get(piece, piece) for piece in self.pieces)


def text_of(statement: Statement) -> str:
    """A statement as text for PostgreSQL, with its values in it."""
    return str(statement.compile(dialect=_PLAIN, compile_kwargs={"literal_binds": True}))


def _literal(kind: TypeEngine[Any], value: Any) -> str:
    quote = kind.dialect_impl(_PLAIN).literal_processor(_PLAIN)
    assert quote is not None, kind
    return quote(value)


def _reader(value: Any) -> _Reader | None:
    """Where a desk says what an example has here; None for what is the same for all."""
    if isinstance(value, datetime):
        return lambda desk: utc(desk.at) + (value - _AT)
    if isinstance(value, (list, tuple)):
        each = [_reader(one) for one in value]
        parts = list(zip(value, each, strict=True))
        return (lambda desk: [one if read is None else read(desk) for one, read in parts]) if any(each) else None
    return _READERS.get(value)


__all__ = ["Desk", "Kept", "KeptText", "Statement", "example_of", "text_of"]
