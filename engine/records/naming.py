"""What things are called for people: items, rows, records, and the values that rules see of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from itertools import zip_longest
from typing import Any

from engine.compiler.rules import Hole, Rule, TextRules
from engine.datatypes import DATATYPES
from engine.datatypes.base import DataType, Facets
from engine.datatypes.values import Missing, Reference
from engine.datatypes.words import number_text, quantity_text, unit_text, value_text
from engine.expressions.evaluator import compile_term
from engine.expressions.frames import Node, Run
from engine.expressions.scopes import EVENT, Scope
from engine.model.item import ItemDef, Privacy
from engine.model.metadata_version import DerivedDef, MetaDataVersion
from engine.model.text import TranslatedText, in_language
from engine.records.tree import Tree

WORDS: Mapping[str, Mapping[str, str]] = {
    "pl": {"unknown": "jeszcze nieznane", "hidden": "nie dotyczy", "private": "podano"},
    "en": {"unknown": "not known yet", "hidden": "does not apply", "private": "given"},
}


@dataclass(frozen=True, slots=True)
class Naming:
    """Names things of one tree in one language."""

    tree: Tree
    language: str
    identifying: bool = False  # whether the reader may know who somebody is

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

    def title(self, node: Node, *, deep: bool = True) -> str:
        """A row, record, occurrence or instance: by its template, its key or what it is searched by, else title and number.

        Not `deep`: without what it refers to, as rows may refer to each other.
        """
        if node.scope.kind != "group":
            return (self._searched(node) if node.scope.kind == "form" else "") or self._numbered(node)
        group = self.tree.registry.groups[f"{node.scope.form_id}.{node.scope.id}"].group
        rules = self.tree.registry.texts.get((f"{node.scope.form_id}.{group.id}", "row"))
        text = self.filled(rules, node, deep=deep) if rules is not None else self._piped(node, group.key or "")
        return text or f"{self.kind(node.scope)} {node.place}"

    def filled(self, rules: TextRules, node: Node, *, deep: bool = True) -> str:
        """A text with values piped into it, as it reads at a node; '' in a language in which it has none.

        What is missing is shown as '…'. The title of a row leaves it out, with the signs around it.
        """
        text, row = rules.languages.get(self.language), rules.part == "row"
        if text is None:
            return ""
        values = [self._hole(hole, node, deep=deep) or ("" if row else "…") for hole in text.holes]
        if rules.part == "unit":
            values = [unit_text(value, self.language) for value in values]
        whole = "".join(map("".join, zip_longest(text.between, values, fillvalue="")))
        return whole.strip(" ,.;:–-") if row else whole

    def said(self, key: str, part: str, node: Node, plain: TranslatedText) -> str:
        """A text of `form.item`, its label or hint, with the values that are piped into it; the plain one without."""
        rules = self.tree.registry.texts.get((key, part))
        return (self.filled(rules, node) if rules is not None else "") or in_language(plain, self.language)

    def _hole(self, hole: Hole, node: Node, *, deep: bool) -> str:
        value, rules = _run(hole.rule)(self.tree.frame(node)), self.tree.registry.items.get(hole.key)
        definition = rules.item if rules is not None else self._model.derived.get(hole.key.rpartition(".")[2])
        if value is None:
            return ""
        if isinstance(value, Reference):
            target = self.tree.world.rows.get(value.target) if deep else None
            return self.title(target, deep=False) if target is not None else ""
        private = isinstance(definition, ItemDef) and definition.privacy is Privacy.IDENTIFYING
        if private and not self.identifying:
            return self.words["private"]
        return self.shown(definition, value) if definition is not None else value_text(value, self.language)

    def _piped(self, node: Node, item: str) -> str:
        filled = item in node.scope.fields and node.values.get(item) is not None
        return self.value(node.scope, item, node) if filled else ""

    def _searched(self, node: Node) -> str:
        """One of several records of a form, by what people search it by."""
        items = self._model.forms[node.scope.id].items if node.scope.repeats else ()
        return ", ".join(filter(None, (self._piped(node, item.id) for item in items if item.searchable)))

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


@lru_cache(maxsize=4096)
def _run(rule: Rule) -> Run:
    return compile_term(rule.term)


__all__ = ["Naming"]
