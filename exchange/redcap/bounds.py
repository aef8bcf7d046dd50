"""Least and greatest value of a field: our soft range, or a hard one under `@FORCE-MINMAX`."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal

from engine.datatypes.base import Kind
from engine.definitions.source import MAX_EXPONENT, MAX_NUMBER
from engine.expressions.nodes import Call, Literal
from engine.expressions.printer import expression_text
from exchange.document import Rule
from exchange.findings import Outcome
from exchange.redcap.columns import HEADINGS, SYSTEM, Column
from exchange.redcap.dates import day_constant, spreadsheet_day
from exchange.redcap.items import Draft
from exchange.redcap.logic import reference
from exchange.redcap.placer import Placer
from exchange.rules.meaning import Untranslatable
from exchange.rules.translate import Translator, number_in

Limit = int | Decimal | str

_ENDS = (Column.MIN, Column.MAX)
_REWRITTEN = "REDCap writes no dates like this; it is taken for what a spreadsheet made of one, month before day."
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)(?::\d\d)?")


def place_bounds(placer: Placer, draft: Draft) -> None:
    """A slider has its bounds already."""
    given = [column for column in _ENDS if draft.row[column]]
    if not given or draft.row[Column.TYPE].lower() == "slider":
        return
    hard = any(each.tag.name == "FORCE-MINMAX" for each in draft.tags)
    ends = {column: _limit(placer, draft, column) for column in given}
    low, high = (ends.get(column, (None, ""))[0] for column in _ENDS)
    crossed = isinstance(low, int | Decimal) and isinstance(high, int | Decimal) and low > high
    for column, (limit, reason) in ends.items():
        if limit is None or crossed:
            told = "The least value is greater than the greatest." if crossed else reason
            _no_bound(placer, draft, column, told)
        else:
            outcome = Outcome.APPROXIMATED if reason else Outcome.KEPT
            placer.told(draft, draft.row[column], outcome, reason)
    if not crossed and (low is not None or high is not None):
        draft.entry["range"] = {"hard" if hard else "soft": [low, high]}


def _no_bound(placer: Placer, draft: Draft, column: Column, reason: str) -> None:
    placer.placing.untranslated(
        draft.entry, name=HEADINGS[column], found=draft.row[column], where=draft.row.where, reason=reason
    )


def _limit(placer: Placer, draft: Draft, column: Column) -> tuple[Limit | None, str]:
    """The bound and what it has lost, or nothing and why."""
    text, doubts = draft.row[column], list[str]()
    find = _LIMITS.get(draft.kind)
    if find is None:
        return None, "Texts have no bounds here."
    try:
        if text.startswith("["):
            found: Limit = _of_field(placer.translator(draft, doubts), draft, text)
        else:
            found = find(draft, text, doubts)
    except Untranslatable as fault:
        return None, fault.reason
    if isinstance(found, str):
        found = Rule(found, system=SYSTEM, name=HEADINGS[column], found=text, where=draft.row.where)
    return found, " ".join(doubts)


def _of_field(translator: Translator, draft: Draft, text: str) -> str:
    """Another field; a date and time may be bound by a date."""
    meant = translator.meaning(reference(text))
    days = {meant.kind, draft.kind} <= {Kind.DATE, Kind.DATETIME}
    return expression_text(meant.node) if days else translator.value(reference(text), draft.kind)


def _of_number(_draft: Draft, text: str, _doubts: list[str]) -> Limit:
    number = number_in(text.replace(",", "."))
    if number is None:
        raise Untranslatable(f"'{text[:40]}' is no number.")
    if abs(number.adjusted()) > MAX_EXPONENT or len(f"{number:f}") > MAX_NUMBER:
        raise Untranslatable(f"'{text[:40]}' is out of all bounds: a number has at most {MAX_NUMBER} digits.")
    return int(number) if number == int(number) else number


def _of_day(draft: Draft, text: str, doubts: list[str]) -> Limit:
    day = spreadsheet_day(text)
    if day is not None:
        doubts.append(_REWRITTEN)
    else:
        day = day_constant(text, draft.row[Column.VALIDATION][-3:])
    if day is None:
        raise Untranslatable(f"'{text[:40]}' is no date.")
    time = _clock(text.rpartition(" ")[2])
    if draft.kind is Kind.DATETIME and day.kind is Kind.DATE and time is not None:
        return expression_text(Call("at_time", (day.node, time), 0))
    return expression_text(day.node)


def _of_time(_draft: Draft, text: str, _doubts: list[str]) -> Limit:
    time = _clock(text)
    if time is None:
        raise Untranslatable(f"'{text[:40]}' is no time of day.")
    return expression_text(time)


def _clock(text: str) -> Call | None:
    """A time of day; seconds are left out."""
    found = _CLOCK.fullmatch(text)
    return Call("make_time", tuple(Literal(Decimal(part), 0) for part in found.groups()), 0) if found else None


_LIMITS: dict[Kind, Callable[[Draft, str, list[str]], Limit]] = {
    Kind.NUMBER: _of_number,
    Kind.DATE: _of_day,
    Kind.DATETIME: _of_day,
    Kind.TIME: _of_time,
}
