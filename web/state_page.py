"""The page of a form's state: what was said about it, what stands in the way of a signature, and what can be done."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flask import Response
from flask_wtf.csrf import generate_csrf

from engine.datatypes import DATATYPES
from engine.model.form import CheckSeverity, walk_items
from engine.model.text import in_language
from engine.records.evaluation import Violation
from engine.records.path import parse_path
from renderers.html import Link
from renderers.html.names import holders, name_of
from renderers.html.posted_data import MAX_REASON
from storage.changes import paths_of, walk_rows
from storage.saved_form import focus_of
from storage.signatures import Difference, Meaning, Signature, Signatures, Verdict
from storage.slots import Cell, value_of
from storage.states import Action, Need, State, Transition, actions_in
from web.entry import Entry, address_of
from web.form_page import band_of, crumbs_of, link_to, storage_key, stored_answers
from web.news import News
from web.pages import render
from web.places import site_named
from web.roles import Permission, allows
from web.standing import mark_words
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
    """What rules say at signing: an error stands in the way, a warning wants to be looked at."""

    words: str
    link: Link
    error: bool


@dataclass(frozen=True, slots=True)
class Then:
    """A calculated value as it was when the form was signed, and as it is now."""

    label: str
    then: str
    now: str


def state_page(entry: Entry, news: News, *, time: str = "") -> Response:
    """The page; `time` is told with what went wrong."""
    one, stored = visit(), entry.stored
    assert stored is not None
    said = entry.around.signatures
    title = form_words(entry.version.registry.model, entry.spot.form, one.language)
    steps = [row for row in actions_in(stored.state) if allows(entry.actor.role, Permission(row.permission))]
    asked = entry.around.requests
    waiting = [each for each in asked if each.decided_at is None]
    told = list(_obstacles(entry, steps, one))
    return render(
        "form_state.html", title=title, band=band_of(entry, one), state=STATES[stored.state],
        crumbs=(*crumbs_of(entry, one), Link(title, address_of(entry))), form_href=address_of(entry),
        marks=[_mark(entry, each, one) for each in said.all], differences=list(_different(entry, said, one)),
        steps=[row for row in steps if row.action is not Action.SIGN], reasoned=[row for row in steps if _reasoned(row)],
        sign=any(row.action is Action.SIGN for row in steps), obstacles=[each for each in told if each.error], advice=[each for each in told if not each.error],
        meanings=[*Meaning], asked=asked, waiting=waiting, locked=stored.state == State.LOCKED,
        may_ask=allows(entry.actor.role, Permission.ENTER), may_lock=allows(entry.actor.role, Permission.LOCK),
        address=lambda what: address_of(entry, f"form_states.{what}"), revision=stored.revision, token=generate_csrf(),
        news=news, wrong=one.words(news.wrong, time=time) if news.wrong in _WORDED else "", most=MAX_REASON,
        rows=_rows(entry, one) if _may_withdraw(entry) else None,
        move_href=address_of(entry, "moving.show") if _may_withdraw(entry) and site_named(entry.who) is None else "",
        training_word=PASSWORD if workspace().settings.training else "",
        moment=lambda at: one.tongue.moment(at, one.now), copy=entry.draft is not None,
    )  # fmt: skip


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


def _obstacles(entry: Entry, steps: list[Transition], one: Visit) -> Iterator[Obstacle]:
    """What rules say at signing that nobody answered, each with the way to where it is put right."""
    if not any(row.action is Action.SIGN for row in steps) or entry.stored is None:
        return
    version, record = entry.version, entry.record
    said = version.rules.evaluate(
        version.registry, record.tree, focus_of(entry.place), as_of=one.now, at="signing", language=one.language,
        others=record.beside,
    )  # fmt: skip
    answered = stored_answers(entry.around.issues, entry.stored.id)
    for each in said.violations:
        name = name_of(entry.stored.data, parse_path(each.place)) or ""
        if each.severity is CheckSeverity.ERROR or (each.code, *storage_key(name, each)) not in answered:
            yield Obstacle(each.message, _where(entry, each, one), each.severity is CheckSeverity.ERROR)


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


__all__ = ["state_page"]
