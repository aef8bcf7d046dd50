"""The setting of the training mode, and the frame in which every page of it says what it is."""

from pathlib import Path

import pytest

from web.settings import SettingsError, training_folder

ROOT = Path(__file__).parents[2]


def test_no_page_is_made_without_the_frame_that_says_so():
    templates = [file for folder in ("web", "renderers/html") for file in (ROOT / folder / "templates").glob("*.html")]
    whole = {file.name for file in templates if "<html" in file.read_text("utf-8")}
    assert whole == {"base.html"}
    frame = next(file for file in templates if file.name == "base.html").read_text("utf-8")
    before = frame.partition('<aside class="training"')[0]
    assert before.count("{% block") == before.count("{% endblock")  # so that no page can replace it


def test_the_setting(tmp_path):
    assert training_folder({}) is None
    assert training_folder({"ECRF_TRAINING": str(tmp_path)}) == tmp_path
    with pytest.raises(SettingsError, match="no folder"):
        training_folder({"ECRF_TRAINING": str(tmp_path / "none")})
