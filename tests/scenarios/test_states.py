"""A physician completes, reviews and signs a form, changes it with a reason, and sees the signature taken back."""

import pytest

from engine.synthesis import Wanted, make_subject, plan_synthesis, read_distribution
from storage.access import Actor
from storage.accounts import add_membership, create_account, find_account
from storage.listing import list_subjects
from tests.scenarios.form_pages import complete
from tests.scenarios.page_faults import faults
from tests.web.browsing import Browser as ScriptlessBrowser
from web.synthetic import Load, Target

PASSWORD = "correct horse battery"
REGISTRY = "lead_extraction"


@pytest.fixture(scope="module")
def ward(served):
    """A patient whose forms are filled in, and a physician."""
    space, now = served.space, served.clock.now
    anna = find_account(space.database, "anna")
    maria = create_account(space.database, "maria", "Maria Lis", PASSWORD, who="office", at=now)
    add_membership(space.database, maria, REGISTRY, "physician", site_id=served.site, who="office", at=now)
    version = space.registries.current[REGISTRY]
    actor = Actor(anna.id, anna.name, version.name, served.site)
    target = Target(space.database, version.registry, version.rules, version.prefix, actor, now)
    drawn = space.settings.definitions / "examples" / "lead_extraction.distribution.yaml"
    plan = plan_synthesis(version.registry, read_distribution(drawn, version.registry))
    load = Load(target, make_subject(plan, 7, 3, now, Wanted(days_ago=30)))
    for visit in load.visits():
        load.save(visit)
    return list_subjects(space.database, actor, at=now).subjects[0].pseudonym


def press(page, button, shown):
    """Press what leads to another page, and wait for what that page shows."""
    with page.expect_navigation():
        page.click(button)
    page.wait_for_selector(shown)


@pytest.mark.parametrize("width", [1280, pytest.param(390, marks=pytest.mark.slow)])
def test_a_physician_signs_and_changes_what_was_signed(open_browser, ward, width, tmp_path_factory):
    folder, page = tmp_path_factory.mktemp(f"states-{width}"), open_browser("maria", width=width)
    looked = []

    def look(name):
        looked.extend(faults(page, name, folder, width))

    page.goto(f"/{REGISTRY}/patients/{ward}")
    form = page.locator('.lanes a[href$=".admission"]').first.get_attribute("href")
    page.goto(form)
    page.fill("[name=main_book_no]", f"{width}/2025")
    complete(page)
    page.goto(form)
    page.click("text=Stan i podpisy")
    page.wait_for_url("**/state")
    look("complete")
    press(page, "text=Oznacz jako przejrzany", "text=Oznaczono jako przejrzany.")
    look("reviewed")
    page.click("label:has-text('Odpowiadam za te dane jako lekarz prowadzący.')")
    page.fill("#password", "wrong")
    press(page, "button:has-text('Podpisz')", "#password-e")
    look("refused")
    page.fill("#password", PASSWORD)
    with page.expect_navigation():
        page.keyboard.press("Enter")
    page.wait_for_selector("text=Wartości są te same, co przy podpisie.")
    look("signed")
    page.goto(form)
    look("read")
    press(page, "text=Zmień z powodem", "#reason")
    look("change")
    page.fill("[name=main_book_no]", f"{width + 1}/2025")
    press(page, "button[value=complete]", "text=podaj powód zmiany")
    look("asked")
    page.fill("#reason", "pomyłka w numerze")
    complete(page)
    page.goto(f"{form}/state")
    page.wait_for_selector("text=Powód: pomyłka w numerze")
    look("voided")
    page.goto(f"/{REGISTRY}/patients/{ward}/states")
    look("states")
    page.goto(f"{form}/state?language=en")
    page.wait_for_selector("text=Taken back: Maria Lis")
    look("english")
    assert looked == []


@pytest.mark.parametrize("width", [1280, pytest.param(390, marks=pytest.mark.slow)])
def test_a_physician_gives_the_reason_that_a_warning_asks_for(open_browser, served, ward, width, tmp_path_factory):
    who = ScriptlessBrowser(served.app.test_client()).sign_in("anna").register(sex="f")
    folder, page, looked = tmp_path_factory.mktemp(f"reason-{width}"), open_browser("maria", width=width), []

    def look(name):
        looked.extend(faults(page, name, folder, width))

    page.goto(f"/{REGISTRY}/patients/{who}")
    form = page.locator('a[href$=".patient"]').first.get_attribute("href")
    page.goto(f"{form}/state")
    page.click("label:has-text('Wpisałem')")
    page.fill("#password", PASSWORD)
    look("asked")
    why = page.locator("textarea[name^=sex__why]")
    why.evaluate("box => box.required = false")
    press(page, "button:has-text('Podpisz')", "textarea[aria-invalid=true]")
    look("refused")
    page.fill("textarea[name^=sex__why]", "dane z dowodu osobistego")
    page.fill("#password", PASSWORD)
    with page.expect_navigation():
        page.keyboard.press("Enter")
    page.wait_for_selector("text=Podpisano.")
    look("signed")
    page.goto(form)
    page.wait_for_selector("text=dane z dowodu osobistego")
    assert looked == []


@pytest.mark.parametrize("width", [1280, pytest.param(390, marks=pytest.mark.slow)])
def test_a_coordinator_withdraws_restores_and_closes(open_browser, served, ward, width, tmp_path_factory):
    folder, looked = tmp_path_factory.mktemp(f"withdrawn-{width}"), []
    page = open_browser(served.person("coordinator"), width=width)

    def look(name):
        looked.extend(faults(page, name, folder, width))

    page.goto(f"/{REGISTRY}/patients/{ward}/states")
    form = page.locator('tbody a[href$=".workup"]').first.get_attribute("href")
    page.goto(f"{form}/move?to={ward}")
    look("move")
    page.goto(f"{form}/state")
    page.fill("#why-withdraw", "nie ten pacjent")
    look("before")
    press(page, "button:has-text('Wycofaj')", "text=Powód: nie ten pacjent")
    look("withdrawn")
    page.goto(form)
    look("blank")
    page.goto(f"/{REGISTRY}/patients/{ward}/states")
    page.click("summary:has-text('Przywróć')")
    page.fill("[id^=why-restore]", "jednak ten")
    press(page, "button:has-text('Przywróć')", "text=Przywrócono.")
    look("restored")
    page.select_option("#part", "patient")
    page.fill("#why-void", "dane próbne")
    press(page, "button:has-text('Wycofaj')", "text=Ten pacjent jest wycofany z rejestru.")
    look("patient")
    page.goto(f"/{REGISTRY}/patients?withdrawn=1")
    look("list")
    page.goto(f"/{REGISTRY}/patients/{ward}")
    page.click("summary:has-text('Przywróć')")
    page.fill("[id^=why-restore]", "prawdziwe")
    press(page, "button:has-text('Przywróć')", "text=Przywrócono.")
    assert looked == []


@pytest.mark.parametrize("width", [1280, pytest.param(390, marks=pytest.mark.slow)])
def test_the_coordinator_of_a_registry_closes_a_year(open_browser, served, width, tmp_path_factory):
    folder, looked = tmp_path_factory.mktemp(f"closing-{width}"), []
    page = open_browser(served.person("registry_coordinator", everywhere=True), width=width)

    def look(name):
        looked.extend(faults(page, name, folder, width))

    page.goto(f"/{REGISTRY}/closing")
    page.select_option("#year", "2024")
    page.fill("#why-close", "sprawozdanie wysłane")
    look("closing")
    press(page, "button:has-text('Zamknij')", "text=Zamknięto: rok 2024.")
    look("closed")
    page.click("summary:has-text('Otwórz ponownie')")
    page.fill("[id^=why-reopen]", "poprawki")
    press(page, "button:has-text('Otwórz ponownie')", "text=Otwarto ponownie: rok 2024.")
    look("opened")
    assert looked == []
