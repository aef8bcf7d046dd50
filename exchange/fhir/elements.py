"""What FHIRPath's collections are here: elements that may be there, each an answer or value of our language under a condition."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from engine.datatypes.base import Kind
from engine.expressions.nodes import Apply, Call, Literal, Path, Syntax
from exchange.fhir.nodes import Choice, Choices, Node
from exchange.rules import logic
from exchange.rules.meaning import TRUE, Meaning, Untranslatable, call, constant, doubts_of, operation

NOTHING = constant(None)


@dataclass(frozen=True, slots=True)
class One:
    """A value that is there where `guard` is true and it is not missing.

    `rows`: the repeating groups, outermost first, in each row of which it may be. `facet` is what members of it mean: a
    `coding`, an `option` or its `extension`s, a `quantity`, the text of a date (`iso`), or a length of time (`span`, in `unit`).
    """

    meaning: Meaning
    guard: Meaning = TRUE
    rows: tuple[str, ...] = ()
    facet: str = ""
    unit: str = ""
    choice: Choice | None = None
    choices: Choices | None = None
    unique: bool = False  # of equal values only one counts


@dataclass(frozen=True, slots=True)
class Spot:
    """An item of the response, its answer, or its definition. `absolute`: reached from the response, not from the rule's place."""

    node: Node
    part: str = "item"
    guard: Meaning = TRUE
    absolute: bool = True


Element = One | Spot
Collection = tuple[Element, ...]


def ones(found: Collection) -> tuple[One, ...]:
    """The values. Raises Untranslatable where there are items."""
    if any(isinstance(one, Spot) for one in found):
        raise Untranslatable("An item stands where its answer's value is needed.")
    return tuple(one for one in found if isinstance(one, One))


def chosen(one: One, code: str) -> Meaning:
    """That an answer is, or has, a code of ours."""
    if one.meaning.kind is Kind.CODES:
        return Meaning(Apply("in", (Literal(code, 0), one.meaning.node), 0), Kind.BOOLEAN)
    return Meaning(Apply("=", (one.meaning.node, Literal(code, 0)), 0), Kind.BOOLEAN, one.meaning.doubts)


def expanded(values: tuple[One, ...]) -> tuple[One, ...]:
    """A multiple choice as its codes, each there where it is chosen."""
    made: list[One] = []
    for one in values:
        if one.meaning.kind is Kind.CODES and one.choices is not None:
            made.extend(
                replace(
                    one,
                    meaning=text_constant(choice.code),
                    guard=logic.conjunction([one.guard, chosen(one, choice.code)]),
                    choice=choice,
                )
                for choice in one.choices.entries
            )
        else:
            made.append(one)
    return tuple(made)


def of(meaning: Meaning) -> Collection:
    return (One(meaning),)


def guarded(element: Element, guard: Meaning) -> Element:
    """The element, there only where the guard is true as well."""
    return replace(element, guard=logic.conjunction([element.guard, guard]))


def exists(found: Collection) -> Meaning:
    """Whether there is any element; never unknown."""
    pulled = _scored(ones(found))
    if pulled is not None:
        return call("filled", Kind.BOOLEAN, pulled, sure=True)
    return logic.disjunction([_there(one) for one in ones(found)])


def _there(one: One) -> Meaning:
    here = logic.certain(one.guard)
    if one.meaning.kind is Kind.NOTHING:
        return constant(value=False)
    asked = one.meaning.doubts or one.meaning.kind is Kind.CODES
    if not one.meaning.is_literal and asked and not implies_answer(here, one.meaning):
        here = logic.conjunction([here, call("filled", Kind.BOOLEAN, one.meaning, sure=True)])
    if one.rows and here.literal is True:
        return operation(">", Kind.BOOLEAN, over_rows("count", one, here), constant(0))
    return over_rows("any", one, here) if one.rows else here


_ASKING = frozenset({"=", "<", "<=", ">", ">=", "in"})


def implies_answer(condition: Meaning, value: Meaning) -> bool:
    """Whether a condition is true only where a value is there: `x = '1'` says by itself that x is answered."""
    return any(
        isinstance(part, Apply) and part.op in _ASKING and value.node in part.args
        for part in _conjuncts(condition.node)
    )


def _conjuncts(node: Syntax) -> Iterator[Syntax]:
    match node:
        case Apply("and", args, _):
            for arg in args:
                yield from _conjuncts(arg)
        case Apply("is", (inner, Literal("true")), _):
            yield from _conjuncts(inner)
        case _:
            yield node


def over_rows(name: str, one: One, where: Meaning, value: Meaning | None = None) -> Meaning:
    """An aggregate over the rows of an element: `any(g where …)`, `sum(g: x where …)`."""
    source = Path(one.rows, 0)
    values = () if value is None else (value.node,)
    if value is not None and isinstance(value.node, Path) and value.field is not None and len(value.node.parts) == 1:
        source, values = Path((*one.rows, *value.node.parts), 0), ()
    condition = None if where.literal is True else where.node
    kind = Kind.BOOLEAN if value is None else value.kind
    sure = frozenset() if name in ("any", "count", "sum") else frozenset({"…"})
    return Meaning(Call(name, (source,), 0, values, condition), Kind.NUMBER if name == "count" else kind, sure)


def single(found: Collection, own: tuple[str, ...] = ()) -> Meaning:
    """The one value, or nothing; where several elements may be there, the first that is. `own`: the rows in which the rule stands."""
    values = ones(found)
    pulled = _scored(values)
    if pulled is not None:
        return pulled
    parts = [_one(one, own) for one in values if one.meaning.kind is not Kind.NOTHING]
    if not parts:
        return NOTHING
    if len(parts) == 1:
        return parts[0]
    if len({part.kind for part in parts}) > 1:
        raise Untranslatable("Values of different kinds stand in one collection where one value is needed.")
    return Meaning(Call("coalesce", tuple(part.node for part in parts), 0), parts[0].kind, doubts_of(parts))


def _one(one: One, own: tuple[str, ...]) -> Meaning:
    if one.rows and one.rows != own[: len(one.rows)]:
        raise Untranslatable(f"{'.'.join(one.rows)} repeats, and one value is needed.")
    if one.guard.literal is True:
        return one.meaning
    guard = logic.certain(one.guard)
    node = Call("if", (guard.node, one.meaning.node, Literal(None, 0)), 0)
    return Meaning(node, one.meaning.kind, one.meaning.doubts | {"…"})


def _scored(values: Sequence[One]) -> Meaning | None:
    """`if(x = 'a', 1, null)`, … for all scored codes of x is attr(x, 'value')."""
    if len(values) < 2:
        return None
    asked: Meaning | None = None
    for one in values:
        match one.guard.node:
            case Apply("=", (Path() as path, Literal(str(code))), _) if (
                one.choice is not None and one.choice.code == code and one.meaning.literal == one.choice.score
            ):
                if asked is not None and asked.node != path:
                    return None
                asked = asked or Meaning(path, Kind.CODE, one.guard.doubts)
            case _:
                return None
    if asked is None or values[0].choices is None:
        return None
    scored = [choice for choice in values[0].choices.entries if choice.score is not None]
    if len(scored) != len(values):
        return None
    return score(asked)


def has_scores(choices: Choices) -> bool:
    return any(choice.score is not None for choice in choices.entries)


def score(asked: Meaning) -> Meaning:
    """The attribute `value` of a chosen code."""
    return Meaning(Call("attr", (asked.node, Literal("value", 0)), 0), Kind.NUMBER, asked.doubts)


def text_constant(value: str) -> Meaning:
    """A constant text; without characters it is a text too, other than in two-valued languages."""
    return Meaning(Literal(value, 0), Kind.TEXT)
