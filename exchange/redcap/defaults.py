"""Values that a field is filled with: `@DEFAULT`, `@SETVALUE`, `@TODAY`, `@NOW`, also within `@IF`."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from engine.datatypes.base import Kind
from engine.expressions.nodes import Apply, Call, Literal, Path, Syntax
from exchange.redcap.items import Draft
from exchange.redcap.logic import FIELD, MODIFIER, parse_logic, reference
from exchange.redcap.placer import TAGS, Placer, texts_of
from exchange.redcap.tags import Conditional
from exchange.rules.meaning import Untranslatable
from exchange.rules.translate import Translator

_SETTING = ("SETVALUE", "PREFILL")
_MOMENTS: Mapping[str, str] = {
    f"{word}{place}": word.lower() for word in ("TODAY", "NOW") for place in ("", "-SERVER", "-UTC")
}
DEFAULTS = ("DEFAULT", *_SETTING, *_MOMENTS)

_PIPE = re.compile(r"((?:\[[^\[\]]*\])+)")
_NO_DEFAULT: Mapping[Kind, str] = {
    Kind.CODES: "A field with several choices takes no default here.",
    Kind.FILE: "A file takes no default.",
    Kind.NOTHING: "A text that is only shown takes no default.",
}
_EVERY_TIME = "REDCap sets the value whenever the form is opened; here it is offered while the field is empty."


def place_default(placer: Placer, draft: Draft) -> None:
    """The first alternative that applies becomes `default`."""
    alternatives = draft.tagged(*DEFAULTS)
    if not alternatives:
        return
    if "calculate" in draft.entry:
        placer.refuse(draft, alternatives, "The value is calculated, so that none is offered.")
        return

    def make(translator: Translator, doubts: list[str]) -> str:
        if any(each.tag.name in _SETTING for each in alternatives):
            doubts.append(_EVERY_TIME)
        return translator.value(_offered(placer, draft, alternatives), draft.kind)

    placer.rule(draft, "default", TAGS, texts_of(alternatives), make)


def all_of(conditions: Sequence[tuple[str, bool]]) -> Syntax:
    """Conditions of @IF around a tag, as one."""
    trees = [parse_logic(text) if holds else Apply("not", (parse_logic(text),), 0) for text, holds in conditions]
    return trees[0] if len(trees) == 1 else Apply("and", tuple(trees), 0)


def codes_in(draft: Draft, text: str) -> list[str]:
    """Codes of ours out of a list of REDCap's."""
    return [draft.choices.spellings.get(code.strip(), code.strip()) for code in text.split(",")]


def _offered(placer: Placer, draft: Draft, alternatives: Sequence[Conditional]) -> Syntax:
    """The alternatives as one expression. That an earlier one does not apply need not be asked again."""
    made: Syntax = Literal("", 0)
    for index, each in reversed(list(enumerate(alternatives))):
        asked = {condition for earlier in alternatives[:index] for condition, holds in earlier.conditions if holds}
        conditions = [part for part in each.conditions if part[1] or part[0] not in asked]
        value = _value(placer, draft, each)
        made = Call("if", (all_of(conditions), value, made), 0) if conditions else value
    return made


def _value(placer: Placer, draft: Draft, each: Conditional) -> Syntax:
    """What a tag offers: a moment, a constant of the item's kind, a field, or a text with fields in it."""
    if each.tag.name in _MOMENTS and "pattern" in draft.entry:
        raise Untranslatable("The present moment as a text is not of the shape that the field asks for.")
    if each.tag.name in _MOMENTS:
        return Call(_MOMENTS[each.tag.name], (), 0)
    parts = [part for part in _PIPE.split(each.tag.value) if part]
    if not any(part.startswith("[") for part in parts):
        return _constant(draft, each.tag.value)
    trees = [_piped(placer, draft, part) if part.startswith("[") else Literal(part, 0) for part in parts]
    return trees[0] if len(trees) == 1 else Call("concat", tuple(trees), 0)


def _piped(placer: Placer, draft: Draft, text: str) -> Syntax:
    """A field whose value is offered; in a text a choice stands in words."""
    path = reference(text)
    known = placer.references.fields.get(path.parts[FIELD])
    if known is not None and known.field.kind is Kind.CODE and draft.kind is Kind.TEXT and not path.parts[MODIFIER]:
        return Path((*path.parts[:MODIFIER], "label"), 0)
    return path


def _constant(draft: Draft, text: str) -> Syntax:
    """A constant as the item takes it."""
    match draft.kind:
        case Kind.BOOLEAN:
            if text.strip() not in ("0", "1"):
                raise Untranslatable(f"'{text[:40]}' is neither yes (1) nor no (0).")
            return Literal(text.strip() == "1", 0)
        case Kind.CODE:
            code = codes_in(draft, text)[0]
            if code not in draft.choices.labels:
                raise Untranslatable(f"'{text[:40]}' is none of the field's codes.")
            return Literal(code, 0)
        case Kind.NUMBER:
            return Literal(text.replace(",", "."), 0)
        case Kind.TEXT | Kind.DATE | Kind.DATETIME | Kind.TIME:
            return Literal(text, 0)
    raise Untranslatable(_NO_DEFAULT.get(draft.kind, "A field of this type takes no default here."))
