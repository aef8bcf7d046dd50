"""Choosing one of many hospitals: by typing a part of its name or its code; the list behind the field searches on the server."""

from __future__ import annotations

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


def narrowed_hospital() -> tuple[HospitalName | None, str]:
    """The hospital to which a list is narrowed by its address, if any; or why there is none such."""
    text = request.args.get("hospital", "")
    try:
        return (chosen_hospital(text), "") if text.strip() else (None, "")
    except Refused as fault:
        return None, str(fault)


def suggestions() -> str:
    """The address that a field asks while somebody types."""
    return url_for("own.hospitals")


__all__ = ["chosen_hospital", "narrowed_hospital", "suggestions"]
