"""Somebody who works in several registries goes from each to each, and comes back to where they worked."""

import re

import pytest

from storage.accounts import add_membership, create_account
from tests.web.browsing import PASSWORD

PATIENTS = "/{}/patients"


@pytest.fixture(scope="module")
def both(quick_world):
    """A world in which karol fills in one registry and only administers people of another."""
    database, now = quick_world.space.database, quick_world.clock()
    account = create_account(database, "karol", "Karol", PASSWORD, who="office", at=now)
    for registry, role in (("ablation", "entry"), ("lead_extraction", "entry"), ("mcs", "local_administrator")):
        add_membership(database, account, registry, role, site_id=quick_world.sites[0], who="office", at=now)
    return quick_world


def offered(browser):
    """The registries that the frame leads to, and which of them is the present one."""
    menu = browser.text.partition('class="menu registries"')[2].partition("</details>")[0]
    links = re.findall(r'<a class="btn bare" href="([^"]+)"( aria-current)?', menu)
    return [href for href, _ in links], [href for href, now in links if now]


def test_each_registry_leads_to_the_same_place_in_the_others_or_to_where_the_role_begins(both):
    karol = both.browser("karol").get(PATIENTS.format("ablation"))
    here = PATIENTS.format("ablation")
    assert offered(karol) == (["/day", here, PATIENTS.format("lead_extraction"), "/mcs/day"], [here])
    assert ">ABL<" in karol.text.replace("</span>", ">")


def test_whoever_works_in_one_registry_is_offered_no_other(both):
    assert offered(both.browser("anna").get(PATIENTS.format("lead_extraction"))) == ([], [])


@pytest.mark.parametrize("address", ["/account", "/help", "/nowhere"])
def test_pages_of_no_registry_lead_back_to_the_one_before(both, address):
    karol = both.browser("karol").get(PATIENTS.format("lead_extraction")).get(address)
    assert f'class="brand" href="{PATIENTS.format("lead_extraction").replace("patients", "day")}"' in karol.text
    assert f'href="{PATIENTS.format("lead_extraction")}"' in karol.text.partition('class="bar-nav"')[2]
    assert karol.get("/").address == "/lead_extraction/day"


def test_a_registry_in_which_the_role_ended_is_not_come_back_to(both):
    karol = both.browser("karol")
    with karol.client.session_transaction() as session:
        session["registry"] = "endocarditis"
    assert karol.get("/").address == "/ablation/day"
    with karol.client.session_transaction() as session:
        del session["registry"]
    assert karol.get("/").address == "/day"


def test_who_asks_the_help_centre_asks_about_the_registry_of_before(both):
    karol = both.browser("karol").get(PATIENTS.format("lead_extraction")).get("/help/requests/new?of=/account")
    assert '<option value="lead_extraction" selected>' in karol.text


def test_the_title_of_a_form_names_the_patient(both):
    """Two tabs are told apart before something is typed into the wrong one."""
    karol = both.browser("karol")
    who = karol.get(PATIENTS.format("lead_extraction")).post({}, "/patients").address.split("/")[3]
    assert f"<title>Pacjent – {who} – " in karol.text


def test_somebody_who_leaves_a_hospital_leaves_it_in_all_registries_of_whoever_ends_it(both):
    database, now, (here, there) = both.space.database, both.clock(), both.sites
    people = (
        ("lech", "local_administrator", (("ablation", here), ("mcs", here))),
        ("ada", "entry", (("ablation", here), ("mcs", here), ("mcs", there), ("endocarditis", here))),
    )
    numbers = {}
    for login, role, places in people:
        numbers[login] = create_account(database, login, login.title(), PASSWORD, who="office", at=now)
        for registry, site in places:
            add_membership(database, numbers[login], registry, role, site_id=site, who="office", at=now)
    lech, ada = both.browser("lech"), both.browser("ada")
    lech.get(f"/ablation/people/{numbers['ada']}")
    assert "Zakończ wszystkie role w szpitalu" in lech.text
    assert lech.post({"reason": " "}, "/leave").status == 422
    assert ada.get(PATIENTS.format("ablation")).status == 200
    assert "Role zakończone" in lech.post({"reason": "koniec umowy"}, "/leave").text
    assert ada.get(PATIENTS.format("ablation")).status == 404
    assert ada.get(PATIENTS.format("mcs")).status == 200  # at the other hospital
    assert ada.get(PATIENTS.format("endocarditis")).status == 200  # whose people somebody else looks after
    assert [both.audit("membership")[-n].count('"ended":true') for n in (1, 2)] == [1, 1]
    lech.get(f"/ablation/people/{numbers['lech']}")
    assert "Zakończ wszystkie role w szpitalu" not in lech.text
    token = dict(lech.get(f"/ablation/people/{numbers['ada']}").fields("roles")[1])["csrf_token"]
    own = lech.client.post(f"/ablation/people/{numbers['lech']}/leave", data={"csrf_token": token, "reason": "x"})
    assert own.status_code == 403
