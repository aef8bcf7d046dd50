"""An example episode is typed by keyboard alone; the pages then show what the engine computes of the example."""

import pytest

from engine.model.form import walk_items
from engine.records import evaluate
from engine.records.form_data import Focus, FormData
from renderers.html.values import display
from tests.scenarios.comparing import stored_keys, without_ids
from tests.scenarios.form_pages import live, number_of, opened, to_form

FORMS = (
    ("admission", ""), ("baseline", ""), ("device", ""), ("indication", ""), ("workup", ""), ("procedure", ""),
    ("complications", "procedure"), ("reimplantation", ""), ("discharge", ""), ("complications", "discharge"),
    ("follow_up", "fu_1m"), ("complications", "fu_1m"),
)  # fmt: skip


def open_form(page, who, form, event=""):
    to_form(page, "lead_extraction", who, f"{form}.{event}.1" if event else form)


def complete(page):
    """Tab stands on the button after filling; Enter presses it."""
    for _ in range(30):
        if page.evaluate("document.activeElement.value") == "complete":
            break
        page.keyboard.press("Tab")
    with page.expect_navigation():
        page.keyboard.press("Enter")


def shown_on(page):
    """What the page shows: visible items and calculated values by printed path."""
    return page.evaluate("""() => {
      const place = (f) => { const row = f.closest('[data-row]'); return (row ? row.dataset.path + '.' : '') + f.dataset.item; };
      const all = [...document.querySelectorAll('#entry [data-item]')];
      return {visible: all.filter((f) => !f.closest('[hidden]')).map(place),
              calculated: Object.fromEntries(all.filter((f) => f.querySelector('[data-calc]')).map((f) => [place(f),
                f.querySelector('[data-calc]').innerText.trim()]))};
    }""")


@pytest.mark.slow
@pytest.mark.parametrize("language", ["pl", "en"])
def test_episode_a(served, open_browser, typist, example, registry, language):
    page, wanted = open_browser(language=language), example("a")
    with page.expect_navigation():
        page.locator("form[action$='/patients'][method=post] button").press("Enter")
    opened(page)
    who = number_of(page)
    typist(page, wanted, language).fill(registry.model.forms["patient"], _person(wanted, served))
    complete(page)
    for form, event in FORMS:
        open_form(page, who, form, event)
        typist(page, wanted, language).fill(registry.model.forms[form], wanted.form(form, event))
        complete(page)
        assert "done=" in page.url, page.locator("#main").inner_text()[:2000]
    record = served.record(who)
    keys = stored_keys(record)
    for form, event in FORMS:
        place = next(place for place in record.forms if place.form == form)
        assert without_ids(record.forms[place].data, keys) == without_ids(
            wanted.form(form, event), dict(wanted.keys)
        ), form
        open_form(page, who, form, event)
        compare_with_engine(page, registry, record, place, served.clock.now, language)


def _person(wanted, served):
    """Each run is another person: the number of a PESEL is unique."""
    data = wanted.form("patient")
    return FormData({**data.items, "pesel": served.pesel(data.items["birth_date"])}, data.groups)


def compare_with_engine(page, registry, record, place, now, language):
    """Open each row in turn, and compare."""
    focus = Focus(place.form, str(place.instance), str(place.occurrence) if place.occurrence else None, 0)
    evaluation = evaluate(registry, record.tree, focus, as_of=now, language=language)
    form = registry.model.forms[place.form]
    items = {item.id: item for item in walk_items(form)}
    rows = page.locator("[data-row] button[value^='open:']").count()
    for number in range(max(rows, 1)):
        if rows:
            with page.expect_navigation():
                page.locator("[data-row]").nth(number).locator("button[value^='open:']").click()
            page.wait_for_selector("[data-row].open")
        if page.locator("#entry[data-program]").count():
            live(page)
        found = shown_on(page)
        for path, text in found["calculated"].items():
            value = evaluation.calculated.get(path)
            expected = display(items[path.rpartition(".")[2]], value, language, {}) if value is not None else ""
            assert text.startswith(expected), (path, text, expected)
        here = {path for path in found["visible"] if path.rpartition(".")[2] in items}
        assert here <= evaluation.visible
        outside = {path for path in evaluation.visible if "[" not in path and items[path].datatype.name != "heading"}
        assert outside <= here
        if rows:
            with page.expect_navigation():
                page.locator("[data-row].open button[value^='close:']").first.click()
