"""Made-up subjects in a database: loaded through the normal save path, all complete, nothing objected to; and the command."""

import base64
import json
import secrets
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import create_engine, text

from cli.main import main
from web.synthetic import Load

ROOT = Path(__file__).parents[2]
LEADS = str(ROOT / "form_definitions/lead_extraction.yaml")
OPERATIONS = str(ROOT / "docs/examples/operations.yaml")
NOW = "2026-11-01T12:00"


def synth(*arguments):
    return CliRunner().invoke(main, ["synth", *arguments, "--now", NOW], catch_exceptions=False)


@pytest.fixture
def key(tmp_path, monkeypatch):
    file = tmp_path / "master.key"
    file.write_text(base64.b64encode(secrets.token_bytes(32)).decode(), "utf-8")
    monkeypatch.setenv("ECRF_MASTER_KEY_FILE", str(file))
    return file


@pytest.mark.usefixtures("key")
def test_loaded_subjects_are_complete_and_sound(database_url):
    done = synth(LEADS, "-n", "4", "--load", database_url)
    assert done.exit_code == 0, done.output
    records = [int(line.split()[1]) for line in done.output.splitlines()]
    pool = create_engine(database_url.replace("postgresql://", "postgresql+psycopg://"))
    with pool.connect() as connection:

        def ask(query):
            return connection.execute(text(query)).all()

        assert ask("SELECT state, count(*) FROM form_instance GROUP BY state") == [("complete", sum(records))]
        assert ask("SELECT count(*) FROM issue WHERE closed_at IS NULL") == [(0,)]
        assert ask("SELECT count(*) FROM subject") == [(4,)]
        assert ask("SELECT count(DISTINCT reference_value) FROM item_data WHERE item = 'lx_lead_ref'")[0][0] > 3
    pool.dispose()


LATE = """registry: late
version: 1.0.0
title: {pl: Późno, en: Late}
forms:
  seen:
    in: patient
    title: {pl: Badanie, en: Examination}
    sections:
      - id: s
        title: {pl: Badanie, en: Examination}
        items:
          - {id: day, type: date, label: {pl: Dzień, en: Day}, range: {hard: ["make_date(2025, 1, 1)", "make_date(2025, 1, 31)"]}, required: true}
          - {id: told, type: partial_date, label: {pl: Data, en: Date}, range: {hard: ["make_date(2026, 5, 1)", today()]}, required: true}
"""


@pytest.mark.usefixtures("key")
def test_no_record_is_saved_before_what_it_tells_of(tmp_path):
    file, url = tmp_path / "late.yaml", f"sqlite:///{tmp_path / 'synth.sqlite3'}"
    file.write_text(LATE, "utf-8")
    done = synth(str(file), "-n", "6", "--load", url)
    assert done.exit_code == 0, done.output
    pool = create_engine(url)
    with pool.connect() as connection:
        assert connection.execute(text("SELECT code, message FROM issue WHERE closed_at IS NULL")).all() == []
    pool.dispose()


@pytest.mark.usefixtures("key")
def test_a_load_goes_on_where_another_ended(tmp_path):
    url = f"sqlite:///{tmp_path / 'synth.sqlite3'}"
    assert [synth(LEADS, "-n", "1", "--seed", seed, "--load", url).exit_code for seed in "12"] == [0, 0]
    again = synth(LEADS, "-n", "1", "--seed", "2", "--load", url)
    assert again.exit_code == 1
    assert "another --seed" in again.output


def people(url):
    """The hashed PESEL of each person, and how many records each has."""
    pool = create_engine(url)
    query = (
        "SELECT h.hash, count(f.id) FROM subject s JOIN identity_hash h ON h.subject_id = s.id AND h.kind = 'pesel' "
        "LEFT JOIN form_instance f ON f.subject_id = s.id GROUP BY s.id"
    )
    with pool.connect() as connection:
        found = connection.execute(text(query)).all()
        assert connection.execute(text("SELECT count(*) FROM subject")).scalar_one() == len(found)
    pool.dispose()
    return {bytes(value): count for value, count in found}


@pytest.mark.usefixtures("key")
def test_whose_pesel_is_taken_is_made_up_as_somebody_else(tmp_path):
    """Two registries that are the same but for their name and sign: each subject of the second is one of the first at first."""
    shutil.copytree(ROOT / "form_definitions", folder := tmp_path / "definitions")
    for file in ("lead_extraction.yaml", "examples/lead_extraction.distribution.yaml"):
        content = (
            (folder / file)
            .read_text("utf-8")
            .replace(": lead_extraction\n", ": leads_again\n", 1)
            .replace("TLE-", "TLB-")
        )
        (folder / file.replace("lead_extraction", "leads_again")).write_text(content, "utf-8")
    both, found = (LEADS, str(folder / "leads_again.yaml")), []
    for place in "ab":
        url = f"sqlite:///{tmp_path / f'{place}.sqlite3'}"
        for file in both:
            done = synth(file, "-n", "2", "--load", url)
            assert (done.exit_code, len(done.output.splitlines())) == (0, 2), done.output
        again = synth(both[1], "-n", "2", "--load", url)
        assert (again.exit_code, "another --seed" in again.output) == (1, True)
        found.append(people(url))
    assert len(found[0]) == 4
    assert min(found[0].values()) > 5
    assert found[0] == found[1]


def test_without_a_key_nothing_is_loaded(tmp_path, monkeypatch):
    monkeypatch.delenv("ECRF_MASTER_KEY_FILE", raising=False)
    done = synth(LEADS, "-n", "1", "--load", f"sqlite:///{tmp_path / 'synth.sqlite3'}")
    assert done.exit_code == 2
    assert "ECRF_MASTER_KEY_FILE" in done.output


def test_the_command_writes_lines_that_do_not_depend_on_their_number_or_on_processes(tmp_path):
    files = [tmp_path / name for name in ("few.jsonl", "many.jsonl", "alone.jsonl")]
    for file, arguments in zip(
        files, (["-n", "3"], ["-n", "12", "--processes", "2"], ["-n", "12", "--processes", "1"]), strict=True
    ):
        assert synth(OPERATIONS, *arguments, "-o", str(file)).exit_code == 0
    few, many, alone = (file.read_text("utf-8").splitlines() for file in files)
    assert many[:3] == few
    assert many == alone
    assert len(set(many)) == 12
    assert all(json.loads(line)["forms"]["operation"] for line in many)


def test_faults_of_a_process_reach_the_command(tmp_path):
    file = tmp_path / "never.yaml"
    file.write_text(
        Path(OPERATIONS).read_text("utf-8").replace("assert: in_window(seen)", "assert: seen = null is true"), "utf-8"
    )
    done = synth(str(file), "-n", "12", "--processes", "2")
    assert done.exit_code == 1
    assert "IN_WINDOW@visit" in done.output


@pytest.mark.parametrize(
    ("arguments", "told"),
    [(["--break", "TLE27"], "Did you mean 'TLE-27'?"), (["-n", "0"], "-n"), (["--now", "morning"], "--now")],
)
def test_wrong_use_is_told(arguments, told):
    done = CliRunner().invoke(main, ["synth", LEADS, *arguments])
    assert done.exit_code == 2
    assert told in done.output


def test_time_is_that_of_now():
    line = json.loads(synth(LEADS, "-n", "1").output.splitlines()[0])
    assert datetime.fromisoformat(line["forms"]["procedure"]["proc_start"]) < datetime(2026, 11, 1, 12, tzinfo=UTC)


TABLES = {  # what must not depend on how many forms are saved at a time
    "form_instance": "id, instance_id, occurrence_id, form, record, revision, status, saved_at",
    "row_data": "form_id, row_id, grp, parent, position, removed",
    "item_data": "*",
    "calculated_data": "*",
    "pending_event": "*",
    "unique_key": "form_id, name, row_id",
    "issue": "form_id, code, row_id, item, severity, message, rule, origin",
    "occurrence": "*",
    "audit_entry": "stream, number, form_id, kind, who, at, revision, items",
}

OPEN = {"issue": "WHERE closed_at IS NULL"}  # what one form lacked until the next was saved is over


@pytest.mark.usefixtures("key")
@pytest.mark.parametrize(
    ("definition", "drawn"),
    [
        (LEADS, None),
        (
            str(ROOT / "tests/fixtures/definitions/hard_mcs.yaml"),
            str(ROOT / "tests/fixtures/distributions/hard_mcs.yaml"),
        ),
    ],
)
def test_forms_saved_together_are_as_if_saved_one_after_the_other(tmp_path, monkeypatch, definition, drawn):
    def rows(name):
        numbers = count()
        monkeypatch.setattr("web.synthetic.secrets.token_hex", lambda _: f"row{next(numbers):013}")
        url = f"sqlite:///{tmp_path / name}"
        more = ["--distribution", drawn] if drawn else []
        done = synth(definition, "-n", "3", "--load", url, "--processes", "1", *more)
        assert done.exit_code == 0, done.output
        pool = create_engine(url)
        with pool.connect() as connection:
            found = {
                table: sorted(
                    map(str, connection.execute(text(f"SELECT {columns} FROM {table} {OPEN.get(table, '')}")))
                )
                for table, columns in TABLES.items()
            }
        pool.dispose()
        return found

    together = rows("together.sqlite3")
    save, alone = Load.save, []

    def one_by_one(load, visit, key=""):
        alone.extend(visit.forms)
        load.records(visit)  # the events of a visit are opened together
        for number, form in enumerate(visit.forms):
            save(load, replace(visit, forms=(form,)), key and f"{key}{number}")

    monkeypatch.setattr(Load, "save", one_by_one)
    assert rows("alone.sqlite3") == together
    assert len(together["form_instance"]) == len(alone) > 12
