"""References to records of earlier episodes and of other registries: what is offered, kept, and never shown."""

import re
from pathlib import Path

import pytest

from storage.access import Actor
from storage.accounts import add_membership
from storage.subjects import enrol_subject

DEFINITIONS = Path(__file__).parents[1] / "fixtures/definitions/linked"
OFFER = re.compile(r'<option value="([^"]+)"[^>]*>([^<]+)</option>')


@pytest.fixture(scope="module")
def linked(new_sqlite, new_world):
    """Two registries; anna works in both, piotr in the one that points alone."""
    world = new_world(new_sqlite(), definitions=DEFINITIONS, registry="infections")
    database, clock = world.space.database, world.clock
    with database.read() as connection:
        account = connection.exec_driver_sql("SELECT id FROM account WHERE login = 'anna'").scalar_one()
    add_membership(database, account, "extractions", "entry", site_id=world.sites[0], who="office", at=clock())
    yield world
    database.close()


@pytest.fixture
def patient(linked):
    """A patient with an extraction, in both registries."""
    anna = linked.browser("anna")
    anna.get("/extractions/patients").post({}, "/patients")
    extracted = anna.address.split("/")[3]
    form(anna, "extractions", extracted, "procedure").post({"leads": "2", "__do": "save"}, "forms")
    actor = Actor(1, "Anna", "infections", linked.sites[0], "entry")
    with linked.space.database.read() as connection:
        subject = connection.exec_driver_sql("SELECT max(id) FROM subject").scalar_one()
    return enrol_subject(linked.space.database, actor, subject, prefix="INF", at=linked.clock())


def form(browser, registry, who, name):
    """The page of a form, in the newest episode."""
    browser.get(f"/{registry}/patients/{who}")
    found = re.findall(rf'href="([^"]*/forms/(\d+)\.{name}[^"]*)"', browser.text)
    return browser.get(max(found, key=lambda pair: int(pair[1]))[0])


def offers(browser, item):
    """What the select of a reference offers."""
    (select,) = re.findall(rf'<select[^>]*name="{item}".*?</select>', browser.text, re.DOTALL)
    return OFFER.findall(select)


def episode(browser, who):
    browser.get(f"/infections/patients/{who}").post({}, "/add/episode")


def test_a_record_of_another_registry_is_offered_and_kept(linked, patient):
    anna = linked.browser("anna")
    episode(anna, patient)
    page = form(anna, "infections", patient, "admission")
    ((key, words),) = offers(page, "extraction")
    assert words == "Ekstrakcja, 01.07.2025, Rejestr ekstrakcji"
    page.post({"extraction": key, "__do": "save"}, "forms")
    assert page.value("extraction") == key
    assert "Po ekstrakcji" in page.text
    assert "not_in_list" not in page.text
    assert re.search(r'id="f-extracted".*?>tak<', page.text, re.DOTALL)


def test_who_may_not_see_the_other_registry_is_offered_nothing(linked, patient):
    piotr = linked.browser("piotr")
    episode(piotr, patient)
    assert offers(form(piotr, "infections", patient, "admission"), "extraction") == []


def test_an_earlier_episode_is_offered_and_read_through(linked, patient):
    anna = linked.browser("anna")
    for day in ("1", "21"):
        episode(anna, patient)
        page = form(anna, "infections", patient, "admission")
        page.post({"admitted__d": day, "admitted__m": "6", "admitted__y": "2025", "__do": "save"}, "forms")
    ((key, words),) = offers(page, "earlier")
    assert words == "Przyjęcie, Epizod 1"
    page.post({"earlier": key, "__do": "save"}, "forms")
    assert re.search(r'id="f-apart".*?20', page.text, re.DOTALL)


def test_ties_between_episodes_stand_on_the_patients_page(linked, patient):
    anna, piotr = linked.browser("anna"), linked.browser("piotr")
    for day in ("1", "21"):
        episode(anna, patient)
        page = form(anna, "infections", patient, "admission")
        page.post({"admitted__d": day, "admitted__m": "6", "admitted__y": "2025", "__do": "save"}, "forms")
    earlier, beyond = offers(page, "earlier")[0][0], offers(page, "extraction")[0][0]
    page.post({"earlier": earlier, "extraction": beyond, "__do": "save"}, "forms")
    told = lambda browser: re.findall(r"<li>([^<]+): <a href=\"([^\"]+)\">([^<]+)</a></li>", browser.text)  # noqa: E731
    ties = told(anna.get(f"/infections/patients/{patient}"))
    assert sorted(words for _, _, words in ties) == [
        "Ekstrakcja, 01.07.2025, Rejestr ekstrakcji", "Epizod 1, Przyjęcie", "Epizod 2, Przyjęcie",
    ]  # fmt: skip
    assert ties[-1][0] == "Odwołuje się do tego epizodu"
    for _, href, _ in ties:
        assert anna.get(href).status == 200
    assert [words for _, _, words in told(piotr.get(f"/infections/patients/{patient}"))] == [
        "Epizod 1, Przyjęcie", "Epizod 2, Przyjęcie",
    ]  # fmt: skip
