"""Sheet: a form as it is printed without values, in one language; with or without the facts that annotate it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from engine.compiler import CompiledRegistry
from engine.compiler.rules import GroupRules, ItemRules, Rule
from engine.datatypes.base import Control
from engine.expressions.scopes import Scope
from engine.model.form import FormDef, GroupDef, SectionDef, section_title, walk_items
from engine.model.item import ItemDef
from engine.model.text import in_language
from engine.words import Sentences
from renderers.html.faces import control_of, form_title, item_face
from renderers.html.words import Words, load_words
from renderers.paper.answers import Answer, Asked, answer_of, boxes_of
from renderers.paper.by_codes import by_codes
from renderers.paper.facts import CheckRow, Fact, checks_of, facts_of_group, facts_of_item, ranges_of
from renderers.paper.words import word

ROWS = 3  # printed of a group, unless its definition allows fewer or wants more


@dataclass(frozen=True, slots=True)
class Field:
    """One question."""

    id: str
    label: str
    hint: str
    required: bool
    lead: str  # when it is asked, told once for all that follow with the same condition
    notes: tuple[str, ...]  # when it is required, what is allowed
    answer: Answer
    reasons: tuple[str, ...]  # codes
    conditional: bool
    note: str = ""  # 'heading' or 'text' where nothing is asked
    facts: tuple[Fact, ...] = ()


@dataclass(frozen=True, slots=True)
class Rows:
    """A repeating group: its questions, printed so many times."""

    id: str
    title: str
    note: str
    rows: tuple[str, ...]  # what each is called
    more: bool  # whether there may be more of them
    content: tuple[Field | Rows, ...]
    facts: tuple[Fact, ...] = ()


@dataclass(frozen=True, slots=True)
class Part:
    """A section."""

    id: str
    title: str
    hint: str
    note: str
    content: tuple[Field | Rows, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    """A whole form."""

    id: str
    oid: str
    title: str
    intro: str
    events: tuple[str, ...]  # those that collect it
    parts: tuple[Part, ...]
    reasons: tuple[tuple[str, str], ...]  # of all its fields, with their words
    checks: tuple[CheckRow, ...] = ()


@dataclass(frozen=True, slots=True)
class SheetMaker:
    """Makes the sheets of a registry in one language."""

    registry: CompiledRegistry
    language: str
    annotated: bool = False
    rows: int = ROWS
    said: Sentences = field(init=False)
    words: Words = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "said", Sentences(self.registry, self.language))
        object.__setattr__(self, "words", load_words(self.language))

    def sheet(self, form: FormDef) -> Sheet:
        """One form."""
        events = [event for event in self.registry.model.events.values() if form.id in event.forms]
        reasons = {code: text for item in walk_items(form) for code, text in item.missing.reasons.items()}
        return Sheet(
            form.id,
            form.oid or "",
            form_title(form, self.language),
            in_language(form.intro, self.language),
            tuple(in_language(event.title, self.language) or event.id for event in events),
            tuple(self._part(form, section) for section in form.sections),
            tuple((code, in_language(text, self.language) or code) for code, text in reasons.items()),
            checks_of(self.registry, form, self.said, self.language) if self.annotated else (),
        )

    def _part(self, form: FormDef, section: SectionDef) -> Part:
        return Part(
            section.id,
            section_title(section, form, self.language),
            in_language(section.note, self.language),
            self._section_note(form, section),
            tuple(self._content(form, section, section.content)),
        )

    def _section_note(self, form: FormDef, section: SectionDef) -> str:
        """When the section is asked. Its rule is compiled into those of what stands in it."""
        if section.when is None or not section.content:
            return ""
        first = section.content[0]
        rules = self._rules(form, first)
        assert rules.visible is not None
        term = rules.visible.term.args[0] if first.when is not None else rules.visible.term
        return self._only_if(Rule(term), self.registry.scopes.forms[form.id])

    def _rules(self, form: FormDef, part: ItemDef | GroupDef) -> ItemRules | GroupRules:
        key = f"{form.id}.{part.id}"
        return self.registry.items[key] if isinstance(part, ItemDef) else self.registry.groups[key]

    def _content(
        self, form: FormDef, section: SectionDef | None, content: tuple[ItemDef | GroupDef, ...]
    ) -> Iterator[Field | Rows]:
        before = ""
        for part in content:
            if isinstance(part, ItemDef) and part.calculate is not None and not self.annotated:
                yield self._field(form, part, "")  # nobody fills it in, whatever its condition
                continue
            note = self._note(form, section, part)
            lead = note if note != before else ""
            yield self._field(form, part, lead) if isinstance(part, ItemDef) else self._rows(form, part, lead)
            before = note

    def _note(self, form: FormDef, section: SectionDef | None, part: ItemDef | GroupDef) -> str:
        """When a part is asked, besides the condition of its section."""
        if part.when is None:
            return ""
        rules = self._rules(form, part)
        assert rules.visible is not None
        term = rules.visible.term
        if section is not None and section.when is not None:
            term = term.args[1]
        scope = rules.scope if isinstance(part, ItemDef) else rules.scope.parent
        return self._only_if(Rule(term), scope or rules.scope)

    def _only_if(self, rule: Rule, scope: Scope) -> str:
        return word("only_if", self.language, self._said(rule, scope))

    def _said(self, rule: Rule, scope: Scope) -> str:
        """A condition in words."""
        return str(self.said.condition(Rule(by_codes(self.registry, rule.term)), scope))

    def _field(self, form: FormDef, item: ItemDef, lead: str) -> Field:
        rules = self.registry.items[f"{form.id}.{item.id}"]
        face = item_face(item, self.words, piped=False)
        listed = self.registry.model.codelists.get(item.codelist or "")
        boxes = boxes_of(face, listed.standard if listed is not None else {}, self.language)
        demand = rules.required
        notes = []
        if isinstance(demand, Rule):
            notes.append(word("required_if", self.language, self._said(demand, rules.scope)))
        if not self.annotated and item.calculate is None:
            notes += ranges_of(rules, self.said, plain=True)
        silent = control_of(item) is Control.NOTE
        return Field(
            item.id,
            face.label,
            face.hint,
            demand is True,
            lead,
            tuple(notes),
            answer_of(Asked(rules, face, boxes, self.language)),
            tuple(item.missing.reasons) if item.calculate is None else (),
            item.when is not None and (item.calculate is None or self.annotated),
            ("heading" if face.heading else "text") if silent else "",
            facts_of_item(self.registry, rules, self.said, self.language) if self.annotated and not silent else (),
        )

    def _rows(self, form: FormDef, group: GroupDef, note: str) -> Rows:
        count = 1 if self.annotated else max(group.min_rows, min(group.max_rows or self.rows, self.rows))
        title = in_language(group.title, self.language)
        names = [f"{title} {number}" if title else word("row", self.language, number) for number in range(1, count + 1)]
        return Rows(
            group.id,
            title,
            note,
            (title or group.id,) if self.annotated else tuple(names),
            not self.annotated and (group.max_rows is None or count < group.max_rows),
            tuple(self._content(form, None, group.content)),
            facts_of_group(group, self.language) if self.annotated else (),
        )


__all__ = ["ROWS", "Field", "Part", "Rows", "Sheet", "SheetMaker"]
