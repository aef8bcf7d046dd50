"""The test machinery itself: both databases answer and the browser renders."""

import sqlite3
from contextlib import closing
from importlib.resources import files
from pathlib import Path

import psycopg


def test_database_answers(database_url):
    connect = psycopg.connect if database_url.startswith("postgresql:") else connect_sqlite
    with closing(connect(database_url)) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)


def connect_sqlite(url: str) -> sqlite3.Connection:
    return sqlite3.connect(url.removeprefix("sqlite:///"))


def test_each_database_is_new(new_postgres, new_sqlite):
    assert new_postgres() != new_postgres()
    assert not Path(new_sqlite(tables=False).removeprefix("sqlite:///")).exists()


def test_browser_renders(page):
    page.goto("data:text/html,<title>t</title><h1 id=h>Rejestr</h1><script>h.textContent += ' 1'</script>")
    assert page.inner_text("h1") == "Rejestr 1"


def test_axe_is_at_hand(page):
    page.set_content("<html lang=pl><title>t</title><main><img src=''></main></html>")
    page.evaluate((files("axe_playwright_python") / "axe.min.js").read_text())
    result = page.evaluate("axe.run()")
    assert "image-alt" in {violation["id"] for violation in result["violations"]}
