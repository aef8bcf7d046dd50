"""`ecrf hospitals import`: every fault with its line, nothing loaded while there is one, and a second time nothing."""

import base64
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.main import main

ROOT = Path(__file__).parents[2]
GOOD = """\
hospital_code,hospital_name,unit,unit_name,starts_on,ends_on
990000000101,Szpital Wojewódzki w Zalesiu,100,Elektrofizjologia,2025-01-01,
990000000101,Szpital Wojewódzki w Zalesiu,200,Kardiochirurgia,2025-03-01,2025-12-31
990000000102,Szpital Miejski,,,,
"""
BAD = """\
hospital_code,hospital_name,unit,unit_name,starts_on,ends_on
,Bez kodu,,,,
1,Jeden,100,,2025-02-30,
2,Dwa,,,2025-05-01,2025-01-01
3,Trzy,,,2025-01-01
4,Cztery,,,2025-01-01,
4,Cztery A,,,2025-06-01,
"""
FAULTS = [
    "2: hospital_code is empty",
    "3: unit and unit_name go together: fill in both, or none",
    "3: starts_on: '2025-02-30' is no day: write it like 2025-03-17",
    "4: ends_on 2025-01-01 is before starts_on 2025-05-01",
    "5: has 5 cells and should have 6",
    "7: 4 is called 'Cztery A' here and 'Cztery' in line 6",
    "7: takes part on some of the same days as in line 6",
]


@pytest.fixture(scope="module")
def hospitals(database_url, tmp_path_factory):
    """Call it with the words after `ecrf hospitals`, and the text of a file where `FILE` stands for it."""
    folder = tmp_path_factory.mktemp("hospitals")
    (folder / "master.key").write_text(base64.b64encode(b"k" * 32).decode(), "utf-8")
    environment = {
        "ECRF_DATABASE_URL": database_url, "ECRF_MASTER_KEY_FILE": str(folder / "master.key"), "ECRF_SECRET": "s" * 48,
        "ECRF_DEFINITIONS": str(ROOT / "docs" / "examples"),
    }  # fmt: skip

    def call(*words, text=GOOD):
        file = folder / "list.csv"
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        given = [str(file) if word == "FILE" else word for word in words]
        return CliRunner(env=environment).invoke(main, ["hospitals", *given])

    return call


def load(hospitals, *more, text=GOOD):
    return hospitals("import", "pacing", "FILE", "--reason", "umowa 7", *more, text=text)


def test_a_file_is_tried_loaded_and_changes_nothing_again(hospitals):
    tried = load(hospitals, "--dry-run")
    assert tried.output.splitlines()[-1] == "6 changes, none made: dry run"
    assert hospitals("list", "pacing").output == ""
    loaded = load(hospitals)
    assert loaded.output.splitlines()[:3] == [
        "new hospital 990000000101 Szpital Wojewódzki w Zalesiu",
        "new unit 990000000101/100 Elektrofizjologia",
        "990000000101/100 takes part from 2025-01-01",
    ]
    assert load(hospitals).output == "0 changes\n"
    assert load(hospitals, text=GOOD.replace("Szpital Miejski", "Szpital Miejski nr 1")).exit_code == 0
    listed = [line.split("\t")[1:4] for line in hospitals("list", "pacing").output.splitlines()]
    assert listed == [
        ["990000000102", "Szpital Miejski nr 1", "0"],
        ["990000000101", "Szpital Wojewódzki w Zalesiu", "2"],
    ]
    clash = load(hospitals, text=GOOD.replace("2025-01-01", "2024-06-01"))
    assert clash.exit_code == 1
    assert "list.csv:2: takes part from 2025-01-01 to now already" in clash.output


def test_every_fault_is_told_with_its_line(hospitals):
    result = load(hospitals, text=BAD)
    assert result.exit_code == 1
    assert [line.partition("list.csv:")[2] for line in result.output.splitlines()] == FAULTS


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"\xff\xfe", "is not UTF-8"),
        ("", "the column hospital_code is missing"),
        ("hospital_code,hospital_name,ward\n1,2,3\n", "no column is called 'ward'"),
        ('hospital_code,hospital_name\n1,"open\n', "is no CSV"),
    ],
)
def test_a_file_that_is_none_is_refused(hospitals, text, told):
    result = load(hospitals, text=text)
    assert result.exit_code == 1
    assert told in result.output


def test_a_registry_that_is_not_served_is_a_slip_of_the_pen(hospitals):
    result = hospitals("list", "pacin")
    assert result.exit_code == 2
    assert "Did you mean 'pacing'?" in result.output
