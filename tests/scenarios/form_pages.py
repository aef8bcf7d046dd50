"""What scenarios do with the pages of forms time and again."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page, Route

REGISTER = "form[action$='/patients'][method=post] button"


def opened(page: Page) -> None:
    """Wait until a form is there and its scripts have run."""
    page.wait_for_selector("#entry")
    page.wait_for_load_state()


def register(page: Page) -> str:
    """Register a patient from the list; the address of the form to which one is led."""
    page.click(REGISTER)
    opened(page)
    return page.url


def held_back(page: Page, script: str) -> Callable[[], None]:
    """A script of the next page does not come, as on a slow line, until one calls what this gives."""
    asked: list[Route] = []
    page.route(f"**/static/{script}", lambda route: asked.append(route))  # noqa: PLW0108 - it takes functions alone

    def let_go() -> None:
        wait_until(page, lambda: bool(asked))
        asked[0].continue_()
        page.unroute(f"**/static/{script}")

    return let_go


def wait_until(page: Page, holds: Callable[[], bool]) -> None:
    """For what the browser itself does: no element of the page tells it."""
    for _ in range(1200):
        if holds():
            return
        page.wait_for_timeout(50)
    raise AssertionError("it did not happen")
