"""The page with the list of patients: how it is sorted and narrowed stands in its address, and whom one looks for does not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from flask import request, url_for

from engine.datatypes.base import Slot
from engine.datatypes.local_time import to_local
from engine.datatypes.words import date_text
from storage.identity import page_identities
from storage.listing import ListedSubject, Narrowed, Order, State, SubjectPage, Waiting, list_subjects
from storage.slots import Cell
from web.finding import Search
from web.workspace import Visit, visit, workspace

PAGE = 25
NAMES = ("last_name", "first_names", "birth_date")
FIRST_ORDER = f"-{Order.NUMBER}"
ORDERS = frozenset(f"{sign}{order}" for order in Order for sign in ("", "-"))
STATES: Mapping[str, State] = {state.name.lower(): state for state in State}


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address of a list says."""

    registry: str
    order: str = FIRST_ORDER
    waiting: str = ""
    state: str = ""
    several: bool = False
    since: date | None = None
    until: date | None = None
    withdrawn: bool = False
    names: bool = False
    found: str = ""  # the note of what is looked for

    @property
    def narrows(self) -> bool:
        """Whether anything but what is due narrows the list."""
        return bool(self.state or self.several or self.since or self.until)

    def narrowed(self, search: Search) -> Narrowed:
        """The same for storage."""
        waiting = Waiting(self.waiting) if self.waiting else None
        return Narrowed(
            search.hashes, waiting, STATES.get(self.state), self.several, self.since, self.until, self.withdrawn
        )

    def address(self, *, before: str = "", after: str = "", **changed: object) -> str:
        """The address of the list with something changed; on its first page but for a mark."""
        one = replace(self, **changed)  # type: ignore[arg-type]
        return url_for(
            "patients.listed", registry=one.registry, found=one.found or None, waiting=one.waiting or None,
            order=one.order if one.order != FIRST_ORDER else None, state=one.state or None,
            several=1 if one.several else None, since=one.since, until=one.until,
            withdrawn=1 if one.withdrawn else None, names=1 if one.names else None,
            before=before or None, after=after or None,
        )  # fmt: skip


def asked_at(registry: str, search: Search) -> Asked:
    """What this request asks for; what is not understood is left out."""
    given = request.args
    order, waiting, state = given.get("order", ""), given.get("waiting", ""), given.get("state", "")
    return Asked(
        registry, order if order in ORDERS else FIRST_ORDER, waiting if waiting in set(Waiting) else "",
        state if state in STATES else "", bool(given.get("several")), _day(given.get("since", "")),
        _day(given.get("until", "")), bool(given.get("withdrawn")), "names" in given and visit().actor.identities, search.note,
    )  # fmt: skip


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def page_of(asked: Asked, search: Search) -> SubjectPage:
    """The lines to show."""
    one, marks = visit(), request.args
    return list_subjects(
        workspace().database, one.actor, at=one.now, order=asked.order, size=PAGE, before=marks.get("before", ""),
        after=marks.get("after", ""), narrowed=asked.narrowed(search),
    )  # fmt: skip


def names_on(subjects: Sequence[ListedSubject]) -> dict[int, str]:
    """Surname, first names and birth date of the patients on this page; noted in the audit."""
    one, database = visit(), workspace().database
    wanted = [each.subject for each in subjects]
    found = page_identities(database, one.actor, wanted, NAMES, one.now) if wanted else {}
    return {subject: person_words(cells) for subject, cells in found.items()}


def person_words(cells: Mapping[str, Cell]) -> str:
    """Surname and first names, and the birth date as this language writes dates."""
    names = " ".join(str(cells[name].value) for name in NAMES[:2] if name in cells)
    born = cells.get(NAMES[2])
    day = date.fromisoformat(born.value) if born is not None and born.slot == Slot.DATE else None
    return ", ".join(filter(None, (names, date_text(day, visit().language) if day else "")))


def closing_words(one: Visit, each: ListedSubject) -> str:
    """When the first of the events that are waited for closes, or how long ago it did."""
    assert each.until is not None
    late = (to_local(one.now).date() - each.until).days
    if late > 0:
        return one.tongue.words.count("days_late", late)
    return one.words("until_day", day=date_text(each.until, one.language))


__all__ = ["NAMES", "PAGE", "Asked", "asked_at", "closing_words", "names_on", "page_of", "person_words"]
