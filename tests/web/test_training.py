"""Training: the same application with a database of its own; nothing of the one gets into the other, by any way."""

from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from click.testing import CliRunner
from flask import Flask
from pypdf import PdfReader

from cli.main import main
from renderers.paper import APT, can_print
from storage.accounts import add_membership, create_account, end_membership, find_account
from storage.dictionaries import load_dictionary, newest_dictionaries
from tests.web.browsing import found_in
from tests.web.trainees import SIGN, come, first_form_of, mode_of, patients
from web.security import configure
from web.settings import system_clock
from web.training.folder import TrainingFolder
from web.training.mode import space_of
from web.training.people import PASSWORD

ROOT = Path(__file__).parents[2]
WARD = ROOT / "tests" / "fixtures" / "rights"
REAL = "correct horse battery"
CLOSED = ["/sign-in", "/password", "/invitation/x", "/switch", "/account", "/account/second-factor"]
CLOSED += ["/help/requests", "/training-mode"]


@pytest.fixture(scope="module")
def school(new_sqlite, new_world, fill_ward, tmp_path_factory):
    """A real system with a training mode, its people, and a patient in the real system."""
    world = new_world(
        new_sqlite(), definitions=WARD, registry="ward", training_folder=tmp_path_factory.mktemp("school"),
        smtp="smtp://127.0.0.1:9", mail_from="krm@krm.example", public_url="https://krm.example",
    )  # fmt: skip
    staff = (
        ("iga", "physician", 0),
        ("ola", "coordinator", 0),
        ("lena", "local_administrator", 0),
        ("adam", "administrator", None),
    )
    for login, role, place in staff:
        account = create_account(world.space.database, login, login.title(), REAL, who="office", at=world.clock())
        site = None if place is None else world.sites[place]
        add_membership(world.space.database, account, "ward", role, site_id=site, who="office", at=world.clock())
    filled = fill_ward(world)
    world.who, world.spot = filled.who, filled.care.rpartition("/")[2]
    yield world
    mode_of(world).close()
    world.space.database.close()


def trained(world):
    """What the training application works with."""
    return space_of(mode_of(world).application)


def rows(database):
    """All rows of a database but those of sessions, which say who is signed in and until when."""
    with database.read() as connection:
        names = (
            connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
            .scalars()
            .all()
        )
        return {name: connection.exec_driver_sql(f"SELECT * FROM {name}").all() for name in names if name != "session"}


def sign_in_all(world, *logins):
    """Browsers of people who are signed in and have not come to train."""
    return [world.browser(login) for login in logins]


def test_each_page_of_training_says_so_and_no_other_does(school):
    come(anna := school.browser("anna"))
    who = patients(anna)[0]
    care = first_form_of(anna, who, "care")
    pages = [
        "/ward/day", "/ward/patients", f"/ward/patients/{who}", care.removeprefix("/training"), f"{care.removeprefix('/training')}/state",
        f"/ward/patients/{who}/states", "/ward/queries", "/ward/hospitals", "/ward/patients/none", "/nowhere",
    ]  # fmt: skip
    for page in pages:
        text = anna.get(f"/training{page}").text
        assert "<title>Szkolenie · " in text, page
        assert SIGN["pl"] in text, page
        assert 'href="/training-mode"' not in text, page
    for page in ("/ward/day", "/ward/patients", "/training-mode", "/nowhere"):
        text = anna.get(page).text
        assert "<title>Szkolenie" not in text, page
        assert SIGN["pl"] not in text, page
        assert 'href="/training-mode"' in text, page


@pytest.mark.slow
def test_all_that_leads_on_from_training_stays_in_it(school):
    come(anna := school.browser("anna"))
    seen = {True: 0, False: 0}
    for _ in anna.crawl("/training/"):
        assert anna.status in (200, 501), anna.address
        if anna.page.mimetype == "text/html":
            trains = anna.address.startswith("/training/")
            assert (SIGN["pl"] in anna.text) == trains, anna.address
            seen[trains] += 1
    assert min(seen.values()) > 10, seen


def test_it_speaks_the_language_in_which_one_came(school):
    anna = school.browser("anna").get("/training-mode?language=en")
    assert "Go and train" in anna.text
    come(anna)
    assert SIGN["en"] in anna.text
    assert 'href="/"' in anna.text
    assert "Back to the real system" in anna.text
    assert 'href="/training/ward/day?language=pl"' in anna.text
    assert SIGN["pl"] in anna.get("/training/ward/day?language=pl").text


def test_a_walk_through_training_changes_no_row_of_the_real_database(school):
    # long: one story, from a patient to a locked form
    anna, ola, iga, lena = sign_in_all(school, "anna", "ola", "iga", "lena")
    before = rows(school.space.database)
    for browser in (anna, ola, iga, lena):
        come(browser)
    anna.get("/training/ward/patients").post({}, "/patients")  # a new patient
    anna.post(
        {
            "last_name": "Ćwiczebna",
            "birth_date__y": "1971",
            "birth_date__m": "5",
            "birth_date__d": "6",
            "__do": "complete",
        },
        "forms",
    )
    who = found_in(anna.address, r"/patients/([^/?]+)")
    care = first_form_of(anna, who, "care")
    anna.get(care)
    anna.draft({"plan": "W trakcie"})
    anna.post({"plan": "Wpisane w szkoleniu", "__do": "complete"}, "forms")
    ola.get(f"{care}/queries?at=plan").post({"text": "Dlaczego?"}, "/queries?")
    anna.get(f"{care}/queries?at=plan").post({"text": "Bo tak."}, "/answer")
    ola.get(ola.address)
    ola.post({"text": ""}, "/queries", to=found_in(ola.text, r'formaction="([^"]+/close)"'))
    assert "zamknięte" in ola.text
    iga.get(f"{care}/state")
    assert PASSWORD in iga.text
    iga.post({"meaning": "verified", "password": REAL}, "state/sign")
    assert "Hasło się nie zgadza" in iga.text  # the password of the real system opens nothing here
    iga.post({"meaning": "verified", "password": PASSWORD}, "state/sign")
    assert "Podpisano." in iga.text
    ola.get(f"{care}/state").post({}, "/lock")
    assert "Zamknięto." in ola.text
    lena.get("/training/ward/people").post({"email": "nowa@szpital.example", "role": "entry"}, "/people")
    assert "/training/invitation/" in lena.text
    assert rows(school.space.database) == before
    entered = rows(trained(school).database)
    assert any(
        "Wpisane w szkoleniu" in row
        for row in map(str, entered["item_text"] if "item_text" in entered else entered["item_data"])
    )
    assert entered["audit_entry"]  # of its own
    assert (
        trained(school).settings.smtp == ""
    )  # though the real system has a mail server; what is to be sent waits here
    assert len(entered["mail"]) == 1


def test_keys_databases_and_cookies_are_its_own(school):
    come(anna := school.browser("anna"))
    real, practice = school.space, trained(school)
    assert practice.database.pool.url != real.database.pool.url
    mine, other = real.database.master, practice.database.master
    for one in ("wrapping", "hashing", "sealing", "noting"):
        assert getattr(mine, one) != getattr(other, one)
    assert practice.settings.secret != real.settings.secret
    folder = real.settings.training_folder
    assert {path.stat().st_mode & 0o777 for path in (folder / "master.key", folder / "secret")} == {0o600}
    cookies = {
        name: anna.client.get_cookie(name, path=path).value
        for name, path in (("ecrf", "/"), ("ecrf-training", "/training"))
    }
    stranger = school.browser()
    stranger.client.set_cookie("ecrf", cookies["ecrf-training"])
    stranger.client.set_cookie("ecrf-training", cookies["ecrf"], path="/training")
    assert stranger.get("/ward/patients").address.startswith("/sign-in")
    assert stranger.get("/training/ward/patients").address.startswith("/sign-in?next=/training-mode")
    # Not even where somebody could sign cookies: a session is a row of one database.
    serializer = school.app.session_interface.get_signing_serializer(school.app)
    token = (
        mode_of(school)
        .application.session_interface.get_signing_serializer(mode_of(school).application)
        .loads(cookies["ecrf-training"])["token"]
    )
    stranger.client.set_cookie("ecrf", serializer.dumps({"token": token}))
    assert stranger.get("/ward/patients").address.startswith("/sign-in")


@pytest.mark.parametrize(("secure", "name"), [(False, "ecrf-training"), (True, "__Secure-ecrf-training")])
def test_its_cookie_goes_with_requests_to_training_alone(school, secure, name):
    folder = TrainingFolder(school.space.settings.training_folder)
    settings = folder.settings(replace(school.space.settings, secure_cookies=secure), folder.next())
    app = Flask("other")
    configure(app, settings)
    wanted = {"NAME": name, "PATH": "/training", "SECURE": secure, "HTTPONLY": True, "SAMESITE": "Lax"}
    assert {key: app.config[f"SESSION_COOKIE_{key}"] for key in wanted} == wanted


def test_the_real_system_hands_over_the_cookie_of_training(school):
    anna = school.browser("anna")
    answer = anna.get("/training-mode").post({}, "/training-mode", follow=False).page
    (given,) = [each for each in answer.headers.getlist("Set-Cookie") if each.startswith("ecrf-training=")]
    assert {"HttpOnly", "Path=/training", "SameSite=Lax"} <= set(given.split("; "))


@pytest.mark.skipif(not can_print(), reason=f"Pango is missing: {APT}")
def test_every_sheet_of_paper_says_so(school):
    come(anna := school.browser("anna"))
    care = first_form_of(anna, patients(anna)[0], "care")
    for address, trains in ((f"{care}/pdf", True), (f"/ward/patients/{school.who}/forms/{school.spot}/pdf", False)):
        pages = [page.extract_text() for page in PdfReader(BytesIO(anna.client.get(address).data)).pages]
        assert pages, address
        for text in pages:
            assert ("SZKOLENIE" in text) == trains, address
            assert ("Nikt tu nie jest pacjentem" in text) == trains, address


@pytest.mark.parametrize("address", CLOSED)
def test_signing_in_belongs_to_the_real_system(school, address):
    come(anna := school.browser("anna"))
    answer = anna.client.get(f"/training{address}")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/training-mode")
    stranger = school.browser()
    stranger.client.post("/training/sign-in", data={"login": "anna", "password": PASSWORD})
    assert stranger.get("/training/ward/patients").address.startswith("/sign-in")


@pytest.mark.parametrize("leave", ["/sign-out", "/lock"])
def test_who_leaves_the_real_system_leaves_training(school, leave):
    come(anna := school.browser("anna"))
    anna.get("/").post({}, leave)
    assert anna.client.get("/training/ward/patients").headers["Location"].startswith("/training-mode")


def test_who_was_idle_comes_back_to_the_same_page(school):
    come(anna := school.browser("anna"))
    who = patients(anna)[0]
    school.clock.wait(minutes=31)
    anna.get("/sign-in").post({"login": "anna", "password": REAL}, "sign-in")
    anna.get(f"/training/ward/patients/{who}")
    assert anna.address.startswith("/training-mode?next=")
    anna.post({}, "/training-mode")
    assert anna.address == f"/training/ward/patients/{who}"


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "/ward/patients", "/training-mode", "/training/../ward"]
)
def test_one_goes_on_in_training_alone(school, target):
    anna = school.browser("anna").get("/training-mode")
    anna.post({"next": target}, "/training-mode", follow=False)
    assert anna.page.headers["Location"] in ("/training/ward/day", target if target.startswith("/training/") else "")


def test_several_train_at_the_same_patients_and_others_at_their_own(school):
    anna, piotr, jan, adam = (come(each) for each in sign_in_all(school, "anna", "piotr", "jan", "adam"))
    assert patients(anna) == patients(piotr)
    assert len(patients(anna)) >= 3
    assert not set(patients(anna)) & set(patients(jan))
    assert adam.status == 200


def test_roles_follow_those_of_the_real_system(school):
    database, at = school.space.database, school.clock()
    account = create_account(database, "zofia", "Zofia", REAL, who="office", at=at)
    add_membership(database, account, "ward", "coordinator", site_id=school.sites[0], who="office", at=at)
    come(zofia := school.browser("zofia"))
    assert zofia.get("/training/ward/audit").status == 200
    end_membership(database, account, "ward", "coordinator", site_id=school.sites[0], who="office", at=school.clock())
    add_membership(database, account, "ward", "reader", site_id=school.sites[0], who="office", at=school.clock())
    come(zofia)
    assert zofia.get("/training/ward/audit").status == 403
    nobody = school.browser("nobody").get("/training-mode")
    assert "Nie masz jeszcze żadnej roli" in nobody.text


def test_who_closes_accounts_for_practice_locks_nobody_out(school):
    anna, adam = come(school.browser("anna")), come(school.browser("adam"))
    account = find_account(trained(school).database, "anna").id
    adam.get(f"/training/ward/people/{account}").post({"reason": "próba"}, "/close")
    assert anna.get("/training/ward/day").address.startswith("/training-mode")
    assert come(anna).get("/training/ward/day").status == 200


def change_plan(browser, text):
    """Enter something in the first patient's care form; the address."""
    care = first_form_of(browser, patients(browser)[0], "care")
    browser.get(care).post({"plan": text, "__do": "save"}, "forms")
    assert text in browser.get(care).text
    return care


def test_a_hospital_begins_anew_and_the_others_go_on(school):
    anna, jan, lena = (come(each) for each in sign_in_all(school, "anna", "jan", "lena"))
    ours, theirs = change_plan(anna, "nasze"), change_plan(jan, "obce")
    lena.get("/training-mode").post({}, "training/hospital")
    assert lena.status == 422  # not without being sure
    assert "nasze" in anna.get(ours).text
    lena.get("/training-mode").post({"sure": "1"}, "training/hospital")
    assert "Szkolenie zaczyna się od nowa: Szpital 1." in lena.text
    assert anna.get(ours).address.startswith("/training-mode")  # whose roles there are over
    come(anna)
    assert anna.get(ours).status == 404
    assert len(patients(anna)) >= 3
    assert "obce" in jan.get(theirs).text


def test_all_begins_anew(school):
    anna, jan, adam = (come(each) for each in sign_in_all(school, "anna", "jan", "adam"))
    ours = change_plan(anna, "nasze")
    old, earlier = trained(school), patients(jan)
    adam.get("/training-mode").post({"sure": "1"}, "training/all")
    assert "nie ma w nim nic z tego, co wpisano" in adam.text
    assert anna.get(ours).address.startswith("/training-mode")
    come(anna), come(jan)
    fresh = trained(school)
    assert fresh.database.pool.url != old.database.pool.url
    assert "nasze" not in str(rows(fresh.database))
    assert len(patients(anna)) == len(patients(jan)) == len(earlier)
    assert any({"training", "adam"} <= set(map(str, row)) for row in rows(fresh.database)["audit_entry"])


@pytest.mark.parametrize(
    ("login", "address", "status"),
    [("anna", "all", 403), ("anna", "hospital", 403), ("lena", "all", 403), ("lena", "hospital", 404)],
)
def test_who_may_not_begin_anew(school, login, address, status):
    browser = school.browser(login).get("/training-mode")
    token = found_in(browser.text, r'name="csrf_token" value="([^"]+)"')
    data = {"csrf_token": token, "sure": "1", "hospital": school.sites[1]}
    assert browser.client.post(f"/ward/training/{address}", data=data).status_code == status


def test_dictionaries_are_the_same(school):
    text = "code,label_pl,label_en\nA00,Cholera,Cholera\n"
    load_dictionary(school.space.database, "EXT_TRY", text, version="1", who="office", at=school.clock())
    come(school.browser("anna"))
    (copied,) = newest_dictionaries(trained(school).database)
    assert (copied.name, copied.version, copied.codes) == ("EXT_TRY", "1", 1)


def test_the_command_begins_anew_beside_a_running_application(school, tmp_path):
    real = school.space.settings
    environment = {
        "ECRF_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none", "ECRF_MASTER_KEY_FILE": str(real.master_key), "ECRF_SECRET": "s" * 48,
        "ECRF_DEFINITIONS": str(WARD), "ECRF_TRAINING": str(real.training_folder), "ECRF_CACHE": str(tmp_path / "cache"),
    }  # fmt: skip
    school.clock.now = system_clock()  # that of the command
    come(jan := school.browser("jan"))
    care = change_plan(jan, "obce")

    def ask(*words, **more):
        return CliRunner(env={**environment, **more}).invoke(main, ["training", "reset", *words])

    assert ask("--hospital", "1").exit_code == 1
    assert ask("--hospital", "990000000102").output == "training begins anew\n"
    assert jan.get(care).address.startswith("/training-mode")
    come(jan)
    before = trained(school).database.pool.url
    assert ask().output == "training begins anew\n"
    assert jan.get("/training/ward/patients").address.startswith("/training-mode")
    assert trained(school).database.pool.url != before
    assert "set the environment variable ECRF_TRAINING" in ask(ECRF_TRAINING="").output
    assert "there is no folder" in ask(ECRF_TRAINING=str(tmp_path / "none")).output
    assert len(list(real.training_folder.glob("training-*.sqlite3"))) == 2  # this one, and the one before
