"""What docs/coming-from-redcap.md says becomes of fields, rules and tags is what becomes of them."""

import re
from pathlib import Path

import pytest
import yaml

from exchange.redcap.read import read
from exchange.redcap.validations import DECIMALS
from tests.exchange.redcap_kit import compiled, field, items, outcomes, read_rows, rules_told

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "coming-from-redcap.md").read_text("utf-8")
CHOICES = "1, One | 2, Two | 3, Three"
FIELDS = (
    field("r"),
    field("a", validation="integer"),
    field("b", validation="number_1dp"),
    field("t"),
    field("d", validation="date_dmy"),
    field("e", validation="date_dmy"),
    field("yn", "yesno"),
    field("c", "radio", choices=CHOICES),
    field("m", "checkbox", choices=CHOICES),
)
CELLS = {"radio": {"choices": CHOICES}, "dropdown": {"choices": CHOICES}, "checkbox": {"choices": CHOICES}}
# What a field must be, so that a tag means something at it.
OF_TAGS = {
    "@TODAY": {"validation": "date_dmy"},
    "@NOW": {"validation": "datetime_dmy"},
    "@CALCDATE": {"validation": "date_dmy"},
    "@HIDECHOICE": {"type_": "radio", "choices": CHOICES},
    "@SHOWCHOICE": {"type_": "radio", "choices": CHOICES},
    "@NONEOFTHEABOVE": {"type_": "checkbox", "choices": CHOICES},
    "@MAXCHECKED": {"type_": "checkbox", "choices": CHOICES},
}


def table(heading):
    """The rows of the table with this head."""
    lines = TEXT.partition(f"| {heading} |\n")[2].split("\n\n")[0].splitlines()[1:]
    assert lines, heading
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def codes(cell):
    return re.findall(r"`([^`]+)`", cell)


def of_types():
    for types, validations, here in table("field type | validation | here"):
        for type_ in codes(types):
            for validation in codes(validations) or [""]:
                yield pytest.param(type_, validation, codes(here), id=f"{type_} {validation}")


@pytest.mark.parametrize(("type_", "validation", "here"), list(of_types()))
def test_types_are_those_of_the_page(tmp_path, type_, validation, here):
    imported = read_rows(tmp_path, *FIELDS, field("q", type_, validation=validation, **CELLS.get(type_, {})))
    made = items(imported.document)["q"]
    assert made["type"] in here
    assert ("pattern" in made) is ("pattern" in here)
    if type_ == "slider":
        assert made["range"] == {"hard": [0, 100]}
    compiled(imported)


def test_decimals_are_those_of_the_page():
    assert DECIMALS == 6


RULES = [
    pytest.param(kind, *map(codes, row), id=row[0])
    for kind, heading in (("show", "branching logic | `when`"), ("calc", "calculation | `calculate`"))
    for row in table(heading)
]


@pytest.mark.parametrize(("kind", "theirs", "ours"), RULES)
def test_rules_are_those_of_the_page(tmp_path, kind, theirs, ours):
    (found,) = theirs
    row = field("q", show=found) if kind == "show" else field("q", "calc", choices=found)
    imported = read_rows(tmp_path, *FIELDS, row)
    made = items(imported.document)["q"]
    assert [made["when" if kind == "show" else "calculate"]] == ours
    assert rules_told(imported, "form_a.q") == [("kept", "")]
    compiled(imported)


def test_functions_that_have_no_counterpart_are_those_of_the_page(tmp_path):
    (line,) = [line for line in TEXT.splitlines() if line.startswith("`median`")]
    for name in codes(line):
        imported = read_rows(tmp_path, *FIELDS, field("q", "calc", choices=f"{name}([a], [b], [a], [b], [a])"))
        assert [outcome for outcome, _ in rules_told(imported, "form_a.q")] == ["dropped"]


def of_tags():
    for tags, here, told in table("tag | here | the report"):
        for tag in codes(tags):
            yield pytest.param(tag, codes(here), told, id=tag)


@pytest.mark.parametrize(("tag", "here", "told"), list(of_tags()))
def test_tags_become_what_the_page_says(tmp_path, tag, here, told):
    cells = next((cells for start, cells in OF_TAGS.items() if tag.startswith(start)), {})
    imported = read_rows(tmp_path, *FIELDS, field("q", tags=tag, **cells))
    made = items(imported.document)["q"]
    kept = made.get("annotations", {}).get("redcap", {}).get("Field Annotation", "")
    assert outcomes(imported, "form_a.q", "layout" if kept else "rule") == [told]
    assert (kept == tag) is (not here and told != "kept")
    for key in here:
        assert key in made or key in str(imported.document)
    compiled(imported)


def test_the_annotation_on_the_page_is_that_of_the_example():
    (block,) = re.findall(r"^```yaml\n(.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
    made = items(read(ROOT / "docs" / "examples" / "wounds.csv").document, "wound_visit")
    assert yaml.safe_load(block) == [made["closed"]]
