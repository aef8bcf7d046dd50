"""Defaults and narrowed lists in a real browser: what is offered appears at once, and nothing is lost or undone."""

import shutil
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.scenarios.form_pages import kept, live, number_of, register, save, to_form, wait_until
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
        who = number_of(page)
        if form != "patient":
            page.fill("[name=pesel]", who.replace("-", ""))  # a patient is kept once something of it was saved
            save(page)
            to_form(page, "offers", who, form)
        if options.get("scripts", True):
            live(page)
        return page, who

    return begin


def choose(page, name, code):
    page.locator(f'[name="{name}"][value="{code}"]').check(force=True)


_HELD = """(names) => {
  const boxes = [...document.querySelectorAll('#entry [name]')].filter((each) => each.type !== 'hidden');
  const values = (wanted) => boxes.filter((each) => each.name === wanted && (!/radio|checkbox/.test(each.type) || each.checked)).map((each) => each.value);
  const parts = (name) => ['y', 'm', 'd', 't'].flatMap((part) => values(`${name}__${part}`)).join('-');
  const held = (name) => (boxes.some((each) => each.name === name) ? values(name).join(' ') : parts(name));
  return Object.fromEntries(names.map((name) => [name, held(name)]));
}"""


def holds(page, expected):
    """Wait for what fields are to hold, by their names: the code that is checked, the value of a box, the parts of a date."""
    with suppress(AssertionError):
        wait_until(page, lambda: page.evaluate(_HELD, list(expected)) == expected)
    assert page.evaluate(_HELD, list(expected)) == expected


# defaults -------------------------------------------------------------------------------------------------------------


def test_a_new_form_begins_with_what_is_known(begin):
    page, _ = begin()
    holds(page, {"seen": "2025-07-01", "unit": "mg", "after": "2025-07-31"})
    holds(page, {"severity": "", "dose": ""})


def test_offers_appear_as_one_types_and_can_be_changed(begin):
    page, _ = begin()
    choose(page, "event", "tamponade")
    holds(page, {"severity": "major"})
    expect(page.locator("[data-filled]")).to_contain_text("Ciężkość")
    page.select_option("select[name=device]", "d2", force=True)
    holds(page, {"dose": "2,5", "weight": "25", "third": ""})
    expect(page.locator("#f-total [data-calc]")).to_have_text("27,5")
    page.fill("[name=dose]", "3")
    holds(page, {"weight": "30", "third": "1"})  # nobody has touched them
    page.fill("[name=weight]", "7")
    page.fill("[name=dose]", "4")
    holds(page, {"weight": "7"})


def test_an_offer_that_nobody_touched_follows_along_a_list(begin):
    """With the arrow keys each entry on the way is chosen for a moment."""
    page, _ = begin()
    page.locator("[name=event][value=bleeding]").focus()
    page.keyboard.press("Space")
    holds(page, {"severity": "minor"})
    page.keyboard.press("ArrowDown")
    holds(page, {"severity": "major"})
    page.keyboard.press("ArrowDown")
    holds(page, {"severity": ""})


def test_what_was_emptied_stays_empty(begin):
    page, who = begin()
    choose(page, "event", "bleeding")
    page.fill("[name=unit]", "")
    page.locator("#f-severity .clear").click()
    holds(page, {"severity": ""})
    page.fill("[name=dose]", "2")
    holds(page, {"severity": ""})
    kept(page)
    to_form(page, "offers", who, "visit")
    holds(page, {"severity": "", "unit": ""})
    save(page)
    holds(page, {"severity": "", "unit": "", "seen": "2025-07-01"})
    choose(page, "event", "tamponade")  # what its default says has changed
    holds(page, {"severity": "major"})


def test_an_offer_is_what_is_saved(begin, served):
    page, who = begin()
    choose(page, "event", "bleeding")
    choose(page, "painful", "true")
    for part, text in {"d": "10", "m": "3", "y": "2025", "t": "9:30"}.items():
        page.fill(f"[name=started__{part}]", text)
    holds(page, {"ended": "2025-03-10-10:30"})
    save(page)
    stored = next(form.data.items for place, form in served.record(who).forms.items() if place.form == "visit")
    assert (stored["severity"], stored["treated"], stored["ended"].hour) == ("minor", True, 10)


def test_rows_begin_with_offers_and_get_them_while_open(begin):
    page, _ = begin()
    choose(page, "side", "right")
    for number in ("1", "2"):
        with page.expect_navigation():
            page.click("button[value='add:leads']")
        page.wait_for_selector("[data-row].open")
        live(page)
        row = page.locator("[data-row].open").get_attribute("data-row")
        holds(page, {f"{row}.no": number, f"{row}.lead_side": "right"})


def test_without_scripts_offers_come_with_the_next_page(begin, served):
    page, who = begin(scripts=False)
    holds(page, {"seen": "2025-07-01"})
    choose(page, "event", "tamponade")
    page.fill("[name=unit]", "")
    save(page)
    holds(page, {"severity": "major", "unit": ""})
    expect(page.locator("#main")).to_contain_text("zostały wypełnione", use_inner_text=True)
    stored = lambda: next(form.data.items for place, form in served.record(who).forms.items() if place.form == "visit")  # noqa: E731
    assert "severity" not in stored()  # nobody had seen it when it was saved
    save(page)
    assert stored()["severity"] == "major"
    with page.expect_navigation():
        page.locator("button[value='clear:severity']").click()
    holds(page, {"severity": ""})
    save(page)
    assert "severity" not in stored()
    with page.expect_navigation():
        page.click("button[value='add:leads']")
    row = page.locator("[data-row].open").get_attribute("data-row")
    holds(page, {f"{row}.no": "1"})


def test_another_form_offers_when_a_form_begins(begin):
    page, who = begin()
    choose(page, "side", "left")
    save(page)
    to_form(page, "offers", who, "again")
    holds(page, {"again_side": "left"})


def test_the_number_of_a_person_offers(begin):
    page, _ = begin("patient")
    page.fill("[name=pesel]", "4903020471")
    page.fill("[name=pesel]", "49030204710")
    holds(page, {"sex": "minor"})


# lists that a rule narrows --------------------------------------------------------------------------------------------

VISIBLE = """(id) => [...document.querySelectorAll(`#f-${id} .f-c .opts input, #f-${id} .f-c option`)]
  .filter((each) => each.value && !(each.closest('.opt') || each).hidden && !each.disabled).map((each) => each.value)"""


def on_offer(page, item, expected):
    """Wait for the codes that one may choose from."""
    with suppress(AssertionError):
        wait_until(page, lambda: page.evaluate(VISIBLE, item) == expected)
    assert page.evaluate(VISIBLE, item) == expected


LEFT, RIGHT = ["l_axillary", "l_cephalic"], ["r_axillary", "r_cephalic"]


@pytest.mark.parametrize("item", ["vein", "veins", "device", "devices"])
def test_only_allowed_codes_are_on_offer_at_once(begin, item):
    left, right = (
        (LEFT, RIGHT) if item.startswith("vein") else (["d1", "d2", "d3", "d4", "d5"], ["d6", "d7", "d8", "d9", "d10"])
    )
    page, _ = begin()
    on_offer(page, item, [*left, *right])  # nothing known, nothing taken out
    choose(page, "side", "left")
    on_offer(page, item, left)
    if item == "device":
        page.select_option("select[name=device]", left[0], force=True)
    else:
        choose(page, item, left[0])
    choose(page, "side", "right")
    on_offer(page, item, [left[0], *right])  # what was chosen stays, and the rule says so
    holds(page, {item: left[0]})
    expect(page.locator(f"#f-{item} .msg")).to_have_count(1)
    choose(page, "side", "left")
    on_offer(page, item, left)
    expect(page.locator(f"#f-{item} .msg")).to_have_count(0)


def test_the_chosen_code_goes_when_another_is_chosen(begin):
    page, _ = begin()
    choose(page, "side", "left")
    choose(page, "vein", "l_axillary")
    choose(page, "side", "right")
    page.locator("[name=vein][value=l_axillary]").focus()
    page.keyboard.press("ArrowDown")  # to the next that is on offer
    holds(page, {"vein": "r_axillary"})
    on_offer(page, "vein", RIGHT)
    page.keyboard.press("ArrowDown")
    holds(page, {"vein": "r_cephalic"})
    page.keyboard.press("ArrowDown")
    holds(page, {"vein": "r_axillary"})


def test_an_unticked_box_stays_until_it_is_left(begin):
    page, _ = begin()
    choose(page, "side", "left")
    choose(page, "veins", "l_cephalic")
    choose(page, "side", "right")
    page.locator("[name=veins][value=l_cephalic]").focus()
    page.keyboard.press("Space")
    holds(page, {"veins": ""})
    expect(page.locator("[name=veins][value=l_cephalic]")).to_be_focused()  # the focus is not thrown away
    page.keyboard.press("Tab")
    expect(page.locator("[name=veins][value=r_axillary]")).to_be_focused()
    on_offer(page, "veins", RIGHT)


def test_number_keys_mean_the_answers_that_one_sees(begin):
    page, _ = begin()
    choose(page, "side", "right")
    expect(page.locator("#f-vein .opt:not([hidden]) kbd")).to_have_text(["1", "2"])
    page.locator("[name=vein][value=r_axillary]").focus()
    page.keyboard.press("2")
    holds(page, {"vein": "r_cephalic"})


def test_tab_reaches_a_narrowed_group_and_readers_hear_what_is_there(begin):
    page, _ = begin()
    choose(page, "side", "right")
    page.locator("[name=side][value=right]").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    if page.evaluate("document.activeElement.name") != "vein":  # a tool of the field before
        page.keyboard.press("Tab")
    expect(page.locator("[name=vein][value=r_axillary]")).to_be_focused()
    heard = page.get_by_role("group", name="Żyła", exact=True).get_by_role("radio")
    expect(heard).to_have_count(len(RIGHT))
    assert [each.get_attribute("value") for each in heard.all()] == RIGHT


def test_the_search_of_a_long_list_finds_what_is_allowed(begin):
    page, _ = begin()
    choose(page, "side", "right")
    box = page.locator("#device-c")
    box.click()
    expect(page.locator("#device-c-list li")).to_have_text(["Zeta", "Eta", "Teta", "Jota", "Kappa"])
    box.fill("ta")
    expect(page.locator("#device-c-list li")).to_have_text(["Zeta", "Eta", "Teta", "Jota"])
    filter_box = page.locator("#f-devices .filter")
    filter_box.fill("a")
    on_offer(page, "devices", ["d6", "d7", "d8", "d9", "d10"])
    filter_box.fill("kap")
    on_offer(page, "devices", ["d10"])
    choose(page, "side", "left")
    on_offer(page, "devices", [])
    filter_box.fill("")
    on_offer(page, "devices", ["d1", "d2", "d3", "d4", "d5"])


def test_without_scripts_the_page_that_comes_back_is_narrowed(begin):
    page, _ = begin(scripts=False)
    choose(page, "side", "left")
    choose(page, "vein", "r_axillary")
    save(page)
    holds(page, {"vein": "r_axillary"})
    shown = lambda item: [  # noqa: E731
        box.get_attribute("value")
        for box in page.locator(
            f"#f-{item} .f-c .opt:not([hidden]) input:not([disabled]), #f-{item} option:not([disabled])"
        ).all()
        if box.get_attribute("value")
    ]
    assert shown("vein") == [*LEFT, "r_axillary"]
    expect(page.locator("#f-vein .msg")).to_have_count(1)
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
