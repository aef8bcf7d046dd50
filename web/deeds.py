"""What was done to accounts, roles and hospitals, and who signed in: the log of those who keep people. It holds no patient."""

from __future__ import annotations

from datetime import date, timedelta

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from storage.deeds import GROUPS, AdminDeed, Wanted, search_deeds
from web.audit_search import begin_of, mark_text, read_mark
from web.history_words import channel_words
from web.pages import render
from web.past import YEARS
from web.people import scope_of
from web.permissions import needs
from web.roles import Permission
from web.workspace import Visit, visit, workspace

deeds = Blueprint("deeds", __name__, url_prefix="/<registry>/deeds")
PAGE = 50


@deeds.get("")
@needs(Permission.PEOPLE)
def listed(registry: str) -> ResponseReturnValue:
    """A page of what was found, the newest first."""
    one, typed = visit(), _typed()
    after, wrong = read_mark(request.args.get("after", "")), dict[str, str]()
    since, until = (_day(typed, name, wrong) for name in ("since", "until"))
    wanted = Wanted(
        typed.get("group", ""), typed.get("who", ""), begin_of(since),
        begin_of(until + timedelta(days=1)) if until is not None and until.year in YEARS else None,
    )  # fmt: skip
    found = () if wrong else search_deeds(
        workspace().database, scope_of(), wanted, after=after, size=PAGE + 1
    )  # fmt: skip
    shown = found[:PAGE]
    return render(
        "deeds.html", registry=registry, one=one, typed=typed, wrong=wrong, after=after,
        lines=[(each, _what(each, one), one.tongue.instant(each.mark.at), channel_words(each.channel, one.tongue)) for each in shown],
        groups=[(group, one.words(f"deeds_group_{group}")) for group in GROUPS],
        next=mark_text(shown[-1].mark) if len(found) > PAGE else "",
    )  # fmt: skip


def _typed() -> dict[str, str]:
    given = {
        name: request.args.get(name, "").strip()[:200].replace("\0", "") for name in ("who", "group", "since", "until")
    }
    return {name: text for name, text in given.items() if text}


def _day(typed: dict[str, str], name: str, wrong: dict[str, str]) -> date | None:
    try:
        return date.fromisoformat(typed[name]) if name in typed else None
    except ValueError:
        wrong[name] = "audit_wrong_day"
        return None


def _what(each: AdminDeed, one: Visit) -> str:
    """What was done, to which role and where."""
    done = one.words(f"deeds_kind_{each.kind}")
    role = one.words(f"role_{each.role}") if each.role else ""
    told = ", ".join(filter(None, (role, each.place)))
    return " · ".join(filter(None, (done, told, one.words("deeds_over") if each.over else "")))


__all__ = ["deeds"]
