"""The demonstration: believable patients in all states, keys that nobody else reads, a quick second start."""

import gc
import shutil
import stat
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.main import main
from engine.datatypes.identifiers import judge_pesel, make_pesel, pesel_birth_date, pesel_sex
from engine.definitions import examine
from web.app import create_app
from web.demo.fill import HOSPITALS, LONG_AGO, PEOPLE
from web.demo.folder import demo_settings, empty_folder, read_accounts
from web.keyed_folder import prepare_folder
from web.server import keep_for_good
from web.workspace import EXTENSION

ROOT = Path(__file__).parents[2]


def prepare(folder, definitions):
    arguments = ["demo", "--prepare-only", "--folder", str(folder), "--definitions", str(definitions)]
    return CliRunner().invoke(main, arguments, catch_exceptions=False)


@pytest.fixture(scope="module")
def definitions(tmp_path_factory):
    """Three registries, two of which ask who the patient is: the demonstration shows all that there are."""
    folder = tmp_path_factory.mktemp("definitions")
    shutil.copytree(ROOT / "form_definitions", folder, dirs_exist_ok=True)
    for file in folder.glob("*.yaml"):
        if file.stem not in ("lead_extraction", "endocarditis"):
            file.unlink()
    shutil.copytree(ROOT / "docs/examples/examples", folder / "examples", dirs_exist_ok=True)
    shutil.copy(ROOT / "docs/examples/operations.yaml", folder)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory, definitions):
    made = tmp_path_factory.mktemp("demo") / ".demo"
    result = prepare(made, definitions)
    assert result.exit_code == 0, result.output
    for account in read_accounts(made):
        assert account.login in result.output
        assert account.password in result.output
    assert "synt" in result.output
    return made


@pytest.fixture(scope="module")
def rows(folder, definitions):
    """Call it with a query."""
    space = create_app(demo_settings(folder, definitions)).extensions[EXTENSION]

    def ask(query):
        with space.database.read() as connection:
            return connection.exec_driver_sql(query).all()

    yield ask
    space.database.close()


def test_nobody_else_reads_the_folder(folder):
    assert (folder / ".gitignore").read_text("utf-8") == "*\n"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for name in ("master.key", "secret", "accounts.json"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600


def test_patients_are_registered_when_they_come_and_not_when_they_were_born(rows):
    ((first,),) = rows("SELECT min(registered_at) FROM subject")
    assert date.fromisoformat(str(first)[:10]) > date.today() - LONG_AGO  # noqa: DTZ011 - no hospital took part before


def test_a_second_start_compiles_nothing(folder, definitions, tmp_path, monkeypatch):
    monkeypatch.setenv("ECRF_CACHE", str(tmp_path / "cache"))

    def start():
        create_app(demo_settings(folder, definitions)).extensions[EXTENSION].database.close()

    read: list[Path] = []

    def noted(path):
        read.append(path)
        return examine(path)

    monkeypatch.setattr("engine.compiler.examine", noted)
    start()
    assert read  # or the next line would say nothing
    read.clear()
    start()
    assert read == []


def test_what_a_start_made_is_no_longer_looked_through():
    before = gc.get_freeze_count()
    try:
        keep_for_good()
        assert gc.get_freeze_count() > before
    finally:
        gc.unfreeze()


def test_a_second_start_makes_nothing_anew(folder, definitions, rows):
    before = rows("SELECT stream, number, hash FROM audit_entry WHERE subject_id IS NOT NULL ORDER BY stream, number")
    result = prepare(folder, definitions)
    assert result.exit_code == 0
    assert (
        rows("SELECT stream, number, hash FROM audit_entry WHERE subject_id IS NOT NULL ORDER BY stream, number")
        == before
    )


def test_patients_of_each_registry_are_at_three_hospitals(rows):
    patients = sum(count for _, _, count in HOSPITALS)
    enrolled = dict(tuple(row) for row in rows("SELECT registry, count(*) FROM enrolment GROUP BY registry"))
    assert {**enrolled, "endocarditis": 0} == {"lead_extraction": patients, "operations": patients, "endocarditis": 0}
    assert enrolled["endocarditis"] > 50  # people of its own; for some stages no values are found
    assert len(rows("SELECT DISTINCT site_id FROM access")) == len(HOSPITALS)
    assert rows("SELECT count(*) FROM account")[0][0] == len(PEOPLE)
    assert rows("SELECT count(*) FROM membership")[0][0] == len(PEOPLE) * len(enrolled)


def test_forms_are_in_all_states(rows):
    states = dict(tuple(row) for row in rows("SELECT state, count(*) FROM form_instance GROUP BY state"))
    assert states["complete"] > 100
    assert 0 < states["in_progress"] < states["complete"] / 4
    assert rows("SELECT count(*) FROM working_copy")[0][0] > 3
    severities = {row[0] for row in rows("SELECT DISTINCT severity FROM issue WHERE closed_at IS NULL")}
    assert severities == {"error", "warning", "warning_reason"}


def test_no_name_stands_in_the_clear(folder):
    content = (folder / "demo.sqlite3").read_bytes()
    assert "Przykładow".encode() not in content


@pytest.mark.parametrize("series", [0, 7, 123, 999])
@pytest.mark.parametrize("born", [(1899, 12, 31), (1949, 3, 2), (2008, 2, 29)])
def test_pesel_numbers_are_valid(born, series):
    number = make_pesel(date(*born), female=series % 2 == 0, series=series)
    assert judge_pesel(number) is None
    assert pesel_birth_date(number) == date(*born)
    assert pesel_sex(number) == ("f" if series % 2 == 0 else "m")


def test_emptying_removes_only_its_own_files(tmp_path):
    prepare_folder(tmp_path / "d")
    (tmp_path / "d" / "mine.txt").write_text("x", "utf-8")
    empty_folder(tmp_path / "d")
    assert sorted(path.name for path in (tmp_path / "d").iterdir()) == [".gitignore", "mine.txt"]
