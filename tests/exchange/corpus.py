"""Files of other systems that are not part of this project: where they lie, and what is told where they do not."""

import os
from pathlib import Path
from typing import Any

import pytest

CORPUS = Path(os.environ.get("ECRF_CORPUS", Path(__file__).parents[3] / "shared" / "corpus"))


def corpus(format_: str, *endings: str) -> list[Any]:
    """Parameters for tests: the files of a format, or one that is skipped."""
    folder = CORPUS / format_
    found = sorted(file for file in folder.rglob("*") if file.suffix in endings and "schema" not in file.parts)
    return found or [pytest.param(folder, marks=pytest.mark.skip(reason=f"{folder} is not here (ECRF_CORPUS)."))]
