"""What ways to draw are made with."""

from __future__ import annotations

from abc import ABC, abstractmethod

from engine.compiler.rules import Rule
from engine.definitions.tree import Node
from engine.expressions.frames import Run
from engine.expressions.scopes import Scope
from engine.model.item import ItemDef
from engine.synthesis.distribution import Drawing


class Bind(ABC):
    """What drawings are made with: it binds expressions where they stand, and notes faults."""

    @abstractmethod
    def error(self, node: Node, code: str, text: str) -> None:
        """Note a fault."""

    @abstractmethod
    def rule(self, node: Node, *, condition: bool = False, number: bool = False) -> Rule | None:
        """A bound expression."""

    @abstractmethod
    def run(self, node: Node, *, condition: bool = False) -> Run:
        """An expression as a closure."""

    @abstractmethod
    def at_target(self, node: Node, target: str) -> tuple[Scope, Run]:
        """A condition that stands at what a reference may point to."""

    @abstractmethod
    def number(self, node: Node) -> Drawing:
        """A number or an expression of one."""

    @abstractmethod
    def check_code(self, node: Node, item: ItemDef, code: str) -> None:
        """Note a fault where an item's list has no such code."""


__all__ = ["Bind"]
