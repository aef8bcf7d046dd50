"""What all commands have in common: help that can be read, files that cannot be written."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.main import main

PACING = str(Path(__file__).parents[2] / "docs" / "examples" / "pacing.yaml")
WRITING = ["render html", "render pdf", "render codebook", "summary", "synth"]


@pytest.mark.parametrize("words", WRITING)
def test_a_file_in_no_folder_is_refused_in_one_line(words, tmp_path):
    wanted = tmp_path / "nowhere" / "made"
    result = CliRunner().invoke(main, [*words.split(), PACING, "-o", str(wanted)], catch_exceptions=False)
    assert result.exit_code == 2
    assert result.output.splitlines()[-1].endswith(
        f"there is no folder '{wanted.parent}': make it first, or name another file"
    )


@pytest.mark.parametrize("command", ["render", "synth"])
def test_examples_of_the_help_stand_line_by_line(command):
    shown = CliRunner().invoke(main, [command, "--help"], catch_exceptions=False).output
    assert "\\b" not in shown
    assert "\n  Examples:\n    ecrf " in shown
