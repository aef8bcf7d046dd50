"""Sessions in a list are told apart by browser and system, and no more of a device is kept."""

import re

import pytest

from storage.accounts import add_membership, create_account, find_account
from storage.tables import METADATA
from tests.web.browsing import PASSWORD, REGISTRY
from web.devices import device_of

NEW = "another long password"
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
)
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1"


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (CHROME, "Chrome, Windows"),
        (f"{CHROME} Edg/140.0.0.0", "Edge, Windows"),
        (f"{CHROME} OPR/121.0.0.0", "Opera, Windows"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0", "Firefox, Linux"),
        ("Mozilla/5.0 (Android 15; Mobile; rv:143.0) Gecko/143.0 Firefox/143.0", "Firefox, Android"),
        (
            "Mozilla/5.0 (Linux; Android 14; SM-S921B) AppleWebKit/537.36 (KHTML, like Gecko) SamsungBrowser/28.0 Chrome/130.0.0.0 Mobile Safari/537.36",
            "Samsung Internet, Android",
        ),
        (IPHONE, "Safari, iPhone"),
        (IPHONE.replace("Version/18.5", "CriOS/140.0"), "Chrome, iPhone"),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15",
            "Safari, macOS",
        ),
        ("Mozilla/5.0 (Windows NT 10.0) Something/1", "Windows"),
        ("curl/8.5.0", ""),
        ("<script>alert(1)</script>", ""),
        ("x" * 5000 + CHROME, ""),
        ("", ""),
        (None, ""),
    ],
)
def test_what_a_browser_says_of_itself_in_two_words(header, words):
    assert device_of(header) == words


def come_in(world, login, header):
    browser = world.browser()
    browser.client.environ_base["HTTP_USER_AGENT"] = header
    return browser.sign_in(login)


@pytest.mark.parametrize(
    ("language", "stranger", "this"),
    [("pl", "Nieznana przeglądarka", "ta sesja"), ("en", "Unknown browser", "this session")],
)
def test_ones_own_sessions_are_told_apart(quick_world, language, stranger, this):
    database, at = quick_world.space.database, quick_world.clock.now
    login = f"own.{language}"
    create_account(database, login, "Own", PASSWORD, who="office", at=at)
    come_in(quick_world, login, "strange/1.0 Galaxy-S24-of-Own")
    come_in(quick_world, login, IPHONE)
    page = come_in(quick_world, login, CHROME).get(f"/account?language={language}")
    assert len(re.findall(rf'<button[^>]*>\w[^<]*<span class="vh">: {stranger}, [^<]*\d', page.text)) == 1
    own = f"<span>Chrome, Windows · <b>{this}</b><br>"
    assert [page.text.count(each) for each in ("<span>Safari, iPhone<br>", f"<span>{stranger}<br>", own)] == [1, 1, 1]
    page.post({"old": PASSWORD, "password": NEW, "again": NEW}, "/account/password")
    assert own in page.get("/account").text
    assert "iPhone" not in page.text


def test_administrators_tell_sessions_of_a_person_apart(quick_world):
    database, at = quick_world.space.database, quick_world.clock.now
    lena = create_account(database, "lena", "Lena", PASSWORD, who="office", at=at)
    add_membership(database, lena, REGISTRY, "administrator", site_id=None, who="office", at=at)
    come_in(quick_world, "ewa", IPHONE)
    ewa = find_account(database, "ewa").id
    assert "<span>Safari, iPhone<br>" in quick_world.browser("lena").get(f"/{REGISTRY}/people/{ewa}").text


def test_nothing_else_of_a_device_is_kept(world):
    come_in(world, "anna", IPHONE)
    with world.space.database.read() as connection:
        kept = [
            str(connection.exec_driver_sql(f"SELECT * FROM {table.name}").all()) for table in METADATA.sorted_tables
        ]
    assert [
        table.name for table, text in zip(METADATA.sorted_tables, kept, strict=True) if "Safari, iPhone" in text
    ] == ["session"]
    assert not [sign for sign in ("Mozilla", "18_5", "15E148", "AppleWebKit") if sign in "".join(kept)]
