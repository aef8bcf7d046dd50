"""Entry by keyboard: Enter goes on and never sends, digits answer, dates step by themselves; nothing is lost on the way."""

import pytest
from playwright.sync_api import expect

from engine.model.code_list import MissingList
from engine.model.form import FormDef, SectionDef
from engine.records.form_data import FormData
from renderers.html import compile_pages
from tests.renderers.sample import codes, item, make_evaluation, text
from tests.renderers.served import Site


def test_enter_goes_to_the_next_field_and_never_submits(site):
    site.page.focus("#op1_npwz")
    site.page.keyboard.press("Enter")

    site.at("op2_npwz")
    assert site.is_unsent()


def test_enter_runs_through_the_whole_form(site):
    site.page.locator("[name=proc_start__d]").focus()
    seen: list[str] = []
    while site.page.evaluate("!document.activeElement.matches('.dock .go')") and len(seen) < 80:
        if site.page.evaluate("document.activeElement.matches('button')"):  # of rows: Enter would press it
            site.page.keyboard.press("Tab")
            continue
        seen.append(site.focused())
        in_text = site.page.evaluate("document.activeElement.matches('textarea')")  # there Enter is a new line
        site.page.keyboard.press("Tab" if in_text else "Enter")
        if in_text:
            site.page.focus("#ward")

    assert {"op1_npwz", "fluoro", "dap", "lx.b2.lx_cm", "ward", "seen", "start_time"} <= set(seen)
    assert len(seen) == len(set(seen)), "a field was visited twice"
    assert site.is_unsent()


def test_number_keys_answer_while_a_group_has_focus(site):
    site.page.locator("[name=location][value=hybrid]").focus()
    site.page.keyboard.press("3")

    expect(site.page.locator("[name=location][value=ep_lab]")).to_be_checked()


def test_keys_can_be_switched_off(site):
    site.page.locator("[data-keys-help] summary").click()
    site.page.locator("[data-keys-off]").check()
    site.page.locator("[name=location][value=hybrid]").focus()
    site.page.keyboard.press("3")

    expect(site.page.locator("[name=location][value=ep_lab]")).not_to_be_checked()


def test_a_missing_reason_is_chosen_and_undone_by_keyboard(site):
    field = site.page.locator("#f-fluoro")
    site.page.focus("#fluoro")
    site.page.keyboard.press("Alt+b")
    site.page.keyboard.press("ArrowDown")
    expect(field.locator(".gone")).to_be_visible()
    expect(field.locator(".gone")).to_contain_text("brak informacji")
    expect(site.page.locator("#fluoro")).to_be_hidden()

    field.locator(".gone button").press("Enter")

    expect(site.page.locator("#fluoro")).to_have_value("14,5")
    site.at("fluoro")


def test_escape_closes_a_menu_and_gives_focus_back(site):
    site.page.focus("#fluoro")
    site.page.keyboard.press("Alt+b")
    site.page.keyboard.press("Escape")

    expect(site.page.locator("#f-fluoro .menu > summary")).to_be_focused()


def test_alt_down_goes_to_the_next_issue(site):
    site.page.focus("#ward")
    site.page.keyboard.press("Alt+ArrowDown")
    site.at("op2_npwz")
    site.page.keyboard.press("Alt+ArrowDown")
    site.at("dap")


def test_ctrl_s_saves_and_ctrl_enter_goes_to_the_next_row(site):
    site.page.focus("#ward")
    _, fields = site.sent_by(lambda: site.page.keyboard.press("Control+s"))
    assert ("__do", "save") in fields

    site.page.focus("[id='lx.b2.lx_cm']")
    _, fields = site.sent_by(lambda: site.page.keyboard.press("Control+Enter"))
    assert ("__do", "next:lx.b2") in fields


def typed(site, name, keys):
    """Focus a control by name and press keys one after another; gives back where the focus is then."""
    site.page.locator(f"[name='{name}']:not([type=hidden])").first.focus()
    for key in keys:
        site.page.keyboard.press(key)
    return site.page.evaluate("document.activeElement.name || document.activeElement.id")


def value(site, name):
    return site.page.locator(f"[name='{name}']:not([type=hidden])").first.input_value()


@pytest.mark.parametrize(
    ("keys", "parts", "focus"),
    [
        ("17032025", ("17", "03", "2025"), "start_time"),
        ("17.03.2025", ("17", "03", "2025"), "start_time"),
        ("17-3-2025", ("17", "3", "2025"), "start_time"),
        ("..2025", ("", "", "2025"), "start_time"),
        (".032025", ("", "03", "2025"), "start_time"),
        ("1", ("1", "", ""), "seen__d"),
        (("1", "7", "Tab", "0", "3", "Tab", "2", "0", "2", "5", "Tab"), ("17", "03", "2025"), "start_time"),
        (("5", "Enter", "3", "Enter", "2", "0", "2", "5", "Enter"), ("5", "3", "2025"), "start_time"),
        (("1", "7", "Backspace", "8"), ("17", "8", ""), "seen__m"),
        (("Enter",), ("", "", ""), "start_time"),
    ],
    ids=lambda given: "".join(given) if isinstance(given, (str, tuple)) and given else "",
)
def test_a_date_steps_on_by_itself(site, keys, parts, focus):
    for part in "dmy":
        site.page.locator(f"[name=seen__{part}]").fill("")
    assert typed(site, "seen__d", keys) == focus
    assert tuple(value(site, f"seen__{part}") for part in "dmy") == parts
    assert site.is_unsent()


@pytest.mark.parametrize(("keys", "shown"), [("0910", "09:10"), ("9:10", "09:10"), ("09.10", "09:10")])
def test_a_time_is_typed_in_digits(site, keys, shown):
    site.page.locator("[name=start_time]").fill("")
    assert typed(site, "start_time", keys) != "start_time"
    assert value(site, "start_time") == shown


def test_an_answer_by_number_goes_on_and_a_tab_out_of_habit_only_confirms(site):
    assert typed(site, "location", "3") == "op1_npwz"
    site.page.keyboard.press("Tab")
    site.at("op1_npwz")
    site.page.keyboard.press("Tab")
    assert site.focused() != "op1_npwz"


def test_numbers_tick_several_answers_and_enter_goes_on(site):
    boxes = "[name='lx.b2.lx_tools'][type=checkbox]"
    before = site.page.eval_on_selector_all(boxes, "boxes => boxes.map((box) => box.checked)")
    assert typed(site, "lx.b2.lx_tools", "15") == "lx.b2.lx_tools"
    after = site.page.eval_on_selector_all(boxes, "boxes => boxes.map((box) => box.checked)")
    assert [place for place, pair in enumerate(zip(before, after, strict=True), 1) if pair[0] != pair[1]] == [1, 5]
    site.page.keyboard.press("Enter")
    assert site.focused() != "lx.b2.lx_tools"


@pytest.mark.parametrize(("text", "code"), [("7", "p7"), ("p11", "p11"), ("czasowej 12", "p12")])
def test_a_list_takes_a_number_a_code_or_words(site, text, code):
    box = site.page.get_by_role("combobox", name="Stymulacja czasowa")
    box.focus()
    site.page.keyboard.press("Control+A")
    site.page.keyboard.type(text)
    if " " in text:
        site.page.locator("[role=option][aria-selected=true]").wait_for()
    site.page.keyboard.press("Enter")
    site.page.wait_for_function(
        "() => document.activeElement.name !== undefined && !document.activeElement.id.startsWith('pacing')"
    )
    assert value(site, "pacing") == code
    site.at("diagnosis")


@pytest.mark.parametrize(("keys", "reason"), [("rf", "odmowa pacjenta"), ("2", "brak informacji")])
def test_a_missing_reason_is_typed_as_on_paper(site, keys, reason):
    assert typed(site, "fluoro", ("Alt+b", *keys)) == "dap"
    expect(site.page.locator("#f-fluoro .gone")).to_contain_text(reason)


def test_an_opened_row_has_the_focus_in_its_first_field(browser, entry):
    from tests.renderers.served import Site

    site = Site(browser, entry)
    site.page.goto("http://site/form#r-lx.b2")
    site.page.reload()
    site.page.wait_for_function("() => document.activeElement.closest('[data-row].open')")
    expect(site.page.locator("[data-item=lx_lead] :focus")).to_have_count(1)
    site.page.goto("http://site/form#r-lx.a1")
    site.page.reload()
    site.page.wait_for_function("() => document.activeElement.value === 'open:lx.a1'")
    site.page.context.close()


def test_a_key_that_is_held_down_presses_no_button(site):
    site.page.focus("#ward")
    for _ in range(30):
        site.page.evaluate(
            """() => document.activeElement.dispatchEvent(
            new KeyboardEvent('keydown', {key: 'Enter', repeat: true, bubbles: true, cancelable: true}))"""
        )
    site.at("ward")


def test_f1_opens_the_help_of_a_field_which_keeps_the_focus(site):
    told = site.page.locator("#f-fluoro [data-help] > div")
    site.page.focus("#fluoro")
    expect(told).to_be_hidden()
    site.page.keyboard.press("F1")

    expect(told).to_be_visible()
    expect(told).to_have_text("Czas z aparatu, nie z zegara na sali.")
    site.at("fluoro")
    site.page.keyboard.press("F1")
    expect(told).to_be_hidden()


@pytest.fixture(scope="module")
def signed_codes(registry_of, context):
    """A list that is searched, with codes below zero before the others, and such a reason."""
    grades = codes(*((str(number), f"stopień {number}", f"grade {number}") for number in range(-9, 10)))
    reasons = MissingList("redcap", {"-99": text("nie wiadomo", "unknown"), "-98": text("odmowa", "refused")})
    items = (
        item("grade", "code", "Stopień", facets={"choices": grades}),
        item("dose", "integer", "Dawka", missing=reasons),
    )
    form = FormDef("f", text("F"), (SectionDef("s", text("S"), items),))
    evaluation = make_evaluation(form, FormData())
    return str(
        compile_pages(registry_of(form)).form(
            "f", language="pl", data=FormData(), evaluation=evaluation, context=context
        )
    )


@pytest.mark.parametrize("code", ["-1", "-9", "1", "0"])
def test_a_code_below_zero_is_typed_and_is_not_the_one_above(browser, signed_codes, code):
    site = Site(browser, signed_codes)
    site.page.get_by_role("combobox", name="Stopień").focus()
    site.page.keyboard.type(code)
    site.page.keyboard.press("Enter")
    assert value(site, "grade") == code
    assert site.faults == []
    site.page.context.close()


def test_a_reason_below_zero_is_typed(browser, signed_codes):
    site = Site(browser, signed_codes)
    typed(site, "dose", ("Alt+b", "-", "9", "8"))
    expect(site.page.locator("#f-dose .gone")).to_contain_text("odmowa")
    assert site.faults == []
    site.page.context.close()
