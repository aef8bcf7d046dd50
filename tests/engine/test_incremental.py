"""A session after any edits says what a fresh evaluation of the same values says, and touches no more than it must."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.compiler import CompiledRegistry, compile_definition
from engine.datatypes.values import Missing, Reference, Unread
from engine.expressions.frames import Node
from engine.records import evaluate, settling
from engine.records import session as session_module
from engine.records.form_data import Focus, FormData, Instance, RowData
from engine.records.judging import Case, judge_item
from engine.records.path import ItemPath
from engine.records.session import Session
from engine.records.verdicts import walk

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
FOCUS = Focus("f", "e1")

HEAD = """\
registry: made_up
version: 1.0.0
title: {pl: Rejestr, en: Registry}
codelists:
  pq: {attributes: {points: {type: number, default: 0}}, codes: {p: {pl: p, en: p, points: 2}, q: {pl: q, en: q}, z: {pl: z, en: z, exclusive: true}}}
missing:
  some: {nd: {pl: nie wykonano, en: not done}, later: {pl: potem, en: later, signing: false}}
containers:
  episode: {of: patient, repeats: true, title: {pl: Epizod, en: Episode}}
events:
  visit: {title: {pl: Wizyta, en: Visit}, in: episode, forms: [f, o], after: f.t0, day: 30, window: [20, 40], when: f.b0}
"""

# What may stand in a rule, by what it needs. Names are those that were declared before: no cycles.
NUMERIC = (
    "{n} + {n2}",
    "{n} / {n2}",
    "round({n} * 1.50, 1)",
    "if({b}, {n}, {n2})",
    "coalesce({n}, 0)",
    "attr({c}, 'points')",
)
TRUTH = (
    *("{n} > 3", "{n} <= {n2}", "{b}", "not {b}", "{b} is true", "{b} is unknown", "filled({n})", "empty({c})"),
    *("{c} = 'p'", "{c} in ('p', 'q')", "'p' in {m}", "missing_reason({n}) = 'nd'", "{t} >= {t2}", "{b} and {n} > 2"),
    *("{b} or {c} = 'q'", "days({t}, {t2}) > 10", "today() > {t}"),
)
OF_ROWS = ("row_index() > 1", "prev(g_n) < g_n", "g_n = max(g.g_n)", "filled(prev(g_n))")
OVER_ROWS = (
    *("any(g where g_n > 2)", "all(g where g_b)", "count(g where filled(g_n)) > 1", "sum(g.g_n) > 4", "unique(g.g_n)"),
    *("any(h where h_n > 1)", "last(g.g_c where filled(g_c)) = 'p'", "all(g where count(h) > 0)", "exists(g)"),
    *("any(r where r_ref.g_n > 2)", "'p' in distinct(g.g_c)", "all(g where g_n > {n})", "no_overlap(g: g_t, g_t2)"),
)
NUMBERS_OVER_ROWS = ("sum(g.g_n)", "count(h)", "max(g.g_k)", "first(g.g_n by g_t)", "mean(g.g_n where g_b)")
TYPES = {
    "n": "type: decimal, decimals: 2, missing: some, range: {{hard: [0, {limit}], soft: [1, 5]}}",
    "b": "type: boolean",
    "c": "type: code, codelist: pq",
    "m": "type: codes, codelist: pq",
    "t": "type: date, range: {{hard: [null, today()]}}",
}
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "n": st.one_of(
        st.sampled_from([Decimal(n) for n in ("0", "1", "1.0", "2", "2.50", "3", "7")]),
        st.sampled_from(
            [Missing("nd"), Missing("later"), Missing("unheard"), Unread("x", "type", "number_form", (("value", "x"),))]
        ),
    ),
    "b": st.booleans(),
    "c": st.sampled_from(["p", "q", "z"]),
    "m": st.sampled_from([("p",), ("p", "q"), ("q", "z")]),
    "t": st.sampled_from([date(2024, 1, 1), date(2026, 2, 1), date(2027, 1, 1)]),
    "ref": st.sampled_from([Reference(f"x{number}") for number in range(6)]),
}


class Author:
    """Writes a random definition, item after item."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.names = {kind: [f"{kind}{number}" for number in range(2)] for kind in TYPES}

    def fill(self, template: str) -> str:
        """A template with names that were declared before."""
        chosen = {kind: self.draw(st.sampled_from(names)) for kind, names in self.names.items()}
        return template.format(
            **chosen, n2=self.draw(st.sampled_from(self.names["n"])), t2=self.draw(st.sampled_from(self.names["t"]))
        )

    def truth(self, *more: str) -> str:
        """A condition, over what was declared before and by templates of its place."""
        return self.fill(self.draw(st.sampled_from([*TRUTH, *more, *more])))

    def item(self, id_: str, kind: str, more: tuple[str, ...] = (), *, ruled: bool = True) -> str:
        """An item that people fill, with random rules."""
        keys = [
            f"id: {id_}",
            TYPES[kind].format(limit=self.draw(st.sampled_from(["6", *self.names["n"]])) if ruled else "6"),
        ]
        if ruled and self.draw(st.booleans()):
            keys.append(f'when: "{self.truth(*more)}"')
            keys.append(f"when_hidden: {self.draw(st.sampled_from(['clear', 'exclude', 'keep']))}")
        required = self.draw(st.sampled_from(["true", "false", "rule"])) if ruled else "false"
        keys.append("required: " + (f'"{self.truth(*more)}"' if required == "rule" else required))
        return "{" + ", ".join([*keys, f"label: {{pl: {id_}, en: {id_}}}"]) + "}"

    def calculated(self, id_: str, templates: tuple[str, ...]) -> str:
        """A calculated item."""
        rule = self.fill(self.draw(st.sampled_from([*NUMERIC, *templates])))
        when = f', when: "{self.truth()}"' if self.draw(st.booleans()) else ""
        return f'{{id: {id_}, type: decimal, decimals: 2, calculate: "{rule}", label: {{pl: {id_}, en: {id_}}}, range: {{soft: [0, 5]}}{when}}}'


@st.composite
def definitions(draw: st.DrawFn) -> str:
    """The text of a registry: a form with ruled items, nested groups, references, and a form that reads it."""
    author = Author(draw)
    lines = [author.item(name, kind, ruled=False) for kind, names in author.names.items() for name in names]
    for number, kind in enumerate(draw(st.lists(st.sampled_from([*TYPES, "k"]), min_size=2, max_size=5)), start=2):
        id_ = f"{kind}{number}"
        lines.append(author.calculated(id_, ()) if kind == "k" else author.item(id_, kind))
        author.names["n" if kind == "k" else kind].append(id_)
    outside = {kind: list(names) for kind, names in author.names.items()}
    rows = [author.item(f"g_{kind}", kind) for kind in TYPES]
    for kind in TYPES:
        author.names[kind].append(f"g_{kind}")
    rows += [
        author.item("g_t2", "t"),
        author.calculated(
            "g_k",
            (
                "g_n * 2",
                "prev(g_n)",
                "row_index()",
                "prev(g_n by g_n)",
                "next(g_n where g_n > outer.g_n)",
                "prev(g_n where filled(g_n) by -g_n)",
            ),
        ),
    ]
    rows.append(author.item("g_n2", "n", OF_ROWS))
    nested = [author.item("h_n", "n"), author.item("h_b", "b")]
    shown = f'when: "{author.truth()}", ' if draw(st.booleans()) else ""
    rows.append(f"{{group: h, {shown}items: [{', '.join(nested)}]}}")
    author.names = outside
    shown = f'when: "{author.truth()}", ' if draw(st.booleans()) else ""
    lines.append(f"{{group: g, {shown}key: g_n, rows: {{min: 1, max: 3}}, items: [{', '.join(rows)}]}}")
    lines.append("{group: r, items: [{id: r_ref, type: row_ref, of: g, unique: true, label: {pl: r, en: r}}]}")
    lines.append(author.item("n8", "n", OVER_ROWS))
    lines.append(author.calculated("k9", NUMBERS_OVER_ROWS))
    author.names["n"] += ["n8", "k9"]
    checks = [(f"ch{number}", author.truth(*OVER_ROWS)) for number in range(draw(st.integers(1, 4)))]
    return HEAD + _forms(lines, checks, author.truth("any(f.g where g_n > 1)"), author.truth(*OVER_ROWS))


def _forms(lines: list[str], checks: list[tuple[str, str]], elsewhere: str, outcome: str) -> str:
    told = "severity: error, message: {pl: Nie., en: No.}"
    return "\n".join(
        [
            *("forms:", "  f:", "    title: {pl: F, en: F}", "    in: episode", "    sections:"),
            "      - {id: s, title: {pl: S, en: S}, items: [{id: head, type: heading, label: {pl: N, en: H}}]}",
            *("      - id: s2", "        title: {pl: S2, en: S2}", "        items:"),
            *(f"          - {line}" for line in lines),
            "    checks:",
            *(f'      - {{id: {id_}, assert: "{rule}", {told}}}' for id_, rule in checks),
            *("  o:", "    title: {pl: O, en: O}", "    in: episode", "    sections:"),
            "      - {id: so, title: {pl: S, en: S}, items: [{id: o_n, type: integer, label: {pl: o, en: o}}]}",
            *("    checks:", f'      - {{id: elsewhere, assert: "{elsewhere} or o_n > 2", {told}}}'),
            *(
                "derived:",
                f'  out: {{in: episode, type: boolean, calculate: "{outcome}", explain: true, label: {{pl: W, en: O}}}}',
                "",
            ),
        ]
    )


def compiled(text: str, folder: Path) -> CompiledRegistry:
    """A registry from its text."""
    path = folder / "made_up.yaml"
    path.write_text(text)
    return compile_definition(path)


def subject(form: FormData) -> Instance:
    """A patient whose episode holds the form."""
    other = FormData({"o_n": Decimal(1)})
    return Instance("patient", "p1", children=(Instance("episode", "e1", {"f": (form,), "o": (other,)}),))


def entered(node: Node) -> FormData:
    """What a session's form holds."""

    def rows(of: Node) -> dict[str, tuple[RowData, ...]]:
        return {
            name: tuple(RowData(kid.key, dict(kid.entered), rows(kid)) for kid in kids)
            for name, kids in of.kids.items()
        }

    return FormData(dict(node.entered), rows(node))


KINDS = {"g": ["n", "b", "c", "m", "t", "t2", "n2"], "h": ["n", "b"], "r": ["ref"]}


def kind_of(item: str) -> str:
    """The kind of value of an item, by its name."""
    name = item.partition("_")[2] or item
    return name if name == "ref" else name[0]


def edit(session: Session, data: st.DataObject, number: int) -> None:
    """A random change of a session."""
    rows = [path for _, _, path in walk(session.focus, session._plan.root)]
    action = data.draw(st.sampled_from(["set", "set", "set", "add", "remove", "unknown"]))
    path = data.draw(st.sampled_from(rows))
    here = path.rows[-1][0] if path.rows else "f"
    if action == "add" and here in ("f", "g"):
        group = data.draw(st.sampled_from(["g", "r"])) if here == "f" else "h"
        values = {
            f"{group}_{name}": data.draw(VALUES[kind_of(f"{group}_{name}")])
            for name in KINDS[group]
            if data.draw(st.booleans())
        }
        session.add_row(path, group, RowData(f"x{number}", values))
    elif action == "remove" and path.rows:
        session.remove_row(path)
    elif action == "unknown":
        session.set(path.at("stranger"), data.draw(st.sampled_from(["x", None])))
    else:
        names = [f"{here}_{name}" for name in KINDS[here]] if here != "f" else _entered_items(session)
        item = data.draw(st.sampled_from(names))
        session.set(path.at(item), data.draw(st.one_of(st.none(), VALUES[kind_of(item)], VALUES[kind_of(item)])))


def _entered_items(session: Session) -> list[str]:
    return [item.id for item in session.form.items if item.calculate is None and item.id != "head"]


FEW = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
MANY = settings(FEW, max_examples=600)


def compare(text: str, data: st.DataObject, folder: Path) -> None:
    """Edit a session at random; after each edit it must say what a fresh one says."""
    registry = compiled(text, folder)
    at = data.draw(st.sampled_from(["save", "signing"]))
    session = Session(registry, subject(FormData()), FOCUS, as_of=NOW, at=at)
    for number in range(data.draw(st.integers(1, 12))):
        edit(session, data, number)
        fresh = evaluate(registry, subject(entered(session.focus)), FOCUS, as_of=NOW, at=at)
        found = session.evaluation
        assert found == fresh
        assert repr(sorted(found.calculated.items())) == repr(sorted(fresh.calculated.items()))


@FEW
@given(definitions(), st.data())
def test_a_session_says_what_a_fresh_evaluation_says(
    tmp_path_factory: pytest.TempPathFactory, text: str, data: st.DataObject
):
    compare(text, data, tmp_path_factory.mktemp("made_up"))


@pytest.mark.slow
@MANY
@given(definitions(), st.data())
def test_many_sessions_say_what_fresh_evaluations_say(
    tmp_path_factory: pytest.TempPathFactory, text: str, data: st.DataObject
):
    compare(text, data, tmp_path_factory.mktemp("made_up"))


@FEW
@given(definitions(), st.data())
def test_what_passes_at_a_glance_is_without_fault(
    tmp_path_factory: pytest.TempPathFactory, text: str, data: st.DataObject
):
    registry = compiled(text, tmp_path_factory.mktemp("made_up"))
    session = Session(registry, subject(FormData()), FOCUS, as_of=NOW)
    for number in range(8):
        edit(session, data, number)
    fresh = Session(registry, subject(entered(session.focus)), FOCUS, as_of=NOW)
    checks = {check.id for check in registry.model.forms["f"].checks} | {"elsewhere", "rows", "unknown_item"}
    told = {(v.item, v.code) for v in fresh.evaluation.violations if v.code not in checks}
    due = set()
    for node, part, path in walk(fresh.focus, fresh._plan.root):
        for plan in part.by_id.values():
            if plan.judge is not None:
                case = Case(fresh.tree, node, plan.judge, path.at(plan.id), "pl")
                due |= {(v.item, v.code) for v in judge_item(case)}
    assert told == due


LINES = 40


@pytest.fixture
def independent(tmp_path: Path) -> CompiledRegistry:
    """Forty pairs of an item and a calculation that reads it alone, and one sum of the first two."""
    items = []
    for number in range(LINES):
        items.append(f"{{id: n{number}, type: integer, label: {{pl: n, en: n}}}}")
        items.append(f'{{id: k{number}, type: integer, calculate: "n{number} + 1", label: {{pl: k, en: k}}}}')
    items.append('{id: total, type: integer, calculate: "k0 + k1", label: {pl: s, en: s}}')
    rows = [
        "{id: v, type: integer, label: {pl: v, en: v}}",
        '{id: w, type: integer, calculate: "v + n2", label: {pl: w, en: w}}',
    ]
    items.append(f"{{group: g, items: [{', '.join(rows)}]}}")
    return compiled(
        HEAD.partition("events:")[0] + _forms(items, [("ch", "n0 < n1"), ("ch2", "n2 < 5")], "n0 > 1", "n0 > 2"),
        tmp_path,
    )


def steps_run(session: Session, path: ItemPath, value: object) -> list[tuple[str, str]]:
    """The steps that a change runs again, and where."""
    ran: list[tuple[str, str]] = []

    def settle(step: Any, node: Node, tree: Any) -> bool:
        ran.append((step.id, node.key))
        return settled(step, node, tree)

    settled = settling.settle
    with patch.object(session_module, "settle", settle):
        session.set(path, value)  # type: ignore[arg-type]
    return ran


def test_a_change_runs_only_what_reads_it(independent: CompiledRegistry):
    rows = tuple(RowData(f"x{number}", {"v": Decimal(number)}) for number in range(30))
    session = Session(independent, subject(FormData({}, {"g": rows})), FOCUS, as_of=NOW)
    assert {id_ for id_, _ in steps_run(session, ItemPath((), "n9"), Decimal(1))} == {"n9", "k9"}
    assert {id_ for id_, _ in steps_run(session, ItemPath((), "n1"), Decimal(1))} == {"n1", "k1", "total"}
    assert steps_run(session, ItemPath((("g", 4),), "v"), Decimal(1)) == [("v", "x3"), ("w", "x3")]
    assert len(steps_run(session, ItemPath((), "n2"), Decimal(1))) == 2 + len(rows)
