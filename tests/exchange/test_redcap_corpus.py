"""Dictionaries and projects that people have published: each is read, and what is read compiles. They are no part of the project."""

import os
from collections import Counter
from pathlib import Path

import pytest

from engine.compiler import compile_model
from engine.definitions import read_definition_text
from exchange.findings import Outcome, Part, SourceFault
from exchange.redcap.read import read
from exchange.redcap.write import write
from exchange.sameness import sameness
from exchange.settling import settled

CORPUS = Path(os.environ.get("ECRF_CORPUS", Path(__file__).parents[3] / "shared" / "corpus"))
FILES = sorted(
    path.relative_to(CORPUS)
    for path in [*(CORPUS / "redcap").rglob("*"), *(CORPUS / "odm").rglob("*.xml")]
    if path.is_file() and (path.suffix != ".xml" or b"projectredcap" in path.read_bytes()[:3000])
)
NO_DICTIONARIES = ("ImportTemplate",)
SHARE = 98  # percent of rules that are translated
SAME = 99.9  # percent of a dictionary that comes back as it was
FEW = 20  # rules: of fewer a single one weighs too much

pytestmark = pytest.mark.skipif(not FILES, reason=f"the files of other systems are not at {CORPUS} (ECRF_CORPUS)")


def params():
    """Those of some thousand fields take seconds each."""
    for file in FILES:
        large = (CORPUS / file).stat().st_size > 100_000
        yield pytest.param(file, marks=pytest.mark.slow if large else (), id=str(file))


@pytest.mark.parametrize("file", [each for each in params() if not each.id.endswith(".xml")])
def test_a_real_dictionary_comes_back_as_it_was(file, tmp_path):
    """A project XML tells of events, for which a dictionary has no place."""
    if any(part in file.name for part in NO_DICTIONARIES):
        pytest.skip("no data dictionary")
    first = settled(read(CORPUS / file))
    definition = read_definition_text(first.text.encode(), "first.yaml")
    made = write(compile_model(definition.model, definition.warnings))
    path = tmp_path / "again.csv"
    path.write_bytes(made.content)
    same, wanted, lost = sameness(first.document, settled(read(path)).document)
    assert same >= wanted * SAME / 100, lost


@pytest.mark.parametrize("file", list(params()))
def test_a_real_file_is_read_and_compiles(file):
    if any(part in file.name for part in NO_DICTIONARIES):
        with pytest.raises(SourceFault, match="no data dictionary"):
            read(CORPUS / file)
        return
    found = settled(read(CORPUS / file)).findings
    rules = Counter(each.outcome for each in found if each.part is Part.RULE)
    dropped = rules[Outcome.DROPPED]
    assert dropped <= max(rules.total() * (100 - SHARE) / 100, 5 if rules.total() >= FEW else 2), [
        (each.where, each.found, each.reason) for each in found if each.outcome is Outcome.DROPPED
    ]
