"""A served application, and a typist who fills forms in a real browser from example values."""

import base64
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, expect
from werkzeug.serving import BaseWSGIServer, make_server

from engine.compiler import CompiledRegistry, compile_definition
from engine.datatypes.identifiers import make_pesel
from engine.datatypes.values import Entered, Reference
from engine.definitions.source import read_source
from engine.errors import Problems
from engine.model.form import FormDef, GroupDef
from engine.records.form_data import FormData, Instance, RowData
from engine.records.json_data import read_values
from renderers.html.values import shown
from storage.access import Actor
from storage.accounts import add_membership, create_account, create_site, find_account
from storage.form_data import SubjectRecord, load_subject
from storage.subjects import find_pseudonym
from tests.lagging import lagging
from tests.patience import MILLISECONDS
from tests.scenarios.form_pages import live
from tests.scenarios.page_faults import is_fault
from tests.web.browsing import PASSWORD
from tests.web.browsing import Browser as ScriptlessBrowser
from web.app import create_app
from web.settings import Settings
from web.workspace import EXTENSION, Workspace

ROOT = Path(__file__).parents[2]
NOW = datetime(2025, 7, 1, 10, 0, tzinfo=UTC)
REGISTRY = "lead_extraction"


class Clock:
    """Runs from the time of the examples on; the threads of a server and the test look at it at once."""

    def __init__(self) -> None:
        self.now = NOW
        self.lock = threading.Lock()

    def __call__(self) -> datetime:
        return self.skip(timedelta(seconds=1))

    def skip(self, time: timedelta) -> datetime:
        """Go on by some time; what it is then."""
        with self.lock:
            self.now += time
            return self.now


@dataclass
class Served:
    """An application that listens on a port of this machine."""

    app: Flask
    clock: Clock
    server: BaseWSGIServer
    site: int
    registry: str
    series: Iterator[int] = field(default_factory=lambda: count(1000))

    def person(self, role: str, name: str = "Ewa Koss", *, everywhere: bool = False, site: int | None = None) -> str:
        """Somebody new with a role, in the hospital, in another or in all: the login."""
        database, at, login = self.space.database, self.clock(), f"{role}-{next(self.series)}"
        account = create_account(database, login, name, PASSWORD, who="office", at=at)
        place = None if everywhere else site or self.site
        add_membership(database, account, self.registry, role, site_id=place, who="office", at=at)
        return login

    def pesel(self, birth: date) -> str:
        """The number of a man born that day, who is somebody else each time."""
        return make_pesel(birth, female=False, series=next(self.series))

    @property
    def space(self) -> Workspace:
        found = self.app.extensions[EXTENSION]
        assert isinstance(found, Workspace)
        return found

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def sign_in(self, login: str, language: str) -> str:
        """The cookie of a new session. Without Chromium, which takes a second for it; its own way has a scenario."""
        client = self.app.test_client()
        ScriptlessBrowser(client).get(f"/sign-in?language={language}").sign_in(login)
        cookie = client.get_cookie("ecrf")
        assert cookie is not None
        return cookie.value

    def record(self, who: str, login: str = "anna") -> SubjectRecord:
        """A patient as stored."""
        database = self.space.database
        actor = Actor(find_account(database, login).id, login, self.registry, self.site)
        subject = find_pseudonym(database, actor, who, at=self.clock.now)
        registry = self.space.registries.current[self.registry].registry
        return load_subject(database, registry, actor, subject, self.clock.now)


Serve = Callable[..., Served]


@pytest.fixture(scope="session")
def registry() -> CompiledRegistry:
    """The definition that the scenarios fill."""
    return compile_definition(ROOT / "form_definitions" / f"{REGISTRY}.yaml")


@pytest.fixture(scope="module")
def serve(new_sqlite: Callable[[], str], tmp_path_factory: pytest.TempPathFactory, compiled: Path) -> Iterator[Serve]:
    """Call it with a folder of definitions and a registry for an application with one hospital and two people."""
    with ExitStack() as stack:
        keys = tmp_path_factory.mktemp("keys")
        yield lambda folder, registry, **more: stack.enter_context(
            serving(new_sqlite(), folder, registry, keys, cache=compiled, **more)
        )


@contextmanager
def serving(url: str, folder: Path, registry: str, keys: Path, **more: Any) -> Iterator[Served]:
    """A running application; more settings may be given."""
    key = keys / "master.key"
    key.write_text(base64.b64encode(b"k" * 32).decode(), "utf-8")
    clock = Clock()
    settings = Settings(url, folder, key, "s" * 48, secure_cookies=False, synthetic=True, clock=clock, **more)
    app = create_app(settings)
    space: Workspace = app.extensions[EXTENSION]
    site = create_site(space.database, "990000000101", "Szpital Wojewódzki w Zalesiu", who="office", at=NOW)
    for login, name in (("anna", "Anna Nowak"), ("piotr", "Piotr Zieliński")):
        account = create_account(space.database, login, name, PASSWORD, who="office", at=NOW)
        add_membership(space.database, account, registry, "entry", site_id=site, who="office", at=NOW)
    server = make_server("127.0.0.1", 0, lagging(app), threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield Served(app, clock, server, site, registry)
    server.shutdown()
    thread.join()
    server.server_close()
    space.database.close()


@pytest.fixture(scope="module")
def served(serve: Serve) -> Served:
    """The application that the scenarios use."""
    return serve(ROOT / "form_definitions", REGISTRY)


@pytest.fixture
def open_browser(browser: Browser, served: Served) -> Iterator[Callable[..., Page]]:
    """Call it for a page of a person who has signed in; scripts that fail fail the test."""
    contexts: list[BrowserContext] = []
    faults: list[str] = []

    def start(login: str = "anna", *, scripts: bool = True, width: int = 1280, language: str = "pl") -> Page:
        context = browser.new_context(
            locale="pl-PL" if language == "pl" else "en-GB", timezone_id="Europe/Warsaw", java_script_enabled=scripts,
            viewport={"width": width, "height": 900}, base_url=served.address,
        )  # fmt: skip
        contexts.append(context)
        context.set_default_timeout(MILLISECONDS)
        context.add_cookies([{"name": "ecrf", "value": served.sign_in(login, language), "url": served.address}])
        page = context.new_page()
        page.on("pageerror", lambda fault: faults.append(str(fault)))
        page.on("console", lambda said: faults.append(said.text) if is_fault(said.text) else None)
        page.goto(f"/{served.registry}/patients")
        return page

    yield start
    for context in contexts:
        context.close()
    assert faults == []


@dataclass(frozen=True)
class Example:
    """The forms of an example episode as entered values; references name the key of a row."""

    registry: CompiledRegistry
    subject: Instance
    keys: Mapping[str, str]  # row id of the example -> text that its title begins with

    def form(self, name: str, event: str = "") -> FormData:
        """A form of the episode."""
        places = [self.subject, *self.subject.children]
        if event:
            return next(o.forms[name] for place in places for o in place.occurrences if o.event == event)
        return next(place.forms[name][0] for place in places if name in place.forms)


@pytest.fixture(scope="session")
def example(registry: CompiledRegistry) -> Callable[[str], Example]:
    """Call it with the name of an example episode."""
    file = ROOT / "form_definitions" / "examples" / f"{REGISTRY}.yaml"
    source = read_source(file.read_bytes(), str(file), Problems(), file.parent)
    assert source is not None
    bases = {name: node.plain() for name, node in source.map_of("base").items()}

    def build(name: str) -> Example:
        subject = read_values(registry, "patient", None, bases[name]).subject
        device = next(child.forms["device"][0] for child in subject.children)
        return Example(registry, subject, {row.id: f"{row.items['lead_no']}." for row in device.groups["leads"]})

    return build


_FOCUS = """() => {
  const e = document.activeElement, tag = e.tagName.toLowerCase();
  const select = e.getAttribute('role') === 'combobox' && e.id.endsWith('-c') ? document.getElementById(e.id.slice(0, -2)) : null;
  return {tag, name: (select || e).name || '', type: e.type || '', value: e.value || '', checked: !!e.checked,
          combo: e.getAttribute('role') === 'combobox', several: Boolean(select && 'several' in select.dataset), action: tag === 'button' ? e.value : '',
          codes: e.type === 'radio' && e.closest('.opts') ? [...e.closest('.opts').querySelectorAll('.opt:not([hidden]) input')].map((o) => o.value) : [],
          options: (select || e).options ? [...(select || e).options].map((o) => [o.value, o.text]) : []};
}"""
_PARTS = re.compile(r"__(d|m|y|t|u|o|mr|ack)$")


@dataclass
class Typist:
    """Fills the open form with the keyboard alone: Tab, letters, numbers, arrows, Space, Enter."""

    page: Page
    example: Example
    language: str = "pl"
    done: set[str] = field(default_factory=set)
    gone_on: bool = False

    def fill(self, form: FormDef, data: FormData) -> None:
        """Fill a form from its top; the rows of each group one after the other."""
        if self.page.locator("#entry[data-program]").count():  # without its rules the page shows no new field yet
            live(self.page)
        self.page.keyboard.press("Control+Home")
        self.page.evaluate("() => { document.querySelector('.skip').focus(); window.scrollTo(0, 0); }")
        wanted = {item.id: (item, data.items[item.id]) for item in form.items if item.id in data.items}
        rows = {group.id: (group, list(data.groups.get(group.id, ()))) for group in form.groups}
        for _ in range(800):
            self._go_on()
            focus = self.page.evaluate(_FOCUS)
            stem = _PARTS.sub("", focus["name"])
            group = focus["action"].removeprefix("add:") if focus["action"].startswith("add:") else ""
            if group in rows and rows[group][1]:
                self._rows(*rows.pop(group))
            elif stem in wanted:
                self._enter(*wanted[stem], focus)
            elif focus["action"] == "complete":
                break
        missing = {
            name
            for name in wanted
            if name not in self.done and self.page.locator(f'[name="{name}"], [name="{name}__d"]').last.is_visible()
        }
        assert not missing, f"not reached by Tab: {missing}"

    def _go_on(self) -> None:
        """Tab, unless the page has gone on already from a list."""
        if not self.gone_on:
            self.page.keyboard.press("Tab")
        self.gone_on = False

    def _rows(self, group: GroupDef, rows: list[RowData]) -> None:
        """Enter on 'add'; after each row Ctrl+Enter, which closes it and opens the next one."""
        with self.page.expect_navigation():
            self.page.keyboard.press("Enter")
        for number, row in enumerate(rows):
            self._row(group, row, number)
            if number + 1 < len(rows):
                with self.page.expect_navigation():
                    self.page.keyboard.press("Control+Enter")

    def _row(self, group: GroupDef, row: RowData, number: int) -> None:
        items = {item.id: item for item in group.items}
        self.page.wait_for_selector(f'[data-row^="{group.id}."].open')
        name = str(self.page.locator(f'[data-row^="{group.id}."].open').first.get_attribute("data-row"))
        self.page.locator(f'[data-row="{name}"]').evaluate("e => { e.tabIndex = -1; e.focus(); }")
        waiting = {f"{name}.{item}" for item in row.items}
        for _ in range(200):
            self._go_on()
            focus = self.page.evaluate(_FOCUS)
            stem = _PARTS.sub("", focus["name"])
            if stem.startswith(f"{name}.") and stem.rpartition(".")[2] in row.items:
                item = items[stem.rpartition(".")[2]]
                self._enter(item, row.items[item.id], focus)
            elif focus["action"].startswith(("close:", "next:", "add:")):
                break
        assert waiting <= self.done, f"row {number}: not reached {waiting - self.done}"

    def _enter(self, item: Any, value: Entered, focus: Mapping[str, Any]) -> None:
        keyboard, name = self.page.keyboard, focus["name"]
        stem = _PARTS.sub("", name)
        parts, flags = ({}, ()) if isinstance(value, Reference) else shown(item, value, self.language)
        codes = [flag.removeprefix("is=") for flag in flags if flag.startswith("is=")]
        part = name[len(stem) + 2 :] if name != stem else "value"
        if focus["type"] == "checkbox":
            if (focus["value"] in codes) != focus["checked"]:
                keyboard.press("Space")
        elif focus["type"] == "radio":
            if part == "value" and stem not in self.done:
                keyboard.press(str(focus["codes"].index(codes[0]) + 1))
        elif focus["options"]:
            self._choose(focus, value, codes)
        elif focus["several"] and isinstance(value, tuple):
            for code in value if stem not in self.done else ():
                self._look_up(code)
        elif part in parts:
            keyboard.press("Control+A")
            keyboard.type(parts[part])
            if focus["combo"]:
                keyboard.press("Escape")
        self.done.add(stem)

    def _look_up(self, code: str) -> None:
        """One of several codes: typed, found, taken with Enter."""
        self.page.keyboard.type(code)
        self.page.wait_for_selector("[role=listbox]:not([hidden]) [role=option][aria-selected=true]")
        self.page.keyboard.press("Enter")
        expect(self.page.locator(f'[data-item]:has(:focus) [data-code="{code}"]')).to_have_count(1)

    def _choose(self, focus: Mapping[str, Any], value: Entered, codes: list[str]) -> None:
        """In a list: its words, arrow, Enter; in a native list the arrow until it is there."""
        start = self.example.keys.get(value.target, "?") if isinstance(value, Reference) else None
        place = next(
            number
            for number, (code, text) in enumerate(focus["options"])
            if (text.startswith(start) if start else code == codes[0])
        )
        if focus["combo"]:
            self.page.keyboard.press("Control+A")
            self.page.keyboard.insert_text(
                focus["options"][place][1][:30]
            )  # in one piece, so that it is looked for once
            self.page.wait_for_selector("[role=listbox]:not([hidden]) [role=option]")
            if not self.page.locator("[role=option][aria-selected=true]").count():
                self.page.keyboard.press("ArrowDown")
            self.page.keyboard.press("Enter")
            self.page.wait_for_function("name => document.activeElement.id !== name", arg=f"{focus['name']}-c")
            self.gone_on = True
        else:
            self.page.keyboard.press("Home")
            for _ in range(place):
                self.page.keyboard.press("ArrowDown")


@pytest.fixture
def typist() -> type[Typist]:
    """Fills forms by keyboard."""
    return Typist
