"""Roles that may not know who somebody is: no page and no answer holds an identifying value, a file, or what follows from them."""

from pathlib import Path

import pytest

from storage.accounts import Membership, add_membership, create_account, end_membership, find_account
from storage.errors import Hidden
from storage.identity import page_identities
from web import printing
from web.roles import ROLES, Permission, allows
from web.workspace import actor_of

FOLDER = Path(__file__).parents[1] / "fixtures" / "rights"
BLIND = [role for role in ROLES if allows(role, Permission.READ) and not allows(role, Permission.IDENTITY)]
NEEDLES = (
    "Kowalewska", "Bronisława", "61031212345", "1961", "Zbigniewski", "Gościńska", "Siostrzeńska", "skan-dowodu",
    "Pacjent jest",
)  # fmt: skip
PLAIN = ("Leczenie zachowawcze", "Uwaga o gościu", "77")  # what everybody sees who sees patients


@pytest.fixture(scope="module")
def ward(database_url, new_world, fill_ward):
    """A patient whose every identifying item holds a needle; somebody of each role that is to see none of them."""
    world = new_world(database_url, definitions=FOLDER, registry="ward")
    at, database = world.clock.now, world.space.database
    for role in BLIND:
        account = create_account(database, f"role.{role}", role, "correct horse battery", who="office", at=at)
        add_membership(database, account, "ward", role, site_id=None, who="office", at=at)
    yield fill_ward(world)
    database.close()


def seen_by(browser, extra=()):
    """The text of every page that a person comes to, and of some that nothing leads to."""
    texts = {
        address: browser.text for address in browser.crawl() if browser.page.mimetype != "application/octet-stream"
    }
    for address in extra:
        texts[address] = browser.get(address).text
    return texts


@pytest.fixture
def readable_paper(monkeypatch):
    """PDF that a test can read."""
    monkeypatch.setattr(printing, "pdf_of", lambda documents: "".join(documents).encode())
    monkeypatch.setattr("web.form_page.can_print", lambda: True)


@pytest.mark.usefixtures("readable_paper")
@pytest.mark.parametrize("role", ["ewa", *BLIND])
def test_needles(ward, role):
    sees = role == "ewa"  # a reader, to show that the needles are where the search would find them
    browser = ward.world.browser(role if sees else f"role.{role}")
    more = [
        "/ward/patients?names=1", f"/ward/patients/{ward.who}?names=1", ward.care, f"{ward.care}/pdf", ward.daily,
        f"/ward/patients/{ward.who}/forms/1.person", f"{ward.care}/files/{ward.digest}", f"{ward.care}?language=en",
    ]  # fmt: skip
    texts = seen_by(browser, more)
    together = "\n".join(texts.values())
    assert any("/pdf" in address for address in texts)
    assert any("/grids/" in address for address in texts)
    for needle in NEEDLES:
        found = [address for address, text in texts.items() if needle in text]
        assert bool(found) == sees, (needle, found)
    for plain in PLAIN:
        assert plain in together
    if not sees:
        assert "ukryte dla Twojej roli" in texts[ward.care]
        assert "hidden for your role" in texts[f"{ward.care}?language=en"]
        assert 'name="q"' in texts["/ward/patients?names=1"]
        assert not [address for address in texts if "names=" in address and address not in more]


@pytest.mark.parametrize("role", BLIND)
def test_nobody_is_found_by_name(ward, role):
    for text in ("Kowalewska", "Kow", "61031212345"):
        browser = ward.world.browser(f"role.{role}").get("/ward/patients")
        browser.post({"q": text}, "/search")
        assert "Nie ma pacjenta o numerze" in browser.text, text
        assert ward.who not in browser.text
    assert browser.post({"q": ward.who}, "/search").address == f"/ward/patients/{ward.who}"


@pytest.mark.parametrize("role", BLIND)
def test_storage_decrypts_nothing(ward, role, monkeypatch):
    def refuse(*_):
        raise AssertionError("decrypted")

    monkeypatch.setattr("storage.identity.decrypt", refuse)
    monkeypatch.setattr("storage.attachments.decrypt", refuse)
    browser = ward.world.browser(f"role.{role}")
    for address in (f"/ward/patients/{ward.who}", ward.care, ward.daily):
        assert browser.get(address).status == 200
    assert browser.get(f"{ward.care}/files/{ward.digest}").status == 404


def test_the_table_of_roles_decides(ward):
    database, at = ward.world.space.database, ward.world.clock.now
    for role in ROLES:
        actor = actor_of(1, "x", Membership(None, "", "ward", role))
        assert actor.identities == allows(role, Permission.IDENTITY)
        if not actor.identities:
            with pytest.raises(Hidden):
                page_identities(database, actor, [1], ["last_name"], at)


def test_a_draft_of_former_times_tells_nothing_to_a_new_role(ward):
    world, database, at = ward.world, ward.world.space.database, ward.world.clock.now
    piotr = world.browser("piotr")
    piotr.get(ward.care)
    assert piotr.draft({"plan": "Nowy plan", "guardian": "Malinowski"}).status_code == 200
    account = find_account(database, "piotr").id
    end_membership(database, account, "ward", "entry", site_id=world.sites[0], who="office", at=at)
    add_membership(database, account, "ward", "analyst", site_id=world.sites[0], who="office", at=at)
    text = world.browser("piotr").get(ward.care).text
    assert "Nowy plan" in text
    assert "Malinowski" not in text
