"""Chooses what is entered: by the distribution, else by the item's default, else at random within its limits."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from engine.datatypes.base import Kind
from engine.datatypes.values import Entered, Missing, Reference, Unread, Value
from engine.expressions.frames import Node
from engine.model.form import GroupDef
from engine.model.item import ItemDef
from engine.records.checking import path_of
from engine.records.judging import Case, is_required, withheld
from engine.records.program import GroupStep, ItemStep
from engine.synthesis.distribution import ItemDrawing
from engine.synthesis.draft import Chooser, Draft, home_of, outermost_of
from engine.synthesis.order import NumberDraw
from engine.synthesis.plan import targets_of
from engine.synthesis.samples import Wish, at_local, fitted, sample

OPTIONAL = 0.6  # how often a question is answered that need not be
MOST_ROWS = 3  # beyond the least number, where nothing else is said


class Choices(Chooser):
    """The chooser of a plan."""

    def hidden(self, draft: Draft, name: str, node: Node) -> Any:
        return draft.plan.distribution.hidden[name](draft.frame(node), draft.draw)

    def number(self, draft: Draft, making: NumberDraw, holder: Node) -> int:
        form, own = making.scope.kind == "form", draft.plan.distribution
        drawn = (own.records if form else own.containers).get(making.scope.id)
        if drawn is None:
            return draft.draw.randint(1, 2) if form else 1
        number = max(0, int(drawn(draft.frame(holder), draft.draw) or 0))
        return number if making.scope.repeats else min(number, 1)

    def rows(self, draft: Draft, step: GroupStep, node: Node) -> int:
        group = step.rules.group
        drawn = draft.plan.distribution.rows.get(step.key)
        if drawn is not None:
            number = drawn(draft.frame(node), draft.draw)
            return _between(group, int(number or 0))
        number = group.min_rows + draft.draw.randint(0 if group.min_rows else 1, MOST_ROWS)
        return _between(group, min(number, _most_targets(draft, step, node)))

    def value(self, draft: Draft, step: ItemStep, node: Node) -> Entered | None:
        own = draft.plan.distribution.items.get(step.key)
        case = case_of(draft, step, node)
        required = is_required(case)
        instead = _instead(draft, own, case, required)
        if instead is not None or (own is not None and own.draw is not None and _is_left_out(draft, own, case)):
            return instead
        if own is not None and own.draw is not None:
            drawn = own.draw(draft.frame(node), draft.draw)
            value = fitted(step.rules.item, drawn) if drawn is not None else None
            if value is not None or not required:
                return value
        elif step.default is not None and (due := _default(draft, step, node)) is not None:
            return due
        elif not required and step.key not in draft.plan.dated and _is_skipped(draft, step):
            return None
        return redrawn(draft, step, node)


def _is_skipped(draft: Draft, step: ItemStep) -> bool:
    """Whether a question is left open that need not be answered; files are not made up for nothing."""
    return step.rules.item.datatype.kind is Kind.FILE or draft.draw.random() > OPTIONAL


def _most_targets(draft: Draft, step: GroupStep, node: Node) -> int:
    """How many rows can each point to something else, where every row has to."""
    rows = node.scope.children[step.id]
    steps = [draft.plan.program.steps[draft.plan.program.places[f"{rows.form_id}.{item}"]] for item in rows.fields]
    found = [
        sum(len(draft.tree.nodes.get(scope, ())) for scope in targets_of(draft.plan, each))
        for each in steps
        if isinstance(each, ItemStep) and each.rules.item.targets and each.rules.required is True
    ]
    return min(found, default=MOST_ROWS + step.rules.group.min_rows)


def _between(group: GroupDef, number: int) -> int:
    return max(group.min_rows, min(number, group.max_rows if group.max_rows is not None else number))


def case_of(draft: Draft, step: ItemStep, node: Node) -> Case:
    """The item as a judge sees it."""
    return Case(draft.tree, node, draft.plan.program.judges[step.key], path_of(node).at(step.id), "en")


def _instead(draft: Draft, own: ItemDrawing | None, case: Case, required: bool) -> Missing | None:
    """A reason in place of the value, now and then."""
    reasons = signable_reasons(case.item)
    if not reasons or not required:
        return None
    chance = draft.plan.distribution.missing
    if own is not None and own.missing is not None:
        chance = float(own.missing(draft.frame(case.node), draft.draw) or 0)
    if draft.draw.random() >= chance:
        return None
    weights = draft.plan.distribution.reasons
    return Missing(
        draft.draw.choices(reasons, [weights.get(reason, 0 if weights else 1) or 1e-9 for reason in reasons])[0]
    )


def signable_reasons(item: ItemDef) -> list[str]:
    """The reasons with which a form may be signed."""
    return [reason for reason in item.missing.reasons if reason not in item.missing.unsigned]


def _is_left_out(draft: Draft, own: ItemDrawing, case: Case) -> bool:
    if own.empty is None:
        return False
    return draft.draw.random() < float(own.empty(draft.frame(case.node), draft.draw) or 0)


def _default(draft: Draft, step: ItemStep, node: Node) -> Value | None:
    """What the form would fill in by itself."""
    assert step.default is not None
    found = step.default(draft.tree.frame(node))
    if found is None:
        return None
    read = step.rules.item.datatype.from_rule(found, step.rules.item.facets)
    return None if isinstance(read, Unread) else read


def redrawn(draft: Draft, step: ItemStep, node: Node) -> Value | None:
    """A value at random, within the limits that hold now."""
    if step.rules.item.datatype.kind is Kind.REFERENCE:
        found = list(targets(draft, step, node))
        return Reference(draft.draw.choice(found)) if found else None
    low, high = limits(draft, step, node)
    item = step.rules.item
    codes = offered(draft, step, node) if item.facets.choices else ()
    asked = draft.plan.asked.get(step.key)
    value = sample(Wish(item, draft.draw, draft.clock_at(node), draft.now, low, high, codes, asked))
    _move_clock(draft, node, value)
    return value


def _move_clock(draft: Draft, node: Node, value: Any) -> None:
    """What is drawn next happens then or a little later."""
    if isinstance(value, datetime):
        draft.move_clock(node, value)
    elif isinstance(value, date) and (moment := at_local(value, draft.clock_at(node).time())) is not None:
        draft.move_clock(node, moment)


def offered(draft: Draft, step: ItemStep, node: Node) -> tuple[str, ...]:
    """The codes that may be chosen now."""
    case = case_of(draft, step, node)
    refused = withheld(case)
    return tuple(
        code for code, choice in case.item.facets.choices.items() if not choice.withdrawn and code not in refused
    )


def limits(draft: Draft, step: ItemStep, node: Node) -> tuple[Any, Any]:
    """The narrowest limits of an item that are known, as far as they can be compared."""
    judge, frame = draft.plan.program.judges[step.key], draft.tree.frame(node)
    lows, highs = [], []
    for bound, (low_run, high_run) in zip(judge.rules.ranges, judge.ranges, strict=True):
        low = low_run(frame) if low_run is not None else None
        high = high_run(frame) if high_run is not None else None
        if low is not None:
            lows.append((low, bound.check.hard))
        if high is not None:
            highs.append((high, bound.check.hard))
    return _narrowest(lows, least=False), _narrowest(highs, least=True)


def _narrowest(found: list[tuple[Any, bool]], *, least: bool) -> Any:
    if not found:
        return None
    kinds = {type(value) for value, _ in found}
    if len(kinds) > 1:
        return next((value for value, hard in found if not hard), found[0][0])
    values = [value for value, _ in found]
    try:
        return min(values) if least else max(values)
    except TypeError:  # partial dates have no order
        return values[0]


def targets(draft: Draft, step: ItemStep, node: Node) -> Iterator[str]:
    """The keys of what a reference may point to; those that no other row points to, where there are such."""
    wanted, everywhere = targets_of(draft.plan, step), step.rules.item.any_episode
    rows = [row for scope in wanted for row in draft.tree.nodes.get(scope, ()) if row is not node]
    near = [row for row in rows if draft.is_fixed(row) or node.is_within(home_of(row))]
    rows = rows if everywhere else near or [row for row in rows if node.is_within(outermost_of(row))]
    used = {
        value.target
        for other in draft.tree.of(step.scope)
        if other is not node and isinstance(value := other.entered.get(step.id), Reference)
    }
    free = [row.key for row in rows if row.key not in used]
    yield from free or ([] if step.rules.item.unique else [row.key for row in rows])


__all__ = ["Choices", "case_of", "limits", "offered", "redrawn", "signable_reasons", "targets"]
