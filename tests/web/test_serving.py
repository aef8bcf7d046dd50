"""`ecrf serve` with processes: people who have opened a connection and ask nothing yet hold up nobody."""

import os
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from socket import create_connection, create_server
from time import sleep
from urllib.request import urlopen

import pytest

from cli.serve import THREADS
from tests.patience import SECONDS

ROOT = Path(__file__).parents[2]
SILENT = 40  # ten for each thread: where each held up one for five seconds, all of them would for fifty
SERVER = """
import sys
from threading import Event
from types import SimpleNamespace
from cli.serve import run_gunicorn

class App:
    extensions = {"ecrf": SimpleNamespace(database=SimpleNamespace(pool=SimpleNamespace(dispose=lambda close: None)))}

    def __call__(self, environ, start):
        if environ["PATH_INFO"] == "/long":
            Event().wait(60)
        start("200 OK", [("Content-Length", "2"), ("Content-Type", "text/plain")])
        return [b"ok"]

run_gunicorn(App(), "127.0.0.1", int(sys.argv[1]), 1)
"""


@pytest.fixture
def port():
    """Where a server with one process listens."""
    with create_server(("127.0.0.1", 0)) as free:
        number = free.getsockname()[1]
    command = [sys.executable, "-c", SERVER, str(number)]
    server = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL, start_new_session=True)
    try:
        for _ in range(10 * SECONDS):
            try:
                create_connection(("127.0.0.1", number)).close()
                break
            except OSError:
                sleep(0.1)
        yield number
    finally:
        os.killpg(server.pid, signal.SIGKILL)  # its own way would wait half a minute for what takes long
        server.wait()


def test_silent_connections_hold_up_nobody(port):
    with ExitStack() as open_ones:
        silent = [open_ones.enter_context(create_connection(("127.0.0.1", port))) for _ in range(SILENT)]
        assert urlopen(f"http://127.0.0.1:{port}/", timeout=20).read() == b"ok"
        silent[0].settimeout(20)
        for _ in range(2):  # what was opened early is answered when it asks, and asks again
            silent[0].sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            answer = b""
            while not answer.endswith(b"\r\n\r\nok"):
                answer += silent[0].recv(4096)
            assert answer.startswith(b"HTTP/1.1 200")


def test_what_takes_long_holds_up_one_thread_and_not_the_rest(port):
    with ExitStack() as open_ones:
        for _ in range(THREADS - 1):
            long = open_ones.enter_context(create_connection(("127.0.0.1", port)))
            long.sendall(b"GET /long HTTP/1.1\r\nHost: x\r\n\r\n")
        for _ in range(5):
            assert urlopen(f"http://127.0.0.1:{port}/", timeout=20).read() == b"ok"
