"""REDCap's project XML: forms, events, what repeats, and rules that name an event or a record."""

from pathlib import Path

import pytest

from exchange.findings import SourceFault
from exchange.redcap.columns import Column
from exchange.redcap.read import read
from exchange.redcap.write import write
from tests.exchange.redcap_kit import compiled, items, rows_of, rules_told

VISITS = Path(__file__).parents[1] / "fixtures" / "exchange" / "redcap" / "visits.xml"


@pytest.fixture(scope="module")
def visits():
    return read(VISITS)


def test_fields_are_those_of_the_forms_and_a_multiple_choice_is_one(visits):
    assert {name: list(items(visits.document, name)) for name in visits.document["forms"]} == {
        "person": ["study_id", "sex", "ills"],
        "vitals": ["weight", "first_visit", "gain"],
        "drugs": ["drug", "same"],
        "end": ["lost", "why", "stop", "any_ill"],
    }
    assert visits.document["codelists"]["ills"] == {"codes": {"1": {"en": "Gout"}, "2": {"en": "Asthma, mild"}}}
    assert visits.document["missing"] == {"missing_data": {"-77": {"en": "Not known"}, "NASK": {"en": "Not asked"}}}
    assert visits.document["annotations"] == {"redcap": {"Record ID Field": "study_id"}}


def test_a_field_is_what_its_attributes_say(visits):
    sex = items(visits.document, "person")["sex"]
    assert (sex["type"], sex["required"], sex["hint"]) == ("code", True, {"en": "as in the passport"})
    weight = items(visits.document, "vitals")["weight"]
    assert (weight["type"], weight["range"]) == ("decimal", {"soft": [20, pytest.approx(250.5)]})


def test_forms_belong_to_their_events(visits):
    events = visits.document["events"]
    assert {name: (event["title"]["en"], event["forms"]) for name, event in events.items()} == {
        "baseline_arm_1": ("Baseline", ["person", "vitals", "drugs"]),
        "week_4_arm_1": ("Week 4", ["vitals", "end"]),
        "unplanned_arm_1": ("Unplanned", ["vitals"]),
    }
    assert [name for name, event in events.items() if event.get("repeats")] == ["unplanned_arm_1"]
    forms = visits.document["forms"]
    assert [name for name, form in forms.items() if form.get("per") == "event"] == ["vitals"]
    assert [name for name, form in forms.items() if form.get("repeats")] == ["drugs"]


@pytest.mark.parametrize(
    ("form", "item", "key", "rule", "told"),
    [
        ("vitals", "first_visit", "when", "event_is('baseline_arm_1')", "kept"),
        ("vitals", "gain", "calculate", "weight - baseline_arm_1.vitals.weight", "kept"),
        ("drugs", "same", "when", "drug = prev(drug) or empty(drug) and empty(prev(drug))", "kept"),
        ("end", "lost", "when", "week_4_arm_1.vitals.weight < baseline_arm_1.vitals.weight", "kept"),
        ("end", "why", "when", "filled(first(unplanned_arm_1.vitals.weight))", "approximated"),
        ("end", "stop", "when", "first(drugs.drug) = 'x' or sex = '1'", "kept"),
        ("end", "any_ill", "when", "first(drugs.drug) = 'y' and '2' in ills", "approximated"),
    ],
)
def test_rules_find_answers_of_other_events_and_records(visits, form, item, key, rule, told):
    assert items(visits.document, form)[item][key] == rule
    assert [outcome for outcome, _ in rules_told(visits, f"{form}.{item}")] == [told]


@pytest.mark.parametrize(
    ("logic", "rule"),
    [
        (
            "[previous-event-name][weight] > 1",
            (
                "if(event_is('week_4_arm_1'), baseline_arm_1.vitals.weight, "
                "if(event_is('unplanned_arm_1'), week_4_arm_1.vitals.weight, null)) > 1"
            ),
        ),
        ("[first-event-name][weight] = ''", "empty(baseline_arm_1.vitals.weight)"),
        ("[last-event-name][ills(1)] = '1'", "'1' in ills"),  # a form of the first event alone
        ("[event-name] <> 'week_4_arm_1'", "not event_is('week_4_arm_1')"),
        ("[event-label] = 'Unplanned' or [next-event-name] = 'week_4_arm_1'", "event_is('unplanned_arm_1') or event_is('baseline_arm_1')"),
        (
            "[previous-event-name] = ''",
            (
                "empty(if(event_is('week_4_arm_1'), 'baseline_arm_1', "
                "if(event_is('unplanned_arm_1'), 'week_4_arm_1', null)))"
            ),
        ),
        ("[arm-number] = 1", "event_is('baseline_arm_1') or event_is('week_4_arm_1') or event_is('unplanned_arm_1')"),
        ("[drug][2] = 'x'", "first(drugs.drug where row_index() = 2) = 'x'"),
        ("[drug][last-instance] = 'x'", "last(drugs.drug) = 'x'"),
    ],
)  # fmt: skip
def test_smart_variables_of_events_and_numbers_of_records_are_read(tmp_path, logic, rule):
    path = tmp_path / "project.xml"
    path.write_text(
        VISITS.read_text().replace(
            "[event-name] = &#039;baseline_arm_1&#039;", logic.replace("<", "&lt;").replace(">", "&gt;")
        )
    )
    imported = read(path)
    assert items(imported.document, "vitals")["first_visit"]["when"] == rule
    compiled(imported)


def test_the_number_of_a_record_counts_within_its_form(tmp_path):
    path = tmp_path / "project.xml"
    path.write_text(
        VISITS.read_text().replace("[drug] = [drug][previous-instance]", "[current-instance] = 2 and [drug][1] = 'x'")
    )
    imported = read(path)
    assert items(imported.document, "drugs")["same"]["when"] == "row_index() = 2 and first(drugs.drug) = 'x'"
    compiled(imported)


def test_what_records_are_called_by_is_kept_and_told(tmp_path):
    path = tmp_path / "project.xml"
    path.write_text(VISITS.read_text().replace('CustomLabel=""', 'CustomLabel="[drug]"'))
    imported = read(path)
    assert imported.document["forms"]["drugs"]["annotations"] == {"redcap": {"CustomLabel": "[drug]"}}
    assert [each.found for each in imported.findings if each.where == "form drugs"] == ["[drug]"]
    compiled(imported)


def test_the_compiler_takes_all_of_it(visits):
    compiled(visits)


def test_a_form_that_repeats_at_one_of_its_events_is_told(tmp_path):
    path = tmp_path / "project.xml"
    once, several = 'UniqueEventName="baseline_arm_1" redcap:RepeatInstrument="drugs"', 'UniqueEventName="week_4_arm_1"'
    path.write_text(VISITS.read_text().replace(once, f'{several} redcap:RepeatInstrument="vitals"'))
    imported = read(path)
    assert [name for name, form in imported.document["forms"].items() if form.get("repeats")] == ["vitals"]
    (told,) = (each for each in imported.findings if each.part == "layout")
    assert (told.where, str(told.outcome)) == ("form vitals", "approximated")
    assert told.reason.startswith("The form does not repeat at baseline_arm_1, unplanned_arm_1 there")
    gain = items(imported.document, "vitals")["gain"]
    assert gain["calculate"] == "weight - first(baseline_arm_1.vitals.weight)"
    compiled(imported)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("https://projectredcap.org", "https://example.org", "not of REDCap"),
        ("MetaDataVersion", "Other", "no MetaDataVersion"),
        ("FormDef", "Other", "no fields"),
        ("</ODM>", "", "no well-formed XML"),
    ],
)
def test_what_lacks_its_parts_is_refused(tmp_path, old, new, message):
    path = tmp_path / "project.xml"
    path.write_text(VISITS.read_text().replace(old, new))
    with pytest.raises(SourceFault) as refused:
        read(path)
    assert message in str(refused.value)


def test_records_by_their_number_are_written_as_they_were(tmp_path):
    path = tmp_path / "project.xml"
    path.write_text(
        VISITS.read_text().replace(
            "[drug] = [drug][previous-instance]", "[current-instance] = 2 and [drug][3] = [drug]"
        )
    )
    (made,) = (row for row in rows_of(write(compiled(read(path))).content) if row[Column.NAME] == "same")
    assert made[Column.BRANCHING] == "[current-instance] = 2 and [drug][3] = [drug]"
