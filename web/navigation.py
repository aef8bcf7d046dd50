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
from web.workspace import Visit, workspace


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


ENTRIES = (  # the first that a role may go to is where it begins
    Entry("hospitals", "hospitals.listed", Permission.ADMINISTER, ("hospitals.",)),
    Entry("people", "people.listed", Permission.PEOPLE, ("people.",)),
    Entry("deeds", "deeds.listed", Permission.PEOPLE, ("deeds.",)),
    Entry("my_day", "my_day.show", Permission.READ, ("my_day.",)),
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
                "merging.",
                "withdrawals.",
            ),
            *("sharing.", "known.ask", "known.look", "history.", "past."),
        ),
    ),
    Entry("help_centre", "help_centre.listed", Permission.HELP, ("help_centre.",)),
    Entry("audit_nav", "audit_search.listed", Permission.AUDIT, ("audit_search.",)),
    Entry("queries_nav", "queries.listed", Permission.HISTORY, ("queries.",)),
    Entry("requests", "known.requests", Permission.REGISTER, ("known.requests",)),
    Entry("completeness", "completeness.show", Permission.OVERSEE, ("completeness.",)),
    Entry("verify_nav", "verification.overview", Permission.VERIFY, ("verification.",)),
    Entry("records", "records.listed", Permission.READ, ("records.",), has_site_forms),
    Entry("closing_page", "closings.show", Permission.FREEZE, ("closings.",)),
)


def navigation(one: Visit) -> tuple[Link, ...]:
    """The places that a person may go to in the registry at hand."""
    here = request.endpoint or ""
    if site_named((request.view_args or {}).get("who", "")) is not None:
        here = "records.form"  # a form of the hospital's own
    places = _places(one.membership) if one.membership is not None else ()
    return tuple(Link(one.words(entry.word), address, here.startswith(entry.covers)) for entry, address in places)


def first_place(memberships: Iterable[Membership]) -> str:
    """The address at which somebody with these roles begins to work; '' where none of them leads anywhere."""
    return next((address for one in memberships for _, address in _places(one)), "")


def _places(membership: Membership) -> Iterator[tuple[Entry, str]]:
    """The places that a role may go to, with their addresses."""
    version = workspace().registries.current.get(membership.registry)
    if version is None:
        return
    for entry in ENTRIES:
        if allows(membership.role, entry.permission) and entry.suits(version.registry.model):
            yield entry, url_for(entry.endpoint, registry=membership.registry)


# The help page of a place: the first row whose beginning the endpoint has; elsewhere the contents.
HELP_PAGES = (
    ("register", ("known.", "sharing.", "patients.", "merging.")),
    ("queries", ("queries.",)),
    ("signing", ("form_states.", "patient_states.", "closings.", "withdrawals.", "moving.")),
    ("forms", ("forms.", "records.", "history.", "past.")),
    ("keys", ("grids.",)),
    ("states", ("my_day.", "events.", "completeness.", "verification.")),
    ("account", ("accounts.", "doors.", "own.", "people.")),
    ("contacts", ("help_requests.", "help_centre.")),
)


def help_address(endpoint: str) -> str:
    """The help page of a place."""
    name = next((name for name, covers in HELP_PAGES if endpoint.startswith(covers)), None)
    return url_for("help_pages.page", name=name) if name is not None else url_for("help_pages.contents")


__all__ = ["ENTRIES", "Entry", "first_place", "help_address", "navigation"]
