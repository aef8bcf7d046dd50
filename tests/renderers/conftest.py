"""Fixtures of the renderers: the sample form, its pages, and a reader that posts what a browser would post."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from engine.model.metadata_version import MetaDataVersion
from renderers.html import Badge, Band, Link, Links, Note, PageContext, Save, Shell, Step, Steps, compile_pages
from tests.renderers.sample import VIOLATIONS, Registry, item, make_evaluation, procedure_data, procedure_form, text
from tests.renderers.served import Site


@pytest.fixture(scope="session")
def form():
    return procedure_form()


@pytest.fixture(scope="session")
def registry(form):
    model = MetaDataVersion(
        "lead_extraction", "1.0.0", text("Ekstrakcja elektrod", "Lead extraction"), forms={form.id: form}
    )
    return Registry(model)


@pytest.fixture(scope="session")
def data():
    return procedure_data()


@pytest.fixture(scope="session")
def evaluation(form, data):
    return make_evaluation(form, data, VIOLATIONS)


@pytest.fixture(scope="session")
def evaluation_of():
    return make_evaluation


@pytest.fixture(scope="session")
def make_item():
    return item


@pytest.fixture(scope="session")
def registry_of():
    """A registry with one form."""
    return lambda form: Registry(MetaDataVersion("sample", "1.0.0", text("Przykład", "Sample"), forms={form.id: form}))


@pytest.fixture(scope="session")
def pages(registry):
    return compile_pages(registry)


@pytest.fixture(scope="session")
def context():
    """A page as a hospital sees it, with everything around the form."""
    steps = (Step("Urządzenie i elektrody", "#a", "signed"), Step("Badania i ryzyko", "#b", "draft", "9/14"))
    return PageContext(
        shell=Shell(
            user="Anna Nowak",
            navigation=(
                Link("Mój dzień", "/"),
                Link("Pacjenci", "/patients", current=True),
                Link("Raporty", "/reports"),
            ),
            definition="lead_extraction 1.0.0",
            synthetic=True,
            links=Links(
                action="/form",
                autosave="/autosave",
                lookup="/lookup",
                files="/files/",
                history="/history/",
                sign_out="/out",
                help="/help",
            ),
        ),
        band=Band(
            "TLE", "TLE-0417-K9", ("M, 76 lat", "Epizod 1, przyjęcie 10.03.2025", "Szpital Wojewódzki w Zalesiu")
        ),
        save=Save("saved", "12:04"),
        crumbs=(Link("TLE-0417-K9", "/p"), Link("Epizod 1"), Link("Zabieg, 17.03.2025")),
        revision="7",
        csrf_token="token",
        open_rows=frozenset({"lx.b2"}),
        summary=True,
        targets={"leads": [("lead1", "Przedsionkowa stymulująca"), ("lead2", "Prawokomorowa stymulująca")]},
        badges={"proc_end": Badge(changes=2), "fluoro": Badge(query="/query/1")},
        navigator=(Steps("Przyjęcie", steps),),
        queries=(
            Note(
                "Czas fluoroskopii", "„W protokole widzę 24,5 min. Proszę sprawdzić.”", "Koordynator, 31.03", "#fluoro"
            ),
        ),
        changes=(Note("Koniec zabiegu", old="11:50", new="11:05", meta="11:58, A. Nowak"),),
    )


class _FormReader(HTMLParser):
    """Collects what a browser would post from a page: successful controls outside templates."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.pairs, self.select, self.area, self.templates = [], None, None, 0

    def handle_starttag(self, tag, attrs):
        given = {key: value or "" for key, value in attrs}
        self.templates += tag == "template"
        if self.templates:
            return
        if tag == "input" and "name" in given and "disabled" not in given:
            if given.get("type") not in ("radio", "checkbox", "file") or "checked" in given:
                self.pairs.append((given["name"], given.get("value", "")))
        elif tag == "select":
            self.select, self.options = given["name"], []
        elif tag == "option" and self.select:
            self.options.append((given["value"], "selected" in given))
        elif tag == "textarea":
            self.area = [given["name"], ""]

    def handle_data(self, data):
        if self.area:
            self.area[1] += data

    def handle_endtag(self, tag):
        self.templates -= tag == "template"
        if tag == "select" and self.select and not self.templates:
            chosen = [code for code, on in self.options if on] or [self.options[0][0]]
            self.pairs.append((self.select, chosen[-1]))
            self.select = None
        elif tag == "textarea" and self.area and not self.templates:
            self.pairs.append((self.area[0], self.area[1].removeprefix("\n").replace("\n", "\r\n")))
            self.area = None


@pytest.fixture(scope="session")
def post_of():
    """Page -> the fields that a browser without scripts posts."""

    def post(page):
        reader = _FormReader()
        reader.feed(str(page))
        return reader.pairs

    return post


@pytest.fixture(scope="module")
def entry(pages, form, data, evaluation, context):
    return str(pages.form(form.id, language="pl", data=data, evaluation=evaluation, context=context))


@pytest.fixture
def site(browser, entry):
    site = Site(browser, entry)
    yield site
    assert site.faults == []
    site.page.context.close()
