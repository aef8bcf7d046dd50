"""What leads from page to page: one row a place, shown to those who may go there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
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


ENTRIES = (
    Entry("my_day", "my_day.show", Permission.READ, ("my_day.",)),
    Entry(
        "patients",
        "patients.listed",
        Permission.READ,
        (
            *("patients.", "forms.", "grids.", "form_states.", "patient_states.", "moving.", "withdrawals."),
            *("sharing.", "known.ask", "known.look", "history.", "past."),
        ),
    ),
    Entry("audit_nav", "audit_search.listed", Permission.AUDIT, ("audit_search.",)),
    Entry("queries_nav", "queries.listed", Permission.HISTORY, ("queries.",)),
    Entry("requests", "known.requests", Permission.REGISTER, ("known.requests",)),
    Entry("completeness", "completeness.show", Permission.OVERSEE, ("completeness.",)),
    Entry("verify_nav", "verification.overview", Permission.VERIFY, ("verification.",)),
    Entry("records", "records.listed", Permission.READ, ("records.",), has_site_forms),
    Entry("closing_page", "closings.show", Permission.FREEZE, ("closings.",)),
    Entry("hospitals", "hospitals.listed", Permission.ADMINISTER, ("hospitals.",)),
    Entry("people", "people.listed", Permission.PEOPLE, ("people.",)),
)


def navigation(one: Visit) -> tuple[Link, ...]:
    """The places that a person may go to in the registry at hand."""
    return tuple(_links(one)) if one.membership is not None else ()


def first_place(membership: Membership) -> str | None:
    """The address of the first place that a role may go to in its registry; None where there is none."""
    found = next((entry for entry in ENTRIES if allows(membership.role, entry.permission)), None)
    return url_for(found.endpoint, registry=membership.registry) if found is not None else None


def _links(one: Visit) -> Iterator[Link]:
    assert one.membership is not None
    registry, here = one.membership.registry, request.endpoint or ""
    if site_named((request.view_args or {}).get("who", "")) is not None:
        here = "records.form"  # a form of the hospital's own
    model = workspace().registries.current[registry].registry.model
    for entry in ENTRIES:
        if allows(one.membership.role, entry.permission) and entry.suits(model):
            address = url_for(entry.endpoint, registry=registry)
            yield Link(one.words(entry.word), address, current=here.startswith(entry.covers))


__all__ = ["ENTRIES", "Entry", "first_place", "navigation"]
