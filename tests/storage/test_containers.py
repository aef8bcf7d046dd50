"""Containers in containers, and what hospitals keep of their own, with the rules of a real definition."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import select

from engine.compiler import compile_definition
from engine.datatypes.values import Entered, Reference
from engine.records.form_data import FormData, RowData
from storage import errors
from storage.access import Actor
from storage.accounts import create_account, create_site
from storage.audit import subject_stream
from storage.audit_check import verify
from storage.database import Database, open_database
from storage.form_data import Place, load_subject
from storage.instances import NewPart, open_instance, remove_instance
from storage.keys import derive_keys
from storage.listing import list_subjects
from storage.metadata_versions import PublishedDefinition, publish
from storage.request import SaveRequest
from storage.saving import save_form
from storage.sharing import Share, share
from storage.site_records import open_site_records, site_records
from storage.subjects import add_occurrence, register_subject, register_with
from storage.tables import audit_entry, calculated_data
from storage.upgrading import upgrade
from web.rules import rules_of

NOW = datetime(2025, 3, 17, 9, 10, tzinfo=UTC)
REGISTRY = compile_definition(Path(__file__).parents[1] / "fixtures/definitions/circulation.yaml")
RULES = rules_of(REGISTRY, {})
KEYS = count()


@dataclass
class Hospital:
    """Somebody in a hospital, and a patient."""

    database: Database
    actor: Actor
    subject: int = 0
    now: datetime = NOW
    revisions: dict[Place, int] = field(default_factory=dict)

    def register(self) -> "Hospital":
        self.subject = register_subject(self.database, self.actor, prefix="CIR", at=NOW, registry=REGISTRY).subject
        return self

    def load(self):
        return load_subject(self.database, REGISTRY, self.actor, self.subject, self.now)

    def tree(self) -> list[str]:
        """The instances with their parents."""
        rows = {row.id: row for row in self.load().instances}
        return [
            f"{rows[row.parent].container if row.parent else ''} {row.container} {row.number}" for row in rows.values()
        ]

    def the(self, container: str, number: int = 1):
        return next(row.id for row in self.load().instances if (row.container, row.number) == (container, number))

    def open(self, container: str, parent: int, **more):
        return open_instance(self.database, REGISTRY, self.actor, self.subject, container, parent, at=self.now, **more)

    def save(
        self,
        instance: int,
        form: str,
        items: Mapping[str, Entered],
        groups: dict[str, tuple[RowData, ...]] | None = None,
        occurrence=None,
        record=0,
        subject=0,
    ):
        self.now += timedelta(minutes=1)
        place = Place(instance, form, occurrence, record)
        request = SaveRequest(
            subject or self.subject, place, FormData(items, groups or {}), self.revisions.get(place, 0), str(next(KEYS)),
            self.actor, self.now, complete=True,
        )  # fmt: skip
        result = save_form(self.database, REGISTRY, request, RULES)
        self.revisions[place] = result.revision
        return result

    def calculated(self) -> dict[tuple[int, str], object]:
        """The calculated numbers and truths of the whole database, by instance and item."""
        columns = calculated_data.c
        query = select(
            columns.instance_id, columns.item, columns.number_value, columns.boolean_value, columns.text_value
        )
        with self.database.read() as connection:
            rows = connection.execute(query).all()
        values = {(row[0], row[1]): next((value for value in row[2:] if value is not None), None) for row in rows}
        return {key: int(str(value)) if str(value).isdecimal() else value for key, value in values.items()}


@pytest.fixture(scope="module")
def database(database_url: str):
    opened = open_database(database_url, derive_keys(b"k" * 32))
    upgrade(opened)
    publish(opened, PublishedDefinition("circulation", "1.0.0", REGISTRY.hash, "…"), who="office", at=NOW)
    create_account(opened, "jan", "Jan", "correct horse battery", who="office", at=NOW)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def new_hospital(database):
    numbers = count(1)

    def build() -> Hospital:
        number = next(numbers)
        site = create_site(database, f"s{number}", f"Szpital {number}", who="office", at=NOW)
        return Hospital(database, Actor(1, f"jan{number}", "circulation", site))

    return build


@pytest.fixture
def ward(new_hospital):
    return new_hospital().register()


def test_a_person_with_all_parts_is_told_in_the_audit_by_one_statement_in_order(new_hospital):
    ward, inner = new_hospital(), (NewPart("stay"), NewPart("run"), NewPart("run"))
    parts = [NewPart("episode", inner), NewPart("episode")]
    with ward.database.counted() as sent:
        new, opened = register_with(ward.database, ward.actor, parts, prefix="CIR", at=NOW)
    ward.subject = new.subject
    assert ward.tree() == [
        " patient 1", "patient episode 1", "episode stay 1", "episode run 1", "episode run 2", "patient episode 2",
    ]  # fmt: skip
    assert sum("audit_entry" in one and "INSERT" in one for one in sent) == 2  # of the person, of the parts
    with ward.database.read() as connection:
        told = select(audit_entry.c.body).where(audit_entry.c.subject_id == new.subject, audit_entry.c.kind == "open")
        bodies = [json.loads(body) for body in connection.execute(told.order_by(audit_entry.c.number)).scalars()]
    assert [body["instance"] for body in bodies] == opened
    assert not [one for one in verify(ward.database) if one.stream == subject_stream(new.subject)]


def test_what_is_there_at_once_is_opened_with_what_holds_it(ward):
    assert ward.tree() == [" patient 1", "patient episode 1", "episode stay 1", "episode council 1"]
    ward.open("run", ward.the("episode"))
    second = ward.open("episode", ward.load().root)
    assert [row.container for row in ward.load().instances if row.parent == second] == ["stay", "council"]
    assert ward.open("episode", ward.load().root, alone=True) > second
    assert not [row for row in ward.load().instances if row.parent == second + 3]


@pytest.mark.parametrize(
    ("container", "parent", "error"),
    [
        ("run", "patient", errors.NotFound),  # it belongs into an episode
        ("nothing", "episode", errors.NotFound),
        ("patient", "episode", errors.NotFound),
        ("council", "episode", errors.TooMany),  # it does not repeat
        ("run", "of another", errors.NotFound),
    ],
)
def test_what_the_definition_does_not_put_there_is_refused(ward, new_hospital, container, parent, error):
    other = new_hospital().register().the("episode")
    with pytest.raises(error):
        ward.open(container, other if parent == "of another" else ward.the(parent))


def test_no_more_are_opened_than_the_definition_allows(ward):
    runs = [ward.open("run", ward.the("episode"), key=f"k{n}") for n in range(3)]
    with pytest.raises(errors.TooMany) as refused:
        ward.open("run", ward.the("episode"), key="k3")
    assert (refused.value.container, refused.value.most) == ("run", 3)
    assert ward.open("run", ward.the("episode"), key="k2") == runs[2]  # a click that is sent again


def test_what_was_added_is_taken_back_while_it_is_empty(ward):
    def remove(instance: int) -> None:
        remove_instance(ward.database, REGISTRY, ward.actor, ward.subject, instance, at=ward.now)

    before = ward.tree()
    for container, parent in (
        ("run", ward.the("episode")),
        ("stay", ward.the("episode")),
        ("episode", ward.load().root),
    ):
        remove(ward.open(container, parent))
        assert ward.tree() == before
    used, held = ward.open("run", ward.the("episode")), ward.open("episode", ward.load().root)
    ward.save(used, "ecmo", {"ecmo_mode": "va"})
    add_occurrence(ward.database, ward.actor, ward.subject, held, "implantation", at=ward.now)
    for kept in (used, held, ward.the("stay"), ward.the("council"), ward.load().root, 10**6):
        with pytest.raises(errors.NotFound):
            remove(kept)


def start(day: int, hour: int = 8) -> datetime:
    return datetime(2025, 3, day, hour, tzinfo=UTC)


def test_values_of_a_run_are_calculated_up_and_down_the_tree(ward):
    """A run is saved: what the episode and the patient make of it is saved too; and what a run makes of its episode."""
    ward.save(ward.load().root, "patient", {"sex": "f"})
    runs = [ward.open("run", ward.the("episode")) for _ in range(2)]
    for day, run in zip((3, 8), runs, strict=True):
        ward.save(run, "ecmo", {"ecmo_start": start(day), "ecmo_stop": start(day + 2), "ecmo_mode": "va"})
    stored = ward.calculated()
    assert [stored[run, "ecmo_days"] for run in runs] == [3, 3]
    assert stored[ward.the("episode"), "days_on_ecmo"] == 6
    assert stored[ward.load().root, "runs"] == 2
    assert (runs[0], "run_of_advice") not in stored
    ward.save(ward.the("council"), "council_decision", {"verdict": "ecmo"})
    assert [ward.calculated()[run, "run_of_advice"] for run in runs] == [True, True]
    ward.save(ward.the("council"), "council_decision", {"verdict": "device"})
    assert [ward.calculated()[run, "run_of_advice"] for run in runs] == [False, False]


def test_rules_look_over_the_runs_of_the_episode_alone(ward):
    episodes = [ward.the("episode"), ward.open("episode", ward.load().root)]
    for episode in episodes:
        ward.save(ward.open("run", episode), "ecmo", {"ecmo_start": start(3), "ecmo_stop": start(6), "ecmo_mode": "va"})
    late = ward.save(ward.open("run", episodes[0]), "ecmo", {"ecmo_start": start(5), "ecmo_mode": "va"})
    assert [violation.code for violation in late.evaluation.violations] == ["ECMO_OVERLAP"]


def test_a_reference_leads_to_a_run_or_to_a_row(ward):
    episode, run = ward.the("episode"), ward.open("run", ward.the("episode"))
    ward.save(run, "ecmo", {"ecmo_start": start(3), "ecmo_mode": "va"})
    implanted, noted = (
        add_occurrence(ward.database, ward.actor, ward.subject, episode, event, at=ward.now)
        for event in ("implantation", "complication")
    )
    ward.save(episode, "implantation", {}, {"dev": (RowData("d1", {"dev_name": "LVAD"}),)}, implanted)
    for target, expected in ((f"{run}.ecmo[1]", start(3)), ("d1", None)):
        saved = ward.save(
            episode, "complication", {"cx_date": start(4).date(), "cx_about": Reference(target)}, {}, noted
        )
        assert saved.evaluation.calculated["cx_run_start"] == expected
        assert saved.evaluation.violations == ()


def test_the_schedule_and_the_due_list_know_the_events_of_runs_and_stays(ward):
    run = ward.open("run", ward.the("episode"))
    ward.save(ward.the("stay"), "admission", {"adm_time": start(2)})
    ward.save(run, "ecmo", {"ecmo_start": start(3), "ecmo_stop": start(4), "ecmo_mode": "va"})
    planned = {each.event: each for each in RULES.schedule(REGISTRY, ward.load().tree, start(17), ()) if each.date}
    assert {name: (int(each.instance), str(each.date), each.state) for name, each in planned.items()} == {
        "discharge": (ward.the("stay"), "2025-03-12", "due"),
        "start": (run, "2025-03-03", "done"),
        "control": (run, "2025-04-03", "planned"),
    }
    [line] = list_subjects(ward.database, ward.actor, at=ward.now).subjects
    assert (line.due, line.overdue, str(line.until)) == (1, 0, "2025-04-01")


# An episode that two hospitals share


@pytest.fixture
def guest(ward, new_hospital):
    """A second hospital that sees the first episode of a patient, in which a run was begun, and not the second one."""
    ward.save(ward.open("run", ward.the("episode")), "ecmo", {"ecmo_start": start(3), "ecmo_mode": "va"})
    ward.save(ward.open("run", ward.open("episode", ward.load().root)), "ecmo", {"ecmo_mode": "vv"})
    other, shared = new_hospital(), ward.the("episode")
    share(ward.database, ward.actor, ward.subject, Share(other.actor.site, shared, "transfer"), at=ward.now)
    return replace(other, subject=ward.subject, now=ward.now, revisions=dict(ward.revisions))


def test_a_second_hospital_sees_the_episode_it_shares_and_no_other(ward, guest):
    assert sorted(guest.tree()) == [
        " patient 1", "episode council 1", "episode run 1", "episode stay 1", "patient episode 1",
    ]  # fmt: skip
    assert [form.data.items["ecmo_mode"] for form in guest.load().forms.values()] == ["va"]
    hidden = ward.the("episode", 2)
    for act in (
        lambda: guest.open("run", hidden),
        lambda: guest.save(hidden, "implantation", {}),
        lambda: add_occurrence(guest.database, guest.actor, guest.subject, hidden, "implantation", at=guest.now),
        lambda: remove_instance(guest.database, REGISTRY, guest.actor, guest.subject, hidden, at=guest.now),
    ):
        with pytest.raises(errors.NotVisible):
            act()


def test_a_second_hospital_opens_its_stay_and_goes_on_with_what_was_begun_elsewhere(ward, guest):
    stay = guest.open("stay", guest.the("episode"))
    guest.save(stay, "admission", {"adm_time": start(5)})
    run = guest.the("run")
    guest.save(run, "ecmo", {"ecmo_start": start(3), "ecmo_stop": start(6), "ecmo_mode": "va"})
    mine = ward.load()
    assert mine.forms[Place(stay, "admission")].data.items == {"adm_time": start(5)}
    assert mine.forms[Place(run, "ecmo")].data.items["ecmo_stop"] == start(6)
    assert ward.calculated()[ward.the("episode"), "days_on_ecmo"] == 4


def test_an_episode_that_a_second_hospital_opens_is_seen_by_it(ward, guest):
    own = guest.open("episode", guest.load().root)
    guest.save(guest.open("run", own), "ecmo", {"ecmo_mode": "vv"})
    assert [row.number for row in guest.load().instances if row.container == "episode"] == [1, 3]
    assert own in {row.id for row in ward.load().instances}


# What hospitals keep of their own


def console(ward: Hospital, record: int, serial: str, status: str = "in_use") -> str:
    """Enter a console; returns what references to it say."""
    here = open_site_records(ward.database, REGISTRY, ward.actor, at=ward.now)
    items = {"ast_name": "Cardiohelp", "ast_serial": serial, "ast_status": status}
    ward.save(here.instance, "console", items, record=record, subject=here.subject)
    return f"{here.instance}.console[{record + 1}]"


def circuit(ward: Hospital, run: int, console: str):
    row = RowData(f"c{run}", {"comp_name": "Konsola", "comp_asset": Reference(console)})
    return ward.save(run, "circuit", {}, {"comp": (row,)})


def test_a_hospital_keeps_records_of_its_own_that_no_other_one_sees(ward, new_hospital):
    console(ward, 0, "A1")
    console(ward, 1, "A2")
    [here] = site_records(ward.database, ward.actor, at=ward.now)
    assert here == open_site_records(ward.database, REGISTRY, ward.actor, at=ward.now)
    record = load_subject(ward.database, REGISTRY, ward.actor, here.subject, ward.now)
    assert [form.data.items["ast_serial"] for form in record.forms.values()] == ["A1", "A2"]
    stranger = new_hospital()
    assert site_records(stranger.database, stranger.actor, at=stranger.now) == ()
    for act in (
        lambda: load_subject(ward.database, REGISTRY, stranger.actor, here.subject, ward.now),
        lambda: stranger.save(here.instance, "console", {"ast_name": "x"}, record=2, subject=here.subject),
    ):
        with pytest.raises(errors.NotVisible):
            act()
    keeper = replace(ward.actor, site=None)
    assert here in site_records(ward.database, keeper, at=ward.now)
    assert load_subject(ward.database, REGISTRY, keeper, here.subject, ward.now).forms
    with pytest.raises(errors.NotFound):
        open_site_records(ward.database, REGISTRY, keeper, at=ward.now)
    assert here.subject not in {
        one.subject for one in list_subjects(ward.database, keeper, at=ward.now, size=99).subjects
    }


def test_a_hospital_tells_of_days_before_its_first_record(ward):
    console(ward, 0, "early 1")
    ward.now -= timedelta(days=400)
    console(ward, 1, "early 2")
    [here] = site_records(ward.database, ward.actor, at=ward.now)
    record = load_subject(ward.database, REGISTRY, ward.actor, here.subject, ward.now)
    assert [form.data.items["ast_serial"] for form in record.forms.values()] == ["early 1", "early 2"]


def test_rules_of_a_patients_form_read_the_hospitals_records(ward):
    good, bad = console(ward, 0, "B1"), console(ward, 1, "B2", "out")
    run = ward.open("run", ward.the("episode"))
    saved = circuit(ward, run, bad)
    assert [(violation.code, violation.item) for violation in saved.evaluation.violations] == [
        ("CONSOLE_OUT", "comp[1].comp_asset")
    ]
    saved = circuit(ward, run, good)
    assert saved.evaluation.violations == ()
    assert ward.calculated()[run, "comp_serial"] == "B1"


def test_the_console_of_a_hospital_that_does_not_treat_the_patient_is_none(ward, new_hospital):
    stranger, run = new_hospital(), ward.open("run", ward.the("episode"))
    saved = circuit(ward, run, console(stranger, 0, "C1"))
    assert saved.evaluation.calculated["comp[1].comp_serial"] is None
    share(ward.database, ward.actor, ward.subject, Share(stranger.actor.site, None, "x"), at=ward.now)
    assert circuit(ward, run, console(stranger, 0, "C1")).evaluation.calculated["comp[1].comp_serial"] == "C1"


def test_a_serial_number_is_unique_in_the_registry(ward, new_hospital):
    console(ward, 0, "D1")
    with pytest.raises(errors.NotUnique, match="SERIAL_TAKEN"):
        console(new_hospital(), 0, "D1")
    with pytest.raises(errors.NotUnique, match="SERIAL_TAKEN"):
        console(ward, 1, "D1")


def test_a_save_and_a_page_take_as_many_statements_for_many_records_and_instances(ward):
    counts = set()
    for number in range(3):
        run = ward.open("run", ward.the("episode"))
        chosen = console(ward, number, f"E{number}")
        circuit(ward, run, chosen)
        with ward.database.counted() as saved:
            circuit(ward, run, console=chosen)
        with ward.database.counted() as loaded:
            ward.load()
        counts.add((len(saved), len(loaded)))
    assert len(counts) == 1
    [(saving, loading)] = counts
    assert saving <= (5 if ward.database.dialect == "postgresql" else 8)
    assert loading == 1
