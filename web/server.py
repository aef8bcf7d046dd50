"""Runs the application in one process, for a demonstration or a small office; its answers name no versions."""

from __future__ import annotations

import gc
import logging

from flask import Flask
from werkzeug.serving import WSGIRequestHandler


class Handler(WSGIRequestHandler):
    """Says nothing about what it is made of."""

    sys_version = ""

    def version_string(self) -> str:
        """The Server header."""
        return "ecrf"


def run_threads(app: Flask, host: str, port: int, *, quiet: bool = False) -> None:
    """One process with a thread for each request."""
    keep_for_good()
    if quiet:
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
    app.run(host=host, port=port, threaded=True, debug=False, use_reloader=False, request_handler=Handler)


def keep_for_good() -> None:
    """What the start made stays as long as the process: looking through it for garbage would hold up a request."""
    gc.collect()
    gc.freeze()


__all__ = ["Handler", "keep_for_good", "run_threads"]
