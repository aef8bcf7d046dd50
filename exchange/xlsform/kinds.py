"""Types of questions: many spellings in the survey sheet, one of our data types each, or a reason why it is only like it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pyxform.question_type_dictionary import QUESTION_TYPE_DICT

IMAGES = ("image/jpeg", "image/png", "image/heic", "image/webp")
VIDEOS = ("video/mp4", "video/quicktime")


@dataclass(frozen=True, slots=True)
class Asked:
    """What a question becomes: data type, keys that come with it, a default, and why it is only an approximation."""

    type: str
    keys: Mapping[str, Any] = field(default_factory=dict)
    default: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Choosing:
    """A question with choices: `select_one colours or_other`."""

    type: str  # code, codes or text
    list_name: str
    other: bool = False
    source: str = ""  # choices, external_choices, file, or questions (of a repeat)
    reason: str = ""


_DEVICE = "The device or account fills this in; here it is typed."
_PLACE = "A place on a map is kept as text here: latitude, longitude, altitude, accuracy."
DECIMALS = 6  # of numbers with decimals: XLSForm does not say how many
NOTE = Asked("note")
CALCULATED = Asked("text")
_BY_BIND: Mapping[str, Asked] = {
    "string": Asked("text"),
    "int": Asked("integer"),
    "decimal": Asked("decimal", {"decimals": DECIMALS}),
    "date": Asked("date"),
    "dateTime": Asked("datetime"),
    "time": Asked("time"),
    "barcode": Asked("text", reason="A barcode is typed here, or scanned with a reader that types."),
    "geopoint": Asked("text", reason=_PLACE),
    "geotrace": Asked("text", reason=_PLACE),
    "geoshape": Asked("text", reason=_PLACE),
}
_BY_MEDIUM: Mapping[str, Asked] = {
    "image": Asked("file", {"media": list(IMAGES)}),
    "video": Asked("file", {"media": list(VIDEOS)}),
    "audio": Asked("file", reason="Sound is not stored here; a file of another kind may be added."),
    "application": Asked("file"),
}
_BY_PRELOAD: Mapping[tuple[str, str], Asked] = {
    ("timestamp", "start"): Asked("datetime", default="now()", reason="The time when the form was opened is offered as default."),
    ("timestamp", "end"): Asked("datetime", default="now()", reason="The time when the form was finished is asked for; that of opening is offered."),
    ("date", "today"): Asked("date", default="today()", reason="Today is offered as default and may be changed."),
}  # fmt: skip
_OWN: Mapping[str, Asked] = {
    "hidden": Asked("text", reason="A hidden value is shown here."),
    "acknowledge": Asked("boolean", reason="What is ticked there is answered with yes or no here."),
    "trigger": Asked("boolean", reason="What is ticked there is answered with yes or no here."),
    "range": Asked("integer"),
    "file": Asked("file"),
    "audit": Asked("text", reason="The log of the application; changes are always kept here."),
    "background-audio": Asked("file", reason="Sound is not recorded here."),
    "start-geopoint": Asked("text", reason=_PLACE),
    "background-geopoint": Asked("text", reason=_PLACE),
    "username": Asked("text", reason=_DEVICE),
    "email": Asked("text", reason=_DEVICE),
    "osm": Asked("text", reason="Tags of OpenStreetMap are kept as text here."),
}
_CHOOSING: tuple[tuple[str, str, str], ...] = (
    # how it begins, data type, where the choices are; longer beginnings first
    ("add select one prompt using", "code", "choices"),
    ("add select multiple prompt using", "codes", "choices"),
    ("select all that apply from", "codes", "choices"),
    ("select one from file", "code", "file"),
    ("select multiple from file", "codes", "file"),
    ("select one external", "code", "external_choices"),
    ("select multiple using", "codes", "choices"),
    ("select multiple from", "codes", "choices"),
    ("select one using", "code", "choices"),
    ("select one from", "code", "choices"),
    ("select all that apply", "codes", "choices"),
    ("select multiple", "codes", "choices"),
    ("select one", "code", "choices"),
    ("q select1", "code", "choices"),
    ("q select", "codes", "choices"),
    ("select1", "code", "choices"),
    ("rank", "codes", "choices"),
)
_OTHER = re.compile(r"\s+(or_other|or specify other|or other)$", re.IGNORECASE)
_CONTAINER = re.compile(r"(begin|end)[ _]+(group|repeat|loop|lgroup|looped group|audio|survey)\b\s*(?:over\s+(\S.*))?")
_REPEATS = frozenset({"repeat", "lgroup", "looped group"})


def container(written: str) -> tuple[str, str, str] | None:
    """`begin repeat` -> (`begin`, `repeat`, the list of a loop), or None."""
    found = _CONTAINER.fullmatch(_plain(written))
    if found is None:
        return None
    kind = found[2]
    return found[1], "repeat" if kind in _REPEATS else "loop" if kind == "loop" else "group", found[3] or ""


def choosing(written: str) -> Choosing | None:
    """What a question with choices asks for, or None where it is none."""
    words = " ".join(written.split())
    plain = words.lower().replace("_", " ")
    for begins, kind, source in _CHOOSING:
        if plain.startswith(begins + " "):
            rest = words[len(begins) + 1 :].strip()
            name = _OTHER.sub("", rest)
            ranked = "The order in which choices are ranked is not kept." if begins == "rank" else ""
            return Choosing(kind, name, name != rest, "questions" if name.startswith("${") else source, ranked)
    return None


def asked(written: str) -> Asked | None:
    """What a question of this type becomes, or None where nobody knows the type."""
    name = _plain(written)
    if name in _OWN:
        return _OWN[name]
    known = QUESTION_TYPE_DICT.get(written.strip()) or QUESTION_TYPE_DICT.get(name) or _spelled(name)
    return _known(known) if known is not None else None


def _spelled(name: str) -> Mapping[str, Any] | None:
    """Types as people spell them: date_time, DateTime, numeric."""
    for written, known in QUESTION_TYPE_DICT.items():
        if written.lower().replace(" ", "_") == name.replace(" ", "_"):
            return dict(known)
    others = {
        "number": "decimal",
        "numeric": "decimal",
        "photo": "image",
        "calculation": "calculate",
        "string": "text",
        "datetime": "dateTime",
    }
    known = QUESTION_TYPE_DICT.get(others.get(name, ""))
    return dict(known) if known is not None else None


def _known(entry: Mapping[str, Any]) -> Asked:
    bind, control = entry.get("bind", {}), entry.get("control", {})
    if control.get("tag") == "trigger":
        return _OWN["acknowledge"]
    if "jr:preload" in bind:
        return _BY_PRELOAD.get((bind["jr:preload"], bind.get("jr:preloadParams", "")), Asked("text", reason=_DEVICE))
    if bind.get("readonly") == "true()":
        return NOTE
    if bind.get("type") == "binary":
        return _BY_MEDIUM.get(control.get("mediatype", "").split("/")[0], Asked("file"))
    found = _BY_BIND.get(bind.get("type", "string"), Asked("text"))
    bounds = re.fullmatch(r"0 <= \. and \. <= (\d+)", bind.get("constraint", ""))
    return Asked(found.type, {"range": {"hard": [0, int(bounds[1])]}}) if bounds else found


def is_shown(written: str) -> bool:
    """Whether a row of this type is seen by who fills the form in; groups and repeats are."""
    known = QUESTION_TYPE_DICT.get(written)
    return known is None or "control" in known


def is_calculated(written: str) -> bool:
    """Whether the type itself says that nobody is asked."""
    return _plain(written) in ("calculate", "calculation", "q calculate", "add calculate prompt")


def _plain(written: str) -> str:
    return " ".join(written.split()).lower()
