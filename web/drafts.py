"""Drafts: what was typed and not yet saved, as the JSON of a working copy and back; text that does not parse included."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from engine.datatypes.values import Entered, Unread
from engine.model.form import FormDef
from engine.model.item import ItemDef
from engine.records.form_data import FormData, RowData
from renderers.html.names import levels
from storage.access import Actor
from storage.attachments import Upload
from storage.changes import walk_rows
from storage.database import Database
from storage.form_data import Place
from storage.form_index import FormIndex, index_form
from storage.rights import hidden_items
from storage.slots import Cell, cell_of, unpack, value_of
from storage.working_copy import WorkingCopy, keep_working_copy, working_copy_of

_UNREAD = "unread"


@dataclass(frozen=True, slots=True)
class Draft:
    """Unsaved edits of one person in one form."""

    data: FormData
    revision: int  # of the form when the edits began
    acknowledged: Mapping[str, str] = field(default_factory=dict)
    clears: frozenset[str] = frozenset()  # names of the values that the person was told a save will delete
    rows: frozenset[str] = frozenset()  # the stored rows when the edits began
    saved_at: datetime | None = None
    reason: str = ""  # why what somebody reviewed or signed is changed


def keep_draft(  # noqa: PLR0913 -- as storage takes it
    database: Database, actor: Actor, subject: int, place: Place, form: FormDef, draft: Draft, at: datetime, *,
    uploads: Collection[Upload] = (), page: str = "",
) -> bool:  # fmt: skip
    """Keep a draft in place of the one before, with the files that are new in it. Raises TooManyFiles.

    What a `page` (its idempotency key) sent that was saved already is not kept.
    """
    index = index_form(form)
    content = {
        "data": _pack_part(index, draft.data),
        "acknowledged": dict(draft.acknowledged),
        "clears": sorted(draft.clears),
        "rows": sorted(draft.rows),
        "reason": draft.reason,
    }
    return keep_working_copy(
        database, actor, subject, place, content, revision=draft.revision, at=at, uploads=uploads, page=page
    )


def draft_of(database: Database, actor: Actor, subject: int, place: Place, form: FormDef, at: datetime) -> Draft | None:
    """The draft of a person in a form."""
    copy = working_copy_of(database, actor, subject, place, at=at)
    return draft_in(copy, form, actor)


def draft_in(copy: WorkingCopy | None, form: FormDef, actor: Actor) -> Draft | None:
    """What a working copy holds."""
    if copy is None:
        return None
    index = index_form(form)
    hidden = hidden_items(actor, index)  # the role may have changed since it was typed
    if hidden:
        index = replace(index, items={name: item for name, item in index.items.items() if name not in hidden})
    items, groups = _unpack_part(index, copy.content["data"])
    return Draft(
        data=FormData(items, groups),
        revision=copy.revision,
        acknowledged=copy.content["acknowledged"],
        clears=frozenset(copy.content["clears"]),
        rows=frozenset(copy.content["rows"]),
        saved_at=copy.saved_at,
        reason=copy.content.get("reason", ""),
    )


def row_ids(data: FormData) -> frozenset[str]:
    """The ids of all rows of a form."""
    return frozenset(row.id for _, _, _, row in walk_rows(data))


@dataclass(frozen=True, slots=True)
class Refused:
    """Something typed that is no value of its field: the field's name, in which rows it stands, and why."""

    name: str
    rows: tuple[str, ...]
    item: ItemDef
    why: Unread


def refused_in(form: FormDef, data: FormData) -> tuple[Refused, ...]:
    """All that was typed and is no value, in the order of the form."""
    return tuple(
        Refused(level.place.at + item.id, level.place.names, item, value)
        for level in levels(form, data)
        for item in level.part.items
        if isinstance(value := level.data.items.get(item.id), Unread)
    )


def _pack_part(index: FormIndex, part: FormData | RowData) -> dict[str, Any]:
    packed: dict[str, Any] = {"items": {name: _pack(index, name, value) for name, value in part.items.items()}}
    packed["groups"] = {
        group: [{"id": row.id, **_pack_part(index, row)} for row in rows] for group, rows in part.groups.items()
    }
    return packed


def _pack(index: FormIndex, name: str, value: Entered) -> list[Any] | Cell | None:
    if isinstance(value, Unread):
        return [_UNREAD, value.text, value.code, value.message, [list(pair) for pair in value.parts]]
    return cell_of(index.items[name], value) if name in index.items else None


def _unpack_part(
    index: FormIndex, packed: Mapping[str, Any]
) -> tuple[dict[str, Entered], dict[str, tuple[RowData, ...]]]:
    items: dict[str, Entered] = {}
    for name, content in packed["items"].items():
        value = _unpack(index, name, content)
        if value is not None:
            items[name] = value
    groups = {
        group: tuple(RowData(row["id"], *_unpack_part(index, row)) for row in rows)
        for group, rows in packed["groups"].items()
        if group in index.parents
    }
    return items, groups


def _unpack(index: FormIndex, name: str, content: list[Any] | None) -> Entered | None:
    if content is None or name not in index.items:
        return None
    if content[0] == _UNREAD:
        _, text, code, message, parts = content
        return Unread(text, code, message, tuple((key, value) for key, value in parts))
    cell = unpack(content)
    return value_of(index.items[name].datatype, cell) if cell is not None else None


__all__ = ["Draft", "Refused", "draft_in", "draft_of", "keep_draft", "refused_in", "row_ids"]
