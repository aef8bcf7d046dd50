"""A server that answers late and in pieces, as on a machine that is busy: it shows which tests look at a page before it is there.

With ECRF_TEST_LAG=300 in the environment (milliseconds) each answer to a browser of the scenarios lags three times: before it begins, after
its first bytes, and in its middle. What passes then waits for what a person would see, and does not hang on which of two is faster.
"""

import os
import time
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from werkzeug.wsgi import ClosingIterator

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

FIRST = 15  # bytes: enough that a browser begins the page, not enough that anything of it is there


def lagging(app: "WSGIApplication") -> "WSGIApplication":
    """The application itself, or one that lags where the environment wants it."""
    seconds = int(os.environ.get("ECRF_TEST_LAG", "0")) / 1000
    if not seconds:
        return app

    def slow(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        time.sleep(seconds)
        answer = app(environ, start_response)
        return ClosingIterator(_pieces(answer, seconds), getattr(answer, "close", None))

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
