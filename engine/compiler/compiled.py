"""CompiledRegistry: what evaluation, renderers and storage receive."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from hashlib import sha256

from engine.compiler.order import reads_of
from engine.compiler.rules import (
    CheckRules,
    DerivedRules,
    EventRules,
    GroupRules,
    IndicatorRules,
    ItemRules,
    Settling,
    TextRules,
)
from engine.compiler.scoping import Scopes
from engine.errors import DefinitionProblem
from engine.model.code_list import Attribute
from engine.model.form import FormDef
from engine.model.metadata_version import MetaDataVersion, StudyEventDef


@dataclass(frozen=True, eq=False, repr=False)  # one object a version: compared and hashed by identity
class CompiledRegistry:
    """A definition, checked and bound. Immutable; the cached views below are derived from it alone."""

    model: MetaDataVersion
    scopes: Scopes
    order: tuple[Settling, ...]  # items, groups and outcomes, each after what it reads
    checks: tuple[CheckRules, ...]
    events: Mapping[str, EventRules]
    indicators: tuple[IndicatorRules, ...] = ()
    warnings: tuple[DefinitionProblem, ...] = ()
    piped: tuple[TextRules, ...] = ()  # texts with values in them

    @cached_property
    def hash(self) -> str:
        """SHA-256 over the include closure: names one version of the text for ever."""
        closure = "\n".join(f"{name} {digest}" for name, digest in sorted(self.model.sources.items()))
        return sha256(closure.encode()).hexdigest()

    @cached_property
    def items(self) -> Mapping[str, ItemRules]:
        """`form.item` -> its rules."""
        return {rule.key: rule for rule in self.order if isinstance(rule, ItemRules)}

    @cached_property
    def groups(self) -> Mapping[str, GroupRules]:
        """`form.group` -> its rules."""
        return {rule.key: rule for rule in self.order if isinstance(rule, GroupRules)}

    @cached_property
    def derived(self) -> tuple[DerivedRules, ...]:
        """The outcomes in order of the definition."""
        found = {rule.derived.id: rule for rule in self.order if isinstance(rule, DerivedRules)}
        return tuple(found[id_] for id_ in self.model.derived if id_ in found)

    @cached_property
    def checks_of(self) -> Mapping[str, tuple[CheckRules, ...]]:
        """Form -> the checks that are reported in it."""
        return {form: tuple(check for check in self.checks if form in check.forms) for form in self.model.forms}

    @cached_property
    def texts(self) -> Mapping[tuple[str, str], TextRules]:
        """`form.owner` (or the id of a check) and part -> a text with values in it."""
        return {(_owner(text), text.part): text for text in self.piped}

    @cached_property
    def told(self) -> Mapping[str, frozenset[str]]:
        """Check, or `form.item` -> the keys that are piped into its message or label."""
        found: dict[str, frozenset[str]] = {}
        for (owner, _), text in self.texts.items():
            found[owner] = found.get(owner, frozenset()).union(*(hole.rule.reads for hole in text.holes))
        return found

    @cached_property
    def readers(self) -> Mapping[str, tuple[int, ...]]:
        """Key -> the places in `order` of what reads it."""
        found: dict[str, list[int]] = {}
        for place, rule in enumerate(self.order):
            for key in sorted(reads_of(rule)):
                found.setdefault(key, []).append(place)
        return {key: tuple(places) for key, places in found.items()}

    @cached_property
    def names(self) -> Mapping[str, str]:
        """Ids and OIDs of forms and events -> ids."""
        parts: list[FormDef | StudyEventDef] = [*self.model.forms.values(), *self.model.events.values()]
        return {name: part.id for part in reversed(parts) for name in (part.oid, part.id) if name}

    @cached_property
    def positions(self) -> Mapping[str, Mapping[str, Decimal]]:
        """Code list -> code -> its place in the list, from 1."""
        return {
            listed.id: {code: Decimal(place) for place, code in enumerate(listed.choices, start=1)}
            for listed in self.model.codelists.values()
        }

    @cached_property
    def attributes(self) -> Mapping[tuple[str, str], tuple[Mapping[str, Attribute], Attribute | None]]:
        """Code list and attribute -> its value for each code, and its default."""
        return {
            (listed.id, name): (
                {code: values[name] for code, values in listed.values.items() if name in values},
                attribute.default,
            )
            for listed in self.model.codelists.values()
            for name, attribute in listed.attributes.items()
        }

    @cached_property
    def judged_references(self) -> frozenset[str]:
        """References (`form.item`) whose target a check judges, or that is in another registry: the built-in rule is silent there."""
        return frozenset(key for key, rules in self.items.items() if rules.item.elsewhere is not None) | frozenset(
            f"{(part.rows or check.scope).form_id}.{term.args[0].args[3]}"
            for check in self.checks
            for part in check.parts
            for term in part.rule.term.walk()
            if term.op == "exists_ref" and term.args[0].op == "read"
        )

    def form(self, name: str) -> FormDef:
        """The form of that id or OID. Raises KeyError."""
        if name in self.model.forms:
            return self.model.forms[name]
        return next(form for form in self.model.forms.values() if form.oid == name)

    def __repr__(self) -> str:
        """Registry and version: written out, a definition fills pages."""
        return f"<{self.model.registry} {self.model.version}>"

    def __getstate__(self) -> dict[str, object]:
        """Only the fields: cached views are made again where they are needed."""
        return {name: self.__dict__[name] for name in self.__dataclass_fields__}


def _owner(text: TextRules) -> str:
    """Ids of checks are unique in a registry, those of items, groups and sections in a form."""
    return text.owner if text.part == "message" else f"{text.scope.form_id}.{text.owner}"
