"""Codes of a code list: reading one, its label, its JSON Schema. Shared by single and multiple choice."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from engine.datatypes.base import Facets, Json
from engine.datatypes.reading import refuse
from engine.datatypes.values import Unread

# What a code of a dictionary that is not shipped looks like: T82.7, 37.771, A17.0+, LP15842-5, 8867-4.
_SHAPE = r"[A-Za-z0-9][A-Za-z0-9_.:/+*-]{0,63}"
_CODE = re.compile(_SHAPE)


@dataclass(frozen=True, slots=True)
class CodeSystem:
    """How the codes of a dictionary are written: a pattern that browsers understand as well, and the message that says it in words."""

    pattern: str
    message: str

    def has(self, code: str) -> bool:
        """Whether it could be one."""
        return re.fullmatch(self.pattern, code, re.ASCII) is not None


# As `shape` of a code list names them. ICD-10 marks causes and manifestations with + and *; ICD-9-PL has letters for laboratory tests.
SYSTEMS: Mapping[str, CodeSystem] = MappingProxyType(
    {
        "icd10": CodeSystem(r"[A-Z][0-9]{2}(?:\.?[0-9A-Z]{1,2})?[+*]?", "code_icd10"),
        "icd9pl": CodeSystem(r"[0-9]{2}(?:\.[0-9]{1,4})?|[A-Z][0-9]{2,3}", "code_icd9pl"),
        "atc": CodeSystem(r"[A-Z](?:[0-9]{2}(?:[A-Z](?:[A-Z](?:[0-9]{2})?)?)?)?", "code_atc"),
        "snomed": CodeSystem(r"[1-9][0-9]{5,17}", "code_snomed"),
    }
)


def read_code(text: str, facets: Facets) -> str | Unread:
    """The code if the list has it; an open or absent list takes any code of a sane shape, or of its code system's.

    Withdrawn codes are read, since old records hold them; screens do not offer them. Another spelling of a code is read as that code.
    """
    code = text.strip()
    if code not in facets.choices:
        code = next((known.code for known in facets.choices.values() if code in known.also), code)
    if code in facets.choices:
        return code
    if facets.system is not None:
        system = SYSTEMS[facets.system]
        return code if system.has(code) else refuse(text, system.message, "pattern")
    if _is_open(facets) and is_code(code):
        return code
    return refuse(text, "code_form") if _is_open(facets) else refuse(text, "not_in_list", "not_in_list")


def is_code(text: str) -> bool:
    """Whether a text has the shape of a code that any list may have."""
    return _CODE.fullmatch(text) is not None


def code_text(code: str, facets: Facets, language: str) -> str:
    """The label of a code, in another language where it has none in this one; else the code itself."""
    choice = facets.choices.get(code)
    if choice is None:
        return code
    return choice.label.get(language) or next(iter(choice.label.values()), code)


def code_schema(facets: Facets) -> dict[str, Json]:
    """JSON Schema of one code."""
    if _is_open(facets):
        shape = SYSTEMS[facets.system].pattern if facets.system is not None else _SHAPE
        return {"type": "string", "pattern": rf"^\s*({shape})?\s*$"} if not facets.choices else {"type": "string"}
    return {
        "type": "string",
        "enum": [*facets.choices, *(text for known in facets.choices.values() for text in known.also)],
    }


def _is_open(facets: Facets) -> bool:
    return facets.open_list or not facets.choices
