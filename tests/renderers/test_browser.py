"""The pages in a real browser, under a strict content security policy: accessible, keyboard only, with scripts and without."""

import re
from dataclasses import replace

import pytest
from playwright.sync_api import expect

from engine.model.form import CheckSeverity
from engine.model.metadata_version import MetaDataVersion
from renderers.html import Notice, compile_pages, evaluation_patch, render_form_html
from tests.patience import MILLISECONDS
from tests.renderers.gallery import gallery_answers, gallery_data, gallery_evaluation, gallery_form
from tests.renderers.sample import Registry, make_evaluation, violation
from tests.renderers.served import AXE, NARROW, WCAG, WIDE, Site


@pytest.fixture(scope="module")
def gallery(context):
    form = gallery_form()
    pages = compile_pages(Registry(MetaDataVersion("sample", "1.0.0", {"pl": "x"}, forms={form.id: form})))
    data = gallery_data(form)
    evaluation = gallery_evaluation(form, data)
    shown = replace(
        context,
        acknowledged=gallery_answers(evaluation),
        clears=("długość 2,5 cm",),
        notices=(Notice("Wersja 1.1.0 czeka."), Notice("Zapisano, 12:04.", "ok")),
    )
    return {
        (mode, language): str(
            pages.form(form.id, language=language, mode=mode, data=data, evaluation=evaluation, context=shown)
        )
        for mode in ("edit", "read", "print")
        for language in ("pl", "en")
    }


@pytest.mark.parametrize(
    ("mode", "width", "scheme"),
    [
        ("edit", WIDE, "light"),
        ("read", WIDE, "dark"),
        *(
            pytest.param(*case, marks=pytest.mark.slow)
            for case in [
                ("edit", WIDE, "dark"),
                ("edit", NARROW, "dark"),
                ("edit", NARROW, "light"),
                ("read", NARROW, "light"),
                ("print", WIDE, "light"),
            ]
        ),
    ],
)
def test_the_gallery_has_no_accessibility_fault(browser, gallery, mode, width, scheme):
    site = Site(browser, gallery[mode, "pl" if width == WIDE else "en"], width, color_scheme=scheme)

    assert site.violations() == []
    assert site.fits()
    assert site.faults == []
    site.page.context.close()


@pytest.mark.parametrize(("width", "scheme"), [(WIDE, "light"), (WIDE, "dark"), (NARROW, "light")])
def test_the_entry_page_has_no_accessibility_fault(browser, entry, width, scheme):
    site = Site(browser, entry, width, color_scheme=scheme)
    for summary in site.page.query_selector_all(".f-t .menu > summary, .why > summary")[:2]:
        summary.click()

    assert site.violations() == []
    assert site.faults == []
    site.page.context.close()


@pytest.mark.parametrize("width", [320, 640])
def test_nothing_scrolls_sideways_on_small_or_zoomed_screens(browser, entry, width):
    """640 px is a screen of 1280 at 200 %."""
    site = Site(browser, entry, width)

    assert site.fits()
    site.page.context.close()


def test_targets_are_large_enough_for_fingers(browser, entry):
    site = Site(browser, entry, NARROW)
    small = site.page.evaluate(
        """[...document.querySelectorAll('.btn, .tool, .opt > span, .in')].filter(e => e.offsetParent)
        .map(e => [e.className, e.getBoundingClientRect().height]).filter(([, height]) => height < 43.5)"""
    )

    assert small == []
    site.page.context.close()


def test_forced_colours_and_print_do_not_break_the_page(browser, entry):
    site = Site(browser, entry, forced_colors="active")
    assert site.fits()
    site.page.emulate_media(media="print")
    expect(site.page.locator(".dock")).to_be_hidden()
    expect(site.page.locator(".f-t").first).to_be_hidden()
    site.page.context.close()


def test_a_file_gives_way_to_a_missing_reason_and_comes_back(browser, gallery):
    site = Site(browser, gallery["edit", "pl"])
    field, held = site.page.locator("#f-filled_file"), site.page.locator("#f-filled_file [data-held]")
    expect(held).to_contain_text("Protokół zabiegu.pdf")
    field.locator(".menu summary").click()
    field.locator(".menu input").first.press("Space")
    expect(field.locator(".gone")).to_be_visible()
    expect(held).to_be_hidden()

    field.locator(".gone button").press("Enter")

    expect(held).to_be_visible()
    expect(held.locator(":focus")).to_have_count(1)
    held.locator("button").press("Enter")
    site.at("filled_file")
    _, fields = site.sent_by(site.page.locator(".dock [value=save]").click)
    assert dict(fields)["filled_file"] == ""
    assert site.faults == []
    site.page.context.close()


def test_typing_is_saved_and_the_state_is_told(site, form, data):
    changed = make_evaluation(
        form, data, [violation("w", CheckSeverity.ERROR, "ward", "Nie ma takiego oddziału.")], hidden=("seen",)
    )
    site.answer = {"saved": "12:31", "revision": "8", "evaluation": evaluation_patch(form, data, changed, "pl")}

    site.page.locator("#ward").fill("Kardiologia")
    site.page.wait_for_selector("text=kopia robocza 12:31")

    path, fields = site.posts[-1]
    assert (path, dict(fields)["ward"], dict(fields)["__do"]) == ("/autosave", "Kardiologia", "autosave")
    expect(site.page.locator("[name=__revision]")).to_have_value("8")
    expect(site.page.locator("#f-seen")).to_be_hidden()
    expect(site.page.locator("#f-ward .msgs")).to_have_text("")  # nothing is said of half a word
    site.page.keyboard.press("Tab")
    expect(site.page.locator("#f-ward .msgs")).to_contain_text("Nie ma takiego oddziału.")
    expect(site.page.locator("#ward")).to_have_attribute("aria-invalid", "true")
    expect(site.page.locator("#ward")).to_have_attribute("aria-describedby", "ward-e")
    expect(site.page.locator("#f-op2_npwz .msg")).to_have_count(0)
    expect(site.page.locator(".dock .tally")).to_have_text(re.compile("^1 błąd"))
    expect(site.page.locator(".rail h2").first).to_contain_text("Do wyjaśnienia (1)")
    assert site.violations() == []


def test_a_warning_asked_by_a_new_evaluation_can_be_confirmed(site, form, data):
    changed = make_evaluation(form, data, [violation("w", CheckSeverity.WARNING, "ward", "Rzadki oddział.")])
    site.page.evaluate("result => ecrfForm.applyEvaluation(result)", evaluation_patch(form, data, changed, "pl"))
    box = site.page.locator("#f-ward .ack input")

    expect(site.page.locator("#f-ward.soft")).to_have_count(1)
    box.check()
    site.page.evaluate("result => ecrfForm.applyEvaluation(result)", evaluation_patch(form, data, changed, "pl"))

    expect(box).to_be_checked()
    expect(box).to_have_attribute("name", "ward__ack")
    expect(site.page.locator("#f-ward.soft")).to_have_count(0)


def test_what_the_script_makes_of_an_evaluation_is_what_the_server_makes(
    site, pages, form, data, evaluation, context, browser
):
    """A page without issues, told about them, ends like a page that was made with them."""
    clean = make_evaluation(form, data)
    other = Site(browser, str(pages.form(form.id, language="pl", data=data, evaluation=clean, context=context)))
    other.page.evaluate("result => ecrfForm.applyEvaluation(result)", evaluation_patch(form, data, evaluation, "pl"))
    look = """[...document.querySelectorAll('.f, .issues')].map(e => [e.id, e.className.replace(' appear', '').trim(), e.hidden, e.innerText])"""

    assert other.page.evaluate(look) == site.page.evaluate(look)
    other.page.context.close()


def test_without_network_nothing_is_lost_and_saving_goes_on_later(browser, entry):
    site = Site(browser, entry)
    site.down = True
    site.page.locator("#ward").fill("Oddział 7")
    site.page.wait_for_selector("text=brak sieci, nie zamykaj karty")
    site.down = False
    site.page.wait_for_selector("text=kopia robocza 12:31")

    assert dict(site.posts[-1][1])["ward"] == "Oddział 7"
    site.page.context.close()


def test_a_date_is_pasted_whole(site):
    site.page.locator("[name=seen__d]").focus()
    site.page.evaluate(
        """() => { const data = new DataTransfer(); data.setData('text', '2025-04-02');
        document.activeElement.dispatchEvent(new ClipboardEvent('paste', {clipboardData: data, bubbles: true, cancelable: true})); }"""
    )

    for part, text in zip("dmy", ("02", "04", "2025"), strict=True):
        expect(site.page.locator(f"[name=seen__{part}]")).to_have_value(text)


def test_a_long_list_is_searched_by_keyboard(site):
    box = site.page.get_by_role("combobox", name="Stymulacja czasowa")
    expect(box).to_have_value("Sposób stymulacji czasowej 3")
    box.fill("czasowej 12")
    expect(site.page.locator("[role=option]")).to_have_text(["Sposób stymulacji czasowej 12"])
    box.press("ArrowDown")
    box.press("Enter")

    expect(box).to_have_value("Sposób stymulacji czasowej 12")
    expect(site.page.locator("[name=pacing]:not([type=hidden])")).to_have_value("p12")


def test_a_dictionary_is_asked_on_the_server(site):
    box = site.page.get_by_role("combobox", name="Rozpoznanie główne")
    box.fill("powik")
    expect(site.page.locator("[role=option]")).to_have_count(3)
    assert site.violations() == []
    box.press("ArrowDown")
    box.press("Enter")

    expect(box).to_have_value("T82.0")
    expect(site.page.locator("#f-diagnosis [data-found]")).to_contain_text("Powikłanie 0")


def test_an_issue_in_a_closed_row_opens_the_row(browser, pages, form, data, evaluation, context):
    closed = replace(context, open_rows=frozenset())
    site = Site(browser, str(pages.form(form.id, language="pl", data=data, evaluation=evaluation, context=closed)))
    with site.page.expect_navigation():
        site.page.locator(".summary a", has_text="Długość pozostawionego").click()

    expect(site.page).to_have_url(re.compile(re.escape("?open=lx.b2#r-lx.b2") + "$"))
    site.page.context.close()


def test_without_scripts_rows_and_languages_are_buttons_that_keep_what_was_typed(browser, entry):
    site = Site(browser, entry, java_script_enabled=False)
    site.page.locator("#ward").fill("Wpisane")
    path, fields = site.sent_by(site.page.locator("button[value='open:lx.a1']").click)
    assert (path, dict(fields)["ward"], dict(fields)["__do"]) == ("/form", "Wpisane", "open:lx.a1")

    _, fields = site.sent_by(site.page.locator("button[value='language:en']").click)
    assert dict(fields)["__do"] == "language:en"

    _, fields = site.sent_by(lambda: site.page.locator("#ward").press("Enter"))
    assert dict(fields)["__do"] == "save"
    site.page.context.close()


def test_the_blank_form_is_one_file_and_accessible(browser, registry):
    html = render_form_html(registry, "procedure", "pl")

    assert not re.search(r'(src|href)="(?!#)', html.replace('href="/"', ""))
    page = browser.new_page()
    page.set_default_timeout(MILLISECONDS)
    page.set_content(html)
    page.evaluate(AXE)
    found = page.evaluate("tags => axe.run(document, {runOnly: {type: 'tag', values: tags}})", WCAG)
    assert [each["id"] for each in found["violations"]] == []
    page.close()
