"""Definitions that came from other systems run: a form opens in Chromium, is filled with made-up values, saved, and shows them again."""

import os
import random
from contextlib import ExitStack
from pathlib import Path

import pytest

from benchmarks.fidelity import sources
from engine.datatypes.values import FileValue, Reference
from engine.model.form import walk_items
from engine.records.form_data import FormData
from engine.records.json_data import read_values
from engine.synthesis import NO_DISTRIBUTION, Unsatisfiable, make_subject, plan_synthesis
from exchange.findings import SourceFault
from exchange.formats import FORMATS
from exchange.settling import settled
from renderers.html.values import shown
from tests.patience import MILLISECONDS
from tests.scenarios.conftest import NOW, serving
from tests.scenarios.form_pages import REGISTER, number_of, opened, save
from tests.scenarios.page_faults import is_fault

CORPUS = Path(os.environ.get("ECRF_CORPUS", Path(__file__).parents[3] / "shared" / "corpus"))
TOY = """
registry: imported
version: 1.0.0
languages: [en]
title: {en: R}
codelists:
  c: {codes: {"1": {en: One}, "2": {en: Two}}}
  m: {codes: {a: {en: A}, b: {en: B}}}
forms:
  f:
    in: patient
    title: {en: F}
    sections:
      - id: s
        title: {en: S}
        items:
          - {id: yn, type: boolean, label: {en: Yn}}
          - {id: c, type: code, codelist: c, label: {en: C}, when: yn}
          - {id: n, type: integer, label: {en: N}}
          - {id: k, type: decimal, decimals: 2, label: {en: K}}
          - {id: d, type: date, label: {en: D}}
          - {id: t, type: text, label: {en: T}}
          - {id: m, type: codes, codelist: m, label: {en: M}}
          - group: rows
            title: {en: Rows}
            items:
              - {id: r, type: integer, label: {en: R}}
"""
# Enters a value as its widget would: into the field, with what tells the page of it.
_ENTER = """(e, value) => {
  if (e.type === 'checkbox' || e.type === 'radio') { if (!e.checked) e.click(); return; }
  e.value = value;
  for (const kind of ['input', 'change']) e.dispatchEvent(new Event(kind, {bubbles: true}));
}"""


def enter(page, item, name, value):
    """Enter a value in those fields of an item that are there."""
    parts, flags = shown(item, value, "en")
    for flag, code in (flag.split("=", 1) for flag in flags if "=" in flag):
        stem = name if flag == "is" else f"{name}__u"
        for field in page.locator(f'[name="{stem}"]:is([value="{code}"], select)').all():
            field.evaluate(_ENTER, code)
    for part, text in parts.items():
        for field in page.locator(f'[name="{name if part == "value" else f"{name}__{part}"}"]').all():
            field.evaluate(_ENTER, text)


def enter_all(page, form, data):
    """The items of a form, then the first row of each group; what is entered may make more appear, so in order."""
    for item in form.items:
        if item.id in data.items:
            enter(page, item, item.id, data.items[item.id])
    for group in form.groups:
        for row in data.groups.get(group.id, ())[:1]:
            with page.expect_navigation():
                page.locator(f'[name=__do][value="add:{group.id}"]').first.click()
            opened(page)
            name = page.locator(f'[data-row^="{group.id}."].open').first.get_attribute("data-row")
            for item in group.items:
                if item.id in row.items:
                    enter(page, item, f"{name}.{item.id}", row.items[item.id])


def first_form(page, registry):
    """Register a patient and open the first form that is offered: the form's id."""
    page.goto(f"/{registry}/patients")
    with page.expect_navigation():
        page.click(REGISTER)
    if not page.locator("#entry").count():
        with page.expect_navigation():
            page.locator("main a[href*='/forms/']").first.click()
        opened(page)
    return page.url.partition("?")[0].rpartition("/")[2].split(".")[1]


def made_up(registry, form):
    """Made-up values of a form that satisfy its rules: what `synth` makes of the definition alone, not too many rows."""
    plan = plan_synthesis(registry, NO_DISTRIBUTION)
    made = max((make_subject(plan, 1, number, NOW) for number in range(1, 4)), key=lambda each: len(str(each.json)))
    subject = read_values(registry, form, None, made.json).subject
    places = [subject, *subject.children]
    found = [data for place in places for data in place.forms.get(form, ())]
    found += [held.forms[form] for place in places for held in place.occurrences if form in held.forms]
    return max(found, key=lambda data: len(data.items), default=FormData())


def plain(data):
    """The values of items and of the first rows, without files and references, which nobody types."""
    rows = {name: rows[0].items for name, rows in data.groups.items() if rows}
    typed = {"": data.items, **rows}
    return {
        name: {key: value for key, value in items.items() if not isinstance(value, FileValue | Reference)}
        for name, items in typed.items()
    }


def runs(served_in, browser, text, folder):
    """A definition in the application: the first form is filled, saved, and comes back with what was entered."""
    name = text.partition("registry: ")[2].split()[0]
    (folder / f"{name}.yaml").write_text(text, "utf-8")
    served = served_in(folder, name)
    registry, faults = served.space.registries.current[name].registry, []
    context = browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 900}, base_url=served.address)
    context.set_default_timeout(MILLISECONDS)
    context.add_cookies([{"name": "ecrf", "value": served.sign_in("anna", "en"), "url": served.address}])
    page = context.new_page()
    page.on("pageerror", lambda fault: faults.append(str(fault)))
    page.on("console", lambda said: faults.append(said.text) if is_fault(said.text) else None)
    form = registry.model.forms[first_form(page, name)]
    data = made_up(registry, form.id)
    enter_all(page, form, data)
    save(page)
    who = number_of(page)
    page.goto(page.url)
    opened(page)
    page.context.close()
    assert faults == []
    stored = [stored for place, stored in served.record(who).forms.items() if place.form == form.id]
    offered = {item.id for item in walk_items(form) if item.default is not None}
    return differences(plain(stored[0].data), plain(data), offered), data


def differences(stored, entered, offered):
    """What is stored otherwise than it was entered, row and item by item. What is offered may be there unasked."""
    return {
        (row, name): (values.get(name), entered[row].get(name))
        for row, values in stored.items()
        for name in values.keys() | entered[row].keys()
        if values.get(name) != entered[row].get(name) and not (name in offered and name not in entered[row])
    }


@pytest.fixture
def served_in(new_sqlite, tmp_path, compiled):
    """Call it with a folder of definitions and a registry: an application that ends with the test."""
    with ExitStack() as stack:
        yield lambda folder, name: stack.enter_context(serving(new_sqlite(), folder, name, tmp_path, cache=compiled))


def test_a_form_is_filled_saved_and_read_again(served_in, browser, tmp_path):
    found, data = runs(served_in, browser, TOY, tmp_path)
    assert found == {}
    assert len(data.items) > 2


def drawn():
    """A third of the files of each format, drawn once and for all."""
    for kind in FORMATS:
        found = list(sources(CORPUS / kind)) if (CORPUS / kind).is_dir() else []
        for path in sorted(random.Random(6).sample(found, len(found) // 3)):  # noqa: S311 -- a draw, no secret
            yield pytest.param(kind, path, id=f"{kind}-{path.name}")


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "path"), list(drawn()))
def test_what_others_wrote_is_filled_saved_and_read_again(served_in, browser, tmp_path, kind, path):
    try:
        definition = settled(FORMATS[kind].read(path)).text
    except SourceFault as fault:
        pytest.skip(f"refused: {fault}")
    try:
        found, _ = runs(served_in, browser, definition, tmp_path)
    except Unsatisfiable as fault:
        pytest.skip(f"no values were made up: {fault}")
    assert found == {}
