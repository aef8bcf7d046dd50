"""An episode that two hospitals share, and what each of them keeps of its own, through the pages."""

import re
from pathlib import Path
from shutil import copy

import pytest

from storage.access import Actor
from storage.accounts import add_membership, create_account
from storage.sharing import Share, share

FIXTURE = Path(__file__).parents[1] / "fixtures/definitions/circulation.yaml"


@pytest.fixture(scope="module")
def world(database_url, new_world, tmp_path_factory):
    folder = tmp_path_factory.mktemp("definitions")
    copy(FIXTURE, folder)
    built = new_world(database_url, definitions=folder, registry="circulation")
    yield built
    built.space.database.close()


def heading(browser):
    """The titles of the parts on the patient's page."""
    return re.findall(r'<h[2-5] id="part-\d+" tabindex="-1">([^<]+)', browser.text)


def test_a_second_hospital_sees_and_continues_the_shared_episode_alone(world):
    anna = world.browser("anna")
    anna.get("/circulation/patients").post({}, "/patients")
    who = anna.address.split("/")[3]
    patient = f"/circulation/patients/{who}"
    anna.post({"sex": "f", "__do": "save"}, "forms")
    episode = int(re.findall(r"parts/(\d+)/add/stay", anna.get(patient).text)[0])
    anna.post({}, "/add/run")
    anna.get(patient).post({}, "/add/episode")
    hidden = re.findall(r"parts/(\d+)/add/stay", anna.get(patient).text)[0]
    with world.space.database.read() as connection:
        subject = connection.exec_driver_sql("SELECT max(id) FROM subject").scalar_one()
    actor = Actor(1, "anna", "circulation", world.sites[0])
    jan = world.browser("jan")
    assert jan.get(patient).status == 404
    share(world.space.database, actor, subject, Share(world.sites[1], episode, "transfer"), at=world.clock())
    jan.get(patient)
    assert heading(jan) == ["Epizod 1", "Pobyt 1", "Przebieg ECMO 1", "Zespół kardiologiczny"]
    token = dict(jan.fields("/add/stay")[1])["csrf_token"]
    for address in (f"{patient}/parts/{hidden}/add/run", f"{patient}/parts/{hidden}/undo"):
        assert jan.client.post(address, data={"csrf_token": token}).status_code == 404
    assert jan.get(f"{patient}/forms/{hidden}.implantation.implantation.1").status == 404
    jan.get(patient).post({}, "/add/stay")
    assert heading(jan)[1:3] == ["Pobyt 1", "Pobyt 2"]
    jan.get(re.findall(r'href="([^"]+\.ecmo)"', jan.text)[0]).post({"ecmo_mode": "va", "__do": "save"}, "forms")
    assert "Pobyt 2" in heading(anna.get(patient))
    anna.get(re.findall(r'href="([^"]+\.ecmo)"', anna.text)[0])
    assert "va" in [value for name, value in anna.fields("forms")[1] if name == "ecmo_mode"]


def test_a_hospitals_own_records_are_its_own(world):
    anna, jan = world.browser("anna"), world.browser("jan")
    assert "Nie ma tu jeszcze żadnego wpisu." in anna.get("/circulation/hospital").text
    anna.post({}, "/add/console")
    form = anna.address
    assert form.startswith(f"/circulation/hospital/{world.sites[0]}/forms/")
    anna.post({"ast_name": "Cardiohelp", "ast_serial": "X1", "ast_status": "in_use", "__do": "save"}, "forms")
    assert "Cardiohelp" in anna.get("/circulation/hospital").text
    assert "Anna: dodano: Cardiohelp" in " ".join(re.sub("<[^>]+>", "", anna.text).split())
    assert "Cardiohelp" not in jan.get("/circulation/hospital").text
    as_patient = f"/circulation/patients/SITE-{world.sites[0]}"
    for address in (as_patient, form.replace(f"/circulation/hospital/{world.sites[0]}", as_patient)):
        assert anna.get(address).status == 404
    for address in (form, f"{form}/pdf"):
        assert jan.get(address).status == 404
    token = dict(jan.get("/circulation/hospital").fields("/add/console")[1])["csrf_token"]
    assert jan.client.post(form, data={"csrf_token": token, "__do": "save"}).status_code == 404
    ewa = world.browser("ewa").get("/circulation/hospital")
    assert "Cardiohelp" in ewa.text
    assert "/add/console" not in ewa.text
    beyond = re.sub(r"console.*", "console.9", form)
    assert anna.get(beyond).status == 404
    assert anna.get("/circulation/hospital?q=nothing").text.count("Nie znaleziono: „nothing”.") == 1


def test_a_keeper_reads_the_records_of_each_hospital(world):
    database = world.space.database
    keeper = create_account(database, "keeper", "Keeper", "correct horse battery", who="office", at=world.clock())
    add_membership(database, keeper, "circulation", "coordinator", site_id=None, who="office", at=world.clock())
    anna = world.browser("anna")
    anna.get("/circulation/hospital").post({}, "/add/console")
    anna.post({"ast_name": "Novalung", "ast_serial": "K1", "ast_status": "in_use", "__do": "save"}, "forms")
    browser = world.browser()
    browser.sign_in("keeper", "correct horse battery")
    browser.get("/circulation/hospital")
    assert "Szpital 1" in browser.text
    assert "Novalung" not in browser.text
    assert "Novalung" in browser.get(f"/circulation/hospital?site={world.sites[0]}").text
    assert browser.get(re.findall(r'href="([^"]+\.console)"', browser.text)[0]).status == 200
    assert browser.get("/circulation/hospital?site=99").status == 404


def test_an_entry_of_a_hospital_is_withdrawn_and_restored(world):
    database, right = world.space.database, {"site_id": world.sites[0], "who": "office", "at": world.clock()}
    new = create_account(database, "kora", "Kora", "correct horse battery", who="office", at=world.clock())
    add_membership(database, new, "circulation", "coordinator", **right)
    anna, kora, jan = (world.browser(login) for login in ("anna", "kora", "jan"))
    anna.get("/circulation/hospital").post({}, "/add/console")
    form = anna.address
    anna.post({"ast_name": "Rotaflow", "ast_serial": "R7", "ast_status": "in_use", "__do": "save"}, "forms")
    kora.get(f"{form}/state")
    assert "/move" not in kora.text
    kora.post({"reason": ""}, "state/withdraw")
    assert "Podaj powód." in kora.text
    kora.post({"reason": "wpisana dwa razy"}, "state/withdraw")
    assert kora.address.startswith("/circulation/hospital?")
    assert "Powód: wpisana dwa razy" in kora.text
    assert "Rotaflow" not in anna.get("/circulation/hospital").text
    assert anna.get(form).status == 404
    restored = re.findall(r"hospital/\d+/withdrawn/\d+", kora.text)[0]
    anna.get("/circulation/hospital").post({}, "/add/console")
    anna.post({"ast_name": "Druga", "ast_serial": "R7", "ast_status": "in_use", "__do": "save"}, "forms")
    kora.post({"reason": "jednak ta"}, restored)
    assert "inny pacjent ma dziś ten sam identyfikator" in kora.text
    anna.post({"ast_serial": "R8", "__do": "save"}, "forms")
    kora.post({"reason": " "}, restored)
    assert "Podaj powód." in kora.text
    token = dict(jan.get("/circulation/hospital").fields("/add/console")[1])["csrf_token"]
    assert jan.client.post(f"/circulation/{restored}", data={"csrf_token": token, "reason": "x"}).status_code == 403
    kora.post({"reason": "jednak ta"}, restored)
    assert "Przywrócono." in kora.text
    assert "Rotaflow" in anna.get("/circulation/hospital").text
