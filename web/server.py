"""Runs the application in one process, for a demonstration or a small office; its answers name no versions."""

from __future__ import annotations

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
    if quiet:
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
    app.run(host=host, port=port, threaded=True, debug=False, use_reloader=False, request_handler=Handler)


__all__ = ["Handler", "run_threads"]
