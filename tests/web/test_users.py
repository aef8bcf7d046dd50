"""`ecrf users`: what cannot be is refused in one line, which holds no secret."""

import base64
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.main import main

ROOT = Path(__file__).parents[2]
PASSWORD = "correct horse battery\n"


@pytest.fixture(scope="module")
def users(database_url, tmp_path_factory):
    """Call it with the words after `ecrf users`; there is one hospital and one account."""
    folder = tmp_path_factory.mktemp("users")
    (folder / "master.key").write_text(base64.b64encode(b"k" * 32).decode(), "utf-8")
    environment = {
        "ECRF_DATABASE_URL": database_url, "ECRF_MASTER_KEY_FILE": str(folder / "master.key"), "ECRF_SECRET": "s" * 48,
        "ECRF_DEFINITIONS": str(ROOT / "docs" / "examples"),
    }  # fmt: skip

    def call(*words, typed=PASSWORD, **others):
        return CliRunner(env={**environment, **others}).invoke(main, ["users", *words], input=typed)

    assert call("hospital", "990000000101", "Szpital").exit_code == 0
    assert call("add", "anna", "Anna Nowak", "--password-stdin").exit_code == 0
    assert call("role", "anna", "pacing", "entry", "--hospital", "1").exit_code == 0
    return call


REFUSED = [
    ("add Anna Nowak --password-stdin", "there is a login 'anna' already"),
    ("hospital 990000000101 Szpital", "there is a hospital with the code '990000000101' already"),
    ("role anna pacing entry --hospital 99", "no hospital 99"),
    ("role anna pacin entry --hospital 1", "Did you mean 'pacing'?"),
    ("role nobody pacing entry --hospital 1", "no account 'nobody'"),
    ("role anna pacing reader --hospital 1 --end", "no role in pacing 'reader'"),
    ("role anna pacing entry --hospital 99999999999999999999", "'--hospital'"),
    ("hospital ' ' Szpital", "'CODE': is empty"),
    ("hospital 990000000102 ''", "'NAME': is empty"),
    ("add '' Anna --password-stdin", "'LOGIN': is empty"),
]


@pytest.mark.parametrize(("words", "told"), REFUSED, ids=[told for _, told in REFUSED])
def test_what_cannot_be_is_told_in_one_line(users, words, told):
    result = users(*shlex.split(words))
    assert result.exit_code in {1, 2}
    assert isinstance(result.exception, SystemExit)
    assert told in result.output.splitlines()[-1]


@pytest.mark.parametrize(
    ("password", "told"),
    [("short", "at least 12"), ("password1234", "easily guessed"), ("Anna Nowak 12", "easily guessed")],
)
def test_a_weak_password_is_refused_in_one_line(users, password, told):
    for words in ("add anna.nowak 'Anna Nowak' --password-stdin", "password anna --password-stdin"):
        result = users(*shlex.split(words), typed=f"{password}\n")
        assert result.exit_code == 1
        assert told in result.output
        assert password not in result.output


@pytest.mark.parametrize("url", ["sqlite:////nowhere/ecrf.sqlite3", "postgresql:///none?host=/nowhere", "no address"])
def test_a_database_that_does_not_answer_is_told_in_one_line(users, url):
    result = users("list", ECRF_DATABASE_URL=url)
    assert result.exit_code == 1
    assert re.fullmatch(r"the database cannot be opened \(.+\): see that it runs, .*\n", result.output)
