"""Places the rules of a field in their order: branching, calculation, bounds, action tags, and whether it is asked for."""

from __future__ import annotations

from decimal import Decimal

from engine.datatypes.base import Kind
from engine.expressions.nodes import Call, Literal
from exchange.document import Entry
from exchange.findings import Part
from exchange.redcap.bounds import place_bounds
from exchange.redcap.columns import HEADINGS, Column
from exchange.redcap.decimals import decimals_of
from exchange.redcap.items import YES, Draft
from exchange.redcap.logic import parse_logic
from exchange.redcap.placer import TAGS, Placer
from exchange.redcap.tag_rules import place_tags
from exchange.redcap.tags import Conditional
from exchange.redcap.validations import DECIMALS
from exchange.rules.translate import Translator


def place_rules(placer: Placer, draft: Draft, form: Entry) -> None:
    """Everything that a field's row says of when, what and how much."""
    _branching(placer, draft)
    _calculation(placer, draft)
    place_bounds(placer, draft)
    place_tags(placer, draft, form)
    _required(placer, draft)


def _branching(placer: Placer, draft: Draft) -> None:
    text = draft.row[Column.BRANCHING]
    if text:
        name = HEADINGS[Column.BRANCHING]
        placer.rule(
            draft, "when", name, text, lambda translator, doubts: placer.condition(draft, translator, doubts, text)
        )


def _required(placer: Placer, draft: Draft) -> None:
    if draft.row[Column.REQUIRED].lower() not in YES or draft.kind is Kind.NOTHING:
        return
    if "calculate" in draft.entry:
        placer.placing.dropped(draft.row.where, Part.LAYOUT, "A calculated value is never asked for.", "y")
    else:
        draft.entry["required"] = True


def _calculation(placer: Placer, draft: Draft) -> None:
    text = draft.row[Column.CHOICES]
    if draft.calculates and text:
        name = HEADINGS[Column.CHOICES]
        placer.rule(draft, "calculate", name, text, lambda translator, _: _number(placer, translator, draft, text))
    elif draft.calculates:
        placer.placing.dropped(draft.row.where, Part.OTHER, "The calculated field has no calculation.", "calc")
    for each in draft.tagged("CALCTEXT", "CALCDATE")[:1]:
        _of_tag(placer, draft, each)


def _of_tag(placer: Placer, draft: Draft, each: Conditional) -> None:
    """`@CALCTEXT(…)` and `@CALCDATE(date, offset, unit)`."""
    if each.conditions:
        placer.refuse(draft, [each], "A calculation within @IF has no counterpart.")
        return
    inside = each.tag.inside if each.tag.name == "CALCTEXT" else f"calcdate({each.tag.inside})"

    def make(translator: Translator, _doubts: list[str]) -> str:
        if draft.kind is Kind.NUMBER:
            return _number(placer, translator, draft, inside)
        return translator.value(parse_logic(inside), draft.kind)

    placer.rule(draft, "calculate", TAGS, each.tag.text, make)


def _number(placer: Placer, translator: Translator, draft: Draft, text: str) -> str:
    """A calculation, rounded where the item could not hold its result."""
    tree = parse_logic(text)
    places = decimals_of(translator.number(tree).node, placer.decimals)
    if places is None or places > DECIMALS:
        tree = Call("round", (tree, Literal(Decimal(DECIMALS), 0)), 0)
    written = translator.value(tree, Kind.NUMBER)
    if draft.calculates and places == 0:
        draft.entry["type"] = "integer"
        draft.entry.pop("decimals", None)
    elif draft.calculates and places is not None:
        draft.entry["decimals"] = min(places, DECIMALS)
    if places is not None:
        placer.decimals[draft.id] = min(places, DECIMALS)
    return written
