"""What protects pages and sign-ins whatever they are about: headers, cookies, passwords, sessions, errors, hostile text."""

import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from sqlalchemy import select

from storage.accounts import (
    SHORTEST_PASSWORD,
    add_membership,
    close_account,
    create_account,
    create_site,
    find_account,
    set_password,
    sign_in,
)
from storage.errors import BadCredentials
from storage.hospitals import Change, add_unit
from storage.tables import audit_entry
from web.security import HEADERS

FOLDER = Path(__file__).parents[1] / "fixtures" / "rights"
PASSWORD = "correct horse battery"
MARK = "<script>alert(7)</script>\"'&<img src=x onerror=alert(8)>"
HARM = ("<script>alert(7)", "<img src=x")
LIST = "/lead_extraction/patients"


@pytest.fixture
def stranger(quick_world):
    """A new account, by its login and id."""
    names = iter(range(10**6))

    def make(password=PASSWORD):
        world, login = quick_world, f"stranger{next(names)}.{len(quick_world.audit('account'))}"
        number = create_account(world.space.database, login, login.title(), password, who="office", at=world.clock.now)
        return login, number

    return make


# Headers and cookies


@pytest.fixture(scope="module")
def secured(new_sqlite, tmp_path_factory, quick_world):
    """The same application as it is served: by HTTPS."""
    from web.app import create_app
    from web.settings import Settings

    old = quick_world.space.settings
    app = create_app(
        Settings(new_sqlite(), old.definitions, old.master_key, "s" * 48, secure_cookies=True, clock=quick_world.clock)
    )
    return app.test_client()


def test_cookies_and_transport_are_for_https_alone(secured):
    answer = secured.get("/sign-in", base_url="https://localhost")
    name, _, attributes = answer.headers["Set-Cookie"].partition("=")
    assert name.startswith("__Host-")
    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= {part.strip() for part in attributes.split(";")}
    assert "Domain" not in attributes
    seconds = re.findall(r"max-age=(\d+); includeSubDomains", answer.headers["Strict-Transport-Security"])
    assert int(seconds[0]) >= 365 * 86_400


@pytest.mark.parametrize("address", ["/sign-in", "/healthz", "/static/ui.css", "/nowhere", LIST])
def test_nothing_that_was_asked_for_in_clear_is_led_on(secured, address):
    """That would hide it; the proxy leads pages to https, and the session's cookie does not travel before."""
    answer = secured.get(address, base_url="http://localhost", headers={"Accept": "application/json"})
    assert not answer.headers.get("Location", "").startswith("https:")
    assert answer.status_code not in (301, 307, 308)
    assert (
        secured.get_cookie("__Host-ecrf", domain="localhost") is None
        or secured.get_cookie("__Host-ecrf", domain="localhost").secure
    )


@pytest.mark.parametrize(("scheme", "comes_in"), [("https", True), ("http", False)])
def test_nobody_signs_in_in_clear(new_sqlite, tmp_path_factory, quick_world, scheme, comes_in):
    """The cookies do not travel there, so no post is taken and no session seen."""
    from web.app import create_app
    from web.settings import Settings

    old, clock = quick_world.space.settings, quick_world.clock
    app = create_app(Settings(new_sqlite(), old.definitions, old.master_key, "s" * 48, clock=clock))
    database = app.extensions["ecrf"].database
    create_account(database, "anna", "Anna", PASSWORD, who="office", at=clock.now)
    client, here = app.test_client(use_cookies=False), f"{scheme}://localhost"

    def travelling(answer):
        """The cookies that a browser keeps and sends: what is marked as secure by https alone."""
        held = [each for each in answer.headers.getlist("Set-Cookie") if scheme == "https" or "Secure" not in each]
        return {"Cookie": "; ".join(each.partition(";")[0] for each in held)}

    door = client.get("/sign-in", base_url=here)
    token = re.findall(r'name="csrf_token" value="([^"]+)"', door.text)[0]
    sent = {"csrf_token": token, "login": "anna", "password": PASSWORD}
    headers = {**travelling(door), "Referer": f"{here}/sign-in"}
    answer = client.post("/sign-in", data=sent, base_url=here, headers=headers)
    inside = client.get("/account", base_url=here, headers=travelling(answer))
    assert (inside.status_code == 200) is comes_in
    with database.read() as connection:
        judged = connection.exec_driver_sql("SELECT count(*) FROM audit_entry WHERE kind LIKE 'sign_in%'").scalar_one()
    assert judged == comes_in, "not even the password is judged"
    database.close()


@pytest.mark.parametrize(
    "address", [LIST, "/sign-in", "/nowhere", "/healthz", "/lead_extraction/queries.csv", "/static/ui.css"]
)
def test_no_other_site_may_read_an_answer(quick_world, address):
    browser = quick_world.browser("anna")
    answer = browser.client.get(address, headers={"Origin": "https://elsewhere.example"})
    answer.close()
    assert not [name for name, _ in answer.headers.items() if name.startswith("Access-Control")]
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert {"object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"} <= {
        part.strip() for part in answer.headers["Content-Security-Policy"].split(";")
    }  # fmt: skip
    assert answer.headers["Content-Security-Policy"] == HEADERS["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        (LIST, "text/html"),
        ("/nowhere", "text/html"),
        ("/lead_extraction/queries.csv", "text/csv"),
        ("/healthz", "application/json"),
    ],
)
def test_each_answer_says_what_it_is(quick_world, address, kind):
    answer = quick_world.browser("anna").client.get(address)
    assert answer.mimetype == kind
    assert kind == "application/json" or "charset=utf-8" in answer.headers["Content-Type"]


@pytest.mark.parametrize("method", ["TRACE", "PUT", "DELETE", "PATCH", "CONNECT"])
def test_methods_that_nothing_uses_are_refused(quick_world, method):
    assert quick_world.browser("anna").client.open(LIST, method=method).status_code in (404, 405)


def test_what_changes_something_is_never_done_by_a_link(quick_world):
    anna, rules = quick_world.browser("anna"), [*quick_world.app.url_map.iter_rules()]
    read = {str(rule.rule) for rule in rules if "GET" in rule.methods}
    for rule in rules:
        if "POST" in rule.methods and str(rule.rule) not in read:
            address = re.sub(r"<[^>]*>", "1", str(rule.rule).replace("<registry>", "lead_extraction"))
            assert anna.client.get(address).status_code in (404, 405), address


def test_signing_out_clears_what_the_browser_kept(quick_world):
    browser = quick_world.browser("anna")
    browser.get(LIST).post({}, "/sign-out", follow=False)
    assert browser.page.headers["Clear-Site-Data"] == '"cache"'
    assert browser.get(LIST).address.startswith("/sign-in")


@pytest.mark.parametrize("address", [LIST, "/account", "/lead_extraction/queries", "/lead_extraction/day"])
def test_every_page_leads_out(quick_world, address):
    assert [form for form, _ in quick_world.browser("anna").get(address).forms() if form.endswith("/sign-out")]


# Passwords and sessions


@pytest.mark.parametrize(
    "password",
    ["x" * SHORTEST_PASSWORD, "ż" * 64, "only small letters and blanks ", "1" * 200, " 🐎 koń, bateria, zszywka "],
)
def test_any_password_that_is_long_enough_is_taken_as_it_is(quick_world, stranger, password):
    login, _ = stranger(password)
    at, database = quick_world.clock.now, quick_world.space.database
    assert sign_in(database, login, password, at=at)
    for other in {password.strip(), password.upper(), password[:-1], f"{password} "} - {password}:
        with pytest.raises(BadCredentials):
            sign_in(database, login, other, at=at)


@pytest.mark.parametrize("password", ["", "short", "x" * (SHORTEST_PASSWORD - 1)])
def test_a_short_password_is_refused(quick_world, stranger, password):
    _, number = stranger()
    with pytest.raises(ValueError, match="characters"):
        set_password(quick_world.space.database, number, password, who="office", at=quick_world.clock.now)


def test_fields_of_passwords_hide_them_and_let_managers_fill_them(quick_world):
    pages = [quick_world.browser().get("/sign-in").text, quick_world.browser("anna").get("/account").text]
    fields = [
        tag for text in pages for tag in re.findall(r"<input[^>]*name=\"(?:password|old|again|new)\"[^>]*>", text)
    ]
    assert len(fields) >= 3
    for tag in fields:
        assert 'type="password"' in tag
        assert re.search(r'autocomplete="(current|new)-password"', tag), tag
        assert "onpaste" not in tag


def test_tokens_of_sessions_are_long_and_never_alike(quick_world, stranger):
    login, _ = stranger()
    tokens = {sign_in(quick_world.space.database, login, PASSWORD, at=quick_world.clock.now) for _ in range(20)}
    assert len(tokens) == 20
    assert min(map(len, tokens)) >= 43  # 256 bits as base64


def test_a_closed_account_is_out_at_once(quick_world, stranger):
    login, number = stranger()
    browser = quick_world.browser()
    browser.sign_in(login)
    assert browser.get("/account").address == "/account"
    close_account(quick_world.space.database, number, who="office", at=quick_world.clock.now, reason="left")
    assert browser.get("/account").address.startswith("/sign-in")


def test_a_stolen_cookie_is_worth_nothing_after_signing_out(quick_world):
    browser, thief = quick_world.browser("anna"), quick_world.browser()
    stolen = browser.client.get_cookie("ecrf")
    thief.client.set_cookie("ecrf", stolen.value)
    assert thief.get(LIST).status == 200
    browser.get(LIST).post({}, "/sign-out")
    assert thief.get(LIST).address.startswith("/sign-in")


@pytest.mark.parametrize(
    "change",
    [lambda value: value[:-9] + value[-9:].swapcase(), lambda value: "x" + value, lambda _: "eyJ0b2tlbiI6ImEifQ.x.x"],
)
def test_a_cookie_that_was_changed_is_none(quick_world, change):
    browser = quick_world.browser("anna")
    browser.client.set_cookie("ecrf", change(browser.client.get_cookie("ecrf").value))
    assert browser.get(LIST).address.startswith("/sign-in")


# Errors and logs


@pytest.fixture
def logged(monkeypatch):
    """What the application logs of failures: the line, and the exception."""
    told = []
    log = SimpleNamespace(error=lambda text, *parts, exc_info: told.append((text % parts, exc_info)))
    monkeypatch.setattr("web.failures._LOG", log)
    return told


def test_an_error_tells_a_number_and_the_log_the_rest(quick_world, monkeypatch, logged):
    def fail(*_, **__):
        raise RuntimeError("SELECT secret FROM item_data")

    monkeypatch.setattr("web.queries.list_queries", fail)
    browser = quick_world.browser("anna").get("/lead_extraction/queries?show=%0Aforged")
    assert browser.status == 500
    for told in ("secret", "Traceback", "RuntimeError", ".py"):
        assert told not in browser.text
    number = re.findall(r"[0-9A-F]{8}", browser.text)[0]
    ((line, fault),) = logged
    assert number in line
    assert "SELECT secret" in str(fault)


def test_no_line_of_the_log_can_be_forged(quick_world, monkeypatch, logged):
    def fail(*_, **__):
        raise RuntimeError

    monkeypatch.setattr("web.entry._PSEUDONYM", SimpleNamespace(fullmatch=fail))
    quick_world.browser("anna").get("/lead_extraction/patients/X%0AERROR forged line")
    assert [line.count("\n") for line, _ in logged] == [0]


def test_where_rights_cannot_be_read_nothing_is_shown(quick_world, monkeypatch):
    anna = quick_world.browser("anna")
    who = anna.register()

    def fail(*_, **__):
        raise RuntimeError

    monkeypatch.setattr("web.guard.session_account", fail)
    answer = anna.client.get(f"{LIST}/{who}")
    assert answer.status_code == 500
    assert who not in answer.text


def test_entries_say_when_where_who_and_what_in_one_time(quick_world):
    browser = quick_world.browser()
    browser.sign_in("anna", "wrong password 12")
    quick_world.browser("anna")
    with quick_world.space.database.read() as connection:
        rows = connection.execute(
            select(audit_entry).where(
                audit_entry.c.kind.in_(("sign_in", "sign_in_refused")), audit_entry.c.who == "anna"
            )
        ).all()
    assert {row.kind for row in rows} == {"sign_in", "sign_in_refused"}
    for row in rows:
        assert row.who
        assert row.stream == "system"
        assert row.at.utcoffset().total_seconds() == 0
        assert '"address":"127.0.0.1"' in row.body
        assert "wrong password" not in str(row)
        assert PASSWORD not in str(row)


# Hostile text, wherever one may type


@pytest.fixture(scope="module")
def marked(new_sqlite, new_world):
    """A ward in which everything that somebody may type is hostile."""
    world = new_world(new_sqlite(), definitions=FOLDER, registry="ward")
    database, at, change = world.space.database, world.clock.now, Change(MARK, world.clock.now, MARK)
    people = {"kora": ("coordinator", 0), "phil": ("physician", 0), "rita": ("registry_coordinator", None), "mo": ("monitor", None),
              "ada": ("administrator", None), "lola": ("local_administrator", 0)}  # fmt: skip
    for login, (role, place) in people.items():
        account = create_account(database, login, f"{login} {MARK}", PASSWORD, who=MARK, at=at)
        add_membership(
            database, account, "ward", role, site_id=None if place is None else world.sites[place], who=MARK, at=at
        )
    create_site(database, "7", f"Szpital {MARK}", who=MARK, at=at)
    add_unit(database, world.sites[0], "1", f"Oddział {MARK}", change)
    kora = world.browser("kora")
    kora.get("/ward/patients").post({}, "/patients")
    who = kora.address.split("/")[3]
    kora.post({"last_name": MARK, "first_names": MARK, "sex": MARK, "__do": "save"}, "forms")
    kora.get(f"/ward/patients/{who}")
    care = re.findall(r'href="([^"]*\.care)"', kora.text)[0]
    kora.get(care).post({"__do": "add:visitors"}, "forms")
    row = re.findall(r'data-row="(visitors\.\w+)"', kora.text)[0]
    typed = {"plan": MARK, "guardian": MARK, "verdict": MARK, f"{row}.visitor": MARK, f"{row}.remark": MARK}
    kora.post({**typed, "__do": "save"}, "forms", files={"scan__file": (f"{MARK}.pdf", b"%PDF-1.7 x")})
    kora.get(f"{care}/queries?at=plan").post({"text": MARK}, "/queries?")
    kora.get(f"{care}/queries?at=plan").post({"text": MARK}, "/answer")
    kora.get(f"/ward/patients/{who}/sharing").post({"site": world.sites[1], "reason": MARK}, "/sharing")
    kora.get(f"/ward/patients/{who}").post({"number": MARK[:20]}, "/own-number")
    anna = world.browser("anna")
    anna.get(f"/ward/patients?q={MARK}").post({"q": MARK}, "/search")
    kora.get("/help/requests/new").post({"kind": "technical", "registry": "ward", "text": MARK}, "/help/requests")
    kora.get("/help/requests/new").post({"kind": "substantive", "registry": "ward", "text": MARK}, "/help/requests")
    assert "/help/requests/" in kora.address
    asked = {"registry": "ward", "site": "Szpital 2", "role": "entry", "why": MARK}
    assert "said=" in anna.get("/account").post(asked, "/account/access").address
    ada = world.browser("ada")
    ada.get(f"/ward/people/{people_number(database, 'phil')}").post({"reason": MARK}, "/close")
    assert "said=" in ada.address
    ada.get(f"/ward/people/{people_number(database, 'phil')}").post({"reason": MARK}, "/reopen")
    yield SimpleNamespace(world=world, who=who, care=care)
    database.close()


def people_number(database, login):
    return find_account(database, login).id


@pytest.mark.parametrize("login", ["kora", "phil", "anna", "rita", "mo", "ada", "lola"])
def test_no_page_of_any_role_runs_what_was_typed(marked, login):
    browser, pages, told = marked.world.browser(login), 0, 0
    starts = ["/", "/account"] + (["/ward/queries.csv?show=all"] if login == "kora" else [])
    for start in starts:
        for address in browser.crawl(start):
            if browser.page.mimetype not in ("text/html", "application/json"):
                continue
            pages += 1
            for harm in HARM:
                assert harm not in browser.text, address
            told += "alert(7)" in browser.text
    assert pages > 4
    assert told, "the text is there, as text"
