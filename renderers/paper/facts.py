"""What an annotated form tells beside a field: id, type, limits, rules in words, standard codes; and its checks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from engine.compiler import CompiledRegistry
from engine.compiler.rules import BoundRange, ItemRules
from engine.datatypes.words import unit_text
from engine.model.form import CheckSeverity, FormDef, GroupDef
from engine.model.item import Privacy
from engine.model.text import in_language
from engine.words import Sentences
from renderers.paper.words import word


@dataclass(frozen=True, slots=True)
class Fact:
    """A heading and what it says."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class CheckRow:
    """A rule of the form."""

    id: str
    holds: str
    message: str
    severity: str


def ranges_of(rules: ItemRules, said: Sentences, *, plain: bool = False) -> list[str]:
    """What is allowed and what is usual; with `plain` only those limits that are numbers or dates."""
    return [str(said.limits(bound, rules.scope)) for bound in rules.ranges if not plain or _is_plain(bound)]


def _is_plain(bound: BoundRange) -> bool:
    return all(end is None or end.term.op == "const" for end in (bound.low, bound.high))


def facts_of_item(registry: CompiledRegistry, rules: ItemRules, said: Sentences, language: str) -> tuple[Fact, ...]:
    """All that is fixed about an item."""
    item = rules.item
    name = " ".join(filter(None, (item.id, f"({item.oid})" if item.oid else "")))
    facts = [
        Fact("", name),
        *(Fact(word(key, language), text) for key, text in _facts(registry, rules, said, language)),
    ]
    return tuple(fact for fact in facts if fact.text)


def _facts(registry: CompiledRegistry, rules: ItemRules, said: Sentences, language: str) -> Iterator[tuple[str, str]]:
    item, facets, scope = rules.item, rules.item.facets, rules.scope
    like = scope.fields[item.id].type if item.id in scope.fields else None
    units = dict.fromkeys(filter(None, (facets.unit, *facets.units)))
    unit = ", ".join(unit_text(each, language) or each for each in units)
    told = registry.texts.get((rules.key, "unit"))
    if told is not None:
        unit = str(said.value(told.holes[0].rule, scope))
    yield "type", ", ".join(filter(None, (item.datatype.name, unit)))
    yield "decimals", "" if facets.decimals is None else str(facets.decimals)
    yield "length", "" if facets.max_length is None else str(facets.max_length)
    yield "pattern", facets.pattern or facets.check or ", ".join(facets.media_types)
    yield "list", _list_name(registry, item.codelist, language)
    yield "required", _required(rules, language)
    yield "range", "; ".join(ranges_of(rules, said))
    for key, rule in (("calculation", rules.calculate), ("default", rules.default)):
        yield key, "" if rule is None else str(said.value(rule, scope, like))
    yield "only", "" if rules.only is None else str(said.condition(rules.only, scope))
    yield "target", ", ".join(item.targets)
    yield "missing", ", ".join(item.missing.reasons)
    yield "privacy", "" if item.privacy is Privacy.NORMAL else word(item.privacy.value, language)
    yield "standard", ", ".join(f"{system} {code}" for system, code in item.standard.items())


def _required(rules: ItemRules, language: str) -> str:
    return ("tak" if language == "pl" else "yes") if rules.required is True else ""


def _list_name(registry: CompiledRegistry, name: str | None, language: str) -> str:
    listed = registry.model.codelists.get(name or "")
    if listed is None:
        return ""
    title = in_language(listed.title, language)
    return f"{listed.id} ({title})" if title and title != listed.id else listed.id


def facts_of_group(group: GroupDef, language: str) -> tuple[Fact, ...]:
    """Id and number of rows of a group."""
    limits = [
        word(key, language, number)
        for key, number in (("rows.least", group.min_rows), ("rows.most", group.max_rows))
        if number
    ]
    name = f"{group.id} ({group.oid})" if group.oid else group.id
    return Fact("", name), Fact(word("rows", language), ", ".join(limits) or word("rows.any", language))


def checks_of(registry: CompiledRegistry, form: FormDef, said: Sentences, language: str) -> tuple[CheckRow, ...]:
    """The checks that are reported in a form."""
    return tuple(
        CheckRow(
            rules.check.id,
            str(said.check(rules)),
            in_language(rules.check.message, language),
            _severity(rules.check.severity, rules.check.at, language),
        )
        for rules in registry.checks_of[form.id]
    )


def _severity(severity: CheckSeverity, at: str, language: str) -> str:
    told = word(severity.value, language)
    return f"{told}, {word('at.signing', language)}" if at == "signing" else told


__all__ = ["CheckRow", "Fact", "checks_of", "facts_of_group", "facts_of_item", "ranges_of"]
