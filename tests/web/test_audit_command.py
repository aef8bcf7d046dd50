"""`ecrf audit`: seals are made, exported and compared; the verdict says what is wrong and where."""

import base64
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.main import main

ROOT = Path(__file__).parents[2]


@pytest.fixture
def call(database_url, tmp_path_factory):
    """Call it with the words after `ecrf`; there is one hospital."""
    folder = tmp_path_factory.mktemp("audit")
    (folder / "master.key").write_text(base64.b64encode(b"k" * 32).decode(), "utf-8")
    environment = {
        "ECRF_DATABASE_URL": database_url, "ECRF_MASTER_KEY_FILE": str(folder / "master.key"), "ECRF_SECRET": "s" * 48,
        "ECRF_DEFINITIONS": str(ROOT / "docs" / "examples"),
    }  # fmt: skip
    runner = CliRunner(env=environment)
    return lambda *words: runner.invoke(main, list(map(str, words)))


def test_seals_are_exported_and_verified(call, tmp_path):
    assert call("users", "hospital", "990000000101", "Szpital").exit_code == 0
    assert "never sealed" in call("audit", "verify").output
    assert call("audit", "seal").output == "1\n"
    file = tmp_path / "seals.jsonl"
    assert call("audit", "export", "-o", file).exit_code == 0
    assert call("audit", "seal").output == "2\n"
    assert call("audit", "export", "--after", 1, "-o", file).exit_code == 0
    assert [json.loads(line)["number"] for line in file.read_text().splitlines()] == [1, 2]
    done = call("audit", "verify", "--seals", file)
    assert done.exit_code == 0, done.output
    assert "all as written. 1 entries, sealed up to seal 2, compared with 2 exported seals." in done.output
    file.write_text(file.read_text().replace('"system":[1', '"system":[2'))
    done = call("audit", "verify", "--seals", file)
    assert done.exit_code == 1
    assert "exported seal 1: was changed, or sealed with another key" in done.output
    assert "system, entry 2: was removed after it was sealed" in done.output
    assert "NOT as written" in done.output
    told = call("audit", "verify", "--seals", file, "--format", "json").stdout
    assert {"stream": "system", "number": 2, "what": "was removed after it was sealed"} in json.loads(told)
    file.write_text("no seal\n")
    done = call("audit", "verify", "--seals", file)
    assert done.exit_code == 2
    assert "line 1 is no seal" in done.output
