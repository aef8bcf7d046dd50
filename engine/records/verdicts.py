"""Keeps what is wrong with a form, by item and by check, so that a change need not have everything judged again."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from engine.expressions.frames import Node
from engine.model.text import in_language
from engine.records.checking import path_of, run_check
from engine.records.evaluation import Violation
from engine.records.judging import Case, judge_item, judge_rows, judge_unknown
from engine.records.path import ItemPath
from engine.records.plans import FormPlan, ItemPlan, PartPlan, order_of
from engine.records.tree import Tree

FORM = ItemPath()  # the path of the form itself


class Verdicts:
    """The violations of the form in focus. Only what is wrong takes room."""

    def __init__(self, plan: FormPlan, tree: Tree, focus: Node, at: str, language: str) -> None:
        self._plan = plan
        self._tree = tree
        self._focus = focus
        self._at = at
        self._language = language
        self._items: dict[
            tuple[int, str], tuple[Node, ItemPlan, tuple[Violation, ...]]
        ] = {}  # by id() of the node, item
        self._checks: dict[int, tuple[Violation, ...]] = {}  # by place of the check
        self._parts: tuple[Violation, ...] | None = None  # rows and unknown names

    def __iter__(self) -> Iterator[Violation]:
        """All violations: of items in order of the form, of checks, of groups and unknown names."""
        items = sorted(self._items.values(), key=lambda found: (order_of(found[0], self._plan), found[1].place))
        for _, _, found in items:
            yield from found
        for number in sorted(self._checks):
            yield from self._checks[number]
        if self._parts is None:
            self._parts = tuple(self._judge_parts())
        yield from self._parts

    def judge_all(self, rows: Iterable[tuple[Node, PartPlan]]) -> None:
        """Judge everything anew."""
        self._items.clear()
        for node, part in rows:
            self._judge_row(node, part)
        self._parts = None
        self._checks.clear()
        self.check(range(len(self._plan.checks)))

    def _judge_row(self, node: Node, part: PartPlan) -> None:
        """Judge a row: in words only what looks wrong at a glance."""
        frame, entered, value = self._tree.frame(node), node.entered, node.values.get
        doubtful = [id_ for id_, test in part.tested if (seen := value(id_)) is not None and not test(seen, frame)]
        doubtful += part.required.difference(entered)
        doubtful += [id_ for id_, required in part.asked if id_ not in entered and required(frame) is True]
        doubtful += [id_ for id_ in node.odd if id_ in part.by_id]
        for id_ in set(doubtful).difference(node.hidden):
            self.judge(node, part.by_id[id_])

    def judge(self, node: Node, plan: ItemPlan) -> None:
        """Judge one item anew."""
        if plan.judge is None:
            return
        case = Case(self._tree, node, plan.judge, path_of(node).at(plan.id), self._language)
        found = tuple(judge_item(case))
        if found:
            self._items[id(node), plan.id] = (node, plan, found)
        else:
            self._items.pop((id(node), plan.id), None)

    def check(self, numbers: Collection[int]) -> None:
        """Run checks anew, named by their places."""
        frame = self._tree.frame(self._focus)
        for number in numbers:
            check = self._plan.checks[number]
            silent = check.rules.scope is self._focus.scope and check.is_silent(frame)
            found = () if silent else tuple(run_check(check, self._tree, self._focus, self._at, self._language))
            if found:
                self._checks[number] = found
            else:
                self._checks.pop(number, None)

    def forget_parts(self) -> None:
        """Groups were shown or hidden, or unknown names entered: they are judged again when asked for."""
        self._parts = None

    def _judge_parts(self) -> Iterator[Violation]:
        title = in_language(self._plan.root.part.title, self._language)
        for node, part, path in walk(self._focus, self._plan.root):
            yield from judge_unknown(self._tree, node, path, title, self._language)
            for group in part.group_defs:
                yield from judge_rows(node, group, path, self._language)


def walk(node: Node, part: PartPlan, path: ItemPath = FORM) -> Iterator[tuple[Node, PartPlan, ItemPath]]:
    """A form and all its rows with their paths, outer ones first, groups in order."""
    yield node, part, path
    for group in part.groups:
        name = group.scope.id
        for row in node.kids.get(name, ()):
            yield from walk(row, group, path.into(name, row.place))


__all__ = ["Verdicts", "walk"]
