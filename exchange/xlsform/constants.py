"""Constants in cells: defaults, and the many ways to write yes and no."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from decimal import Decimal

from engine.datatypes.base import Kind
from engine.expressions.nodes import Call, Literal, Syntax
from engine.expressions.printer import expression_text
from exchange.rules.translate import number_in
from exchange.xlsform.shapes import Shape

TRUE = frozenset({"yes", "true", "true()", "1"})
FALSE = frozenset({"no", "false", "false()", "0"})
_SHOWN = 60  # characters of a constant in a message


def constant_of(text: str) -> Syntax | None:
    """`yes` where a condition is expected."""
    plain = text.strip().lower()
    if plain in TRUE - {"1"} or plain in FALSE - {"0"}:
        return Call("true" if plain in TRUE else "false", (), 0)
    return None


def constant_default(text: str, kind: Kind, shape: Shape) -> str | None:
    """Our expression of a constant answer; None where the question cannot hold it."""
    maker = _DEFAULTS.get(kind)
    made = maker(text, shape) if maker is not None else None
    return made if made is None or "\n" not in made else None


def why_no_default(text: str, kind: Kind) -> str:
    """Why a constant is no answer to a question."""
    return f"'{_shortened(text)}' {_REFUSED.get(kind, f'cannot be a default here, for a question of the kind {kind}')}."


def _shortened(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _number_default(text: str, _shape: Shape) -> str | None:
    found = number_in(text)
    return expression_text(Literal(found, 0)) if found is not None else None


def _text_default(text: str, _shape: Shape) -> str | None:
    return expression_text(Literal(text, 0))


def _date_default(text: str, _shape: Shape) -> str | None:
    found = re.match(r"(\d{4})-(\d{1,2})-(\d{1,2})", text)
    if found is None:
        return None
    return expression_text(Call("make_date", tuple(Literal(Decimal(part), 0) for part in found.groups()), 0))


def _code_default(text: str, shape: Shape) -> str | None:
    codes = shape.choices.codes if shape.choices is not None else {}
    return expression_text(Literal(codes[text], 0)) if text in codes else None


def _boolean_default(text: str, _shape: Shape) -> str | None:
    plain = text.lower()
    return "true" if plain in TRUE | {"ok"} else "false" if plain in FALSE else None


_DEFAULTS: Mapping[Kind, Callable[[str, Shape], str | None]] = {
    Kind.NUMBER: _number_default,
    Kind.TEXT: _text_default,
    Kind.DATE: _date_default,
    Kind.CODE: _code_default,
    Kind.BOOLEAN: _boolean_default,
}
_REFUSED: Mapping[Kind, str] = {
    Kind.NUMBER: "is no number",
    Kind.TEXT: "has several lines, and a default has one",
    Kind.DATE: "is no date as ODK writes it (2026-05-31)",
    Kind.CODE: "is no choice of the list",
    Kind.BOOLEAN: "is neither yes nor no",
}
