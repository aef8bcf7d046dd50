"""What is wrong with a page: for a checker of accessibility, at the edge of the screen, and by its own word."""

import os
import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

_OPTIONS = {
    "runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]},
    "resultTypes": ["violations"],  # of what is well, nothing is told
    "preload": False,  # our style sheets are of one origin, and read already
    "selectors": False,
}
_AXE = """([part, options]) => axe.run(part || document, options).then(
  (found) => found.violations.map((each) => [each.id, each.help, each.nodes.slice(0, 3).map((node) => node.html.slice(0, 160))]))"""
# What appears has faded in; what turns as long as one waits does not count.
_STILL = """() => Promise.allSettled(document.getAnimations()
  .filter((each) => each.effect.getComputedTiming().endTime !== Infinity).map((each) => each.finished))"""
_OUTSIDE = (
    "all => all.filter((e) => e.getBoundingClientRect().right > innerWidth + 1).map((e) => e.outerHTML.slice(0, 200))"
)


def problems(page: Page, part: str | None = None) -> list[Any]:
    """The faults that axe finds, each with where, once the page is there as a whole."""
    page.wait_for_load_state()
    page.evaluate(_STILL)
    if not page.evaluate("'axe' in window"):
        page.evaluate(_axe_script())
    return [tuple(each) for each in page.evaluate(_AXE, [part, _OPTIONS])]


@lru_cache(1)
def _axe_script() -> str:
    return str(Axe().axe_script)


def too_wide(page: Page) -> list[str]:
    """What reaches beyond the screen where the page scrolls sideways."""
    page.wait_for_load_state()
    if not page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
        return []
    return list(page.eval_on_selector_all("main *", _OUTSIDE)[:8]) or ["the page"]


def keep_picture(page: Page, name: str, folder: Path, width: int) -> None:
    """With ECRF_PICTURES in the environment a picture of the whole page is kept in the folder; nobody else would look at it."""
    if "ECRF_PICTURES" in os.environ:
        page.screenshot(path=folder / f"{name}-{width}.png", full_page=True)


def faults(page: Page, name: str, folder: Path, width: int) -> list[Any]:
    """Both, of the page as a whole, once it is there; its picture is kept where one is wanted."""
    page.wait_for_load_state()
    keep_picture(page, name, folder, width)
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
