"""A compiled registry as bytes and back: data alone, so that reading a file can never run what is in it.

Objects are laid out by class and column: restoring a field of five thousand items is then one `map` over its slot,
several times faster than pickle, which calls Python code for each frozen dataclass.

Layout, numbers little-endian: length of the head, head (JSON: atoms, counts of objects and batches), then unsigned
32-bit numbers. A value is named by its number: atoms first, then objects class by class, then tuples, sets, lists and
maps. These come in batches of one kind and size, maps of the same keys, each batch after what its members hold: a batch
is made by one `zip`. Equal ones are written once: a registry is only read from here on. Fields whose name starts with
`_` are caches and are not kept.
"""

from __future__ import annotations

import json
import sys
from array import array
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import date
from decimal import Decimal
from enum import Enum
from functools import partial
from itertools import repeat
from typing import Any

from engine.compiler.compiled import CompiledRegistry
from engine.compiler.rules import (
    BoundRange,
    BoundText,
    CheckPart,
    CheckRules,
    DerivedRules,
    EventRules,
    GroupRules,
    Hole,
    IndicatorRules,
    ItemRules,
    Rule,
    TextRules,
)
from engine.compiler.scoping import Scopes
from engine.datatypes import DATATYPES
from engine.datatypes.base import Choice, DataType, Facets, Kind
from engine.errors import DefinitionProblem, Mark, Severity
from engine.expressions.scopes import Field, Scope
from engine.expressions.terms import Term, Type
from engine.model.code_list import AttributeDef, CodeList, MissingList
from engine.model.form import CheckDef, CheckSeverity, FormDef, GroupDef, SectionDef
from engine.model.item import (
    Case,
    DecisionTable,
    Elsewhere,
    ExpressionText,
    ItemDef,
    Privacy,
    RangeCheck,
    Template,
    WhenHidden,
)
from engine.model.metadata_version import (
    ContactDef,
    ContainerDef,
    Define,
    DerivedDef,
    Generator,
    IndicatorDef,
    MetaDataVersion,
    Parameter,
    StudyEventDef,
    VerificationDef,
)
from engine.model.rights import Rights

# What a registry consists of. Any other class is refused when packed, and cannot be made when unpacked.
CLASSES: tuple[Any, ...] = (
    *(Mark, DefinitionProblem),
    *(Type, Term, Field, Scope, Scopes),
    *(Choice, Facets, AttributeDef, CodeList, MissingList),
    *(
        ExpressionText,
        Case,
        DecisionTable,
        Elsewhere,
        Template,
        RangeCheck,
        Rights,
        ItemDef,
        CheckDef,
        GroupDef,
        SectionDef,
        FormDef,
    ),
    *(
        ContactDef,
        ContainerDef,
        Define,
        DerivedDef,
        Generator,
        IndicatorDef,
        MetaDataVersion,
        Parameter,
        StudyEventDef,
        VerificationDef,
    ),
    *(Rule, BoundRange, ItemRules, GroupRules, CheckPart, CheckRules),
    *(DerivedRules, EventRules, IndicatorRules, Hole, BoundText, TextRules),
)
ENUMS: tuple[type[Enum], ...] = (Kind, Severity, CheckSeverity, WhenHidden, Privacy)
_KEPT = {kind: tuple(field.name for field in fields(kind) if not field.name.startswith("_")) for kind in CLASSES}
PARTS = (
    "model",
    "scopes",
    "order",
    "checks",
    "events",
    "indicators",
    "warnings",
    "piped",
)  # the fields of CompiledRegistry

_CONTAINERS: tuple[type, ...] = (tuple, frozenset, list, dict)
_KIND_NUMBERS = {kind: number for number, kind in enumerate(_CONTAINERS)}
_Batch = tuple[int, int, int, int]  # level, kind, how many parts, number of the tuple of keys
NO_KEYS = -1  # of what is no map
_ATOMS: Mapping[str, Callable[[Any], Any]] = {
    "plain": lambda value: value,
    "decimal": Decimal,
    "date": date.fromisoformat,
    "datatype": DATATYPES.__getitem__,
    "enum": lambda pair: ENUMS[pair[0]](pair[1]),
}


class Unpackable(ValueError):
    """A registry with a value that this module does not know, or bytes that it did not write."""


def pack(registry: CompiledRegistry) -> bytes:
    """A registry as bytes. Raises Unpackable."""
    packer = _Packer()
    root = packer.number(tuple(getattr(registry, part) for part in PARTS))
    packer.lay_out()
    return packer.bytes(root)


class _Packer:
    """Gives every value a number while it walks through a registry."""

    def __init__(self) -> None:
        self._numbers: dict[Any, int] = {}  # of atoms and of immutable containers, by content
        self._objects: dict[int, int] = {}  # of objects, by id()
        self._atoms: dict[str, list[tuple[int, Any]]] = {kind: [] for kind in _ATOMS}
        self._shells: dict[type, list[tuple[int, Any]]] = {}
        self._levels: dict[int, int] = {}  # of containers: one more than those of their parts
        self._batches: dict[_Batch, list[tuple[int, list[int]]]] = {}  # numbers and parts
        self._waiting: deque[tuple[int, Any]] = deque()
        self._rows: dict[int, list[int]] = {}
        self._count = 0

    def number(self, value: Any) -> int:
        """The number of a value; an object's fields are numbered later, so that depth costs no recursion."""
        kind = type(value)
        if kind in _KIND_NUMBERS:
            return self._container(kind, value)
        if kind in _KEPT:
            known = self._objects.get(id(value))
            if known is None:
                known = self._objects[id(value)] = self._next()
                self._shells.setdefault(kind, []).append((known, value))
                self._waiting.append((known, value))
            return known
        return self._atom(kind, value)

    def lay_out(self) -> None:
        """Number the fields of all objects met so far, and of those met meanwhile."""
        while self._waiting:
            number, value = self._waiting.popleft()
            self._rows[number] = [self.number(getattr(value, name)) for name in _KEPT[type(value)]]

    def bytes(self, root: int) -> bytes:
        """Everything numbered, with final numbers: atoms, objects, containers."""
        order = [number for listed in self._atoms.values() for number, _ in listed]
        order += [number for shells in self._shells.values() for number, _ in shells]
        batches = sorted(self._batches.items())  # by level: parts first
        order += [number for _, batch in batches for number, _ in batch]
        final = [0] * self._count
        for place, number in enumerate(order):
            final[number] = place
        head = {
            "atoms": {kind: [text for _, text in listed] for kind, listed in self._atoms.items()},
            "objects": [[kind.__name__, len(shells)] for kind, shells in self._shells.items()],
            "batches": len(batches),
            "root": final[root],
        }
        numbers = array("I")
        for shells in self._shells.values():
            for column in zip(*(self._rows[number] for number, _ in shells), strict=True):
                numbers.extend(_column([final[part] for part in column]))
        for (_, kind, size, keys), batch in batches:
            numbers.extend((kind, size, len(batch), 0 if keys == NO_KEYS else final[keys]))
            numbers.extend(final[part] for _, parts in batch for part in parts)
        text = json.dumps(head, ensure_ascii=False, separators=(",", ":")).encode()
        if sys.byteorder == "big":
            numbers.byteswap()
        return len(text).to_bytes(8, "little") + text + numbers.tobytes()

    def _next(self) -> int:
        self._count += 1
        return self._count - 1

    def _container(self, kind: type, value: Any) -> int:
        keys = self.number(tuple(value)) if kind is dict else NO_KEYS
        listed = value.values() if kind is dict else sorted(value, key=repr) if kind is frozenset else value
        parts = [self.number(part) for part in listed]
        key = (kind, keys, *parts)
        known = self._numbers.get(key)
        if known is None:
            known = self._numbers[key] = self._next()
            level = 1 + max((self._levels.get(part, 0) for part in (keys, *parts)), default=0)
            self._levels[known] = level
            self._batches.setdefault((level, _KIND_NUMBERS[kind], len(parts), keys), []).append((known, parts))
        return known

    def _atom(self, kind: type, value: Any) -> int:
        key = (kind, str(value) if kind is Decimal else value)
        known = self._numbers.get(key)
        if known is None:
            named, text = _atom_text(kind, value)
            known = self._numbers[key] = self._next()
            self._atoms[named].append((known, text))
        return known


def _atom_text(kind: type, value: Any) -> tuple[str, Any]:
    """The kind of an atom and how JSON holds it."""
    if value is None or kind in (bool, int, str):
        return "plain", value
    if kind is Decimal:
        return "decimal", str(value)
    if kind is date:
        return "date", value.isoformat()
    if kind in ENUMS:
        return "enum", [ENUMS.index(kind), value.value]
    if isinstance(value, DataType):
        return "datatype", value.name
    raise Unpackable(f"a {kind.__name__} is no part of a registry")


def _column(numbers: list[int]) -> list[int]:
    """A column: 1 and its only value, or 0 and all values."""
    return [1, numbers[0]] if len(set(numbers)) == 1 else [0, *numbers]


def unpack(data: memoryview) -> CompiledRegistry:
    """The registry that was packed. Raises Unpackable."""
    try:
        size = int.from_bytes(data[:8], "little")
        head = json.loads(bytes(data[8 : 8 + size]))
        numbers = array("I")
        numbers.frombytes(data[8 + size :])
        if sys.byteorder == "big":
            numbers.byteswap()
        return _unpack(head, numbers.tolist())
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as fault:
        raise Unpackable(str(fault)) from fault


def _unpack(head: Any, numbers: list[int]) -> CompiledRegistry:
    values: list[Any] = []
    for kind, listed in head["atoms"].items():
        values.extend(map(_ATOMS[kind], listed))
    classes = {kind.__name__: kind for kind in CLASSES}
    shells = [(classes[name], _shells(classes[name], count)) for name, count in head["objects"]]
    for _, made in shells:
        values.extend(made)
    at = _containers_start(shells, numbers)
    for _ in range(head["batches"]):
        at = _fill_batch(values, numbers, at)
    at = 0
    for kind, made in shells:
        at = _fill_objects(kind, made, values, numbers, at)
    return CompiledRegistry(*values[head["root"]])


def _shells(kind: type, count: int) -> list[Any]:
    """Objects without their fields: they may refer to one another in circles."""
    return list(map(object.__new__, repeat(kind, count)))


def _containers_start(shells: Iterable[tuple[type, Sequence[Any]]], numbers: Sequence[int]) -> int:
    at = 0
    for kind, made in shells:
        for _ in _KEPT[kind]:
            at += 2 if numbers[at] else 1 + len(made)
    return at


def _fill_batch(values: list[Any], numbers: Sequence[int], at: int) -> int:
    """Make the containers of a batch; where the next one starts."""
    kind, size, count, keys = numbers[at : at + 4]
    at, end = at + 4, at + 4 + size * count
    parts = map(values.__getitem__, numbers[at:end])
    rows: Iterable[Any] = zip(*[parts] * size, strict=True) if size else repeat((), count)
    made = _CONTAINERS[kind]
    if made is dict:
        rows = map(partial(zip, values[keys]), rows)
    values.extend(rows if made is tuple else map(made, rows))
    return end


def _fill_objects(kind: type, made: list[Any], values: list[Any], numbers: list[int], at: int) -> int:
    """Set the fields of all objects of a class, column by column; where the next class starts."""
    for field in fields(kind):
        setter = kind.__dict__[field.name].__set__
        if field.name.startswith("_"):
            column: Iterable[Any] = repeat(field.default)
        elif numbers[at]:
            column, at = repeat(values[numbers[at + 1]]), at + 2
        else:
            column, at = map(values.__getitem__, numbers[at + 1 : at + 1 + len(made)]), at + 1 + len(made)
        deque(map(setter, made, column), maxlen=0)
    return at


__all__ = ["Unpackable", "pack", "unpack"]
