"""The history of a field in a drawer over the form, by keyboard; the pages of histories, wide and narrow."""

import pytest
from playwright.sync_api import expect

from tests.scenarios.form_pages import live, register, save
from tests.scenarios.page_faults import faults, keep_picture, problems


def saved_twice(page):
    """A patient whose surname was corrected; the address of the form."""
    page.goto("/lead_extraction/patients")
    register(page)
    for name in ("Przykładowa", "Poprawiona"):
        page.fill("[name=last_name]", name)
        save(page)
        page.goto(page.url.split("?")[0])
    live(page)
    return page.url


@pytest.mark.parametrize("width", [1280, pytest.param(390, marks=pytest.mark.slow)])
def test_the_history_of_a_field_opens_over_the_form(open_browser, tmp_path_factory, width):
    folder = tmp_path_factory.mktemp(f"history-{width}")
    page = open_browser(width=width)
    form = saved_twice(page)
    page.focus("#last_name")
    page.keyboard.press("Alt+H")
    expect(page.locator("dialog .trail li").first).to_contain_text("Przykładowa")
    expect(page.locator("dialog .trail li").first).to_contain_text("Anna Nowak")
    keep_picture(page, "drawer", folder, width)
    assert problems(page, "dialog") == []
    page.keyboard.press("Escape")
    page.wait_for_selector("dialog.drawer", state="hidden")
    expect(page.locator("#last_name")).to_be_focused()
    expect(page).to_have_url(form)
    for name, address in (
        ("form", form),
        ("form-history", f"{form}/history"),
        ("field-history", f"{form}/history?field=last_name"),
        ("form-then", f"{form}/history/then"),
        ("form-compared", f"{form}/history/compare?all=yes"),
        ("patient-history", f"{form.split('/forms/')[0]}/history"),
    ):
        page.goto(address)
        assert faults(page, name, folder, width) == []


def test_without_scripts_the_button_leads_to_a_page(open_browser):
    page = open_browser(scripts=False)
    page.goto("/lead_extraction/patients")
    register(page)
    page.fill("[name=last_name]", "Przykładowa")
    save(page)
    page.locator("#f-last_name [data-history]").click()
    expect(page.locator(".trail")).to_contain_text("Przykładowa")


@pytest.mark.parametrize("width", [1280, pytest.param(390, marks=pytest.mark.slow)])
def test_the_log_is_searched(open_browser, served, tmp_path_factory, width):
    folder = tmp_path_factory.mktemp(f"log-{width}")
    saved_twice(open_browser())
    page = open_browser(served.person("coordinator"), width=width)
    page.goto("/lead_extraction/audit")
    assert faults(page, "log", folder, width) == []
    page.fill("#f-who", "Anna Nowak")
    page.select_option("#f-kind", "save")
    page.get_by_role("button", name="Szukaj").click()
    page.wait_for_url("**kind=save**")
    expect(page.locator("tbody")).to_contain_text("Anna Nowak")
    page.fill("#f-item", "Nie ma takiego pola")
    page.get_by_role("button", name="Szukaj").click()
    page.wait_for_url("**item=Nie*")
    assert faults(page, "log-wrong", folder, width) == []
