"""What counts as the same after a round trip: statements, named by what holds them."""

import copy
from typing import Any

from exchange.sameness import sameness

DOCUMENT: dict[str, Any] = {
    "registry": "r", "version": "1.0.0", "title": {"en": "R"},
    "codelists": {"c": {"codes": {"1": {"en": "One"}}}},
    "forms": {
        "f": {
            "title": {"en": "F"},
            "sections": [
                {"id": "s", "title": {"en": "S"}, "items": [
                    {"id": "a", "type": "code", "codelist": "c", "label": {"en": "A"}},
                    {"group": "g", "rows": {"max": 3}, "items": [{"id": "b", "type": "text", "label": {"en": "B"}}]},
                ]},
            ],
        }
    },
}  # fmt: skip


def changed(change):
    document = copy.deepcopy(DOCUMENT)
    change(document["forms"]["f"]["sections"][0]["items"], document)
    return document


def test_a_document_is_the_same_as_itself_whatever_its_version():
    same, of, lost = sameness(DOCUMENT, {**DOCUMENT, "version": "2.0.0"})
    assert (same, lost) == (of, ())


def test_each_statement_that_came_back_otherwise_is_named():
    def spoil(items, document):
        items[0]["label"]["en"] = "B"
        items[1]["rows"]["max"] = 4
        items[1]["items"][0]["type"] = "long_text"
        document["codelists"]["c"]["codes"]["1"]["en"] = "1"

    assert [".".join(path) for path in sameness(DOCUMENT, changed(spoil))[2]] == [
        "codelists.c.codes.1.en", "forms.f.group.g.rows.max", "items.f.a.label.en", "items.f.b.type",
    ]  # fmt: skip


def test_an_item_that_moved_is_told_once():
    def move(items, _document):
        items[1]["items"].append(items.pop(0))

    assert [".".join(path) for path in sameness(DOCUMENT, changed(move))[2]] == ["items.f.a.in"]
