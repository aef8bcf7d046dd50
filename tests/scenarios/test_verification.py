"""Values are compared with their sources by the keyboard, at a desk and on a telephone, and a registry is frozen and opened again."""

import pytest
from playwright.sync_api import expect

from engine.synthesis import Wanted, make_subject, plan_synthesis, read_distribution
from storage.access import Actor
from storage.accounts import add_membership, create_account, find_account
from tests.scenarios.page_faults import faults
from tests.web.browsing import PASSWORD
from web.synthetic import Load, Target

REGISTRY = "lead_extraction"
SIZES = [(1280, "pl"), (390, "en")]
EACH_SIZE = pytest.mark.parametrize(("width", "language"), [SIZES[0], pytest.param(*SIZES[1], marks=pytest.mark.slow)])
WORDS = {
    "pl": (
        "Niczego nie zapisano", "Zapisano.", "Napisz od 1 do", "Podaj powód", "Zamknięto: cały rejestr",
        "To jest już zamknięte: cały rejestr", "Otwarto ponownie: cały rejestr",
    ),
    "en": (
        "Nothing was saved", "Saved.", "Write 1 to", "Give a reason", "Closed: the whole registry",
        "closed already: the whole registry", "Opened again: the whole registry",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def ward(served):
    """Patients whose forms are filled in, a monitor and a coordinator of the registry for each size."""
    space, now = served.space, served.clock.now
    for width, _ in SIZES:
        for name, role in (("mona", "monitor"), ("rena", "registry_coordinator")):
            new = create_account(space.database, f"{name}{width}", name.title(), PASSWORD, who="office", at=now)
            add_membership(space.database, new, REGISTRY, role, site_id=None, who="office", at=now)
    anna, version = find_account(space.database, "anna"), space.registries.current[REGISTRY]
    actor = Actor(anna.id, anna.name, version.name, served.site)
    target = Target(space.database, version.registry, version.rules, version.prefix, actor, now)
    drawn = space.settings.definitions / "examples" / "lead_extraction.distribution.yaml"
    plan = plan_synthesis(version.registry, read_distribution(drawn, version.registry))
    for number in (3, 4):
        load = Load(target, make_subject(plan, 7, number, now, Wanted(days_ago=30)))
        for visit in load.visits():
            load.save(visit)
    return served


def focused(page):
    """What the keyboard is at."""
    return page.evaluate("document.activeElement.outerHTML.slice(0, 200)")


def tab_to(page, selector):
    """Go on by Tab until the keyboard is at one of them."""
    for _ in range(120):
        page.keyboard.press("Tab")
        if page.evaluate("s => document.activeElement.matches(s)", selector):
            return
    raise AssertionError(f"{selector} is not reached from {focused(page)}")


@EACH_SIZE
def test_values_are_compared_by_the_keyboard(open_browser, ward, width, language, tmp_path_factory):
    folder, looked = tmp_path_factory.mktemp(f"verification-{width}"), []
    nothing, saved, wrong = WORDS[language][:3]
    page = open_browser(f"mona{width}", width=width, language=language)

    def look(name):
        looked.extend(faults(page, name, folder, width))

    page.goto(f"/{REGISTRY}/verification?hospital=Nieznany")
    look("unknown-hospital")
    page.goto(f"/{REGISTRY}/verification")
    look("overview")
    tab_to(page, "section:has(#left-t) table a")
    page.keyboard.press("Enter")
    page.wait_for_url("**/patients/*/verification")
    look("patient")
    tab_to(page, "main table a[href*='.patient/']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/forms/*/verification")
    look("form")
    tab_to(page, "main [name=item]")
    page.keyboard.press("Enter")
    page.locator("main [role=alert]", has_text=nothing).wait_for()
    look("nothing-ticked")
    expect(page.locator("main [role=alert]:focus")).to_have_count(1)
    tab_to(page, "main [name=item]")
    page.keyboard.press("Space")
    tab_to(page, "main [name=item]")  # of the next value
    tab_to(page, "main details summary")
    page.keyboard.press("Enter")
    tab_to(page, "main [name=differs]")
    page.keyboard.press("Enter")
    page.locator(".msg", has_text=wrong).wait_for()
    look("without-words")
    expect(page.locator("main textarea:focus")).to_have_count(1)
    expect(page.locator("main [name=item]:checked"), "what was ticked stays").to_have_count(1)
    page.locator("main [name=item]:checked").focus()
    page.keyboard.press("Enter")
    page.locator("main [role=status]", has_text=saved).wait_for()
    look("saved")
    assert looked == []


@EACH_SIZE
def test_a_registry_is_frozen_once_and_opened_again(open_browser, ward, width, language, tmp_path_factory):
    folder, looked = tmp_path_factory.mktemp(f"freezing-{width}"), []
    *_, reason, closed, already, opened = WORDS[language]
    page, stale = (open_browser(f"rena{width}", width=width, language=language) for _ in range(2))
    for each in (page, stale):
        each.goto(f"/{REGISTRY}/closing")

    def look(name):
        looked.extend(faults(page, name, folder, width))

    look("open")
    tab_to(page, "#year")
    page.keyboard.press("End")  # the whole registry
    tab_to(page, "#why-close")
    page.keyboard.type("  ")
    tab_to(page, "main form button")
    page.keyboard.press("Enter")
    page.locator(".msg", has_text=reason).wait_for()
    look("without-reason")
    expect(page.locator("#year")).to_have_value("0")
    expect(page.locator("#why-close")).to_be_focused()
    page.keyboard.type("Sprawozdanie wysłane")
    tab_to(page, "main form button")
    page.keyboard.press("Enter")
    page.locator("main [role=status]", has_text=closed).wait_for()
    look("frozen")
    stale.select_option("#year", "0")
    stale.fill("#why-close", "Jeszcze raz")
    stale.click("section:has(#close-t) button")
    stale.locator("main [role=status]", has_text=already).wait_for()
    tab_to(page, "main details summary")
    page.keyboard.press("Enter")
    tab_to(page, "[id^=why-reopen]")
    page.keyboard.type("Poprawki")
    tab_to(page, "main details button")
    page.keyboard.press("Enter")
    page.locator("main [role=status]", has_text=opened).wait_for()
    look("opened")
    assert looked == []
