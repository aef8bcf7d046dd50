"""The records of one form that stand side by side in a grid: those that are there, those that are due, and room for more."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import count

from engine.expressions.frames import Node
from engine.expressions.scopes import EVENT, Scope
from engine.model.form import FormDef
from engine.model.metadata_version import MetaDataVersion
from engine.model.text import in_language
from engine.records import Session
from engine.records.evaluation import Evaluation
from engine.records.form_data import Focus, FormData
from engine.records.offers import has_defaults, offer
from engine.records.schedule import whole_schedule
from storage.access import Actor
from storage.around import around_forms
from storage.errors import NotFound
from storage.form_data import InstanceRow, Place, SubjectRecord, load_subject
from storage.form_index import index_form
from storage.rights import fixed_items
from storage.states import MARKED, State
from web.discretion import unseen_by
from web.drafts import draft_in
from web.entry import Entry, subject_of
from web.places import NEW, Spot, imagined, place_of
from web.registries import Version
from web.roles import Permission, allows
from web.titles import form_words
from web.workspace import Workspace

SPARE = 5  # records that may be begun at will
WINDOW = 14  # records with inputs; the others are text
_ASKED = frozenset({"due", "overdue", "done"})  # of planned events: those that somebody fills in now
_SERIES = re.compile(r"([1-9][0-9]{0,17})\.([a-z][a-z0-9_]*)(?:\.([a-z][a-z0-9_]*))?")


@dataclass(frozen=True, slots=True)
class Series:
    """Which records: of a form, in a container instance, and in an event where the form has a record per event."""

    instance: int
    form: str
    event: str = ""

    def __str__(self) -> str:
        return ".".join(filter(None, (str(self.instance), self.form, self.event)))

    @classmethod
    def of(cls, spot: Spot) -> Series:
        """That in which a form stands."""
        return cls(spot.instance, spot.form, spot.event)

    def spot(self, number: int) -> Spot:
        """The place of a record; they are counted from 1."""
        if self.event:
            return Spot(self.instance, self.form, 0, self.event, number)
        return Spot(self.instance, self.form, number - 1)


def parse_series(text: str) -> Series | None:
    """Read what str() printed; None when it is no series."""
    match = _SERIES.fullmatch(text)
    return Series(int(match[1]), match[2], match[3] or "") if match is not None else None


@dataclass(frozen=True, slots=True)
class Sheet:
    """One record of the series."""

    number: int
    day: date | None
    entry: Entry
    near: bool = False  # in the window

    @property
    def key(self) -> str:
        """What the names of its cells start with."""
        return f"d{self.number}"

    @property
    def current(self) -> bool:
        """A record keeps to the version that it was filled with; that of another one has its own page alone."""
        return self.entry.stored is None or self.entry.stored.definition == self.entry.version.registry.hash

    @property
    def live(self) -> bool:
        """Whether it has inputs."""
        return self.near and self.current and not self.closed

    @property
    def closed(self) -> bool:
        """Whether somebody reviewed, signed or locked it: its own page asks why it is changed."""
        return self.entry.stored is not None and self.entry.stored.state in (*MARKED, State.LOCKED)

    @property
    def blank(self) -> bool:
        """Whether nothing was entered in it yet."""
        return self.entry.stored is None and self.entry.draft is None


@dataclass(frozen=True, slots=True)
class OpenSeries:
    """The series of one patient, as one person works on it."""

    version: Version
    actor: Actor
    who: str
    subject: int
    series: Series
    record: SubjectRecord
    sheets: tuple[Sheet, ...]
    first: int  # of those with inputs, from 0
    there: Mapping[int, tuple[Place, FormData]]  # those in which something was entered, by number, as rules see them

    @property
    def form(self) -> FormDef:
        """Its definition."""
        return self.version.registry.model.forms[self.series.form]

    @property
    def live(self) -> tuple[Sheet, ...]:
        """The records with inputs."""
        return tuple(sheet for sheet in self.sheets if sheet.live)

    @property
    def may_enter(self) -> bool:
        """Whether one may fill the records here: a grid has a cell for each item, so one must be able to fill them all."""
        index = index_form(self.form)
        return allows(self.actor.role, Permission.ENTER) and not fixed_items(self.actor, index)

    def session(self, at: datetime, language: str) -> Session:
        """The rules at work on the patient, with what is drafted in any of the records."""
        there, record = self.there, self.record
        near = sorted(record.forms, key=lambda place: place.instance != self.series.instance)
        anchor = next((place for place, _ in there.values()), near[0] if near else None)
        assert anchor is not None
        if anchor.occurrence == NEW:
            record, _ = imagined(record, self.sheets[0].entry.spot)
        return self._session(record, anchor, dict(there.values()), at, language)

    def _session(
        self, record: SubjectRecord, place: Place, data: dict[Place, FormData], at: datetime, language: str
    ) -> Session:
        return Session(
            self.version.registry, record.tree_with(data), _focus(place), as_of=at, language=language,
            others=record.beside, dictionaries=self.version.dictionaries,
        )  # fmt: skip

    def look(self, session: Session, sheet: Sheet) -> Evaluation:
        """What rules say about a record that is there; the session looks at it afterwards."""
        session.turn_to(_focus(self.there[sheet.number][0]))
        return session.without_schedule

    def begin(self, sheet: Sheet, at: datetime, language: str) -> Evaluation:
        """What rules will say about a record in which nothing was entered yet, once it is begun with its defaults."""
        record, place = imagined(self.record, sheet.entry.spot)
        place = place if self.series.event else place._replace(record=self._next)
        data = dict(self.there.values()) | {place: FormData()}
        session = self._session(record, place, data, at, language)
        if has_defaults(self.version.registry, self.series.form):
            offer(session, None)
        return session.without_schedule

    @property
    def _next(self) -> int:
        """The number of the record that is begun next."""
        numbers = (place.record for place, _ in self.there.values())
        return max(self.record.count(self.series.instance, self.series.form), max(numbers, default=-1) + 1)

    def absent(self, session: Session, sheet: Sheet) -> tuple[Node, ...]:
        """The nodes of a record in which nothing was entered: its occurrence, where there is none, and itself."""
        holder = next(
            node for node in session.tree.of(_holder(session, self.series)) if node.key == str(self.series.instance)
        )
        found: tuple[Node, ...] = ()
        if self.series.event:
            kids = holder.kids.get(EVENT, ())
            there = next((k for k in kids if (k.event, k.number) == (self.series.event, sheet.number)), None)
            if there is None:
                there = Node(holder.scope.children[EVENT], holder, f"{self.series.event}-{sheet.number}")
                there.event, there.number = self.series.event, sheet.number
                found = (there,)
            holder = there
        form = Node(holder.scope.children[self.series.form], holder, f"{holder.key}.{self.series.form}-{sheet.number}")
        return (*found, form)


def _holder(session: Session, series: Series) -> Scope:
    scope = session.registry.scopes.forms[series.form].parent
    holder = scope.parent if scope is not None and scope.kind == EVENT else scope
    assert holder is not None
    return holder


def _focus(place: Place) -> Focus:
    occurrence = str(place.occurrence) if place.occurrence is not None else None
    return Focus(place.form, str(place.instance), occurrence, place.record)


def series_words(model: MetaDataVersion, series: Series, language: str) -> str:
    """What a series is called: as its form, or as its event where several events collect the form."""
    collecting = [event for event in model.events.values() if series.form in event.forms]
    if series.event and len(collecting) > 1:
        return in_language(model.events[series.event].title, language) or series.event
    return form_words(model, series.form, language)


def is_series(model: MetaDataVersion, series: Series) -> bool:
    """Whether the records of a form are entered in a grid."""
    form = model.forms.get(series.form)
    if form is None or form.layout != "grid" or form.per_event != bool(series.event):
        return False
    event = model.events.get(series.event)
    return event is None or (form.id in event.forms and (event.repeats or event.every is not None))


def series_in(model: MetaDataVersion, row: InstanceRow) -> Iterator[Series]:
    """The series of a container instance, in order of its events."""
    for event in model.events.values():
        for form in event.forms if event.container == row.container else ():
            series = Series(row.id, form, event.id if model.forms[form].per_event else "")
            if is_series(model, series):
                yield series


def open_series(space: Workspace, actor: Actor, who: str, text: str, first: int, at: datetime) -> OpenSeries:
    """Find a series by address, with inputs from a record on, or for the newest. Raises NotFound and NotVisible.

    Args:
        first: the number of the first record with inputs; 0: the newest have them.
    """
    series = parse_series(text)
    space.registries.dictionaries.refresh()
    version = space.registries.current[actor.registry]
    model = version.registry.model
    if series is None or not is_series(model, series):
        raise NotFound("grid", text)
    subject = subject_of(space.database, actor, who, at)
    record = load_subject(space.database, version.registry, actor, subject, at)
    container = model.events[series.event].container if series.event else model.forms[series.form].container
    if not any(row.id == series.instance and row.container == container for row in record.instances):
        raise NotFound("grid", text)
    numbers = dict(_numbers(version, record, series, at))
    places = {n: place_of(record, series.spot(n)) or Place(series.instance, series.form, NEW) for n in numbers}
    stored = {place: record.forms.get(place) for place in places.values()}
    held = {place: form.id if form is not None else None for place, form in stored.items()}
    around = around_forms(space.database, actor, subject, held, at=at, unseen=unseen_by(version.registry, actor))
    entries = []
    for number in sorted(numbers):
        place = places[number]
        draft = draft_in(around[place].copy, model.forms[series.form], actor)
        entry = Entry(
            version, actor, who.upper(), subject, series.spot(number), record, place, stored[place], draft,
            around[place],
        )  # fmt: skip
        entries.append((number, numbers[number], entry))
    begin = next((n for n, each in enumerate(entries) if each[0] >= first), len(entries)) if first else len(entries)
    begin = max(min(begin, len(entries) - WINDOW), 0)
    sheets = [Sheet(number, day, entry, begin <= n < begin + WINDOW) for n, (number, day, entry) in enumerate(entries)]
    there = _there(series, record, sheets)
    return OpenSeries(version, actor, who.upper(), subject, series, record, tuple(sheets), begin, there)


def _there(series: Series, record: SubjectRecord, sheets: Sequence[Sheet]) -> dict[int, tuple[Place, FormData]]:
    """The records in which something was entered; of those that repeat, the drafts follow without gaps.

    Where nothing at all was entered for the patient, the first record stands there empty, as on a page of its own.
    """
    begun = [sheet for sheet in sheets if not sheet.blank]
    if not begun and not any(place.form != series.form for place in record.forms):
        begun = [*sheets[:1]]
    following = count(record.count(series.instance, series.form))
    return {
        each.number: (
            each.entry.place
            if series.event or each.entry.stored is not None
            else each.entry.place._replace(record=next(following)),
            FormData() if each.blank else each.entry.data,
        )
        for each in begun
    }


def _numbers(
    version: Version, record: SubjectRecord, series: Series, at: datetime
) -> Iterator[tuple[int, date | None]]:
    """Number and day of each record."""
    if not series.event:
        held, gone = record.count(series.instance, series.form), record.gone
        yield from (
            (number, None) for number in range(1, held + SPARE + 1) if place_of(record, series.spot(number)) not in gone
        )
        return
    event, there = version.registry.model.events[series.event], {0}
    planned = whole_schedule(
        version.registry, record.tree, as_of=at, others=record.beside, dictionaries=version.dictionaries
    )
    for each in planned:
        if (each.instance, each.event) == (str(series.instance), series.event):
            exists = place_of(record, series.spot(each.number)) is not None
            if exists or each.state in _ASKED:
                there.add(each.number)
                yield each.number, each.date
    if event.repeats:
        yield from ((number, None) for number in range(max(there) + 1, max(there) + SPARE + 1))


__all__ = [
    "SPARE",
    "WINDOW",
    "OpenSeries",
    "Series",
    "Sheet",
    "is_series",
    "open_series",
    "parse_series",
    "series_in",
    "series_words",
]
