"""Where a form stands, as it is written in addresses, and as storage knows it: `12.complications.discharge.1`."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from flask import url_for
from werkzeug.routing import BaseConverter, IntegerConverter, ValidationError

from engine.model.form import FormDef
from engine.model.metadata_version import MetaDataVersion
from storage.form_data import OccurrenceRow, Place, SubjectRecord
from storage.schedule import Occasion

_NAME = "[a-z][a-z0-9_]*"
_SPOT = re.compile(
    rf"(?P<instance>[1-9][0-9]{{0,17}})\.(?P<form>{_NAME})(?:\.(?P<record>[1-9][0-9]{{0,3}})|\.(?P<event>{_NAME})\.(?P<number>[1-9][0-9]{{0,3}}))?"
)
_OCCASION = re.compile(rf"([1-9][0-9]{{0,17}})\.({_NAME})\.([1-9][0-9]{{0,3}})")
_SITE = re.compile(r"SITE-([1-9][0-9]{0,17})")
MOST_DIGITS = 18  # of a number: a column holds 63 bits
NEW = 0  # the id of an occurrence that does not exist yet


@dataclass(frozen=True, slots=True)
class Spot:
    """A form's place: container instance and form, then its record, or the event that holds it and which time."""

    instance: int
    form: str
    record: int = 0
    event: str = ""
    number: int = 0

    def __str__(self) -> str:
        base = f"{self.instance}.{self.form}"
        if self.event:
            return f"{base}.{self.event}.{self.number}"
        return f"{base}.{self.record + 1}" if self.record else base


def parse_spot(text: str) -> Spot | None:
    """Read what str() printed; None when it is no place."""
    match = _SPOT.fullmatch(text)
    if match is None:
        return None
    return Spot(
        int(match["instance"]),
        match["form"],
        int(match["record"] or 1) - 1,
        match["event"] or "",
        int(match["number"] or 0),
    )


def read_occasion(text: str) -> Occasion | None:
    """Which time of which event an address names: `12.fu_1m.1`; None when it is no such name."""
    match = _OCCASION.fullmatch(text)
    return Occasion(int(match[1]), match[2], int(match[3])) if match is not None else None


def site_name(site: int) -> str:
    """How addresses name the subject that holds a hospital's own records, where they name a patient by pseudonym."""
    return f"SITE-{site}"


def site_named(who: str) -> int | None:
    """The hospital whose own records an address means; None where it means a patient."""
    match = _SITE.fullmatch(who.upper())
    return int(match[1]) if match is not None else None


def whole_number(text: str) -> int:
    """A number that any column can hold. Raises ValueError."""
    if len(text) > MOST_DIGITS:
        raise ValueError(text)
    return int(text)


class NumberConverter(IntegerConverter):
    """A number in an address; one that no row can have leads nowhere."""

    regex = rf"[0-9]{{1,{MOST_DIGITS}}}"


class SubjectConverter(BaseConverter):
    """Whose form an address is about: `patients/TLE-0001-J7`, or `hospital/3` for what a hospital keeps of its own."""

    regex = r"patients/[^/]+|hospital/[1-9][0-9]{0,17}"
    part_isolating = False

    def to_python(self, value: str) -> str:
        """The pseudonym, or the hospital's name."""
        kind, _, who = value.partition("/")
        if kind == "hospital":
            return site_name(int(who))
        if site_named(who) is not None:
            raise ValidationError
        return who

    def to_url(self, value: str) -> str:
        """The two parts of the address."""
        site = site_named(value)
        return f"hospital/{site}" if site is not None else f"patients/{super().to_url(value)}"


def home_of(registry: str, who: str, **parts: str) -> str:
    """The address of the page to which a form belongs: the patient's, or that of the hospital's own records."""
    if site_named(who) is not None:
        return url_for("records.listed", registry=registry, **parts)  # type: ignore[arg-type]  # parts of the query
    return url_for("patients.show", registry=registry, who=who, **parts)  # type: ignore[arg-type]


def is_sound(model: MetaDataVersion, record: SubjectRecord, spot: Spot) -> bool:
    """Whether the place can hold that form at all."""
    form, instance = (
        model.forms.get(spot.form),
        next((row for row in record.instances if row.id == spot.instance), None),
    )
    if form is None or instance is None:
        return False
    if not form.per_event:
        most = record.count(spot.instance, form.id) if form.repeats else 0
        gone = form.repeats and Place(spot.instance, form.id, None, spot.record) in record.gone
        return not (spot.event or gone) and instance.container == form.container and spot.record <= most
    event = model.events.get(spot.event)
    if event is None or form.id not in event.forms or instance.container != event.container or spot.number < 1:
        return False
    held = [row.number for row in record.occurrences if row.instance == spot.instance and row.event == spot.event]
    return spot.number <= (
        max(held, default=0) + 1 if event.repeats else 1 if event.every is None else event.every.limit
    )


def place_of(record: SubjectRecord, spot: Spot) -> Place | None:
    """The place in storage; None while its occurrence of the event does not exist."""
    if not spot.event:
        return Place(spot.instance, spot.form, None, spot.record)
    found = (
        row.id
        for row in record.occurrences
        if (row.instance, row.event, row.number) == (spot.instance, spot.event, spot.number)
    )
    occurrence = next(found, None)
    return Place(spot.instance, spot.form, occurrence) if occurrence is not None else None


def imagined(record: SubjectRecord, spot: Spot) -> tuple[SubjectRecord, Place]:
    """The record as it will be once the occurrence exists, and the form's place in it."""
    place = place_of(record, spot)
    if place is not None:
        return record, place
    row = OccurrenceRow(NEW, spot.instance, spot.event, spot.number, None)
    return replace(record, occurrences=(*record.occurrences, row)), Place(spot.instance, spot.form, NEW)


def spot_of(record: SubjectRecord, place: Place) -> Spot:
    """The address of a stored form."""
    row = next((row for row in record.occurrences if row.id == place.occurrence), None)
    if row is None:
        return Spot(place.instance, place.form, place.record)
    return Spot(place.instance, place.form, 0, row.event, row.number)


def event_form_spot(form: FormDef, instance: int, event: str, number: int) -> Spot:
    """The address of a form collected by an event."""
    return Spot(instance, form.id, 0, event, number) if form.per_event else Spot(instance, form.id)


__all__ = [
    "NEW", "NumberConverter", "Spot", "SubjectConverter", "event_form_spot", "home_of", "imagined", "is_sound", "parse_spot", "place_of",
    "read_occasion", "site_name", "site_named", "spot_of", "whole_number",
]  # fmt: skip
