"""Signing in and out, locks, sessions that end, and where one is led afterwards."""

from urllib.parse import quote, unquote

import pytest

from tests.web.browsing import PASSWORD
from web.security import safe_next
from web.settings import SettingsError, read_settings


@pytest.mark.parametrize(
    "target",
    [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "javascript:alert(1)",
        "evil",
        "",
        None,
        "/a\r\nSet-Cookie: x",
        "/\tx",
        "///evil.example",
    ],
)
def test_nobody_is_led_elsewhere(target):
    assert safe_next(target, "/") == "/"


def test_a_path_of_our_own_is_fine():
    assert safe_next("/lead_extraction/patients?page=2", "/") == "/lead_extraction/patients?page=2"


def test_signing_in_leads_to_the_wished_page(quick_world):
    browser = quick_world.browser().get("/lead_extraction/patients?order=number")
    assert browser.address.startswith("/sign-in")
    browser.post({"login": " ANNA ", "password": "correct horse battery"}, "sign-in")
    assert browser.address == "/lead_extraction/patients?order=number"


def test_wrong_password_and_unknown_login_look_the_same(quick_world):
    texts = []
    for login in ("anna", "unknown"):
        browser = quick_world.browser().sign_in(login, "wrong password")
        assert browser.status == 401
        texts.append(browser.text.split('role="alert"')[1].split("</p>")[0])
    assert texts[0] == texts[1]


def test_too_many_attempts_are_locked(world):
    for _ in range(5):
        assert world.browser().sign_in("piotr", "wrong password").status == 401
    locked = world.browser().sign_in("piotr")
    assert locked.status == 429
    assert "Za dużo nieudanych prób" in locked.text
    world.clock.wait(minutes=2)
    assert world.browser().sign_in("piotr").status == 200


def test_a_hospital_behind_one_address_is_not_locked_by_a_few_failures(world):
    """Five wrong passwords of each of many people, from one address."""
    for number in range(6):
        for _ in range(5):
            assert world.browser().sign_in(f"stranger{number}", "wrong password").status == 401
    assert world.browser().sign_in("anna").status == 200
    assert '"address":"127.0.0.1"' in world.audit("sign_in_refused")[-1].replace(" ", "")
    assert '"address":"127.0.0.1"' in world.audit("sign_in")[-1].replace(" ", "")


@pytest.mark.parametrize(("proxies", "address"), [(0, "127.0.0.1"), (1, "203.0.113.9"), (2, "203.0.113.7")])
def test_the_address_is_what_believed_proxies_say(new_sqlite, new_world, proxies, address):
    world = new_world(new_sqlite(), proxies=proxies)
    browser = world.browser().get("/sign-in")
    headers = {"X-Forwarded-For": "203.0.113.5, 203.0.113.7, 203.0.113.9"}
    browser.post({"login": "anna", "password": "correct horse battery"}, "sign-in", **headers)
    assert f'"address":"{address}"' in world.audit("sign_in")[-1].replace(" ", "")
    world.space.database.close()


def test_too_many_failures_lock_the_address(new_sqlite, new_world):
    world = new_world(new_sqlite(), address_failures=3)
    for number in range(3):
        assert world.browser().sign_in(f"stranger{number}", "wrong password").status == 401
    assert world.browser().sign_in("anna").status == 429
    world.clock.wait(minutes=15)
    assert world.browser().sign_in("anna").status == 200
    world.space.database.close()


@pytest.mark.parametrize("text", ["-1", "0", "many", ""])
def test_a_limit_that_is_no_number_is_told_at_the_start(tmp_path, text):
    key = tmp_path / "master.key"
    key.touch()
    environment = {
        "ECRF_DATABASE_URL": "sqlite://",
        "ECRF_MASTER_KEY_FILE": str(key),
        "ECRF_SECRET": "s" * 48,
        "ECRF_DEFINITIONS": str(tmp_path),
    }
    assert read_settings({**environment, "ECRF_CACHE": "off"}).cache is None
    assert read_settings(environment).address_failures == 100
    with pytest.raises(SettingsError, match="ECRF_ADDRESS_FAILURES"):
        read_settings({**environment, "ECRF_ADDRESS_FAILURES": text})


def test_the_session_id_changes_at_sign_in(world):
    browser = world.browser("anna")
    with browser.client.session_transaction() as session:
        first = session["token"]
        session["planted"] = "x"
    browser.post({}, "sign-out")
    browser.sign_in("anna")
    with browser.client.session_transaction() as session:
        assert session["token"] != first
        assert "planted" not in session


def test_signing_out_ends_the_session_in_the_database(world):
    browser = world.browser("anna")
    with browser.client.session_transaction() as session:
        token = session["token"]
    browser.post({}, "sign-out")
    thief = world.app.test_client()
    with thief.session_transaction() as session:
        session["token"] = token
    assert thief.get("/lead_extraction/patients").status_code == 303


def test_a_session_ends_when_idle_and_at_the_latest_after_a_day_of_work(world):
    idle, busy = world.browser("anna"), world.browser("anna")
    world.clock.wait(minutes=31)
    assert idle.get("/lead_extraction/patients").address.startswith("/sign-in")
    assert "Sesja wygasła" in idle.text
    busy = world.browser("anna")
    for _ in range(50):
        world.clock.wait(minutes=15)
        busy.get("/lead_extraction/patients")
    assert busy.address.startswith("/sign-in")


def test_language_is_kept(quick_world):
    browser = quick_world.browser("anna").get("/lead_extraction/patients?language=en")
    assert "New patient" in browser.text
    assert "New patient" in browser.get("/lead_extraction/patients").text
    assert "Nowy pacjent" in browser.get("/lead_extraction/patients?language=pl").text


@pytest.mark.parametrize("target", ["/", "/lead_extraction/patients?order=number"])
def test_a_wrong_password_is_told_by_a_page_once_and_by_no_answer_to_a_post(quick_world, target):
    """Back over the answer to a post asks whether to send it anew, with the password."""
    browser = quick_world.browser().get(f"/sign-in?next={quote(target)}")
    browser.post({"login": "ewa", "password": "wrong password"}, "sign-in", follow=False)
    assert browser.status == 303
    browser.get(browser.page.headers["Location"])
    assert (browser.status, unquote(browser.address)) == (401, f"/sign-in?next={target}")
    assert 'id="password-e"' in browser.text
    assert dict(browser.fields("sign-in")[1])["login"] == "ewa"
    assert "wrong password" not in browser.text
    again = browser.get(browser.address)
    assert (again.status, 'id="password-e"' in again.text) == (200, False)
    again.post({"login": "ewa", "password": PASSWORD}, "sign-in")
    assert again.address.startswith(target if target != "/" else "/lead_extraction")


def test_reading_the_page_again_counts_no_attempt(quick_world):
    browser = quick_world.browser().sign_in("jan", "wrong password")
    for _ in range(8):
        browser.get(browser.address)
    assert quick_world.browser().sign_in("jan").status == 200
