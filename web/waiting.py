"""Forms that wait for a review or a signature, in one list; those that are ticked are reviewed, or signed with one password."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from flask import Blueprint, Response, redirect, request, url_for
from flask.typing import ResponseReturnValue

from storage.errors import BadCredentials, LockedOut, NotFound, NotReady, NotVisible, Unanswered, WrongState
from storage.form_states import Seen, SignRequest, sign_form, take_steps
from storage.hospitals import find_hospitals
from storage.opened_forms import Deed
from storage.rights import Unseen
from storage.signatures import Meaning
from storage.states import MARKS, Action, State, permissions_for, states_before, transition
from storage.waiting import COUNTED, WaitingForm, Wanted, forms_named, list_waiting
from web.chooser import Narrowing, narrowed, suggestions
from web.denials import log_refusal
from web.discretion import unseen_by
from web.entry import version_at
from web.news import News
from web.pages import render
from web.permissions import needs
from web.places import MOST_DIGITS, Spot, site_name, whole_number
from web.proofs import prove
from web.roles import Permission, allows
from web.state_page import told_at_signing
from web.titles import STATES, event_title, form_words
from web.training.people import PASSWORD
from web.workspace import Visit, version_of, visit, workspace

waiting = Blueprint("waiting", __name__, url_prefix="/<registry>/waiting")
VOUCHING: Mapping[Action, Permission] = MappingProxyType(
    {action: Permission(name) for action, name in permissions_for(MARKS).items()}
)
MOST = 25  # forms on a page, and at once


class Left(StrEnum):
    """Why a form is left as it is."""

    CHANGED = "changed"  # somebody saved it since the list was drawn
    STATE = "state"  # it waits for this no more
    UNREADY = "unready"  # rules find a fault
    ASKS = "asks"  # a warning that nobody answered


REFUSED: Mapping[type[Exception], Left] = MappingProxyType(
    {NotReady: Left.UNREADY, Unanswered: Left.ASKS, WrongState: Left.CHANGED}
)


@dataclass(frozen=True, slots=True)
class Posted:
    """What was ticked and chosen, to be on the page again; what is wrong with it: a key of words."""

    wrong: str = ""
    ticks: Mapping[int, int] = field(default_factory=dict)  # form -> its revision as the list showed it
    meaning: str = ""
    time: str = ""  # told with what is wrong

    def leave(self) -> str:
        """Leave it for the next page, without the password: Back is then the list, and no post that browsers show no more."""
        ticks = [(str(form), str(revision)) for form, revision in self.ticks.items()][:MOST]
        return News(wrong=self.wrong, typed=self.time, rest=(("meaning", self.meaning), *ticks)).leave()

    @classmethod
    def told(cls, news: News) -> Posted:
        """What was left for this page."""
        if not news.rest:
            return cls()
        (_, meaning), *ticks = news.rest
        return cls(news.wrong, {int(form): int(revision) for form, revision in ticks}, meaning, news.typed)

    @classmethod
    def read(cls) -> Posted:
        """From the form of the page; what the page did not offer is left out."""
        pairs = (value.partition(":")[::2] for value in request.form.getlist("form"))
        numbers = [(form, revision) for form, revision in pairs if _is_number(form) and _is_number(revision)]
        ticks = {int(form): int(revision) for form, revision in numbers}
        return cls("", ticks, next((each for each in Meaning if each == request.form.get("meaning")), ""))


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it: how many were done, which were left and why, how many are nowhere to be seen any more."""

    action: Action
    done: int = 0
    left: Mapping[int, Left] = field(default_factory=dict)
    gone: int = 0

    def leave(self) -> str:
        """Leave it for the next page."""
        typed = " ".join((str(self.done), str(self.gone), *(f"{form}:{why}" for form, why in self.left.items())))
        return News((self.action.value,), typed=typed).leave()

    @classmethod
    def told(cls, news: News) -> Outcome | None:
        """What was left for this page."""
        if not news.said:
            return None
        done, gone, *left = news.typed.split()
        pairs = (each.split(":") for each in left)
        return cls(Action(news.said[0]), int(done), {int(form): Left(why) for form, why in pairs}, int(gone))


@dataclass(frozen=True, slots=True)
class Line:
    """A form in words."""

    form: WaitingForm
    title: str
    event: str
    who: str
    href: str
    state_href: str

    @property
    def value(self) -> str:
        """What is posted of it."""
        return f"{self.form.id}:{self.form.revision}"


@waiting.get("")
@needs(Permission.REVIEW)
def show(registry: str) -> ResponseReturnValue:
    """What waits for whoever asks, the forms that were begun first."""
    news = News.taken("said")
    return _page(registry, Posted.told(news), Outcome.told(news))


@waiting.post("/review")
@needs(VOUCHING[Action.REVIEW])
def review(registry: str) -> ResponseReturnValue:
    """Mark the ticked ones as reviewed."""
    posted = Posted.read()
    found = _ticked(posted)
    wrong = _wrong(posted)
    if wrong:
        return _refused(registry, posted, wrong)
    return _done(registry, _each(Action.REVIEW, posted, found, _review))


@waiting.post("/sign")
@needs(VOUCHING[Action.SIGN])
def sign(registry: str) -> ResponseReturnValue:
    """Sign the ticked ones, each by itself, with the password once, at this moment, and with a meaning."""
    one, posted = visit(), Posted.read()
    assert one.account is not None
    found = _ticked(posted)
    wrong = _wrong(posted) or ("" if posted.meaning else "sign_meaning")
    if wrong:
        return _refused(registry, posted, wrong)
    try:
        prove(one.account, "password")
    except BadCredentials:
        return _refused(registry, posted, "waiting_password")
    except LockedOut as locked:
        return _refused(registry, posted, "locked_out", one.tongue.moment(locked.until, one.now))
    workspace().registries.dictionaries.refresh()
    meaning = Meaning(posted.meaning)
    return _done(registry, _each(Action.SIGN, posted, found, lambda form, seen: _sign(form, seen, meaning)))


def _ticked(posted: Posted) -> Mapping[int, WaitingForm]:
    """The ticked forms that the person sees. Raises NotFound where none of them is; some that are not are noted."""
    one = visit()
    if not request.form.getlist("form") or len(posted.ticks) > MOST:
        return {}
    unseen = unseen_by(version_of(one.actor.registry).registry, one.actor)
    found = forms_named(workspace().database, one.actor, posted.ticks, at=one.now, unseen=unseen)
    if not found:
        raise NotFound("form", ", ".join(map(str, posted.ticks)))
    if len(found) < len(posted.ticks):
        log_refusal()
    return found


def _wrong(posted: Posted) -> str:
    """What is wrong with the ticks: a key of words."""
    return "waiting_needs" if not posted.ticks else "waiting_too_many" if len(posted.ticks) > MOST else ""


def _each(
    action: Action, posted: Posted, found: Mapping[int, WaitingForm], act: Callable[[WaitingForm, Seen], Left | None]
) -> Outcome:
    """Do it to each form by itself, so that one which is left holds up no other."""
    left, done, gone = dict[int, Left](), 0, len(posted.ticks.keys() - found.keys())
    for number, form in found.items():
        seen = Seen(form.place, posted.ticks[number])
        try:
            why = _outdated(action, form, seen) or act(form, seen)
        except (NotFound, NotVisible):  # withdrawn, moved or taken away at this very moment
            gone += 1
            continue
        if why is None:
            done += 1
        else:
            left[number] = why
    return Outcome(action, done, left, gone)


def _outdated(action: Action, form: WaitingForm, seen: Seen) -> Left | None:
    """Why a form is not what the list showed, as far as can be told before its turn; storage asks again under the lock."""
    if form.revision != seen.revision:
        return Left.CHANGED
    return Left.STATE if transition(form.state, action) is None else None


def _review(form: WaitingForm, seen: Seen) -> Left | None:
    one = visit()
    deed, version = Deed(form.subject, one.actor, one.now), version_of(one.actor.registry)
    done = take_steps(workspace().database, version.registry, deed, Action.REVIEW, [seen])
    return None if done else Left.CHANGED


def _sign(form: WaitingForm, seen: Seen, meaning: Meaning) -> Left | None:
    one, space = visit(), workspace()
    version = version_at(space.registries, version_of(one.actor.registry), form.place.form, form.definition)
    told = told_at_signing(version, form.place.form, one.actor)
    wanted = SignRequest(seen, meaning, version.rules, told=told, unread=True)  # the list shows no warnings
    try:
        sign_form(space.database, version.registry, Deed(form.subject, one.actor, one.now), wanted)
    except tuple(REFUSED) as refused:
        return REFUSED[type(refused)]
    return None


def _done(registry: str, outcome: Outcome) -> ResponseReturnValue:
    """To the list as it is now, which tells what came of it."""
    return redirect(_address(registry, said=outcome.leave()), 303)


def _refused(registry: str, posted: Posted, wrong: str, time: str = "") -> ResponseReturnValue:
    """To the list with what was ticked and chosen, which tells what is wrong."""
    said = Posted(wrong, posted.ticks, posted.meaning, time).leave()
    return redirect(_address(registry, said=said), 303)


def _page(registry: str, posted: Posted, outcome: Outcome | None) -> Response:
    one, space, version = visit(), workspace(), version_of(registry)
    actions = [action for action, permission in VOUCHING.items() if allows(one.actor.role, permission)]
    keeper, states = one.actor.site is None, [state for state in State if state in states_before(actions)]
    narrow, unseen = narrowed(keeper), unseen_by(version.registry, one.actor)
    wanted = _wanted(states, narrow, unseen)
    left = outcome.left if outcome is not None else {}
    page = list_waiting(space.database, one.actor, wanted, left, at=one.now, size=MOST)
    lines = [*_lines(one, page.forms)]
    model = version.registry.model
    return render(
        "waiting.html", registry=registry, one=one, page=page, lines=lines, chosen=_chosen(), wanted=wanted,
        forms={form: form_words(model, form, one.language) for form in model.forms if form not in unseen.forms},
        states=[(state.value, one.words(f"state_{STATES[state]}")) for state in states], signs=STATES, keeper=keeper, narrow=narrow,
        offered=find_hospitals(space.database, "") if keeper else (), suggest=suggestions(),
        ticked={line.value for line in lines if request.args.get("all") or posted.ticks.get(line.form.id) == line.form.revision},
        posted=posted, wrong=one.words(posted.wrong, time=posted.time, most=MOST) if posted.wrong else "",
        lost=len(posted.ticks.items() - {(each.id, each.revision) for each in page.forms}), outcome=outcome,
        left=[(line, left[line.form.id]) for line in _lines(one, page.named.values())], actions=actions, meanings=[*Meaning],
        address=lambda what="show", **parts: _address(registry, what, **parts), most=MOST, counted=COUNTED,
        moment=lambda at: one.tongue.moment(at, one.now), title=model.title.get(one.language, version.name),
        training_word=PASSWORD if space.settings.training else "",
    )  # fmt: skip


def _lines(one: Visit, found: Iterable[WaitingForm]) -> Iterable[Line]:
    model = version_of(one.actor.registry).registry.model
    for each in found:
        form, who = each.place.form, each.pseudonym or site_name(each.site or 0)
        spot = str(Spot(each.place.instance, form, each.place.record, each.event, each.number))
        title = form_words(model, form, one.language) if form in model.forms else form
        yield Line(
            each, f"{title} {each.place.record + 1}" if each.place.record else title,
            event_title(model, each.event, each.number, one.language) if each.event in model.events else "", each.pseudonym,
            url_for("forms.show", registry=one.actor.registry, who=who, spot=spot),
            url_for("form_states.show", registry=one.actor.registry, who=who, spot=spot),
        )  # fmt: skip


def _wanted(states: list[State], narrow: Narrowing, unseen: Unseen) -> Wanted:
    """What the address says; what is not understood is left out."""
    given = request.args
    only = [state for state in states if state == given.get("state")]
    after = max(given.get("after", 0, type=whole_number) or 0, 0)
    return Wanted(only or states, given.get("form", "")[:100], narrow.site, after, unseen)


def _chosen() -> dict[str, str]:
    """What narrows the list."""
    return {name: request.args[name] for name in ("state", "form", "hospital") if request.args.get(name)}


def _address(registry: str, what: str = "show", **parts: object) -> str:
    """An address of this part of the list; `after` leads to another part of it."""
    parts = {**_chosen(), "after": request.args.get("after") or None, **parts}
    return url_for(f"waiting.{what}", registry=registry, **parts)  # type: ignore[arg-type]  # parts of the query


__all__ = ["MOST", "VOUCHING", "waiting"]
