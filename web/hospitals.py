"""Hospitals, their units and their part in a registry: the pages of those who keep them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue

from engine.datatypes.local_time import to_local
from engine.datatypes.words import date_text
from engine.model.text import in_language
from storage.errors import NoTime, Overlapping, Taken
from storage.hospitals import (
    add_hospital,
    add_participation,
    add_unit,
    change_hospital,
    change_unit,
    end_hospital,
    end_participation,
    end_unit,
    list_hospitals,
    load_hospital,
)
from web.pages import render
from web.permissions import needs
from web.places import whole_number
from web.roles import Permission
from web.typed import Refused, Typed, change_of, day_of, done, said, typed, word_of
from web.workspace import version_of, visit, workspace

hospitals = Blueprint("hospitals", __name__, url_prefix="/<registry>/hospitals")
PAGE = 25
MOST_PAGES = 10_000


@hospitals.get("")
@needs(Permission.ADMINISTER)
def listed(registry: str) -> ResponseReturnValue:
    """A page of the list, of those that take part or of all."""
    return _list(registry)


@hospitals.post("")
@needs(Permission.ADMINISTER)
def add(registry: str) -> ResponseReturnValue:
    """A new hospital, and on to its page."""
    try:
        code, name, change = word_of("code", "hospital_code", most=40), word_of("name", "hospital_name"), change_of()
        site = add_hospital(workspace().database, code, name, change)
    except (Refused, Taken) as fault:
        return _list(registry, typed(_told(fault)))
    return done(url_for("hospitals.show", registry=registry, site=site), "said_hospital_added", name=name)


def _list(registry: str, refused: Typed | None = None) -> ResponseReturnValue:
    query = request.args.get("q", "").strip()[:100]
    part = request.args.get("show") == "part"
    number = min(max(request.args.get("page", 1, type=whole_number), 1), MOST_PAGES)
    page = list_hospitals(
        workspace().database, registry, day=_today(), text=query, part=part, first=(number - 1) * PAGE, size=PAGE
    )

    def here(page: int = 1, *, part: bool = part) -> str:
        chosen: dict[str, Any] = {
            "page": page if page > 1 else None,
            "q": query or None,
            "show": "part" if part else None,
        }
        return url_for("hospitals.listed", registry=registry, **chosen)

    return render(
        "hospitals.html", status=422 if refused else 200, registry=registry, page=page, number=number, query=query,
        pages=max(-(-page.total // PAGE), 1), part=part, here=here, day=_day, typed=refused or Typed(), title=_title(registry),
    )  # fmt: skip


@hospitals.get("/<int:site>")
@needs(Permission.ADMINISTER)
def show(registry: str, site: int) -> ResponseReturnValue:
    """One hospital."""
    return _page(registry, site)


def _page(registry: str, site: int, refused: Typed | None = None) -> ResponseReturnValue:
    found = load_hospital(workspace().database, site)
    return render(
        "hospital.html", status=422 if refused else 200, registry=registry, hospital=found, typed=refused or Typed(),
        parts=[each for each in found.participations if each.registry == registry], today=_today().isoformat(),
        units={each.id: each for each in found.units}, day=_day, moment=visit().tongue.day, said=said(),
        title=_title(registry),
    )  # fmt: skip


def _act(registry: str, site: int, act: Callable[[], str]) -> ResponseReturnValue:
    """Do it and tell so; what is refused stands beside what was typed."""
    try:
        told = act()
    except (Refused, Taken, Overlapping, NoTime) as fault:
        return _page(registry, site, typed(_told(fault)))
    return done(url_for("hospitals.show", registry=registry, site=site), told)


@hospitals.post("/<int:site>")
@needs(Permission.ADMINISTER)
def change(registry: str, site: int) -> ResponseReturnValue:
    """Another code or name, with a reason."""

    def act() -> str:
        code, name = word_of("code", "hospital_code", most=40), word_of("name", "hospital_name")
        change_hospital(workspace().database, site, code, name, change_of(reason=True))
        return "said_changed_admin"

    return _act(registry, site, act)


@hospitals.post("/<int:site>/end")
@needs(Permission.ADMINISTER)
def end(registry: str, site: int) -> ResponseReturnValue:
    """The hospital is no more."""

    def act() -> str:
        end_hospital(workspace().database, site, change_of(reason=True))
        return "said_ended_admin"

    return _act(registry, site, act)


@hospitals.post("/<int:site>/units")
@needs(Permission.ADMINISTER)
def add_one_unit(registry: str, site: int) -> ResponseReturnValue:
    """A new unit."""

    def act() -> str:
        code, name = word_of("code", "unit_code_label", most=40), word_of("name", "unit_name")
        add_unit(workspace().database, site, code, name, change_of())
        return "said_unit_added"

    return _act(registry, site, act)


@hospitals.post("/<int:site>/units/<int:unit>")
@needs(Permission.ADMINISTER)
def change_one_unit(registry: str, site: int, unit: int) -> ResponseReturnValue:
    """Another code or name of a unit."""

    def act() -> str:
        code, name = word_of("code", "unit_code_label", most=40), word_of("name", "unit_name")
        change_unit(workspace().database, site, unit, code, name, change_of(reason=True))
        return "said_changed_admin"

    return _act(registry, site, act)


@hospitals.post("/<int:site>/units/<int:unit>/end")
@needs(Permission.ADMINISTER)
def end_one_unit(registry: str, site: int, unit: int) -> ResponseReturnValue:
    """The unit is no more."""

    def act() -> str:
        end_unit(workspace().database, site, unit, change_of(reason=True))
        return "said_ended_admin"

    return _act(registry, site, act)


@hospitals.post("/<int:site>/parts")
@needs(Permission.ADMINISTER)
def add_part(registry: str, site: int) -> ResponseReturnValue:
    """The hospital or a unit takes part in this registry from a day on."""

    def act() -> str:
        unit = request.form.get("unit", "")
        starts, ends = day_of("starts_on", "part_from"), day_of("ends_on", "part_until", empty=True)
        assert starts is not None
        add_participation(
            workspace().database, site, registry, starts, change_of(reason=True), ends_on=ends,
            unit_id=int(unit) if unit.isdecimal() and len(unit) < 19 else None,
        )  # fmt: skip
        return "said_part_added"

    return _act(registry, site, act)


@hospitals.post("/<int:site>/parts/<int:part>/end")
@needs(Permission.ADMINISTER)
def end_part(registry: str, site: int, part: int) -> ResponseReturnValue:
    """The last day of a part in this registry."""

    def act() -> str:
        last = day_of("ends_on", "part_last")
        assert last is not None
        end_participation(workspace().database, site, registry, part, last, change_of(reason=True))
        return "said_ended_admin"

    return _act(registry, site, act)


def _told(fault: Exception) -> str:
    """What was refused, in words."""
    words = visit().words
    if isinstance(fault, Taken):
        return words("admin_taken", taken=fault.key)
    if isinstance(fault, Overlapping):
        return words("part_overlaps", starts=_day(fault.starts), ends=_day(fault.ends) or words("part_open"))
    if isinstance(fault, NoTime):
        return words("part_no_time", starts=_day(fault.starts), ends=_day(fault.ends))
    return str(fault)


def _day(day: date | None) -> str:
    return date_text(day, visit().language) if day is not None else ""


def _today() -> date:
    return to_local(visit().now).date()


def _title(registry: str) -> str:
    version = version_of(registry)
    return in_language(version.registry.model.title, visit().language) or version.name


__all__ = ["hospitals"]
