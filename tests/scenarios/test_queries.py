"""A query's whole life in a browser, at a desk and on a telephone: asked, answered, corrected, closed, opened again."""

import re
from datetime import date

import pytest
from playwright.sync_api import expect

from storage.accounts import add_membership, create_account
from tests.scenarios.form_pages import HeldBack, complete, kept, live, number_of, register, save, wait_until
from tests.scenarios.page_faults import faults

PASSWORD = "correct horse battery"
LIST = "/lead_extraction/queries"


@pytest.fixture(scope="module", autouse=True)
def monitor(served):
    """Compares with the sources, for the registry."""
    database, now = served.space.database, served.clock()
    account = create_account(database, "mona", "Mona Lis", PASSWORD, who="office", at=now)
    add_membership(database, account, "lead_extraction", "monitor", site_id=None, who="office", at=now)


def registered(page, served):
    """A new patient, the first form complete; the address of that form."""
    page.goto("/lead_extraction/patients")
    register(page)
    live(page)
    page.check("[name=pat_id_type][value=pesel]", force=True)
    page.fill("[name=pesel]", served.pesel(date(1949, 3, 2)))
    page.fill("[name=last_name]", "Przykładowy")
    page.fill("[name=first_names]", "Jan")
    for part, text in (("d", "10"), ("m", "3"), ("y", "2025")):
        page.fill(f"[name=info_clause_date__{part}]", text)
    page.evaluate("document.querySelector('[name=nfz_branch]').value = '07'")
    address = page.url.partition("?")[0]
    complete(page)
    return address


def choose(page, sex, reason=""):
    """Answer the sex anew, and complete the form."""
    live(page)
    page.check(f"[name=sex][value={sex}]", force=True)
    if reason:
        page.locator("#f-sex textarea").fill(reason)
    complete(page)


def drawer(page, field):
    """Open the conversations at a field at the side."""
    page.click(f"#f-{field} a[data-drawer]")
    page.wait_for_selector("dialog.drawer[open] h2")
    return page.locator("dialog.drawer")


def shut(page, press=None):
    """Close what is at the side, by Escape if by nothing else; wait until it is gone."""
    if press:
        press()
    else:
        page.keyboard.press("Escape")
    page.wait_for_selector("dialog.drawer", state="hidden")


def say(side, words, button):
    """Write something and press a button; wait for what comes back."""
    if words:
        side.locator("textarea").first.fill(words)
    side.get_by_role("button", name=button, exact=True).click()
    side.locator(".note.ready").wait_for()


def test_a_monitor_asks_a_nurse_answers_and_corrects_and_the_monitor_closes(open_browser, served, tmp_path_factory):
    folder = tmp_path_factory.mktemp("queries")
    anna, mona = open_browser("anna"), open_browser("mona")
    address = registered(anna, served)
    mona.goto(address)
    side = drawer(mona, "sex")
    say(side, "W karcie jest inna data. Proszę sprawdzić.", "Zapytaj")
    expect(mona.locator("#f-sex [data-count]")).to_have_text("1")
    assert faults(mona, "drawer", folder, 1280) == []
    shut(mona)
    expect(mona.locator("#f-sex :focus")).to_have_count(1)

    anna.goto(LIST)
    assert faults(anna, "list", folder, 1280) == []
    anna.click("main table a")
    anna.wait_for_url("**/queries?query=*")
    assert faults(anna, "place", folder, 1280) == []
    anna.goto(address)
    side = drawer(anna, "sex")
    say(side, "Zgodne z dowodem.", "Odpowiedz")
    shut(anna)
    expect(anna.locator("#f-sex a[data-drawer]:not([data-history])")).to_have_class("tool has")

    mona.goto(address)
    say(drawer(mona, "sex"), "", "Zamknij: wyjaśnione")
    expect(mona.locator("#f-sex [data-count]")).to_have_text("")


def test_a_rule_asks_until_the_correction_and_again(open_browser, served):
    anna = open_browser("anna")
    address = registered(anna, served)
    rows = anna.locator("main table tr", has_text=number_of(anna))
    for _ in range(2):
        anna.goto(address)
        choose(anna, "f", "przepisano")
        anna.goto(f"{LIST}?show=open")
        expect(rows.filter(has_text="TLE-03")).to_have_count(1)
        anna.goto(address)
        choose(anna, "m")
        anna.goto(f"{LIST}?show=open")
        expect(anna.locator("h1")).to_be_visible()
        expect(rows).to_have_count(0)
    anna.goto(f"{LIST}?show=closed")
    rows.filter(has_text="TLE-03").locator("a").first.click()
    expect(anna.locator(".talk li")).to_have_count(4)


def test_on_a_telephone_and_without_scripts(open_browser, served, tmp_path_factory):
    folder = tmp_path_factory.mktemp("queries-390")
    anna = open_browser("anna")
    address = registered(anna, served)
    mona = open_browser("mona", scripts=False, width=390)
    mona.goto(address)
    mona.click("#f-sex a[data-drawer]:not([data-history])")
    mona.fill("textarea", "Czy to na pewno tak?")
    with mona.expect_navigation():
        mona.click("main form button")
    expect(mona.locator(".talk")).to_contain_text("Czy to na pewno tak?")
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
def test_who_presses_twice_asks_once(open_browser, served, aside):
    nurse = open_browser("anna", language="en")
    address = registered(nurse, served)
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
    expect(page.locator("main").get_by_text("Is this the name of birth?")).to_have_count(1)


@pytest.mark.parametrize(("width", "language"), [(1280, "pl"), pytest.param(390, "en", marks=pytest.mark.slow)])
def test_what_was_typed_at_a_field_stays_until_it_is_sent(open_browser, served, width, language):
    address = registered(open_browser("anna"), served)
    page, asked, text = open_browser("mona", width=width, language=language), [], "Proszę sprawdzić w karcie."

    def stay(dialog):
        asked.append(dialog.type)
        dialog.dismiss()

    page.on("dialog", stay)
    page.goto(address)
    bubble = page.locator("#f-sex a[data-drawer]:not([data-history])")
    side = page.locator("dialog.drawer")
    for press, before in (
        (lambda: page.keyboard.press("Escape"), ""),
        (lambda: side.locator("[data-close]").click(), text),
        (lambda: side.dispatch_event("click"), text),
    ):
        box = drawer(page, "sex").locator("#say-new")
        expect(box).to_have_value(before)
        box.fill("")
        box.press_sequentially(text)
        shut(page, press)
        expect(bubble).to_contain_class("unsent")
        expect(bubble).to_have_attribute("title", re.compile("."))
        expect(drawer(page, "last_name").locator("#say-new"), "of another field").to_have_value("")
        shut(page)
    page.evaluate("setTimeout(() => location.reload())")
    wait_until(page, lambda: asked == ["beforeunload"])
    drawer(page, "sex")
    expect(side.locator("#say-new")).to_have_value(text)
    side.locator("form:has(#say-new) .btn.go").click()
    side.locator(".note.ready").wait_for()
    expect(side.locator("#say-new")).to_have_value("")
    expect(side.get_by_text(text)).to_have_count(1)
    shut(page)
    expect(bubble).not_to_contain_class("unsent")
    page.goto(address)
    assert asked == ["beforeunload"]


def question_to(open_browser, served):
    """Who is asked at a field, before the form, and who asks."""
    anna, mona = open_browser("anna"), open_browser("mona")
    address = registered(anna, served)
    mona.goto(address)
    say(drawer(mona, "sex"), "Czy na pewno?", "Zapytaj")
    anna.goto(address)
    return anna, mona


def test_an_answer_that_nobody_can_send_any_more_is_shown_once(open_browser, served):
    anna, mona = question_to(open_browser, served)
    drawer(anna, "sex").locator("textarea").fill("Tak, z dowodu.")
    shut(anna)
    say(mona.locator("dialog.drawer"), "", "Zamknij: wyjaśnione")
    expect(drawer(anna, "sex").locator("[role=alert] q")).to_have_text("Tak, z dowodu.")


def test_who_stays_to_send_an_answer_goes_on_saving(open_browser, served):
    anna, _ = question_to(open_browser, served)
    live(anna)
    drawer(anna, "sex").locator("textarea").fill("Tak.")
    shut(anna)
    asked = []

    def stay(dialog):
        asked.append(dialog.type)
        dialog.dismiss()

    anna.once("dialog", stay)
    anna.locator(".dock [value=save]").click(no_wait_after=True)
    wait_until(anna, lambda: asked == ["beforeunload"])
    anna.fill("[name=first_names]", "Jan Piotr")
    kept(anna)
    say(drawer(anna, "sex"), "", "Odpowiedz")
    shut(anna)
    save(anna)
    expect(anna.locator("[name=first_names]")).to_have_value("Jan Piotr")


def test_what_is_typed_while_a_question_is_on_its_way_stays(open_browser, served):
    address = registered(open_browser("anna"), served)
    mona = open_browser("mona")
    mona.goto(address)
    side = drawer(mona, "sex")
    box, question = side.locator("#say-new"), HeldBack(mona, re.compile("/queries"))
    box.fill("Czy na pewno?")
    side.get_by_role("button", name="Zapytaj", exact=True).click()
    question.wait()
    box.fill("Czy na pewno? Jest też inna karta.")
    question.let_go()
    side.locator(".note.ready").wait_for()
    expect(side.get_by_text("Czy na pewno?", exact=True)).to_have_count(1)
    expect(box).to_have_value("Czy na pewno? Jest też inna karta.")


def test_who_has_closed_the_side_before_the_answer_comes_goes_on(open_browser, served):
    anna, _ = question_to(open_browser, served)
    live(anna)
    side = drawer(anna, "sex")
    bubble = anna.locator("#f-sex a[data-drawer]:not([data-history])")
    answer = HeldBack(anna, re.compile("/queries"))
    side.locator("textarea").fill("Tak, z dowodu.")
    side.get_by_role("button", name="Odpowiedz", exact=True).click()
    answer.wait()
    shut(anna)
    expect(bubble).to_contain_class("unsent")
    anna.locator("[name=first_names]").focus()
    anna.keyboard.press("End")
    anna.keyboard.type("An")
    answer.let_go()
    expect(bubble).not_to_contain_class("unsent")
    anna.keyboard.type("na")
    expect(anna.locator("[name=first_names]")).to_have_value(re.compile("Anna$"))
    expect(side).to_be_hidden()
    expect(drawer(anna, "sex").locator(".talk")).to_contain_text("Tak, z dowodu.")
