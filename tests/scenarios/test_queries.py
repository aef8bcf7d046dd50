"""A query's whole life in a browser, at a desk and on a telephone: asked, answered, corrected, closed, opened again."""

from datetime import date
from itertools import count

import pytest

from engine.datatypes.identifiers import make_pesel
from storage.accounts import add_membership, create_account
from tests.scenarios.form_pages import register, wait_until
from tests.scenarios.page_faults import faults

PASSWORD = "correct horse battery"
LIST = "/lead_extraction/queries"
SERIES = count(700)


@pytest.fixture(scope="module", autouse=True)
def monitor(served):
    """Compares with the sources, for the registry."""
    database, now = served.space.database, served.clock()
    account = create_account(database, "mona", "Mona Lis", PASSWORD, who="office", at=now)
    add_membership(database, account, "lead_extraction", "monitor", site_id=None, who="office", at=now)


def registered(page):
    """A new patient, the first form complete; the address of that form."""
    page.goto("/lead_extraction/patients")
    register(page)
    page.wait_for_selector("[name=__live][value=yes]", state="attached")
    page.check("[name=pat_id_type][value=pesel]", force=True)
    page.fill("[name=pesel]", make_pesel(date(1949, 3, 2), female=False, series=next(SERIES)))
    page.fill("[name=last_name]", "Przykładowy")
    page.fill("[name=first_names]", "Jan")
    for part, text in (("d", "10"), ("m", "3"), ("y", "2025")):
        page.fill(f"[name=info_clause_date__{part}]", text)
    page.evaluate("document.querySelector('[name=nfz_branch]').value = '07'")
    address = page.url.partition("?")[0]
    complete(page)
    return address


def complete(page):
    with page.expect_navigation():
        page.click(".dock [value=complete]")


def choose(page, sex, reason=""):
    """Answer the sex anew, and complete the form."""
    page.wait_for_selector("[name=__live][value=yes]", state="attached")
    page.check(f"[name=sex][value={sex}]", force=True)
    if reason:
        page.locator("#f-sex textarea").fill(reason)
    complete(page)


def drawer(page, field):
    """Open the conversations at a field at the side."""
    page.click(f"#f-{field} a[data-drawer]")
    return page.wait_for_selector("dialog.drawer[open] h2") and page.locator("dialog.drawer")


def say(side, words, button):
    """Write something and press a button; wait for what comes back."""
    if words:
        side.locator("textarea").first.fill(words)
    side.get_by_role("button", name=button, exact=True).click()
    side.locator(".note.ready").wait_for()


def test_a_monitor_asks_a_nurse_answers_and_corrects_and_the_monitor_closes(open_browser, tmp_path_factory):
    folder = tmp_path_factory.mktemp("queries")
    anna, mona = open_browser("anna"), open_browser("mona")
    address = registered(anna)
    mona.goto(address)
    side = drawer(mona, "sex")
    say(side, "W karcie jest inna data. Proszę sprawdzić.", "Zapytaj")
    assert mona.locator("#f-sex [data-count]").inner_text() == "1"
    assert faults(mona, "drawer", folder, 1280) == []
    mona.keyboard.press("Escape")
    assert mona.evaluate("document.activeElement.closest('#f-sex') !== null")

    anna.goto(LIST)
    assert faults(anna, "list", folder, 1280) == []
    anna.click("main table a")
    anna.wait_for_url("**/queries?query=*")
    assert faults(anna, "place", folder, 1280) == []
    anna.goto(address)
    side = drawer(anna, "sex")
    say(side, "Zgodne z dowodem.", "Odpowiedz")
    anna.keyboard.press("Escape")
    assert anna.locator("#f-sex a[data-drawer]:not([data-history])").get_attribute("class") == "tool has"

    mona.goto(address)
    say(drawer(mona, "sex"), "", "Zamknij: wyjaśnione")
    assert mona.locator("#f-sex [data-count]").inner_text() == ""


def test_a_rule_asks_until_the_correction_and_again(open_browser):
    anna = open_browser("anna")
    address = registered(anna)
    for _ in range(2):
        anna.goto(address)
        choose(anna, "f", "przepisano")
        anna.goto(f"{LIST}?show=open")
        assert anna.locator("main table").inner_text().count("TLE-03") == 1
        anna.goto(address)
        choose(anna, "m")
        anna.goto(f"{LIST}?show=open")
        assert anna.locator("main table").count() == 0
    anna.goto(f"{LIST}?show=closed")
    anna.click("main tr:has-text('TLE-03') a")
    anna.wait_for_load_state()
    assert anna.locator(".talk li").count() == 4


def test_on_a_telephone_and_without_scripts(open_browser, tmp_path_factory):
    folder = tmp_path_factory.mktemp("queries-390")
    anna = open_browser("anna")
    address = registered(anna)
    mona = open_browser("mona", scripts=False, width=390)
    mona.goto(address)
    mona.click("#f-sex a[data-drawer]:not([data-history])")
    mona.fill("textarea", "Czy to na pewno tak?")
    mona.click("main form button")
    phone = open_browser("anna", width=390)
    phone.goto(LIST)
    assert faults(phone, "list", folder, 390) == []
    phone.goto(address)
    drawer(phone, "sex")
    assert faults(phone, "drawer", folder, 390) == []
    mona = open_browser("mona", width=390)
    mona.goto("/lead_extraction/verification")
    assert faults(mona, "verification", folder, 390) == []
    mona.click("section:has(#left-t) table a")
    mona.wait_for_url("**/patients/*/verification")
    assert faults(mona, "verification-patient", folder, 390) == []
    mona.click("main table a")
    mona.wait_for_url("**/forms/*/verification")
    assert faults(mona, "verification-form", folder, 390) == []


@pytest.mark.parametrize("aside", [True, False], ids=["drawer", "page"])
def test_who_presses_twice_asks_once(open_browser, aside):
    nurse = open_browser("anna", language="en")
    address = registered(nurse)
    page = open_browser("mona", language="en")
    if aside:
        page.goto(address)
        asked = drawer(page, "last_name")
    else:
        page.goto(f"{address}/queries?at=last_name")
        asked = page.locator("main")
    asked.locator("textarea").first.fill("Is this the name of birth?")
    asked.get_by_role("button", name="Ask", exact=True).dblclick()
    page.locator(".note.ready").wait_for()
    page.goto(f"{address}/queries?at=last_name")
    assert page.locator("main").inner_text().count("Is this the name of birth?") == 1


@pytest.mark.parametrize(("width", "language"), [(1280, "pl"), pytest.param(390, "en", marks=pytest.mark.slow)])
def test_what_was_typed_at_a_field_stays_until_it_is_sent(open_browser, width, language):
    address = registered(open_browser("anna"))
    page, asked, text = open_browser("mona", width=width, language=language), [], "Proszę sprawdzić w karcie."

    def stay(dialog):
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.goto(address)
    bubble = page.locator("#f-sex a[data-drawer]:not([data-history])")
    for shut in (
        lambda _: page.keyboard.press("Escape"),
        lambda side: side.locator("[data-close]").click(),
        lambda side: side.dispatch_event("click"),
    ):
        side = drawer(page, "sex")
        box = side.locator("#say-new")
        assert box.input_value() in ("", text)
        box.fill("")
        box.press_sequentially(text)
        shut(side)
        page.wait_for_selector("dialog.drawer", state="hidden")
        assert "unsent" in bubble.get_attribute("class")
        assert bubble.get_attribute("title")
        assert drawer(page, "last_name").locator("#say-new").input_value() == "", "of another field"
        page.keyboard.press("Escape")
    page.evaluate("setTimeout(() => location.reload())")
    wait_until(page, lambda: asked == ["beforeunload"])
    side = drawer(page, "sex")
    assert side.locator("#say-new").input_value() == text
    side.locator("form:has(#say-new) .btn.go").click()
    side.locator(".note.ready").wait_for()
    assert (side.locator("#say-new").input_value(), side.inner_text().count(text)) == ("", 1)
    page.keyboard.press("Escape")
    page.wait_for_selector("dialog.drawer", state="hidden")
    assert "unsent" not in bubble.get_attribute("class")
    page.goto(address)
    assert asked == ["beforeunload"]


def question_to(open_browser):
    """Who is asked at a field, before the form, and who asks."""
    anna, mona = open_browser("anna"), open_browser("mona")
    address = registered(anna)
    mona.goto(address)
    say(drawer(mona, "sex"), "Czy na pewno?", "Zapytaj")
    anna.goto(address)
    return anna, mona


def test_an_answer_that_nobody_can_send_any_more_is_shown_once(open_browser):
    anna, mona = question_to(open_browser)
    drawer(anna, "sex").locator("textarea").fill("Tak, z dowodu.")
    anna.keyboard.press("Escape")
    say(mona.locator("dialog.drawer"), "", "Zamknij: wyjaśnione")
    assert drawer(anna, "sex").locator("[role=alert] q").inner_text() == "Tak, z dowodu."


def test_who_stays_to_send_an_answer_goes_on_saving(open_browser):
    anna, _ = question_to(open_browser)
    anna.wait_for_selector("[name=__live][value=yes]", state="attached")
    drawer(anna, "sex").locator("textarea").fill("Tak.")
    anna.keyboard.press("Escape")
    asked = []

    def stay(dialog):
        asked.append(dialog.type)
        dialog.dismiss()

    anna.once("dialog", stay)
    anna.locator(".dock [value=save]").click(no_wait_after=True)
    wait_until(anna, lambda: asked == ["beforeunload"])
    anna.fill("[name=first_names]", "Jan Piotr")
    anna.wait_for_selector("[data-save=copy]")
    say(drawer(anna, "sex"), "", "Odpowiedz")
    anna.keyboard.press("Escape")
    anna.locator(".dock [value=save]").click()
    anna.wait_for_url("**said=*")
    assert anna.input_value("[name=first_names]") == "Jan Piotr"
