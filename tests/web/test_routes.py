"""Every route declares a permission; headers, cookies and CSRF tokens of every answer."""

import re

import pytest
from flask import Flask

from web.permissions import FLASK_OWN, needs, permission_of, undeclared
from web.roles import Permission
from web.security import POLICY

PUBLIC = {
    "static",
    "assets.static",
    "probes.health",
    "accounts.sign_in_page",
    "accounts.sign_in_post",
    "accounts.sign_out_post",
    "doors.accept",
    "doors.ask",
    "doors.code",
    "doors.code_page",
    "doors.come_back",
    "doors.forgotten",
    "doors.invitation",
    "doors.put",
    "doors.reset",
    "doors.switch",
    "help_pages.contents",
    "help_pages.page",
    "statement.show",
}


def test_every_route_declares_a_permission(quick_world):
    app = quick_world.app
    assert undeclared(app) == ()
    public = {
        rule.endpoint for rule in app.url_map.iter_rules() if permission_of(app, rule.endpoint) is Permission.PUBLIC
    }
    assert public == PUBLIC


def test_a_route_without_a_declaration_is_found():
    app = Flask("other", static_folder=None)
    app.add_url_rule("/open", "open", lambda: "")
    app.add_url_rule("/declared", "declared", needs(Permission.READ)(lambda: ""))
    assert undeclared(app) == ("open",)
    assert "static" in FLASK_OWN


def test_a_route_without_a_declaration_is_refused(quick_world):
    app = quick_world.app
    view = app.view_functions["lookup.by_item"]
    app.view_functions["lookup.by_item"] = lambda **_: "leaked"
    try:
        assert quick_world.browser("anna").get("/lead_extraction/lookup/procedure/anaesthesia").status == 403
    finally:
        app.view_functions["lookup.by_item"] = view


def addresses(app: Flask) -> list[tuple[str, str]]:
    """An address for each route that asks for something."""
    parts = {"registry": "lead_extraction", "who": "TLE-0001-J7", "spot": "1.patient", "form": "patient", "item": "sex"}
    parts |= dict.fromkeys(("site", "unit", "part", "person", "role", "number"), "1")
    parts |= {"container": "episode", "definition": "0" * 64, "language": "pl", "filename": "x"}
    parts |= {"name": "photo", "digest": "0" * 64, "instance": "1", "number": "1", "step": "close", "grant": "1"}
    found = []
    for rule in app.url_map.iter_rules():
        for method in rule.methods or ():
            if method in ("GET", "POST") and permission_of(app, rule.endpoint) is not Permission.PUBLIC:
                with app.test_request_context():
                    found.append((method, str(rule.rule)))
    return [(method, _fill(rule, parts)) for method, rule in found]


def _fill(rule: str, parts: dict[str, str]) -> str:
    rule = rule.replace("<subject:who>", "patients/<who>")
    return re.sub(r"<(?:\w+:)?(\w+)>", lambda name: parts.get(name[1], name[0]), rule)


def test_nobody_gets_anything_without_signing_in(quick_world):
    for method, address in addresses(quick_world.app):
        answer = quick_world.app.test_client().open(address, method=method)
        assert answer.status_code == 303, (method, address)
        assert answer.headers["Location"].startswith("/sign-in?next=")


def test_an_account_without_a_role_sees_no_registry(quick_world):
    nobody = quick_world.browser("nobody")
    assert "Brak uprawnień" in nobody.text
    for method, address in addresses(quick_world.app):
        if "lead_extraction" in address:
            answer = nobody.client.open(address, method=method)
            assert answer.status_code == 404, (method, address)


def test_a_reader_may_read_and_nothing_else(world):
    who = world.browser("anna").register()
    reader = world.browser("ewa")
    assert "Nowy pacjent" not in reader.get("/lead_extraction/patients").text
    assert reader.get(f"/lead_extraction/patients/{who}").status == 200
    for method, address in addresses(world.app):
        if method == "POST" and "lead_extraction" in address and not address.endswith("/search"):  # which reads
            assert reader.client.post(address).status_code == 403, address
    assert who in reader.search("Przykładowy").text


@pytest.mark.parametrize(
    "address", ["/sign-in", "/lead_extraction/patients", "/nowhere", "/healthz", "/static/ui.css", "/static/none.css"]
)
def test_headers_of_every_answer(quick_world, address):
    answer = quick_world.browser("anna").client.get(address)
    answer.close()
    assert answer.headers["Content-Security-Policy"] == POLICY
    assert "unsafe" not in POLICY
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert "Set-Cookie" not in answer.headers or "HttpOnly" in answer.headers["Set-Cookie"]


def test_pages_with_patients_are_not_kept_by_the_browser(quick_world):
    assert quick_world.browser("anna").client.get("/lead_extraction/patients").headers["Cache-Control"] == "no-store"


def test_cookies(quick_world):
    browser = quick_world.browser()
    browser.get("/sign-in")
    answer = browser.post({"login": "anna", "password": "correct horse battery"}, "sign-in", follow=False).page
    cookie = answer.headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_every_post_needs_the_token(quick_world):
    anna = quick_world.browser("anna")
    for method, address in addresses(quick_world.app):
        if method == "POST":
            answer = anna.client.post(
                address, data={"csrf_token": "wrong"}, headers={"Origin": "https://elsewhere.example"}
            )
            assert answer.status_code in (403, 419), address  # 403: her role may not do that at all


def test_pages_hold_no_inline_script_or_style(quick_world):
    anna = quick_world.browser("anna")
    who = anna.register()
    pages = [anna.text, anna.get("/lead_extraction/patients").text, anna.get(f"/lead_extraction/patients/{who}").text]
    pages.append(anna.get(_form_of(anna.text, "patient")).text)
    for text in pages:
        assert " style=" not in text
        assert " onclick" not in text
        assert all("src=" in tag or "application/json" in tag for tag in _tags(text, "<script"))


def _form_of(text: str, form: str) -> str:
    start = text.index("/forms/", text.index("<main"))
    while f".{form}" not in text[start : text.index('"', start)]:
        start = text.index("/forms/", start + 1)
    return text[text.rindex('"', 0, start) + 1 : text.index('"', start)]


def _tags(text: str, start: str) -> list[str]:
    return [piece.partition(">")[0] for piece in text.split(start)[1:]]


def test_health(quick_world):
    answer = quick_world.app.test_client().get("/healthz")
    assert (answer.status_code, answer.json) == (200, {"ok": True})


def test_where_training_is_off_nothing_leads_to_it(quick_world):
    anna = quick_world.browser("anna")
    assert "training" not in anna.text
    for address in ("/training-mode", "/training/", "/training/lead_extraction/patients"):
        assert anna.get(address).status == 404, address
