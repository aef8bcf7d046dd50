"""Checks of the form: constraints that are no bounds, and how many rows a repeat must have."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from engine.datatypes.base import Kind
from engine.datatypes.patterns import fault_of_pattern
from engine.definitions.source import number_of
from engine.expressions.nodes import Apply, Call, Path, Syntax
from exchange.document import Entry, annotate
from exchange.findings import Part as Told
from exchange.rules.meaning import Meaning, Untranslatable
from exchange.rules.trees import rebuilt
from exchange.xlsform.choices import SYSTEM, headed
from exchange.xlsform.constants import TRUE, constant_of
from exchange.xlsform.constraints import SELF, parted
from exchange.xlsform.names import Place
from exchange.xlsform.shapes import Shape
from exchange.xlsform.tree import Part
from exchange.xlsform.xpath import parse_xpath

if TYPE_CHECKING:
    from exchange.xlsform.items import Items

_GENERIC = {
    "en": "The answer does not meet the condition of this question.",
    "pl": "Odpowiedź nie spełnia warunku tego pytania.",
}
_ROWS = {"en": "The number of rows is not that which is needed.", "pl": "Liczba wierszy nie jest taka, jak potrzeba."}


def constraint(items: Items, entry: Entry, part: Part, shape: Shape) -> None:
    """What a constraint says, at the item or as a check."""
    text = part.line["constraint"]
    if not text or text.lower() in TRUE:
        if text or part.line["constraint_message"] or "constraint_message" in part.line.translated:
            _keep_message(entry, part)
        return
    try:
        judged = constant_of(text) or rebuilt(
            parse_xpath(text), lambda node: SELF if node == Path(("$", part.name), 0) else node
        )
        found = parted(judged, shape.type)
    except Untranslatable as fault:
        items.placing.untranslated(entry, name="constraint", found=text, where=part.where, reason=fault.reason)
        _keep_message(entry, part)
        return
    if ("range" in entry and "range" in found.keys) or "calculate" in entry:
        found = type(found)({}, judged)
    if "pattern" in found.keys and _faulty(found.keys["pattern"]):
        reason = "The regular expression cannot be used here: " + _faulty(found.keys["pattern"])
        items.placing.untranslated(entry, name="constraint", found=text, where=part.where, reason=reason)
        _keep_message(entry, part)
        return
    entry.update(found.keys)
    if found.left is not None:
        _check(items, entry, part, found.left, text)
        return
    items.placing.kept(part.where, Told.RULE)
    _message_as_hint(items, entry, part) if "pattern" in found.keys else _keep_message(entry, part)


def _check(items: Items, entry: Entry, part: Part, left: Syntax, text: str) -> None:
    check: Entry = {"id": ""}
    rules = items.shapes.rules(Place(part))
    own = part.id

    def translate() -> str:
        return _in_rows(rules.assertion(left, own), part.repeats)

    if not items.placing.rule(
        check, "assert", name="constraint", found=text, where=part.where, translate=translate, doubts=rules.reservations
    ):
        annotate(entry, SYSTEM, "constraint", text)
        _keep_message(entry, part)
        return
    check["id"] = items.ids.make(f"{part.id}_check")
    outermost = part.repeats[0] if part.repeats else part
    message = items.text(part, "constraint_message", place=Place(outermost))
    if not message:
        annotate(check, SYSTEM, "constraint_message", "")
    check.update({"severity": "error", "on": part.id, "message": message or _generic(items, _GENERIC)})
    items.checks.append(check)


def _generic(items: Items, texts: dict[str, str]) -> dict[str, str]:
    return {code: texts.get(code, texts["en"]) for code in items.languages.all}


def _message_as_hint(items: Items, entry: Entry, part: Part) -> None:
    message = items.text(part, "constraint_message")
    if message and "hint" not in entry:
        entry["hint"] = message
    elif message and message != entry.get("hint"):
        _keep_message(entry, part)


def _keep_message(entry: Entry, part: Part) -> None:
    for heading, text in headed(part.line, "constraint_message"):
        annotate(entry, SYSTEM, heading, text)


_COUNTED = "The rows are made there; here they are added by hand, and a check counts them."


def counted_rows(items: Items, entry: Entry, part: Part) -> None:
    """How many rows there are: a number, or a check that counts them."""
    text = part.line["repeat_count"]
    if not text:
        return
    number = number_of(text)
    if isinstance(number, int) and 0 < number <= 1000:
        entry["rows"] = {"min": number, "max": number}
        items.placing.kept(part.where, Told.RULE)
        return
    check: Entry = {"id": ""}
    rules = items.shapes.rules(Place(part))
    rules.reservations.append(_COUNTED)

    def translate() -> str:
        wanted = rules.number(parse_xpath(text))
        counted = Apply("=", (Call("count", (Path((part.id,), 0),), 0), wanted.node), 0)
        shown = entry.get("when")
        plain = rules.written(Meaning(counted, Kind.BOOLEAN))
        return _in_rows(f"({shown}) is not true or {plain}" if shown else plain, part.repeats)

    if items.placing.rule(
        check,
        "assert",
        name="repeat_count",
        found=text,
        where=part.where,
        translate=translate,
        doubts=rules.reservations,
    ):
        first = next((child for child in part.walk() if not child.kind), None)
        check["id"] = items.ids.make(f"{part.id}_rows")
        check.update({"severity": "error", "message": _generic(items, _ROWS)})
        annotate(check, SYSTEM, "repeat_count", part.name)
        if first is not None:
            items.checks.append(check)
    else:
        annotate(entry, SYSTEM, "repeat_count", text)


def _in_rows(text: str, repeats: Iterable[Part]) -> str:
    """A check is judged row by row."""
    path = ".".join(repeat.id for repeat in repeats)
    return f"all({path} where {text})" if path else text


def _faulty(pattern: str) -> str:
    found = fault_of_pattern(pattern)
    return found[1] if found is not None else ""
