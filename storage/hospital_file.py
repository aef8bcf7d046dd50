"""A file of hospitals, their units and parts in a registry: all its faults at once, and nothing done while there is one."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from storage.database import Database
from storage.errors import Overlapping
from storage.hospitals import (
    Change,
    Hospital,
    add_hospital,
    add_participation,
    add_unit,
    change_hospital,
    change_unit,
    end_participation,
    hospitals_by_code,
    load_hospital,
)

COLUMNS = ("hospital_code", "hospital_name", "unit", "unit_name", "starts_on", "ends_on")
NEEDED = COLUMNS[:2]
LONGEST = {"hospital_code": 40, "hospital_name": 200, "unit": 40, "unit_name": 200}


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the file: a hospital, perhaps one of its units, perhaps the days of its part in the registry."""

    number: int
    hospital: tuple[str, str]  # code, name
    unit: tuple[str, str] | None
    starts_on: date | None
    ends_on: date | None


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong in a line, and what to do."""

    line: int
    text: str


def read_hospitals(text: str) -> tuple[tuple[Line, ...], tuple[Fault, ...]]:
    """The lines of a CSV file (UTF-8, commas), and everything that is wrong with it."""
    rows = csv.reader(io.StringIO(text.removeprefix("\ufeff")), strict=True)
    lines: list[Line] = []
    faults: list[Fault] = []
    try:
        header = [name.strip() for name in next(rows, [])]
        faults += [Fault(1, f"the column {name} is missing") for name in NEEDED if name not in header]
        faults += [
            Fault(1, f"no column is called {name!r}: there are {', '.join(COLUMNS)}")
            for name in header
            if name not in COLUMNS
        ]
        if faults:
            return (), tuple(faults)
        for cells in rows:
            number = rows.line_num
            if len(cells) != len(header):
                faults.append(Fault(number, f"has {len(cells)} cells and should have {len(header)}"))
                continue
            row = dict(zip(header, (cell.strip() for cell in cells), strict=True))
            wrong = list(_faults(row))
            faults += [Fault(number, each) for each in wrong]
            if not wrong:
                lines.append(_line(number, row))
    except csv.Error as fault:
        faults.append(Fault(rows.line_num, f"is no CSV: {fault}"))
    faults += _clashes(lines)
    return tuple(lines), tuple(sorted(faults, key=lambda each: each.line))


def _faults(row: Mapping[str, str]) -> Iterator[str]:
    for name in NEEDED:
        if not row.get(name):
            yield f"{name} is empty"
    for name, most in LONGEST.items():
        if len(row.get(name, "")) > most:
            yield f"{name} has more than {most} characters"
        if not row.get(name, "").isprintable():
            yield f"{name} holds signs that cannot be seen: remove them"
    if bool(row.get("unit")) is not bool(row.get("unit_name")):
        yield "unit and unit_name go together: fill in both, or none"
    days = {name: row.get(name, "") for name in ("starts_on", "ends_on")}
    for name, text in days.items():
        if text and _day(text) is None:
            yield f"{name}: {text!r} is no day: write it like 2025-03-17"
    starts, ends = _day(days["starts_on"]), _day(days["ends_on"])
    if days["ends_on"] and not days["starts_on"]:
        yield "ends_on without starts_on: a part has a first day"
    if starts and ends and ends < starts:
        yield f"ends_on {ends} is before starts_on {starts}"


def _line(number: int, row: Mapping[str, str]) -> Line:
    unit = (row["unit"], row["unit_name"]) if row.get("unit") else None
    hospital = row["hospital_code"], row["hospital_name"]
    return Line(number, hospital, unit, _day(row.get("starts_on", "")), _day(row.get("ends_on", "")))


def _clashes(lines: list[Line]) -> Iterator[Fault]:
    """Codes with two names, and parts of the same one that overlap, within the file."""
    names: dict[tuple[str, ...], tuple[str, int]] = {}
    parts: dict[tuple[str, str], list[Line]] = {}
    for line in lines:
        called: list[tuple[tuple[str, ...], str]] = [((line.hospital[0],), line.hospital[1])]
        called += [((line.hospital[0], line.unit[0]), line.unit[1])] if line.unit else []
        for key, name in called:
            before = names.setdefault(key, (name, line.number))
            if before[0] != name:
                yield Fault(
                    line.number, f"{'/'.join(key)} is called {name!r} here and {before[0]!r} in line {before[1]}"
                )
        if line.starts_on is None:
            continue
        same = parts.setdefault((line.hospital[0], line.unit[0] if line.unit else ""), [])
        for other in same:
            assert other.starts_on is not None
            if line.starts_on <= (other.ends_on or date.max) and other.starts_on <= (line.ends_on or date.max):
                yield Fault(line.number, f"takes part on some of the same days as in line {other.number}")
        same.append(line)


def load_lines(
    database: Database, registry: str, lines: tuple[Line, ...], change: Change, *, dry: bool
) -> tuple[tuple[str, ...], tuple[Fault, ...]]:
    """What the lines change, in words, and what of it cannot be; without faults, and unless `dry`, it is done.

    A file that was loaded before changes nothing. What is not in the file stays as it is.
    """
    known = {code: load_hospital(database, site) for code, site in hospitals_by_code(database).items()}
    told: list[str] = []
    faults: list[Fault] = []
    for line in lines:
        try:
            told += _plan(known.get(line.hospital[0]), registry, line)
        except Overlapping as fault:
            faults.append(Fault(line.number, str(fault)))
    told = list(dict.fromkeys(told))
    if faults or dry:
        return tuple(told), tuple(faults)
    for line in lines:
        _load(database, registry, line, change)
    return tuple(told), ()


def _plan(hospital: Hospital | None, registry: str, line: Line) -> Iterator[str]:
    """What a line changes. Raises Overlapping."""
    code, name = line.hospital
    if hospital is None:
        yield f"new hospital {code} {name}"
    elif hospital.name != name:
        yield f"hospital {code} is called {name}, before {hospital.name}"
    units = {each.code: each for each in hospital.units} if hospital else {}
    unit = units.get(line.unit[0]) if line.unit else None
    if line.unit and unit is None:
        yield f"new unit {code}/{line.unit[0]} {line.unit[1]}"
    elif line.unit and unit and unit.name != line.unit[1]:
        yield f"unit {code}/{line.unit[0]} is called {line.unit[1]}, before {unit.name}"
    if line.starts_on is None:
        return
    who = "/".join(filter(None, (code, line.unit[0] if line.unit else "")))
    for part in hospital.participations if hospital and bool(unit) is bool(line.unit) else ():
        if part.registry != registry or part.unit != (unit.id if unit else None):
            continue
        if part.starts_on == line.starts_on:
            if line.ends_on is not None and part.ends_on != line.ends_on:
                yield f"{who} takes part until {line.ends_on}"
            return
        if line.starts_on <= (part.ends_on or date.max) and part.starts_on <= (line.ends_on or date.max):
            raise Overlapping(part.starts_on, part.ends_on)
    yield f"{who} takes part from {line.starts_on}" + (f" to {line.ends_on}" if line.ends_on else "")


def _load(database: Database, registry: str, line: Line, change: Change) -> None:
    code, name = line.hospital
    site = hospitals_by_code(database).get(code) or add_hospital(database, code, name, change)
    here = load_hospital(database, site)
    if here.name != name:
        change_hospital(database, site, code, name, change)
    unit_id = None
    if line.unit:
        unit = next((each for each in here.units if each.code == line.unit[0]), None)
        unit_id = unit.id if unit else add_unit(database, site, *line.unit, change)
        if unit and unit.name != line.unit[1]:
            change_unit(database, site, unit.id, *line.unit, change)
    if line.starts_on is None:
        return
    same = (each for each in here.participations if each.registry == registry and each.unit == unit_id)
    part = next((each for each in same if each.starts_on == line.starts_on), None)
    if part is None:
        add_participation(database, site, registry, line.starts_on, change, unit_id=unit_id, ends_on=line.ends_on)
    elif line.ends_on is not None and part.ends_on != line.ends_on:
        end_participation(database, site, registry, part.id, line.ends_on, change)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None


__all__ = ["COLUMNS", "Fault", "Line", "load_lines", "read_hospitals"]
