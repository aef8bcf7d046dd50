"""Searching long lists."""

import re
from datetime import date

import pytest

from engine.datatypes.base import Choice
from web.lookups import index_choices

DAY = date(2025, 3, 1)


@pytest.fixture(scope="module")
def index():
    words = ("zapalenie", "wsierdzia", "ostre", "przewlekłe", "żyły", "łokciowej", "nieokreślone", "elektroda")
    choices = [
        Choice(
            f"{chr(65 + number % 26)}{number % 100:02d}.{number // 100}",
            {"pl": f"{words[number % 8]} {words[number // 8 % 8]} {number}"},
        )
        for number in range(100_000)
    ]
    return index_choices({choice.code: choice for choice in choices}, {})


@pytest.mark.parametrize("query", ["a", "zapalenie ostre", "ZYLY lokciowej", "99999", "nothing like this", "C82.7"])
def test_a_search_offers_at_most_fifty_answers(index, query):
    found = index.search(query, "pl", DAY)
    assert len(found) <= 50
    assert bool(found) == (query != "nothing like this")


def test_codes_come_before_words_and_marks_do_not_matter(index):
    search = lambda query: index.search(query, "pl", DAY)  # noqa: E731
    assert [each.code for each in search("c82.7")][:2] == ["C82.7", "C82.709"]
    assert search("c827")[0].code == "C82.7"
    assert all("łokciowej" in each.label and "żyły" in each.label for each in search("zyly lokciowej"))
    assert [each.code for each in search("")] == list(index.codes[:50])


def test_what_begins_a_word_comes_before_what_stands_within_one():
    labels = {"A": "Zszycie", "B": "Leczenie szycia", "C": "Szycie rany", "SZ1": "Inne"}
    index = index_choices(
        {code: Choice(code, {"pl": label}) for code, label in labels.items()}, {"C": (date(2026, 1, 1), None)}
    )
    assert [each.code for each in index.search("sz", "pl", DAY)] == ["SZ1", "B", "A"]
    assert [each.code for each in index.search("szyci", "pl", date(2026, 1, 1))] == ["B", "C", "A"]


def test_a_code_below_zero_is_not_the_one_above():
    index = index_choices({code: Choice(code, {"pl": f"stopień {code}"}) for code in ("1", "-1", "12", "-12")}, {})
    assert [each.code for each in index.search("-1", "pl", DAY)][:2] == ["-1", "-12"]
    assert [each.code for each in index.search("1", "pl", DAY)][:2] == ["1", "12"]
    assert all(index.has(code) for code in index.codes)


def test_the_address(quick_world):
    anna = quick_world.browser("anna")
    found = anna.client.get("/lead_extraction/lookup/patient/doc_country?q=niem").json
    assert {"code": "DE", "label": "Niemcy"} in found or {"code": "DEU", "label": "Niemcy"} in found
    assert anna.client.get("/lead_extraction/lookup/patient?item=doc_country&q=niem&language=en").json != found
    assert anna.client.get("/lead_extraction/lookup/patient/last_name?q=x").status_code == 404
    assert anna.client.get("/lead_extraction/lookup/nothing/x?q=x").status_code == 404
    assert anna.client.get("/lead_extraction/lookup/admission/adm_icd10?q=T82.7").json[0]["code"] == "T82.7"


def test_without_scripts_codes_are_looked_up_on_a_page_of_their_own(quick_world):
    anna = quick_world.browser("anna")
    who = anna.register()
    link = re.search(r'<noscript><a href="([^"]*/adm_icd10/search)"', anna.open(who, "admission").text)
    assert link is not None
    anna.get(link[1] + "?q=wsierdzia+ostre")
    assert re.search(r"<code>I33\.0</code></th><td>Ostre i podostre", anna.text)
    assert "Nic nie pasuje" in anna.get(link[1] + "?q=%3Cb%3Exyzq").text
    assert "<b>xyzq" not in anna.text
    assert anna.get("/lead_extraction/lookup/patient/last_name/search").status == 404
