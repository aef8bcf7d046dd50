"""Records side by side: what a grid shows, and what a save makes of its columns, with and without others in between."""

import re
from pathlib import Path

import pytest

from storage.accounts import add_membership, create_account

GRID_STATEMENTS = 12  # signing, the patient, working copies, what is asked
FOLDER = Path(__file__).parents[1] / "fixtures" / "grids"


@pytest.fixture(scope="module")
def support(database_url, new_world):
    built = new_world(database_url, definitions=FOLDER, registry="support")
    yield built
    built.space.database.close()


@pytest.fixture
def anna(support):
    return support.browser("anna")


def begin(anna, started="26.06.2025"):
    """A patient whose support began some days ago; the address of the patient and of the run's forms."""
    anna.get("/support/patients").post({}, "/patients")
    who = anna.address.split("/")[3]
    anna.get(f"/support/patients/{who}")
    found = re.search(r"/forms/(\d+)\.course", anna.text)
    assert found is not None
    run = f"/support/patients/{who}/{{}}/{found[1]}.{{}}"
    day, month, year = started.split(".")
    anna.get(run.format("forms", "course"))
    anna.post({"started__d": day, "started__m": month, "started__y": year, "__do": "save"}, "forms")
    return who, run


def grid(anna, run, series="daily.day", query=""):
    return anna.get(run.format("grids", series) + query)


def shown(anna, name):
    """What a cell holds."""
    return next((value for field, value in anna.fields("grids")[1] if field == name), None)


def days(anna):
    return re.findall(r'<th scope="col" id="c-(d\d+)"', anna.text)


def saves(support):
    return len(support.audit("save")) + len(support.audit("open_form"))


def test_a_column_for_each_day_until_today(anna):
    _, run = begin(anna)
    grid(anna, run)
    assert days(anna) == ["d1", "d2", "d3", "d4", "d5", "d6"]
    assert "Przepływ krwi" in anna.text
    assert "1.07.2025" in anna.text


def test_the_patient_page_leads_to_grids_in_which_there_is_something_to_do(anna):
    anna.get("/support/patients").post({}, "/patients")
    who = anna.address.split("/")[3]
    found = re.findall(r'/grids/\d+\.([^"]*)', anna.get(f"/support/patients/{who}").text)
    assert found == ["laboratory.lab", "remark"]
    who, _ = begin(anna)
    found = re.findall(r'/grids/\d+\.([^"]*)', anna.get(f"/support/patients/{who}").text)
    assert found == ["daily.day", "laboratory.lab", "remark"]


def test_one_save_makes_a_record_and_an_audit_entry_for_each_day_with_something_typed(anna, support):
    _, run = begin(anna)
    before = saves(support)
    grid(anna, run).post({"d1.flow": "4,0", "d1.mode": "VA", "d3.lactate": "2,5", "__do": "save"}, "grids")
    assert "Zapisano." in anna.text
    assert saves(support) - before == 2
    assert [shown(anna, f"d{n}.flow") for n in (1, 2, 3)] == ["4", "", ""]
    assert shown(anna, "d3.lactate") == "2,5"
    assert [shown(anna, f"d{n}.__revision") for n in (1, 2, 3)] == ["1", "0", "1"]
    grid(anna, run).post({"__do": "save"}, "grids")
    assert "nic do zapisania" in anna.text
    assert saves(support) - before == 2


def test_a_cell_takes_what_stands_in_a_spreadsheet(anna):
    _, run = begin(anna)
    typed = {
        "d1.mode": "vv", "d1.flow": " 4,25", "d1.rpm": "3\u00a0400", "d1.p_pre": "[nie wykonano]", "d1.p_post": "nd", "d1.bleeding": "tak",
        "d1.sites": "kaniula; gut", "d1.changed_on": "27.06.2025", "d1.remark_of_day": "nd", "d2.changed_on": "2025-06-28", "d2.mode": "nie ma",
    }  # fmt: skip
    grid(anna, run).post({**typed, "__do": "save"}, "grids")
    found = {name: shown(anna, name) for name in typed}
    assert found == {
        "d1.mode": "VV", "d1.flow": " 4,25", "d1.rpm": "3400", "d1.p_pre": "[nie wykonano]", "d1.p_post": "[nie wykonano]", "d1.bleeding": "Tak",
        "d1.sites": "kaniula; przewód pokarmowy", "d1.changed_on": "27.06.2025", "d1.remark_of_day": "nd", "d2.changed_on": "28.06.2025",
        "d2.mode": "nie ma",
    }  # fmt: skip
    assert "Zostały w swoich komórkach" in anna.text  # two decimals, and a code that there is not
    anna.get(run.format("forms", "daily") + ".day.1")
    assert '<b data-reason="">nie wykonano' in anna.text or "nie wykonano" in anna.text


def test_a_quantity_keeps_its_unit_and_a_date_its_precision(anna):
    _, run = begin(anna)
    typed = {"d1.taken": "27.06.2025 09:10", "d1.creatinine": "110 umol/L", "d1.onset": "06.2025"}
    grid(anna, run, "laboratory.lab").post({**typed, "__do": "save"}, "grids")
    assert {name: shown(anna, name) for name in typed} == {**typed, "d1.creatinine": "110 µmol/L"}
    before = shown(anna, "d1.__revision")
    anna.post({"__do": "save"}, "grids")
    assert shown(anna, "d1.__revision") == before


def test_records_that_repeat_follow_one_another(anna):
    _, run = begin(anna)
    grid(anna, run, "remark")
    assert days(anna) == ["d1", "d2", "d3", "d4", "d5"]
    anna.post({"d2.kind": "plan", "d2.at": "9:10", "d4.kind": "zdarzenie", "__do": "save"}, "grids")
    assert [shown(anna, f"d{n}.kind") for n in (1, 2, 3)] == ["plan", "zdarzenie", ""]
    assert shown(anna, "d1.at") == "09:10"
    assert len(days(anna)) == 7


def test_what_others_saved_in_one_column_holds_up_that_column_alone(anna, support):
    _, run = begin(anna)
    grid(anna, run).post({"d1.lactate": "1,0", "d2.lactate": "1,1", "__do": "save"}, "grids")
    piotr = grid(support.browser("piotr"), run)
    piotr.post({"d1.lactate": "5,0", "__do": "save"}, "grids")
    anna.post({"d1.lactate": "2,0", "d2.lactate": "2,1", "__do": "save"}, "grids")
    assert "Doba 1: ktoś inny zapisał" in anna.text
    assert [shown(anna, f"d{n}.lactate") for n in (1, 2)] == ["2", "2,1"]
    grid(piotr, run)
    assert [shown(piotr, f"d{n}.lactate") for n in (1, 2)] == ["5", "2,1"]
    action = re.search(r'formaction="([^"]*resolve)"', anna.text)
    assert action is not None
    anna.post({}, "grids", to=action[1], follow=False)
    assert anna.status == 409
    assert "5" in anna.text


def test_different_fields_of_one_day_are_merged(anna, support):
    _, run = begin(anna)
    grid(anna, run).post({"d1.lactate": "1,0", "__do": "save"}, "grids")
    piotr = grid(support.browser("piotr"), run)
    piotr.post({"d1.rpm": "3400", "__do": "save"}, "grids")
    anna.post({"d1.platelets": "150", "__do": "save"}, "grids")
    assert [shown(anna, f"d1.{item}") for item in ("lactate", "rpm", "platelets")] == ["1", "3400", "150"]


def test_a_working_copy_of_a_column_is_that_of_its_own_page(anna):
    _, run = begin(anna)
    grid(anna, run)
    answer = anna.draft({"d2.lactate": "3,3"}, anna.fields("grids"))
    assert answer.status_code == 200
    assert anna.get(run.format("forms", "daily") + ".day.2").value("lactate") == "3,3"
    assert shown(grid(anna, run), "d2.lactate") == "3,3"
    assert shown(anna, "d2.__revision") == "0"


def test_a_save_that_deletes_answers_asks_first(anna):
    _, run = begin(anna)
    grid(anna, run).post({"d1.bleeding": "tak", "d1.sites": "gut", "__do": "save"}, "grids")
    anna.post({"d1.bleeding": "nie", "d2.flow": "4", "__do": "save"}, "grids")
    assert "Doba 1: zapisanie usunie Miejsca krwawienia" in anna.text
    assert shown(anna, "d2.__revision") == "1"
    anna.post({"d1.__clear": "yes", "__do": "save"}, "grids")
    assert "zapisanie usunie" not in anna.text
    assert shown(anna, "d1.bleeding") == "Nie"


def test_an_answer_to_a_warning_is_kept(anna):
    _, run = begin(anna)
    grid(anna, run).post({"d1.lactate": "2", "d2.lactate": "7", "__do": "save"}, "grids")
    assert "ponad trzykrotnie" in anna.text
    name = re.search(r'name="(d2\.lactate__ack)" value="([^"]*)"', anna.text)
    assert name is not None
    anna.post({name[1]: name[2], "__do": "save"}, "grids")
    assert re.search(rf'name="{name[1]}" value="[^"]*" checked', anna.text)
    assert 'class="cell soft" data-cell="d2.lactate"' not in anna.text


def test_complete_says_what_is_missing_where_it_is(anna):
    _, run = begin(anna)
    grid(anna, run).post({"d1.mode": "VA", "d1.flow": "4", "d2.flow": "4", "__do": "complete"}, "grids")
    assert "Zakończono wpisy" in anna.text
    assert 'data-cell="d2.mode"' in anna.text
    assert re.search(r'class="cell bad" data-cell="d2.mode"', anna.text)
    assert not re.search(r'class="cell bad" data-cell="d1', anna.text)
    assert not re.search(r'class="cell bad" data-cell="d3', anna.text)


def test_two_weeks_have_inputs_and_the_rest_is_text(anna):
    _, run = begin(anna, "1.01.2025")
    grid(anna, run)
    assert len(days(anna)) == 182
    inputs = {name.split(".")[0] for name, _ in anna.fields("grids")[1] if name.endswith(".flow")}
    assert inputs == {f"d{n}" for n in range(169, 183)}
    grid(anna, run, query="?first=1").post({"d2.flow": "4", "__do": "save"}, "grids")
    assert shown(anna, "d2.flow") == "4"
    assert "first=1" in anna.address


def test_who_may_only_read_sees_text(anna, support):
    _, run = begin(anna)
    grid(anna, run).post({"d1.lactate": "2,2", "d1.bleeding": "tak", "__do": "save"}, "grids")
    ewa = grid(support.browser("ewa"), run)
    assert "<td>2,2</td>" in ewa.text
    assert "<input class" not in ewa.text


@pytest.mark.parametrize("series", ["course", "daily", "daily.lab", "laboratory.day", "nothing", "daily.day.1"])
def test_what_is_no_grid_is_not_found(anna, series):
    _, run = begin(anna)
    assert grid(anna, run, series).status == 404


def test_what_is_asked_about_a_cell_is_seen_in_the_grid(anna, support):
    database, at = support.space.database, support.clock.now
    if not getattr(support, "monitored", False):
        account = create_account(database, "mona", "Mona", "correct horse battery", who="office", at=at)
        add_membership(database, account, "support", "monitor", site_id=None, who="office", at=at)
        support.monitored = True
    _, run = begin(anna)
    grid(anna, run).post({"d1.lactate": "2,2", "d2.lactate": "3", "__do": "save"}, "grids")
    mona, page = support.browser("mona"), run.format("forms", "daily") + ".day.1"
    for at_ in ("lactate", ""):
        mona.get(f"{page}/queries?at={at_}").post({"text": "Na pewno?"}, "/queries?")
    for browser in (anna, mona):
        with database.counted() as sent:
            grid(browser, run)
        cell, head = (
            re.findall(rf'href="{re.escape(page)}/queries\?at={at_}".*?data-count>(\d*)<', browser.text)
            for at_ in ("lactate", "")
        )
        assert (cell, head) == (["1"], ["1"])
        assert "/queries?at=flow" not in browser.text
    assert len(sent) <= GRID_STATEMENTS
