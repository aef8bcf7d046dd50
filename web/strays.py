"""What somebody is told whose page was opened where the form is no more; nothing that was typed is lost."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from flask import jsonify
from flask.typing import ResponseReturnValue

from engine.datatypes.values import Entered
from engine.model.text import in_language
from engine.records.form_data import FormData, RowData
from renderers.html import Fields, PostedForm
from renderers.html.grid import posted_cells
from storage.changes import paths_of, walk_rows
from storage.form_index import index_form
from storage.slots import Key
from web.drafts import keep_draft
from web.entry import Entry, Fate, address_of
from web.form_page import dictionary_words
from web.news import News
from web.pages import render
from web.places import NEW, home_of
from web.posts import draft_after
from web.registries import Version
from web.saves import back, keep
from web.series import Series
from web.titles import form_words, label_of, value_words
from web.workspace import visit, workspace


@dataclass(frozen=True, slots=True)
class Typed:
    """Something typed that could not be saved, in words."""

    label: str
    row: str
    value: str


def answer_stray(entry: Entry, posted: PostedForm) -> ResponseReturnValue:
    """What somebody is told who posts a form that is nowhere any more: nothing is saved, all is shown, and kept."""
    assert entry.stray is not None
    if entry.stray.fate is Fate.WITHDRAWN:
        keep(entry, posted)
        return back(entry, News(("gone",)))
    return _page(entry.version, entry.who, entry.spot.form, list(_typed(entry, posted.data)), kept=_keep(entry, posted))


def answer_stray_grid(version: Version, who: str, series: Series, fields: Fields) -> ResponseReturnValue:
    """The same of a grid whose records are nowhere: all that its page held is shown."""
    form, language = version.registry.model.forms[series.form], visit().language
    kinds, reader = version.pages.grid(series.form, language).kinds, version.readers[series.form]
    lines = []
    for key in (name.removesuffix(".__revision") for name in fields if name.endswith(".__revision")):
        data = reader.read(Fields(posted_cells(kinds, key, fields, {})), FormData()).data
        items = [(index_form(form).items[name], value) for name, value in data.items.items()]
        lines += [
            Typed(in_language(item.label, language), key.removeprefix("d"), value_words(item, value, language))
            for item, value in items
        ]
    return _page(version, who, series.form, lines, kept=False)


def answer_stray_grid_draft(registry: str, who: str) -> ResponseReturnValue:
    """The same for its script."""
    return jsonify(message=visit().words(f"stray_{Fate.NOWHERE}"), href=home_of(registry, who), kept=False), 409


def _page(version: Version, who: str, form: str, lines: list[Typed], *, kept: bool) -> ResponseReturnValue:
    title = form_words(version.registry.model, form, visit().language)
    home = home_of(version.name, who)
    return render("not_saved.html", status=409, title=title, who=who.upper(), lines=lines, kept=kept, home=home)


def answer_draft(entry: Entry, posted: PostedForm) -> ResponseReturnValue:
    """The same for a page's script: whether it is kept, and where one goes on."""
    assert entry.stray is not None
    one, fate = visit(), entry.stray.fate
    href = home_of(entry.version.name, entry.who) if fate is Fate.NOWHERE else address_of(entry)
    return jsonify(message=one.words(f"stray_{fate}"), href=href, kept=_keep(entry, posted)), 409


def _keep(entry: Entry, posted: PostedForm) -> bool:
    """Keep what was typed as a working copy, for when the place comes back; not in an event that is gone."""
    if entry.place.occurrence == NEW:
        return False
    database, page = workspace().database, posted.idempotency_key
    draft = draft_after(entry, posted)
    return keep_draft(database, entry.actor, entry.subject, entry.place, entry.form, draft, visit().now, page=page)


def _typed(entry: Entry, data: FormData) -> Iterator[Typed]:
    """All that differs from what the form held."""
    language, items, paths = visit().language, index_form(entry.form).items, paths_of(data)
    labels, before = dictionary_words(entry, language, data), dict(_values(entry.blank))
    for (row, name), value in _values(data):
        item = items.get(name)
        if item is not None and item.calculate is None and before.get((row, name)) != value:
            words = value_words(item, value, language, labels)
            yield Typed(label_of(entry.form, name, language), paths.texts.get(row, ""), words)


def _values(data: FormData) -> Iterator[tuple[Key, Entered]]:
    parts: list[tuple[str, FormData | RowData]] = [("", data), *((row.id, row) for *_, row in walk_rows(data))]
    for row, part in parts:
        yield from (((row, name), value) for name, value in part.items.items())


__all__ = ["answer_draft", "answer_stray", "answer_stray_grid", "answer_stray_grid_draft"]
