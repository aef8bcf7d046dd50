"""The page of a form's state: what was said about it, what stands in the way of a signature, and what can be done."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from flask import Response
from flask_wtf.csrf import generate_csrf
from markupsafe import Markup

from engine.datatypes import DATATYPES
from engine.model.form import CheckSeverity, walk_items
from engine.model.text import in_language
from engine.records.evaluation import Evaluation, Violation
from engine.records.path import parse_path
from renderers.html import Link, acknowledgement
from renderers.html.names import holders, name_of
from renderers.html.posted_data import MAX_REASON
from storage.access import Actor
from storage.changes import paths_of, walk_rows
from storage.closing import WHOLE
from storage.saved_form import focus_of
from storage.signatures import Difference, Meaning, Signature, Signatures, Verdict
from storage.slots import Cell, value_of
from storage.states import Action, Need, State, Transition, actions_in
from web.discretion import discreet, veiled_keys
from web.entry import Entry, address_of
from web.form_page import band_of, crumbs_of, link_to, warnings_of
from web.news import News
from web.pages import render
from web.places import site_named
from web.registries import Version
from web.roles import Permission, allows
from web.standing import closed_of, closed_words, mark_words
from web.titles import STATES, form_words, outcome_words, value_words
from web.training.people import PASSWORD
from web.workspace import Visit, visit, workspace


@dataclass(frozen=True, slots=True)
class Mark:
    """A review or a signature, in words."""

    words: str
    version: str
    verdict: str  # 'agrees', 'values', 'record'
    ended: str  # who took it back, when and why


@dataclass(frozen=True, slots=True)
class Obstacle:
    """What rules say at signing: an error stands in the way, a warning asks to be confirmed or for a reason."""

    words: str
    link: Link
    error: bool
    answer: Markup | None = None  # the field for it
    unmet: bool = False  # the signature waits for it


@dataclass(frozen=True, slots=True)
class Posted:
    """What somebody who signs has posted: it is on the page again when that was not enough."""

    meaning: str = ""
    answers: Mapping[str, str] = field(default_factory=dict)  # as renderers.html.PostedForm.acknowledged
    refused: bool = False  # reasons are missing
    time: str = ""  # told with what went wrong

    def leave(self, said: str = "", *, wrong: str = "", time: str = "") -> str:
        """Leave it for the next page, without the password: Back is then a page, and no post that browsers show no more."""
        return News((said,) if said else (), wrong=wrong, rest=((self.meaning, time), *self.answers.items())).leave()

    @classmethod
    def told(cls, news: News) -> Posted:
        """What was left for this page."""
        if not news.rest:
            return cls()
        (meaning, time), *answers = news.rest
        return cls(meaning, dict(answers), news.wrong == "sign_reasons", time)


@dataclass(frozen=True, slots=True)
class Then:
    """A calculated value as it was when the form was signed, and as it is now."""

    label: str
    then: str
    now: str


def state_page(entry: Entry, news: News) -> Response:
    """The page, with what the one before left for it."""
    one, stored, posted = visit(), entry.stored, Posted.told(news)
    assert stored is not None
    said = entry.around.told.signatures
    title = form_words(entry.version.registry.model, entry.spot.form, one.language)
    steps = [row for row in actions_in(stored.state) if allows(entry.actor.role, Permission(row.permission))]
    asked = entry.around.told.requests
    waiting = [each for each in asked if each.decided_at is None]
    told = obstacles_of(entry, posted) if any(row.action is Action.SIGN for row in steps) else ()
    reasoned, closed = [row for row in steps if _reasoned(row)], closed_of(entry, one)
    withdraws = _may_withdraw(entry) and closed != WHOLE
    rows = _rows(entry, one) if withdraws else None
    locked, may_lock = stored.state == State.LOCKED, allows(entry.actor.role, Permission.LOCK)
    asks = locked and not may_lock and allows(entry.actor.role, Permission.ENTER)
    fields = {
        **{row.action.value: True for row in reasoned},
        "refuse": locked and may_lock and waiting, "ask": asks and not waiting, "withdraw": rows is not None,
    }  # fmt: skip
    return render(
        "form_state.html", title=title, band=band_of(entry, one), state=STATES[stored.state],
        crumbs=(*crumbs_of(entry, one), Link(title, address_of(entry))), form_href=address_of(entry),
        closed=closed_words(closed, one) if closed is not None else "",
        marks=[_mark(entry, each, one) for each in said.all], differences=list(_different(entry, said, one)),
        steps=[row for row in steps if row.action is not Action.SIGN], reasoned=reasoned,
        sign=any(row.action is Action.SIGN for row in steps), obstacles=[each for each in told if each.error], advice=[each for each in told if not each.error],
        meanings=[*Meaning], chosen=posted.meaning, asked=asked, waiting=waiting, asks=asks, refuses=fields["refuse"],
        unsent="" if fields.get(news.part) else news.typed,  # nothing on the page asks for it any more
        address=lambda what: address_of(entry, f"form_states.{what}"), revision=stored.revision, token=generate_csrf(),
        news=news, wrong=one.words(news.wrong, time=posted.time) if news.wrong in _WORDED else "", most=MAX_REASON,
        rows=rows, move_href=address_of(entry, "moving.show") if withdraws and site_named(entry.who) is None else "",
        training_word=PASSWORD if workspace().settings.training else "",
        moment=lambda at: one.tongue.moment(at, one.now), copy=entry.draft is not None,
    )  # fmt: skip


_ERROR = CheckSeverity.ERROR
_WORDED = frozenset({"sign_meaning", "sign_password", "locked_out"})  # what is wrong with the answers to a signature


def _may_withdraw(entry: Entry) -> bool:
    """A form that other registries do not share, and that is not locked."""
    shared = entry.spot.form in entry.version.rules.shared_forms
    locked = entry.stored is not None and entry.stored.state == State.LOCKED
    return allows(entry.actor.role, Permission.VOID) and not (shared or locked)


def _rows(entry: Entry, one: Visit) -> list[tuple[str, str]]:
    """The rows of the form that may be withdrawn by themselves: id and title."""
    assert entry.stored is not None
    data = entry.stored.data
    session, paths = entry.session(data, one.now, one.language), paths_of(data)
    return [(row.id, session.title_of(paths.texts[row.id])) for _, _, _, row in walk_rows(data)]


def _reasoned(row: Transition) -> bool:
    return Need.REASON in row.needs


def _mark(entry: Entry, mark: Signature, one: Visit) -> Mark:
    assert entry.stored is not None
    ended = ""
    if mark.ended_at is not None:
        time = one.tongue.moment(mark.ended_at, one.now)
        ended = one.words("mark_ended", who=mark.ended_by, time=time, reason=mark.ended_why)
    verdict = mark.verdict(entry.stored) if mark.stands or not mark.noted else Verdict.AGREES
    return Mark(" ".join(mark_words(mark, one)), mark.version, str(verdict), ended)


def at_signing(entry: Entry) -> Evaluation:
    """What rules say at signing, as far as whoever signs may hear of it."""
    one, version, record = visit(), entry.version, entry.record
    said = version.rules.evaluate(
        version.registry, record.tree, focus_of(entry.place), as_of=one.now, at="signing", language=one.language,
        others=record.beside,
    )  # fmt: skip
    return told_at_signing(version, entry.spot.form, entry.actor)(said)


def told_at_signing(version: Version, form: str, actor: Actor) -> Callable[[Evaluation], Evaluation]:
    """Leaves of what rules say of a form that which may be told to whoever signs."""
    return partial(discreet, version.registry, form, veiled=veiled_keys(version.registry, actor))


def obstacles_of(entry: Entry, posted: Posted) -> tuple[Obstacle, ...]:
    """The errors at signing, and the warnings that nobody answered; each with the way to where it is put right."""
    one, stored, form = visit(), entry.stored, entry.spot.form
    assert stored is not None
    said = at_signing(entry)
    found = [Obstacle(v.message, _where(entry, v, one), True) for v in said.violations if v.severity is _ERROR]
    for name, warning, key in warnings_of(stored.data, said):
        if key not in entry.around.told.answers:
            given = posted.answers.get(acknowledgement(name, warning))
            unmet = warning.severity is CheckSeverity.WARNING_REASON and not warning.is_met_by(given)
            answer = entry.version.pages.answer(
                form, one.language, name, warning, given, refused=posted.refused and unmet
            )  # fmt: skip
            found.append(Obstacle(warning.message, _where(entry, warning, one), False, answer, unmet))
    return tuple(found)


def _where(entry: Entry, each: Violation, one: Visit) -> Link:
    assert entry.stored is not None
    if each.home is not None:
        return link_to(entry, each.home)
    name = name_of(entry.stored.data, parse_path(each.place)) or "" if each.place else ""
    href = address_of(entry, open=sorted(holders(name)), change="1", _anchor=name or None)
    item = (
        next((item for item in walk_items(entry.form) if item.id == parse_path(each.item).item), None)
        if each.item
        else None
    )
    return Link(in_language(item.label, one.language) if item is not None else one.words("state_form"), href)


def _different(entry: Entry, said: Signatures, one: Visit) -> Iterator[Then]:
    """The calculated values that are others than when the form was signed."""
    items, derived = {item.id: item for item in walk_items(entry.form)}, entry.version.registry.model.derived
    for each in said.differences:
        name = each.key[3]
        if name in items:
            item = items[name]

            def shown(cell: Cell | None, item: Any = item) -> str:
                return value_words(item, value_of(item.datatype, cell), one.language) if cell is not None else ""

            yield _then(in_language(item.label, one.language), each, shown, one)
        elif name in derived:
            outcome = derived[name]

            def told(cell: Cell | None, outcome: Any = outcome) -> str:
                value = (
                    value_of(DATATYPES[outcome.type_name], cell)
                    if cell is not None and cell.value is not None
                    else None
                )
                return (
                    outcome_words(entry.version.registry.model, outcome, value, one.language)
                    if value is not None
                    else ""
                )

            yield _then(in_language(outcome.label, one.language) or name, each, told, one)


def _then(label: str, each: Difference, words: Any, one: Visit) -> Then:
    unknown = one.words("unknown_yet")
    return Then(label, words(each.then) or unknown, words(each.now) or unknown)


__all__ = ["Posted", "at_signing", "obstacles_of", "state_page", "told_at_signing"]
