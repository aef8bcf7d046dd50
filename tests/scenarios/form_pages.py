"""What scenarios do with the pages of forms time and again."""

from __future__ import annotations

import re
from collections.abc import Callable

from playwright.sync_api import Page, Route

_HAS_RULES = "Boolean(globalThis.ecrfRules && document.querySelector('#entry[data-program]') && document.getElementById('form-state'))"
REGISTER = "form[action$='/patients'][method=post] button"


def opened(page: Page) -> None:
    """Wait until a form is there, its scripts have run, and its rules have come where it has some."""
    page.wait_for_selector("#entry")
    page.wait_for_load_state()
    if page.evaluate(_HAS_RULES):
        live(page)


def live(page: Page) -> None:
    """Wait until the rules have come: from then on they say at once what they make of an answer."""
    page.wait_for_selector("[name=__live][value=yes]", state="attached")


def kept(page: Page) -> None:
    """Wait until what was typed is kept in the working copy."""
    page.wait_for_selector('[data-save="copy"]')


def register(page: Page) -> str:
    """Register a patient from the list; the address of the form to which one is led."""
    with page.expect_navigation():
        page.click(REGISTER)
    opened(page)
    return page.url


def number_of(page: Page) -> str:
    """The number of the patient whose page it is."""
    return re.split("[/?#]", page.url.split("/patients/")[1])[0]


def save(page: Page, verb: str = "save") -> None:
    """Press a button that saves, and wait for the page that says so: another one, though its address may be the same."""
    with page.expect_navigation(url="**said=*"):
        page.locator(f".dock [value={verb}]").click()


def complete(page: Page) -> None:
    """The same, where nothing is missing."""
    with page.expect_navigation(url="**done=*"):
        page.locator(".dock [value=complete]").click()


def to_form(page: Page, registry: str, who: str, form: str) -> None:
    """From the page of a patient to a form, by the end of its address."""
    page.goto(f"/{registry}/patients/{who}")
    with page.expect_navigation():
        page.locator(f'.lanes a[href$=".{form}"]').first.click()
    opened(page)


class HeldBack:
    """What a page asks for at an address does not come, as on a slow line, until one lets it go."""

    def __init__(self, page: Page, address: str | re.Pattern[str]) -> None:
        self.page, self.address = page, address
        self.asked: list[Route] = []
        page.route(address, self._hold)

    def _hold(self, route: Route) -> None:
        self.asked.append(route)

    def wait(self) -> None:
        """Until the page has asked."""
        wait_until(self.page, lambda: bool(self.asked))

    def let_go(self) -> None:
        """Let it through, and what is asked for from now on."""
        self.wait()
        for route in self.asked:
            route.continue_()
        self.page.unroute(self.address, self._hold)


def wait_until(page: Page, holds: Callable[[], bool]) -> None:
    """For what the browser itself does: no element of the page tells it."""
    for _ in range(1200):
        if holds():
            return
        page.wait_for_timeout(50)
    raise AssertionError("it did not happen")
