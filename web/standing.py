"""What a form's page says of its state: who reviewed and signed it, whether that still agrees, and how to go on."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from flask import request, url_for
from markupsafe import Markup

from renderers.html import Notice
from renderers.html.posted_data import MAX_REASON
from storage.closing import WHOLE, closed_year
from storage.signatures import Signature, Verdict
from storage.states import MARKED, Action, State
from web.entry import Entry, address_of
from web.places import site_named
from web.roles import Permission, allows
from web.workspace import Visit, visit

STEPS = (Permission.REVIEW, Permission.SIGN, Permission.LOCK)  # what may be done to a complete form


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether the form may be edited now, and what the page says on top."""

    may_edit: bool
    notices: tuple[Notice, ...] = ()


def standing_of(entry: Entry) -> tuple[Entry, Standing]:
    """The form as its page shows it, and how it stands: what is locked is shown as it is stored."""
    one, state = visit(), entry.stored.state if entry.stored is not None else ""
    may_enter, year = allows(entry.actor.role, Permission.ENTER), closed_of(entry, one)
    past = bool(year) and allows(entry.actor.role, Permission.LOCK)
    locked = state == State.LOCKED
    shut = locked or (year is not None and not past)
    asks = not shut and may_enter and (past or state in MARKED)
    wanted = asks and (entry.draft is not None or "change" in request.args)
    way = Markup(" {}").format(_change(entry, one)) if asks and not wanted else Markup("")
    notices = [Notice(Markup("{}{}").format(closed_words(year, one), way))] if year is not None else []
    notices += said_of(entry, one, way if year is None else Markup(""))
    if shut and entry.draft is not None:
        time = one.tongue.moment(entry.draft.saved_at or one.now, one.now)
        said = one.words("locked_copy", time=time) if locked else _copy_words(entry, one, time)
        notices.append(Notice(said, "warn"))
    if wanted:
        notices.append(Notice(_reason_field(entry, one), "warn"))
    stored = locked or (shut and entry.stored is not None and "stored" in request.args)
    shown = replace(entry, draft=None) if stored else entry  # what was typed in a closed year is there to be read
    return shown, Standing(may_enter and not shut and (wanted or not asks), tuple(notices))


def closed_of(entry: Entry, one: Visit) -> int | None:
    """The closed year to which the form belongs, WHOLE where the registry is frozen; none where it is open."""
    closed, version, record = entry.around.told.closed, entry.version, entry.record
    if not closed or WHOLE in closed:
        return WHOLE if closed else None
    planned = version.rules.schedule(version.registry, record.tree, one.now, record.beside)
    return closed_year(version.registry.model, record, entry.place, planned, closed)


def closed_words(year: int, one: Visit) -> str:
    """That a year is closed, or with WHOLE that the registry is frozen."""
    return one.words("closed_year", year=year) if year else one.words("closed_whole")


def _copy_words(entry: Entry, one: Visit, time: str) -> Markup:
    """That the page shows what was typed before the year was closed, and the way to what is stored, or back."""
    there = "stored" in request.args
    href = address_of(entry, stored=None if there else "1")
    way = Markup(' <a href="{}">{}</a>').format(href, one.words("closed_copy_back" if there else "closed_copy_stored"))
    words = one.words("closed_copy", time=time)
    return Markup("{}{}").format(words, way if entry.stored is not None else Markup(""))


def _gone(entry: Entry, one: Visit) -> Markup:
    """That an earlier form of this place is withdrawn, and where it is."""
    href = url_for("patient_states.show", registry=entry.version.name, who=entry.who)
    return Markup('{} <a href="{}">{}</a>').format(one.words("withdrawn_here"), href, one.words("states_page"))


def said_of(entry: Entry, one: Visit, change: Markup) -> Iterator[Notice]:
    """The state in words, with the ways on; `change` is the one to change what was reviewed or signed."""
    stored, role = entry.stored, entry.actor.role
    if stored is None and entry.place in entry.record.gone and site_named(entry.who) is None:
        yield Notice(_gone(entry, one))
    if stored is None or stored.state == State.IN_PROGRESS:
        return
    if stored.state == State.COMPLETE:
        if any(allows(role, step) for step in STEPS):
            yield Notice(Markup("{} {}").format(one.words("state_waits"), _way(entry, one)))
        return
    said = entry.around.told.signatures
    told = [words for mark in said.all if mark.stands for words in mark_words(mark, one)]
    if stored.state == State.LOCKED:
        told.append(one.words("state_is_locked"))
    yield Notice(Markup("{} {}{}").format(" ".join(told), _way(entry, one), change))
    signed = said.standing(Action.SIGN)
    if signed is not None and signed.verdict(stored) is not Verdict.AGREES:
        yield Notice(one.words(f"verdict_{signed.verdict(stored)}"), "warn")
    if said.differences:
        yield Notice(one.tongue.words.count("differences", len(said.differences)), "warn")


def mark_words(mark: Signature, one: Visit) -> Iterator[str]:
    """Who reviewed or signed it and when; of a signature also what it means."""
    yield one.words(f"mark_{mark.action}", who=mark.who, time=one.tongue.moment(mark.at, one.now))
    if mark.meaning:
        yield one.words(f"meaning_{mark.meaning}")


def state_address(entry: Entry) -> str:
    """Of the page of the form's state."""
    return address_of(entry, "form_states.show")


def _way(entry: Entry, one: Visit) -> Markup:
    return Markup('<a href="{}">{}</a>').format(state_address(entry), one.words("state_page"))


def _change(entry: Entry, one: Visit) -> Markup:
    """The way to change it all the same."""
    href = address_of(entry, change="1")
    return Markup('<a class="btn" href="{}">{}</a>').format(href, one.words("state_change"))


def _reason_field(entry: Entry, one: Visit) -> Markup:
    """Why it is changed, asked beside what a change does."""
    state = entry.stored.state if entry.stored is not None else ""
    reason = entry.draft.reason if entry.draft is not None else ""
    back = url_for("forms.show", registry=entry.version.name, who=entry.who, spot=str(entry.spot))
    leave = (
        Markup("") if entry.draft is not None else Markup(' <a href="{}">{}</a>').format(back, one.words("state_leave"))
    )
    return Markup(
        '{}{}<br><label for="reason">{}</label><br>'
        '<input class="in" id="reason" name="__reason" maxlength="{}" value="{}" required aria-describedby="reason-h"> '
        '<span class="hint" id="reason-h">{}</span>'
    ).format(
        one.words(f"change_{state}" if state in MARKED else "change_closed"), leave, one.words("change_reason"), MAX_REASON, reason,
        one.words("change_hint", most=MAX_REASON),
    )  # fmt: skip


__all__ = ["STEPS", "Standing", "closed_of", "closed_words", "mark_words", "standing_of", "state_address"]
