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
    old = page.fields("/verification")[1]
    page.post({"do": "all"}, "/verification")
    assert page.status == 422
    assert "formularz zmienił się" in page.text
    page.post({**dict(old), "differs": "sex", "text:sex": "W karcie kobieta."}, "/verification")
    assert page.status == 422
    assert "W karcie kobieta.</textarea>" in page.text, "what was typed about a value is not lost"


def test_who_enters_data_does_not_verify(anna, patient):
    assert anna.get(OVERVIEW).status == 403
    assert "Weryfikacja" not in anna.get("/lead_extraction/patients").text


def test_the_overview_draws_the_hospitals(mona, patient):
    mona.get(OVERVIEW)
    assert "<svg" in mona.text
    assert "Szpital 1" in mona.text


def test_enter_saves_what_is_ticked_and_asks_about_nothing(mona, patient):
    page = values(mona, patient)
    form = page.text.partition('name="revision"')[2]
    assert form.partition("<button")[2].startswith(' class="vh" name="do" value="ticked"')


def test_nothing_ticked_is_told(mona, patient):
    page = values(mona, patient).post({"do": "ticked"}, "/verification")
    assert (page.status, "nic nie zaznaczono" in page.text) == (422, True)


@pytest.mark.parametrize("words", ["W karcie kobieta.", " "])
def test_what_was_ticked_and_typed_of_other_values_stays(mona, patient, words):
    typed = {"item": "birth_date", "differs": "sex", "text:sex": words, "text:nfz_branch": "W karcie 09."}
    page = values(mona, patient).post(typed, "/verification")
    assert re.search(r'name="item" value="birth_date" checked', page.text)
    assert "W karcie 09.</textarea>" in page.text
    assert page.text.count("różni się od źródła") == (words != " ")
    if words == " ":
        assert 'aria-describedby="text-sex-h text-sex-e" aria-invalid="true" autofocus' in page.text
    page.post({"do": "ticked"}, "/verification")
    assert "Do porównania ze źródłem: 1 z 2." in page.text or words != " "


def test_a_value_that_was_said_to_agree_may_differ_after_all(mona, patient):
    page = values(mona, patient).post({"do": "all"}, "/verification")
    assert "Jednak różni się…" in page.text
    page.post({"differs": "sex", "text:sex": "W karcie kobieta."}, "/verification")
    assert "różni się od źródła" in page.text


def test_the_hospital_is_asked_once_from_two_pages(anna, mona, patient):
    first, second = values(mona, patient), mona.fields("/verification")
    first.post({"differs": "sex", "text:sex": "W karcie kobieta."}, "/verification")
    answer = mona.client.post(second[0], data={**dict(second[1]), "differs": "sex", "text:sex": "Proszę sprawdzić."})
    assert (answer.status_code, "już zapytano (Mona)" in answer.text) == (422, True)
    assert "Proszę sprawdzić.</textarea>" in answer.text
    assert "Proszę sprawdzić." not in anna.open(patient, "patient").text


@pytest.mark.parametrize("hospital", ["990000000102", "Nieznany"])
def test_a_hospital_without_values_is_no_dead_end(mona, patient, hospital):
    mona.get(f"{OVERVIEW}?hospital={hospital}")
    assert 'name="hospital"' in mona.text
