"""What a reference may point to is offered in words, by kind; what was chosen is stored, read back and shown."""

import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "fixtures" / "references"


@pytest.fixture(scope="module")
def spares(database_url, new_world):
    built = new_world(database_url, definitions=FOLDER, registry="spares")
    yield built
    built.space.database.close()


@pytest.fixture
def anna(spares):
    return spares.browser("anna")


def begin(anna):
    """A patient with two parts and two check-ups; the pseudonym."""
    anna.get("/spares/patients").post({}, "/patients")
    who = anna.address.split("/")[3]
    anna.post({"nick": "x", "__do": "save"}, "forms")
    go(anna, who, "device")
    for name, weight in (("A", "1,5"), ("B", "2,5")):
        anna.post({"__do": "add:parts"}, "forms")
        row = re.findall(r'name="(parts\.[^".]+)\.part_name"', anna.text)[-1]
        anna.post({f"{row}.part_name": name, f"{row}.weight": weight, "__do": "save"}, "forms")
    for number, day in ((1, "3"), (2, "")):
        go(anna, who, "check_up", f"visit.{number}")
        anna.post(
            {
                "weight": f"{number}0",
                "found_on__d": day,
                "found_on__m": day,
                "found_on__y": day and "2025",
                "__do": "save",
            },
            "forms",
        )
    return who


def go(anna, who, form, event=""):
    """The page of a form of the first episode."""
    anna.get(f"/spares/patients/{who}")
    found = re.search(r"/forms/(\d+)\.device", anna.text)
    assert found is not None, anna.text
    return anna.get(f"/spares/patients/{who}/forms/{found[1]}.{form}" + (f".{event}" if event else ""))


def offered(anna, item):
    """The options of a reference: kind -> words -> what is posted."""
    found = re.search(rf'<select[^>]* name="{item}".*?</select>', anna.text, re.DOTALL)
    assert found is not None
    kinds = re.findall(r'<optgroup label="([^"]*)">(.*?)</optgroup>', found[0], re.DOTALL) or [("", found[0])]
    return {
        kind: {words: code for code, words in re.findall(r'<option value="([^"]+)"[^>]*>([^<]*)<', part)}
        for kind, part in kinds
    }


def calculated(anna, item):
    found = re.search(rf'id="f-{item}".*?data-calc[^>]*>([^<]*)<', anna.text, re.DOTALL)
    return found[1].strip() if found is not None else None


def test_a_union_offers_rows_and_records_under_their_kinds(anna):
    who = begin(anna)
    go(anna, who, "note")
    found = offered(anna, "about")
    assert {kind: list(options) for kind, options in found.items()} == {
        "Część": ["A", "B"],
        "Kontrola": ["Kontrola, Wizyta 1", "Kontrola, Wizyta 2"],
    }


@pytest.mark.parametrize(
    ("kind", "words", "weight", "of_part", "warned"),
    [("Część", "B", "2,5", "tak", False), ("Kontrola", "Kontrola, Wizyta 2", "20", "nie", True)],
)
def test_what_is_chosen_is_stored_and_read_through(anna, kind, words, weight, of_part, warned):
    who = begin(anna)
    target = offered(go(anna, who, "note"), "about")[kind][words]
    anna.post({"about": target, "__do": "save"}, "forms")
    go(anna, who, "note")
    assert anna.value("about") == target
    assert (calculated(anna, "heavy"), calculated(anna, "of_part")) == (weight, of_part)
    assert ("Kontrola bez daty." in anna.text) == warned


def test_a_reference_to_records_offers_the_others_of_its_form(anna):
    who = begin(anna)
    go(anna, who, "check_up", "visit.2")
    assert list(offered(anna, "before")[""]) == ["Kontrola, Wizyta 1"]


def test_other_episodes_and_other_patients_are_not_offered(spares, anna):
    begin(anna)
    who = begin(anna)
    anna.get(f"/spares/patients/{who}").post({}, "/add/episode")
    second = max(int(number) for number in re.findall(r"/forms/(\d+)\.", anna.get(f"/spares/patients/{who}").text))
    anna.get(f"/spares/patients/{who}/forms/{second}.note")
    assert offered(anna, "about") == {"": {}}


def test_a_made_up_target_is_refused(anna):
    who = begin(anna)
    go(anna, who, "note").post({"about": "999.patient[1]", "__do": "save"}, "forms")
    assert "999.patient[1]" in anna.text
    assert calculated(anna, "of_part") == "nie"


def test_who_may_only_read_sees_words(spares, anna):
    who = begin(anna)
    target = offered(go(anna, who, "note"), "about")["Część"]["A"]
    anna.post({"about": target, "__do": "save"}, "forms")
    page = go(spares.browser("ewa"), who, "note").text
    assert re.search(r'id="f-about".*?>A<', page, re.DOTALL)
    assert target not in page
