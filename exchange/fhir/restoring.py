"""What an import kept of a Questionnaire as annotations, back in its place."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from exchange.document import Entry
from exchange.fhir.extensions import CORE, SDC, extend
from exchange.fhir.resources import Json

_STRINGS = frozenset(["prefix", "definition", "disabledDisplay", "answerValueSet"])  # that are kept as they are
_ELEMENTS = frozenset(["code", "readOnly", "required", "enableWhen", "initial"])  # that are kept as JSON


def kept(entry: Entry) -> Mapping[str, Any]:
    """The annotations of FHIR."""
    found: Mapping[str, Any] = entry.get("annotations", {}).get("fhir", {})
    return found


def restored(entry: Entry, made: Json | None = None) -> Json:
    """Annotations back in their places: extensions are added, elements given."""
    made = made if made is not None else {}
    elements: Json = {}
    for name, text in kept(entry).items():
        if "://" in name:
            for one in _listed(_json(str(text))):
                extend(
                    made,
                    {"url": name, **one} if isinstance(one, dict) else {"url": name, "valueString": str(one)},
                )
        elif name in _RESTORED:
            _RESTORED[name](made, str(text))
        elif name.startswith("constraint "):
            extend(made, _json(str(text)))
        elif name in _ELEMENTS:
            elements[name] = _json(str(text))
        elif name in _STRINGS:
            elements[name] = str(text)
        elif "sections" in entry:
            elements[name] = _json(str(text)) if str(text)[:1] in "[{" or text in ("true", "false") else str(text)
    return {**({"extension": made["extension"]} if "extension" in made else {}), **elements}


def _expression_back(name: str) -> Callable[[Json, str], None]:
    def put(made: Json, text: str) -> None:
        found = _json(text)
        whole = found if isinstance(found, dict) else {"language": "text/fhirpath", "expression": text}
        extend(
            made,
            {
                "url": f"{SDC}sdc-questionnaire-{name}",
                "valueExpression": {key: part for key, part in whole.items() if part},
            },
        )

    return put


def _extensions_back(made: Json, text: str) -> None:
    for one in _listed(_json(text)):
        extend(made, one)


def _limit_back(name: str) -> Callable[[Json, str], None]:
    def put(made: Json, text: str) -> None:
        inner = {"url": f"{CORE}cqf-expression", "valueExpression": {"language": "text/fhirpath", "expression": text}}
        extend(made, {"url": f"{CORE}{name}", "_valueDate": {"extension": [inner]}})

    return put


def _units_back(made: Json, text: str) -> None:
    for coding in _listed(_json(text)):
        extend(made, {"url": f"{CORE}questionnaire-unitOption", "valueCoding": coding})


def _pattern_back(made: Json, text: str) -> None:
    extend(made, {"url": f"{CORE}regex", "valueString": text})


_RESTORED: Mapping[str, Callable[[Json, str], None]] = {
    "_text": lambda made, text: shadow(made, _listed(_json(text))),
    "calculatedExpression": _expression_back("calculatedExpression"),
    "initialExpression": _expression_back("initialExpression"),
    "enableWhenExpression": _expression_back("enableWhenExpression"),
    "answerOptionsToggleExpression": _extensions_back,
    "minValue": _limit_back("minValue"),
    "maxValue": _limit_back("maxValue"),
    "unitOption": _units_back,
    "regex": _pattern_back,
}


def shadow(made: Json, extensions: list[Any]) -> None:
    """Add extensions to the text of an item."""
    made.setdefault("_text", {}).setdefault("extension", []).extend(one for one in extensions if isinstance(one, dict))


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _listed(found: Any) -> list[Any]:
    return found if isinstance(found, list) else [found]
