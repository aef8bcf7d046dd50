"""Choosing one of many hospitals: by typing a part of its name or its code; the list behind the field searches on the server."""

from __future__ import annotations

from dataclasses import dataclass

from flask import request, url_for

from storage.hospitals import HospitalName, find_hospitals
from web.typed import Refused
from web.workspace import visit, workspace

LONGEST = 200
NAMED = 5  # hospitals that a refusal tells of


def chosen_hospital(text: str) -> HospitalName:
    """The only hospital that was meant. Raises Refused, and says which ones it could be."""
    words, text = visit().words, text.strip()[:LONGEST]
    if not text:
        raise Refused(words("admin_empty", field=words("hospital")))
    found = find_hospitals(workspace().database, text, size=NAMED + 1)
    if not found:
        raise Refused(words("hospital_unknown", text=text))
    if len(found) > 1:
        names = "; ".join(each.label for each in found[:NAMED]) + (" …" if len(found) > NAMED else "")
        raise Refused(words("hospital_several", names=names))
    return found[0]


@dataclass(frozen=True, slots=True)
class Narrowing:
    """The hospital to which a list is narrowed, if any; what was typed, and why it is none."""

    hospital: HospitalName | None = None
    typed: str = ""
    fault: str = ""

    @property
    def site(self) -> int | None:
        """Its id."""
        return self.hospital.id if self.hospital is not None else None


def narrowed(keeper: bool) -> Narrowing:
    """What the address of a list says; whoever belongs to a hospital narrows nothing."""
    text = request.args.get("hospital", "")[:LONGEST] if keeper else ""
    if not text.strip():
        return Narrowing()
    try:
        found = chosen_hospital(text)
    except Refused as fault:
        return Narrowing(typed=text, fault=str(fault))
    return Narrowing(found, found.label)


def suggestions() -> str:
    """The address that a field asks while somebody types."""
    return url_for("own.hospitals")


__all__ = ["Narrowing", "chosen_hospital", "narrowed", "suggestions"]
