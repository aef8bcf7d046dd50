"""What rules of many rows have in common is worked out once, and says what each of them would find alone."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.compiler import CompiledRegistry, compile_definition
from engine.datatypes.values import Reference
from engine.expressions import evaluator, reaching
from engine.expressions.frames import Frame
from engine.records import evaluate
from engine.records.form_data import Focus, FormData, Instance, RowData

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)

# Calculated in each row of g, of which h is a group inside and r another beside: the first need not be compared row by row.
NUMBERS = (
    *("sum(g.n)", "count(g where b)", "max(g: n where filled(n))", "first(g.n by t)", "n - mean(g.n where filled(n))"),
    *("count(g where c = outer.c)", "sum(g: n where outer.c = c and b)", "last(g: n where c = outer.c by t, n)"),
    *("count(g where c = outer.c and t = outer.t)", "count(g where n = outer.n + 1)", "count(r where ref.n = outer.n)"),
    *("count(v in distinct(g.c) where count(g where c = v) > 1)", "prev(n by t)", "next(n by c, n)", "sum(g.h.m)"),
    *("prev(n where b by n)", "count(g.h where m = outer.n)"),
)
TRUTHS = (
    *("any(other g where n = outer.n)", "any(g where n = outer.n and c = outer.c)", "unique(g.n)", "exists(r)"),
    *("any(other g where n = outer.n and t < outer.t)", "all(g: b where c = outer.c)", "any(r where ref.c = outer.c)"),
)
PAIRS = (
    *("any(g where c = outer.c and b)", "all(g: n < outer.n where c = outer.c)", "any(other g where c = outer.c)"),
    *("count(g where c = outer.c and n < outer.n) > 1", "any(other g where c = outer.c and t = outer.t)"),
    "count(g where any(h where m = outer.outer.n)) > 1",
)
CHECKS = ("unique(g.n)", "unique(g: c, t)", "all(g where any(r where ref.n = outer.n))", "no_overlap(g: t, t by c)")

HEAD = """\
registry: made_up
version: 1.0.0
title: {pl: Rejestr, en: Registry}
codelists:
  pq: {codes: {p: {pl: p, en: p}, q: {pl: q, en: q}}}
forms:
  f:
    title: {pl: F, en: F}
    in: patient
    sections:
      - id: s
        title: {pl: S, en: S}
        items:
          - group: g
            items:
              - {id: n, type: integer, label: {pl: n, en: n}}
              - {id: b, type: boolean, label: {pl: b, en: b}}
              - {id: c, type: code, codelist: pq, label: {pl: c, en: c}}
              - {id: t, type: date, label: {pl: t, en: t}}
              - {group: h, items: [{id: m, type: integer, label: {pl: m, en: m}}]}
"""


def definition(*truths: str) -> str:
    """A registry with the rules that give numbers, and these."""
    rules = [*(("integer", rule) for rule in NUMBERS), *(("boolean", rule) for rule in truths)]
    lines = [
        f'              - {{id: k{number}, type: {kind}, calculate: "{rule}", label: {{pl: k, en: k}}}}'
        for number, (kind, rule) in enumerate(rules)
    ]
    lines.append(
        "          - {group: r, items: [{id: ref, type: row_ref, of: g, unique: true, label: {pl: r, en: r}}]}"
    )
    lines.append("    checks:")
    lines += [
        f'      - {{id: check{number}, assert: "{rule}", severity: error, message: {{pl: Nie., en: No.}}}}'
        for number, rule in enumerate(CHECKS)
    ]
    return HEAD + "\n".join(lines) + "\n"


def optional(*values: Any) -> st.SearchStrategy[Any]:
    """One of few values, or none."""
    return st.sampled_from([None, *values])


ROW = st.fixed_dictionaries(
    {
        "n": optional(Decimal(1), Decimal("1.0"), Decimal(2), Decimal(3)),
        "b": optional(True, False),
        "c": optional("p", "q"),
        "t": optional(date(2024, 1, 1), date(2025, 1, 1)),
    }
)


@st.composite
def forms(draw: st.DrawFn) -> FormData:
    """A form with up to eight rows, in which values are missing and come again."""
    rows = []
    for number, row in enumerate(draw(st.lists(ROW, max_size=8))):
        inner = draw(st.lists(optional(Decimal(1), Decimal(2)), max_size=2))
        parts = tuple(RowData(f"h{number}-{place}", {} if m is None else {"m": m}) for place, m in enumerate(inner))
        values = {name: value for name, value in row.items() if value is not None}
        rows.append(RowData(f"g{number}", values, {"h": parts}))
    targets = draw(st.lists(st.integers(0, 8), max_size=4))
    refs = tuple(RowData(f"r{place}", {"ref": Reference(f"g{target}")}) for place, target in enumerate(targets))
    return FormData({}, {"g": tuple(rows), "r": refs})


@pytest.fixture(scope="module")
def twice(tmp_path_factory: pytest.TempPathFactory) -> tuple[CompiledRegistry, CompiledRegistry]:
    """The registry as it is, and one in which every rule looks at all rows itself."""
    path = tmp_path_factory.mktemp("made_up") / "made_up.yaml"
    path.write_text(definition(*TRUTHS, *PAIRS))
    alone = compile_definition(path)
    with (
        patch.object(evaluator, "shared", lambda run, _term, _build: run),
        patch.object(evaluator, "rows_by_key", lambda _term, _build: None),
    ):
        said(alone, FormData())  # its rules are made ready to run at their first use
    return compile_definition(path), alone


def said(registry: CompiledRegistry, form: FormData) -> Any:
    """What the rules say of a form."""
    return evaluate(registry, Instance("patient", "p1", {"f": (form,)}), Focus("f", "p1"), as_of=NOW)


@settings(max_examples=150, deadline=None)
@given(forms())
def test_rules_say_what_each_would_find_alone(twice: tuple[CompiledRegistry, CompiledRegistry], form: FormData):
    together, alone = twice
    found, expected = said(together, form), said(alone, form)
    assert found.calculated == expected.calculated
    assert found.violations == expected.violations


def test_a_rule_looks_once_at_what_many_rows_have_in_common(tmp_path: Path):
    path = tmp_path / "made_up.yaml"
    path.write_text(definition(*TRUTHS))
    registry = compile_definition(path)
    looks = {count: _looks(registry, count) for count in (50, 100)}
    assert looks[100] <= 2.2 * looks[50]


def _looks(registry: CompiledRegistry, count: int) -> int:
    """How many frames the rules of so many rows make."""
    made = 0
    frame = Frame

    def counting(*args: Any) -> Any:
        nonlocal made
        made += 1
        return frame(*args)

    rows = tuple(
        RowData(f"g{number}", {"n": Decimal(number), "b": True, "c": "p", "t": date(2024, 1, 1)})
        for number in range(count)
    )
    with patch.object(reaching, "Frame", counting):
        said(registry, FormData({}, {"g": rows}))
    return made
