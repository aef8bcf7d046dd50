"""The ways to draw, one row each in DRAWS: from a node of a distribution file to a closure that draws."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from random import Random
from typing import Any

from engine.datatypes.base import Kind
from engine.datatypes.identifiers import make_pesel
from engine.datatypes.values import Reference
from engine.definitions.tree import Node
from engine.expressions.evaluator import compile_term
from engine.expressions.frames import Frame
from engine.expressions.frames import Node as ValueNode
from engine.expressions.terms import BOOLEAN, DATE, DATETIME, NUMBER, TEXT, Type
from engine.model.item import ItemDef
from engine.synthesis.bind import Bind
from engine.synthesis.distribution import SEED, SLOT, SUBJECT, Drawing
from engine.synthesis.misfits import fills, takes
from engine.synthesis.numbers import EXACT, NUMBERS, cut, lognormal_number, moved
from engine.synthesis.samples import at_local, day_of, shortened


def drawing_of(bind: Bind, node: Node, item: ItemDef | None) -> Drawing:
    """The closure of one way to draw."""
    kinds = [name for name in DRAWS if name in node.entries]
    if len(kinds) != 1:
        said = f"{', '.join(kinds)} exclude each other" if kinds else "it does not say how to draw"
        bind.error(node, "wrong-shape", f"One of {', '.join(DRAWS)} is needed here: {said}.")
        return lambda _frame, _draw: None
    if item is not None and not fills(kinds[0], node, item.datatype.kind):
        bind.error(
            node.entries[kinds[0]], "wrong-type", f"{item.id} is a {item.datatype.name}: {kinds[0]} cannot fill it."
        )
    drawn = DRAWS[kinds[0]](bind, node, item)
    if kinds[0] in NUMBERS:
        drawn = moved(bind, node, cut(bind, node, drawn), item)
    return _as_item(bind, node, drawn, item)


def type_of_draw(bind: Bind, node: Node) -> Type:
    """The type of a hidden draw."""
    entries = node.entries
    if "cases" in entries:
        return type_of_draw(bind, entries["cases"].elements[0])
    if "value" in entries:
        rule = bind.rule(entries["value"])
        return rule.term.type if rule is not None else TEXT
    if "after" in entries or "before" in entries:
        return DATETIME if node.text_of("in") in EXACT else DATE
    if "weights" in entries:
        return NUMBER if all(_is_number(key) for key in entries["weights"].entries) else TEXT
    return BOOLEAN if "chance" in entries else TEXT if {"digits", "pesel"} & entries.keys() else NUMBER


def _is_number(text: str) -> bool:
    try:
        return Decimal(text).is_finite()
    except ArithmeticError:
        return False


# ways to draw -------------------------------------------------------------------------------------------------------


def _value(bind: Bind, node: Node, item: ItemDef | None) -> Drawing:
    rule = bind.rule(node.entries["value"])
    if rule is None:
        return lambda _frame, _draw: None
    if item is not None and not takes(item.datatype.kind, rule.term.type):
        text = f"This gives a {rule.term.type}; {item.id} is a {item.datatype.name}."
        bind.error(node.entries["value"], "wrong-type", text)
    run = compile_term(rule.term)
    return lambda frame, _draw: run(frame)


def _chance(bind: Bind, node: Node, _item: ItemDef | None) -> Drawing:
    chance = bind.number(node.entries["chance"])
    return lambda frame, draw: draw.random() < float(chance(frame, draw) or 0)


def _weighted(bind: Bind, node: Node) -> tuple[list[str], list[Drawing]]:
    return list(node.entries), [bind.number(part) for part in node.entries.values()]


def _weights(bind: Bind, node: Node, item: ItemDef | None) -> Drawing:
    keys, weights = _weighted(bind, node.entries["weights"])
    for key, part in node.entries["weights"].entries.items():
        if item is not None:
            bind.check_code(part, item, key)
    numbers = all(map(_is_number, keys)) and (item is None or item.datatype.kind is Kind.NUMBER)
    values = [Decimal(key) for key in keys] if numbers else keys

    def drawn(frame: Frame, draw: Random) -> Any:
        found = [max(0.0, float(weight(frame, draw) or 0)) for weight in weights]
        return draw.choices(values, found)[0] if any(found) else None

    return drawn


def _several(bind: Bind, node: Node, item: ItemDef | None) -> Drawing:
    keys, chances = _weighted(bind, node.entries["several"])
    otherwise = node.text_of("otherwise")
    for key, part in node.entries["several"].entries.items():
        if item is not None:
            bind.check_code(part, item, key)
    if otherwise is not None and item is not None:
        bind.check_code(node.entries["otherwise"], item, otherwise)

    def drawn(frame: Frame, draw: Random) -> Any:
        found = [float(chance(frame, draw) or 0) for chance in chances]
        chosen = tuple(key for key, chance in zip(keys, found, strict=True) if draw.random() < chance)
        return chosen or ((otherwise,) if otherwise is not None else None)

    return drawn


def _shares(bind: Bind, node: Node, item: ItemDef | None) -> Drawing:
    part = node.entries["shares"]
    median, sigma = bind.number(part.entries["median"]), bind.number(part.entries["sigma"])
    codes = list(item.facets.choices)[: part.integer("most")] if item is not None else []
    if not codes:
        bind.error(node, "not-allowed", "Shares need an item with a list of codes.")

    def drawn(frame: Frame, draw: Random) -> Any:
        fixed = Random(f"{frame.vars[SEED]}/{item.id if item else ''}")  # noqa: S311 -- the same for all subjects
        sizes = [lognormal_number(fixed, median(frame, draw), float(sigma(frame, draw))) for _ in codes]
        return draw.choices(codes, sizes)[0]

    return drawn


def _digits(_bind: Bind, node: Node, _item: ItemDef | None) -> Drawing:
    form = node.text_of("digits") or ""
    return lambda _frame, draw: "".join(str(draw.randrange(10)) if char == "#" else char for char in form)


def _pesel(bind: Bind, node: Node, _item: ItemDef | None) -> Drawing:
    part = node.entries["pesel"].entries
    born, sex = bind.run(part["born"]), bind.run(part["sex"])

    def drawn(frame: Frame, _draw: Random) -> str | None:
        day = day_of(born(frame))
        series = int(frame.vars[SLOT + SUBJECT])
        return make_pesel(day, female=sex(frame) == "f", series=series % 5000) if day is not None else None

    return drawn


def _among(bind: Bind, node: Node, item: ItemDef | None) -> Drawing:
    wanted = [bind.at_target(node.entries["among"], target) for target in item.targets] if item is not None else []

    def drawn(frame: Frame, draw: Random) -> Reference | None:
        fitting = [
            row.key
            for scope, holds in wanted
            for row in frame.world.rows.values()
            if row.scope is scope and row is not frame.node and holds(_at(row, frame)) is True
        ]
        return Reference(draw.choice(fitting)) if fitting else None

    return drawn


def _at(node: ValueNode, frame: Frame) -> Frame:
    found = Frame(node, frame.world)
    found.vars = frame.vars
    return found


def _cases(bind: Bind, node: Node, item: ItemDef | None) -> Drawing:
    cases = [
        (
            bind.run(part.entries["when"], condition=True) if "when" in part.entries else None,
            drawing_of(bind, part, item),
        )
        for part in node.entries["cases"].elements
    ]

    def drawn(frame: Frame, draw: Random) -> Any:
        return next((way(frame, draw) for when, way in cases if when is None or when(frame) is True), None)

    return drawn


DRAWS: Mapping[str, Callable[[Bind, Node, ItemDef | None], Drawing]] = {
    "value": _value,
    "chance": _chance,
    "weights": _weights,
    "several": _several,
    "shares": _shares,
    **NUMBERS,
    "digits": _digits,
    "pesel": _pesel,
    "among": _among,
    "cases": _cases,
}


def _as_item(bind: Bind, node: Node, drawn: Drawing, item: ItemDef | None) -> Drawing:
    """What was drawn, as far as the kind of the item is another: a day with a time, or without all of its parts."""
    kind = item.datatype.kind if item is not None else None
    if kind is Kind.DATETIME:
        return lambda frame, draw: _with_time(drawn(frame, draw), draw)
    if kind is Kind.DATE:
        return lambda frame, draw: day_of(drawn(frame, draw))
    if kind is Kind.CODES:
        return lambda frame, draw: _as_several(drawn(frame, draw))
    if kind is Kind.PARTIAL_DATE:
        keys, weights = _weighted(bind, node.entries["precision"]) if "precision" in node.entries else (["day"], [])
        return lambda frame, draw: _cut_short(drawn(frame, draw), keys, weights, frame, draw)
    return drawn


def _as_several(found: Any) -> Any:
    return (found,) if isinstance(found, str) else found


def _with_time(found: Any, draw: Random) -> Any:
    if isinstance(found, datetime) or not isinstance(found, date):
        return found
    return at_local(found, time(draw.randint(7, 17), draw.randrange(0, 60, 5)))


def _cut_short(found: Any, keys: list[str], weights: list[Drawing], frame: Frame, draw: Random) -> Any:
    day = day_of(found)
    if day is None or (not isinstance(found, date) and not weights):
        return found
    chosen = draw.choices(keys, [float(weight(frame, draw) or 0) for weight in weights])[0] if weights else keys[0]
    return shortened(day, chosen)


__all__ = ["DRAWS", "drawing_of", "type_of_draw"]
