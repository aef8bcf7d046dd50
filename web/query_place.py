"""The conversations about one place of a form, as a page shows them."""

from __future__ import annotations

from dataclasses import dataclass

from flask import abort, request

from engine.model.form import walk_items
from renderers.html import Band, Link
from renderers.html.names import is_known, levels
from storage.errors import NotFound
from storage.queries import About, Query
from storage.query_steps import Step
from web.discretion import unseen_by
from web.entry import Entry, address_of, open_entry
from web.form_page import band_of, crumbs_of
from web.places import whole_number
from web.query_badges import name_at, place_names
from web.query_words import SIGNS, about_words, by_rule, message_words, row_names
from web.roles import Permission, allows
from web.titles import form_words, value_words
from web.workspace import visit, workspace


@dataclass(frozen=True, slots=True)
class QueryPlace:
    """A field, row or form of an entry with the queries about it."""

    entry: Entry
    about: About | None  # None: what was asked about is gone, or was never saved
    name: str  # as the form's page has it
    title: str
    value: str
    queries: tuple[Query, ...]  # of a row with those of its items

    @property
    def form_href(self) -> str:
        """The way to the field on the form."""
        rows = [".".join(self.name.split(".")[: n + 2]) for n in range(0, len(self.name.split(".")) - 1, 2)]
        anchor = f"#f-{self.name}" if self.about and self.about.item else f"#r-{self.name}" if self.name else ""
        return address_of(self.entry, open=rows or None) + anchor

    @property
    def action(self) -> str:
        """Where a new query is posted."""
        return address_of(self.entry, "queries.ask", at=self.name)

    def step_href(self, query: Query, step: Step) -> str:
        """Where a step is posted."""
        answers = step.name == "answer"
        more = {} if answers else {"step": step.name}
        return address_of(self.entry, "queries.answer" if answers else "queries.settle", number=str(query.id), **more)

    def steps(self, query: Query) -> tuple[Step, ...]:
        """What the person may do with a query."""
        actor = self.entry.actor
        return tuple(each for each in query.next_steps(actor) if allows(actor.role, Permission(each.permission)))

    def named(self, query: Query) -> str:
        """What a query is about, where that is not the place itself."""
        language = visit().language
        return about_words(self.entry.form, query.about, language) if query.about != self.about else ""

    def sign(self, query: Query) -> str:
        """Its sign."""
        return SIGNS[query.state]

    def words(self, query: Query) -> list[tuple[str, str, str, str, bool]]:
        """Of each message: who, when, what was done, what was said, whether the hospital said it."""
        one, model = visit(), self.entry.version.registry.model
        return [
            (
                one.words("query_rule", rule=query.rule) if query.rule and by_rule(each) else each.who,
                one.tongue.moment(each.at, one.now), one.words(f"query_step_{each.step}"),
                message_words(each, query.rule, model, one), each.step == "answer",
            )
            for each in query.messages
        ]  # fmt: skip

    @property
    def band(self) -> Band:
        """Who the patient is."""
        return band_of(self.entry, visit())

    @property
    def crumbs(self) -> tuple[Link, ...]:
        """The way here, from the form."""
        one, model = visit(), self.entry.version.registry.model
        return (*crumbs_of(self.entry, one), Link(form_words(model, self.entry.form.id, one.language), self.form_href))


def read_place(registry: str, who: str, spot: str, number: int = 0) -> QueryPlace:
    """The place that the address names by `at`, or by one of its queries. Raises NotFound, also for a form that was never saved."""
    one, space = visit(), workspace()
    assert registry == one.actor.registry  # the guard has made sure
    entry = open_entry(space, one.actor, who, spot, one.now)
    if entry.stored is None:
        raise NotFound("form", spot)
    stored, form = entry.stored, entry.form
    hidden = unseen_by(entry.version.registry, one.actor)
    found = entry.around.told.queries
    wanted = number or request.args.get("query", 0, type=whole_number)
    names = place_names(entry)
    if wanted:
        query = next((each for each in found if each.id == wanted), None)
        if query is None:
            raise NotFound("query", wanted)
        about = query.about
        name = name_at(names, about)
    else:
        name = request.args.get("at", "")
        if not is_known(form, stored.data, name):
            raise NotFound("place", name)
        about = about_of(stored.id, name)
        shown = {item.id for item in walk_items(form)} - hidden.items.get(form.id, frozenset())
        if form.id in hidden.forms or (about.item and about.item not in shown):
            abort(404)  # a group, of which rows are asked about; or what is hidden
    title = about_words(form, about, one.language, row_names(form, stored.data, one))
    whole = bool(about.row and not about.item)
    here = tuple(each for each in found if each.about == about or (whole and each.about.row == about.row))
    return QueryPlace(entry, about if name or not about.row else None, name, title, _value(entry, about), here)


def about_of(form: int, name: str) -> About:
    """What a name means in storage."""
    steps = name.split(".") if name else []
    item = steps[-1] if len(steps) % 2 else ""
    rows = steps[:-1] if item else steps
    return About(form, rows[-1] if rows else "", item)


def _value(entry: Entry, about: About) -> str:
    """The stored value, in words."""
    item = next((each for each in walk_items(entry.form) if each.id == about.item), None)
    assert entry.stored is not None
    if item is None:
        return ""
    for level in levels(entry.form, entry.stored.data):
        if (level.place.steps[-1][1] if level.place.steps else "") == about.row:
            return value_words(item, level.data.items.get(item.id), visit().language)
    return ""


__all__ = ["QueryPlace", "about_of", "read_place"]
