"""Checks the shape of a definition against `definition.schema.json` and words each fault for its author."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.definitions.tree import Node
from engine.errors import Mark, Problems, nearest

# jsonschema takes a fifth of a start, and a definition that was compiled before needs no look at its shape.
if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError
from engine.expressions.names import SPELLED_TRUTHS

SCHEMA_FILE = Path(__file__).with_name("definition.schema.json")
RECURSIVE = "#/$defs/entries"  # groups nest: the one reference that is kept
MAX_FAULTS = 500
SHOWN = 12  # so many allowed keys are listed; of more only the nearest is named

TYPE_NAMES = {
    "string": "a text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a map of keys",
    "null": "nothing",
}

Json = Mapping[str, Any]
FITTING, TEXTS, OWN = "fitting scalars", "only texts", "its validator"  # notes in the written-out schema
SCALARS: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "number": (int, Decimal),
    "integer": (int,),
    "boolean": (bool,),
    "null": (type(None),),
}
ABOUT_SCALARS = frozenset({"$ref", "enum", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"})
ABOUT_TEXTS = frozenset({"description", "type", "additionalProperties", "minProperties"})


def check_shape(root: Node, problems: Problems, schema: Path = SCHEMA_FILE) -> None:
    """Add a problem for everything in the tree that a schema does not allow and that is not reported yet."""
    reported = {problem.mark for problem in problems.found}
    before = len(problems.found)
    for fault in _validator(schema).iter_errors(root.plain()):
        node = _find(root, fault.absolute_path)
        for place, code, message in _WORDS.get(str(fault.validator), _other)(fault, node):
            if len(problems.found) - before >= MAX_FAULTS:  # asked for each word: one fault may be 200,000 keys
                problems.error(
                    root.mark, "wrong-shape", f"There are more faults than the {MAX_FAULTS} that are listed."
                )
                return
            if place not in reported:
                problems.error(place, code, message)


def definition_schema() -> dict[str, Any]:
    """The published schema, as it stands in the file."""
    schema: dict[str, Any] = json.loads(SCHEMA_FILE.read_text("utf-8"))
    return schema


@cache
def entry_keys() -> frozenset[str]:
    """The keys that an item, a group or the use of a block may have."""
    return frozenset(definition_schema()["$defs"]["entry"]["properties"])


@cache
def _validator(file: Path) -> Any:
    """A validator of a schema with its references written out and short cuts: five times faster."""
    from jsonschema import Draft202012Validator, validators  # noqa: PLC0415 -- see above

    schema: dict[str, Any] = json.loads(file.read_text("utf-8"))
    definitions = schema.pop("$defs")
    written = _write_out(schema, definitions)
    written["$defs"] = {name: _write_out(definitions[name], definitions) for name in {"entries"} & definitions.keys()}
    keywords = {"properties": _properties, "additionalProperties": _additional_properties, "items": _items}
    return validators.extend(Draft202012Validator, keywords)(written)  # type: ignore[no-untyped-call]


def _write_out(schema: Any, definitions: Json) -> Any:
    """A schema with its references replaced by what they name, and the note of what plainly fits it."""
    if not isinstance(schema, dict):
        return schema
    target = schema.get("$ref")
    if target is not None and target != RECURSIVE:
        schema = {**definitions[target.rpartition("/")[2]], **{k: v for k, v in schema.items() if k != "$ref"}}
    written = dict(schema)
    if "properties" in schema:
        written["properties"] = {name: _write_out(part, definitions) for name, part in schema["properties"].items()}
    for keyword in {"additionalProperties", "items"} & schema.keys():
        written[keyword] = _write_out(schema[keyword], definitions)
    return written | {FITTING: _fitting_scalars(written), TEXTS: schema.keys() <= ABOUT_TEXTS and _all_texts(written)}


def _fitting_scalars(schema: Json) -> frozenset[type]:
    """The Python types of scalars that satisfy a schema whatever their value is."""
    if not ABOUT_SCALARS.isdisjoint(schema):
        return frozenset()
    types = schema.get("type", ())
    return frozenset(kind for name in ([types] if isinstance(types, str) else types) for kind in SCALARS.get(name, ()))


def _all_texts(schema: Json) -> bool:
    rest = schema.get("additionalProperties")
    return isinstance(rest, dict) and str in rest[FITTING]


def _plainly_fits(value: Any, schema: Json) -> bool:
    """The two common cases that need no validator: a scalar of the right type, a map of texts."""
    if type(value) is dict:
        return schema[TEXTS] and bool(value) and all(type(text) is str for text in value.values())
    return type(value) in schema[FITTING]


# The keywords of jsonschema, but they pass over what plainly fits.


def _descend(validator: Any, value: Any, schema: Any, step: str | int) -> Iterator[ValidationError]:
    """The faults of a part. jsonschema would make a validator for each value: half the time of the check."""
    own = schema.get(OWN)
    if own is None:
        own = schema[OWN] = validator.evolve(schema=schema)
    for fault in own.iter_errors(value):
        fault.path.appendleft(step)
        yield fault


def _properties(validator: Any, properties: Json, instance: Any, _schema: Json) -> Iterator[ValidationError]:
    if isinstance(instance, dict):
        for name, value in instance.items():
            schema = properties.get(name)
            if schema is not None and not _plainly_fits(value, schema):
                yield from _descend(validator, value, schema, name)


def _additional_properties(validator: Any, rest: Any, instance: Any, schema: Json) -> Iterator[ValidationError]:
    if not isinstance(instance, dict):
        return
    extra = instance.keys() - schema.get("properties", {}).keys()
    if rest is False:
        if extra:
            from jsonschema.exceptions import ValidationError  # noqa: PLC0415 -- see above

            yield ValidationError("unknown keys")
        return
    for name in extra:
        if not _plainly_fits(instance[name], rest):
            yield from _descend(validator, instance[name], rest, name)


def _items(validator: Any, element: Json, instance: Any, _schema: Json) -> Iterator[ValidationError]:
    if isinstance(instance, list):
        for index, value in enumerate(instance):
            if not _plainly_fits(value, element):
                yield from _descend(validator, value, element, index)


def _find(root: Node, path: Iterable[str | int]) -> Node:
    node = root
    for step in path:
        node = node.value[step]
    return node


Worded = Iterator[tuple[Mark, str, str]]


def _unknown_key(fault: ValidationError, node: Node) -> Worded:
    allowed = _schema_of(fault)["properties"]
    for name, child in node.entries.items():
        if name not in allowed:
            guess = nearest(name, allowed)
            listed = f" Allowed: {', '.join(allowed)}." if len(allowed) <= SHOWN or not guess else ""
            yield child.key_mark, "unknown-key", f"The key {name!r} is not known here.{guess}{listed}"


def _missing_key(fault: ValidationError, node: Node) -> Worded:
    for name in _asked(fault):
        if name not in node.entries:
            what = _schema_of(fault)["properties"].get(name, {}).get("description", "")
            yield node.key_mark, "missing-key", f"The key {name!r} is missing here. It holds: {_lower(what)}"


def _wrong_type(fault: ValidationError, node: Node) -> Worded:
    allowed = _asked(fault)
    wanted = " or ".join(TYPE_NAMES[name] for name in allowed)
    remedy = _what(fault)
    if "string" in allowed and node.text is not None:
        remedy = f' Put it in quotes if a text is meant: "{_short(node.raw)}".' + remedy
    elif node.text is not None and allowed == ["boolean"] and node.raw.lower() in SPELLED_TRUTHS:
        remedy = f" Write {SPELLED_TRUTHS[node.raw.lower()]}."
    yield node.mark, "wrong-shape", f"{_found(node)} stands here, where {wanted} is needed.{remedy}"


def _not_allowed(fault: ValidationError, node: Node) -> Worded:
    allowed = [str(value) for value in _asked(fault)]
    guess = nearest(node.raw, allowed)
    yield node.mark, "not-allowed", f"{_found(node)} is not allowed here.{guess} Allowed: {', '.join(allowed)}."


def _count(fault: ValidationError, node: Node) -> Worded:
    most, least = "at most", "at least"
    word = most if str(fault.validator).startswith("max") else least
    number = len(node.value)
    yield (
        node.mark,
        "wrong-count",
        f"{number} {'entry stands' if number == 1 else 'entries stand'} here; {word} {fault.validator_value} must.{_what(fault)}",
    )


def _limit(fault: ValidationError, node: Node) -> Worded:
    word = _LIMITS[str(fault.validator)]
    yield (
        node.mark,
        "out-of-bounds",
        f"{_short(node.raw)} is not allowed here: it must be {word} {fault.validator_value}.{_what(fault)}",
    )


def _other(fault: ValidationError, node: Node) -> Worded:
    yield node.mark, "wrong-shape", f"{_found(node)} is not what is needed here.{_what(fault)}"


_LIMITS = {
    "minimum": "at least",
    "maximum": "at most",
    "exclusiveMinimum": "greater than",
    "exclusiveMaximum": "less than",
}

_WORDS: Mapping[str, Callable[[ValidationError, Node], Worded]] = {
    "additionalProperties": _unknown_key,
    "required": _missing_key,
    "type": _wrong_type,
    "enum": _not_allowed,
    "minItems": _count,
    "maxItems": _count,
    "minProperties": _count,
    "maxProperties": _count,
    "minimum": _limit,
    "maximum": _limit,
    "exclusiveMinimum": _limit,
    "exclusiveMaximum": _limit,
}


def _asked(fault: ValidationError) -> list[Any]:
    """What the keyword of the schema says, as a list."""
    asked: Any = fault.validator_value
    return list(asked) if isinstance(asked, list) else [asked]


def _schema_of(fault: ValidationError) -> Json:
    return fault.schema if isinstance(fault.schema, Mapping) else {}


def _found(node: Node) -> str:
    """What stands there, for the start of a sentence."""
    if isinstance(node.value, dict):
        return "A map of keys"
    if isinstance(node.value, list):
        return "A list"
    if node.value is None:
        return "Nothing"
    return repr(_short(node.raw))


def _short(text: str, length: int = 60) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


def _what(fault: ValidationError) -> str:
    """The schema's own words on what belongs there."""
    words = _schema_of(fault).get("description", "")
    return f" Belongs here: {_lower(words)}" if words else ""


def _lower(words: str) -> str:
    return words[:1].lower() + words[1:] if words[1:2].islower() or words[1:2] == " " else words
