"""Builds code lists, their attributes, and lists of missing reasons."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal

from engine.datatypes.base import Choice, Kind
from engine.datatypes.codes import SYSTEMS
from engine.definitions.annotations import build_annotations
from engine.definitions.context import Context
from engine.definitions.dictionaries import read_dictionary
from engine.definitions.tree import Node
from engine.errors import nearest
from engine.model.code_list import NO_MISSING, Attribute, AttributeDef, CodeList, MissingList

# Other systems mark codes of missing values with a minus: -99.
CODE = re.compile(r"(?!.{65})[-_]?[A-Za-z0-9][A-Za-z0-9_.:/+*-]*")
OF_A_CODE = frozenset({"exclusive", "withdrawn", "standard", "also", "annotations"})

_KINDS: Mapping[str, Kind] = {"text": Kind.TEXT, "number": Kind.NUMBER, "boolean": Kind.BOOLEAN, "codes": Kind.CODES}
_DEFAULTS: Mapping[Kind, Attribute | None] = {Kind.TEXT: "", Kind.NUMBER: None, Kind.BOOLEAN: False, Kind.CODES: ()}
_WANTED: Mapping[Kind, str] = {
    Kind.TEXT: "a text (in quotes if it looks like a number)",
    Kind.NUMBER: "a number",
    Kind.BOOLEAN: "true or false",
    Kind.CODES: "a list of texts",
}


def _as_text(node: Node) -> Attribute | None:
    return node.value if isinstance(node.value, str) else None


def _as_number(node: Node) -> Attribute | None:
    return Decimal(node.value) if type(node.value) in (int, Decimal) else None


def _as_boolean(node: Node) -> Attribute | None:
    return node.value if isinstance(node.value, bool) else None


def _as_codes(node: Node) -> Attribute | None:
    texts = tuple(element.value for element in node.elements if isinstance(element.value, str))
    return texts if isinstance(node.value, list) and len(texts) == len(node.elements) else None


_READ: Mapping[Kind, Callable[[Node], Attribute | None]] = {
    Kind.TEXT: _as_text,
    Kind.NUMBER: _as_number,
    Kind.BOOLEAN: _as_boolean,
    Kind.CODES: _as_codes,
}


def build_code_list(context: Context, id_: str, node: Node) -> CodeList:
    """A code list with its codes in the file, in a CSV file, or in a dictionary that is not shipped."""
    context.identifier(id_, node.key_mark, snake=False)
    origins = [key for key in ("codes", "source", "external") if key in node.entries]
    extract = origins == ["source", "external"]  # some codes of the dictionary are offered, others accepted
    if len(origins) != 1 and not extract:
        found = f"has {' and '.join(origins)}" if origins else "has no codes"
        context.error(
            node.key_mark,
            "code-list-origin",
            f"The code list {id_!r} {found}. It needs exactly one of `codes`, `source` (a CSV file) and `external`, or `source` and `external` for an extract.",
        )
    attributes = {name: _attribute(context, name, part) for name, part in node.map_of("attributes").items()}
    shell = CodeList(
        id_,
        context.text(node.get("title")),
        attributes=attributes,
        external=node.text_of("external"),
        system=_system(context, node),
        mark=node.key_mark,
        oid=node.text_of("oid"),
        annotations=build_annotations(node),
    )
    for name, attribute in attributes.items():
        if attribute.default is None and "external" in origins:
            context.error(
                node.map_of("attributes")[name].key_mark,
                "attribute-missing",
                f"The attribute {name!r} needs a default, as the codes of {shell.external!r} are not all here to give it.",
            )
    if "source" in origins:
        named = node.get("source")
        listed = read_dictionary(context, shell, named) if named is not None and named.text is not None else shell
        _fit(context, listed, node)
        return listed
    if "codes" in origins:
        return _listed(context, shell, node.entries["codes"])
    return shell


def _system(context: Context, node: Node) -> str | None:
    """The code system that `shape` names; of an external dictionary alone, since other lists have all their codes."""
    named = node.get("shape")
    if named is None or named.text is None:
        return None
    if "external" not in node.entries:
        context.error(
            named.key_mark,
            "key-not-for-type",
            "`shape` says how codes are written that are not here. Add `external`, or delete it.",
        )
    return named.raw if context.known(named, named.raw, SYSTEMS, "unknown-shape", "shape of codes") else None


def _fit(context: Context, found: CodeList, node: Node) -> None:
    """Report codes of the file that are written otherwise: browsers would refuse them."""
    system = SYSTEMS[found.system] if found.system is not None else None
    odd = next((code for code in found.choices if system is not None and not system.has(code)), None)
    if odd is not None:
        context.error(
            node.entries["shape"].mark,
            "bad-code",
            f"The code {odd!r} of the file is not written as `shape: {found.system}` says. Correct it, or choose another shape.",
        )


def _attribute(context: Context, name: str, node: Node) -> AttributeDef:
    context.identifier(name, node.key_mark, snake=False)
    if name in OF_A_CODE or name in context.languages:
        context.error(
            node.key_mark,
            "reserved-word",
            f"{name!r} already has a meaning in a code's entry. Choose another name for the attribute.",
        )
    stated = node.get("type") if isinstance(node.value, dict) else node
    written = stated.raw if stated is not None else ""
    if stated is not None and stated.text is not None and written not in _KINDS and stated is node:
        context.error(
            node.mark,
            "not-allowed",
            f"{written!r} is no type of an attribute.{nearest(written, _KINDS)} Allowed: {', '.join(_KINDS)}.",
        )
    kind = _KINDS.get(written, Kind.TEXT)
    given = node.get("default") if isinstance(node.value, dict) else None
    if given is None:
        return AttributeDef(name, kind, _DEFAULTS[kind])
    return AttributeDef(name, kind, _value(context, name, kind, given))


def _value(context: Context, name: str, kind: Kind, node: Node) -> Attribute | None:
    value = _READ[kind](node)
    if value is None and node.value is not None:
        context.error(node.mark, "attribute-type", f"The attribute {name!r} must be {_WANTED[kind]} here.")
        return _DEFAULTS[kind] or Decimal(0)
    return value


def _listed(context: Context, shell: CodeList, codes: Node) -> CodeList:
    """The list with the codes that stand in the definition itself."""
    if not codes.entries and isinstance(codes.value, dict):
        context.error(
            codes.key_mark,
            "code-list-empty",
            f"The code list {shell.id!r} has no codes. Add at least one, such as `yes: {{pl: tak, en: yes}}`.",
        )
    choices, values, standard, noted = {}, {}, {}, {}
    taken = set(codes.entries)
    for code, node in codes.entries.items():
        check_code(context, code, node)
        context.check_languages(node, {})
        label = _label(context, node)
        also = tuple(_spellings(context, shell, taken, node))
        choices[code] = Choice(code, label, node.flag("exclusive"), node.flag("withdrawn"), also)
        values[code] = _values(context, shell, code, node)
        if node.get("standard") is not None:
            standard[code] = {
                system: part.raw for system, part in node.map_of("standard").items() if part.text is not None
            }
        if "annotations" in node.entries:
            noted[code] = build_annotations(node)
    return replace(shell, choices=choices, values=values, standard=standard, noted=noted)


def _spellings(context: Context, shell: CodeList, taken: set[str], node: Node) -> Iterator[str]:
    """Other spellings of a code, none of which may mean another one."""
    for part in node.list_of("also"):
        if part.text is None:
            continue
        check_code(context, part.raw, part)
        if part.raw in taken:
            context.error(
                part.mark,
                "duplicate-id",
                f"{part.raw!r} already is a code, or another spelling of one, in the list {shell.id!r}. Delete it here.",
            )
        taken.add(part.raw)
        yield part.raw


def _label(context: Context, node: Node) -> dict[str, str]:
    parts = {language: node.entries[language] for language in context.languages if language in node.entries}
    for part in parts.values():
        if part.value is not None and not isinstance(part.value, str):
            context.error(
                part.mark, "wrong-shape", f"A label is a text; {part.raw or 'a list'} is none. Put it in quotes."
            )
    return {language: part.raw for language, part in parts.items()}


def check_code(context: Context, code: str, node: Node) -> None:
    """Report a code of a shape that other systems would not take."""
    if not CODE.fullmatch(code):
        context.error(
            node.key_mark,
            "bad-code",
            f"{code[:60]!r} is no code: at most 64 letters, digits and _ . : / + * - without spaces, starting with a letter or digit, perhaps after - or _.",
        )


def _values(context: Context, shell: CodeList, code: str, node: Node) -> dict[str, Attribute]:
    found: dict[str, Attribute] = {}
    known = {*context.languages, *context.known_languages, *OF_A_CODE, *shell.attributes}
    for name, part in node.entries.items():
        attribute = shell.attributes.get(name)
        if attribute is not None:
            value = _value(context, name, attribute.kind, part)
            if value is not None:
                found[name] = value
        elif name not in known:
            guess = context.problems.guess(name, known)
            context.error(
                part.key_mark,
                "unknown-attribute",
                f"{name!r} is neither a language nor an attribute of the code list {shell.id!r}.{guess} Declare it under `attributes`.",
            )
    for name, attribute in shell.attributes.items():
        if attribute.default is None and name not in found:
            context.error(
                node.key_mark,
                "attribute-missing",
                f"The code {code!r} does not give {name!r}, which has no default. Give it here, or a default under `attributes`.",
            )
    return found


def build_missing_list(context: Context, id_: str, node: Node) -> MissingList:
    """A list of reasons why a value is missing."""
    context.identifier(id_, node.key_mark, snake=False)
    if id_ == NO_MISSING.id:
        context.error(
            node.key_mark,
            "reserved-word",
            "`none` means that no reason is accepted. Choose another name for this list.",
        )
    reasons = {}
    for code, part in node.entries.items():
        check_code(context, code, part)
        labels = {key: text for key, text in part.entries.items() if key != "signing" and text.text is not None}
        if isinstance(part.value, dict):
            context.check_languages(part, labels)
        reasons[code] = {language: text.raw for language, text in labels.items() if language in context.languages}
    unsigned = frozenset(code for code, part in node.entries.items() if not part.flag("signing", True))
    return MissingList(id_, reasons, unsigned)
