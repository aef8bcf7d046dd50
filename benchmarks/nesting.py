"""Groups in groups in groups: culture sets, four isolates each, 25 susceptibilities each, with rules over all levels."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from benchmarks.measuring import Row, at_most, compare, within
from benchmarks.registries import NOW
from engine.compiler import CompiledRegistry, compile_definition
from engine.datatypes.base import Json
from engine.datatypes.values import Entered
from engine.records import evaluate
from engine.records.browser import form_program
from engine.records.browser_state import subject_state
from engine.records.form_data import Focus, FormData, Instance, RowData
from engine.records.piping import texts_of
from engine.records.session import Session
from renderers.html import PageContext, Pages, compile_pages, script_safe
from renderers.html.names import ids_in

DEFINITION = Path(__file__).parents[1] / "tests/fixtures/nested/microbiology.yaml"
SCRIPT = Path(__file__).with_name("browser.js")
FORM = "cultures"
SIZES = (100, 1_000, 4_000, 10_000)  # innermost rows
WHOLE = 4_000  # as many as a long stay may have
ISOLATES, DRUGS = 4, 25
OPEN, CHANGE = 1.0, 0.05  # seconds
INNERMOST = "bc[1].iso[1].ast[1].ast_sir"


def rows(*, quick: bool) -> Iterator[Row]:
    """The part 'nesting' of the table."""
    yield from _evaluation(quick=quick)
    node = shutil.which("node")
    if node is None:
        yield Row("nesting", "a form with rows in rows in the browser", "not measured", note="there is no Node here")
        return
    found = {count: _measured(node, count, 20 if quick else 60) for count in SIZES}
    base = median(found[SIZES[0]]["opened"]) / SIZES[0]
    for count in SIZES:
        opened = median(found[count]["opened"])
        what = f"{count:,} rows in rows in rows, opened by rules.js under Node"
        yield at_most("nesting", what, opened / 1e3, base * count / 1e3, against="per row of 100", limit=1.5)
    for count in SIZES:
        taken = median(found[count]["taken"]) / 1e3
        what = f"one field, {count:,} rows in rows in rows, rules.js under Node"
        yield within("nesting", what, taken, CHANGE if count <= WHOLE else None)
    yield from _page(median(found[WHOLE]["opened"]) / 1e3, quick=quick)


def _evaluation(*, quick: bool) -> Iterator[Row]:
    base = None
    for count in SIZES:
        patient, focus = subject(count)
        taken = compare(
            {"all": lambda: evaluate(registry(), patient, focus, as_of=NOW)},  # noqa: B023
            rounds=3 if quick or count > WHOLE else 9,
        )["all"]
        base = base or taken / count
        what = f"{count:,} rows in rows in rows, evaluation"
        yield at_most("nesting", what, taken, base * count, against="per row of 100", limit=1.5)


def _page(opened: float, *, quick: bool) -> Iterator[Row]:
    """The page of a form with a row open in a row, without storage; and what the browser adds until it can be used."""
    patient, focus = subject(WHOLE)
    pages = compile_pages(registry(), languages=("pl",), static_url="/static/")
    pages.prepare()
    made = page(pages, patient, focus)
    taken = compare({"page": lambda: page(pages, patient, focus)}, rounds=3 if quick else 9)["page"]
    note = f"{len(made) // 1024} KB before compression; its rules opened besides"
    yield within("nesting", f"page of {WHOLE:,} rows in rows in rows", taken + opened, OPEN, note)


def page(pages: Pages, patient: Instance, focus: Focus) -> str:
    """The page as the web application makes it, with the first isolate open."""
    opened = frozenset({"bc.b1.iso.b1i1"})
    session = Session(registry(), patient, focus, as_of=NOW)
    evaluation, texts = session.evaluation, texts_of(session, "pl", ids_in(opened))
    context = PageContext(withheld=session.withheld, why=session.why, texts=texts, open_rows=opened)
    data = patient.children[0].forms[FORM][0]
    state = script_safe(subject_state(session))
    return pages.form(FORM, language="pl", data=data, evaluation=evaluation, context=context, state_json=state)


def _measured(node: str, count: int, edits: int) -> dict[str, list[float]]:
    """Milliseconds of opening the rules, and of each change of an innermost row and of an outermost one."""
    patient, focus = subject(count)
    session = Session(registry(), patient, focus, as_of=NOW)
    changes: list[Json] = [
        [INNERMOST, "SR"[number % 2]] if number % 2 else ["bc[1].bc_bottles", {"n": str(number % 4 + 1)}]
        for number in range(edits)
    ]
    content = {"program": form_program(registry(), FORM, "pl"), "state": subject_state(session), "edits": changes}
    with TemporaryDirectory() as folder:
        path = Path(folder) / "form.json"
        path.write_text(json.dumps(content), encoding="utf-8")
        told = [
            json.loads(subprocess.run([node, SCRIPT, path], stdout=subprocess.PIPE, text=True, check=True).stdout)
            for _ in range(3)
        ]
    return {"opened": [each["opened"] for each in told], "taken": [time for each in told for time in each["taken"]]}


@cache
def registry() -> CompiledRegistry:
    """The definition that is measured, and that the tests of nested groups fill."""
    return compile_definition(DEFINITION)


def subject(count: int) -> tuple[Instance, Focus]:
    """A patient whose form has that many innermost rows."""
    sets = tuple(_culture(number) for number in range(1, count // (ISOLATES * DRUGS) + 1))
    episode = Instance("episode", "e1", {FORM: (FormData({}, {"bc": sets}),)})
    return Instance("patient", "p1", children=(episode,)), Focus(FORM, "e1")


def _culture(number: int) -> RowData:
    taken = date(2024, 1, 1) + timedelta(days=number)
    items: dict[str, Entered] = {"bc_date": taken, "bc_bottles": Decimal(3), "bc_result": "POS"}
    isolates = tuple(_isolate(f"b{number}", number, place) for place in range(1, ISOLATES + 1))
    return RowData(f"b{number}", items, {"iso": isolates})


def _isolate(holder: str, number: int, place: int) -> RowData:
    key, codelists = f"{holder}i{place}", registry().model.codelists
    organisms, drugs = tuple(codelists["org"].choices), tuple(codelists["drug"].choices)[:DRUGS]
    organism = organisms[(number + place) % len(organisms)]
    items: dict[str, Entered] = {"iso_org": organism, "iso_contam": False, "iso_resist": ("NONE",)}
    tested = tuple(_tested(f"{key}a{at}", drug, number + at) for at, drug in enumerate(drugs, start=1))
    return RowData(key, items, {"ast": tested})


def _tested(key: str, drug: str, number: int) -> RowData:
    return RowData(key, {"ast_drug": drug, "ast_sir": "SIR"[number % 3], "ast_mic": Decimal(number % 8 + 1) / 2})
