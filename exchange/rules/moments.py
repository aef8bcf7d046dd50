"""Constant days, times of day and moments: texts of ISO 8601 -> calls of ours, and such calls -> their texts."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal

from engine.datatypes.base import Kind
from engine.datatypes.local_time import parse_offset, resolve, to_local
from engine.expressions.nodes import Call, Literal, Syntax
from engine.expressions.printer import expression_text
from exchange.rules.meaning import Meaning, Untranslatable, call, constant, operation

SECONDS = "Times here have no seconds: {} is taken without them."
_ISO = re.compile(
    r"(?P<day>\d{4}-\d{2}-\d{2})?(T?(?P<clock>\d{2}:\d{2})(:(?P<seconds>\d{2}(\.\d+)?))?(?P<offset>Z|[+-]\d{2}:\d{2})?)?"
)


def constant_moment(text: str, told: list[str]) -> Meaning:
    """`2020-01-31`, `13:30:00` or `2020-01-31T13:30:00+01:00` as a date, a time, or a moment. `told` gets what was left out.

    Raises:
        Untranslatable: it is none of them, such as a year alone.
    """
    match = _ISO.fullmatch(text.strip())
    if match is None or not (match["day"] or match["clock"]) or (match["offset"] and not match["day"]):
        raise Untranslatable(f"{text!r} is no whole date or time.")
    if match["seconds"] and Decimal(match["seconds"]):
        told.append(SECONDS.format(text))
    day, clock = match["day"], match["clock"]
    offset = parse_offset(match["offset"]) if match["offset"] else None
    if day and clock and offset is not None:
        day, _, clock = _local(f"{day}T{clock}", text, offset).partition("T")
    if not clock:
        return Meaning(_made("make_date", day.split("-")), Kind.DATE)
    time = _made("make_time", clock.split(":"))
    if not day:
        return Meaning(time, Kind.TIME)
    return Meaning(Call("at_time", (_made("make_date", day.split("-")), time), 0), Kind.DATETIME)


def constant_day(text: str) -> Meaning:
    """The day of a date or of a moment, as others take it. Raises Untranslatable."""
    return constant_moment(text.strip()[:10], [])


def _local(wall: str, text: str, offset: object) -> str:
    try:
        return to_local(datetime.fromisoformat(wall).replace(tzinfo=offset)).strftime("%Y-%m-%dT%H:%M")  # type: ignore[arg-type]
    except (ValueError, OverflowError):
        raise Untranslatable(f"{text!r} is no whole date or time.") from None


def _made(name: str, parts: list[str]) -> Call:
    return Call(name, tuple(Literal(Decimal(part), 0) for part in parts), 0)


def iso_text(node: Syntax) -> str | None:
    """The text of a constant day, time or moment (with the offset of the local time); None of what is none."""
    match node:
        case Call("make_date", (Literal(Decimal() as year), Literal(Decimal() as month), Literal(Decimal() as day))):
            return f"{int(year):04}-{int(month):02}-{int(day):02}"
        case Call("make_time", (Literal(Decimal() as hour), Literal(Decimal() as minute))):
            return f"{int(hour):02}:{int(minute):02}:00"
        case Call("at_time", (day_part, time_part)):
            date, time = iso_text(day_part), iso_text(time_part)
            instants = resolve(datetime.fromisoformat(f"{date}T{time}")) if date and time else ()
            return instants[0].isoformat() if instants else None
    return None


def day_text(day: Meaning) -> Meaning:
    """`2020-01-31` of a day: two digits are what follows the first of a hundred more."""
    parts = [call("text_of", Kind.TEXT, call("year", Kind.NUMBER, day))]
    for name in ("month", "day"):
        more = operation("+", Kind.NUMBER, constant(100), call(name, Kind.NUMBER, day))
        parts += [constant("-"), call("substring", Kind.TEXT, call("text_of", Kind.TEXT, more), constant(2))]
    return call("concat", Kind.TEXT, *parts)


def moment_text(moment: Meaning) -> Meaning:
    """`2020-01-31 13:30` of a moment."""
    day, clock = call("date", Kind.DATE, moment), call("time", Kind.TEXT, moment)
    return call("concat", Kind.TEXT, day_text(day), constant(" "), clock)


def written_moment(node: Syntax) -> Syntax | None:
    """The day or moment whose text `day_text` or `moment_text` made; None of another text."""
    match node:
        case Call("concat", (Call("text_of", (Call("year", (day,)),)), *_)):
            made, part = day_text(Meaning(day, Kind.DATE)), day
        case Call("concat", (_, _, Call("time", (moment,)))):
            made, part = moment_text(Meaning(moment, Kind.DATETIME)), moment
        case _:
            return None
    return part if expression_text(node) == expression_text(made.node) else None
