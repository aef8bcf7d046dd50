"""The history of a field in a drawer over the form, by keyboard; the pages of histories, wide and narrow."""

import pytest

from tests.scenarios.form_pages import register
from tests.scenarios.page_faults import faults, keep_picture, problems


def saved_twice(page):
    """A patient whose surname was corrected; the address of the form."""
    page.goto("/lead_extraction/patients")
    register(page)
    for name in ("Przykładowa", "Poprawiona"):
        page.fill("[name=last_name]", name)
        page.locator(".dock [value=save]").click()
        page.wait_for_url("**said=*")
        page.goto(page.url.split("?")[0])
    page.wait_for_selector("[name=__live][value=yes]", state="attached")
    return page.url


@pytest.mark.parametrize("width", [1280, pytest.param(390, marks=pytest.mark.slow)])
def test_the_history_of_a_field_opens_over_the_form(open_browser, tmp_path_factory, width):
    folder = tmp_path_factory.mktemp(f"history-{width}")
    page = open_browser(width=width)
    form = saved_twice(page)
    page.focus("#last_name")
    page.keyboard.press("Alt+H")
    page.wait_for_selector("dialog.drawer[open]")
    assert "Przykładowa" in page.locator("dialog .trail li").first.inner_text()
    assert "Anna Nowak" in page.locator("dialog .trail li").first.inner_text()
    keep_picture(page, "drawer", folder, width)
    assert problems(page, "dialog") == []
    page.keyboard.press("Escape")
    page.wait_for_selector("dialog.drawer", state="hidden")
    assert page.evaluate("document.activeElement.id") == "last_name"
    assert page.url == form
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
    page.locator(".dock [value=save]").click()
    page.locator("#f-last_name [data-history]").click()
    assert "Przykładowa" in page.locator(".trail").inner_text()


@pytest.mark.parametrize("width", [1280, pytest.param(390, marks=pytest.mark.slow)])
def test_the_log_is_searched(open_browser, served, tmp_path_factory, width):
    from storage.accounts import add_membership, create_account

    folder, login = tmp_path_factory.mktemp(f"log-{width}"), f"ewa{width}"
    account = create_account(
        served.space.database, login, "Ewa Koss", "correct horse battery", who="office", at=served.clock()
    )
    add_membership(
        served.space.database,
        account,
        served.registry,
        "coordinator",
        site_id=served.site,
        who="office",
        at=served.clock(),
    )
    saved_twice(open_browser())
    page = open_browser(login, width=width)
    page.goto("/lead_extraction/audit")
    assert faults(page, "log", folder, width) == []
    page.fill("#f-who", "Anna Nowak")
    page.select_option("#f-kind", "save")
    page.get_by_role("button", name="Szukaj").click()
    page.wait_for_url("**kind=save**")
    assert "Anna Nowak" in page.locator("tbody").inner_text()
    page.fill("#f-item", "Nie ma takiego pola")
    page.get_by_role("button", name="Szukaj").click()
    page.wait_for_url("**item=Nie*")
    assert faults(page, "log-wrong", folder, width) == []
