"""Items as the browser's interpreter knows them: how they are read, what is asked of their values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from engine.compiler.rules import Hole, ItemRules, Rule, TextRules
from engine.datatypes.base import DataType, Facets, Json, Kind
from engine.datatypes.codes import SYSTEMS
from engine.datatypes.messages import range_remedy
from engine.datatypes.quantity import spellings
from engine.datatypes.text import TextType
from engine.datatypes.words import unit_text
from engine.expressions.arithmetic import plain
from engine.expressions.scopes import Scope
from engine.expressions.wire import wire_term
from engine.model.item import ItemDef
from engine.model.text import in_language
from engine.records.browser_parts import MOST_CODES, Reach
from engine.records.program import program_of
from engine.records.sources import sources_of

MOMENTS = frozenset({Kind.DATE, Kind.TIME, Kind.DATETIME, Kind.PARTIAL_DATE})
_KEPT: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "integer": ("decimals",),
        "decimal": ("decimals",),
        "quantity": ("decimals", "unit", "units", "spellings"),
        "code": ("choices", "also", "open", "shape"),
        "codes": ("choices", "also", "open", "shape"),
    }
)


def item_json(reach: Reach, item: ItemDef, scope: Scope, language: str) -> dict[str, Json]:
    """One item. What is false, empty or absent is left out."""
    key = f"{reach.form.id}.{item.id}"
    found: dict[str, Json] = {"id": item.id, "type": item.datatype.name}
    if item.datatype.kind is Kind.NOTHING:
        return found
    rules = reach.registry.items[key]
    judge = program_of(reach.registry).judges[key]
    unit = unit_text(item.facets.unit, language) if item.facets.unit else ""
    parts: dict[str, Json] = {
        "key": key,
        "kind": str(item.datatype.kind),
        "control": str(item.datatype.control),
        "label": in_language(item.label, language),
        "calculated": item.calculate is not None,
        "required": _required(reach, rules),
        "reasons": list(item.missing.reasons),
        "unsigned": sorted(item.missing.unsigned),
        "ranges": _ranges(reach, rules),
        "only": wire_term(rules.only.term) if rules.only is not None and reach.stays(rules.only, scope) else None,
        "exclusive": [code for code, choice in item.facets.choices.items() if choice.exclusive],
        "list": item.codelist,
        "unique": item.unique,
        "judged": key in reach.registry.judged_references,
        "remote": item.id in reach.remote,
        "unit": unit,
        "remedies": _remedies(reach, rules, language),
        "reads": sorted((judge.reads | reach.registry.told.get(key, frozenset())) & reach.moving),
        "facets": facets_json(item.facets, item.datatype, codes=item.codelist not in reach.listed),
    }
    return found | {name: part for name, part in parts.items() if part not in (None, False, "", [], {})}


def text_json(reach: Reach, text: TextRules, language: str) -> dict[str, Json]:
    """A text with values in it: what stands between them, and each with how it is shown."""
    bound = text.languages[language]
    told = {
        "id": text.owner,
        "part": text.part,
        "scope": reach.scopes[text.scope],
        "between": list(bound.between),
        "holes": [[wire_term(hole.rule.term), _shown(reach, hole, language)] for hole in bound.holes],
    }
    return told | {"units": dict(_units(reach, text, language))} if text.part == "unit" else told


def _units(reach: Reach, text: TextRules, language: str) -> Iterator[tuple[str, str]]:
    """The units that a text may be, and how people write them."""
    for term in (part for hole in text.holes for part in hole.rule.term.walk()):
        if term.op == "attr":
            given = reach.registry.model.codelists[term.args[1]].values.values()
            units = {str(values[term.args[2]]) for values in given if term.args[2] in values}
            yield from ((unit, unit_text(unit, language)) for unit in sorted(units))
        elif term.op == "const" and isinstance(term.args[0], str):
            yield term.args[0], unit_text(term.args[0], language)


def _shown(reach: Reach, hole: Hole, language: str) -> dict[str, Json]:
    """How a value is told: what `inWords` of the interpreter takes."""
    type_, rules = hole.rule.term.type, reach.registry.items.get(hole.key)
    shown: dict[str, Json] = {"kind": str(type_.kind), "list": type_.codelist}
    if rules is not None and rules.item.facets.unit and type_.kind is Kind.NUMBER:
        shown |= {"control": "quantity", "unit": unit_text(rules.item.facets.unit, language)}
    return shown


def _required(reach: Reach, rules: ItemRules) -> Json:
    if not isinstance(rules.required, Rule):
        return rules.required
    return wire_term(rules.required.term) if reach.stays(rules.required, rules.scope) else "told"


def _remedies(reach: Reach, rules: ItemRules, language: str) -> list[Json]:
    """What to do about a value outside its soft bounds, and its hard ones."""
    item = rules.item
    sources = None if item.calculate is None else sources_of(reach.registry, rules.key, language)
    moment, unit = item.datatype.kind in MOMENTS, item.facets.unit or ""
    return [
        range_remedy(language, hard=hard, moment=moment, unit=unit, sources=sources)
        for hard in (False, True)
        if rules.ranges
    ]


def _ranges(reach: Reach, rules: ItemRules) -> list[Json]:
    """[hard, lower bound, is it inclusive, upper bound, is it inclusive]."""
    return [
        [
            bound.check.hard,
            None if bound.low is None else wire_term(bound.low.term),
            bound.check.low_inclusive,
            None if bound.high is None else wire_term(bound.high.term),
            bound.check.high_inclusive,
        ]
        for bound in rules.ranges
        if reach.stays(bound.low, rules.scope) and reach.stays(bound.high, rules.scope)
    ]


def facets_json(facets: Facets, datatype: DataType, *, codes: bool = True) -> dict[str, Json]:
    """What `ecrfRules.parse` needs of an item's facets; `codes` says whether the list stands here."""
    name, many = datatype.name, len(facets.choices) > MOST_CODES
    system = SYSTEMS[facets.system] if facets.system is not None else None
    found: dict[str, Json] = {
        "decimals": 0 if name == "integer" else facets.decimals,
        "unit": facets.unit,
        "units": {unit: plain(factor) for unit, factor in facets.units.items()},
        "spellings": spellings(facets) if name == "quantity" else None,
        "choices": list(facets.choices) if codes and not many else None,
        "also": {text: code for code, choice in facets.choices.items() for text in choice.also} if not many else None,
        "open": facets.open_list or not facets.choices or many,
        "shape": [system.pattern, system.message] if system is not None else None,
        "length": (facets.max_length or datatype.default_length) if isinstance(datatype, TextType) else None,
    }
    return {
        part: found[part]
        for part in _KEPT.get(name, ("length",))
        if found[part] is not None and found[part] not in ({}, [])
    }


__all__ = ["facets_json", "item_json"]
