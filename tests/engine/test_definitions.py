"""Every definition of the project compiles, satisfies its examples, and each of its checks is exercised."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from cli.check import check_file
from engine.compiler import CompiledRegistry, compile_definition
from engine.definitions import read_definition
from engine.errors import Problems, Severity
from engine.records.coverage import coverage
from engine.records.examples import read_examples, read_stated
from renderers.summary import COUNTS, unexplained

ROOT = Path(__file__).parents[2]
SHIPPED = sorted((ROOT / "form_definitions").glob("*.yaml"))
LIBRARIES = sorted((ROOT / "form_definitions/common").glob("*.yaml"))
FRAGMENTS = [
    file for part in ("", "linked") for file in sorted((ROOT / "tests/fixtures/definitions" / part).glob("*.yaml"))
]


@cache
def compiled(file: Path) -> CompiledRegistry:
    """A shipped definition, compiled once for all that is asked of it here."""
    return compile_definition(file)


@pytest.mark.parametrize("file", FRAGMENTS, ids=lambda file: file.stem)
def test_compiles_and_satisfies_its_examples(file: Path) -> None:
    assert [str(problem) for problem in check_file(file) if problem.severity is Severity.ERROR] == []


@pytest.mark.parametrize("file", [*SHIPPED, *LIBRARIES], ids=lambda file: file.stem)
def test_a_shipped_definition_satisfies_its_examples_and_has_no_warnings(file: Path) -> None:
    assert [str(problem) for problem in check_file(file)] == []


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_each_check_fires_is_satisfied_and_is_tried_without_the_other_form(file: Path) -> None:
    registry, problems = compiled(file), Problems()
    cases = list(read_examples(file.parent / "examples" / f"{registry.model.registry}.yaml", problems))
    assert problems.found == []
    assert [lack for check in coverage(registry, cases) for lack in check.lacking()] == []


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_a_registry_is_as_large_as_its_data_set_or_says_why_not(file: Path) -> None:
    registry, problems = compiled(file), Problems()
    stated = read_stated(file.parent / "examples" / f"{registry.model.registry}.yaml", problems)
    assert problems.found == []
    assert set(stated) - {"differences"} == set(COUNTS)
    assert unexplained(registry, stated) == []
    assert unexplained(registry, {**stated, "forms": 0, "differences": {}}) != []


def test_every_shipped_dictionary_belongs_to_a_library() -> None:
    named = {name for file in LIBRARIES for name in read_definition(file).model.sources if name.endswith(".csv")}
    kept = {f"dictionaries/{file.name}" for file in (ROOT / "form_definitions/dictionaries").glob("*.csv")}
    assert {name.removeprefix("form_definitions/") for name in named} == kept


CASES = """
registry: operations
cases:
  - {id: fires, form: operation, values: {forms: {admission: {}, operation: {}}}, expect: {only: ["AFTER_ADMISSION@started"]}}
  - {id: other_form, form: visit, event: control, values: {}, expect: {violations: []}}
"""


def test_what_no_example_tries_is_told(tmp_path: Path) -> None:
    registry = compile_definition(ROOT / "docs/examples/operations.yaml")
    (tmp_path / "cases.yaml").write_text(CASES, "utf-8")
    found = coverage(registry, list(read_examples(tmp_path / "cases.yaml", Problems())))
    lacking = [lack for check in found if check.check.check.id == "AFTER_ADMISSION" for lack in check.lacking()]
    assert lacking == [
        "AFTER_ADMISSION: no example satisfies it",
        "AFTER_ADMISSION: no example without admission",
    ]


EXAMPLES = """
registry: pacing
cases:
  - {id: fails, form: device, values: {mode: vvi}, expect: {silent: [required], calculated: {mean_threshold: 3}, complete: true}}
  - {id: no_form, form: devise, values: {}}
  - {id: no_base, form: device, base: nothing}
  - {id: no_row, form: device, values: {leads: []}, set: {leads.x: 1}}
  - {id: odd, form: device, values: {}, expect: {visibel: [mode]}}
"""


def test_an_example_that_fails_is_a_fault_at_its_place(tmp_path: Path) -> None:
    file = tmp_path / "pacing.yaml"
    file.write_text((ROOT / "docs/examples/pacing.yaml").read_text("utf-8"), "utf-8")
    (tmp_path / "examples").mkdir()
    (tmp_path / "examples/pacing.yaml").write_text(EXAMPLES, "utf-8")
    found = [(p.mark.line, p.code) for p in check_file(file)]
    failed = [(4, "example-failed")] * 3
    assert sorted(found) == sorted([*failed, *((line, "unknown-example") for line in (5, 6, 7, 8))])


def test_cases_in_the_folder_share_the_bases_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "pacing.yaml"
    file.write_text((ROOT / "docs/examples/pacing.yaml").read_text("utf-8"), "utf-8")
    parts = tmp_path / "examples" / "pacing"
    parts.mkdir(parents=True)
    (tmp_path / "examples/pacing.yaml").write_text(
        "registry: pacing\nbase: {usual: {forms: {device: {mode: vvi}}}}\n", "utf-8"
    )
    case = "registry: pacing\ncases: [{id: part, form: device, base: usual, expect: {complete: true}}]\n"
    (parts / "device.yaml").write_text(case, "utf-8")
    assert [(p.mark.file, p.code) for p in check_file(file)] == [(str(parts / "device.yaml"), "example-failed")]
