"""The pages in a real browser, under a strict content security policy: accessible, keyboard only, with scripts and without."""

import re
from dataclasses import replace

import pytest

from engine.model.form import CheckSeverity
from engine.model.metadata_version import MetaDataVersion
from renderers.html import Notice, compile_pages, evaluation_patch, render_form_html
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
    assert site.page.locator(".dock").is_hidden()
    assert site.page.locator(".f-t").first.is_hidden()
    site.page.context.close()


def test_a_file_gives_way_to_a_missing_reason_and_comes_back(browser, gallery):
    site = Site(browser, gallery["edit", "pl"])
    field, held = site.page.locator("#f-filled_file"), site.page.locator("#f-filled_file [data-held]")
    assert "Protokół zabiegu.pdf" in held.inner_text()
    field.locator(".menu summary").click()
    field.locator(".menu input").first.press("Space")
    assert field.locator(".gone").is_visible()
    assert not held.is_visible()

    field.locator(".gone button").press("Enter")

    assert held.is_visible()
    assert site.page.evaluate("document.activeElement.closest('[data-held]') !== null")
    held.locator("button").press("Enter")
    assert site.focused() == "filled_file"
    site.page.locator(".dock [value=save]").click()
    assert dict(site.posts[-1][1])["filled_file"] == ""
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
    assert site.page.locator("[name=__revision]").input_value() == "8"
    assert site.page.locator("#f-seen").is_hidden()
    assert site.page.locator("#f-ward .msgs").inner_text() == ""  # nothing is said of half a word
    site.page.keyboard.press("Tab")
    site.page.locator("#f-ward .msg").wait_for()
    assert "Nie ma takiego oddziału." in site.page.locator("#f-ward .msgs").inner_text()
    assert site.page.locator("#ward").get_attribute("aria-invalid") == "true"
    assert site.page.locator("#ward").get_attribute("aria-describedby") == "ward-e"
    assert site.page.locator("#f-op2_npwz .msg").count() == 0
    assert site.page.locator(".dock .tally").inner_text().startswith("1 błąd")
    assert "Do wyjaśnienia (1)" in site.page.locator(".rail h2").first.text_content()
    assert site.violations() == []


def test_a_warning_asked_by_a_new_evaluation_can_be_confirmed(site, form, data):
    changed = make_evaluation(form, data, [violation("w", CheckSeverity.WARNING, "ward", "Rzadki oddział.")])
    site.page.evaluate("result => ecrfForm.applyEvaluation(result)", evaluation_patch(form, data, changed, "pl"))
    box = site.page.locator("#f-ward .ack input")

    assert site.page.locator("#f-ward.soft").count() == 1
    box.check()
    site.page.evaluate("result => ecrfForm.applyEvaluation(result)", evaluation_patch(form, data, changed, "pl"))

    assert box.is_checked()
    assert box.get_attribute("name") == "ward__ack"
    assert site.page.locator("#f-ward.soft").count() == 0


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

    assert [site.page.locator(f"[name=seen__{part}]").input_value() for part in "dmy"] == ["02", "04", "2025"]


def test_a_long_list_is_searched_by_keyboard(site):
    box = site.page.get_by_role("combobox", name="Stymulacja czasowa")
    assert box.input_value() == "Sposób stymulacji czasowej 3"
    box.fill("czasowej 12")
    site.page.get_by_role("option").first.wait_for()
    box.press("ArrowDown")
    box.press("Enter")

    assert box.input_value() == "Sposób stymulacji czasowej 12"
    assert site.page.locator("[name=pacing]:not([type=hidden])").input_value() == "p12"


def test_a_dictionary_is_asked_on_the_server(site):
    box = site.page.get_by_role("combobox", name="Rozpoznanie główne")
    box.fill("powik")
    site.page.get_by_role("option").first.wait_for()
    assert site.violations() == []
    box.press("ArrowDown")
    box.press("Enter")

    assert box.input_value() == "T82.0"
    assert "Powikłanie 0" in site.page.locator("#f-diagnosis [data-found]").inner_text()


def test_an_issue_in_a_closed_row_opens_the_row(browser, pages, form, data, evaluation, context):
    closed = replace(context, open_rows=frozenset())
    site = Site(browser, str(pages.form(form.id, language="pl", data=data, evaluation=evaluation, context=closed)))
    with site.page.expect_navigation():
        site.page.locator(".summary a", has_text="Długość pozostawionego").click()

    assert site.page.url.endswith("?open=lx.b2#r-lx.b2")
    site.page.context.close()


def test_without_scripts_rows_and_languages_are_buttons_that_keep_what_was_typed(browser, entry):
    site = Site(browser, entry, java_script_enabled=False)
    site.page.locator("#ward").fill("Wpisane")
    site.page.locator("button[value='open:lx.a1']").click()
    path, fields = site.posts[-1]
    assert (path, dict(fields)["ward"], dict(fields)["__do"]) == ("/form", "Wpisane", "open:lx.a1")

    site.page.locator("button[value='language:en']").click()
    assert dict(site.posts[-1][1])["__do"] == "language:en"

    site.page.locator("#ward").press("Enter")
    assert dict(site.posts[-1][1])["__do"] == "save"
    site.page.context.close()


def test_the_blank_form_is_one_file_and_accessible(browser, registry):
    html = render_form_html(registry, "procedure", "pl")

    assert not re.search(r'(src|href)="(?!#)', html.replace('href="/"', ""))
    page = browser.new_page()
    page.set_content(html)
    page.evaluate(AXE)
    found = page.evaluate("tags => axe.run(document, {runOnly: {type: 'tag', values: tags}})", WCAG)
    assert [each["id"] for each in found["violations"]] == []
    page.close()
