"""What conditions ask, and the cells into which the answers fall: enough to try every case that a table of conditions tells apart.

A code or boolean has its values for cells; a number, date or time is parted at the limits that it is compared with. Everything may be
missing too, but for what always has a value. What the answers have to do with each other is not known here, except that the same
question has the same answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from engine.compiler.binding import Workbench
from engine.datatypes.base import Kind
from engine.expressions.scopes import Scope, Step
from engine.expressions.terms import BOOLEAN, Term
from engine.model.form import walk_items
from engine.model.item import ExpressionText, ItemDef

MISSING = "missing"
OTHER = "another value"
_ORDERED = frozenset({"num", "date", "datetime", "time"})
_ALWAYS_THERE = frozenset({"exists", "exists_ref", "event_is", "filled", "is"})
_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "=", "!=": "!="}
_HOLDS: Mapping[str, Callable[[int], bool]] = {
    "=": lambda sign: sign == 0,
    "!=": lambda sign: sign != 0,
    "<": lambda sign: sign < 0,
    "<=": lambda sign: sign <= 0,
    ">": lambda sign: sign > 0,
    ">=": lambda sign: sign >= 0,
}


@dataclass(frozen=True, slots=True)
class Ask:
    """Not settled before this question is answered."""

    question: Term


Answers = Mapping[Term, Any]
Verdict = bool | None | Ask


@dataclass(slots=True)
class Questions:
    """The questions of some conditions. Cells of what has an order are whole numbers: 2n+1 at the n-th limit, 2n below it."""

    bench: Workbench
    scope: Scope
    limits: dict[Term, list[Any]] = field(default_factory=dict)
    values: dict[Term, dict[Any, None]] = field(default_factory=dict)

    def learn(self, condition: Term) -> None:
        """Note what a condition compares its questions with."""
        for term in condition.walk():
            asked = _comparison(term)
            if asked is not None:
                question, _, limit = asked
                known = self.limits.setdefault(question, [])
                if limit not in known:
                    known.append(limit)
                    known.sort()
            chosen, mentioned = _choice(term)
            if chosen is not None:
                self.values.setdefault(chosen, {}).update(dict.fromkeys(mentioned))

    def verdict(self, term: Term, answers: Answers) -> Verdict:
        """What a condition is under these answers: true, false, unknown (None), or which question comes first."""
        return _CONDITIONS.get(term.op, _question)(self, term, answers)

    def cells(self, question: Term) -> Iterator[Any]:
        """Into which cells the answers fall."""
        if question in self.limits:
            yield from self._between_limits(question)
        elif question in self.values:
            yield from self.values[question]
            if self._has_others(question):
                yield OTHER
        elif question.op == "cmp" and question.args[1] in _ORDERED:
            yield from (-1, 0, 1)
        else:
            yield from (True, False)
        if not (question.op in _ALWAYS_THERE or _is_count(question)):
            yield MISSING

    def told(self, question: Term, cell: Any) -> str:
        """An answer in words, such as `age < 18`."""
        name = _name(question)
        if cell == MISSING or cell is OTHER:
            return f"{name} is {cell}"
        if question in self.limits:
            return _told_of_order(name, [_written(limit) for limit in self.limits[question]], cell)
        if isinstance(cell, bool):
            return name if cell else f"not {name}"
        if question.op == "cmp" and cell in (-1, 0, 1):
            return f"{_name(question.args[2])} {'<=>'[cell + 1]} {_name(question.args[3])}"
        return f"{name} = {_written(cell)}"

    def _between_limits(self, question: Term) -> Iterator[int]:
        limits = self.limits[question]
        low, high, whole = self._domain(question)
        for cell in range(2 * len(limits) + 1):
            above = limits[cell // 2 - 1] if cell > 1 else None  # what the cell lies above, or at
            below = limits[cell // 2] if cell // 2 < len(limits) else None
            if cell % 2:
                fits = (low is None or below >= low) and (high is None or below <= high)
            else:
                fits = (low is None or below is None or below > low) and (high is None or above is None or above < high)
                if whole and above is not None and below is not None:
                    fits &= below - above > 1
            if fits:
                yield cell

    def _domain(self, question: Term) -> tuple[Any, Any, bool]:
        """Lowest and highest value, and whether it is whole."""
        if _is_count(question):
            most = len(question.args) - 1 if question.op == "call" else None
            return Decimal(0), None if most is None else Decimal(most), True
        item = self._item(question)
        if item is None or question.type.kind is not Kind.NUMBER:
            return None, None, False
        hard = next((each for each in item.ranges if each.hard), None)
        ends = (_number(hard.low), _number(hard.high)) if hard is not None else (None, None)
        return *ends, item.datatype.name == "integer"

    def _item(self, question: Term) -> ItemDef | None:
        if question.op != "read":
            return None
        frames, up, steps, id_ = question.args
        scope: Scope | None = self.scope
        for _ in range(up):
            scope = scope.parent if scope is not None else None
        for child, _ in steps:
            scope = scope.children.get(child) if scope is not None else None
        form = self.bench.model.forms.get(scope.form_id) if scope is not None and not frames else None
        return next((each for each in walk_items(form) if each.id == id_), None) if form is not None else None

    def _has_others(self, question: Term) -> bool:
        """Whether there are codes that no condition names."""
        if question.type.kind is Kind.BOOLEAN:
            return len(self.values[question]) < 2
        listed = self.bench.names.codelists.get(question.type.codelist or "")
        return listed is None or listed.open or not set(listed.codes) <= self.values[question].keys()


def _comparison(term: Term) -> tuple[Term, str, Any] | None:
    """Question, operator and limit of a comparison of something ordered with a constant."""
    if term.op != "cmp" or term.args[1] not in _ORDERED:
        return None
    op, _, left, right = term.args
    if right.op == "const" and left.op != "const":
        return left, op, right.args[0]
    return (right, _MIRRORED[op], left.args[0]) if left.op == "const" and right.op != "const" else None


def _choice(term: Term) -> tuple[Term | None, tuple[Any, ...]]:
    """Question and constants of a comparison of something that has no order."""
    if term.op == "in" and term.args[0].type.kind is not Kind.NUMBER:
        return term.args[0], term.args[1]
    if term.op == "cmp" and term.args[1] in ("text", "bool"):
        left, right = term.args[2:]
        if "const" in (left.op, right.op) and left.op != right.op:
            return (left, right.args) if right.op == "const" else (right, left.args)
    return None, ()


def _question(_asked: Questions, term: Term, answers: Answers) -> Verdict:
    """A yes/no question of its own."""
    if term not in answers:
        return Ask(term)
    answer = answers[term]
    return None if answer == MISSING else bool(answer)


def _compare(asked: Questions, term: Term, answers: Answers) -> Verdict:
    found = _comparison(term)
    if found is not None:
        question, op, limit = found
        if question not in answers:
            return Ask(question)
        cell = answers[question]
        return None if cell == MISSING else _HOLDS[op](cell - 2 * asked.limits[question].index(limit) - 1)
    chosen, values = _choice(term)
    if chosen is not None:
        return _among(chosen, values, answers, negate=term.args[0] == "!=")
    if term.args[1] not in _ORDERED:
        return _question(asked, term, answers)
    question = Term("cmp", ("=", *term.args[1:]), BOOLEAN)  # how the two sides stand to each other
    if question not in answers:
        return Ask(question)
    return None if answers[question] == MISSING else _HOLDS[term.args[0]](answers[question])


def _in(asked: Questions, term: Term, answers: Answers) -> Verdict:
    chosen, values = _choice(term)
    return _question(asked, term, answers) if chosen is None else _among(chosen, values, answers)


def _among(question: Term, values: tuple[Any, ...], answers: Answers, *, negate: bool = False) -> Verdict:
    if question not in answers:
        return Ask(question)
    return None if answers[question] == MISSING else (answers[question] in values) is not negate


def _filled(_asked: Questions, term: Term, answers: Answers) -> Verdict:
    part = term.args[0]
    return Ask(part) if part not in answers else answers[part] != MISSING


def _is(asked: Questions, term: Term, answers: Answers) -> Verdict:
    found = asked.verdict(term.args[0], answers)
    return found if isinstance(found, Ask) else found is _TRUTHS[term.args[1]]


def _not(asked: Questions, term: Term, answers: Answers) -> Verdict:
    found = asked.verdict(term.args[0], answers)
    return (not found) if isinstance(found, bool) else found


def _logic(asked: Questions, term: Term, answers: Answers) -> Verdict:
    """Kleene's and/or: what one part settles is not asked further."""
    settles, first, unknown = term.op == "or", None, False
    for part in term.args:
        found = asked.verdict(part, answers)
        if found is settles:
            return settles
        if isinstance(found, Ask):
            first = first or found
        unknown |= found is None
    return first or (None if unknown else not settles)


def _if(asked: Questions, term: Term, answers: Answers) -> Verdict:
    test = asked.verdict(term.args[0], answers)
    return asked.verdict(term.args[1 if test else 2], answers) if isinstance(test, bool) else test


def _const(_asked: Questions, term: Term, _answers: Answers) -> Verdict:
    return term.args[0] if isinstance(term.args[0], bool) else None


_TRUTHS = {"true": True, "false": False, "unknown": None}
_CONDITIONS: Mapping[str, Callable[[Questions, Term, Answers], Verdict]] = {
    "const": _const,
    "and": _logic,
    "or": _logic,
    "not": _not,
    "is": _is,
    "if": _if,
    "in": _in,
    "cmp": _compare,
    "filled": _filled,
}


def _is_count(term: Term) -> bool:
    return (term.op == "aggregate" and term.args[0] == "count") or (term.op == "call" and term.args[0] == "count_true")


def _number(text: ExpressionText | None) -> Decimal | None:
    try:
        return Decimal(text.text.strip()) if text is not None else None
    except ArithmeticError:
        return None


def _told_of_order(name: str, limits: list[str], cell: int) -> str:
    place = cell // 2
    if cell % 2:
        return f"{name} = {limits[place]}"
    if place == 0:
        return f"{name} < {limits[0]}"
    return f"{name} > {limits[-1]}" if place == len(limits) else f"{limits[place - 1]} < {name} < {limits[place]}"


def _name(term: Term) -> str:
    """How a definition would write it, shortened."""
    if term.op in ("read", "deref"):
        return str(term.args[3])
    if term.op == "exists":
        return f"exists({_last(term.args[2])})"
    if term.op == "aggregate":
        named = _last(term.args[1].args[2]) if term.args[1].op == "rows" else ""
        return f"{term.args[0]}({named} …)" if named else f"{term.args[0]}(…)"
    if term.op in ("call", "param"):
        return f"{term.args[0]}(…)"
    if term.op == "attr":
        return f"attr({_name(term.args[0])}, '{term.args[2]}')"
    parts = list(term.parts())
    return f"{_name(parts[0])} …" if parts else term.op


def _last(steps: tuple[Step, ...]) -> str:
    """What the steps lead to, as a definition would call it."""
    child, event = steps[-1] if steps else ("", None)
    return event or child


def _written(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value) if isinstance(value, str) else str(value)


__all__ = ["MISSING", "Answers", "Ask", "Questions", "Verdict"]
