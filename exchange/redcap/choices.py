"""Choices of a field: `1, Yes | 0, No` -> codes and labels, within bounds, whatever was typed around them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from engine.definitions.code_lists import CODE

MAX_CODES = 100_000
MAX_LABEL = 2_000
_ODD = re.compile(r"[^A-Za-z0-9_.:/+*-]+")
_LINES = re.compile(r"\s*(?:\\n|\n)\s*")


@dataclass(slots=True)
class Choices:
    """The choices of one field: code of ours -> label, in order."""

    labels: dict[str, str] = field(default_factory=dict)
    ours: dict[str, str] = field(default_factory=dict)  # REDCap's code -> ours
    faults: list[str] = field(default_factory=list)  # what was not quite right
    tried: dict[str, int] = field(default_factory=dict)  # code that was wanted -> how often it was taken

    @property
    def spellings(self) -> dict[str, str]:
        """REDCap's code -> ours, where they differ."""
        return {theirs: ours for theirs, ours in self.ours.items() if theirs != ours}


def choices_of(text: str) -> Choices:
    """The choices that a cell lists."""
    found = Choices()
    for code, label in _pairs(text):
        if len(found.labels) >= MAX_CODES:
            found.faults.append(f"Only the first {MAX_CODES} choices are taken.")
            break
        _add(found, code, label)
    found.faults = list(dict.fromkeys(found.faults))[:5]
    return found


def _pairs(text: str) -> Iterator[tuple[str, str]]:
    """Separated by |, or by lines, as old versions did; one without a code is its own."""
    parts = text.split("|") if "|" in text else _LINES.split(text.strip())
    if "|" not in text and not all("," in part for part in parts):
        parts = [text]
    for part in parts:
        code, comma, label = part.strip().partition(",")
        if part.strip():
            yield code.strip(), label.strip() if comma else code.strip()


def _add(found: Choices, code: str, label: str) -> None:
    if not label:
        found.faults.append(f"The choice {code[:40]} has no label; it is called by its code.")
    if code in found.ours:
        found.faults.append(f"The code {code[:40]} is listed twice; the first one counts.")
        return
    ours = found.ours[code] = _free(code if CODE.fullmatch(code) else _spelled(code), found)
    if ours != code:
        found.faults.append(f"The code '{code[:40]}' is {ours} here: codes hold letters, digits and _ . : / + * -")
    found.labels[ours] = label[:MAX_LABEL] or code[:MAX_LABEL] or ours


def _spelled(code: str) -> str:
    plain = _ODD.sub("_", code).strip("_-.:/+*")[:60]
    return plain if CODE.fullmatch(plain) else "code"


def _free(code: str, found: Choices) -> str:
    made, number = code, found.tried.get(code, 1)
    while made in found.labels:
        number += 1
        made = f"{code[:57]}_{number}"
    found.tried[code] = number
    return made
