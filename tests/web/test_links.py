"""References to records of earlier episodes and of other registries: what is offered, kept, and never shown."""

import re
from collections import defaultdict
from pathlib import Path

import pytest

from storage.access import Actor
from storage.accounts import add_membership, create_account
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


@pytest.fixture
def joined(linked):
    """Kora, a coordinator in both registries, and two records of a person in each: (kept, other) by registry."""
    database, clock = linked.space.database, linked.clock
    if not hasattr(linked, "kora"):
        linked.kora = create_account(database, "kora", "Kora", "correct horse battery", who="office", at=clock())
        for registry in ("extractions", "infections"):
            add_membership(
                database, linked.kora, registry, "coordinator", site_id=linked.sites[0], who="office", at=clock()
            )
    anna, pairs = linked.browser("anna"), defaultdict(list)
    for _ in range(2):
        anna.get("/extractions/patients").post({}, "/patients")
        pairs["extractions"].append(anna.address.split("/")[3])
        form(anna, "extractions", pairs["extractions"][-1], "procedure").post({"leads": "2", "__do": "save"}, "forms")
        with database.read() as connection:
            subject = connection.exec_driver_sql("SELECT max(id) FROM subject").scalar_one()
        actor = Actor(1, "Anna", "infections", linked.sites[0], "entry")
        pairs["infections"].append(enrol_subject(database, actor, subject, prefix="INF", at=clock()))
        episode(anna, pairs["infections"][-1])
    return anna, linked.browser("kora"), pairs


def merge(kora, registry, pair):
    kora.get(f"/{registry}/patients/{pair[0]}/merge?to={pair[1]}").post({"reason": "ta sama osoba"}, "/merge")
    assert kora.address.startswith(f"/{registry}/patients/{pair[0]}?"), kora.text


def unmerge(kora, registry, pair):
    kora.get(f"/{registry}/patients/{pair[0]}/states").post({"reason": "jednak dwie"}, "/undo")
    assert kora.address.startswith(f"/{registry}/patients/{pair[1]}?"), kora.text


def pointed(browser, who):
    """What the newest admission of a patient says that it refers to: whose form, by the way that the patient's page shows."""
    key = form(browser, "infections", who, "admission").value("extraction")
    assert key in {key for key, _ in offers(browser, "extraction")}, "what was chosen stays on offer"
    ties = re.findall(r'<li>Ekstrakcja: <a href="([^"]+)">', browser.get(f"/infections/patients/{who}").text)
    assert len(ties) == 1
    assert browser.get(ties[0]).value("leads") == "2"
    return browser.address.split("/")[3]


def refer(browser, who, number=-1):
    page = form(browser, "infections", who, "admission")
    page.post({"extraction": offers(page, "extraction")[number][0], "__do": "save"}, "forms")


@pytest.mark.parametrize(
    "there", [("extractions",), ("infections",), ("extractions", "infections"), ("infections", "extractions")]
)
def test_a_reference_follows_a_form_that_is_merged_and_back(joined, there):
    anna, kora, pairs = joined
    kept, other = pairs["infections"]
    refer(anna, other)
    assert pointed(anna, other) == pairs["extractions"][1]
    for registry in there:
        merge(kora, registry, pairs[registry])
        who = kept if "infections" in there[: there.index(registry) + 1] else other
        merged = "extractions" in there[: there.index(registry) + 1]
        assert pointed(anna, who) == pairs["extractions"][0 if merged else 1]
    for registry in reversed(there):
        unmerge(kora, registry, pairs[registry])
    assert pointed(anna, other) == pairs["extractions"][1]


def test_what_was_chosen_while_records_were_merged_points_to_the_same_form_after(joined):
    anna, kora, pairs = joined
    merge(kora, "extractions", pairs["extractions"])
    refer(anna, pairs["infections"][1])
    assert pointed(anna, pairs["infections"][1]) == pairs["extractions"][0]
    unmerge(kora, "extractions", pairs["extractions"])
    assert pointed(anna, pairs["infections"][1]) == pairs["extractions"][1]


DAY = {"admitted__d": "1", "admitted__m": "6", "admitted__y": "2025"}
LINK = re.compile(r'<li>([^<]+): <a href="([^"]+)">([^<]+)</a> <span class="muted">([^<]*)</span>')


def link(browser, registry, who, number, other, kind="reoperation", reason="ten sam układ"):
    """Link an episode of a patient, by its number from the first, with another one by its words."""
    pages = sorted(set(re.findall(r'href="([^"]*/parts/\d+/link)"', browser.get(f"/{registry}/patients/{who}").text)))
    browser.get(sorted(pages, key=len)[number])
    (value,) = re.findall(rf'name="other" value="([^"]+)"[^>]*><span>{other}</span>', browser.text)
    return browser.post({"kind": kind, "other": value, "reason": reason}, "/link")


def linked_with(browser, registry, who):
    """What the patient's page says of links: label and words."""
    return [(label, words) for label, _, words, _ in LINK.findall(browser.get(f"/{registry}/patients/{who}").text)]


def test_a_link_is_set_shown_at_both_ends_and_taken_back(joined):
    anna, kora, pairs = joined
    who = pairs["infections"][0]
    episode(anna, who)
    link(anna, "infections", who, 1, "Epizod 1", reason=" ")
    assert (anna.status, "Podaj powód." in anna.text) == (422, True)
    link(anna, "infections", who, 1, "Epizod 1", kind="")
    assert (anna.status, "Wybierz, czym jest ten epizod" in anna.text) == (422, True)
    for _ in range(2):
        link(anna, "infections", who, 1, "Epizod 1")
        assert "Powiązano epizody." in anna.text
    both = [("Reoperacja po", "Epizod 1"), ("Reoperacja w", "Epizod 2")]
    assert linked_with(anna, "infections", who) == linked_with(kora, "infections", who) == both
    assert "ten sam układ (Anna," in anna.text
    assert anna.get(LINK.findall(anna.text)[0][1]).status == 200
    assert "powiązanie epizodów" in anna.get(f"/infections/patients/{who}/history").text
    kora.get(f"/infections/patients/{who}")
    anna.get(f"/infections/patients/{who}").post({"reason": ""}, "/links/")
    assert "Podaj powód." in anna.text
    anna.post({"reason": "pomyłka"}, "/links/")
    assert "Cofnięto powiązanie." in anna.text
    assert linked_with(anna, "infections", who) == []
    assert "cofnięcie powiązania epizodów" in anna.get(f"/infections/patients/{who}/history").text
    kora.post({"reason": "pomyłka"}, "/links/")
    assert "Powiązanie cofnięto w międzyczasie" in kora.text


def test_a_link_leads_to_another_registry_for_those_alone_who_see_both(linked, joined):
    anna, kora, pairs = joined
    (extracted, _), (who, _) = pairs["extractions"], pairs["infections"]
    link(anna, "infections", who, 0, "Epizod 1, Rejestr ekstrakcji", kind="same_illness", reason="ta sama bakteria")
    assert linked_with(anna, "infections", who) == [("Ta sama choroba co", "Epizod 1, Rejestr ekstrakcji")]
    assert linked_with(kora, "extractions", extracted) == [("Ta sama choroba co", "Epizod 1, Rejestr zakażeń")]
    piotr = linked.browser("piotr")
    assert linked_with(piotr, "infections", who) == []
    assert "ta sama bakteria" not in piotr.get(f"/infections/patients/{who}/history").text
    for registry in ("infections", "extractions"):  # nor does a search tell it, which asks of one registry
        assert "ta sama bakteria" not in kora.get(f"/{registry}/audit").text
    assert "ta sama bakteria" in anna.get(f"/infections/patients/{who}/history").text
    assert "ta sama bakteria" in anna.get(f"/extractions/patients/{extracted}/history").text
    anna.get(f"/extractions/patients/{extracted}").post({"reason": "jednak nie"}, "/links/")
    assert linked_with(anna, "infections", who) == []


def test_links_stay_with_episodes_that_are_merged_or_moved(joined):
    anna, kora, pairs = joined
    (extracted, other), (kept, who) = pairs["extractions"], pairs["infections"]
    form(anna, "infections", who, "admission").post({**DAY, "__do": "save"}, "forms")
    episode(anna, who)
    form(anna, "infections", who, "admission").post({**DAY, "__do": "save"}, "forms")
    link(anna, "infections", who, 1, "Epizod 1")
    link(anna, "infections", who, 0, "Epizod 1, Rejestr ekstrakcji", kind="same_illness")
    before = linked_with(anna, "infections", who)
    assert len(before) == 3
    merge(kora, "infections", pairs["infections"])
    assert linked_with(anna, "infections", kept) == [
        ("Reoperacja po", "Epizod 2"), ("Reoperacja w", "Epizod 3"), ("Ta sama choroba co", "Epizod 1, Rejestr ekstrakcji"),
    ]  # fmt: skip
    assert linked_with(anna, "extractions", other) == [("Ta sama choroba co", "Epizod 2, Rejestr zakażeń")]
    assert linked_with(anna, "extractions", extracted) == []
    merge(kora, "extractions", pairs["extractions"])
    assert linked_with(anna, "extractions", extracted) == [("Ta sama choroba co", "Epizod 2, Rejestr zakażeń")]
    unmerge(kora, "extractions", pairs["extractions"])
    unmerge(kora, "infections", pairs["infections"])
    assert linked_with(anna, "infections", who) == before


def test_links_are_of_episodes_of_one_patient(joined):
    anna, _, pairs = joined
    (one, other) = pairs["infections"]
    episode(anna, one)
    pages = [
        set(re.findall(r'href="([^"]*/parts/\d+/link)"', anna.get(f"/infections/patients/{who}").text))
        for who in (one, other)
    ]
    theirs = re.findall(r"/parts/(\d+)/", pages[1].pop())[0]
    anna.get(pages[0].pop()).post({"kind": "related", "other": f"infections.{theirs}", "reason": "x"}, "/link")
    assert anna.status == 422
    assert anna.get(f"/infections/patients/{one}/parts/{theirs}/link").status == 404


CURVE = re.compile(r'<path class="tie" d="([^"]+)"')
ROW = re.compile(r'<tr><th scope="row" class="wide">(\d+)</th>(.*?)</tr>')


def drawn(browser, registry, who):
    """What the drawing of linked episodes tells in its table, as (first, what, second); a curve stands for each."""
    text = browser.get(f"/{registry}/patients/{who}").text
    rows = [re.findall(r">([^<>]+)</(?:a|span|td)>", row) for _, row in ROW.findall(text)]
    assert len(CURVE.findall(text)) == len(rows)
    return [(first, what, second) for first, _, what, second, _ in rows]


def test_links_are_drawn_and_told_beside_for_those_who_see_both_ends(linked, joined):
    anna, kora, pairs = joined
    (extracted, _), (who, _) = pairs["extractions"], pairs["infections"]
    form(anna, "infections", who, "admission").post({**DAY, "__do": "save"}, "forms")
    assert drawn(anna, "infections", who) == []
    episode(anna, who)
    form(anna, "infections", who, "admission").post({**DAY, "admitted__d": "21", "__do": "save"}, "forms")
    link(anna, "infections", who, 1, "Epizod 1")
    link(anna, "infections", who, 0, "Epizod 1, Rejestr ekstrakcji", kind="same_illness")
    own = ("Epizod 2", "Reoperacja po", "Epizod 1")
    beyond = ("Epizod 1", "Ta sama choroba co", "Epizod 1, Rejestr ekstrakcji")
    assert drawn(anna, "infections", who) == [own, beyond]
    assert len(re.findall(r'<path class="tie-end"', anna.text)) == 1, (
        "an arrow where the two are not the same to each other"
    )
    for words in ("01.06.2025", "21.06.2025", "dzień jeszcze nieznany"):
        assert f'<span class="muted">{words}</span>' in anna.text
    assert drawn(linked.browser("piotr"), "infections", who) == [own]
    assert drawn(kora, "extractions", extracted) == [("Epizod 1, Rejestr zakażeń", "Ta sama choroba co", "Epizod 1")]
    anna.get(f"/infections/patients/{who}?language=en")
    assert "Linked episodes on one timeline" in anna.text
    assert "Re-operation after" in anna.text
    anna.get(f"/infections/patients/{who}?language=pl")
