"""OpenClinica's rules: an expression, the item it belongs to, and what is done when it is true or false."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from exchange.document import Entry, annotate
from exchange.findings import Finding, Outcome, Part
from exchange.odm.draft import Draft, Place, Stated
from exchange.odm.elements import Element, children, local, text_in
from exchange.odm.openclinica import VENDOR

_CONTEXT = "OpenClinica"
_NUMBERS = frozenset({"integer", "decimal"})


@dataclass(frozen=True, slots=True)
class _Act:
    """An action of a rule: what it is about, and whether it is done when the expression is true."""

    draft: Draft
    rule: str
    expression: str
    element: Element
    target: tuple[Entry, Place] | None

    @property
    def on_true(self) -> bool:
        return self.element.get("IfExpressionEvaluates", "true").strip().lower() == "true"

    @property
    def name(self) -> str:
        return f"{local(self.element.tag)} {self.rule}"

    def says(self, *, turned: bool) -> str:
        """The expression, or the opposite of it."""
        return f"not ({self.expression})" if turned else self.expression

    def dropped(self, where: str, reason: str, part: Entry | None = None) -> None:
        if part is not None:
            annotate(part, VENDOR, self.name, self.expression)
        self.draft.findings.append(Finding(where, Part.RULE, Outcome.DROPPED, reason, self.expression))


def read_openclinica_rules(draft: Draft) -> None:
    """What each action of each assignment asks for, as rules that wait for their translation."""
    expressions = {
        part.get("OID", ""): _expression(part) for part in draft.source.rules if local(part.tag) == "RuleDef"
    }
    for assignment in draft.source.rules:
        if local(assignment.tag) != "RuleAssignment":
            continue
        target = _find(draft, _text(assignment, "Target"))
        for ref in (part for part in children(assignment) if local(part.tag) == "RuleRef"):
            rule = ref.get("OID", "")
            for action in children(ref):
                act = _Act(draft, rule, expressions.get(rule, ""), action, target[0] if target else None)
                _ACTIONS.get(local(action.tag), _no_counterpart)(act)


def _expression(rule: Element) -> str:
    return next((text_in(part) for part in children(rule) if local(part.tag) == "Expression"), "")


def _text(element: Element, name: str) -> str:
    return next((text_in(part) for part in children(element) if local(part.tag) == name), "")


def _find(draft: Draft, path: str) -> list[tuple[Entry, Place]]:
    """The items or groups that a path of OIDs ends in."""
    *holders, oid = (part.partition("[")[0].strip() for part in path.split("."))
    if oid in draft.parts:
        return draft.parts[oid]
    found = [spot for spot in draft.spots if spot.oid == oid]
    near = [
        spot
        for spot in found
        if all(
            holder in spot.place.oids or spot.place.form_oid.startswith(holder) or holder in draft.source.events
            for holder in holders
        )
    ]
    return [(spot.entry, spot.place) for spot in near or found]


def _where(place: Place, part: Entry) -> str:
    return f"{place.form_oid}.{part.get('oid') or part.get('id') or part.get('group')}"


def _shown(act: _Act, *, shows: bool) -> None:
    destinations = [part.get("OID", "") for part in children(act.element) if local(part.tag) == "DestinationProperty"]
    for oid in destinations:
        found = _find(act.draft, oid)
        for part, place in found:
            spoken = ((_CONTEXT, act.says(turned=act.on_true is not shows)),)
            act.draft.rules.append(Stated(part, "when", act.name, _where(place, part), place, spoken, act.rule))
        if not found:
            act.dropped(oid, "The file defines nothing of this OID, so nothing can be shown or hidden.")


def _noted(act: _Act) -> None:
    """A discrepancy note: a check of the item, which warns."""
    if act.target is None:
        act.dropped(act.rule, "The item that the rule is assigned to is not defined in the file.")
        return
    part, place = act.target
    draft = act.draft
    message = draft.texts.full({"": _text(act.element, "Message") or act.rule})
    check: Entry = {"id": "", "assert": "", "severity": "warning", "on": part.get("id", ""), "message": message}
    spoken = ((_CONTEXT, act.says(turned=act.on_true)),)
    draft.rules.append(Stated(check, "assert", act.name, _where(place, part), place, spoken, act.rule, own=part))


def _filled_in(act: _Act) -> None:
    """A value that is inserted: a default of the item, offered where the rule holds."""
    for assigned in (part for part in children(act.element) if local(part.tag) == "PropertyAssignment"):
        value = assigned.get("Value") or next(
            (text_in(part) for part in children(assigned) if local(part.tag) == "ValueExpression"), ""
        )
        found = _find(act.draft, assigned.get("OID", ""))
        for part, place in found:
            said = value if not assigned.get("Value") or part.get("type") in _NUMBERS else _quoted(value)
            spoken = ((_CONTEXT, f"if({act.says(turned=not act.on_true)}, {said}, null)"),)
            act.draft.rules.append(
                Stated(part, "default", act.name, _where(place, part), place, spoken, act.rule, own=part)
            )
        if not found:
            act.dropped(assigned.get("OID", ""), "The file defines nothing of this OID, so nothing can be filled in.")


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _no_counterpart(act: _Act) -> None:
    part, place = act.target if act.target is not None else ({}, Place("", ""))
    reason = f"{local(act.element.tag)} has no counterpart: definitions send nothing and start nothing."
    act.dropped(_where(place, part) if part else act.rule, reason, part or None)


_ACTIONS: Mapping[str, Callable[[_Act], None]] = {
    "ShowAction": lambda act: _shown(act, shows=True),
    "HideAction": lambda act: _shown(act, shows=False),
    "DiscrepancyNoteAction": _noted,
    "InsertAction": _filled_in,
}
