"""Judges entered values: the built-in rules of items and groups -> violations."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from engine.compiler.compiled import CompiledRegistry
from engine.datatypes.dictionary import Dictionary, Standing
from engine.datatypes.messages import Limits, explain, message, range_message
from engine.datatypes.values import Missing, PartialDate, Reference, Unread
from engine.datatypes.words import value_text
from engine.expressions.calendar_days import compare_partial, day_of
from engine.expressions.evaluator import COMPARATORS
from engine.expressions.frames import Frame, Node, Run
from engine.model.form import CheckSeverity, GroupDef
from engine.model.item import ItemDef
from engine.model.text import in_language
from engine.records.evaluation import Violation
from engine.records.naming import Naming
from engine.records.path import ItemPath
from engine.records.program import Judge
from engine.records.settling import is_hidden
from engine.records.sources import sources_of
from engine.records.tree import Tree

ERROR, WARNING = CheckSeverity.ERROR, CheckSeverity.WARNING


@dataclass(frozen=True, slots=True)
class Case:
    """One item of one row, being judged."""

    tree: Tree
    node: Node
    judge: Judge
    path: ItemPath
    language: str

    @property
    def item(self) -> ItemDef:
        """The item."""
        return self.judge.rules.item

    @property
    def entered(self) -> Any:
        """What was entered, whatever it is."""
        return self.node.entered.get(self.item.id)

    @property
    def value(self) -> Any:
        """What rules see."""
        return self.node.values.get(self.item.id)

    @property
    def frame(self) -> Frame:
        """The frame in which the item's rules run."""
        return self.tree.frame(self.node)

    def violation(self, code: str, text: str, severity: CheckSeverity = ERROR) -> Violation:
        """A violation at this item."""
        return Violation(code, severity, str(self.path), str(self.path.row), text)

    def told(self, key: str, **parts: Any) -> str:
        """A message in the user's language."""
        return message(key, self.language, **parts)


def is_required(case: Case) -> bool:
    """Whether a value or a reason is asked for: shown, and required now."""
    required = case.judge.required
    if case.item.calculate is not None or case.item.id in case.node.hidden:
        return False
    return required if isinstance(required, bool) else required(case.frame) is True


def judge_item(case: Case) -> Iterator[Violation]:
    """All violations of one shown item."""
    if case.item.id in case.node.hidden:
        return
    entered = case.entered
    if isinstance(entered, Unread):
        hint = Naming(case.tree, case.language).said(case.judge.rules.key, "hint", case.node, case.item.hint)
        yield case.violation(entered.code, explain(entered, case.language, hint))
        return
    if entered is None and case.item.calculate is None:
        if is_required(case):
            key = "required_or_reason" if case.item.missing.reasons else "required"
            yield case.violation("required", case.told(key, label=label_of(case)))
        return
    if isinstance(entered, Missing):
        if entered.reason not in case.item.missing.reasons:
            yield case.violation("missing_not_allowed", case.told("missing_not_allowed", reason=entered.reason))
        return
    for rule in _VALUE_RULES:
        yield from rule(case)


def label_of(case: Case) -> str:
    """The item's label, with the values that are piped into it."""
    return Naming(case.tree, case.language).said(case.judge.rules.key, "label", case.node, case.item.label)


def _misfit(case: Case) -> Iterator[Violation]:
    """A calculated value that its own type would refuse. It is kept as it is: nothing is rounded behind people's backs."""
    if case.item.calculate is None or case.value is None:
        return
    read = case.item.datatype.from_rule(case.value, case.item.facets)
    if isinstance(read, Unread):
        yield case.violation(read.code, case.told("calculated_misfit", value=value_text(case.value, case.language)))


def _not_in_list(case: Case) -> Iterator[Violation]:
    only = case.judge.only
    if only is None:
        return
    for code in _codes(case.value):
        if _is_refused(case, only, code):
            yield case.violation("not_in_list", case.told("not_in_list", value=label(case, code)))


def _codes(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else value if isinstance(value, tuple) else ()


def _is_refused(case: Case, only: Run, code: str) -> bool:
    frame = Frame(case.node, case.frame.world)
    frame.vars = {"code": code}
    return only(frame) is False


def withheld(case: Case) -> frozenset[str]:
    """The codes that `only` takes out of what is offered now. One that was chosen stays: a form shows what it holds."""
    only = case.judge.only
    if only is None:
        return frozenset()
    chosen, choices = _codes(case.entered), case.item.facets.choices
    offered = [code for code in choices if code not in chosen and not choices[code].withdrawn]
    return frozenset(code for code in offered if _is_refused(case, only, code))


def _not_in_dictionary(case: Case) -> Iterator[Violation]:
    """Codes that a loaded dictionary does not have. One that it had once is only warned of: old records hold it."""
    dictionary = dictionary_of(case) if case.item.facets.open_list else None
    if dictionary is None:
        return
    day = case.tree.world.today
    for code in _codes(case.value):
        standing = dictionary.standing(code, day)
        if standing is Standing.CURRENT:
            continue
        known = standing is Standing.OUTDATED or code in case.item.facets.choices
        parts = {"value": code, "label": label(case, code), "version": dictionary.version}
        text = case.told("code_outdated" if known else "code_unknown", **parts)
        yield case.violation("not_in_list", text, WARNING if known else ERROR)


def dictionary_of(case: Case) -> Dictionary | None:
    """The dictionary that holds an item's codes, if it is loaded."""
    listed = case.tree.registry.model.codelists.get(case.item.codelist or "")
    return case.tree.world.dictionaries.get(listed.external or "") if listed is not None else None


def label(case: Case, code: str) -> str:
    """What a code is called in the user's language."""
    dictionary = dictionary_of(case) if case.item.facets.open_list else None
    choice = case.item.facets.choices.get(code)
    loaded = dictionary.label(code, case.language) if dictionary is not None else ""
    return loaded or (in_language(choice.label, case.language) if choice else code)


def _exclusive(case: Case) -> Iterator[Violation]:
    value = case.value
    if not isinstance(value, tuple) or len(value) < 2:
        return
    choices = case.item.facets.choices
    alone = next((code for code in value if code in choices and choices[code].exclusive), None)
    if alone is not None:
        other = next(code for code in value if code != alone)
        yield case.violation("exclusive", case.told("exclusive", first=label(case, alone), second=label(case, other)))


def _ranges(case: Case) -> Iterator[Violation]:
    value, frame = case.value, case.frame
    if value is None:
        return
    broken: set[bool] = set()
    for bound, (low_run, high_run) in zip(case.judge.rules.ranges, case.judge.ranges, strict=True):
        low = None if low_run is None else low_run(frame)
        high = None if high_run is None else high_run(frame)
        check = bound.check
        limits = Limits(low, high, ">=" if check.low_inclusive else ">", "<=" if check.high_inclusive else "<")
        early, hard = not holds(limits.above, value, low), check.hard
        if (early or not holds(limits.below, value, high)) and hard not in broken:
            broken.add(hard)
            unit, sources = case.item.facets.unit or "", _sources(case)
            text = range_message(value, limits, case.language, hard=hard, early=early, unit=unit, sources=sources)
            code = "range_hard" if hard else "range_soft"
            if not (code == "range_soft" and True in broken):
                yield case.violation(code, text, ERROR if hard else WARNING)


def _sources(case: Case) -> str | None:
    """What a calculated value comes from; None for an entered one."""
    return None if case.item.calculate is None else sources_of(case.tree.registry, case.judge.rules.key, case.language)


def holds(op: str, value: Any, limit: Any) -> bool:
    """Whether a limit is kept; an unknown limit, or one that only some completions of a date break, is."""
    if limit is None:
        return True
    if isinstance(value, PartialDate) or isinstance(limit, PartialDate):
        return compare_partial(op, value, limit) is not False
    if isinstance(value, date) and isinstance(value, datetime) != isinstance(limit, datetime):
        value, limit = day_of(value), day_of(limit)
    return COMPARATORS[op](value, limit)


def _reference(case: Case) -> Iterator[Violation]:
    value = case.value
    if not isinstance(value, Reference):
        return
    judged = case.tree.registry.judged_references
    if value.target not in case.tree.world.rows and case.judge.rules.key not in judged:
        yield case.violation("not_in_list", case.told("not_in_list", value=value.target))
    if case.item.unique and case.judge.rules.key not in judged and case.node.parent is not None:
        first = _first_rows(case)[value]
        if first < case.node.place:
            name = row_name(case.tree, value.target, case.language)
            yield case.violation("unique", case.told("unique", value=name, row=first))


def _first_rows(case: Case) -> Mapping[Any, int]:
    """Each value of the item among the rows of the group -> the number of the first row that has it."""
    memory, key = case.tree.world.memory, (case.judge.rules.key, id(case.node.parent))
    if memory is not None and key in memory:
        remembered: Mapping[Any, int] = memory[key]
        return remembered
    assert case.node.parent is not None
    rows = case.node.parent.kids.get(case.node.scope.id, ())
    found = {row.values.get(case.item.id): row.place for row in reversed(rows)}
    if memory is not None:
        memory[key] = found
    return found


def row_name(tree: Tree, key: str, language: str) -> str:
    """What people call the row a reference points to: the value of its key item, else its number."""
    node = tree.world.rows.get(key)
    if node is None:
        return key
    group = tree.registry.groups.get(f"{node.scope.form_id}.{node.scope.id}")
    value = node.values.get(group.group.key) if group is not None and group.group.key else None
    return value_text(value, language) if value is not None else key


_VALUE_RULES: tuple[Callable[[Case], Iterator[Violation]], ...] = (
    _misfit,
    _not_in_list,
    _not_in_dictionary,
    _exclusive,
    _ranges,
    _reference,
)


def judge_rows(holder: Node, group: GroupDef, path: ItemPath, language: str) -> Iterator[Violation]:
    """Too few or too many rows of a shown group."""
    if group.id in holder.hidden or is_hidden(holder):
        return
    count = len(holder.kids.get(group.id, ()))
    found = None
    if count < group.min_rows:
        found = message("rows_few", language, count=count, min=group.min_rows)
    elif group.max_rows is not None and count > group.max_rows:
        found = message("rows_many", language, count=count, max=group.max_rows)
    if found is not None:
        yield Violation("rows", ERROR, str(path.at(group.id)), str(path), found)


def judge_unknown(tree: Tree, node: Node, path: ItemPath, form: str, language: str) -> Iterator[Violation]:
    """Values under names that the form does not have; they are kept, but nothing can be done with them."""
    if node.entered.keys() <= node.scope.fields.keys():
        return
    unknown = node.entered.keys() - node.scope.fields.keys()
    for name in filter(unknown.__contains__, node.entered):
        entered = node.entered[name]
        if name in node.scope.children and isinstance(entered, Unread):
            yield Violation(entered.code, ERROR, str(path.at(name)), str(path), explain(entered, language))
        else:
            shape = "" if path.rows else _shape_for(tree.registry, name)
            key = "unknown_item_place" if shape else "unknown_item"
            text = message(key, language, form=form, item=name, shape=shape)
            yield Violation("unknown_item", ERROR, str(path.at(name)), str(path), text)


def _shape_for(registry: CompiledRegistry, name: str) -> str:
    """How values are given of a form or event of that name; '' when there is none."""
    id_ = registry.names.get(name, "")
    event = registry.model.events.get(id_)
    if event is not None:
        return f'{{"events": {{"{id_}": [{{"{event.forms[0]}": {{…}}}}]}}}}'
    return f'{{"forms": {{"{id_}": {{…}}}}}}' if id_ else ""


__all__ = ["Case", "holds", "is_required", "judge_item", "judge_rows", "judge_unknown", "label", "row_name", "withheld"]
