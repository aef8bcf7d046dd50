"""`ecrf db role`: the application runs as a role that owns no table, and says so where it cannot."""

import base64
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import make_url

from cli.main import main
from storage.database import open_database
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


def may(database, role, rights):
    """Which of these rights (table -> right) a role has."""
    asked = "SELECT has_table_privilege(%s, %s, %s)"
    with database.read() as connection:
        return {
            table
            for table, right in rights.items()
            if connection.exec_driver_sql(asked, (role, table, right)).scalar_one()
        }


def test_an_upgrade_gives_the_role_what_new_tables_ask_for(call, new_postgres):
    url, new = new_postgres(), {"closing": "UPDATE", "form_month": "SELECT", "alembic_version": "SELECT"}
    assert call("role", "ecrf_served", url=url).exit_code == 0
    database = open_database(url)
    with database.write() as connection:
        connection.exec_driver_sql(
            "DO $$ BEGIN CREATE ROLE ecrf_analyst; EXCEPTION WHEN duplicate_object THEN NULL; END $$"
        )
        connection.exec_driver_sql("GRANT SELECT ON ALL TABLES IN SCHEMA public TO ecrf_analyst")
        for table in new:  # as tables are that an upgrade makes
            connection.exec_driver_sql(f"REVOKE ALL ON {table} FROM ecrf_served")
    assert may(database, "ecrf_served", new) == set()
    told = call("upgrade", url=url)
    assert (told.exit_code, "ecrf_served may work with the tables" in told.output) == (0, True)
    assert "ecrf_analyst" not in told.output
    assert may(database, "ecrf_served", new) == set(new)
    assert may(database, "ecrf_served", {"audit_entry": "UPDATE"}) == set(), "and nothing more"
    assert may(database, "ecrf_analyst", {"closing": "INSERT"}) == set()
    database.close()


def test_an_upgrade_says_what_is_left_to_run(call, new_postgres, new_sqlite, served):
    said = "run `ecrf db role NAME` as their owner"
    assert said in call("upgrade", url=new_postgres()).output
    assert "ecrf db role" not in call("upgrade", url=new_sqlite()).output
    assert call("role", "ecrf_served").exit_code == 0
    assert said in call("upgrade", url=served).output, "whoever owns nothing gives nothing"


def test_an_owner_who_made_no_role_gives_rights_and_says_who_sets_it_up(call, new_postgres):
    url = new_postgres(tables=False)
    database = open_database(url)
    with database.write() as connection:
        connection.exec_driver_sql("CREATE ROLE ecrf_keeper LOGIN")
        connection.exec_driver_sql("GRANT ALL ON SCHEMA public TO ecrf_keeper")
        for name in ("registry", "site", "at", "account", "unit"):  # functions of migrations set them
            connection.exec_driver_sql(f"GRANT SET ON PARAMETER ecrf.{name} TO ecrf_keeper")
    keeper = make_url(url).set(username="ecrf_keeper").render_as_string(hide_password=False)
    assert call("upgrade", url=keeper).exit_code == 0
    assert call("role", "ecrf_served", url=url).exit_code == 0
    with database.write() as connection:
        connection.exec_driver_sql("REVOKE ALL ON closing FROM ecrf_served")
    told = call("upgrade", url=keeper)
    assert "ecrf_served may work with the tables" in told.output
    assert "run `ecrf db role ecrf_served` as whoever made it" in told.output
    assert may(database, "ecrf_served", {"closing": "UPDATE"}) == {"closing"}
    database.close()
