"""Every route against every role, and a walk of each role through all that its pages offer."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from werkzeug.datastructures import MultiDict

from storage.accounts import add_membership, create_account
from web.permissions import permission_of
from web.printing import NOT_INSTALLED
from web.roles import ROLES, Permission, allows

FOLDER = Path(__file__).parents[1] / "fixtures" / "rights"
KEEPERS = {"registry_coordinator", "analyst", "administrator"}  # they keep a registry, and work at no hospital


@dataclass
class Cast:
    """An application in which there is a person of each role, and a patient with saved forms."""

    world: Any
    who: str
    parts: dict[str, str]

    def browser(self, role: str) -> Any:
        return self.world.browser(f"role.{role}")


@pytest.fixture(scope="module")
def cast(new_sqlite, new_world, fill_ward) -> Iterator[Cast]:
    world = new_world(new_sqlite(), definitions=FOLDER, registry="ward")
    at, database = world.clock.now, world.space.database
    for role in ROLES:
        account = create_account(database, f"role.{role}", role, "correct horse battery", who="office", at=at)
        site = None if role in KEEPERS else world.sites[0]
        add_membership(database, account, "ward", role, site_id=site, who="office", at=at)
    filled = fill_ward(world)
    spot = filled.care.rpartition("/")[2]
    parts = {
        "registry": "ward", "who": filled.who, "subject": f"patients/{filled.who}", "spot": spot, "form": "care",
        "item": "plan", "container": "episode", "definition": "0" * 64, "language": "pl", "filename": "x",
        "name": "scan", "digest": filled.digest, "instance": spot.partition(".")[0], "series": f"{spot.partition('.')[0]}.daily.day",
    }  # fmt: skip
    yield Cast(world, filled.who, parts)
    database.close()


def routes(app: Flask, parts: dict[str, str]) -> Iterator[tuple[str, str, Permission]]:
    """A method and an address of each route, and what it asks for."""
    for rule in app.url_map.iter_rules():
        text = str(rule.rule).replace("<subject:who>", parts["subject"])
        address = re.sub(r"<(?:[^<>]+:)?(\w+)>", lambda name: parts.get(name[1], "1"), text)
        for method in sorted((rule.methods or set()) & {"GET", "POST"}):
            permission = permission_of(app, rule.endpoint)
            assert permission is not None, rule.endpoint
            yield method, address, permission


def token(text: str) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', text)
    assert found is not None
    return unescape(found[1])


@pytest.mark.parametrize("role", ROLES)
def test_every_route_against_every_role(cast, role):
    browser = cast.browser(role)
    csrf = token(browser.get("/").text)
    for method, address, permission in routes(cast.world.app, cast.parts):
        if permission in (Permission.PUBLIC, Permission.SIGNED_IN) and method == "POST":
            continue  # these sign out, lock, and change one's own account
        data = {"csrf_token": csrf} if method == "POST" else None
        answer = browser.client.open(address, method=method, data=data)
        answer.close()
        where = (role, method, address, answer.status_code)
        assert answer.status_code < 500 or answer.status_code == NOT_INSTALLED, where
        if permission not in (Permission.PUBLIC, Permission.SIGNED_IN):
            in_registry = address.startswith("/ward/")
            allowed = allows(role, permission)
            assert not in_registry or allowed != (answer.status_code == 403), where


@pytest.mark.parametrize("role", ROLES)
def test_a_role_has_nothing_in_a_registry_of_others(cast, role):
    browser = cast.browser(role)
    for method, address, permission in routes(cast.world.app, {**cast.parts, "registry": "other"}):
        if address.startswith("/other/"):
            answer = browser.client.open(address, method=method)
            assert answer.status_code == 404, (role, method, address, permission)


@pytest.mark.parametrize("role", ROLES)
def test_every_role_begins_somewhere(cast, role):
    browser = cast.browser(role).get("/")
    assert browser.status == 200
    if allows(role, Permission.READ):
        assert browser.address.startswith("/ward/")
    else:
        assert cast.who not in browser.text
        assert browser.client.get("/ward/patients").status_code == 403
    if browser.address == "/":
        assert "Twoja rola nie ma tu własnych stron" in browser.text


@pytest.mark.parametrize("role", ROLES)
def test_what_pages_offer_may_be_done(cast, role):
    browser = cast.browser(role)
    pages: list[str] = []
    posts: dict[str, Any] = {}
    for address in browser.crawl():
        assert browser.status in (200, NOT_INSTALLED), (address, browser.status)
        pages.append(address)
        if browser.page.mimetype == "text/html":
            posts |= {action: MultiDict(fields) for action, fields in browser.forms() if "/patients" in action}
    for address, data in posts.items():
        answer = browser.client.post(address, data=data)
        assert answer.status_code < 500, (role, address)
        assert answer.status_code != 403, (role, address)
    if not allows(role, Permission.READ):
        assert not any("/patients" in page for page in pages)
