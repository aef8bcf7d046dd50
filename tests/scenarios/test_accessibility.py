"""axe finds nothing on any page, wide and narrow, light and dark, under the strict policy; nothing scrolls sideways."""

import re

import pytest
from playwright.sync_api import expect

from tests.scenarios.form_pages import live, opened, register, save
from tests.scenarios.page_faults import faults, keep_picture, problems

FORMS = (
    "patient", "admission", "baseline", "device", "indication", "workup", "procedure", "complications.procedure.1",
    "reimplantation", "discharge", "follow_up.fu_1m.1", "unscheduled_event.unscheduled.1", "death",
)  # fmt: skip
IN_EVERY_RUN = {
    "patient",
    "device",
    "indication",
    "procedure",
    "follow_up.fu_1m.1",
}  # a field of each kind, rows, an event


@pytest.fixture(scope="module")
def filled(served):
    """A patient with drafts, errors and warnings; its pseudonym."""
    from engine.model.form import CheckSeverity
    from engine.synthesis import Wanted, make_subject, plan_synthesis, read_distribution
    from storage.access import Actor
    from storage.accounts import find_account
    from storage.listing import list_subjects
    from web.synthetic import Load, Target

    space, now = served.space, served.clock.now
    anna = find_account(space.database, "anna")
    version = space.registries.current["lead_extraction"]
    actor = Actor(anna.id, anna.name, version.name, served.site)
    target = Target(space.database, version.registry, version.rules, version.prefix, actor, now)
    drawn = space.settings.definitions / "examples" / "lead_extraction.distribution.yaml"
    plan = plan_synthesis(version.registry, read_distribution(drawn, version.registry))
    for number, severity in enumerate((CheckSeverity.WARNING_REASON, CheckSeverity.ERROR, None), start=1):
        wanted = Wanted(severity=severity, days_ago=30)
        load = Load(target, make_subject(plan, 7, number, now, wanted))
        for visit in load.visits():
            load.save(visit)
    return list_subjects(space.database, actor, at=now, order="number").subjects[0].pseudonym


@pytest.mark.parametrize("width", [1280, pytest.param(390, marks=pytest.mark.slow), 320])
def test_pages(open_browser, served, filled, width, tmp_path_factory):
    folder = tmp_path_factory.mktemp(f"pages-{width}")
    page = open_browser(width=width)
    assert faults(page, "list", folder, width) == []
    page.goto("/lead_extraction/patients?names=1&order=state")
    assert faults(page, "list-names", folder, width) == []
    page.goto("/lead_extraction/patients")
    page.fill("#q", "Nieznany")
    page.keyboard.press("Enter")
    page.wait_for_url("**found=*")
    assert faults(page, "list-nothing", folder, width) == []
    page.goto(f"/lead_extraction/patients/{filled}")
    assert faults(page, "patient", folder, width) == []
    page.goto("/lead_extraction/patients/TLE-9999-X9")
    assert faults(page, "not-found", folder, width) == []
    page.goto("/lead_extraction/patients?language=en")
    assert faults(page, "list-en", folder, width) == []
    page.goto(f"/lead_extraction/patients/{filled}?language=pl")
    page.wait_for_load_state("networkidle")
    page.goto("about:blank")  # an answer that is still under way would bring the session's cookie back
    page.context.clear_cookies()
    page.goto("/sign-in?language=pl")
    assert faults(page, "sign-in", folder, width) == []
    page.fill("#login", "anna")
    page.fill("#password", "wrong")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    expect(page.locator("[role=alert]")).to_be_visible()
    assert faults(page, "sign-in-wrong", folder, width) == []


def address(page, form):
    """Where a form is; an event that nobody has added yet is beside the procedure."""
    link = page.locator(f'.lanes a[href$=".{form}"]')
    beside = page.locator('.lanes a[href$=".procedure"]').first.get_attribute("href")
    return link.first.get_attribute("href") if link.count() else beside.removesuffix("procedure") + form


@pytest.mark.parametrize("width", [1280, pytest.param(390, marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    "form", [pytest.param(form, marks=() if form in IN_EVERY_RUN else pytest.mark.slow) for form in FORMS]
)
def test_forms(open_browser, served, filled, form, width, tmp_path_factory):
    folder = tmp_path_factory.mktemp(f"forms-{width}")
    page = open_browser(width=width)
    page.goto(f"/lead_extraction/patients/{filled}")
    page.goto(address(page, form))
    opened(page)
    assert faults(page, form, folder, width) == []
    rows = page.locator("[data-row] button[value^='open:']")
    if rows.count():
        with page.expect_navigation():
            rows.first.click()
        page.wait_for_selector("[data-row].open")
        assert faults(page, f"{form}-row", folder, width) == []
    with page.expect_navigation():
        page.locator(".dock [value=complete]").click()
    assert faults(page, f"{form}-after", folder, width) == []


def test_dark_and_conflict(open_browser, served, filled, tmp_path):
    page, other = open_browser(), open_browser("piotr")
    page.emulate_media(color_scheme="dark")
    page.goto(f"/lead_extraction/patients/{filled}")
    assert faults(page, "patient-dark", tmp_path, 1280) == []
    address = page.locator('.lanes a[href$=".admission"]').first.get_attribute("href")
    page.goto(address)
    assert faults(page, "form-dark", tmp_path, 1280) == []
    other.goto(address)
    other.fill("[name=unit_code]", "222")
    save(other)
    page.fill("[name=unit_code]", "333")
    with page.expect_navigation():
        page.locator(".dock [value=save]").click()
    page.wait_for_selector("fieldset.clash")
    assert faults(page, "conflict-dark", tmp_path, 1280) == []
    page.emulate_media(color_scheme="light")
    assert faults(page, "conflict", tmp_path, 1280) == []
    page.set_viewport_size({"width": 390, "height": 800})
    assert faults(page, "conflict", tmp_path, 390) == []


def test_cards_on_a_telephone_are_aligned_and_dates_stay_whole(open_browser, served, filled):
    page = open_browser(width=390)
    page.goto("/lead_extraction/patients?names=1&language=en")
    lefts = page.eval_on_selector_all(
        "tbody tr",
        "rows => rows.map((row) => Math.max(...[...row.children].map((cell) => cell.getBoundingClientRect().x)))",
    )
    assert len(set(lefts)) == 1
    lines = page.eval_on_selector_all("tbody .nowrap", "dates => dates.map((date) => date.getClientRects().length)")
    assert set(lines) == {1}


def test_fields_that_depend_on_others_begin_where_the_others_do(open_browser, served, filled):
    page = open_browser()
    page.goto(f"/lead_extraction/patients/{filled}")
    page.goto(page.locator('.lanes a[href$=".procedure"]').first.get_attribute("href"))
    lefts = page.eval_on_selector_all(
        "#entry > .page .sheet > .f:not([hidden]) > .f-c",
        "fields => fields.map((field) => field.getBoundingClientRect().x)",
    )
    assert max(lefts) - min(lefts) < 0.5
    bar = page.locator(".dock > div").evaluate(
        "(bar) => bar.getBoundingClientRect().x + parseFloat(getComputedStyle(bar).paddingLeft)"
    )
    if not page.locator(".dock [data-tally]").inner_text():
        assert abs(page.locator(".dock [data-progress]").bounding_box()["x"] - bar) < 0.5


def test_an_empty_hospital_is_told_what_to_do(open_browser, served, tmp_path):
    from storage.accounts import create_site

    code = f"9900000{next(served.series):05}"
    site = create_site(served.space.database, code, "Szpital Powiatowy w Olszynach", who="office", at=served.clock())
    page = open_browser(served.person("entry", "Olga Pusta", site=site))
    expect(page.locator("#main")).to_contain_text("Nie ma jeszcze pacjentów")
    assert faults(page, "empty", tmp_path, 1280) == []
    register(page)
    assert faults(page, "new-patient", tmp_path, 1280) == []
    expect(page).to_have_url(re.compile(r"/patients/TLE-\d{4}-\w\d/forms/"))


@pytest.mark.parametrize("width", [1280, pytest.param(390, marks=pytest.mark.slow)])
def test_a_look_up_with_its_list_open(open_browser, served, filled, width, tmp_path):
    page = open_browser(width=width)
    page.goto(f"/lead_extraction/patients/{filled}")
    page.goto(page.locator('.lanes a[href$=".procedure"]').first.get_attribute("href"))
    live(page)
    page.locator("#proc_icd9-c").focus()
    page.keyboard.press("ArrowDown")
    page.wait_for_selector("#f-proc_icd9 [role=option]")
    expect(page.locator("#f-proc_icd9 .chips li")).not_to_have_count(0)
    page.keyboard.press("ArrowDown")
    expect(page.locator("#f-proc_icd9 [role=option][aria-selected=true]")).to_have_count(1)
    keep_picture(page, "open", tmp_path, width)
    assert problems(page, "#f-proc_icd9") == []
    behind = [each for each in problems(page) if each[0] != "target-size"]  # the list lies over a part of what follows
    assert behind == []
