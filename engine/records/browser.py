"""What the browser needs to run the rules of a form, once per version; what it starts from is in `browser_state`.

The interpreter is renderers/html/static/rules.js. Rules that look beyond the episode stay on the server: the browser
gets their results, and of other forms only the values that a rule of this form reads.
"""

from __future__ import annotations

from collections.abc import Iterable

from engine.compiler.compiled import CompiledRegistry
from engine.compiler.rules import Rule
from engine.datatypes.base import Json
from engine.datatypes.codes import SYSTEMS
from engine.datatypes.local_time import transitions
from engine.datatypes.messages import MESSAGES
from engine.datatypes.words import MONTHS, quoted
from engine.expressions.scopes import Scope
from engine.expressions.terms import Term
from engine.expressions.wire import wire_term, wire_value
from engine.model.text import in_language
from engine.records.browser_items import item_json, text_json
from engine.records.browser_parts import Reach, reach_of
from engine.records.checking import fields_of
from engine.records.program import CheckRun, GroupStep, ItemStep, OutcomeStep, Step
from engine.records.quiet import concerns_of

_OWN_MESSAGES = (  # what the interpreter can find wrong by itself; the rest arrives in words
    *("required", "required_or_reason", "missing_not_allowed", "not_in_list", "exclusive", "unique", "rows_few"),
    *(
        "rows_many",
        "length",
        "text_character",
        "code_form",
        *(system.message for system in SYSTEMS.values()),
        "boolean_form",
        "reference_form",
    ),
    *(
        "no_value",
        "calculated_misfit",
        "integer_fraction",
        "offset_form",
        "skipped_time",
        "ambiguous_time",
        "to_be_completed",
    ),
)
_OWN_FAMILIES = ("range_", "number_", "quantity_", "date_", "partial_", "time_", "datetime_")


def form_program(registry: CompiledRegistry, form_id: str, language: str) -> dict[str, Json]:
    """The rules of a form as JSON: everything that does not depend on a subject."""
    reach = reach_of(registry, form_id)
    numbers = reach.scopes
    terms = list(reach.terms)
    lists = {*_lists_of(terms, "label"), *(item.codelist for item in reach.items if _names_codes(reach, item.id))}
    lists |= {hole.rule.term.type.codelist for text in reach.texts for hole in text.holes}
    program: dict[str, Json] = {
        "form": form_id,
        "language": language,
        "scopes": [_scope_json(reach, scope) for scope in numbers],
        "parts": [_part_json(reach, scope, language) for scope in reach.family],
        "steps": [_step_json(reach, step) for step in reach.steps],
        "checks": [_check_json(reach, check, language) for check in reach.checks],
        "beyond": sorted(reach.beyond),
        "texts": [text_json(reach, text, language) for text in reach.texts if language in text.languages],
        "concerns": concerns_of(registry, form_id).as_json,
        "attributes": _attributes(registry, terms),
        "positions": {name: list(registry.positions[name]) for name in sorted(_lists_of(terms, "position"))},
        "labels": _labels(registry, lists, language),
        "codes": {name: list(registry.model.codelists[name].choices) for name in sorted(reach.listed)},
        "parameters": _parameters(registry, terms),
        "messages": {
            key: text[language if language in text else "en"] for key, text in MESSAGES.items() if _is_own(key)
        },
        "months": list(MONTHS.get(language, MONTHS["en"])),
        "quotes": quoted("\n", language).split("\n"),
        "zone": [list(change) for change in transitions()],
    }
    return program


def _is_own(key: str) -> bool:
    return key in _OWN_MESSAGES or key.startswith(_OWN_FAMILIES)


def _names_codes(reach: Reach, item: str) -> bool:
    """Whether a message or a calculated value names the codes of an item."""
    found = reach.by_id[item]
    exclusive = any(choice.exclusive for choice in found.facets.choices.values())
    return found.codelist is not None and (exclusive or found.only is not None or found.calculate is not None)


def _scope_json(reach: Reach, scope: Scope) -> Json:
    found: dict[str, Json] = {"id": scope.id, "kind": scope.kind, "form": scope.form_id}
    if scope.parent is not None:
        found["parent"] = reach.scopes[scope.parent]
    group = reach.registry.groups.get(f"{scope.form_id}.{scope.id}")
    if group is not None and group.group.key is not None:
        found["key"] = [group.group.key, str(scope.fields[group.group.key].type.kind)]
    return found


def _part_json(reach: Reach, scope: Scope, language: str) -> Json:
    """The form or a group of it: its items and the groups in it."""
    part = reach.part(scope)
    return {
        "scope": reach.scopes[scope],
        "items": [item_json(reach, item, scope, language) for item in part.items],
        "groups": [
            {
                "id": group.id,
                "scope": reach.scopes[scope.children[group.id]],
                "min": group.min_rows,
                "max": group.max_rows,
            }
            for group in part.groups
        ],
    }


def _rule(rule: Rule | None) -> Json:
    return None if rule is None else wire_term(rule.term)


def _step_json(reach: Reach, step: Step) -> Json:
    found: dict[str, Json] = {
        "key": step.key,
        "id": step.id,
        "scope": reach.scopes[step.scope],
        "reads": sorted(step.reads & reach.moving),
        "crosses": step.crosses,
    }
    match step:
        case ItemStep():
            return {
                **found,
                "type": "item",
                "visible": _rule(step.rules.visible),
                "calculate": _rule(step.rules.calculate),
                "keeps": step.keeps,
                **_offered(reach, step.key),
            }
        case GroupStep():
            return {**found, "type": "group", "visible": _rule(step.rules.visible)}
        case OutcomeStep():
            return {**found, "type": "outcome", "calculate": _rule(step.rules.calculate)}


def _offered(reach: Reach, key: str) -> dict[str, Json]:
    """The default of an item, and what it reads."""
    rule = reach.defaults.get(key)
    return {} if rule is None else {"default": wire_term(rule.term), "asks": sorted(rule.reads & reach.moving)}


def _check_json(reach: Reach, run: CheckRun, language: str) -> Json:
    rules, check = run.rules, run.rules.check
    return {
        "id": check.id,
        "severity": str(check.severity),
        "blocks": check.blocks,
        "at": check.at,
        "message": in_language(check.message, language),
        "digest": rules.digest,
        "on": rules.on,
        "reads": sorted((rules.reads | reach.registry.told.get(check.id, frozenset())) & reach.moving),
        "parts": [
            {
                "rows": _way(part.rows) if part.rows is not None else None,
                "term": wire_term(part.rule.term),
                "on_form": part.rows is not None
                and rules.on in rules.scope.fields
                and rules.on not in part.rows.fields,
                "inputs": [_input(reach, key, part.rows, rules.scope) for key in sorted(rules.reads)],
            }
            for part in rules.parts
        ],
    }


def _way(scope: Scope) -> list[Json]:
    """The steps from a form down to a group."""
    way: list[Json] = []
    while scope.kind == "group" and scope.parent is not None:
        way.insert(0, [scope.id, None])
        scope = scope.parent
    return way


def _input(reach: Reach, key: str, rows: Scope | None, home: Scope) -> Json:
    """A key that a check reads, and where: 0 the row, 1 the form, or the scopes elsewhere. See checking._Inputs."""
    form, _, name = key.partition(".")
    for place, scope in enumerate((rows or home, home)):
        if scope.form_id == form and name in scope.fields:
            return [key, name, place]
    return [key, name, [reach.scopes[scope] for scope in fields_of(reach.registry.scopes, key)]]


# what the definition knows ------------------------------------------------------------------------------------------


def _lists_of(terms: Iterable[Term], op: str) -> set[str]:
    return {str(term.args[1]) for term in terms if term.op == op}


def _attributes(registry: CompiledRegistry, terms: Iterable[Term]) -> Json:
    """Code list -> attribute -> [default, code -> value]."""
    found: dict[str, dict[str, Json]] = {}
    for listed_id, name in sorted({(term.args[1], term.args[2]) for term in terms if term.op == "attr"}):
        listed = registry.model.codelists[listed_id]
        default = listed.attributes[name].default
        values = {
            code: wire_value(given[name])
            for code, given in listed.values.items()
            if given.get(name, default) != default
        }
        found.setdefault(listed_id, {})[name] = [wire_value(default), values]
    return found


def _labels(registry: CompiledRegistry, lists: Iterable[str | None], language: str) -> Json:
    return {
        name: {
            code: in_language(choice.label, language) for code, choice in registry.model.codelists[name].choices.items()
        }
        for name in sorted(each for each in lists if each is not None)
    }


def _parameters(registry: CompiledRegistry, terms: Iterable[Term]) -> Json:
    return {
        name: [[wire_value(since), wire_value(value)] for since, value in registry.model.parameters[name].values]
        for name in sorted({term.args[0] for term in terms if term.op == "param"})
    }


__all__ = ["form_program"]
