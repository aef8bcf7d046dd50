"""What the keys of an item are in a Questionnaire: a row each."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from exchange.document import Entry
from exchange.fhir.choices import SYSTEMS
from exchange.fhir.extensions import CORE, UCUM, extend
from exchange.fhir.items import DECIMALS
from exchange.fhir.piping import holed
from exchange.fhir.resources import Json
from exchange.fhir.restoring import kept
from exchange.fhir.texts_out import TextWriter

SYSTEM_URLS: Mapping[str, str] = {name: url for url, name in SYSTEMS.items()}


def _standard(made: Json, entry: Entry, _texts: TextWriter) -> None:
    made["code"] = [
        {"system": SYSTEM_URLS.get(system, system), "code": str(code)} for system, code in entry["standard"].items()
    ]


def _unit(made: Json, entry: Entry, _texts: TextWriter) -> None:
    unit = entry["unit"]
    if isinstance(unit, dict):
        for one in [unit.get("store"), *unit.get("also", {})]:
            if one and "unitOption" not in kept(entry):
                extend(made, {"url": f"{CORE}questionnaire-unitOption", "valueCoding": {"system": UCUM, "code": one}})
    else:
        extend(made, {"url": f"{CORE}questionnaire-unit", "valueCoding": {"system": UCUM, "code": str(unit)}})


def _decimals(made: Json, entry: Entry, _texts: TextWriter) -> None:
    if entry["decimals"] != DECIMALS:
        extend(made, {"url": f"{CORE}maxDecimalPlaces", "valueInteger": entry["decimals"]})


def _hint(made: Json, entry: Entry, texts: TextWriter) -> None:
    if len(set(entry["hint"].values())) == 1 and not holed(entry["hint"]):
        extend(made, {"url": f"{CORE}entryFormat", "valueString": entry["hint"][texts.base]})
    else:
        _explain(texts, made, "prompt", entry["hint"])


def _help(made: Json, entry: Entry, texts: TextWriter) -> None:
    _explain(texts, made, "help", entry["help"], piped=False)


def _explain(texts: TextWriter, made: Json, code: str, text: Mapping[str, str], *, piped: bool = True) -> None:
    """A text at a question is an item under it."""
    concept = {"coding": [{"system": "http://hl7.org/fhir/questionnaire-item-control", "code": code}]}
    control = {"url": f"{CORE}questionnaire-itemControl", "valueCodeableConcept": concept}
    child = {
        "extension": [control],
        "linkId": f"{made['linkId']}-{code}",
        **texts.text("text", text, piped=piped),
        "type": "display",
    }
    made.setdefault("item", []).append(child)


def _pattern(made: Json, entry: Entry, _texts: TextWriter) -> None:
    extend(made, {"url": f"{CORE}regex", "valueString": entry["pattern"]})


def _length(made: Json, entry: Entry, _texts: TextWriter) -> None:
    made["maxLength"] = entry["length"]


def _media(made: Json, entry: Entry, _texts: TextWriter) -> None:
    for media in entry["media"]:
        extend(made, {"url": f"{CORE}mimeType", "valueCode": media})


def _max_size(made: Json, entry: Entry, _texts: TextWriter) -> None:
    extend(made, {"url": f"{CORE}maxSize", "valueDecimal": entry["max_size"] / 1_000_000})


KEYS: Mapping[str, Callable[[Json, Entry, TextWriter], None]] = {
    "standard": _standard,
    "unit": _unit,
    "decimals": _decimals,
    "hint": _hint,
    "help": _help,
    "pattern": _pattern,
    "length": _length,
    "media": _media,
    "max_size": _max_size,
}
