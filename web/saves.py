"""Carries out what a form page asks for: save, complete, work on rows, change the language. One function a verb."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType

from flask import redirect, session
from flask.typing import ResponseReturnValue

from engine.model.form import walk_groups
from engine.model.text import in_language
from engine.records.form_data import FormData
from renderers.html import PostedForm
from renderers.html.names import path_of
from renderers.html.rows import Action, act, fill_rows, without_blank_rows
from storage.answers import answer_warnings
from storage.changes import paths_of, without
from storage.errors import (
    Closed,
    ConfirmClear,
    Conflict,
    KeyReused,
    KnownPerson,
    Locked,
    LockedOut,
    NotEntitled,
    NotUnique,
    ReasonNeeded,
    RowClash,
    UnknownFile,
    WrongDefinition,
)
from storage.limits import refuse_spent, spend
from storage.request import SaveRequest, SaveResult
from storage.saving import save_form
from storage.states import FINISHED
from storage.working_copy import drop_working_copy
from web.attachments import without_unknown
from web.conflicts import conflict_page, settle_quietly
from web.drafts import Draft, Refused, keep_draft, refused_in, row_ids
from web.entry import Entry, Fate, address_of
from web.form_page import given_answers
from web.news import News
from web.places import Spot, home_of
from web.posts import draft_after
from web.registries import LANGUAGES
from web.roles import Permission, allows
from web.rules import check_of_key, patient_form
from web.typed import HoldsPesel, own_words
from web.workspace import visit, workspace

Verb = Callable[[Entry, PostedForm], ResponseReturnValue]


def carry_out(entry: Entry, posted: PostedForm) -> ResponseReturnValue:
    """Do what the pressed button says."""
    return VERBS.get(posted.action.verb, stay)(entry, posted)


def stay(entry: Entry, posted: PostedForm) -> ResponseReturnValue:
    """Keep what was typed and show the page again, with the rows open that shall be."""
    keep(entry, posted)
    return back(entry, open=sorted(posted.open_rows), _anchor=posted.anchor or None)


def fill(entry: Entry, posted: PostedForm) -> ResponseReturnValue:
    """Make a row for each code that the key of a group is offered."""
    name, one = posted.action.target, visit()
    trial, opened = act(entry.form, posted.data, Action("add", name), frozenset())
    path = path_of(trial, next(iter(opened))) if opened else None
    group = next((each for each in walk_groups(entry.form) if each.id == name.rpartition(".")[2]), None)
    if path is None or group is None or not group.per_code or group.key is None:
        return stay(entry, posted)
    refused = entry.session(trial, one.now, one.language).withheld(str(path.at(group.key)))
    return stay(entry, replace(posted, data=fill_rows(entry.form, posted.data, name, refused)))


def switch_language(entry: Entry, posted: PostedForm) -> ResponseReturnValue:
    """The same page in the other language; what was typed stays as it was typed."""
    if posted.action.target in LANGUAGES:
        session["language"] = posted.action.target
    keep(entry, posted)
    return back(entry, open=sorted(posted.open_rows))


def save(entry: Entry, posted: PostedForm) -> ResponseReturnValue:
    """Save the form, or say what stands in the way; whatever happens, nothing typed is lost."""
    draft = draft_after(entry, posted)
    draft = replace(draft, data=without_blank_rows(entry.form, draft.data))
    complete = posted.action.verb == "complete"
    key = posted.idempotency_key or secrets.token_urlsafe(18)
    confirmed = confirmed_by(entry, posted)
    _refuse_guessing(entry, posted)
    try:
        result = save_draft(entry, draft, key=key, complete=complete, confirmed=confirmed)
        return saved(entry, draft, result, complete=complete, posted=posted)
    except KeyReused:  # the page was sent before, with other contents: what it asks for now is something new
        return save(entry, replace(posted, idempotency_key=""))
    except Conflict as conflict:
        if entry.form.repeats and not draft.revision:
            return _move(entry, draft)
        return _join(entry, draft, conflict, confirmed, key=key, complete=complete)
    except ConfirmClear:
        keep(entry, posted)
        return back(entry, News(("clears",)), open=sorted(posted.open_rows))
    except NotUnique as clash:
        keep(entry, posted)
        with workspace().database.write() as connection:
            spend(connection, "taken", entry.actor.account, visit().now)
        return back(entry, _taken(clash))
    except UnknownFile:  # the working copy was given up in another window meanwhile
        return save(entry, replace(posted, data=without_unknown(entry, posted.data, (), visit().now)))
    except REFUSALS as refused:
        keep(entry, posted)
        return back(entry, News((REFUSED[type(refused)],)), open=sorted(posted.open_rows))


def _refuse_guessing(entry: Entry, posted: PostedForm) -> None:
    """Whoever was told many times that a person is known already tries numbers. Raises LockedOut; what was typed is kept."""
    if entry.form.id != patient_form(entry.version.registry):
        return
    try:
        with workspace().database.read() as connection:
            refuse_spent(connection, "taken", entry.actor.account, visit().now)
    except LockedOut:
        keep(entry, posted)
        raise


def _taken(clash: NotUnique) -> News:
    """A key that another patient of the registry has, or a person of whatever registry."""
    if isinstance(clash, KnownPerson):
        return News(("known_person",))
    return News(("taken",), tuple(sorted({check_of_key(name) for name in clash.names})))


def _join(
    entry: Entry, draft: Draft, conflict: Conflict, confirmed: Callable[[FormData, datetime], frozenset[str]], *,
    key: str, complete: bool,
) -> ResponseReturnValue:  # fmt: skip
    """Save what does not clash; else both values are shown."""
    keep_draft(workspace().database, entry.actor, entry.subject, entry.place, entry.form, draft, visit().now)
    merged = settle_quietly(entry, draft, conflict)
    if merged is None:
        return conflict_page(entry, draft, conflict, complete=complete)
    return save_merged(entry, merged, confirmed, key=key, complete=complete, own=conflict.own)


def _move(entry: Entry, draft: Draft) -> ResponseReturnValue:
    """Somebody added a record in the same moment: this one becomes the next, and is not merged with another thing's."""
    one, database = visit(), workspace().database
    place = entry.place._replace(record=entry.record.count(entry.place.instance, entry.place.form))
    keep_draft(database, entry.actor, entry.subject, place, entry.form, replace(draft, revision=0), one.now)
    drop_working_copy(database, entry.actor, entry.place)
    spot = Spot(place.instance, place.form, place.record)
    return back(replace(entry, spot=spot, place=place), News(("moved",)))


def save_merged(
    entry: Entry, merged: Draft, confirmed: Callable[[FormData, datetime], frozenset[str]], *, key: str, complete: bool,
    own: bool,
) -> ResponseReturnValue:  # fmt: skip
    """Save one's own changes together with those that touch other fields: of others, or one's `own` in another tab."""
    try:
        result = save_draft(entry, merged, key=key or secrets.token_urlsafe(18), complete=complete, confirmed=confirmed)
    except NOT_YET as refused:
        keep_draft(workspace().database, entry.actor, entry.subject, entry.place, entry.form, merged, visit().now)
        return back(entry, News((REFUSED.get(type(refused), "changed"),)))
    return saved(entry, merged, result, complete=complete, said=("merged_own" if own else "merged",))


def save_draft(
    entry: Entry, draft: Draft, *, key: str, complete: bool, confirmed: Callable[[FormData, datetime], frozenset[str]]
) -> SaveResult:
    """Save what a draft holds."""
    one = visit()
    for text in (draft.reason, *draft.acknowledged.values()):
        own_words(text)
    request = SaveRequest(
        subject=entry.subject,
        place=entry.place,
        data=entry.own(draft.data),
        expected_revision=draft.revision,
        key=key,
        actor=entry.actor,
        at=one.now,
        language=one.language,
        complete=complete,
        reason=draft.reason,
        past_closing=allows(entry.actor.role, Permission.LOCK),
        confirm_clear=confirmed(draft.data, one.now),
        forget=True,
    )
    return save_form(workspace().database, entry.version.registry, request, entry.version.rules)


def saved(
    entry: Entry, draft: Draft, result: SaveResult, *, complete: bool, said: tuple[str, ...] = (),
    posted: PostedForm | None = None,
) -> ResponseReturnValue:  # fmt: skip
    """Where one goes after a save. What is missing is told to those who wanted to complete the form, and to nobody else."""
    unread, offered = settle(entry, draft, result, complete=complete, posted=posted)
    if complete and result.state in FINISHED:
        told = {"done": News(done=str(entry.spot)).leave()}
        if entry.stray is not None:
            told["said"] = News(("said_followed",), who=entry.stray.who).leave()
        return redirect(home_of(entry.version.name, entry.who, **told), 303)
    outcomes = {"partly": bool(unread), "offered": offered, "incomplete": complete, "saved": not said}
    outcome = next((key for key, true in outcomes.items() if true), None)
    rows = sorted({row for each in unread for row in each.rows})
    return back(entry, News((*said, *([outcome] if outcome else [])), summary=complete), open=rows)


def settle(
    entry: Entry, draft: Draft, result: SaveResult, *, complete: bool, posted: PostedForm | None = None
) -> tuple[tuple[Refused, ...], bool]:
    """After a save: answers to warnings are stored, the draft goes unless something could not be read or is offered.

    An offer stays a draft until somebody has seen it and saves again: nothing is saved unseen.

    Returns:
        What could not be read, and whether something is offered.
    """
    space, one = workspace(), visit()
    _store_answers(entry, draft, result)
    done = complete and result.state in FINISHED
    paths = paths_of(draft.data)
    data = without(draft.data, {paths.key(path) for path in result.cleared})
    left = data if done or posted is None else entry.with_offers(data, one.now, live=posted.live)
    unread, offered = refused_in(entry.form, data), left is not data
    if not result.replayed and (unread or offered):  # sent twice: the working copy is what the first left, or newer
        rest = replace(draft, data=left, revision=result.revision, rows=row_ids(left), clears=frozenset(), reason="")
        keep_draft(space.database, entry.actor, entry.subject, entry.place, entry.form, rest, one.now)
    return unread, offered


def keep(entry: Entry, posted: PostedForm) -> None:
    """Keep what was typed as the draft; the next page tells what a save will delete."""
    one = visit()
    posted = replace(posted, data=entry.with_offers(posted.data, one.now, live=posted.live))
    evaluation = entry.evaluate(posted.data, one.now, one.language)
    draft = draft_after(entry, posted, evaluation)
    keep_draft(workspace().database, entry.actor, entry.subject, entry.place, entry.form, draft, one.now)


def back(entry: Entry, news: News | None = None, **parts: str | list[str] | None) -> ResponseReturnValue:
    """To the form's page, so that a reload repeats nothing."""
    if entry.stray is not None and entry.stray.fate is Fate.FOLLOWED:
        news = news or News()
        news = replace(news, said=("followed", *news.said), who=entry.stray.who)
    told = {"said": news.leave()} if news else {}
    return redirect(address_of(entry, "forms.show", **told, **parts), 303)


def confirmed_by(entry: Entry, posted: PostedForm) -> Callable[[FormData, datetime], frozenset[str]]:
    """Which deletions the person agreed to: those that the page told, and no others."""
    told = entry.start().clears

    def confirmed(data: FormData, _at: datetime) -> frozenset[str]:
        if not posted.clear_confirmed:
            return frozenset()
        return frozenset(str(path) for name in told if (path := path_of(data, name)) is not None)

    return confirmed


def _store_answers(entry: Entry, draft: Draft, result: SaveResult) -> None:
    """Store the answers to the warnings of what was saved."""
    space, one = workspace(), visit()
    given = given_answers(draft.data, result.evaluation, draft.acknowledged)
    answer_warnings(space.database, entry.actor, entry.subject, result.form, given, at=one.now)


def taken_words(entry: Entry, checks: Sequence[str], language: str) -> str:
    """What the checks say whose key is taken."""
    known = {check.id: check for check in entry.form.checks}
    return " ".join(in_language(known[name].message, language) for name in checks if name in known)


REFUSED: Mapping[type[Exception], str] = MappingProxyType(
    {
        ReasonNeeded: "reason_needed",
        HoldsPesel: "holds_pesel",
        Locked: "locked",
        Closed: "closed",
        NotEntitled: "row_of_others",  # a row was taken away that holds answers of others
        RowClash: "changed",
        WrongDefinition: "changed",
    }
)  # what is said where the save has to wait
REFUSALS = tuple(REFUSED)
NOT_YET: tuple[type[Exception], ...] = (Conflict, ConfirmClear, KeyReused, NotUnique, UnknownFile, *REFUSALS)
VERBS: Mapping[str, Verb] = MappingProxyType(
    {"save": save, "complete": save, "fill": fill, "language": switch_language}
)

__all__ = [
    "REFUSALS", "REFUSED", "back", "carry_out", "confirmed_by", "keep", "save_draft", "save_merged", "saved", "settle", "taken_words",
]  # fmt: skip
