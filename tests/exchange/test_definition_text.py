"""What the writer of definitions puts on paper: what was meant, in an order and shape that people write, with their comments."""

import re
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.definitions.encoding import UNSEEN
from engine.definitions.source import read_source
from engine.errors import Problems
from exchange.definition_text import definition_text

DEFINITIONS = sorted((Path(__file__).parents[2] / "form_definitions").rglob("*.yaml"))
DEFINITIONS = [path for path in DEFINITIONS if "examples" not in path.parts]


def read(text):
    problems = Problems()
    root = read_source(text.encode(), "made.yaml", problems)
    assert root is not None
    assert problems.found == []
    return root.plain()


def comments(text):
    return sorted(
        line.split("#", 1)[1].strip() for line in text.splitlines() if line.lstrip().startswith("#") or "  # " in line
    )


@pytest.mark.parametrize("path", DEFINITIONS, ids=lambda path: path.stem)
def test_a_definition_is_written_as_it_was_with_all_its_comments(path):
    text = path.read_text("utf-8")
    made = definition_text(read(text), text)
    assert read(made) == read(text)
    assert comments(made) == comments(text)
    assert definition_text(read(made), made) == made


UNREADABLE = re.compile(f"{UNSEEN.pattern}|[\r\x85]")
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60).filter(lambda text: not UNREADABLE.search(text))
VALUES = st.recursive(
    st.one_of(TEXTS, st.booleans(), st.integers(-(10**12), 10**12), st.decimals("-1e6", "1e6", places=3)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXTS, inner, max_size=4)),
    max_leaves=12,
)


@given(st.dictionaries(TEXTS, VALUES, min_size=1, max_size=5))
def test_whatever_is_written_is_read_back(document):
    assert read(definition_text(document)) == document


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("yes", '"yes"'),
        ("Yes, often", "Yes, often"),
        ("1", '"1"'),
        ("01", '"01"'),
        ("1.0.0", "1.0.0"),
        ("12:30", '"12:30"'),
        ("2 days", "2 days"),
        ("-1", '"-1"'),
        ("a: b", '"a: b"'),
        ("it's", "it's"),
        (r"\d{3}", r"\d{3}"),
        ("# no comment", '"# no comment"'),
        ("", '""'),
        ("a\nb", "|-\n  a\n  b"),
        (True, "true"),
        (Decimal("1.50"), "1.50"),
        (None, "null"),
    ],
)
def test_quotes_stand_where_a_text_would_be_read_as_something_else(value, written):
    assert definition_text({"version": value}) == f"version: {written}\n"


def test_keys_stand_in_the_order_of_the_schema_and_short_things_on_one_line():
    document = {
        "forms": {
            "f": {
                "sections": [
                    {
                        "items": [
                            {
                                "label": {"pl": "Waga", "en": "Weight"},
                                "range": {"hard": [1, 300]},
                                "type": "decimal",
                                "id": "weight",
                            },
                            {"items": [{"type": "text", "id": "name"}], "rows": {"max": 3}, "group": "drugs"},
                        ],
                        "id": "s",
                    }
                ],
                "title": {"pl": "F"},
            }
        },
        "codelists": {"c": {"codes": {"1": {"exclusive": True, "pl": "Brak"}}}},
        "version": "1.0.0",
        "registry": "r",
    }
    assert (
        definition_text(document)
        == """registry: r
version: 1.0.0

codelists:
  c: {codes: {"1": {pl: Brak, exclusive: true}}}

forms:
  f:
    title: {pl: F}
    sections:
      - id: s
        items:
          - {id: weight, type: decimal, label: {pl: Waga, en: Weight}, range: {hard: [1, 300]}}
          - group: drugs
            rows: {max: 3}
            items:
              - {id: name, type: text}
"""
    )


BEFORE = """# of the whole
registry: r  # its id
forms:
  f:
    sections:
      - id: s
        # asked of all
        items:
          # in kg
          - {id: weight, type: decimal}  # without shoes
          - {id: gone, type: text}  # no longer asked
          - id: text_with_sign  # a comment
            type: text
            default: "'# none'"
# the end
"""


def test_comments_stay_where_they_stood_and_those_of_what_is_gone_move_up():
    document = read(BEFORE)
    items = document["forms"]["f"]["sections"][0]["items"]
    items[:] = [items[2], items[0], {"id": "new", "type": "text"}]
    assert (
        definition_text(document, BEFORE)
        == """# of the whole
registry: r  # its id

forms:
  f:
    sections:
      - id: s
        # asked of all
        # no longer asked
        items:
          - {id: text_with_sign, type: text, default: "'# none'"}  # a comment
          # in kg
          - {id: weight, type: decimal}  # without shoes
          - {id: new, type: text}
# the end
"""
    )
