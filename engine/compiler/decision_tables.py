"""Judges decision tables: answers for which no row holds, rows that hold at once, rows that are never reached.

A table is walked as a tree: the first row that is not settled says what is asked next, and every answer is tried.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from engine.compiler.binding import Workbench
from engine.compiler.questions import Answers, Ask, Questions
from engine.compiler.rules import Rule
from engine.expressions.scopes import Scope
from engine.expressions.terms import Term
from engine.model.item import DecisionTable

MAX_STEPS = 5_000  # answers that are tried for one table


class _TooLarge(Exception):
    pass


def judge_table(bench: Workbench, table: DecisionTable, whens: Sequence[Rule | None], scope: Scope) -> None:
    """Report gaps, overlaps and rows that are never reached. `whens` are the conditions of the rows, None for the `else`."""
    questions = Questions(bench, scope)
    terms = [None if when is None else when.term for when in whens]
    for term in terms:
        if term is not None:
            questions.learn(term)
    walk = _Walk(questions, terms, table.unique)
    try:
        walk.go({})
    except _TooLarge:
        bench.problems.warning(
            table.mark,
            "table-too-large",
            "The table asks too many things at once to be judged for gaps and overlaps. Calculate a part of it in an item of its own.",
        )
        return
    _report(bench, table, walk)


def _report(bench: Workbench, table: DecisionTable, walk: _Walk) -> None:
    if walk.gap is not None:
        bench.problems.error(
            table.mark,
            "table-gap",
            f"No row of the table holds where {walk.told(walk.gap)}. Add a row, or an {{else: …}} as the last one ({{else: null}}: no value then).",
        )
    for (first, second), answers in walk.overlaps.items():
        bench.problems.error(
            table.rows[second].mark,
            "table-overlap",
            f"Rows {first + 1} and {second + 1} of the table both hold where {walk.told(answers)}. "
            "Narrow one, or leave `hit: unique` out: then the upper one decides.",
        )
    for place, row in enumerate(table.rows):
        if place not in walk.reached:
            bench.problems.warning(
                row.mark,
                "table-row-unreached",
                f"Row {place + 1} of the table is never reached: wherever it holds, a row above it has decided. Delete it or move it up.",
            )


@dataclass(slots=True)
class _Walk:
    questions: Questions
    whens: Sequence[Term | None]
    unique: bool
    reached: set[int] = field(default_factory=set)
    gap: Answers | None = None
    overlaps: dict[tuple[int, int], Answers] = field(default_factory=dict)
    steps: int = 0

    def go(self, answers: Answers) -> None:
        """Follow the table under these answers, and under all that it asks for then."""
        self.steps += 1
        if self.steps > MAX_STEPS:
            raise _TooLarge
        holding: list[int] = []
        for place, when in enumerate(self.whens):
            verdict = not holding if when is None else self.questions.verdict(when, answers)
            if isinstance(verdict, Ask):
                for cell in self.questions.cells(verdict.question):
                    self.go({**answers, verdict.question: cell})
                return
            if verdict is None:
                break  # what decides is not known: no gap
            if verdict:
                holding.append(place)
                if not self.unique:
                    break
        else:
            if not holding and self.gap is None:
                self.gap = answers
        self.reached.update(holding)
        if len(holding) > 1:
            self.overlaps.setdefault((holding[0], holding[1]), answers)

    def told(self, answers: Answers) -> str:
        """Answers in words."""
        return " and ".join(self.questions.told(*pair) for pair in answers.items()) or "anything is entered"


__all__ = ["judge_table"]
