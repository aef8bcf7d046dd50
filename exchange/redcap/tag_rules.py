"""What action tags ask for: values that are offered, choices that are hidden, how many may be chosen, how long a text may be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from engine.datatypes.base import Kind
from engine.expressions.nodes import Apply, Literal, Path
from engine.expressions.printer import expression_text
from exchange.document import Entry, annotate, annotated
from exchange.findings import Finding, Outcome, Part
from exchange.redcap.columns import SYSTEM
from exchange.redcap.defaults import DEFAULTS, all_of, codes_in, place_default
from exchange.redcap.items import Draft
from exchange.redcap.placer import TAGS, Placer, texts_of
from exchange.redcap.tags import MAX_ANNOTATION, Conditional
from exchange.rules import logic
from exchange.rules.meaning import Meaning, texts
from exchange.rules.translate import Translator, number_in

# Tags that change how a field looks or is entered: beginning of their name -> what is otherwise here. The longest that fits counts.
_SHOWN: Mapping[str, str] = {
    **{
        f"{name}-{where}": f"The field {what} {place} there; {here}."
        for name, what, here in (
            ("HIDDEN", "is hidden", "here it is shown"),
            ("READONLY", "cannot be changed", "here it can be changed"),
        )
        for where, place in (
            ("SURVEY", "in surveys"),
            ("FORM", "in forms that staff fill in"),
            ("APP", "in the mobile app"),
            ("PDF", "in PDF files"),
        )
    },
    "HIDDEN": "The field is hidden there; here it is shown.",
    "READONLY": "The field cannot be changed there; here it can.",
    "USERNAME": "Who filled in the form is known from its history; the field is not filled by itself.",
}
_RULES = frozenset(
    [*DEFAULTS, "CALCTEXT", "CALCDATE", "HIDECHOICE", "SHOWCHOICE", "NONEOFTHEABOVE", "MAXCHECKED", "CHARLIMIT"]
)
_NO_SUCH_CODE = "There is no such code: the tag does nothing."


def place_tags(placer: Placer, draft: Draft, form: Entry) -> None:
    """All tags but calculations. What has no counterpart stays in the annotation, with the free text."""
    place_default(placer, draft)
    _offered_choices(placer, draft)
    for each in draft.tagged("NONEOFTHEABOVE"):
        _alone(placer, draft, each)
    for each in draft.tagged("MAXCHECKED"):
        _at_most(placer, draft, form, each)
    for each in draft.tagged("CHARLIMIT"):
        _length(placer, draft, each)
    _others(placer, draft)
    if draft.free:
        before = annotated(draft.entry, SYSTEM).get(TAGS)
        kept = dict.fromkeys([*([before] if before else []), *draft.free])
        annotate(draft.entry, SYSTEM, TAGS, "\n".join(kept)[:MAX_ANNOTATION])


def _offered_choices(placer: Placer, draft: Draft) -> None:
    """`@HIDECHOICE`, `@SHOWCHOICE` -> `only`."""
    alternatives = draft.tagged("HIDECHOICE", "SHOWCHOICE")
    if not alternatives:
        return
    named = [each for each in alternatives if _codes(draft, each.tag.value)]
    if not named:
        placer.told(draft, texts_of(alternatives), Outcome.APPROXIMATED, _NO_SUCH_CODE)
        draft.free.append(texts_of(alternatives))
        return

    def make(translator: Translator, _doubts: list[str]) -> str:
        parts = [_narrowed(translator, draft, each) for each in named]
        return expression_text(logic.conjunction(parts).node)

    placer.rule(draft, "only", TAGS, texts_of(alternatives), make)


def _codes(draft: Draft, text: str) -> list[str]:
    """Those of a list of codes that the field has."""
    return [code for code in codes_in(draft, text) if code in draft.choices.labels]


def _narrowed(translator: Translator, draft: Draft, each: Conditional) -> Meaning:
    codes, shown = _codes(draft, each.tag.value), each.tag.name == "SHOWCHOICE"
    code = Path(("code",), 0)
    if len(codes) == 1:
        narrowed = Meaning(Apply("=" if shown else "!=", (code, Literal(codes[0], 0)), 0), Kind.BOOLEAN)
    else:
        among = Meaning(Apply("in", (code, texts(codes)), 0), Kind.BOOLEAN)
        narrowed = among if shown else logic.negation(among)
    if not each.conditions:
        return narrowed
    applies = translator.truth(all_of(each.conditions))
    return logic.disjunction([logic.negation(applies), narrowed])


def _alone(placer: Placer, draft: Draft, each: Conditional) -> None:
    """`@NONEOFTHEABOVE` -> exclusive codes; the list is made of them later."""
    codes = _codes(draft, each.tag.value or each.tag.inside)
    if not codes or draft.kind is not Kind.CODES or each.conditions:
        placer.refuse(draft, [each], "There is no such code, or it stands alone under a condition only.")
        return
    draft.exclusive.update(codes)
    placer.told(draft, each.text)


def _at_most(placer: Placer, draft: Draft, form: Entry, each: Conditional) -> None:
    """`@MAXCHECKED=3` -> a check of the form."""
    number = number_in(each.tag.value)
    if draft.kind is not Kind.CODES or number is None or each.conditions:
        placer.refuse(draft, [each], "It is no number of boxes of a multiple choice.")
        return
    parts = {"id": f"{draft.id}_at_most", "assert": f"count(each in {draft.id}) <= {number}"}
    message = {"en": f"At most {number} may be chosen.", "pl": f"Można zaznaczyć najwyżej {number}."}
    placer.check(draft, form, name=TAGS, found=each.text, parts=parts, message=message)


def _length(placer: Placer, draft: Draft, each: Conditional) -> None:
    number = number_in(each.tag.value)
    if draft.kind is not Kind.TEXT or number is None or number < 1 or each.conditions:
        placer.refuse(draft, [each], "It is no number of characters of a text.")
        return
    draft.entry["length"] = int(number)
    placer.told(draft, each.text)


def _others(placer: Placer, draft: Draft) -> None:
    """Tags that change how a field looks, and those that are not known; of an @IF that holds such ones alone, it all."""
    bounded = "range" in draft.entry
    others = [
        each for each in draft.tags if each.tag.name not in _RULES and not (bounded and each.tag.name == "FORCE-MINMAX")
    ]
    translated = {each.text for each in draft.tags if each.tag.name in _RULES}
    for text, parts in _by_text(others).items():
        reason = _reason(parts[0])
        if parts[0].conditions and text not in translated:
            placer.refuse(draft, parts, reason)
            continue
        outcome = Outcome.APPROXIMATED if parts[0].tag.name.startswith(tuple(_SHOWN)) else Outcome.DROPPED
        placer.placing.findings.append(Finding(draft.row.where, Part.LAYOUT, outcome, reason, text))
        draft.free.extend(_alone_in_if(each) for each in parts)


def _alone_in_if(each: Conditional) -> str:
    """The tag with its conditions, without what else stood within the same @IF."""
    made = each.tag.text
    for condition, holds in reversed(each.conditions):
        made = f"@IF({condition}, {made}, '')" if holds else f"@IF({condition}, '', {made})"
    return made


def _by_text(parts: Sequence[Conditional]) -> dict[str, list[Conditional]]:
    found: dict[str, list[Conditional]] = {}
    for each in parts:
        found.setdefault(each.text, []).append(each)
    return found


def _reason(each: Conditional) -> str:
    if each.tag.name == "IF":
        return "The @IF holds no tags, or a bracket or quote is missing."
    fitting = [start for start in _SHOWN if each.tag.name.startswith(start)]
    return _SHOWN[max(fitting, key=len)] if fitting else f"@{each.tag.name} has no counterpart."
