"""Translates the rules of a file once all its names are known, and puts them where they belong."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from engine.datatypes import DATATYPES
from engine.datatypes.base import Kind
from engine.definitions.source import number_of
from engine.expressions.nodes import Apply, Call, Literal, Path, Syntax, walk
from engine.expressions.parser import ExpressionFault, parse
from engine.expressions.printer import expression_text
from exchange.document import Entry, Field, Rule, annotate
from exchange.odm.dialects import OWN as OWN_LANGUAGE
from exchange.odm.dialects import Language, language_of, plain_names
from exchange.odm.draft import SYSTEM, Draft, Spot, Stated
from exchange.odm.expressions import Names
from exchange.rules.meaning import Untranslatable
from exchange.rules.translate import Translator

_EXACT = frozenset(
    {"round", "floor", "ceil", "number", "abs", "if", "min", "max", "attr", "length", "count", "coalesce", "row_index"}
)
_UNCOUNTED = frozenset({Kind.REFERENCE, Kind.FILE, Kind.NOTHING})
_HIDES = re.compile(r"\((.*)\) is not true", re.DOTALL)  # as our own files say when something is not collected
_PRESENT = frozenset({"today", "now"})


@dataclass(slots=True)
class Index:
    """The items by what rules may call them: OID, Name, or either in other letters."""

    draft: Draft
    by_oid: dict[str, list[Spot]] = field(default_factory=dict)
    by_name: dict[str, list[Spot]] = field(default_factory=dict)
    by_entry: dict[int, Spot] = field(default_factory=dict)
    names: Names = field(init=False)

    def __post_init__(self) -> None:
        for spot in self.draft.spots:
            self.by_oid.setdefault(spot.oid, []).append(spot)
            self.by_entry[id(spot.entry)] = spot
            for name in {spot.name, spot.oid.lower(), spot.name.lower()}:
                self.by_name.setdefault(name, []).append(spot)
        source = self.draft.source
        items = {*self.by_oid, *(spot.name for spot in self.draft.spots if spot.name and " " not in spot.name)}
        self.names = Names(frozenset(items), frozenset({*source.groups, *source.forms, *source.events}))

    def spot(self, path: Path, stated: Stated) -> Spot:
        """The item that is meant in the place of a rule: the nearest of its name.

        Raises:
            Untranslatable: there is none, it stands in other rows, or several forms have one.
        """
        if path.parts == ("",):
            return self.by_entry[id(stated.own)]
        *holders, name = path.parts
        found = self.by_oid.get(name) or self.by_name.get(name) or self.by_name.get(name.lower()) or []
        found = [spot for spot in found if all(self._in(spot, holder) for holder in holders)]
        if not found:
            raise Untranslatable(f"There is no item {name} in the file.")
        near = [spot for spot in found if spot.place.form == stated.place.form]
        within = [spot for spot in near or found if spot.place.groups == stated.place.groups[: len(spot.place.groups)]]
        if not within:
            raise Untranslatable(f"The item {name} stands in rows that repeat, so that it has no single value here.")
        best = max(within, key=lambda spot: _shared(spot.place.oids, stated.place.oids))
        if not near and len({spot.place.form for spot in within}) > 1:
            raise Untranslatable(f"Several forms have an item {name}, and nothing says which is meant.")
        return best

    def _in(self, spot: Spot, holder: str) -> bool:
        if holder in self.draft.source.events:
            return True
        return (
            holder in spot.place.oids or holder == spot.place.form_oid or spot.place.form_oid.startswith(f"{holder}_")
        )

    def field(self, path: Path, stated: Stated) -> Field:
        """What an item is to a rule."""
        spot = self.spot(path, stated)
        entry, kind = spot.entry, DATATYPES[spot.entry["type"]].kind
        if kind is Kind.NOTHING:
            raise Untranslatable(f"{spot.oid} holds no value.")
        codes = self.draft.document.get("codelists", {}).get(entry.get("codelist"), {}).get("codes", {})
        values = {code: number_of(code) for code in codes}
        values |= {code: number_of(value) for value, code in spot.codes.items()}
        here = spot.place.form == stated.place.form
        event = next((self.draft.events[holder] for holder in path.parts[:-1] if holder in self.draft.events), None)
        steps = (entry["id"],) if here else (spot.place.form, entry["id"])
        if event is not None and not here and self.draft.document["forms"][spot.place.form].get("per") == "event":
            steps = (event, *steps)
        return Field(steps, kind, spot.place.form, spot.place.groups, values, spot.codes)


def _shared(some: tuple[str, ...], others: tuple[str, ...]) -> int:
    return len(set(some) & set(others))


# translation ------------------------------------------------------------------------------------------------------


def translate_rules(draft: Draft) -> None:
    """All rules that wait, each where it belongs or kept verbatim."""
    index = Index(draft)
    valued: dict[tuple[str, ...], Field] = {}
    for stated in draft.rules:
        if stated.key == "assert":
            _check(index, stated, valued)
        else:
            _rule(index, stated, valued)
    _number_codes(draft, valued)


def _rule(index: Index, stated: Stated, valued: dict[tuple[str, ...], Field]) -> None:
    """A condition or calculation of a part; conditions that meet at one part hold together."""
    part, key, before = stated.part, stated.key, stated.part.get(stated.key)
    doubts: list[str] = []
    context, found = _chosen(stated)
    name = f"{stated.name} {context}".strip()
    made = index.draft.placing.rule(
        part,
        key,
        name=name,
        found=found,
        where=stated.where,
        translate=lambda: _translated(index, stated, valued, doubts),
        doubts=doubts,
    )
    if made and before is not None:
        both = Apply("and", (parse(before), parse(part[key])), 0)
        part[key] = Rule(expression_text(_flat(both)), system=SYSTEM, name=name, found=found, where=stated.where)
    if made and key == "calculate":
        _calculated(part)
    if not made:
        for other, text in stated.spoken:
            annotate(part, SYSTEM, f"{stated.name} {other}".strip(), text)


def _flat(node: Apply) -> Syntax:
    parts: list[Syntax] = []
    for arg in node.args:
        for single in arg.args if isinstance(arg, Apply) and arg.op == "and" else (arg,):
            if single not in parts:
                parts.append(single)
    return parts[0] if len(parts) == 1 else Apply("and", tuple(parts), 0)


def _calculated(part: Entry) -> None:
    """What is calculated is not entered, so nobody must; what uses the present time is live."""
    if part.pop("required", False):
        annotate(part, SYSTEM, "ItemRef.Mandatory", "Yes")
    part.pop("default", None)
    if any(isinstance(node, Call) and node.name in _PRESENT for node in walk(parse(part["calculate"]))):
        part["live"] = True


def _check(index: Index, stated: Stated, valued: dict[tuple[str, ...], Field]) -> None:
    """A check of the form; what cannot be translated stays at the item."""
    draft, check, own = index.draft, stated.part, stated.own
    assert own is not None
    context, found = _chosen(stated)
    name = f"{stated.name} {context or stated.words}".strip()
    doubts: list[str] = []
    if not draft.placing.rule(
        check,
        "assert",
        name=name,
        found=found,
        where=stated.where,
        translate=lambda: _translated(index, stated, valued, doubts),
        doubts=doubts,
    ):
        for system, texts in check.get("annotations", {}).items():
            for label, text in texts.items():
                annotate(own, system, label, text)
        return
    check["id"] = draft.checks.make(f"{own['id']}_check", "check")
    draft.document["forms"][stated.place.form].setdefault("checks", []).append(check)


def _chosen(stated: Stated) -> tuple[str, str]:
    """The context and text of the expression that is told: the first that can be read, else the words."""
    return next(iter(_by_preference(stated.spoken)), ("", stated.words))


def _by_preference(spoken: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    return sorted(spoken, key=lambda pair: pair[0].strip().lower() != OWN_LANGUAGE)


def _translated(index: Index, stated: Stated, valued: dict[tuple[str, ...], Field], doubts: list[str]) -> str:
    """The rule in our language: the first expression that can be translated, the comparison before it. `doubts` gathers its own."""
    reasons: list[str] = []
    for attempt in _attempts(index, stated, valued, doubts):
        doubts.clear()
        try:
            return _in_event(index, stated, attempt())
        except Untranslatable as fault:
            reasons.append(fault.reason)
    raise Untranslatable(reasons[0] if reasons else "The file says in words alone, or not at all, what the rule is.")


def _in_event(index: Index, stated: Stated, text: str) -> str:
    """A condition that one event alone puts on a form holds in the others whatever was answered."""
    if not stated.event:
        return text
    named = Literal(index.draft.events.get(stated.event, ""), 0)
    elsewhere = Apply("not", (Call("event_is", (named,), 0),), 0)
    return expression_text(Apply("or", (elsewhere, parse(text)), 0))


def _attempts(
    index: Index, stated: Stated, valued: dict[tuple[str, ...], Field], doubts: list[str]
) -> Iterator[Callable[[], str]]:
    tree = stated.tree
    if tree is not None:
        yield lambda: _in_our_words(index, stated, language_of(""), tree, valued, doubts)
    for context, text in _by_preference(stated.spoken):
        if context.strip().lower() == OWN_LANGUAGE:
            yield lambda text=text: _own_words(stated, text)  # type: ignore[misc]
        else:
            language = language_of(context)
            yield lambda text=text, language=language: _in_our_words(  # type: ignore[misc]
                index, stated, language, language.read(text, index.names), valued, doubts
            )


def _own_words(stated: Stated, text: str) -> str:
    """An expression that is ours already; what hides is turned round."""
    try:
        node = parse(text)
    except ExpressionFault as fault:
        raise Untranslatable(fault.message) from None
    if not stated.hides:
        return text
    shown = _HIDES.fullmatch(text)
    if shown is not None and _can_be_read(shown[1]):
        return shown[1]
    match node:
        case Apply("not", (Apply("is", (inner, Literal("true")), _),), _):
            return expression_text(inner)
    return expression_text(Apply("not", (Apply("is", (node, Literal("true", 0)), 0),), 0))


def _can_be_read(text: str) -> bool:
    try:
        parse(text)
    except ExpressionFault:
        return False
    return True


def _in_our_words(
    index: Index,
    stated: Stated,
    language: Language,
    node: Syntax,
    valued: dict[tuple[str, ...], Field],
    doubts: list[str],
) -> str:
    translator = Translator(language.dialect, lambda path: index.field(path, stated), valued, reservations=doubts)
    if stated.key == "calculate":
        return _value(stated, language, translator, node)
    asked = Call("filled", (node,), 0) if isinstance(node, Path) and language.paths_ask else node
    if stated.hides:
        asked = plain_names(Apply("not", (asked,), 0))
    if stated.key == "assert":
        return _by_row(translator.assertion(asked, stated.own["id"] if stated.own is not None else ""), stated)
    if stated.key == "default":
        return translator.value(asked, DATATYPES[stated.part["type"]].kind)
    return translator.condition(asked)


def _value(stated: Stated, language: Language, translator: Translator, node: Syntax) -> str:
    part = stated.part
    kind = DATATYPES[part["type"]].kind
    if kind in _UNCOUNTED:
        raise Untranslatable(f"Nothing can be calculated for an item of the type {part['type']}.")
    text = translator.value(node, kind)
    if kind is not Kind.NUMBER or not _may_be_long(parse(text)):
        return text
    digits = [number for number in (part.get("decimals", 0), language.rounds) if number is not None]
    return f"round({text}, {min(digits)})" if min(digits) else f"round({text})"


def _may_be_long(node: Syntax) -> bool:
    """Whether a number may have more digits than its parts."""
    if isinstance(node, Call) and node.name in ("round", "floor", "ceil"):
        return False
    return any(
        (isinstance(part, Apply) and part.op in ("/", "^", "*")) or (isinstance(part, Call) and part.name not in _EXACT)
        for part in walk(node)
    )


def _by_row(text: str, stated: Stated) -> str:
    """A check of what stands in rows is judged row by row."""
    groups = stated.place.groups
    if stated.key != "assert" or not groups or text.startswith("all("):
        return text
    return f"all({groups[-1]} where {text})"


def _number_codes(draft: Draft, valued: Mapping[tuple[str, ...], Field]) -> None:
    """Give codes that rules calculate with their number, as an attribute of their list."""
    for spot in draft.spots:
        numbers = valued.get((spot.place.form, spot.entry["id"])) or valued.get(
            (spot.place.form, spot.place.form, spot.entry["id"])
        )
        if numbers is None:
            continue
        entry = draft.document["codelists"][spot.entry["codelist"]]
        entry["attributes"] = {**entry.get("attributes", {}), "value": "number"}
        for code, number in numbers.values.items():
            entry["codes"][code]["value"] = number
