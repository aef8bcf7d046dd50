"""What a term's steps lead to, and what the places and values met there are called in one language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from engine.compiler import CompiledRegistry
from engine.datatypes.words import number_text, value_text
from engine.expressions.scopes import EVENT, Scope, Step
from engine.model.text import TranslatedText, in_language
from engine.words.phrase import ATOM, Name, Phrase, fill, plain
from engine.words.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class Here:
    """Where a term stands: the scopes of its frames, innermost first, and its local values."""

    frames: tuple[Scope, ...]
    bound: Mapping[str, Phrase]
    letters: int = 0

    def inside(self, scope: Scope) -> Here:
        """Within an aggregate over that scope."""
        return replace(self, frames=(scope, *self.frames))

    def with_value(self, slot: str, phrase: Phrase) -> Here:
        """With one more local value."""
        return replace(self, bound={**self.bound, slot: phrase})

    def with_letter(self, slot: str) -> tuple[Here, Phrase]:
        """With a local value that is called A, B and so on."""
        number, letter = divmod(self.letters, 26)
        name = plain(chr(ord("A") + letter) + (str(number) if number else ""))
        return replace(self.with_value(slot, name), letters=self.letters + 1), name

    def start(self, frame: int, up: int) -> Scope:
        """The scope that many frames out and levels up."""
        scope = self.frames[frame]
        for _ in range(up):
            assert scope.parent is not None
            scope = scope.parent
        return scope


@dataclass(frozen=True, slots=True)
class Place:
    """A scope that steps lead to, and of which event it is, if one is named."""

    scope: Scope
    event: str | None
    all_events: bool


def follow(start: Scope, steps: tuple[Step, ...]) -> Place:
    """Where the steps lead."""
    scope, event, every = start, None, False
    for child, named in steps:
        scope = scope.children[child]
        if child == EVENT:
            event, every = named, named is None
    return Place(scope, event, every)


@dataclass(frozen=True, slots=True)
class Titles:
    """Names things of a registry in one language."""

    registry: CompiledRegistry
    words: Vocabulary

    def text(self, text: TranslatedText) -> str:
        """A text in this language."""
        return in_language(text, self.words.language)

    def name(self, text: str, kind: str, key: str) -> Phrase:
        """A name in quotes."""
        return Phrase((Name(self.words.quoted(text), kind, key),))

    def field(self, scope: Scope, id_: str) -> Phrase:
        """An item or outcome."""
        rules = self.registry.items.get(f"{scope.form_id}.{id_}")
        if rules is not None:
            return self.name(self.text(rules.item.label) or id_, "item", rules.key)
        derived = self.registry.model.derived.get(id_)
        label = self.text(derived.label) if derived is not None else ""
        return self.name(label or id_, "outcome", id_)

    def form(self, id_: str) -> Phrase:
        """A form."""
        return self.name(self.text(self.registry.model.forms[id_].title) or id_, "form", id_)

    def event(self, id_: str) -> Phrase:
        """An event."""
        return self.name(self.text(self.registry.model.events[id_].title) or id_, "event", id_)

    def scope(self, place: Place) -> Phrase:
        """A group, form, event or container."""
        scope, model = place.scope, self.registry.model
        if scope.kind == "group":
            group = self.registry.groups[f"{scope.form_id}.{scope.id}"].group
            return self.name(self.text(group.title) or scope.id, "group", f"{scope.form_id}.{scope.id}")
        if scope.kind == "form":
            return self.form(scope.id)
        if scope.kind == EVENT and place.event is not None:
            return self.event(place.event)
        container = model.containers.get(scope.id)
        title = self.text(container.title) if container is not None else ""
        return plain(self.words.quoted(title or self.words.places.get(scope.id, scope.id)))

    def where(self, here: Here, place: Place) -> str | Phrase:
        """In which form or event something is, where that is not the one the rule stands in: a template's tail."""
        known = {scope.form_id for scope in here.frames}
        form = place.scope.form_id
        if place.event is not None and place.scope.kind != EVENT:
            return fill(self.words.phrases["in_event"], {"0": self.event(place.event)})
        if form in self.registry.model.forms and form not in known and place.scope.kind != "form":
            return fill(self.words.phrases["in_form"], {"0": self.form(form)})
        return self.words.phrases["all_events"] if place.all_events else ""

    def code(self, codelist: str | None, code: str) -> Phrase:
        """The label of a code, or the text itself."""
        listed = self.registry.model.codelists.get(codelist or "")
        choice = listed.choices.get(code) if listed is not None else None
        label = self.text(choice.label) if choice is not None else ""
        return self.name(label or code, "code", f"{codelist}.{code}" if choice is not None else "")

    def parameter(self, id_: str) -> Phrase:
        """A parameter of the registry."""
        parameter = self.registry.model.parameters[id_]
        return self.name(self.text(parameter.label) or id_, "parameter", id_)

    def value(self, value: Any, codelist: str | None = None) -> Phrase:
        """A constant."""
        if value is None or isinstance(value, bool):
            return plain(self.words.phrases[f"const.{'null' if value is None else str(value).lower()}"])
        if isinstance(value, Decimal):
            return plain(number_text(value, self.words.language))
        return self.code(codelist, value) if isinstance(value, str) else plain(value_text(value, self.words.language))


def tailed(phrase: Phrase, tail: str | Phrase) -> Phrase:
    """A name with what says where it is."""
    if not tail:
        return phrase
    return fill("{0!}{1!}", {"0": phrase, "1": plain(tail) if isinstance(tail, str) else tail}, ATOM)
