"""Searching long lists."""

import pytest

from engine.datatypes.base import Choice
from web.lookups import build_index


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
    return build_index(tuple(choices), "pl")


@pytest.mark.parametrize("query", ["a", "zapalenie ostre", "ZYLY lokciowej", "99999", "nothing like this", "C82.7"])
def test_a_search_offers_at_most_fifty_answers(index, query):
    found = index.search(query)
    assert len(found) <= 50
    assert bool(found) == (query != "nothing like this")


def test_codes_come_before_words_and_marks_do_not_matter(index):
    assert index.search("c82.7")[0].code.startswith("C82.7")
    assert all("łokciowej" in each.label and "żyły" in each.label for each in index.search("zyly lokciowej"))
    assert index.search("") == index.entries[:50]


def test_the_address(quick_world):
    anna = quick_world.browser("anna")
    found = anna.client.get("/lead_extraction/lookup/patient/doc_country?q=niem").json
    assert {"code": "DE", "label": "Niemcy"} in found or {"code": "DEU", "label": "Niemcy"} in found
    assert anna.client.get("/lead_extraction/lookup/patient?item=doc_country&q=niem&language=en").json != found
    assert anna.client.get("/lead_extraction/lookup/patient/last_name?q=x").status_code == 404
    assert anna.client.get("/lead_extraction/lookup/nothing/x?q=x").status_code == 404
    assert anna.client.get("/lead_extraction/lookup/admission/adm_icd10?q=T82.7").json[0]["code"] == "T82.7"
