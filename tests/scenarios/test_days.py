"""Whoever works in several registries comes from what waits in all of them to the day of one, and back, by the keyboard."""

import re

import pytest
from playwright.sync_api import expect

from storage.accounts import add_membership, create_account
from tests.scenarios.page_faults import faults
from tests.web.browsing import PASSWORD

REGISTRIES = ("lead_extraction", "ablation", "mcs")


@pytest.fixture(scope="module")
def wera(served):
    """A coordinator in three registries, and in one of them an administrator of people alone."""
    space, now = served.space, served.clock.now
    account = create_account(space.database, "wera", "Wera Maj", PASSWORD, who="office", at=now)
    for registry, role in zip(REGISTRIES, ("coordinator", "coordinator", "local_administrator"), strict=True):
        add_membership(space.database, account, registry, role, site_id=served.site, who="office", at=now)
    return "wera"


@pytest.mark.parametrize(
    ("width", "language"),
    [
        (1280, "pl"),
        pytest.param(1280, "en", marks=pytest.mark.slow),
        pytest.param(390, "pl", marks=pytest.mark.slow),
        (390, "en"),
    ],
)
def test_from_all_registries_to_one_and_back(open_browser, wera, width, language, tmp_path_factory):
    page = open_browser(wera, width=width, language=language)
    page.goto("/day")
    assert faults(page, f"days-{language}", tmp_path_factory.mktemp("days"), width) == []
    page.focus("#main a >> nth=0")
    page.keyboard.press("Tab")
    second = page.locator("#main a:focus").get_attribute("href")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{second}")
    page.focus(".menu.registries summary")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    expect(page.locator(".menu.registries[open] a").first).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r":\d+/day$"))
    page.locator("h1", has_text={"pl": "Wszystkie rejestry", "en": "All registries"}[language]).wait_for()
