"""`ecrf db tidy` deletes what is over, and nothing that somebody still needs."""

import base64
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from click.testing import CliRunner

from cli.main import main
from storage.accounts import create_account, session_account, sign_in
from storage.database import open_database
from storage.keys import read_keys
from storage.session_notes import leave_note, read_note
from storage.upgrading import upgrade
from web.settings import system_clock

ROOT, PASSWORD = Path(__file__).parents[2], "correct horse battery"


def test_what_is_over_goes_and_the_rest_stays(new_sqlite, tmp_path):
    key = tmp_path / "master.key"
    key.write_text(base64.b64encode(b"k" * 32).decode(), "utf-8")
    environment = {
        "ECRF_DATABASE_URL": new_sqlite(), "ECRF_MASTER_KEY_FILE": str(key), "ECRF_SECRET": "s" * 48,
        "ECRF_DEFINITIONS": str(ROOT / "docs" / "examples"),
    }  # fmt: skip

    def tidy():
        done = CliRunner(env=environment).invoke(main, ["db", "tidy"], catch_exceptions=False)
        assert done.exit_code == 0, done.output
        return done.output.splitlines()

    with closing(open_database(environment["ECRF_DATABASE_URL"], read_keys(key))) as database:
        upgrade(database)
        now = system_clock()
        create_account(database, "anna", "Anna", PASSWORD, who="office", at=now)
        old, new = (sign_in(database, "anna", PASSWORD, at=now - timedelta(days=days)) for days in (3, 0))
        for token, minutes in ((old, 0), (new, 120)):
            leave_note(database, token, "late", at=now - timedelta(minutes=minutes))
        kept = leave_note(database, new, "fresh", at=now)
        assert tidy() == ["1 notes of sessions", "1 sessions", "0 working copies", "0 answers to saves"]
        assert tidy() == ["0 notes of sessions", "0 sessions", "0 working copies", "0 answers to saves"]
        assert session_account(database, new, at=now) is not None
        assert read_note(database, new, kept, at=now) == "fresh"
