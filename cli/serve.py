"""`ecrf serve`: runs the web application with the settings of the environment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click
from gunicorn.app.base import BaseApplication  # type: ignore[import-untyped]

from engine.errors import DefinitionError
from storage.errors import StorageError
from web.app import create_app
from web.server import keep_for_good, run_threads
from web.settings import SettingsError, read_settings


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="Port to listen on.")
@click.option(
    "--workers", type=click.IntRange(1, 64), help="Processes of gunicorn; without it, one process with threads."
)
def command(host: str, port: int, workers: int | None) -> None:
    """Serve the registries.

    Settings are environment variables: ECRF_DATABASE_URL, ECRF_DEFINITIONS, ECRF_MASTER_KEY_FILE, ECRF_SECRET_FILE,
    ECRF_PLAIN_HTTP, ECRF_PROXIES, ECRF_ADDRESS_FAILURES, ECRF_CACHE, ECRF_TRAINING; docs/operations.md explains them all.

    Exit status: 1 it cannot start, and says why.

    Example: ecrf serve --host 0.0.0.0 --port 8000 --workers 4
    """
    try:
        app = create_app(read_settings())
    except (SettingsError, StorageError, DefinitionError) as fault:
        click.echo(str(fault), err=True)
        raise SystemExit(1) from None
    if workers is None:
        run_threads(app, host, port)
    else:
        run_gunicorn(app, host, port, workers)


THREADS = 4  # of each process: what takes long holds up one of them


def run_gunicorn(app: Any, host: str, port: int, workers: int) -> None:
    """Several processes; the application is made before they part."""

    class Server(BaseApplication):  # type: ignore[misc]  # it ships no types
        def load_config(self) -> None:
            settings = {
                "bind": f"{host}:{port}",
                "workers": workers,
                "threads": THREADS,
                "worker_class": "cli.waiting_worker.WaitingWorker",
                "timeout": 60,
                "keepalive": 30,  # seconds: people type between two requests
                "control_socket_disable": True,
            }
            for name, value in settings.items():
                self.cfg.set(name, value)
            self.cfg.set("post_fork", _drop_connections(app))

        def load(self) -> Any:
            return app

    keep_for_good()  # before the processes part, so that they share it
    Server().run()


def _drop_connections(app: Any) -> Callable[[Any, Any], None]:
    """A process that was forked must not share the connections of its parent."""

    def drop(_server: Any, _worker: Any) -> None:
        app.extensions["ecrf"].database.pool.dispose(close=False)

    return drop
