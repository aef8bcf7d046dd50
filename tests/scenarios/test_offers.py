"""Defaults and narrowed lists in a real browser: what is offered appears at once, and nothing is lost or undone."""

import shutil
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.scenarios.form_pages import opened, register
from tests.scenarios.page_faults import keep_picture, problems, too_wide

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def served(serve, tmp_path_factory):
    """An application with the registry that has every kind of offer."""
    folder = tmp_path_factory.mktemp("definitions")
    shutil.copy(ROOT / "tests" / "fixtures" / "definitions" / "offers.yaml", folder)
    return serve(folder, "offers")


@pytest.fixture
def begin(open_browser):
    """Call it for the page of a form of a new patient, and the patient's number."""

    def begin(form="visit", **options):
        page = open_browser(**options)
        page.goto("/offers/patients")
        register(page)
        who = page.url.split("/patients/")[1].split("/")[0]
        if form != "patient":
            page.fill("[name=pesel]", who.replace("-", ""))  # a patient is kept once something of it was saved
            save(page)
            to_form(page, who, form)
        if options.get("scripts", True):
            page.wait_for_selector("[name=__live][value=yes]", state="attached")
        return page, who

    return begin


def to_form(page, who, form):
    page.goto(f"/offers/patients/{who}")
    page.locator(f'.lanes a[href$=".{form}"]').first.click()
    opened(page)


def save(page):
    page.locator(".dock [value=save]").click()
    page.wait_for_url("**said=*")


def choose(page, name, code):
    page.locator(f'[name="{name}"][value="{code}"]').check(force=True)


def held(page, name):
    """What a field holds: the code that is checked, the value of a box, the parts of a date."""
    return page.evaluate(
        """(name) => {
          const boxes = [...document.querySelectorAll('#entry [name]')].filter((each) => each.type !== 'hidden');
          const values = (wanted) => boxes.filter((each) => each.name === wanted && (!/radio|checkbox/.test(each.type) || each.checked))
            .map((each) => each.value);
          if (boxes.some((each) => each.name === name)) return values(name).join(' ');
          return ['y', 'm', 'd', 't'].flatMap((part) => values(`${name}__${part}`)).join('-');
        }""",
        name,
    )


# defaults -------------------------------------------------------------------------------------------------------------


def test_a_new_form_begins_with_what_is_known(begin):
    page, _ = begin()
    assert (held(page, "seen"), held(page, "unit"), held(page, "after")) == ("2025-07-01", "mg", "2025-07-31")
    assert (held(page, "severity"), held(page, "dose")) == ("", "")


def test_offers_appear_as_one_types_and_can_be_changed(begin):
    page, _ = begin()
    choose(page, "event", "tamponade")
    assert held(page, "severity") == "major"
    assert "Ciężkość" in page.inner_text("[data-filled]")
    page.select_option("select[name=device]", "d2", force=True)
    assert (held(page, "dose"), held(page, "weight"), held(page, "third")) == ("2,5", "25", "")
    assert page.inner_text("#f-total [data-calc]") == "27,5"
    page.fill("[name=dose]", "3")
    assert (held(page, "weight"), held(page, "third")) == ("30", "1")  # nobody has touched them
    page.fill("[name=weight]", "7")
    page.fill("[name=dose]", "4")
    assert held(page, "weight") == "7"


def test_an_offer_that_nobody_touched_follows_along_a_list(begin):
    """With the arrow keys each entry on the way is chosen for a moment."""
    page, _ = begin()
    page.locator("[name=event][value=bleeding]").focus()
    page.keyboard.press("Space")
    assert held(page, "severity") == "minor"
    page.keyboard.press("ArrowDown")
    assert held(page, "severity") == "major"
    page.keyboard.press("ArrowDown")
    assert held(page, "severity") == ""


def test_what_was_emptied_stays_empty(begin):
    page, who = begin()
    choose(page, "event", "bleeding")
    page.fill("[name=unit]", "")
    page.locator("#f-severity .clear").click()
    assert held(page, "severity") == ""
    page.fill("[name=dose]", "2")
    assert held(page, "severity") == ""
    page.wait_for_selector('[data-save="copy"]')
    to_form(page, who, "visit")
    assert (held(page, "severity"), held(page, "unit")) == ("", "")
    save(page)
    assert (held(page, "severity"), held(page, "unit"), held(page, "seen")) == ("", "", "2025-07-01")
    choose(page, "event", "tamponade")  # what its default says has changed
    assert held(page, "severity") == "major"


def test_an_offer_is_what_is_saved(begin, served):
    page, who = begin()
    choose(page, "event", "bleeding")
    choose(page, "painful", "true")
    for part, text in {"d": "10", "m": "3", "y": "2025", "t": "9:30"}.items():
        page.fill(f"[name=started__{part}]", text)
    assert held(page, "ended") == "2025-03-10-10:30"
    save(page)
    stored = next(form.data.items for place, form in served.record(who).forms.items() if place.form == "visit")
    assert (stored["severity"], stored["treated"], stored["ended"].hour) == ("minor", True, 10)


def test_rows_begin_with_offers_and_get_them_while_open(begin):
    page, _ = begin()
    choose(page, "side", "right")
    for number in ("1", "2"):
        page.click("button[value='add:leads']")
        page.wait_for_selector("[data-row].open")
        row = page.locator("[data-row].open").get_attribute("data-row")
        assert (held(page, f"{row}.no"), held(page, f"{row}.lead_side")) == (number, "right")


def test_without_scripts_offers_come_with_the_next_page(begin, served):
    page, who = begin(scripts=False)
    assert held(page, "seen") == "2025-07-01"
    choose(page, "event", "tamponade")
    page.fill("[name=unit]", "")
    save(page)
    assert (held(page, "severity"), held(page, "unit")) == ("major", "")
    assert "zostały wypełnione" in page.inner_text("#main")
    stored = lambda: next(form.data.items for place, form in served.record(who).forms.items() if place.form == "visit")  # noqa: E731
    assert "severity" not in stored()  # nobody had seen it when it was saved
    save(page)
    assert stored()["severity"] == "major"
    page.locator("button[value='clear:severity']").click()
    opened(page)
    assert held(page, "severity") == ""
    save(page)
    assert "severity" not in stored()
    page.click("button[value='add:leads']")
    row = page.locator("[data-row].open").get_attribute("data-row")
    assert held(page, f"{row}.no") == "1"


def test_another_form_offers_when_a_form_begins(begin):
    page, who = begin()
    choose(page, "side", "left")
    save(page)
    to_form(page, who, "again")
    assert held(page, "again_side") == "left"


def test_the_number_of_a_person_offers(begin):
    page, _ = begin("patient")
    page.fill("[name=pesel]", "4903020471")
    page.fill("[name=pesel]", "49030204710")
    assert held(page, "sex") == "minor"


# lists that a rule narrows --------------------------------------------------------------------------------------------

VISIBLE = """(id) => [...document.querySelectorAll(`#f-${id} .f-c .opts input, #f-${id} .f-c option`)]
  .filter((each) => each.value && !(each.closest('.opt') || each).hidden && !each.disabled).map((each) => each.value)"""
LEFT, RIGHT = ["l_axillary", "l_cephalic"], ["r_axillary", "r_cephalic"]


@pytest.mark.parametrize("item", ["vein", "veins", "device", "devices"])
def test_only_allowed_codes_are_on_offer_at_once(begin, item):
    left, right = (
        (LEFT, RIGHT) if item.startswith("vein") else (["d1", "d2", "d3", "d4", "d5"], ["d6", "d7", "d8", "d9", "d10"])
    )
    page, _ = begin()
    assert page.evaluate(VISIBLE, item) == [*left, *right]  # nothing known, nothing taken out
    choose(page, "side", "left")
    assert page.evaluate(VISIBLE, item) == left
    if item == "device":
        page.select_option("select[name=device]", left[0], force=True)
    else:
        choose(page, item, left[0])
    choose(page, "side", "right")
    assert page.evaluate(VISIBLE, item) == [left[0], *right]  # what was chosen stays, and the rule says so
    assert held(page, item) == left[0]
    assert page.locator(f"#f-{item} .msg").count() == 1
    choose(page, "side", "left")
    assert page.evaluate(VISIBLE, item) == left
    assert page.locator(f"#f-{item} .msg").count() == 0


def test_the_chosen_code_goes_when_another_is_chosen(begin):
    page, _ = begin()
    choose(page, "side", "left")
    choose(page, "vein", "l_axillary")
    choose(page, "side", "right")
    page.locator("[name=vein][value=l_axillary]").focus()
    page.keyboard.press("ArrowDown")  # to the next that is on offer
    assert held(page, "vein") == "r_axillary"
    assert page.evaluate(VISIBLE, "vein") == RIGHT
    page.keyboard.press("ArrowDown")
    assert held(page, "vein") == "r_cephalic"
    page.keyboard.press("ArrowDown")
    assert held(page, "vein") == "r_axillary"


def test_an_unticked_box_stays_until_it_is_left(begin):
    page, _ = begin()
    choose(page, "side", "left")
    choose(page, "veins", "l_cephalic")
    choose(page, "side", "right")
    page.locator("[name=veins][value=l_cephalic]").focus()
    page.keyboard.press("Space")
    assert held(page, "veins") == ""
    assert page.evaluate("document.activeElement.value") == "l_cephalic"  # the focus is not thrown away
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.value") == "r_axillary"
    assert page.evaluate(VISIBLE, "veins") == RIGHT


def test_number_keys_mean_the_answers_that_one_sees(begin):
    page, _ = begin()
    choose(page, "side", "right")
    assert page.locator("#f-vein .opt:not([hidden]) kbd").all_text_contents() == ["1", "2"]
    page.locator("[name=vein][value=r_axillary]").focus()
    page.keyboard.press("2")
    assert held(page, "vein") == "r_cephalic"


def test_tab_reaches_a_narrowed_group_and_readers_hear_what_is_there(begin):
    page, _ = begin()
    choose(page, "side", "right")
    page.locator("[name=side][value=right]").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    if page.evaluate("document.activeElement.name") != "vein":  # a tool of the field before
        page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.value") == "r_axillary"
    heard = page.get_by_role("group", name="Żyła", exact=True).get_by_role("radio")
    assert [each.get_attribute("value") for each in heard.all()] == RIGHT


def test_the_search_of_a_long_list_finds_what_is_allowed(begin):
    page, _ = begin()
    choose(page, "side", "right")
    box = page.locator("#device-c")
    box.click()
    page.wait_for_selector("#device-c-list:not([hidden]) li")
    assert page.locator("#device-c-list li").all_text_contents() == ["Zeta", "Eta", "Teta", "Jota", "Kappa"]
    box.fill("ta")
    expect(page.locator("#device-c-list li")).to_have_text(["Zeta", "Eta", "Teta", "Jota"])
    filter_box = page.locator("#f-devices .filter")
    filter_box.fill("a")
    assert page.evaluate(VISIBLE, "devices") == ["d6", "d7", "d8", "d9", "d10"]
    filter_box.fill("kap")
    assert page.evaluate(VISIBLE, "devices") == ["d10"]
    choose(page, "side", "left")
    assert page.evaluate(VISIBLE, "devices") == []
    filter_box.fill("")
    assert page.evaluate(VISIBLE, "devices") == ["d1", "d2", "d3", "d4", "d5"]


def test_without_scripts_the_page_that_comes_back_is_narrowed(begin):
    page, _ = begin(scripts=False)
    choose(page, "side", "left")
    choose(page, "vein", "r_axillary")
    save(page)
    assert held(page, "vein") == "r_axillary"
    shown = lambda item: [  # noqa: E731
        box.get_attribute("value")
        for box in page.locator(
            f"#f-{item} .f-c .opt:not([hidden]) input:not([disabled]), #f-{item} option:not([disabled])"
        ).all()
        if box.get_attribute("value")
    ]
    assert shown("vein") == [*LEFT, "r_axillary"]
    assert page.locator("#f-vein .msg").count() == 1
    assert (shown("veins"), shown("device")) == (LEFT, ["d1", "d2", "d3", "d4", "d5"])
    choose(page, "vein", "l_cephalic")
    save(page)
    assert shown("vein") == LEFT


@pytest.mark.parametrize("width", [1280, pytest.param(390, marks=pytest.mark.slow)])
def test_a_page_with_offers_has_no_accessibility_fault(begin, width, tmp_path):
    page, _ = begin(width=width)
    choose(page, "side", "left")
    choose(page, "vein", "l_axillary")
    choose(page, "side", "right")
    choose(page, "event", "tamponade")
    keep_picture(page, "offers", tmp_path, width)
    page.set_viewport_size({"width": width, "height": page.evaluate("document.documentElement.scrollHeight")})
    assert problems(page) == []
    assert too_wide(page) == []
