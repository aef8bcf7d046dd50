"""Every definition of the project compiles, satisfies its examples, and each of its checks is exercised."""

from __future__ import annotations

from pathlib import Path

import pytest

from cli.check import check_file
from engine.compiler import CompiledRegistry, compile_definition
from engine.errors import Problems, Severity
from engine.records.examples import Example, read_examples

ROOT = Path(__file__).parents[2]
SHIPPED = sorted((ROOT / "form_definitions").glob("*.yaml"))
FRAGMENTS = sorted((ROOT / "tests/fixtures/definitions").glob("*.yaml"))


@pytest.mark.parametrize("file", [*SHIPPED, *FRAGMENTS], ids=lambda file: file.stem)
def test_compiles_and_satisfies_its_examples(file: Path) -> None:
    assert [str(problem) for problem in check_file(file) if problem.severity is Severity.ERROR] == []


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_a_shipped_definition_has_no_warnings(file: Path) -> None:
    assert [str(problem) for problem in check_file(file)] == []


def examples_of(file: Path) -> tuple[CompiledRegistry, list[Example]]:
    registry, problems = compile_definition(file), Problems()
    cases = list(read_examples(file.parent / "examples" / f"{registry.model.registry}.yaml", problems))
    assert problems.found == []
    return registry, cases


def named(example: Example, key: str) -> set[str]:
    """The checks that an example names under a key, without the places."""
    node = example.expect.get(key)
    return {str(part.value).partition("@")[0] for part in node.elements} if node is not None else set()


def says_all(example: Example) -> bool:
    """Whether the example lists all violations, so that the others are known to be silent."""
    node = example.expect.get("violations")
    return "only" in example.expect or (node is not None and not node.elements)


def present_forms(example: Example) -> set[str]:
    values = (
        example.values if "forms" in example.values or "events" in example.values else {"forms": {example.form: {}}}
    )
    found = {form for form, data in (values.get("forms") or {}).items() if data is not None}
    occurrences = [one for several in (values.get("events") or {}).values() for one in several or []]
    return found | {form for one in occurrences for form in one or {}} | {example.form}


@pytest.mark.parametrize("file", SHIPPED, ids=lambda file: file.stem)
def test_each_check_fires_is_satisfied_and_is_tried_without_the_other_form(file: Path) -> None:
    registry, cases = examples_of(file)
    lacking = []
    for check in registry.checks:
        name = check.check.id
        reporting = [case for case in cases if registry.form(case.form).id in check.forms]
        if not any(name in named(case, "violations") | named(case, "only") for case in reporting):
            lacking.append(f"{name}: no example fires it")
        if not any(name in named(case, "silent") or says_all(case) for case in reporting):
            lacking.append(f"{name}: no example satisfies it")
        for other in sorted(check.forms - {check.scope.id}):
            tried = [
                case
                for case in reporting
                if {registry.form(form).id for form in present_forms(case)} & {other} == set()
            ]
            if not any(
                named(case, key) & {name} or says_all(case) for case in tried for key in ("silent", "violations")
            ):
                lacking.append(f"{name}: no example without {other}")
    assert lacking == []


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
