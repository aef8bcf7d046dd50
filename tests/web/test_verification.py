"""Source data verification on the pages: what is left, a form value by value, differences that ask the hospital."""

import re

import pytest

OVERVIEW = "/lead_extraction/verification"


@pytest.fixture
def patient(anna):
    """The pseudonym of a patient whose first form is complete."""
    return anna.register()


def values(browser, who):
    """On to the page on which a form is compared."""
    browser.get(f"/lead_extraction/patients/{who}/verification")
    address = re.search(r'href="([^"]+\.patient/verification)"', browser.text)
    assert address is not None
    return browser.get(address[1])


def test_values_are_compared_one_by_one_or_all(mona, patient):
    assert patient in mona.get(OVERVIEW).text
    page = values(mona, patient)
    assert "Do porównania ze źródłem: 2 z 2." in page.text
    page.post({"item": "sex", "do": "ticked"}, "/verification")
    assert "Do porównania ze źródłem: 1 z 2." in page.text
    assert "zgodne ze źródłem" in page.text
    page.post({"do": "all"}, "/verification")
    assert "Do porównania ze źródłem: 0 z 2." in page.text
    assert "do porównania" not in page.text
    assert f"/patients/{patient}/verification" not in mona.get(OVERVIEW).text


def test_a_changed_value_is_to_be_compared_again(anna, mona, patient):
    values(mona, patient).post({"do": "all"}, "/verification")
    anna.open(patient, "patient").post({"nfz_branch": "08", "sex": "m", "__do": "complete"}, "forms")
    assert "zmienione, porównaj ponownie" in values(mona, patient).text


def test_a_difference_asks_the_hospital(anna, mona, patient):
    values(mona, patient).post({"differs": "sex", "text:sex": " "}, "/verification")
    assert mona.status == 422
    values(mona, patient).post({"differs": "sex", "text:sex": "W karcie kobieta."}, "/verification")
    assert "różni się od źródła" in mona.text
    assert "W karcie kobieta." in anna.open(patient, "patient").text
    values(mona, patient).post({"agrees": "sex"}, "/verification")
    assert "różni się od źródła" not in mona.text


def test_a_form_that_was_saved_meanwhile_is_compared_again(anna, mona, patient):
    page = values(mona, patient)
    anna.open(patient, "patient").post({"nfz_branch": "09", "__do": "complete"}, "forms")
    page.post({"do": "all"}, "/verification")
    assert page.status == 422
    assert "formularz zmienił się" in page.text


def test_who_enters_data_does_not_verify(anna, patient):
    assert anna.get(OVERVIEW).status == 403
    assert "Weryfikacja" not in anna.get("/lead_extraction/patients").text


def test_the_overview_draws_the_hospitals(mona, patient):
    mona.get(OVERVIEW)
    assert "<svg" in mona.text
    assert "Szpital 1" in mona.text
