"""A physician completes, reviews and signs a form, changes it with a reason, and sees the signature taken back."""

import pytest

from engine.synthesis import Wanted, make_subject, plan_synthesis, read_distribution
from storage.access import Actor
from storage.accounts import add_membership, create_account, find_account
from storage.listing import list_subjects
from tests.scenarios.page_faults import faults
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


@pytest.mark.parametrize("width", [1280, 390])
def test_a_physician_signs_and_changes_what_was_signed(open_browser, ward, width, tmp_path_factory):
    folder, page = tmp_path_factory.mktemp(f"states-{width}"), open_browser("maria", width=width)
    looked = []

    def look(name):
        looked.extend(faults(page, name, folder, width))

    page.goto(f"/{REGISTRY}/patients/{ward}")
    form = page.locator('.lanes a[href$=".admission"]').first.get_attribute("href")
    page.goto(form)
    page.fill("[name=main_book_no]", f"{width}/2025")
    page.click("button[value=complete]")
    page.wait_for_url("**done=*")
    page.goto(form)
    page.click("text=Stan i podpisy")
    look("complete")
    page.click("text=Oznacz jako przejrzany")
    page.wait_for_selector("text=Oznaczono jako przejrzany.")
    look("reviewed")
    page.click("label:has-text('Odpowiadam za te dane jako lekarz prowadzący.')")
    page.fill("#password", "wrong")
    page.click("button:has-text('Podpisz')")
    page.wait_for_selector("#password-e")
    look("refused")
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Wartości są te same, co przy podpisie.")
    look("signed")
    page.goto(form)
    look("read")
    page.click("text=Zmień z powodem")
    page.wait_for_selector("#reason")
    look("change")
    page.fill("[name=main_book_no]", f"{width + 1}/2025")
    page.click("button[value=complete]")
    page.wait_for_selector("text=podaj powód zmiany")
    look("asked")
    page.fill("#reason", "pomyłka w numerze")
    page.click("button[value=complete]")
    page.wait_for_url("**done=*")
    page.goto(f"{form}/state")
    page.wait_for_selector("text=Powód: pomyłka w numerze")
    look("voided")
    page.goto(f"/{REGISTRY}/patients/{ward}/states")
    look("states")
    page.goto(f"{form}/state?language=en")
    page.wait_for_selector("text=Taken back: Maria Lis")
    look("english")
    assert looked == []
