"""The Python functions behind the table of functions. All are strict unless the table says otherwise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from engine.datatypes.identifiers import judge_npwz, judge_pesel, pesel_birth_date, pesel_sex
from engine.expressions import arithmetic, calendar_days, texts


def _present(values: tuple[Any, ...]) -> list[Any]:
    return [value for value in values if value is not None]


def _least(*values: Any) -> Any:
    return min(_present(values), default=None)


def _greatest(*values: Any) -> Any:
    return max(_present(values), default=None)


def _coalesce(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)


def _count_true(*values: bool | None) -> Decimal:
    return Decimal(sum(value is True for value in values))


def _has_any(chosen: tuple[str, ...] | None, codes: tuple[str, ...]) -> bool:
    return any(code in codes for code in chosen or ())


def _book_year(text: str) -> Decimal | None:
    tail = text.rpartition("/")[2]
    return Decimal(tail) if len(tail) == 4 and tail.isascii() and tail.isdigit() else None


def _time_of(moment: datetime) -> str:
    return moment.strftime("%H:%M")


def _weekday(day: date) -> Decimal:
    return Decimal(day.isoweekday())


def _hour(clock: datetime | time) -> Decimal:
    return Decimal(clock.hour)


def _minute(clock: datetime | time) -> Decimal:
    return Decimal(clock.minute)


LIBRARY: Mapping[str, Callable[..., Any]] = {
    "date": calendar_days.day_of,
    "time": _time_of,
    "hour": _hour,
    "minute": _minute,
    "year": calendar_days.year,
    "month": lambda day: Decimal(day.month),
    "day": lambda day: Decimal(day.day),
    "weekday": _weekday,
    "days": calendar_days.days,
    "years": calendar_days.years,
    "months": calendar_days.months,
    "completed_years": calendar_days.completed_years,
    "completed_months": calendar_days.completed_months,
    "minutes": calendar_days.minutes,
    "hours": calendar_days.hours,
    "add_days": calendar_days.add_days,
    "add_months": calendar_days.add_months,
    "add_hours": calendar_days.add_hours,
    "earliest": calendar_days.earliest,
    "latest": calendar_days.latest,
    "mid": calendar_days.mid,
    "precision": calendar_days.precision,
    "make_date": calendar_days.make_date,
    "make_time": calendar_days.make_time,
    "at_time": calendar_days.at_time,
    "abs": arithmetic.absolute,
    "round": arithmetic.rounded,
    "floor": arithmetic.floor,
    "ceil": arithmetic.ceiling,
    "truncate": arithmetic.truncated,
    "sign": arithmetic.sign,
    "mod": arithmetic.modulo,
    "sqrt": arithmetic.square_root,
    "exp": arithmetic.exponential,
    "ln": arithmetic.logarithm,
    "log10": arithmetic.common_logarithm,
    "number": lambda truth: Decimal(int(truth)),
    "count_true": _count_true,
    "min": min,
    "max": max,
    "least": _least,
    "greatest": _greatest,
    "coalesce": _coalesce,
    "length": lambda text: Decimal(len(text)),
    "lower": str.lower,
    "upper": str.upper,
    "concat": texts.joined,
    "starts_with": lambda text, beginnings: text.startswith(tuple(beginnings)),
    "ends_with": lambda text, ends: text.endswith(tuple(ends)),
    "contains": lambda text, parts: any(part in text for part in parts),
    "sorts_before": lambda text, other: text < other,
    "matches": texts.matches,
    "position_of": texts.position_of,
    "substring": texts.substring,
    "trim": str.strip,
    "replace": texts.replaced,
    "number_of": texts.number_of,
    "has_any": _has_any,
    "text_of": arithmetic.plain,
    "valid_pesel": lambda text: judge_pesel(text) is None,
    "pesel_birthdate": pesel_birth_date,
    "pesel_sex": pesel_sex,
    "valid_npwz": lambda text: judge_npwz(text) is None,
    "book_year": _book_year,
}
