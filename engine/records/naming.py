"""What things are called for people: items, rows, records, and the values that rules see of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from engine.datatypes import DATATYPES
from engine.datatypes.base import DataType, Facets
from engine.datatypes.values import Missing, Reference
from engine.datatypes.words import number_text, quantity_text
from engine.expressions.frames import Node
from engine.expressions.scopes import EVENT, Scope
from engine.model.item import ItemDef, Privacy
from engine.model.metadata_version import DerivedDef, MetaDataVersion
from engine.model.text import TranslatedText, in_language
from engine.records.tree import Tree

_HOLE = re.compile(r"\{\s*([A-Za-z_][A-Za-z0-9_.]*)\s*\}")
WORDS: Mapping[str, Mapping[str, str]] = {
    "pl": {"unknown": "jeszcze nieznane", "hidden": "nie dotyczy", "private": "podano"},
    "en": {"unknown": "not known yet", "hidden": "does not apply", "private": "given"},
}


@dataclass(frozen=True, slots=True)
class Naming:
    """Names things of one tree in one language."""

    tree: Tree
    language: str

    @property
    def words(self) -> Mapping[str, str]:
        """The few words of its own."""
        return WORDS.get(self.language, WORDS["en"])

    @property
    def _model(self) -> MetaDataVersion:
        return self.tree.registry.model

    def label(self, scope: Scope, item: str) -> str:
        """The label of an item or outcome that stands in a scope; its id if it has none."""
        return self._text(self._definition(scope, item).label) or item

    def value(self, scope: Scope, item: str, node: Node | None) -> str:
        """What rules see of an item, in words; why there is nothing where there is nothing."""
        definition = self._definition(scope, item)
        value = node.values.get(item) if node is not None else None
        if value is not None:
            private = isinstance(definition, ItemDef) and definition.privacy is Privacy.IDENTIFYING
            return self.words["private"] if private else self.shown(definition, value)
        entered = node.entered.get(item) if node is not None else None
        if node is not None and item in node.hidden:
            return self.words["unknown" if item in node.unknown else "hidden"]
        if isinstance(entered, Missing) and isinstance(definition, ItemDef):
            return self._text(definition.missing.reasons.get(entered.reason, {})) or entered.reason
        return self.words["unknown"]

    def shown(self, definition: ItemDef | DerivedDef, value: Any) -> str:
        """A value of an item or outcome in words."""
        datatype, facets = self._type_of(definition)
        if isinstance(value, Decimal):
            return quantity_text(value, facets.unit or "", self.language)
        if isinstance(value, Reference):
            target = self.tree.world.rows.get(value.target)
            return self.title(target) if target is not None else value.target
        return datatype.format(value, facets, self.language)

    def number(self, value: Decimal) -> str:
        """A number without a unit."""
        return number_text(value, self.language)

    def code(self, codelist: str | None, code: str) -> str:
        """The label of a code."""
        return self.tree.world.labels.get(codelist or "", {}).get(code, code)

    def title(self, node: Node) -> str:
        """A row, record, occurrence or instance: by its template, else its key, else its title and number."""
        if node.scope.kind != "group":
            return self._numbered(node)
        group = self.tree.registry.groups[f"{node.scope.form_id}.{node.scope.id}"].group
        template = self._text(group.row_title) or (f"{{{group.key}}}" if group.key else "")
        text = _HOLE.sub(lambda hole: self._piped(node, hole[1].partition(".")[0]), template).strip(" ,.;:–-")
        return text or f"{self.kind(node.scope)} {node.place}"

    def _piped(self, node: Node, item: str) -> str:
        filled = item in node.scope.fields and node.values.get(item) is not None
        return self.value(node.scope, item, node) if filled else ""

    def _numbered(self, node: Node) -> str:
        scope = node.scope
        if scope.kind == EVENT:
            event = self._model.events[node.event or ""]
            repeats = event.repeats or event.every is not None
            return f"{self.kind(scope, node.event)} {node.number}" if repeats else self.kind(scope, node.event)
        title = f"{self.kind(scope)} {node.place}" if scope.repeats else self.kind(scope)
        return f"{self.title(node.parent)}, {title}" if node.parent is not None and node.parent.event else title

    def kind(self, scope: Scope, event: str | None = None) -> str:
        """The title of a group, form, event or container."""
        model = self._model
        texts: TranslatedText = {}
        if scope.kind == "group":
            texts = self.tree.registry.groups[f"{scope.form_id}.{scope.id}"].group.title
        elif scope.kind == EVENT:
            texts = model.events[event].title if event is not None and event in model.events else {}
        elif scope.kind == "form":
            texts = model.forms[scope.id].title
        elif scope.id in model.containers:
            texts = model.containers[scope.id].title
        return self._text(texts) or event or scope.id

    def _text(self, text: TranslatedText) -> str:
        return in_language(text, self.language)

    def _definition(self, scope: Scope, item: str) -> ItemDef | DerivedDef:
        rules = self.tree.registry.items.get(f"{scope.form_id}.{item}")
        return rules.item if rules is not None else self._model.derived[item]

    def _type_of(self, definition: ItemDef | DerivedDef) -> tuple[DataType, Facets]:
        if isinstance(definition, ItemDef):
            return definition.datatype, definition.facets
        choices = self._model.codelists[definition.codelist].choices if definition.codelist is not None else {}
        return DATATYPES[definition.type_name], Facets(choices=choices)


__all__ = ["Naming"]
