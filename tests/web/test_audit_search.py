"""The log is searched by who looks after a hospital or a registry, and shows nothing of others."""

import ast
import csv
import json
import re
from io import StringIO
from pathlib import Path

import pytest

from storage.accounts import add_membership, create_account
from web.audit_search import KINDS, mark_text, read_mark

ROOT = Path(__file__).parents[2]
PASSWORD = "correct horse battery"
REGISTRY = "lead_extraction"
AUDIT = f"/{REGISTRY}/audit"


@pytest.fixture(scope="module")
def people(world):
    """A coordinator of each hospital, and the keeper of the registry."""
    database, now = world.space.database, world.clock.now
    for login, role, site in (
        ("kora", "coordinator", world.sites[0]), ("olek", "coordinator", world.sites[1]), ("keeper2", "registry_coordinator", None),
    ):  # fmt: skip
        account = create_account(database, login, login.title(), PASSWORD, who="office", at=now)
        add_membership(database, account, REGISTRY, role, site_id=site, who="office", at=now)
    return world


@pytest.fixture(scope="module")
def who(people):
    anna = people.browser("anna")
    found = anna.register()
    anna.open(found, "patient")
    anna.post({"nfz_branch": "08", "__do": "complete"}, "forms")
    return found


def found(browser, query=""):
    """The patients of the entries on a page."""
    return re.findall(r'class="mono nowrap"[^>]*>([^<]+)<', browser.get(AUDIT + query).text)


@pytest.mark.parametrize(
    ("query", "there"),
    [
        ("", True), ("?who=Anna", True), ("?who=Nobody", False), ("?kind=save", True), ("?kind=erase", False),
        ("?item=nfz_branch", True), ("?item=sex&kind=save", False), ("?since=2025-07-01&until=2025-07-01", True),
        ("?until=2024-12-31", False), ("?patient={who}", True), ("?patient={who}&item=nfz_branch&kind=save&who=Anna", True),
    ],
)  # fmt: skip
def test_entries_are_found_by_what_is_asked(people, who, query, there):
    assert (who in found(people.browser("kora"), query.format(who=who))) is there


def test_a_hospital_finds_its_own_patients_alone_and_a_keeper_all(people, who):
    other = people.browser("jan").register()
    assert who in found(people.browser("kora"), "?kind=register")
    assert other not in found(people.browser("kora"), "?kind=register")
    assert who not in found(people.browser("olek"), "?kind=register")
    assert {who, other} <= set(found(people.browser("keeper2"), "?kind=register"))
    assert "Nie ma takiego numeru" in people.browser("olek").get(f"{AUDIT}?patient={who}").text


def test_who_enters_data_does_not_search(people):
    assert people.browser("anna").get(AUDIT).status == 403
    assert people.browser("anna").get(f"{AUDIT}/file").status == 403


@pytest.mark.parametrize(
    "query",
    [
        "?since=soon",
        "?item=none",
        "?patient=none",
        "?after=x",
        "?after=2025-01-01_1_s",
        "?after=0001-01-01T00:00:00%2B05:00_1_s",
        "?since=0001-01-01",
        "?until=9999-12-31",
        "?who=%00",
    ],
)
def test_what_is_wrong_is_said_and_breaks_nothing(people, query):
    assert people.browser("kora").get(AUDIT + query).status == 200


def test_pages_follow_one_another_without_gap_or_repeat(people, who, monkeypatch):
    monkeypatch.setattr("web.audit_search.PAGE", 3)
    kora, seen, address = people.browser("kora"), [], f"{AUDIT}?who=Anna"
    while address:
        with people.space.database.counted() as sent:
            text = kora.get(address).text
        assert len(sent) <= 5, sent
        seen += re.findall(r"<tr><th scope=\"row\">.*?</tr>", text, re.DOTALL)
        following = re.search(r'rel="next" href="([^"]*)"', text)
        address = following[1].replace("&amp;", "&") if following else ""
    monkeypatch.undo()
    whole = re.findall(r"<tr><th scope=\"row\">.*?</tr>", kora.get(f"{AUDIT}?who=Anna").text, re.DOTALL)
    assert seen[:50] == whole


def test_the_file_holds_all_and_is_noted(people, who):
    before = len(people.audit("audit_export"))
    text = people.browser("kora").get(f"{AUDIT}/file?who=Anna").text.removeprefix("\ufeff")
    rows = list(csv.reader(StringIO(text)))
    assert rows[0][:3] == ["Czas", "Kto", "Co"]
    assert who in {row[3] for row in rows}
    assert len(people.audit("audit_export")) == before + 1


def test_places_are_read_as_they_are_written():
    from datetime import UTC, datetime

    from storage.audit_search import Mark

    mark = Mark(datetime(2025, 7, 1, 10, tzinfo=UTC), "subject:1", 4)
    assert read_mark(mark_text(mark)) == mark
    assert read_mark("") is None


def written_kinds():
    """The kinds of entries that the program writes: the first text given to what makes one."""
    makers = {"AuditEntry", "_note", "_entry", "entry"}
    for path in (*(ROOT / "storage").glob("*.py"), *(ROOT / "web").glob("*.py")):
        for call in (each for each in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(each, ast.Call)):
            name = getattr(call.func, "id", getattr(call.func, "attr", ""))
            texts = [each.value for each in call.args if isinstance(each, ast.Constant) and isinstance(each.value, str)]
            if name in makers and texts:
                yield texts[0]


def test_each_kind_of_entry_has_words():
    put_together = {
        "takeover_granted",
        "takeover_refused",
        "withdraw_form",
        "withdraw_row",
        "restore_form",
        "restore_row",
    }
    kinds = {*written_kinds(), *put_together} - {"web"}  # a channel
    assert put_together <= {*KINDS}
    assert len(kinds) > 40
    for language in ("pl", "en"):
        words = json.loads((ROOT / "web" / "locale" / f"{language}.json").read_text("utf-8"))
        assert sorted(kind for kind in kinds if not {f"deed_{kind}", f"deeds_kind_{kind}"} & words.keys()) == []
        assert all(f"deed_{kind}" in words for kind in KINDS)
