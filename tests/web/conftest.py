"""A running application with two hospitals, their people and a patient each; a browser-like client that reads forms."""

import base64
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import make_url

from storage.accounts import add_membership, create_account, create_site
from storage.database import Database, open_database
from storage.keys import derive_keys
from storage.roles import grant_application_role
from storage.upgrading import upgrade
from tests.web.browsing import PASSWORD, REGISTRY, Browser, found_in, in_parts
from web.app import create_app
from web.settings import Settings
from web.workspace import EXTENSION, Workspace

ROOT = Path(__file__).parents[2]
NOW = datetime(2025, 7, 1, 10, 0, tzinfo=UTC)
SCAN = b"%PDF-1.7 Kowalewska scan"


class Clock:
    """A clock that tests move."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now

    def wait(self, **span: float) -> None:
        self.now += timedelta(**span)


@dataclass
class World:
    """An application with its clock."""

    app: Flask
    clock: Clock
    sites: tuple[int, int]
    owner: Database | None = None  # where the application signs in as a role that does not own the tables

    @property
    def space(self) -> Workspace:
        found = self.app.extensions[EXTENSION]
        assert isinstance(found, Workspace)
        return found

    def browser(self, login: str = "") -> Browser:
        """A new browser, signed in when a login is given."""
        browser = Browser(self.app.test_client())
        if login:
            browser.sign_in(login)
            assert browser.status == 200, browser.text
        return browser

    def close(self) -> None:
        """Close its connections."""
        self.space.database.close()
        if self.owner is not None:
            self.owner.close()

    def audit(self, kind: str) -> list[str]:
        """The bodies of the audit entries of a kind."""
        with (self.owner or self.space.database).read() as connection:
            rows = connection.exec_driver_sql(f"SELECT body FROM audit_entry WHERE kind = '{kind}'")
            return [str(row[0]) for row in rows]


@pytest.fixture(scope="module", params=[pytest.param("sqlite", marks=pytest.mark.slow), "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of a database. Pages know no kinds of them: `make test` asks one here, and both of what does, in storage."""
    url: str = request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url")
    return url


@pytest.fixture(scope="session")
def new_world(tmp_path_factory: pytest.TempPathFactory, compiled: Path) -> Callable[..., World]:
    """Call it with a database URL for one more application."""

    def build(
        url: str, *, definitions: Path = ROOT / "form_definitions", registry: str = REGISTRY, **more: Any
    ) -> World:
        key = tmp_path_factory.mktemp("web") / "master.key"
        key.write_text(base64.b64encode(b"k" * 32).decode(), "utf-8")
        clock = Clock()
        settings = Settings(url, definitions, key, "s" * 48, secure_cookies=False, clock=clock, cache=compiled, **more)
        app = create_app(settings)
        database = app.extensions[EXTENSION].database
        sites = tuple(create_site(database, f"99000000010{n}", f"Szpital {n}", who="office", at=NOW) for n in (1, 2))
        people = (("anna", "entry", 0), ("piotr", "entry", 0), ("ewa", "reader", 0), ("jan", "entry", 1))
        for login, role, place in people:
            account = create_account(database, login, login.title(), PASSWORD, who="office", at=NOW)
            add_membership(database, account, registry, role, site_id=sites[place], who="office", at=NOW)
        create_account(database, "nobody", "Nobody", PASSWORD, who="office", at=NOW)
        return World(app, clock, (sites[0], sites[1]))

    return build


@pytest.fixture(scope="module")
def world(database_url: str, new_world: Callable[[str], World]) -> Iterator[World]:
    """An application on PostgreSQL, and in `make test-full` on SQLite."""
    built = new_world(database_url)
    yield built
    built.space.database.close()


@pytest.fixture(scope="session")
def new_walled_world(new_world: Callable[..., World]) -> Callable[..., World]:
    """Call it with the URL of a PostgreSQL database for an application that signs in as a role of its own there."""

    def build(url: str, **more: Any) -> World:
        owner = open_database(url, derive_keys(b"k" * 32))
        upgrade(owner)
        grant_application_role(owner, "ecrf_pages")
        served = make_url(url).set(username="ecrf_pages").render_as_string(hide_password=False)
        return replace(new_world(served, **more), owner=owner)

    return build


@pytest.fixture(scope="module")
def walled_world(postgres_url: str, new_walled_world: Callable[..., World]) -> Iterator[World]:
    """An application behind PostgreSQL's policies."""
    built = new_walled_world(postgres_url)
    yield built
    built.close()


@pytest.fixture(scope="module")
def quick_world(new_sqlite: Callable[[], str], new_world: Callable[[str], World]) -> Iterator[World]:
    """An application on SQLite alone, for what has nothing to do with the database."""
    built = new_world(new_sqlite())
    yield built
    built.space.database.close()


@pytest.fixture(scope="session")
def fill_ward() -> Callable[[World], SimpleNamespace]:
    """Call it with a world of tests/fixtures/rights for a patient of anna's, every identifying item of whom holds a needle."""

    def fill(world: World) -> SimpleNamespace:
        anna = world.browser("anna")
        anna.get("/ward/patients").post({}, "/patients")
        who = anna.address.split("/")[3]
        person = {"last_name": "Kowalewska", "first_names": "Bronisława", "pesel": "61031212345", "sex": "k"}
        born = {"birth_date__d": "12", "birth_date__m": "3", "birth_date__y": "1961"}
        anna.post({**person, **born, "__do": "save"}, "forms")
        anna.get(f"/ward/patients/{who}")
        care = found_in(anna.text, r'href="([^"]*\.care)"')
        anna.get(care).post({"__do": "add:visitors"}, "forms")
        row = found_in(anna.text, r'data-row="(visitors\.\w+)"')
        values = {"plan": "Leczenie zachowawcze", "guardian": "Zbigniewski", f"{row}.visitor": "Gościńska"}
        anna.post(
            {**values, f"{row}.remark": "Uwaga o gościu", "__do": "save"}, "forms", files={"scan__file": ("skan-dowodu.pdf", SCAN)}
        )  # fmt: skip
        digest = found_in(anna.text, r"/files/([0-9a-f]{64})")
        day = found_in(care, r"/forms/(\d+)\.care")
        daily = f"/ward/patients/{who}/forms/{day}.daily.day.1"
        anna.get(daily).post({"pulse": "77", "nurse": "Siostrzeńska", "__do": "save"}, "forms")
        return SimpleNamespace(world=world, who=who, care=care, daily=daily, digest=digest, row=row)

    return fill


@pytest.fixture
def anna(world: World) -> Browser:
    """Enters data at the first hospital."""
    return world.browser("anna")


@pytest.fixture(scope="session")
def parts() -> Callable[[list[tuple[str, str]], dict[str, tuple[str, bytes]]], tuple[str, bytes]]:
    """Call it for the content type and the body of a post with files."""
    return in_parts


@pytest.fixture
def form_address() -> Callable[[str], str]:
    """The address of a form's page without its query."""
    return lambda address: re.sub(r"\?.*", "", address)


@pytest.fixture
def admission() -> dict[str, str]:
    """What completes the admission form."""
    return {
        "site_id": "990000000101", "unit_code": "100", "main_book_no": "4512/2025", "adm_datetime__d": "10", "adm_datetime__m": "3",
        "adm_datetime__y": "2025", "adm_datetime__t": "8:30", "adm_mode": "planned", "urgency": "urgent", "payer": "nfz",
        "entitlement": "insured", "adm_icd10": "T82.7",
    }  # fmt: skip


@pytest.fixture
def mona(world):
    """Compares with the sources, for the registry."""
    database, now = world.space.database, world.clock()
    if not getattr(world, "monitored", False):
        account = create_account(database, "mona", "Mona", PASSWORD, who="office", at=now)
        add_membership(database, account, "lead_extraction", "monitor", site_id=None, who="office", at=now)
        world.monitored = True
    return world.browser("mona")


@pytest.fixture
def pair(staff, admission):
    """The numbers of two records, of which the second has an admission; the `staff` is the module's own."""
    anna = staff.browser("anna")
    kept, other = anna.register(last_name="Kowalska"), anna.register(last_name="Kowalska-Lis")
    anna.open(other, "admission").post({**admission, "__do": "complete"}, "forms")
    return kept, other
