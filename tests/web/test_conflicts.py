"""One form changed in two places, by two people or in two tabs: nothing is overwritten unseen, nothing old comes back."""

from urllib.parse import urlencode

import pytest

BODY = "application/x-www-form-urlencoded"


@pytest.fixture
def two_windows(world, admission):
    """The same form, saved once, in front of two people, and whose it is."""
    anna, piotr = world.browser("anna"), world.browser("piotr")
    who = anna.register()
    anna.open(who, "admission").post({**admission, "__do": "save"}, "forms")
    return anna.open(who, "admission"), piotr.open(who, "admission"), who


def test_changes_of_different_fields_are_joined(two_windows):
    anna, piotr, who = two_windows
    piotr.post({"unit_code": "200", "__do": "save"}, "forms")
    anna.post({"main_book_no": "99/2025", "__do": "save"}, "forms")
    assert "Inna osoba zmieniła" in anna.text
    anna.open(who, "admission")
    assert (anna.value("unit_code"), anna.value("main_book_no")) == ("200", "99/2025")


@pytest.mark.parametrize(("side", "expected"), [("mine", "300"), ("theirs", "200")])
def test_changes_of_the_same_field_are_chosen_from(two_windows, side, expected):
    anna, piotr, who = two_windows
    piotr.post({"unit_code": "200", "__do": "save"}, "forms")
    anna.post({"unit_code": "300", "urgency": "elective", "__do": "save"}, "forms")
    assert anna.status == 409
    assert "Piotr" in anna.text
    assert "<bdi>200</bdi>" in anna.text
    assert "<bdi>300</bdi>" in anna.text
    anna.post({"choice:.unit_code": side, "__do": "save"}, "resolve")
    anna.open(who, "admission")
    assert (anna.value("unit_code"), anna.value("urgency")) == (expected, "elective")


def test_rows_of_two_people_are_joined(world):
    anna, piotr = world.browser("anna"), world.browser("piotr")
    who = anna.register()
    anna.open(who, "device")
    anna.add_lead(lead_no="1", lead_model="Alfa")
    piotr.open(who, "device")
    anna.open(who, "device")
    piotr.add_lead(lead_no="2", lead_model="Beta")
    anna.add_lead(lead_no="3", lead_model="Gamma")
    text = anna.open(who, "device").text
    assert text.count("data-row=") == 3


def test_after_a_merge_what_could_not_be_read_is_told_as_well(two_windows):
    anna, piotr, _ = two_windows
    piotr.post({"unit_code": "200", "__do": "save"}, "forms")
    anna.post({"main_book_no": "99/2025", "adm_datetime__t": "8:99", "__do": "save"}, "forms")
    assert "Inna osoba zmieniła" in anna.text
    assert "oprócz odpowiedzi" in anna.text


def test_the_back_button_after_a_save_is_no_trap(anna, admission):
    """The old page is sent again with other values: the newer save is not undone unseen."""
    who = anna.register()
    anna.open(who, "admission")
    address, old = anna.fields("forms")
    anna.post({**admission, "__do": "save"}, "forms")
    body = [*(pair for pair in old if pair[0] not in ("unit_code", "__do")), ("unit_code", "200"), ("__do", "save")]
    answer = anna.client.post(address, data=urlencode(body), content_type=BODY)
    assert answer.status_code == 409
    assert "200" in answer.get_data(as_text=True)


def test_autosave_of_a_stale_page_keeps_the_text_and_says_so(two_windows):
    anna, piotr, who = two_windows
    piotr.post({"unit_code": "200", "__do": "save"}, "forms")
    answer = anna.draft({"unit_code": "300"})
    assert answer.status_code == 409
    assert anna.open(who, "admission").value("unit_code") == "300"


def test_what_a_saved_page_sends_late_is_not_kept(anna):
    """An autosave that was on its way when the page was saved arrives after the save."""
    who = anna.register()
    page = anna.open(who, "admission").fields("forms")
    anna.post({"unit_code": "100", "__do": "save"}, "forms")
    late = anna.draft({"unit_code": "1"}, page=page)
    assert (late.status_code, late.json["kept"]) == (409, False)
    assert "Porzuć zmiany" not in anna.open(who, "admission").text
    assert anna.value("unit_code") == "100"
    anna.post({"unit_code": "200", "__do": "save"}, "forms")
    assert "Zapisano, " in anna.text


def test_a_save_that_was_merged_leaves_no_room_for_a_late_draft_either(two_windows):
    anna, piotr, who = two_windows
    piotr.post({"unit_code": "200", "__do": "save"}, "forms")
    page = anna.fields("forms")
    anna.post({"main_book_no": "99/2025", "__do": "save"}, "forms")
    assert anna.draft({"main_book_no": "9"}, page=page).json["kept"] is False
    assert anna.open(who, "admission").value("main_book_no") == "99/2025"


def test_two_tabs_of_one_person_are_not_called_two_people(anna):
    who = anna.register()
    address, fields = anna.open(who, "admission").fields("forms")
    anna.post({"unit_code": "100", "__do": "save"}, "forms")
    for values, word in (({"unit_code": "200"}, "w innej karcie"), ({"main_book_no": "9/2025"}, "W innej karcie")):
        body = [
            *(pair for pair in fields if pair[0] not in (*values, "__do", "__key")),
            *values.items(),
            ("__do", "save"),
        ]
        answer = anna.client.post(address, data=urlencode(body), content_type=BODY, follow_redirects=True)
        text = answer.get_data(as_text=True)
        assert word in text
        assert "Dwie osoby" not in text
        assert "Inna osoba" not in text
        anna.post({}, "forms", to=f"{address}/discard")
