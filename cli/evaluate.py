"""`ecrf evaluate`: what the rules of a form say about given values."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import click

from cli.definitions import cached, compiled
from engine.datatypes.base import Json
from engine.datatypes.local_time import resolve
from engine.records import Session
from engine.records.json_answer import evaluation_json
from engine.records.json_data import WrongUse, read_values
from engine.records.offers import evaluate_with_offers

MAX_DIGITS = 1000
_CONSTANT = re.compile(r'"(?:[^"\\]|\\.)*"|-?Infinity|NaN', re.DOTALL)  # a text is passed as a whole


@click.command("evaluate")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--form", required=True, help="Form to evaluate (id or OID).")
@click.option("--event", help="Event in which the form stands: ID or ID[n], n from 1, default the last.")
@click.option("--values", default="-", help="JSON file with the values; - reads standard input.")
@click.option("--now", help="The time that today() and now() mean, local: 2025-07-01T12:00.")
@click.option("--at", type=click.Choice(["save", "signing"]), default="save", help="What the form is judged for.")
@click.option("--language", type=click.Choice(["pl", "en"]), default="pl", help="Language of the messages.")
@cached
def command(  # noqa: PLR0913 -- one for each option
    file: Path, form: str, event: str | None, values: str, now: str | None, at: str, language: str, *, cache: bool
) -> None:
    """Evaluate a form: what is shown, required, calculated, violated, planned, offered.

    Exit status: 0 even with violations, 1 faulty definition, 2 wrong use.

    Example: echo '{"started": "2025-03-17T09:10"}' | ecrf evaluate docs/examples/operations.yaml --form operation
    """
    registry = compiled(file, cache=cache)
    try:
        reading = read_values(registry, form, event, read_file(values))
        session = Session(
            registry, reading.subject, reading.focus, as_of=moment(now), at=at, language=language, others=reading.others
        )
        answer = evaluate_with_offers(session)
    except (WrongUse, LookupError) as fault:
        raise click.UsageError(str(fault)) from None
    for item in reading.unused:
        click.echo(f"Note: {item} is calculated; the value that was given is not used.", err=True)
    click.echo(json.dumps(evaluation_json(answer), ensure_ascii=False, indent=1))


def read_file(source: str) -> Json:
    """The JSON of a file, or of standard input where it is called -."""
    try:
        text = sys.stdin.read() if source == "-" else Path(source).read_text(encoding="utf-8")
        text = text.removeprefix("\ufeff") or "{}"
        return json.loads(
            text, parse_float=Decimal, parse_int=_whole, parse_constant=_refuser(text), object_pairs_hook=_unique
        )
    except (OSError, ValueError) as fault:
        raise click.UsageError(f"the values cannot be read: {fault}") from None
    except RecursionError:
        raise click.UsageError("the values cannot be read: lists and objects are nested too deep") from None


def _whole(digits: str) -> int | Decimal:
    """A whole number; one of absurd length, which Python would not read, is refused by its item in the item's words."""
    return int(digits) if len(digits) <= MAX_DIGITS else Decimal(digits)


def _refuser(text: str) -> Callable[[str], Json]:
    """Refuses NaN and Infinity, which Python takes for JSON, at their place."""

    def refuse(name: str) -> Json:
        place = next(match.start() for match in _CONSTANT.finditer(text) if match[0] == name)
        raise ValueError(str(json.JSONDecodeError(f"{name} is no number in JSON", text, place)))

    return refuse


def _unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    """An object; a name that stands in it twice would lose a value without a word."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"{next(name for name in names if names.count(name) > 1)!r} stands twice in one object")
    return found


def moment(text: str | None) -> datetime:
    """A local time given by a person, as an aware datetime; now when there is none."""
    if text is None:
        return datetime.now(UTC)
    try:
        given = datetime.fromisoformat(text)
    except ValueError:
        raise click.UsageError(f"--now: {text!r} is no time such as 2025-07-01T12:00") from None
    if given.tzinfo is not None:
        return given
    instants = resolve(given)
    if not instants:
        raise click.UsageError(f"--now: clocks never show {text} in Poland (they are put forward then)")
    return instants[0]
