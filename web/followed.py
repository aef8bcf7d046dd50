"""Forms that are not where they were when somebody opened their page: merged or moved meanwhile, or withdrawn.

What such a page sends is meant for where the form is now, as if it had been opened there.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from flask import request

from engine.compiler.compiled import CompiledRegistry
from engine.records.form_data import FormData
from storage.access import Actor
from storage.around import around_form
from storage.errors import NotFound, NotVisible
from storage.form_data import FormRecord, SubjectRecord, load_subject
from storage.history import form_then
from storage.subjects import find_pseudonym, pseudonym_of
from storage.whereabouts import Sought, Whereabouts, whereabouts
from web.discretion import unseen_by
from web.drafts import draft_in
from web.entry import Entry, Fate, Stray, open_entry, settle_place, subject_named
from web.places import Spot, imagined, parse_spot, spot_of
from web.series import OpenSeries, open_series, parse_series
from web.workspace import Workspace, workspace


def open_settled(space: Workspace, actor: Actor, who: str, spot_text: str, at: datetime) -> Entry:
    """The form that a page posts to: where it is now, with a place to write to, where there is one.

    Raises NotFound and NotVisible, which look the same from outside.
    """
    entry = _open_posted(space, actor, who, spot_text, at)
    if entry.stray is not None and entry.stray.fate is Fate.NOWHERE:
        return entry
    return replace(settle_place(space.database, entry, at), stray=entry.stray)


def open_where_now(space: Workspace, actor: Actor, who: str, spot_text: str, at: datetime) -> Entry:
    """A form that stands elsewhere now than an address says. Raises NotFound and NotVisible."""
    entry = _open_posted(space, actor, who, spot_text, at)
    if entry.stray is None or entry.stray.fate is not Fate.FOLLOWED:
        raise NotFound("form", spot_text)
    return entry


def _open_posted(space: Workspace, actor: Actor, who: str, spot_text: str, at: datetime) -> Entry:
    """The same, of an event that may not be there yet."""
    try:
        entry = open_entry(space, actor, who, spot_text, at, shown=False)
    except NotFound:
        entry = None
    if entry is not None and (entry.stored is not None or request.form.get("__revision", "0") in ("", "0")):
        return entry
    spot = parse_spot(spot_text)
    if spot is None:
        raise NotFound("place", spot_text)
    subject, name = _subject(space, actor, who, at), who.upper()
    sought = Sought(spot.instance, spot.form, spot.record, spot.event, spot.number)
    found = whereabouts(space.database, actor, subject, sought, at=at)
    there = _open_there(space, actor, found, spot, at)
    if there is not None:
        return replace(there, stray=_stray(who, found))
    if entry is None:
        return _nowhere(space, actor, name, subject, spot, found.left, at)
    if found.left is None:
        return entry
    return replace(entry, blank=_data(entry, found.left, at), stray=Stray(Fate.WITHDRAWN, name, found.left.revision))


def _subject(space: Workspace, actor: Actor, who: str, at: datetime) -> int:
    """Also one that is withdrawn."""
    try:
        return subject_named(space.database, actor, who, at)
    except NotFound:
        return find_pseudonym(space.database, actor, who[:40], at=at, withdrawn=True)


def _open_there(space: Workspace, actor: Actor, found: Whereabouts, spot: Spot, at: datetime) -> Entry | None:
    if found.subject is None:
        return None
    registry = space.registries.current[actor.registry].registry
    try:
        record = load_subject(space.database, registry, actor, found.subject, at)
        who = pseudonym_of(space.database, actor, found.subject, at=at)
        new = replace(spot, instance=found.instance, record=_next(record, registry, found.instance, spot))
        there = spot_of(record, found.place) if found.place is not None else new
        return open_entry(space, actor, who, str(there), at)
    except (NotFound, NotVisible):
        return None


def _next(record: SubjectRecord, registry: CompiledRegistry, instance: int, spot: Spot) -> int:
    """A record of a repeating form that was not saved yet follows those that are there."""
    form = registry.model.forms.get(spot.form)
    return record.count(instance, spot.form) if form is not None and form.repeats else 0


def _nowhere(
    space: Workspace, actor: Actor, who: str, subject: int, spot: Spot, left: FormRecord | None, at: datetime
) -> Entry:
    """A form of which no place is left, to read against what it was; nothing can be saved in it."""
    version = space.registries.current[actor.registry]
    if left is not None and spot.form not in version.rules.shared_forms:
        version = space.registries.of(left.definition)
    form = version.registry.model.forms.get(spot.form)
    if form is None:
        raise NotFound("form", spot.form)
    record, place = imagined(load_subject(space.database, version.registry, actor, subject, at), spot)
    unseen = unseen_by(version.registry, actor)
    around = around_form(space.database, actor, subject, place, None, at=at, unseen=unseen)
    stray = Stray(Fate.NOWHERE, who, left.revision if left is not None else 0)
    draft = draft_in(around.copy, form, actor)
    entry = Entry(version, actor, who, subject, spot, record, place, None, draft, around, stray=stray)
    return replace(entry, blank=_data(entry, left, at)) if left is not None else entry


def _data(entry: Entry, left: FormRecord, at: datetime) -> FormData:
    """What the form held when it was withdrawn."""
    database, registry = workspace().database, entry.version.registry
    then = form_then(database, registry, entry.actor, entry.record, left, at, at=at)
    return then.data if then is not None else FormData()


def open_posted_series(
    space: Workspace, actor: Actor, who: str, text: str, first: int, at: datetime
) -> OpenSeries | None:
    """The records of a grid to which a page posts: where they are now; None where there is no place for them any more.

    Raises as `open_settled` does.
    """
    series = parse_series(text)
    try:
        return open_series(space, actor, who, text, first, at)
    except NotFound:
        if series is None:
            raise
    subject = _subject(space, actor, who, at)

    def found(number: int) -> Whereabouts:
        spot = series.spot(number)
        sought = Sought(spot.instance, spot.form, spot.record, spot.event, spot.number)
        return whereabouts(space.database, actor, subject, sought, at=at)

    there = found(1)
    if there.subject is None:
        return None
    name, here = pseudonym_of(space.database, actor, there.subject, at=at), replace(series, instance=there.instance)
    grid = open_series(space, actor, name, str(here), first, at)
    sheets = [replace(each, entry=replace(each.entry, stray=_stray(who, found(each.number)))) for each in grid.sheets]
    return replace(grid, sheets=tuple(sheets))


def _stray(who: str, found: Whereabouts) -> Stray:
    return Stray(Fate.FOLLOWED, who.upper(), found.left.revision if found.left is not None else 0, found.arrived)


__all__ = ["open_posted_series", "open_settled", "open_where_now"]
