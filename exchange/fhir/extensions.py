"""Extensions by their short names, texts with their translations, and what is kept verbatim of the others."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from exchange.fhir.resources import Json, maps

CORE = "http://hl7.org/fhir/StructureDefinition/"
SDC = "http://hl7.org/fhir/uv/sdc/StructureDefinition/"
UCUM = "http://unitsofmeasure.org"
HOME = "https://ecrf.invalid/fhir/"  # of code systems and extensions of our own
FORM = f"{HOME}StructureDefinition/form"  # marks a group that is a form of ours
SCORES = (
    f"{CORE}ordinalValue",
    f"{CORE}itemWeight",
    f"{CORE}questionnaire-ordinalValue",
    f"{CORE}iso21090-CO-value",
    "http://fhir.org/guides/argonaut-questionnaire/StructureDefinition/extension-score",
)

_PREFIXES = ("sdc-questionnaire-", "questionnaire-", "")


def short(url: object) -> str:
    """`…/sdc-questionnaire-initialExpression` -> `initialExpression`: publishers move extensions between packages."""
    last = str(url).rstrip("/").rsplit("/", 1)[-1]
    return next(last.removeprefix(prefix) for prefix in _PREFIXES if last.startswith(prefix))


def extensions(part: Any) -> list[Json]:
    """Its extensions, of any kind."""
    if not isinstance(part, dict):
        return []
    return [*maps(part.get("extension")), *maps(part.get("modifierExtension"))]


def value(extension: Json) -> Any:
    """Its value, of whatever type."""
    return next((found for key, found in extension.items() if key.startswith("value")), None)


def named(part: Any, name: str) -> list[Json]:
    """The extensions with a short name."""
    return [one for one in extensions(part) if short(one.get("url")) == name]


def first(part: Any, name: str) -> Any:
    """The value of the first extension with a short name, or None."""
    return next((value(one) for one in named(part, name)), None)


def extend(made: Json, extension: Json) -> None:
    """Add an extension."""
    made.setdefault("extension", []).append(extension)


@dataclass(frozen=True, slots=True)
class Expression:
    """An expression of SDC."""

    text: str
    language: str = "text/fhirpath"
    name: str = ""


def expression(found: Any) -> Expression | None:
    if isinstance(found, str):
        return Expression(found)
    if isinstance(found, dict) and isinstance(found.get("expression"), str):
        return Expression(found["expression"], str(found.get("language", "text/fhirpath")), str(found.get("name", "")))
    return None


def expressions(part: Json, name: str) -> Iterator[Expression]:
    """The expressions of the extensions with a short name."""
    for one in named(part, name):
        found = expression(value(one))
        if found is not None:
            yield found


def is_fhirpath(language: str) -> bool:
    return language.strip().lower() in ("text/fhirpath", "fhirpath", "")


def controls(item: Json) -> set[str]:
    """The codes of itemControl and displayCategory."""
    concepts = [first(item, "itemControl"), first(item, "displayCategory")]
    found = {
        str(coding["code"])
        for concept in concepts
        if isinstance(concept, dict)
        for coding in maps(concept.get("coding"))
        if "code" in coding
    }
    return found | {
        str(concept["text"]).lower() for concept in concepts if isinstance(concept, dict) and "text" in concept
    }


# texts ------------------------------------------------------------------------------------------------------------


def translations(part: Json, key: str) -> Mapping[str, str]:
    """Language -> text of the translations of a text."""
    found: dict[str, str] = {}
    for one in named(maps(part.get(f"_{key}") or {})[0] if maps(part.get(f"_{key}") or {}) else {}, "translation"):
        inside = {str(inner.get("url")): value(inner) for inner in maps(one.get("extension"))}
        language, content = inside.get("lang"), inside.get("content")
        if isinstance(language, str) and isinstance(content, str) and language:
            found[tag(language)] = content
    return found


def tag(language: str) -> str:
    """`de-CH` -> `de`."""
    return re.split(r"[-_]", language.strip().lower())[0]


def languages_of(part: Any) -> Iterator[str]:
    """The languages of all translations and designations in a resource."""
    waiting = [part]
    while waiting:
        here = waiting.pop()
        if isinstance(here, list):
            waiting.extend(here)
        elif isinstance(here, dict):
            if here.get("url") == "lang":
                yield tag(str(value(here) or ""))
            waiting.extend(here.values())


_NO_TEXTS = frozenset(["valueInteger", "valueDecimal", "valueBoolean", "valuePositiveInt", "valueUnsignedInt", "value"])


def mended(found: Any) -> Any:
    """Numbers and truth values that a file has as texts, as what they are."""
    if isinstance(found, list):
        return [mended(one) for one in found]
    if not isinstance(found, dict):
        return found
    return {key: _read(part) if key in _NO_TEXTS else mended(part) for key, part in found.items()}


def _read(found: Any) -> Any:
    try:
        return json.loads(found) if isinstance(found, str) else mended(found)
    except ValueError:
        return found


def as_text(found: Any) -> str:
    """What is kept verbatim: texts as they are, all else as JSON."""
    return found if isinstance(found, str) else json.dumps(found, ensure_ascii=False, sort_keys=True)
