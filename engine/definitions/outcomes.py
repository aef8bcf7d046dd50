"""Builds what is computed or set for a whole registry: parameters, named expressions, outcomes, indicators."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from decimal import Decimal

from engine.datatypes import DATATYPES
from engine.datatypes.base import Kind
from engine.definitions.context import CONTAINERS, Context
from engine.definitions.decision_tables import RULES, build_formula
from engine.definitions.dictionaries import as_day
from engine.definitions.tree import Node
from engine.model.metadata_version import Define, DerivedDef, IndicatorDef, Parameter

MAX_HEADING = 1000
MAX_ALSO = 50  # of all parameters: each costs another run of all rules
NOT_DERIVED = frozenset({Kind.NOTHING, Kind.FILE, Kind.REFERENCE})

_HEADING = re.compile(r"\s*([A-Za-z_]\w*)\s*(?:\(\s*([^()]*?)\s*\))?\s*", re.ASCII)
_EPOCH = date.min


def build_parameters(context: Context, nodes: Mapping[str, Node]) -> dict[str, Parameter]:
    """Parameters with their values, oldest first."""
    left = MAX_ALSO
    for node in nodes.values():
        before, left = left, left - len(node.list_of("also"))
        if left < 0 <= before:
            context.error(
                node.entries["also"].key_mark,
                "too-many-variants",
                f"The parameters have more than {MAX_ALSO} values under `also`, and all outcomes are worked out for each. Leave some out.",
            )
    return {id_: _parameter(context, id_, node) for id_, node in nodes.items()}


def _parameter(context: Context, id_: str, node: Node) -> Parameter:
    context.identifier(id_, node.key_mark, snake=False)
    if node.text is not None:
        return Parameter(id_, ((None, _value(node)),))
    rows: dict[date | None, Decimal | str] = {}
    for row in node.list_of("values"):
        written, value = row.get("from"), row.get("value")
        first = as_day(written.raw) if written is not None and written.text is not None else None
        if written is not None and written.text is not None and first is None:
            context.error(written.mark, "bad-date", f"{written.raw!r} is no date. Write it as YYYY-MM-DD.")
        elif first in rows:
            when = f"from {first}" if first else "without `from`"
            context.error(
                row.mark,
                "parameter-rows",
                f"The parameter {id_!r} has two values {when}. Each row starts on a day of its own.",
            )
        elif value is not None and value.text is not None:
            rows[first] = _value(value)
    also = tuple(_value(part) for part in node.list_of("also") if part.text is not None)
    if len({type(value) for value in (*rows.values(), *also)}) > 1:
        context.error(
            node.key_mark,
            "parameter-rows",
            f"The parameter {id_!r} is a number in one place and a text in another. All its values must be of one type.",
        )
    ordered = sorted(rows.items(), key=lambda row: row[0] or _EPOCH)
    return Parameter(id_, tuple(ordered), also, context.text(node.get("label")))


def _value(node: Node) -> Decimal | str:
    return Decimal(node.value) if type(node.value) in (int, Decimal) else node.raw


def build_defines(context: Context, nodes: Mapping[str, Node]) -> dict[str, Define]:
    """Named expressions by name; the heading lists the parameters."""
    found: dict[str, Define] = {}
    for heading, node in nodes.items():
        match = _HEADING.fullmatch(heading) if len(heading) <= MAX_HEADING else None
        if match is None:
            context.error(
                node.key_mark,
                "bad-heading",
                f"{heading[:60]!r} is no heading of a named expression. Write name(parameter, other): expression.",
            )
            continue
        name, listed = match[1], match[2]
        parameters = tuple(part.strip() for part in listed.split(",")) if listed else ()
        context.identifier(name, node.key_mark)
        for parameter in parameters:
            context.identifier(parameter, node.key_mark, snake=False)
        if len(set(parameters)) < len(parameters):
            context.error(node.key_mark, "bad-heading", f"A parameter of {name!r} is named twice. Rename one.")
        if name in found:
            context.error(
                node.key_mark,
                "duplicate-id",
                f"{name!r} is already defined in line {found[name].mark.line}. Rename one of them.",
            )
        body = context.expression(node)
        if body is not None:
            found.setdefault(name, Define(name, parameters, body, node.key_mark))
    return found


def build_derived(
    context: Context, nodes: Mapping[str, Node], containers: Collection[str], groups: Collection[str]
) -> dict[str, DerivedDef]:
    """Outcomes over containers and groups."""
    owners = dict.fromkeys([*CONTAINERS, *containers, *groups])
    return {id_: _derived(context, id_, node, owners) for id_, node in nodes.items()}


def _derived(context: Context, id_: str, node: Node, owners: Collection[str]) -> DerivedDef:
    context.identifier(id_, node.key_mark)
    owner = node.get("in")
    if owner is not None and owner.text is not None:
        context.known(owner, owner.raw, owners, "unknown-container", "container or group")
    type_name = _type_of(context, node)
    codelist = node.get("codelist")
    if codelist is not None and codelist.text is not None:
        context.known(codelist, codelist.raw, context.codelists, "unknown-code-list", "code list")
    elif "codelist" not in node.entries and type_name in ("code", "codes"):
        context.error(
            node.key_mark,
            "no-code-list",
            f"The outcome {id_!r} is a {type_name} and has no `codelist`. Name one of `codelists`.",
        )
    if not node.entries.keys() & set(RULES):
        context.error(
            node.key_mark,
            "outcome-rule",
            f"The outcome {id_!r} needs either `calculate` (an expression) or `cases` (a decision table).",
        )
    return DerivedDef(
        id_,
        type_name,
        node.text_of("in") or "patient",
        context.text(node.get("label")),
        node.text_of("codelist"),
        build_formula(context, node, {}),
        node.flag("explain"),
        node.key_mark,
    )


def _type_of(context: Context, node: Node) -> str:
    named = node.get("type")
    if named is None or named.text is None:
        return "text"
    allowed = [name for name, datatype in DATATYPES.items() if datatype.kind not in NOT_DERIVED]
    return (
        named.raw if context.known(named, named.raw, allowed, "unknown-type", "type of an outcome called") else "text"
    )


def build_indicators(context: Context, nodes: Sequence[Node], owners: Collection[str]) -> tuple[IndicatorDef, ...]:
    """Indicators, each over the records of a container, form or group."""
    seen: set[str] = set()
    found = []
    for node in nodes:
        id_ = node.get("id")
        if id_ is None or id_.text is None:
            continue
        context.identifier(id_.raw, id_.mark)
        if id_.raw in seen:
            context.error(id_.mark, "duplicate-id", f"There is another indicator {id_.raw!r}. Rename one of them.")
        seen.add(id_.raw)
        found.append(_indicator(context, node, id_.raw, owners))
    return tuple(found)


def _indicator(context: Context, node: Node, id_: str, owners: Collection[str]) -> IndicatorDef:
    owner = node.get("in")
    if owner is not None and owner.text is not None:
        context.known(owner, owner.raw, owners, "unknown-container", "container, form or group")
    told = node.entries.keys() & {"numerator", "value"}
    # A denominator alone: reports count by themselves what rules never see, such as signatures.
    if len(told) == 2 or not (told or "denominator" in node.entries):
        context.error(
            node.key_mark,
            "indicator-rule",
            f"The indicator {id_!r} needs either `numerator` (what is counted) or `value` (a number whose distribution is shown).",
        )
    strata = [context.expression(part) for part in node.list_of("by")]
    return IndicatorDef(
        id_,
        context.text(node.get("title")),
        node.text_of("in") or "patient",
        context.expression(node.get("numerator")),
        context.expression(node.get("denominator")),
        context.expression(node.get("value")),
        context.expression(node.get("where")),
        tuple(text for text in strata if text is not None),
        context.expression(node.get("target")),
        node.text_of("chart") or "table",
        node.text_of("direction") or "neutral",
        context.text(node.get("note")),
        node.key_mark,
    )


__all__ = ["build_defines", "build_derived", "build_indicators", "build_parameters"]
