"""How the application bears a full day's people at once: `python -m benchmarks.sessions [-n 1000] [--seconds 60] [--workers 2]`.

So many people are signed in, each with a patient and an open form; each saves the form every ten seconds with one value
changed, through the page's own post: rules, audit, states. wrk (https://github.com/wg/wrk) keeps the connections, on the same
machine. Beside it a page with nothing on it, asked as often, tells what the server alone takes. Connections begin with that page, all
at once; it counts among no saves.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from time import sleep
from typing import Any
from unittest.mock import patch
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

from argon2 import PasswordHasher
from sqlalchemy import text

from storage.accounts import add_membership, create_account, create_site
from storage.database import Database, open_database
from tests.conftest import running_postgres
from tests.web.browsing import PASSWORD, Browser
from web.app import create_app
from web.settings import Settings
from web.workspace import EXTENSION

DEFINITIONS = Path(__file__).parents[1] / "form_definitions"
REGISTRY, FORM = "lead_extraction", "admission"
SECRET = "s" * 48
PER_HOSPITAL = 4  # people: 1,000 of them in 250 hospitals
EVERY = 10  # seconds between two saves of a person, on average
AIM = 300.0  # milliseconds that 95 of 100 saves may take
PORT = 8790
ERRORS = ("connect", "read", "write", "status", "timeout")  # as wrk tells them apart
VALUES = {
    "unit_code": "100", "adm_datetime__d": "10", "adm_datetime__m": "3", "adm_datetime__y": "2026", "adm_datetime__t": "8:30",
    "adm_mode": "planned", "urgency": "urgent", "payer": "nfz", "entitlement": "insured", "adm_icd10": "T82.7", "__do": "save",
    "main_book_no": "@REVISION@/2026", "__revision": "@REVISION@", "__key": "@KEY@",
}  # fmt: skip
SCRIPT = """
local people, ours, turn, begun = {}, {}, 0, 0
for line in io.lines(os.getenv("PEOPLE")) do
  local path, cookie, body = line:match("^(%S+) (%S+) (%S+)$")
  table.insert(people, {path = path, cookie = cookie, body = body, revision = 0})
end
local threads = 0
function setup(thread) thread:set("share", threads); threads = threads + 1 end
function init()
  math.randomseed(share + 1)
  for place, one in ipairs(people) do if place % 2 == share then table.insert(ours, one) end end
end
function delay() return math.random(0, 2 * tonumber(os.getenv("PAUSE"))) end
function request()
  if begun < #ours and os.getenv("FIRST") then  -- all connections begin at once, as people do not
    begun = begun + 1
    return wrk.format("GET", os.getenv("FIRST"))
  end
  turn = turn % #ours + 1
  local one = ours[turn]
  if os.getenv("EMPTY") then return wrk.format("GET", os.getenv("EMPTY"), {Cookie = one.cookie}) end
  local body = one.body:gsub("%%40REVISION%%40", tostring(one.revision)):gsub("%%40KEY%%40", "benchmark-" .. turn .. "-" .. one.revision)
  one.revision = one.revision + 1
  return wrk.format("POST", one.path, {Cookie = one.cookie, ["Content-Type"] = "application/x-www-form-urlencoded",
    Origin = wrk.scheme .. "://" .. wrk.host .. ":" .. wrk.port}, body)
end
function done(summary, latency)
  local wrong, first = summary.errors, os.getenv("FIRST") and #people or 0
  local requests = summary.requests - first
  local function of(share) return latency:percentile(100 - (100 - share) * requests / summary.requests) / 1000 end
  io.stderr:write(string.format('{"requests": %d, "connect": %d, "read": %d, "write": %d, "status": %d, "timeout": %d, ',
    requests, wrong.connect, wrong.read, wrong.write, wrong.status, wrong.timeout))
  io.stderr:write(string.format('"p50": %.1f, "p95": %.1f, "p99": %.1f}', of(50), of(95), of(99)))
end
"""


def prepare(url: str, key: Path, number: int) -> Iterator[str]:
    """Sign so many people in, each with a patient and an open form: address, cookie and post of each."""
    quick = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    app = create_app(Settings(url, DEFINITIONS, key, SECRET, secure_cookies=False))
    database: Database = app.extensions[EXTENSION].database
    with patch("storage.accounts._HASHER", quick):
        for one in range(number):
            now = datetime.now(UTC)
            if one % PER_HOSPITAL == 0:
                site = create_site(database, f"{990000000000 + one}", f"Szpital {one}", who="bench", at=now)
            account = create_account(database, f"person{one}", f"Person {one}", PASSWORD, who="bench", at=now)
            add_membership(database, account, REGISTRY, "entry", site_id=site, who="bench", at=now)
            person = Browser(app.test_client())
            person.sign_in(f"person{one}")
            address, fields = person.open(person.register(), FORM).fields("forms")
            cookie = person.client.get_cookie("ecrf")
            assert cookie is not None
            body = urlencode([(name, VALUES.get(name, value)) for name, value in fields if name != "__do"])
            yield f"{address} ecrf={cookie.value} {body}&__do=save"
    database.close()


@contextmanager
def serving(url: str, key: Path, workers: int) -> Iterator[str]:
    """`ecrf serve` with several processes; its address."""
    secret = key.with_name("secret")
    secret.write_text(SECRET, "utf-8")
    environment = {
        **os.environ, "ECRF_DATABASE_URL": url, "ECRF_DEFINITIONS": str(DEFINITIONS), "ECRF_MASTER_KEY_FILE": str(key),
        "ECRF_SECRET_FILE": str(secret), "ECRF_PLAIN_HTTP": "1",
    }  # fmt: skip
    command = [str(Path(sys.executable).with_name("ecrf")), "serve", "--port", str(PORT), "--workers", str(workers)]
    server, address = subprocess.Popen(command, env=environment), f"http://127.0.0.1:{PORT}"
    try:
        while server.poll() is None:
            try:
                urlopen(f"{address}/healthz").close()  # noqa: S310 -- our own address
                break
            except URLError:
                sleep(0.2)
        yield address
    finally:
        server.terminate()
        server.wait()


def press(address: str, people: Path, number: int, seconds: int, **more: str) -> Mapping[str, Any]:
    """Let wrk ask; what it tells."""
    script = people.with_name("people.lua")
    script.write_text(SCRIPT, "utf-8")
    environment = {**os.environ, "PEOPLE": str(people), "PAUSE": str(EVERY * 1000), **more}
    command = ["wrk", "-t2", f"-c{number}", f"-d{seconds}s", "--timeout", "30s", "-s", str(script), address]
    told = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    found: Mapping[str, Any] = json.loads(told.stderr)
    return found


def saves(url: str) -> int:
    """How many saves the audit tells of."""
    database = open_database(url)
    with database.read() as connection:
        number = int(
            connection.execute(
                text("SELECT count(*) FROM audit_entry WHERE kind IN ('open_form', 'save')")
            ).scalar_one()
        )
    database.close()
    return number


def _errors(told: Mapping[str, Any]) -> str:
    """How many of each kind."""
    return ", ".join(f"{told[kind]} {kind}" for kind in ERRORS if told[kind]) or "0"


def main() -> int:
    """Prepare, press, tell."""
    options = argparse.ArgumentParser(prog="python -m benchmarks.sessions", description=__doc__)
    options.add_argument("-n", type=int, default=1000, help="people")
    options.add_argument("--seconds", type=int, default=60)
    options.add_argument("--workers", type=int, default=2, help="processes of the server")
    chosen = options.parse_args()
    if shutil.which("wrk") is None:
        print("wrk is not there: install the package wrk", file=sys.stderr)
        return 1
    with running_postgres() as socket_folder, TemporaryDirectory() as name:
        url, folder = f"postgresql://postgres@/postgres?host={socket_folder}", Path(name)
        key, people = folder / "master.key", folder / "people.txt"
        key.write_text(base64.b64encode(b"k" * 32).decode(), "utf-8")
        people.write_text("\n".join(prepare(url, key, chosen.n)) + "\n", "utf-8")
        with serving(url, key, chosen.workers) as address:
            press(address, people, chosen.n, 5, EMPTY="/healthz")  # warm
            empty = press(address, people, chosen.n, chosen.seconds, EMPTY="/healthz")
            before = saves(url)
            found = press(address, people, chosen.n, chosen.seconds, FIRST="/healthz")
            kept = saves(url) - before
    print(
        f"| {chosen.n} people, one save each {EVERY} s on average, {chosen.workers} processes | p50 | p95 | p99 | asked | errors |"
    )
    print("| --- | ---: | ---: | ---: | ---: | ---: |")
    for what, told in (("an empty page", empty), ("a save", found)):
        print(
            f"| {what} | {told['p50']} ms | {told['p95']} ms | {told['p99']} ms | {told['requests']} | {_errors(told)} |"
        )
    print(
        f"\n{kept} of {found['requests']} saves are kept; p95 is {found['p95'] / empty['p95']:.1f} times that of the empty page."
    )
    well = kept >= found["requests"] and not any(found[kind] for kind in ERRORS) and found["p95"] < AIM
    print("The aim is met." if well else "The aim is missed.")
    return 0 if well else 1


if __name__ == "__main__":
    sys.exit(main())
