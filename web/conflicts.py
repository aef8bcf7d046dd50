"""Two people changed the same form: what each wrote, side by side; nothing is overwritten unseen."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace

from flask import Response

from engine.datatypes.values import Entered
from engine.model.item import ItemDef
from engine.model.text import in_language
from engine.records.form_data import FormData, RowData
from renderers.html import Link
from storage.changes import Paths, paths_of, with_values
from storage.errors import ClashingValue, Conflict
from storage.form_index import index_form
from storage.slots import Key
from web.drafts import Draft, row_ids
from web.entry import Entry, address_of
from web.form_page import band_of, crumbs_of, dictionary_words
from web.pages import render
from web.targets import words_of
from web.titles import form_words, value_words
from web.workspace import visit

MINE, THEIRS = "mine", "theirs"
Choices = Mapping[str, str]  # name of the field -> 'mine' or 'theirs'


@dataclass(frozen=True, slots=True)
class Clash:
    """A field that both changed, as the page shows it."""

    name: str
    label: str
    row: str
    mine: str
    theirs: str


def settle_quietly(entry: Entry, draft: Draft, conflict: Conflict) -> Draft | None:
    """The draft with the changes of others, where both changed different fields; None where somebody must choose."""
    if any(_both_changed(value) for value in conflict.values):
        return None
    return merge(entry, draft, conflict, {})


def conflict_page(entry: Entry, draft: Draft, conflict: Conflict, *, complete: bool) -> Response:
    """Both values of each field, to choose from."""
    one = visit()
    model = entry.version.registry.model
    labels: dict[str, str] = {}
    for data in (draft.data, entry.stored.data if entry.stored else FormData()):
        labels |= words_of(entry.session(data, one.now, one.language), one.language)
        labels |= dictionary_words(entry, one.language, data)
    clashes = [_clash(entry, draft, value, one.language, labels) for value in conflict.values if _both_changed(value)]
    title = form_words(model, entry.spot.form, one.language)
    return render(
        "conflict.html",
        status=409,
        crumbs=(*crumbs_of(entry, one), Link(title, address_of(entry))),
        band=band_of(entry, one),
        clashes=[clash for clash in clashes if clash is not None],
        who=conflict.who,
        own=conflict.own,
        time=one.tongue.moment(conflict.at, one.now) if conflict.at else "",
        opened=draft.revision,
        revision=conflict.revision,
        key=secrets.token_urlsafe(18),
        verb="complete" if complete else "save",
        action=address_of(entry, "forms.resolve"),
        form_href=address_of(entry),
    )


def merge(entry: Entry, draft: Draft, conflict: Conflict, choices: Choices) -> Draft:
    """One's own values on top of what is stored now; what others alone changed is theirs."""
    stored = entry.stored.data if entry.stored else FormData()
    theirs: dict[Key, Entered | None] = {}
    touched: set[str] = set()
    for value in conflict.values:
        key = key_of(entry, draft, value.path)
        if key is None:
            continue
        touched.add(key[0])
        if choices.get(name_of(key), MINE if _both_changed(value) else THEIRS) == THEIRS:
            theirs[key] = value.stored
    data = with_values(_with_rows(draft, stored, touched), theirs)
    return replace(draft, data=data, revision=conflict.revision, rows=row_ids(stored))


def key_of(entry: Entry, draft: Draft, path: str) -> Key | None:
    """Row id and item of a clashing value; None when its row is gone for both."""
    for data in (draft.data, entry.stored.data if entry.stored else FormData()):
        paths: Paths = paths_of(data)
        row = path.rpartition(".")[0]
        if row in paths.ids:
            return paths.ids[row], path.rpartition(".")[2]
    return None


def name_of(key: Key) -> str:
    """What the page calls a field of a conflict."""
    return f"{key[0]}.{key[1]}"


def _both_changed(value: ClashingValue) -> bool:
    return value.submitted != value.opened


def _clash(entry: Entry, draft: Draft, value: ClashingValue, language: str, labels: Mapping[str, str]) -> Clash | None:
    key = key_of(entry, draft, value.path)
    item: ItemDef | None = index_form(entry.form).items.get(key[1]) if key else None
    if key is None or item is None:
        return None
    row = value.path.rpartition(".")[0]
    return Clash(
        name_of(key),
        in_language(item.label, language) or item.id,
        row,
        value_words(item, value.submitted, language, labels),
        value_words(item, value.stored, language, labels),
    )


def _with_rows(draft: Draft, stored: FormData, touched: set[str]) -> FormData:
    """One's own rows, without those that others removed, and with those that others added or changed meanwhile."""
    there = row_ids(stored)
    mine = row_ids(draft.data)
    gone = {row for row in draft.rows if row not in there}
    new = {row for row in there if row not in mine and (row not in draft.rows or row in touched)}

    def groups(
        own: Mapping[str, tuple[RowData, ...]], other: Mapping[str, tuple[RowData, ...]]
    ) -> dict[str, tuple[RowData, ...]]:
        found = {}
        for name in {**own, **other}:
            rows = {row.id: row for row in other.get(name, ())}
            kept = [
                replace(row, groups=groups(row.groups, rows[row.id].groups if row.id in rows else {}))
                for row in own.get(name, ())
                if row.id not in gone
            ]
            found[name] = (*kept, *(row for row in other.get(name, ()) if row.id in new))
        return found

    return FormData(draft.data.items, groups(draft.data.groups, stored.groups))


__all__ = ["MINE", "THEIRS", "Clash", "conflict_page", "merge", "name_of", "settle_quietly"]
