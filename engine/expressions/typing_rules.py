"""Which types go together: comparisons, shared results, parameters of functions."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from decimal import Decimal

from engine.datatypes.base import Kind
from engine.expressions.names import Codes
from engine.expressions.terms import BOOLEAN, DATE, NOTHING, NUMBER, TEXT, Term, Type, constant

UNTYPED = Term("const", (None,), NOTHING)  # stands in for a faulty part, so that checking goes on

_DAYS = frozenset({Kind.DATE, Kind.DATETIME})
_PARTIAL = _DAYS | {Kind.PARTIAL_DATE}
_TEXTUAL = frozenset({Kind.TEXT, Kind.CODE})
_ANY: frozenset[Kind] = frozenset()
ORDERED = _DAYS | {Kind.NUMBER, Kind.TIME}  # what has a least and a greatest

PARAMETERS: Mapping[str, tuple[frozenset[Kind], str]] = {
    "day": (_DAYS, "a date"),
    "datetime": (frozenset({Kind.DATETIME}), "a date and time"),
    "time": (frozenset({Kind.TIME}), "a time of day"),
    "clock": (frozenset({Kind.DATETIME, Kind.TIME}), "a time of day, or a date and time"),
    "partial": (_PARTIAL, "a date, complete or partial"),
    "number": (frozenset({Kind.NUMBER}), "a number"),
    "text": (_TEXTUAL, "a text"),
    "codes": (frozenset({Kind.CODES}), "a multiple choice or a set"),
    "boolean": (frozenset({Kind.BOOLEAN}), "a yes/no condition"),
    "same": (_ANY, "a value"),
    "ordered": (ORDERED, "a number, date or time"),
}

# domain of a comparison -> the kinds that both sides may have; the first that fits is taken
_COMPARABLE: tuple[tuple[str, frozenset[Kind]], ...] = (
    ("num", frozenset({Kind.NUMBER})),
    ("text", _TEXTUAL),
    ("bool", frozenset({Kind.BOOLEAN})),
    ("datetime", frozenset({Kind.DATETIME})),
    ("date", _DAYS),
    ("partial", _PARTIAL),
    ("time", frozenset({Kind.TIME})),
    ("reference", frozenset({Kind.REFERENCE})),
)


def literal(value: Decimal | str | bool | None) -> Term:
    """The term of a constant."""
    if value is None:
        return UNTYPED
    return constant(value, {bool: BOOLEAN, Decimal: NUMBER, str: TEXT}[type(value)])


def fits_constant(type_: Type, value: Decimal | str | bool) -> bool:
    """Whether a value of that type, or one of several, can be equal to a constant."""
    if type_.kind is Kind.NOTHING:
        return True
    if type_.kind is Kind.CODES:
        type_ = type_.of_elements
    wanted: dict[Kind, type] = {
        Kind.BOOLEAN: bool,
        Kind.NUMBER: Decimal,
        Kind.TEXT: str,
        Kind.CODE: str,
    }
    return type(value) is wanted.get(type_.kind)


def may_hold(group: Type, value: Type) -> bool:
    """Whether a value can be in a multiple choice or set. Of partial dates that is rarely sure: they are compared one by one."""
    if Kind.NOTHING in (group.kind, value.kind):
        return True
    element = group.of_elements.kind
    return value.kind is element is not Kind.PARTIAL_DATE or {value.kind, element} <= _TEXTUAL


def as_day(term: Term) -> Term:
    """A date and time where a date is wanted counts as its local date."""
    return Term("call", ("date", term), DATE) if term.type.kind is Kind.DATETIME else term


def as_reason(term: Term) -> Term:
    """A missing reason that is compared: without one it differs from every reason, so the comparison is never unknown."""
    return Term("call", ("coalesce", term, literal("")), TEXT) if term.op == "reason" else term


def comparison(left: Type, right: Type) -> str | None:
    """The domain in which two types are compared, or None when they cannot be."""
    kinds = {left.kind, right.kind} - {Kind.NOTHING}
    return next((domain for domain, fitting in _COMPARABLE if kinds <= fitting), None)


def joined(left: Type, right: Type) -> Type | None:
    """The type that values of both types have in common, or None."""
    if left == right or right.kind is Kind.NOTHING:
        return left
    if left.kind is Kind.NOTHING:
        return right
    kinds = {left.kind, right.kind}
    if kinds == _DAYS:
        return DATE
    if kinds <= _TEXTUAL:
        lists = {left.codelist, right.codelist} - {None}
        return Type(Kind.CODE, lists.pop()) if len(lists) == 1 else TEXT
    return left if len(kinds) == 1 and left.element is right.element else None


def type_hint(found: Type, wanted: AbstractSet[Kind]) -> str:
    """Advice for common mix-ups."""
    if found.kind is Kind.PARTIAL_DATE and wanted & _DAYS:
        return " Take earliest(), latest() or mid() of it."
    if found.kind is Kind.BOOLEAN and Kind.NUMBER in wanted:
        return " number(…) makes 1 or 0 of it."
    if found.kind is Kind.CODE and Kind.NUMBER in wanted:
        return " Take a number attribute of it: attr(x, '…')."
    return ""


def some(codes: Codes) -> str:
    """'Allowed: a, b, c …' for a message."""
    shown = ", ".join(codes.codes[:12])
    return f"Allowed: {shown}{' …' if len(codes.codes) > 12 else ''}."
