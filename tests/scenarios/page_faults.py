"""What is wrong with a page: for a checker of accessibility, at the edge of the screen, and by its own word."""

import re
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

RULES = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
}
_OUTSIDE = (
    "all => all.filter((e) => e.getBoundingClientRect().right > innerWidth + 1).map((e) => e.outerHTML.slice(0, 200))"
)


def problems(page: Page, part: str | None = None) -> list[Any]:
    """The faults that axe finds, each with where."""
    found = Axe().run(page, context=part, options=RULES).response["violations"]
    return [(each["id"], each["help"], [node["html"][:160] for node in each["nodes"]][:3]) for each in found]


def too_wide(page: Page) -> list[str]:
    """What reaches beyond the screen where the page scrolls sideways."""
    if not page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
        return []
    return list(page.eval_on_selector_all("main *", _OUTSIDE)[:8]) or ["the page"]


def faults(page: Page, name: str, folder: Path, width: int) -> list[Any]:
    """Both, of the page as a whole; a picture of it is kept in the folder."""
    page.screenshot(path=folder / f"{name}-{width}.png", full_page=True)
    before = page.viewport_size
    height = page.evaluate("document.documentElement.scrollHeight")
    page.set_viewport_size({"width": width, "height": height})  # so that the bar at the bottom covers nothing
    found = problems(page)
    if before is not None:
        page.set_viewport_size(before)
    return [(name, fault) for fault in (*found, *too_wide(page))]


def is_fault(said: str) -> bool:
    """Whether what a page tells the console is a fault of it: the policy is broken, or its rules have stopped."""
    return "Content Security Policy" in said or re.match(r"[A-Za-z]*Error\b", said) is not None
