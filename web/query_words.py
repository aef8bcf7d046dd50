"""Queries in words: what they are about, whose turn it is, what was said."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from engine.model.form import FormDef, walk_groups
from engine.model.metadata_version import MetaDataVersion
from engine.model.text import in_language
from engine.records.form_data import FormData
from renderers.html.names import levels
from storage.queries import About
from storage.query_steps import BY_RULE, STEPS, State
from storage.threads import Message
from web.titles import label_of
from web.workspace import Visit

SIGNS: Mapping[State, str] = MappingProxyType(  # keys of the status signs
    {
        State.OPEN: "query",
        State.ANSWERED: "query",
        State.CLOSED: "complete",
        State.CANCELLED: "planned",
        State.EXCLUDED: "complete",
    }
)


def about_words(form: FormDef, about: About, language: str, names: Mapping[str, str] = MappingProxyType({})) -> str:
    """The label of the item, with the number of its row where `names` knows it; of a row its group; of a form its title."""
    if not about.row:
        return label_of(form, about.item, language) if about.item else in_language(form.title, language)
    where = names.get(about.row, "")
    return f"{label_of(form, about.item, language)} ({where})" if about.item and where else where or about.item


def row_names(form: FormDef, data: FormData, one: Visit) -> dict[str, str]:
    """Row id -> 'Leads, row 2'."""
    titles = {group.id: in_language(group.title, one.language) for group in walk_groups(form)}
    found = {}
    for level in levels(form, data):
        if level.place.steps:
            (group, row), (_, number) = level.place.steps[-1], level.place.path.rows[-1]
            found[row] = ", ".join(filter(None, (titles.get(group), one.words("row", number=number))))
    return found


def rule_words(model: MetaDataVersion, rule: str, language: str) -> str:
    """What a rule says, without the values that it quotes."""
    checks = (check for form in model.forms.values() for check in form.checks if check.id == rule)
    found = next(checks, None)
    return in_language(found.message, language) if found is not None else rule


def by_rule(message: Message) -> bool:
    """Whether a rule took the step, if a rule asks; with the save of the person who stands at it."""
    return message.step == "raise" or STEPS[message.step].permission == BY_RULE


def said_words(text: str | None, one: Visit) -> str:
    """What was said, or that it was erased with the patient."""
    return one.words("query_erased") if text is None else text


def message_words(message: Message, rule: str, model: MetaDataVersion, one: Visit) -> str:
    """What a message says, also where a rule, or nobody, gave it words."""
    if message.text != "":
        return said_words(message.text, one)
    if message.step == "raise" and rule:
        return rule_words(model, rule, one.language)
    return ""


__all__ = ["SIGNS", "about_words", "by_rule", "message_words", "row_names", "rule_words", "said_words"]
