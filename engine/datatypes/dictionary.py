"""A dictionary that is kept beside the definitions: codes with labels and days of validity, small in memory at 100,000 codes."""

from __future__ import annotations

import csv
import io
from array import array
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

Validity = tuple[date | None, date | None]  # first and last day
ALWAYS: Validity = None, None
_LABEL = "label_"


class Standing(StrEnum):
    """What a dictionary says of a code on a day."""

    CURRENT = "current"
    OUTDATED = "outdated"  # in an earlier version, withdrawn, or not on this day
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """Many short texts as one: a tenth of what as many objects take."""

    data: bytes
    ends: array[int]

    def __getitem__(self, place: int) -> str:
        return self.data[self.ends[place - 1] if place else 0 : self.ends[place]].decode()


def lines_of(texts: Iterable[str]) -> Lines:
    """Pack texts."""
    data, ends = bytearray(), array("Q")
    for text in texts:
        data += text.encode()
        ends.append(len(data))
    return Lines(bytes(data), ends)


@dataclass(frozen=True, slots=True, eq=False)
class Dictionary:
    """One version of a dictionary. Codes of earlier versions are kept behind the others: old records hold them."""

    name: str
    version: str
    places: Mapping[str, int]  # code -> place, in order of the file
    current: int  # so many codes are of this version
    labels: Mapping[str, Lines]  # by language
    withdrawn: frozenset[str] = frozenset()
    validity: Mapping[str, Validity] = field(default_factory=dict)  # of codes that have limits

    def label(self, code: str, language: str) -> str:
        """The label of a code, in another language where it has none in this one; '' for an unknown code."""
        place = self.places.get(code)
        if place is None:
            return ""
        others = (lines[place] for name, lines in self.labels.items() if name != language)
        own = self.labels[language][place] if language in self.labels else ""
        return own or next(filter(None, others), "")

    def standing(self, code: str, day: date) -> Standing:
        """Whether a code may be chosen on a day."""
        place = self.places.get(code)
        if place is None:
            return Standing.UNKNOWN
        kept = place < self.current and code not in self.withdrawn and is_valid(self.validity.get(code, ALWAYS), day)
        return Standing.CURRENT if kept else Standing.OUTDATED


def is_valid(validity: Validity, day: date) -> bool:
    """Whether a day is within the first and the last."""
    first, last = validity
    return (first is None or first <= day) and (last is None or day <= last)


def unpack(name: str, version: str, text: str, dropped: str = "") -> Dictionary:
    """The dictionary of a file that was checked when it was loaded, and of the rows that earlier versions had besides."""
    places: dict[str, int] = {}
    labels: dict[str, list[str]] = {}
    withdrawn, validity = set[str](), dict[str, Validity]()
    for row in _rows(text):
        code = row["code"]
        places[code] = len(places)
        _keep_labels(labels, row, len(places))
        if row.get("withdrawn", "").lower() in ("true", "1"):
            withdrawn.add(code)
        limits = _day(row.get("valid_from")), _day(row.get("valid_to"))
        if limits != ALWAYS:
            validity[code] = limits
    current = len(places)
    for row in _rows(dropped):
        places[row["code"]] = len(places)
        _keep_labels(labels, row, len(places))
    packed = {language: lines_of(texts) for language, texts in labels.items()}
    return Dictionary(name, version, places, current, packed, frozenset(withdrawn), validity)


def dropped_rows(earlier: Dictionary, text: str) -> str:
    """The rows of an earlier version that a newer file lacks, as CSV of codes and labels."""
    kept, out, languages = {row["code"] for row in _rows(text)}, io.StringIO(), list(earlier.labels)
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["code", *(_LABEL + language for language in languages)])
    for code, place in earlier.places.items():
        if code not in kept:
            writer.writerow([code, *(earlier.labels[language][place] for language in languages)])
    return out.getvalue()


def _rows(text: str) -> Iterator[dict[str, str]]:
    """The rows by column; spaces around a cell, and empty lines, mean nothing."""
    parsed = csv.reader(io.StringIO(text, newline=""))
    header = [name.strip() for name in next(parsed, [])]
    return (dict(zip(header, (" ".join(cell.split()) for cell in row), strict=True)) for row in parsed if row)


def _keep_labels(labels: dict[str, list[str]], row: Mapping[str, str], count: int) -> None:
    """Note the labels of a row; a language that earlier rows lacked begins with nothing."""
    for name in row:
        language = name.removeprefix(_LABEL)
        if language != name and language not in labels:
            labels[language] = [""] * (count - 1)
    for language, texts in labels.items():
        texts.append(row.get(_LABEL + language, ""))


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


__all__ = ["ALWAYS", "Dictionary", "Lines", "Standing", "Validity", "dropped_rows", "is_valid", "lines_of", "unpack"]
