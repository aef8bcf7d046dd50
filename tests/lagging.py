"""A server that answers late and in pieces, and a browser that is slow, as on a machine that is busy: they show which tests look too early.

With ECRF_TEST_LAG=300 in the environment (milliseconds) each answer to a browser of the scenarios lags three times: before it begins, after
its first bytes, and in its middle. What a page puts off anyway is put off by as much: timers, answers to its scripts, the end of a dialog;
and a click or a key does not wait for the page that it leads to, as it may not on a busy machine. With ECRF_TEST_SLOW=6 the processor is
that many times slower for the pages. What passes then waits for what a person would see, and does not hang on which of two is faster.
"""

import os
import time
from collections.abc import Iterable, Iterator
from functools import partialmethod
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from werkzeug.wsgi import ClosingIterator

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment
    from playwright.sync_api import Browser, BrowserContext, Page

LAG = int(os.environ.get("ECRF_TEST_LAG", "0"))  # milliseconds
SLOW = float(os.environ.get("ECRF_TEST_SLOW", "1"))  # times
FIRST = 15  # bytes: enough that a browser begins the page, not enough that anything of it is there
# What a page does later: events that come as tasks of their own, timers, answers.
PUT_OFF = """(() => {
  const lag = %d, wait = setTimeout, listen = EventTarget.prototype.addEventListener, ask = fetch;
  const isLate = (target, kind) => kind === 'close' || kind === 'toggle' || (kind === 'load' && target instanceof XMLHttpRequest);
  globalThis.setTimeout = (run, time = 0, ...given) => wait(run, Number(time) + lag, ...given);
  globalThis.fetch = async (...given) => { const answer = await ask(...given); await new Promise((go) => wait(go, lag)); return answer; };
  EventTarget.prototype.addEventListener = function (kind, run, options) {
    return listen.call(this, kind, isLate(this, kind) ? (event) => wait(() => run.call(this, event), lag) : run, options);
  };
})()"""


def is_slow() -> bool:
    """Whether the environment wants it so."""
    return LAG > 0 or SLOW > 1


def lagging(app: "WSGIApplication") -> "WSGIApplication":
    """The application itself, or one that lags where the environment wants it."""
    if not LAG:
        return app

    def slow(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        time.sleep(LAG / 1000)
        answer = app(environ, start_response)
        return ClosingIterator(_pieces(answer, LAG / 1000), getattr(answer, "close", None))

    return slow


def _pieces(answer: Iterable[bytes], seconds: float) -> Iterator[bytes]:
    for number, part in enumerate(answer):
        if number:
            yield part
            continue
        for start, end in pairwise((0, FIRST, max(FIRST, len(part) // 2), len(part))):
            if start:
                time.sleep(seconds)
            yield part[start:end]


def slow_down(browser: "Browser", patch: pytest.MonkeyPatch) -> None:
    """Make all pages that a browser will open slow, where the environment wants it."""
    from playwright.sync_api import Locator, Page

    if SLOW > 1:
        browser.on("context", _throttle_all)
    if not LAG:
        return
    browser.on("context", _put_off)
    for kind in (Page, Locator):
        for name in ("click", "dblclick", "press"):
            patch.setattr(kind, name, partialmethod(getattr(kind, name), no_wait_after=True))


def _put_off(context: "BrowserContext") -> None:
    context.add_init_script(PUT_OFF % LAG)


def _throttle_all(context: "BrowserContext") -> None:
    context.on("page", _throttle)


def _throttle(page: "Page") -> None:
    page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": SLOW})
