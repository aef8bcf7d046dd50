"""Definitions that are served together: what keeps them apart is told at the start, with both files and what to do."""

from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

from cli.main import main
from engine.errors import DefinitionError
from storage.database import open_database
from storage.metadata_versions import registries
from web.registries import load_registries

NOW = datetime(2025, 7, 1, tzinfo=UTC)
FORM = "forms: {f: {in: patient, sections: [{id: s, title: {en: S}, items: [{id: a, type: integer, label: {en: A}}]}]}}"
CHECK = "{id: %s-01, assert: a > 0, severity: error, message: {en: No.}}"


def write(folder, **ids):
    """A definition for each file: its registry's id, and the sign of its checks where there is one."""
    for file, (registry, sign) in ids.items():
        form = FORM.replace("]}}", "], checks: [%s]}}" % (CHECK % sign)) if sign else FORM
        text = f"registry: {registry}\nversion: 1.0.0\nlanguages: [en]\ntitle: {{en: R}}\n{form}\n"
        (folder / f"{file}.yaml").write_text(text, "utf-8")


CASES = {
    "initials": (
        {"first": ("heart_valves", ""), "second": ("hip_values", "")},
        "sign-taken",
        "begin with HV-, as those of first.yaml",
    ),
    "checks": ({"first": ("valves", "TLE"), "second": ("leads", "TLE")}, "sign-taken", "such as TLX-01"),
    "both": ({"first": ("valves", "LEA"), "second": ("leads", "")}, "sign-taken", "begin with LEA-"),
    "id": (
        {"first": ("valves", ""), "second": ("valves", "")},
        "registry-twice",
        "valves is defined in first.yaml too",
    ),
}


@pytest.fixture
def database(new_sqlite):
    opened = open_database(new_sqlite())
    yield opened
    opened.close()


@pytest.mark.parametrize("case", CASES)
def test_registries_that_would_mix_their_patients_are_not_served(database, tmp_path, compiled, case):
    files, code, told = CASES[case]
    write(tmp_path, **files)
    with pytest.raises(DefinitionError) as caught:
        load_registries(database, tmp_path, at=NOW, cache=compiled)
    (problem,) = caught.value.problems
    assert (problem.code, problem.mark.file.endswith("second.yaml"), told in problem.message) == (code, True, True)
    assert registries(database) == ()


def test_registries_with_signs_of_their_own_are_served(database, tmp_path, compiled):
    write(tmp_path, first=("heart_valves", ""), second=("hip_values", "HIP"))
    found = load_registries(database, tmp_path, at=NOW, cache=compiled)
    assert {version.prefix for version in found.current.values()} == {"HV", "HIP"}


def test_the_demonstration_says_it_before_it_makes_anything(tmp_path):
    write(tmp_path, first=("heart_valves", ""), second=("hip_values", ""))
    told = CliRunner().invoke(main, ["demo", "--definitions", str(tmp_path), "--folder", str(tmp_path / "demo")])
    assert (told.exit_code, "second.yaml:1:1: error sign-taken" in told.output) == (1, True)


@pytest.mark.parametrize("case", CASES)
def test_checking_them_together_says_it_with_its_line(tmp_path, case):
    files, code, told = CASES[case]
    write(tmp_path, **files)
    second = tmp_path / "second.yaml"
    second.write_text(f"# A comment.\n{second.read_text('utf-8')}", "utf-8")
    check = lambda *names: CliRunner().invoke(main, ["check", "--no-cache", *(str(tmp_path / name) for name in names)])  # noqa: E731
    found = check("first.yaml", "second.yaml")
    assert (found.exit_code, f"second.yaml:2:1: error {code}" in found.output, told in found.output) == (1, True, True)
    (tmp_path / "apart").mkdir()
    second.rename(tmp_path / "apart/second.yaml")
    for names in (("first.yaml", "first.yaml"), ("first.yaml", "apart/second.yaml")):  # no server serves both
        assert (check(*names).exit_code, "error" in check(*names).output) == (0, False)
