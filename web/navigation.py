"""What leads from page to page: one row a place, shown to those who may go there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from flask import request, url_for

from engine.model.metadata_version import MetaDataVersion
from renderers.html import Link
from storage.accounts import Membership
from storage.form_index import has_site_forms
from web.places import site_named
from web.roles import Permission, allows
from web.workplace import days_of, workplace, workplaces
from web.workspace import Visit, registry_title, workspace


def _always(_model: MetaDataVersion) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Entry:
    """A place that the frame leads to."""

    word: str  # of the interface
    endpoint: str  # its address takes the registry
    permission: Permission
    covers: tuple[str, ...]  # beginnings of endpoints at which it is the present place
    suits: Callable[[MetaDataVersion], bool] = _always
    also: Permission | None = None  # another one that is enough


ENTRIES = (  # the first that a role may go to is where it begins
    Entry("my_day", "my_day.show", Permission.DAY, ("my_day.", "waiting.")),
    Entry("hospitals", "hospitals.listed", Permission.ADMINISTER, ("hospitals.",)),
    Entry("people", "people.listed", Permission.PEOPLE, ("people.",)),
    Entry("deeds", "deeds.listed", Permission.PEOPLE, ("deeds.",)),
    Entry(
        "patients",
        "patients.listed",
        Permission.READ,
        (
            *(
                "patients.",
                "forms.",
                "grids.",
                "form_states.",
                "patient_states.",
                "moving.",
                "moving_parts.",
                "episode_links.",
                "merging.",
                "withdrawals.",
            ),
            *("sharing.", "wardless.", "known.ask", "known.look", "history.", "past."),
        ),
    ),
    Entry("help_centre", "help_centre.listed", Permission.HELP, ("help_centre.",)),
    Entry("audit_nav", "audit_search.listed", Permission.AUDIT, ("audit_search.",)),
    Entry("queries_nav", "queries.listed", Permission.HISTORY, ("queries.",)),
    Entry("requests", "known.requests", Permission.REGISTER, ("known.requests",), also=Permission.SHARE),
    Entry("completeness", "completeness.show", Permission.OVERSEE, ("completeness.",)),
    Entry("verify_nav", "verification.overview", Permission.VERIFY, ("verification.",)),
    Entry("records", "records.listed", Permission.READ, ("records.",), has_site_forms),
    Entry("closing_page", "closings.show", Permission.FREEZE, ("closings.",)),
)


def navigation(one: Visit) -> tuple[Link, ...]:
    """The places that a person may go to in the registry at hand, or in the one before."""
    here, held = _here(), workplace(one)
    places = _places(held) if held is not None else ()
    return tuple(Link(one.words(entry.word), address, here.startswith(entry.covers)) for entry, address in places)


def other_registries(one: Visit) -> tuple[Link, ...]:
    """The registries of a person, if there are several: each leads to the same kind of place, where its role may go there.

    Before them what waits in all of them.
    """
    here, at = _here(), workplace(one)
    known = [(held, list(_places(held))) for held in workplaces(one)]
    everywhere = here == "days.show"
    all_days = (Link(one.words("days"), url_for("days.show"), everywhere),) if len(days_of(one)) > 1 else ()
    return all_days + tuple(
        Link(
            registry_title(held.registry, one.language),
            next((address for entry, address in places if here.startswith(entry.covers)), places[0][1]),
            held == at and not everywhere,
        )
        for held, places in known
        if places and len(known) > 1
    )


def _here() -> str:
    """The endpoint of this page, as the rows of ENTRIES know it."""
    of_site = site_named((request.view_args or {}).get("who", "")) is not None
    return "records.form" if of_site else request.endpoint or ""


def first_place(memberships: Iterable[Membership]) -> str:
    """The address at which somebody with these roles begins to work; '' where none of them leads anywhere."""
    return next((address for one in memberships for _, address in _places(one)), "")


def _places(membership: Membership) -> Iterator[tuple[Entry, str]]:
    """The places that a role may go to, with their addresses."""
    version = workspace().registries.current.get(membership.registry)
    if version is None:
        return
    for entry in ENTRIES:
        held = any(allows(membership.role, each) for each in (entry.permission, entry.also) if each is not None)
        if held and entry.suits(version.registry.model):
            yield entry, url_for(entry.endpoint, registry=membership.registry)


# The help page of a place: the first row whose beginning the endpoint has; elsewhere the contents.
HELP_PAGES = (
    ("register", ("known.", "sharing.", "wardless.", "patients.", "merging.", "episode_links.")),
    ("queries", ("queries.",)),
    ("signing", ("form_states.", "patient_states.", "waiting.", "closings.", "withdrawals.", "moving.")),
    ("forms", ("forms.", "records.", "history.", "past.")),
    ("keys", ("grids.",)),
    ("states", ("my_day.", "days.", "events.", "completeness.", "verification.")),
    ("account", ("accounts.", "doors.", "own.", "people.")),
    ("contacts", ("help_requests.", "help_centre.")),
)


def help_address(endpoint: str) -> str:
    """The help page of a place."""
    name = next((name for name, covers in HELP_PAGES if endpoint.startswith(covers)), None)
    return url_for("help_pages.page", name=name) if name is not None else url_for("help_pages.contents")


__all__ = ["ENTRIES", "Entry", "first_place", "help_address", "navigation", "other_registries"]
