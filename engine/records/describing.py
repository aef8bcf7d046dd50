"""What an evaluation says of items and groups: shown, required, answered. Kept, and put right item by item."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from engine.datatypes.values import Missing
from engine.expressions.frames import Frame, Node
from engine.model.item import WhenHidden
from engine.records.evaluation import ItemState
from engine.records.plans import ItemPlan, PartPlan

_ANSWERED, _NOT_ANSWERED, _MISSING = ItemState.ANSWERED, ItemState.NOT_ANSWERED, ItemState.MISSING
_NOT_ASKED, _NOT_APPLICABLE = ItemState.NOT_ASKED, ItemState.NOT_APPLICABLE


class Description:
    """The parts of an Evaluation that are said of each item, by printed path."""

    def __init__(self) -> None:
        self.visible: set[str] = set()
        self.required: set[str] = set()
        self.groups: set[str] = set()
        self.calculated: dict[str, Any] = {}
        self.states: dict[str, ItemState] = {}
        self.to_clear: dict[str, tuple[Node, ItemPlan]] = {}
        self.unsigned: dict[str, tuple[Node, ItemPlan]] = {}

    def add(self, node: Node, plan: PartPlan, start: str, frame: Frame, *, gone: bool) -> None:
        """Describe all items and groups of a row (or of the form); its paths begin with `start`."""
        odd = plan.by_id.keys() if gone else self._add_plain(node, plan, start, frame)
        for id_ in odd:
            self.put(node, plan.by_id[id_], start + id_, frame, gone=gone)
        for group in plan.groups:
            name = start + group.scope.id
            if gone or group.scope.id in node.hidden:
                self.groups.discard(name)
            else:
                self.groups.add(name)

    def _add_plain(self, node: Node, plan: PartPlan, start: str, frame: Frame) -> Collection[str]:
        """Describe all items at once; those that need a closer look: what is hidden with a value, and reasons."""
        hidden, entered = node.hidden, node.entered
        asked = [id_ for id_, required in plan.asked if id_ not in hidden and required(frame) is True]
        answered = entered if entered.keys() <= plan.blank.keys() else plan.blank.keys() & entered.keys()
        states = plan.blank | dict.fromkeys(answered, _ANSWERED)
        if hidden:
            states |= dict.fromkeys(plan.blank.keys() & (hidden - node.unknown), _NOT_APPLICABLE)
            states |= dict.fromkeys(plan.blank.keys() & node.unknown, _NOT_ASKED)
        calculated = {id_: node.values.get(id_) for id_ in plan.calculated}
        shown, required = plan.ids - hidden, plan.required - hidden
        if start:
            self.visible.update([start + id_ for id_ in shown])
            self.required.update([start + id_ for id_ in (*required, *asked)])
            self.states.update({start + id_: state for id_, state in states.items()})
            self.calculated.update({start + id_: value for id_, value in calculated.items()})
        else:
            self.visible |= shown
            self.required |= required
            self.required.update(asked)
            self.states |= states
            self.calculated |= calculated
        return plan.ids & ((hidden & entered.keys()).union(node.odd))

    def put(self, node: Node, plan: ItemPlan, name: str, frame: Frame, *, gone: bool) -> None:
        """Describe one item, whatever was said of it before. `gone`: its row is hidden as a whole."""
        id_ = plan.id
        hidden = gone or id_ in node.hidden
        if hidden:
            self.visible.discard(name)
        else:
            self.visible.add(name)
        if plan.judge is None:
            return
        item = plan.item
        if item.calculate is not None:
            self.calculated[name] = node.values.get(id_)
            return
        required = plan.required
        if required is not False:
            if id_ not in node.hidden and (required is True or required(frame) is True):
                self.required.add(name)
            else:
                self.required.discard(name)
        entered = node.entered.get(id_)
        if not hidden and type(entered) is not Missing:
            self.states[name] = _NOT_ANSWERED if entered is None else _ANSWERED
            self.to_clear.pop(name, None)
            self.unsigned.pop(name, None)
        else:
            self._put_empty(node, plan, name, entered, hidden=hidden)

    def _put_empty(self, node: Node, plan: ItemPlan, name: str, entered: Any, *, hidden: bool) -> None:
        """An item that is hidden or has a reason in place of a value."""
        surely = hidden and plan.id not in node.unknown
        if plan.id in node.hidden:
            self.states[name] = _NOT_APPLICABLE if surely else _NOT_ASKED
        else:
            self.states[name] = (
                _NOT_ANSWERED if entered is None else _MISSING if type(entered) is Missing else _ANSWERED
            )
        self._note(
            self.to_clear,
            name,
            node,
            plan,
            surely and plan.item.when_hidden is WhenHidden.CLEAR and entered is not None,
        )
        unsigned = not hidden and isinstance(entered, Missing) and entered.reason in plan.item.missing.unsigned
        self._note(self.unsigned, name, node, plan, unsigned)

    def _note(
        self, noted: dict[str, tuple[Node, ItemPlan]], name: str, node: Node, plan: ItemPlan, holds: bool
    ) -> None:
        if holds:
            noted[name] = (node, plan)
        else:
            noted.pop(name, None)


__all__ = ["Description"]
