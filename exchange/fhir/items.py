"""Questions -> items of ours: type, texts, choices, units, limits that are constants."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from engine.datatypes import DATATYPES
from engine.expressions.printer import expression_text
from exchange.document import Entry, annotate
from exchange.fhir.choices import SYSTEMS
from exchange.fhir.converting import per_unit
from exchange.fhir.draft import SYSTEM, Draft, displayed
from exchange.fhir.extensions import as_text, controls, first, named, value
from exchange.fhir.nodes import Choices, Node, decimal, truth
from exchange.fhir.resources import Json, maps
from exchange.fhir.texts import marked, marks
from exchange.fhir.wording import whole
from exchange.findings import Part
from exchange.plain_text import plain_text
from exchange.rules.meaning import Untranslatable
from exchange.rules.moments import constant_day, constant_moment

DECIMALS = (
    6  # where the form does not say: FHIR wants 18 digits of decimals to be kept, and sets no number behind the point
)

TYPES: Mapping[str, str] = {
    "boolean": "boolean",
    "decimal": "decimal",
    "integer": "integer",
    "date": "date",
    "dateTime": "datetime",
    "instant": "datetime",
    "time": "time",
    "string": "text",
    "text": "long_text",
    "url": "text",
    "uri": "text",
    "attachment": "file",
    "quantity": "decimal",
    "reference": "text",
    "question": "text",
}
_APPROXIMATE: Mapping[str, str] = {
    "reference": "A reference to a resource is entered as text.",
    "url": "An address is entered as text, and whether it is one is not judged.",
    "uri": "An address is entered as text, and whether it is one is not judged.",
}

# What is read here or by rules; all other extensions are kept as annotations.
KNOWN = frozenset((
    "translation", "unit", "unitOption", "entryFormat", "maxDecimalPlaces", "regex", "minValue", "maxValue",
    "minLength", "minOccurs", "maxOccurs", "mimeType", "maxSize", "openLabel", "calculatedExpression",
    "initialExpression", "enableWhenExpression", "answerOptionsToggleExpression", "constraint", "targetConstraint",
    "minQuantity", "maxQuantity", "sdc-questionnaire-unit",
))  # fmt: skip
_KEPT_TYPES = frozenset(["quantity", "url", "uri", "reference"])  # that ours do not tell
_HELPING: Mapping[str, str] = {
    "help": "help",
    "legal": "help",
    "flyover": "help",
    "instructions": "hint",
    "inline": "hint",
    "prompt": "hint",
    "lower": "hint",
    "upper": "hint",
}


def question(draft: Draft, node: Node, groups: tuple[str, ...], *, several: bool) -> list[Entry]:
    """The entries of a question: itself and, where answers in own words are allowed, a text for those."""
    entry: Entry = {}
    draft.name(node, entry)
    open_too = node.type == "open-choice"
    choices = _choices(draft, node, entry, several=several) if node.type in ("choice", "open-choice") else None
    entry.setdefault("type", TYPES.get(node.type, "text"))
    _unit(draft, node, entry)
    _texts(draft, node, entry)
    if truth(node.item.get("required")):
        entry["required"] = True
    for key, read in _OF_TYPES.items():
        if key in DATATYPES[entry["type"]].options:
            read(draft, node, entry)
        elif key == "pattern" and isinstance(first(node.item, "regex"), str):
            reason = f"Only texts have a pattern, and it is a field of the type {entry['type']} here."
            found = str(first(node.item, "regex"))
            draft.placing.untranslated(entry, name="regex", found=found, where=draft.where(node), reason=reason)
    _standard(node, entry)
    draft.know(node, entry, groups, choices)
    draft.keep(node, entry, ("prefix", "definition", "disabledDisplay"))
    if not named(node.item, "calculatedExpression"):
        draft.keep(node, entry, ("readOnly",))
    if node.type in _KEPT_TYPES and entry["type"] != "quantity":
        annotate(entry, SYSTEM, "type", node.type)
    draft.keep_extensions(draft.where(node), node.item, entry, KNOWN)
    _tell(draft, node, entry)
    return [entry, _own_words(draft, node, entry)] if open_too and choices is not None else [entry]


def _tell(draft: Draft, node: Node, entry: Entry) -> None:
    where, reasons = draft.where(node), []
    if node.type not in TYPES and node.type not in ("choice", "open-choice"):
        reasons.append(f"The type {node.type} is not known; it is entered as text.")
    reasons.extend(reason for type_, reason in _APPROXIMATE.items() if type_ == node.type)
    if first(node.item, "hidden") is True:
        reasons.append("It is hidden there and shown here.")
    if truth(node.item.get("readOnly")) and not named(node.item, "calculatedExpression"):
        reasons.append("It is only read there and can be filled in here.")
    if "codelist" not in entry and node.type in ("choice", "open-choice"):
        reasons.append("The choices are not in the file, so that it is entered as text.")
    if reasons:
        draft.placing.approximated(where, Part.ITEM, " ".join(reasons), node.type)
    else:
        draft.placing.kept(where, Part.ITEM)


# choices ----------------------------------------------------------------------------------------------------------


def _choices(draft: Draft, node: Node, entry: Entry, *, several: bool) -> Choices | None:
    where = draft.where(node)
    open_too = node.type == "open-choice"
    choices = draft.lists.of(node, str(entry["id"]), open_too=open_too)
    if open_too:
        annotate(entry, SYSTEM, "type", node.type)
    if choices is not None:
        entry.update(type="codes" if several else "code", codelist=choices.codelist)
        if open_too:
            draft.placing.approximated(
                where, Part.CHOICES, "An answer in own words is a choice of its own, with a text beside it."
            )
        else:
            draft.placing.kept(where, Part.CHOICES)
        return choices
    url = node.item.get("answerValueSet")
    if isinstance(url, str) and url and not url.startswith("#") and not open_too:
        entry.update(type="codes" if several else "code", codelist=draft.lists.external(node))
        reason = (
            "The value set is not in the file: it is a dictionary here, and any code is accepted until that is loaded."
        )
        draft.placing.approximated(where, Part.CHOICES, reason, url)
        return None
    if url or named(node.item, "answerExpression"):
        found = as_text(url) if url else as_text(first(node.item, "answerExpression"))
        draft.keep(node, entry, ("answerValueSet",))
        draft.placing.dropped(where, Part.CHOICES, "The choices are not in the file.", found)
    annotate(entry, SYSTEM, "type", "open-choice" if open_too else "choice")
    return None


def _own_words(draft: Draft, node: Node, entry: Entry) -> Entry:
    code = list(draft.lists.codelists[entry["codelist"]]["codes"])[-1]
    id_ = draft.ids.make(f"{entry['id']}_{code}")
    when = f"'{code}' in {entry['id']}" if entry["type"] == "codes" else f"{entry['id']} = '{code}'"
    label = draft.lists.codelists[entry["codelist"]]["codes"][code]
    made: Entry = {
        "id": id_,
        "type": "text",
        "label": {language: label[language] for language in draft.texts.languages},
        "when": when,
    }
    annotate(made, SYSTEM, "open-choice", node.link)
    return made


# texts ------------------------------------------------------------------------------------------------------------


def _texts(draft: Draft, node: Node, entry: Entry) -> None:
    item = node.item
    prefix = item.get("prefix")
    before = plain_text(prefix) if isinstance(prefix, str) and not str(item.get("text", "")).startswith(prefix) else ""
    label = draft.texts.of(item, "text", before, otherwise=plain_text(displayed(item)))
    if label:
        entry["label"] = label
    elif before:
        entry["label"] = draft.texts.same(before)
    if marked(item, "text"):
        annotate(entry, SYSTEM, "_text", as_text(marks(item, "text")))
        draft.placing.approximated(draft.where(node), Part.TEXT, "Marks such as bold type and colours are lost.")
    for one in named(item, "entryFormat")[:1]:
        hint = draft.texts.of(one, "valueString")
        if hint:
            entry["hint"] = hint


def helps(draft: Draft, parent: Node, node: Node) -> bool:
    """Put a display item that explains its question there; False where it is an item of its own."""
    keys = {key for control, key in _HELPING.items() if control in controls(node.item)}
    entry = draft.entries.get(parent)
    text = draft.texts.of(node.item, "text")
    if entry is None or not text or "enableWhen" in node.item or named(node.item, "enableWhenExpression"):
        return False
    if "unit" in controls(node.item) and "unit" in DATATYPES[entry["type"]].options and "unit" not in entry:
        entry["unit"] = str(node.item["text"]).strip()
    elif not keys:
        return False
    else:
        key = min(keys)
        before = entry.get(key)
        entry[key] = {lang: f"{before[lang]}\n{new}" for lang, new in text.items()} if before else text
    draft.placing.kept(draft.where(node), Part.ITEM)
    return True


def shown(draft: Draft, node: Node, type_: str = "note") -> Entry | None:
    """The entry of a display item, or of the title of a group; None where it has no text."""
    label = draft.texts.of(node.item, "text", str(node.item.get("prefix", "")))
    where = draft.where(node)
    if not label:
        draft.placing.dropped(where, Part.ITEM, "It shows nothing.")
        return None
    entry: Entry = {}
    draft.name(node, entry)
    entry.update(type=type_, label=label)
    draft.keep(node, entry, ("prefix", "code"))
    draft.keep_extensions(where, node.item, entry, KNOWN)
    if marked(node.item, "text"):
        annotate(entry, SYSTEM, "_text", as_text(marks(node.item, "text")))
        draft.placing.approximated(where, Part.TEXT, "Marks such as bold type and colours are lost.")
    draft.placing.kept(where, Part.ITEM)
    return entry


def _standard(node: Node, entry: Entry) -> None:
    for coding in maps(node.item.get("code")):
        system, code = str(coding.get("system", "")), coding.get("code")
        name = SYSTEMS.get(system, system)
        if code is None or not name or name in entry.get("standard", {}):
            annotate(entry, SYSTEM, "code", as_text(node.item["code"]))
        else:
            entry.setdefault("standard", {})[name] = str(code)


# units, limits ----------------------------------------------------------------------------------------------------


def _coding_text(coding: Any) -> str:
    if not isinstance(coding, dict):
        return str(coding or "")
    return str(coding.get("code") or coding.get("display") or "")


def _unit(draft: Draft, node: Node, entry: Entry) -> None:
    """One unit, or several where it is known how many of one are one of another."""
    if "unit" not in DATATYPES[entry["type"]].options:
        return
    units = [_coding_text(value(one)) for one in named(node.item, "unitOption")]
    alone = _coding_text(first(node.item, "unit"))
    initial = next((one.get("valueQuantity") for one in maps(node.item.get("initial"))), None)
    if not units and not alone and isinstance(initial, dict):
        alone = str(initial.get("code") or initial.get("unit") or "")
    units = list(dict.fromkeys(unit for unit in ([alone] if alone else []) + units if unit))
    if not units:
        return
    stored, *others = units
    factors = {other: per_unit(stored, other) for other in others}
    if others and all(factor is not None for factor in factors.values()):
        also = {
            other: {"per_store": round(factor, 9).normalize()}
            for other, factor in factors.items()
            if factor is not None
        }
        entry.update(type="quantity", unit={"store": stored, "also": also})
    else:
        entry["unit"] = stored
        if others:
            draft.placing.approximated(
                draft.where(node), Part.OTHER, "Only the first unit is offered.", ", ".join(others)
            )
    if others:
        annotate(entry, SYSTEM, "unitOption", as_text([value(one) for one in named(node.item, "unitOption")]))


def _decimals(_draft: Draft, node: Node, entry: Entry) -> None:
    found = first(node.item, "maxDecimalPlaces")
    entry["decimals"] = min(int(found), 20) if str(found).isdigit() else DECIMALS


def _length(_draft: Draft, node: Node, entry: Entry) -> None:
    found = node.item.get("maxLength")
    if str(found).isdigit() and int(str(found)) > 0:
        entry["length"] = int(str(found))


def _pattern(draft: Draft, node: Node, entry: Entry) -> None:
    """A pattern of the whole text. It is no hint: nobody reads it."""
    found = first(node.item, "regex")
    if not isinstance(found, str):
        return
    where = draft.where(node)
    try:
        entry["pattern"] = whole(found, full=True)
    except Untranslatable as fault:
        draft.placing.untranslated(entry, name="regex", found=found, where=where, reason=fault.reason)
    else:
        draft.placing.kept(where, Part.RULE)


def _media(_draft: Draft, node: Node, entry: Entry) -> None:
    media = [str(value(one)) for one in named(node.item, "mimeType")]
    if media:
        entry["media"] = media


def _max_size(_draft: Draft, node: Node, entry: Entry) -> None:
    """In megabytes."""
    number = decimal(first(node.item, "maxSize"))
    if number is not None and number > 0:
        entry["max_size"] = min(int(number * 1_000_000), 10_485_760)


def _range(draft: Draft, node: Node, entry: Entry) -> None:
    """Limits that are constants; those that are expressions are rules."""
    bounds = [_bound(entry["type"], node.item, name) for name in ("minValue", "maxValue")]
    bounds = [
        found if found is not None else _bound(entry["type"], node.item, name)
        for found, name in zip(bounds, ("minQuantity", "maxQuantity"), strict=True)
    ]
    if any(bound is not None for bound in bounds):
        entry["range"] = {"hard": bounds}
        for bound in bounds:
            if bound is not None:
                draft.placing.kept(draft.where(node), Part.RULE)


def _bound(type_: str, item: Json, name: str) -> int | Decimal | str | None:
    found = first(item, name)
    if isinstance(found, dict):
        found = found.get("value")
    if type_ in ("date", "datetime", "time") and isinstance(found, str):
        try:
            limit = constant_day(found) if type_ == "date" else constant_moment(found, [])
        except Untranslatable:
            return None
        return expression_text(limit.node) if type_ in (limit.kind.value, "datetime") else None
    number = decimal(found)
    if number is None:
        return None
    return int(number) if number == number.to_integral_value() else number.normalize()


_OF_TYPES: Mapping[str, Callable[[Draft, Node, Entry], None]] = {
    "decimals": _decimals,
    "max_length": _length,
    "pattern": _pattern,
    "media_types": _media,
    "max_bytes": _max_size,
    "range": _range,
}
