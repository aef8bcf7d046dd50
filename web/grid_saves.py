"""Saves the records of a grid, each as its own page would: what stands in the way of one does not hold up the others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from renderers.html import Fields, PostedForm
from renderers.html.cells import CellKind
from renderers.html.grid import posted_cells
from storage.errors import Closed, ConfirmClear, Conflict, KeyReused, Locked, NotUnique, ReasonNeeded, WrongDefinition
from storage.form_data import Place
from storage.states import FINISHED
from storage.working_copy import drop_working_copy
from web.conflicts import settle_quietly
from web.drafts import keep_draft
from web.entry import settle_place
from web.posts import draft_after
from web.saves import confirmed_by, keep, save_draft, settle
from web.series import OpenSeries, Sheet
from web.workspace import visit, workspace


@dataclass(frozen=True, slots=True)
class PostedSheet:
    """A record of the grid with what was posted for it."""

    sheet: Sheet
    posted: PostedForm

    @property
    def changed(self) -> bool:
        """Whether the post says anything else than what is known."""
        start = self.sheet.entry.start()
        answered = dict(self.posted.acknowledged).items() - dict(start.acknowledged).items()
        return self.posted.data != start.data or bool(answered)

    @property
    def is_empty(self) -> bool:
        """Whether the record was never saved, and nothing is entered in it."""
        return self.sheet.entry.stored is None and not self.posted.data.items

    @property
    def is_gone(self) -> bool:
        """Whether the record was withdrawn since the page was made: it is not entered anew unseen."""
        entry = self.sheet.entry
        return entry.stored is None and entry.stray is None and self.posted.revision not in ("", "0")


def read_sheets(grid: OpenSeries, kinds: Mapping[str, CellKind], fields: Fields) -> Iterator[PostedSheet]:
    """The records that the page held with inputs."""
    reader, page = grid.version.readers[grid.series.form], fields.last("__key")
    for sheet in grid.sheets:
        if f"{sheet.key}.__revision" not in fields or not sheet.current:
            continue
        base = sheet.entry.start().data
        pairs = [*posted_cells(kinds, sheet.key, fields, base.items), ("__live", fields.last("__live"))]
        pairs += [("__key", f"{page}.{sheet.key}"), ("__do", fields.last("__do"))]
        yield PostedSheet(sheet, reader.read(Fields(pairs), base))


def keep_sheet(one: PostedSheet) -> bool:
    """Keep what was typed as the working copy of the record's own page. False for what was saved already."""
    database, now = workspace().database, visit().now
    entry = settle_place(database, one.sheet.entry, now)
    draft, page = draft_after(entry, one.posted), one.posted.idempotency_key
    return keep_draft(database, entry.actor, entry.subject, entry.place, entry.form, draft, now, page=page)


def save_sheets(grid: OpenSeries, sheets: Iterable[PostedSheet], *, complete: bool) -> dict[int, str]:
    """Save all that was changed; gives what came of each record, by number.

    Records that repeat follow one another: who left some of those out that may be begun has begun the first ones.
    """
    place = Place(grid.series.instance, grid.series.form)
    held, found = grid.record.count(place.instance, place.form), {}
    for one in sheets:
        entry = one.sheet.entry
        if not (one.changed or entry.draft is not None or (complete and entry.stored is not None)):
            continue
        if one.is_gone:
            keep(settle_place(workspace().database, entry, visit().now), one.posted)
            found[one.sheet.number] = "changed"
        elif entry.stored is None and not grid.series.event and not one.is_empty:
            found[one.sheet.number] = _save(_moved(one, held), complete=complete)
            held += 1
        else:
            found[one.sheet.number] = _save(one, complete=complete)
    return found


def _moved(one: PostedSheet, record: int) -> PostedSheet:
    """The same as another record."""
    entry, spot = one.sheet.entry, replace(one.sheet.entry.spot, record=record)
    if spot == entry.spot:
        return one
    drop_working_copy(workspace().database, entry.actor, entry.place)
    moved = replace(entry, spot=spot, place=entry.place._replace(record=record))
    return replace(one, sheet=replace(one.sheet, entry=moved))


def _save(one: PostedSheet, *, complete: bool) -> str:
    """Save one record; gives what came of it: 'saved', 'complete', 'partly', or why it was not saved.

    Whatever happens, nothing typed is lost: it stays the working copy.
    """
    posted, database = one.posted, workspace().database
    if one.is_empty:
        drop_working_copy(database, one.sheet.entry.actor, one.sheet.entry.place)
        return "saved"
    entry = settle_place(database, one.sheet.entry, visit().now)
    draft, confirmed = draft_after(entry, posted), confirmed_by(entry, posted)
    try:
        result = save_draft(entry, draft, key=posted.idempotency_key, complete=complete, confirmed=confirmed)
    except KeyReused:  # the page was sent before, with other contents
        now = replace(posted, idempotency_key=f"{posted.idempotency_key}.{draft.revision}.{visit().now.timestamp()}")
        return _save(replace(one, posted=now), complete=complete)
    except Conflict as conflict:
        keep_draft(database, entry.actor, entry.subject, entry.place, entry.form, draft, visit().now)
        merged = settle_quietly(entry, draft, conflict)
        if merged is None:
            return "stale"
        try:
            key = f"{posted.idempotency_key}.{conflict.revision}"
            result = save_draft(entry, merged, key=key, complete=complete, confirmed=confirmed)
        except (Closed, Conflict, ConfirmClear, KeyReused, Locked, NotUnique, ReasonNeeded, WrongDefinition):
            return "stale"
        draft = merged
    except ConfirmClear:
        keep(entry, posted)
        return "clears"
    except NotUnique:
        keep(entry, posted)
        return "taken"
    except (Closed, Locked, ReasonNeeded, WrongDefinition):  # its own page says why, or asks for the reason
        keep(entry, posted)
        return "changed"
    unread, _ = settle(entry, draft, result, complete=complete, posted=posted)
    return "partly" if unread else "complete" if result.state in FINISHED else "saved"


__all__ = ["PostedSheet", "keep_sheet", "read_sheets", "save_sheets"]
