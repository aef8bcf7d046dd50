"""`ecrf db role`: the application runs as a role that owns no table, and says so where it cannot."""

import base64
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import make_url

from cli.main import main
from web.app import create_app
from web.settings import Settings

FOLDER = Path(__file__).parents[1] / "fixtures" / "rights"


@pytest.fixture(scope="module")
def call(postgres_url, key):
    """Call it with the words after `ecrf db`."""

    def run(*words, url=postgres_url):
        given = {"ECRF_DATABASE_URL": url, "ECRF_MASTER_KEY_FILE": str(key), "ECRF_SECRET": "s" * 48}
        return CliRunner(env=given).invoke(main, ["db", *words])

    return run


@pytest.fixture(scope="module")
def served(postgres_url):
    """The address with the application's role."""
    return make_url(postgres_url).set(username="ecrf_served").render_as_string(hide_password=False)


@pytest.fixture(scope="module")
def key(tmp_path_factory):
    """The file of the master key."""
    file = tmp_path_factory.mktemp("db") / "master.key"
    file.write_text(base64.b64encode(b"k" * 32).decode(), "utf-8")
    return file


def test_the_application_starts_as_its_role(call, served, key, new_sqlite):
    assert "owns none of them" in call("role", "ecrf_served").output
    app = create_app(Settings(served, FOLDER, key, "s" * 48, secure_cookies=False))
    assert app.test_client().get("/healthz").json == {"ok": True}
    app.extensions["ecrf"].database.close()
    assert call("upgrade").exit_code == 0
    refused = call("role", "x", url=new_sqlite())
    assert (refused.exit_code, "SQLite knows no roles" in refused.output) == (1, True)


def test_a_role_that_owns_nothing_makes_no_tables(call, new_postgres):
    assert call("role", "ecrf_served").exit_code == 0
    empty = make_url(new_postgres(tables=False)).set(username="ecrf_served").render_as_string(hide_password=False)
    refused = call("upgrade", url=empty)
    assert refused.exit_code == 1
    assert "run `ecrf db role` as their owner" in refused.output
