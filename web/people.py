"""The people of one's hospital, or of all: their roles, invitations and requests, and what to do when somebody is locked out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flask import Blueprint, abort, request, url_for
from flask.typing import ResponseReturnValue

from engine.model.text import in_language
from storage.accounts import Membership, close_account, reopen_account
from storage.errors import DecidedMeanwhile, LockedOut, NotFound, Taken
from storage.hospitals import HospitalName, Unit
from storage.invitations import (
    GRANTED,
    AccessRequest,
    decide_request,
    invite,
    withdraw_invitation,
)
from storage.mail import Mail
from storage.people import Person, Scope, end_all_roles, end_role, give_role, lift_lockout, load_person
from storage.people_page import view_people, view_person
from storage.second_factor import end_second_factor
from storage.sessions import end_sessions
from web.chooser import chosen_hospital, suggestions
from web.granting import may_end, may_give
from web.mail import is_address, letter
from web.pages import render
from web.permissions import needs
from web.places import whole_number
from web.proofs import changed_notice
from web.registries import LANGUAGES
from web.roles import Permission, allows
from web.typed import Refused, Typed, change_of, done, said, typed, word_of
from web.workspace import absolute, registry_title, version_of, visit, workspace

people = Blueprint("people", __name__, url_prefix="/<registry>/people")
PAGE = 25
MOST_PAGES = 10_000


@people.get("")
@needs(Permission.PEOPLE)
def listed(registry: str) -> ResponseReturnValue:
    """A page of the list, what waits for a decision, and the invitation of somebody new."""
    return _list(registry)


def _list(registry: str, refused: Typed | None = None) -> ResponseReturnValue:
    one, space, scope = visit(), workspace(), scope_of()
    query = request.args.get("q", "").strip()[:100]
    number = min(max(request.args.get("page", 1, type=whole_number), 1), MOST_PAGES)
    view = view_people(space.database, scope, at=one.now, text=query, first=(number - 1) * PAGE, size=PAGE)

    def here(page: int = 1) -> str:
        return url_for("people.listed", registry=registry, page=page if page > 1 else None, q=query or None)

    return render(
        "people.html", status=422 if refused else 200, registry=registry, page=view.page, number=number, query=query, here=here,
        pages=max(-(-view.page.total // PAGE), 1), typed=refused or Typed(), said=said(), one=one, title=_title(registry),
        requests=view.requests, invitations=view.invitations, link=_link_without_mail(),
        **_choices(scope, view.units, view.hospitals),
    )  # fmt: skip


@people.post("")
@needs(Permission.PEOPLE)
def invite_somebody(registry: str) -> ResponseReturnValue:
    """Ask somebody by mail to make an account."""
    space, one = workspace(), visit()
    try:
        email, scope, language = _posted_address(), _posted_scope(), request.form.get("language", "")
        role, unit = _posted_role(scope), _posted_unit(scope)
        tongue = space.tongues[language if language in LANGUAGES else LANGUAGES[0]]

        def write(token: str) -> Mail:
            link = absolute(url_for("doors.invitation", token=token))
            return letter(
                tongue, "invitation", email, who=change.who, registry=_title(registry, tongue.language), link=link
            )

        change = change_of()
        token = invite(space.database, scope, email, role, change, write, inviter=one.actor.account, unit_id=unit)
    except Taken:
        return _list(registry, typed(one.words("invited_has_account", email=email)))
    except LockedOut as locked:
        return _list(registry, typed(one.words("locked_out", time=one.tongue.moment(locked.until, one.now))))
    except (Refused, NotFound) as fault:
        return _list(registry, typed(_told(fault)))
    address = url_for("people.listed", registry=registry)
    if not space.settings.smtp:  # somebody has to carry the link
        return done(address, "said_invited_link", email=email, link=absolute(url_for("doors.invitation", token=token)))
    return done(address, "said_invited", email=email)


@people.post("/invitations/<int:number>/end")
@needs(Permission.PEOPLE)
def withdraw(registry: str, number: int) -> ResponseReturnValue:
    """The link of an invitation leads nowhere any more."""
    withdraw_invitation(workspace().database, scope_of(), number, change_of())
    return done(url_for("people.listed", registry=registry), "said_withdrawn")


@people.post("/requests/<int:number>")
@needs(Permission.PEOPLE)
def decide(registry: str, number: int) -> ResponseReturnValue:
    """Give what somebody asks for, or refuse it with a reason."""
    space, grant = workspace(), request.form.get("do") == "grant"
    try:
        change = change_of(reason=not grant)

        def write(asked: AccessRequest) -> Mail | None:
            if not is_address(asked.login):
                return None
            tongue = space.tongues[asked.language if asked.language in LANGUAGES else LANGUAGES[0]]
            kind, parts = "granted" if grant else "refused", {"registry": _title(registry, tongue.language)}
            return letter(tongue, kind, asked.login, hospital=asked.site_name, link=absolute("/"), **parts)

        roles = may_give(_role(), at_hospital=True)
        own = visit().account
        decide_request(
            space.database, scope_of(), number, roles, change, grant=grant, write=write, decider=own.id if own else None
        )
    except DecidedMeanwhile as other:
        if grant and other.decision == GRANTED:  # a second click, or a colleague's
            return done(url_for("people.listed", registry=registry), "said_was_granted", who=other.who)
        return _list(registry, Typed("decided", visit().words("takeover_decided", who=other.who)))
    except (Refused, Taken) as fault:
        return _list(registry, typed(_told(fault)))
    return done(url_for("people.listed", registry=registry), "said_granted" if grant else "said_refused")


@people.get("/<int:person>")
@needs(Permission.PEOPLE)
def show(registry: str, person: int) -> ResponseReturnValue:
    """One person."""
    return _page(registry, person)


def _page(registry: str, person: int, refused: Typed | None = None) -> ResponseReturnValue:
    one, space, scope = visit(), workspace(), scope_of()
    view = view_person(space.database, scope, person, at=one.now)
    assert one.account is not None
    kept = [registry_title(each.registry, one.language) for each in _kept()]
    return render(
        "person.html", status=422 if refused else 200, registry=registry, person=view.person, typed=refused or Typed(),
        said=said(), one=one, own=person == one.account.id, ends=may_end(_role()), title=_title(registry),
        administers=_role() == "administrator", leaves=kept if len(kept) > 1 else (), sessions=view.sessions, **_choices(scope, view.units, view.hospitals),
    )  # fmt: skip


@people.post("/<int:person>/roles")
@needs(Permission.PEOPLE)
def give(registry: str, person: int) -> ResponseReturnValue:
    """One role more."""

    def act(found: Person) -> str:
        scope = _posted_scope()
        role, unit = _posted_role(scope), _posted_unit(scope)
        give_role(workspace().database, scope, found.account, role, change_of(reason=True), unit_id=unit)
        return "said_role_given"

    return _act(registry, person, act)


@people.post("/<int:person>/roles/<int:role>/end")
@needs(Permission.PEOPLE)
def end(registry: str, person: int, role: int) -> ResponseReturnValue:
    """One role less, from this moment on."""

    def act(found: Person) -> str:
        if role not in {each.id for each in found.roles}:
            raise NotFound("role", role)
        end_role(workspace().database, scope_of(), role, may_end(_role()), change_of(reason=True))
        return "said_role_ended"

    return _act(registry, person, act)


@people.post("/<int:person>/leave")
@needs(Permission.PEOPLE)
def leave(registry: str, person: int) -> ResponseReturnValue:
    """Somebody leaves the hospital: the roles there end in all registries in which one gives them."""

    def act(found: Person) -> str:
        scopes = {Scope(each.registry, each.site): may_end(each.role) for each in _kept()}
        end_all_roles(workspace().database, scopes, found.account, change_of(reason=True))
        return "said_left"

    return _act(registry, person, act)


def _kept() -> tuple[Membership, ...]:
    """One's roles at the hospital at hand by which one looks after its people, in this registry and the others."""
    here = scope_of().site
    return tuple(
        each
        for each in visit().memberships
        if here is not None and each.site == here and allows(each.role, Permission.PEOPLE)
    )


@people.post("/<int:person>/sessions/end")
@needs(Permission.PEOPLE)
def sign_out(registry: str, person: int) -> ResponseReturnValue:
    """Signed out at one place, or everywhere."""

    def act(found: Person) -> str:
        change, mark = change_of(), request.form.get("session", "")[:40]
        end_sessions(workspace().database, found.account, who=change.who, at=change.at, mark=mark)
        return "said_signed_out"

    return _act(registry, person, act)


@people.post("/<int:person>/unlock")
@needs(Permission.PEOPLE)
def unlock(registry: str, person: int) -> ResponseReturnValue:
    """The wrong passwords are forgotten."""

    def act(found: Person) -> str:
        lift_lockout(workspace().database, found, change_of())
        return "said_unlocked"

    return _act(registry, person, act)


@people.post("/<int:person>/second-factor/end")
@needs(Permission.ADMINISTER)
def end_factor(registry: str, person: int) -> ResponseReturnValue:
    """Somebody lost the telephone: the account is asked for no code until a new one is set up."""

    def act(found: Person) -> str:
        change, notice = change_of(reason=True), changed_notice("factor_off", found.login, found.language)
        end_second_factor(
            workspace().database, found.account, who=change.who, at=change.at, reason=change.reason, notice=notice
        )
        return "said_changed_admin"

    return _act(registry, person, act)


@people.post("/<int:person>/close")
@needs(Permission.ADMINISTER)
def close(registry: str, person: int) -> ResponseReturnValue:
    """Nobody signs in with the account any more."""

    def act(found: Person) -> str:
        change = change_of(reason=True)
        close_account(workspace().database, found.account, who=change.who, at=change.at, reason=change.reason)
        return "said_account_closed"

    return _act(registry, person, act)


@people.post("/<int:person>/reopen")
@needs(Permission.ADMINISTER)
def reopen(registry: str, person: int) -> ResponseReturnValue:
    """The account is used again."""

    def act(found: Person) -> str:
        change = change_of(reason=True)
        reopen_account(workspace().database, found.account, who=change.who, at=change.at, reason=change.reason)
        return "said_account_reopened"

    return _act(registry, person, act)


def _act(registry: str, person: int, act: Callable[[Person], str]) -> ResponseReturnValue:
    """Do something to somebody else of one's people, and tell so; nobody gives roles to oneself."""
    one = visit()
    found = load_person(workspace().database, scope_of(), person, at=one.now)
    if one.account is None or found.account == one.account.id:
        abort(403)
    try:
        told = act(found)
    except (Refused, Taken) as fault:
        return _page(registry, person, typed(_told(fault)))
    return done(url_for("people.show", registry=registry, person=person), told)


def scope_of() -> Scope:
    """Whose people one looks after."""
    membership = visit().membership
    assert membership is not None
    return Scope(membership.registry, membership.site)


def _role() -> str:
    membership = visit().membership
    return membership.role if membership is not None else ""


def _posted_address() -> str:
    """An e-mail address. Raises Refused."""
    email = word_of("email", "email")
    if not is_address(email):
        raise Refused(visit().words("no_address", text=email))
    return email


def _posted_scope() -> Scope:
    """Where a role is given: one's own hospital, or the one that was chosen. Raises Refused, NotFound."""
    own = scope_of()
    if own.site is not None:
        return own
    typed = request.form.get("site", "")
    return Scope(own.registry, chosen_hospital(typed).id if typed.strip() else None)


def _posted_role(scope: Scope) -> str:
    """The role that is given. Raises Refused for one that one may not give there."""
    role, at_hospital = request.form.get("role", ""), scope.site is not None
    if role not in may_give(_role(), at_hospital=at_hospital):
        raise Refused(visit().words("role_not_here"))
    return role


def _posted_unit(scope: Scope) -> int | None:
    return _number(request.form.get("unit", "")) if scope.site is not None else None


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 19 else None


def _choices(scope: Scope, units: Sequence[Unit], hospitals: Sequence[HospitalName]) -> Mapping[str, Any]:
    """What the forms offer: hospitals where one may choose, units where there is one hospital, roles that one may give."""
    one = visit()
    here, elsewhere = (may_give(_role(), at_hospital=there) for there in (True, False))
    if scope.site is not None:
        units_of = [(each.id, each.name) for each in units]
        return {"hospitals": None, "units": units_of, "roles": [(role, one.words(f"role_{role}")) for role in here]}
    roles = [(role, one.words(f"role_{role}")) for role in dict.fromkeys((*here, *elsewhere))]
    return {"hospitals": hospitals, "units": [], "roles": roles, "suggest": suggestions()}


def _told(fault: Exception) -> str:
    """What was refused, in words."""
    words = visit().words
    if isinstance(fault, Taken):
        return words("role_held")
    return words("place_gone") if isinstance(fault, NotFound) else str(fault)


def _link_without_mail() -> str:
    return "" if workspace().settings.smtp else visit().words("mail_off")


def _title(registry: str, language: str = "") -> str:
    version = version_of(registry)
    return in_language(version.registry.model.title, language or visit().language) or version.name


__all__ = ["people"]
