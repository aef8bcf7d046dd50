"""Dictionaries that others keep: their files, what a version says of a code, and what a newer one drops."""

from datetime import UTC, date, datetime

import pytest

from engine.compiler import compile_definition
from engine.datatypes.dictionary import Standing, dropped_rows, unpack
from engine.definitions import dictionaries
from engine.definitions.dictionaries import check_dictionary
from engine.errors import Problems
from engine.records import evaluate
from engine.records.form_data import Focus, FormData, Instance

OLD = """code,label_pl,label_en,valid_from,valid_to,withdrawn
T82.7,Zakażenie,Infection,,,
I48,Migotanie,Fibrillation,,2024-12-31,
U07.1,Nowy kod,New code,2025-06-01,,
Z99,Wycofany,Withdrawn,,,true
"""
NEW = "code,label_pl\nT82.7,Zakażenie urządzenia\n"
DAY = date(2025, 3, 1)


@pytest.mark.parametrize(
    ("code", "standing"),
    [("T82.7", "current"), ("I48", "outdated"), ("U07.1", "outdated"), ("Z99", "outdated"), ("t82.7", "unknown")],
)
def test_whether_a_code_may_be_chosen_on_a_day(code, standing):
    assert unpack("ICD", "1", OLD).standing(code, DAY) == Standing(standing)


def test_what_a_newer_version_drops_keeps_its_words():
    old = unpack("ICD", "1", OLD)
    new = unpack("ICD", "2", NEW, dropped_rows(old, NEW))
    assert new.standing("I48", date(2024, 1, 1)) is Standing.OUTDATED
    assert [new.label(code, "en") for code in ("T82.7", "I48", "none")] == ["Zakażenie urządzenia", "Fibrillation", ""]
    third = unpack("ICD", "3", "code,label_pl\nX1,Iks\n", dropped_rows(new, "code,label_pl\nX1,Iks\n"))
    assert (third.label("I48", "pl"), third.label("T82.7", "pl")) == ("Migotanie", "Zakażenie urządzenia")


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"code,label_pl,label_en\nA1,a,b\nA1,c,d\n", "3:1: error csv-duplicate The code 'A1' stands in line 2 already."),
        (b"code,label_pl\nA1,a\n", "1:1: error csv-header The column 'label_en' is missing."),
        (b"code,label_pl,label_en\nA1,a,\n", "2:1: error csv-row The code 'A1' has no label in 'en'. Fill in label_en."),
        (b"code,label_pl,label_en\nA1,za\xbf,b\n", "2:6: error encoding The byte 0xBF is not UTF-8"),
        (b"code,label_pl,label_en,valid_to\nA1,a,b,31.12.2025\n", "2:1: error csv-row '31.12.2025' in 'valid_to' is no date."),
        (
            b"code,label_pl,label_en,valid_from,valid_to\nA1,a,b,2025-02-01,2025-01-01\n",
            "2:1: error csv-row The code 'A1' is valid from 2025-02-01 to 2025-01-01, which is no interval.",
        ),
        (b"code,label_pl,label_en,chapter\nA1,a,b,c\n", "1:1: error csv-header The column 'chapter' is not known. Delete the column."),
        (b"code;label_pl;label_en\nA1;a;b\n", "1:1: error csv-header The columns are not separated by commas."),
        (b"code,label_pl,label_en\nI48 *,a,b\n", "2:1: error csv-row The code 'I48 *' has other characters than"),
        (b"code,label_pl,label_en\n,a,b\n", "2:1: error csv-row The row has no code. Fill it in or delete the row."),
        (b"code,label_pl,label_en\n" + b"A" * 65 + b",a,b\n", f"2:1: error csv-row The code {'A' * 30!r}… has 65 characters; at most 64"),
        (b'code,label_pl,label_en\n"A\n1",a,b\n', "2:1: error csv-row The code 'A\\n1' has a character that cannot be printed."),
        (b"code,label_pl,label_en\n", "1:1: error code-list-empty The file has no codes. Add a row for each."),
    ],
)  # fmt: skip
def test_a_faulty_file_is_refused_with_its_place(data, expected):
    problems = Problems()
    assert check_dictionary(data, "icd.csv", ("pl", "en"), problems) is None
    assert str(problems.found[0]).startswith(f"icd.csv:{expected}")


def test_the_limit_of_a_file_on_its_own_is_told_of_the_file(monkeypatch):
    monkeypatch.setattr(dictionaries, "MAX_CODES", 1)
    problems = Problems()
    assert check_dictionary(b"code,label_pl,label_en\nA1,a,b\nA2,a,b\n", "icd.csv", ("pl", "en"), problems) is None
    told = ["icd.csv:3:1: error too-many-codes The file has more than 1 codes. Leave some out."]
    assert [str(found) for found in problems.found] == told


def test_a_clean_file_is_taken_in_the_languages_that_are_asked_for():
    problems = Problems()
    assert check_dictionary(NEW.encode(), "icd.csv", ("pl",), problems) == NEW
    assert not problems.found


DEFINITION = """
registry: r
version: 1.0.0
title: {pl: R, en: R}
codelists: {icd: {external: ICD}}
events: {visit: {in: patient, forms: [f]}}
forms:
  f:
    title: {pl: F, en: F}
    sections:
      - id: s
        title: {pl: S, en: S}
        items:
          - {id: one, type: code, codelist: icd, label: {pl: A, en: A}}
          - {id: more, type: codes, codelist: icd, label: {pl: B, en: B}}
"""


@pytest.mark.parametrize(
    ("items", "loaded", "expected"),
    [
        ({"one": "X99"}, False, []),
        ({"one": "T82.7"}, True, []),
        ({"one": "X99"}, True, [("one", "error", "has no code")]),
        ({"one": "I48"}, True, [("one", "warning", "Fibrillation")]),
        ({"more": ("T82.7", "I48", "X99")}, True, [("more", "warning", "I48"), ("more", "error", "X99")]),
    ],
)
def test_a_loaded_dictionary_judges_codes(items, loaded, expected, tmp_path):
    (tmp_path / "r.yaml").write_text(DEFINITION, "utf-8")
    subject = Instance("patient", "1", {"f": (FormData(items),)})
    dictionaries = {"ICD": unpack("ICD", "2025", OLD)} if loaded else {}
    said = evaluate(
        compile_definition(tmp_path / "r.yaml"), subject, Focus("f", "1"), as_of=datetime(2025, 3, 1, tzinfo=UTC), language="en",
        dictionaries=dictionaries,
    )  # fmt: skip
    assert [(v.item, str(v.severity), v.code) for v in said.violations] == [
        (item, severity, "not_in_list") for item, severity, _ in expected
    ]
    assert all(text in v.message for v, (_, _, text) in zip(said.violations, expected, strict=True))
