"""Files of REDCap as people have them: what becomes of fields, choices, bounds, tags and texts."""

import csv
import io
import zipfile

import pytest
from openpyxl import Workbook

from exchange.findings import SourceFault
from exchange.redcap.columns import HEADINGS, Column
from exchange.redcap.read import read
from exchange.redcap.validations import VALIDATIONS
from tests.exchange.redcap_kit import compiled, dictionary, field, items, outcomes, read_rows, written

ROWS = (
    field("record_id"),
    field("sex", "radio", choices="1, Man | 2, Woman"),
    field("note_a", "notes", show="[sex]='2'"),
)


# files ------------------------------------------------------------------------------------------------------------


def as_workbook(text):
    book = Workbook()
    sheet = book.create_sheet("Dictionary")
    sheet.append(["Data dictionary of a study"])
    for row in csv.reader(io.StringIO(text)):
        sheet.append(row)
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


def as_archive(**files):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "/").replace("_csv", ".csv").replace("_txt", ".txt"), content)
    return data.getvalue()


PLAIN = dictionary(*ROWS)
FIRST = HEADINGS[Column.NAME]
OF_API = ",".join(Column) + "\r\n" + PLAIN.split("\r\n", 1)[1]


@pytest.mark.parametrize(
    "data",
    [
        PLAIN.encode(),
        b"\xef\xbb\xbf" + PLAIN.encode(),
        PLAIN.encode("utf-16"),
        dictionary(*ROWS, delimiter=";").encode(),
        dictionary(*ROWS, delimiter="\t").encode(),
        PLAIN.replace(FIRST, "\ufeff\u00ef\u00bb\u00bf" + FIRST).encode(),  # a mark that was read as letters
        PLAIN.replace(FIRST, '""' + FIRST + '""').encode(),
        PLAIN.replace("\r\n", "\r\n\r\n").encode() + b"\r\n,,,\r\n",  # blank and short rows
        "\r\n".join(line.rstrip(",") for line in PLAIN.split("\r\n")).encode(),  # ragged
        OF_API.encode(),
        PLAIN.split("\r\n", 1)[1].encode(),  # no header
        PLAIN.replace("Field Type", "Fxeld Typo").encode(),  # a heading that was mistyped
        PLAIN.replace("Woman", "Woman\0").encode(),
        as_workbook(PLAIN),
    ],
)
def test_a_dictionary_is_read_however_it_was_saved(tmp_path, data):
    path = tmp_path / "study.csv"
    path.write_bytes(data)
    imported = read(path)
    assert {key: entry["type"] for key, entry in items(imported.document).items()} == {
        "record_id": "text",
        "sex": "code",
        "note_a": "long_text",
    }
    assert items(imported.document)["note_a"]["when"] == "sex = '2'"
    assert imported.document["annotations"] == {"redcap": {"Record ID Field": "record_id"}}


def test_letters_of_western_europe_are_read_without_a_mark(tmp_path):
    imported = read(written(tmp_path, field("a", label="Größe – 5 µm"), encoding="cp1252"))
    assert items(imported.document)["a"]["label"] == {"en": "Größe – 5 µm"}


def test_what_r_writes_for_nothing_is_nothing(tmp_path):
    header, *lines = OF_API.strip().split("\r\n")
    filled = [",".join(cell or "NA" for cell in line.split(",")) for line in lines]
    path = tmp_path / "metadata.csv"
    path.write_text(
        "\n".join(["," + header, *(f"{n},{line}" for n, line in enumerate(filled, 1))]).replace("Man | 2,", "Man | 2;")
    )
    text = path.read_text().replace("1, Man | 2; Woman", '"1, Man | 2, Woman"').replace('""', '"')
    path.write_text(text)
    assert "NA" not in str(read(path).document)


def test_columns_that_redcap_does_not_know_are_kept_and_told(tmp_path):
    text = PLAIN.replace("Field Annotation", "Field Annotation,Source").replace(
        'Woman",,,,,,,,,,,,', 'Woman",,,,,,,,,,,,,form 7'
    )
    path = tmp_path / "study.csv"
    path.write_text(text)
    imported = read(path)
    assert items(imported.document)["sex"]["annotations"] == {"redcap": {"Source": "form 7"}}
    assert outcomes(imported, "form_a.sex", "other") == ["dropped"]


def test_instruments_of_an_archive_have_no_field_that_names_records(tmp_path):
    path = tmp_path / "phq.zip"
    path.write_bytes(as_archive(instrument_csv=PLAIN, OriginID_txt="1", attachments__a_txt="x"))
    imported = read(path)
    assert "annotations" not in imported.document
    assert [(each.part, each.found) for each in imported.findings if each.where == "project"] == [
        ("other", "attachments/a.txt")
    ]


def test_an_archive_may_hold_a_dictionary_beside_data(tmp_path):
    path = tmp_path / "all.zip"
    path.write_bytes(as_archive(data_csv="record_id,sex\n1,2\n", study_csv=PLAIN))
    assert list(items(read(path).document)) == ["record_id", "sex", "note_a"]


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("a.csv", b"", "The file is empty"),
        ("a.csv", b'{"resourceType": "Questionnaire"}', "FHIR"),
        ("a.xml", b'<ODM xmlns="http://www.cdisc.org/ns/odm/v1.3"/>', "format odm"),
        ("a.xml", b"<html>", "no well-formed XML"),
        ("a.csv", b"type,name,label\ntext,a,A\n", "XLSForm"),
        ("a.csv", b"record_id,sex,form_a_complete\n1,2,0\n", "a file of data"),
        ("a.csv", b'"Variable / Field Name",Record,Record\nage,1,2\n', "template for importing"),
        ("a.csv", b"some,words\n", "Its first row should begin with 'Variable / Field Name'"),
        ("a.csv", PLAIN.split("\r\n")[0].encode(), "a header and no fields"),
        ("a.csv", b"\0\1\0\3", "no text file"),
        ("a.zip", b"PK\3\4 half", "only half of one"),
        ("a.zip", as_archive(data_csv="record_id,sex\n1,2\n"), "no data dictionary"),
        ("a.pdf", b"%PDF-1.4", "PDF"),
    ],
)
def test_what_is_no_dictionary_is_refused_with_a_reason(tmp_path, name, data, message):
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(SourceFault) as refused:
        read(path)
    assert message in str(refused.value)


# fields -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "entry"),
    [
        (field("x"), {"type": "text"}),
        (field("x", "notes"), {"type": "long_text"}),
        (field("x", validation="integer", min="1", max="9"), {"type": "integer", "range": {"soft": [1, 9]}}),
        (
            field("x", validation="number_1dp_comma_decimal", min="0,5", tags="@FORCE-MINMAX"),
            {
                "type": "decimal",
                "decimals": 1,
                "range": {"hard": [pytest.approx(0.5), None]},
                "annotations": {"redcap": {HEADINGS[Column.VALIDATION]: "number_1dp_comma_decimal"}},
            },
        ),
        (
            field("x", validation="date_dmy", min="2020-01-31", max="today"),
            {
                "type": "date",
                "range": {"soft": ["make_date(2020, 1, 31)", "today()"]},
                "annotations": {"redcap": {HEADINGS[Column.VALIDATION]: "date_dmy"}},
            },
        ),
        (field("x", "yesno", required="y"), {"type": "boolean", "required": True}),
        (
            field("x", "truefalse", identifier="y"),
            {
                "type": "boolean",
                "privacy": "identifying",
                "annotations": {"redcap": {HEADINGS[Column.TYPE]: "truefalse"}},
            },
        ),
        (
            field("x", "slider", choices="none | some | all"),
            {
                "type": "integer",
                "range": {"hard": [0, 100]},
                "hint": {"en": "none – some – all"},
                "annotations": {
                    "redcap": {HEADINGS[Column.CHOICES]: "none | some | all", HEADINGS[Column.TYPE]: "slider"}
                },
            },
        ),
        (field("x", "descriptive", show="[record_id] = 'a'"), {"type": "note", "when": "record_id = 'a'"}),
        (field("x", "file", note="a scan"), {"type": "file", "hint": {"en": "a scan"}}),
        (
            field("x", validation="zipcode"),
            {
                "type": "text",
                "pattern": r"\d{5}(-\d{4})?",
                "hint": {"en": "99999 or 99999-9999"},
                "annotations": {"redcap": {HEADINGS[Column.VALIDATION]: "zipcode"}},
            },
        ),
        (field("Day One"), {"id": "day_one", "oid": "Day One", "type": "text"}),
    ],
)
def test_a_field_becomes_an_item(tmp_path, row, entry):
    imported = read_rows(tmp_path, field("record_id"), row)
    found = items(imported.document)
    made = found[entry.get("id", "x")]
    assert {key: part for key, part in made.items() if key not in ("label", "id")} == {
        key: part for key, part in entry.items() if key != "id"
    }
    compiled(imported)


def test_choices_that_come_again_are_one_list(tmp_path):
    same = "-1, No | 01, Perhaps | 2.5, <b>Yes</b>, sure"
    rows = (
        field("a", "radio", choices=same),
        field("b", "dropdown", choices=same),
        field("c", "checkbox", choices="1, A"),
    )
    imported = read_rows(tmp_path, *rows)
    assert imported.document["codelists"] == {
        "a": {"codes": {"-1": {"en": "No"}, "01": {"en": "Perhaps"}, "2.5": {"en": "Yes, sure"}}},
        "c": {"codes": {"1": {"en": "A"}}},
    }
    assert [entry.get("codelist") for entry in items(imported.document).values()] == ["a", "a", "c"]


@pytest.mark.parametrize(
    ("choices", "codes"),
    [
        ("1, Yes|0, No", ["1", "0"]),
        ("1, Yes \\n 2, No", ["1", "2"]),
        ("1, Yes\n2, No, never", ["1", "2"]),
        ("Yes | No", ["Yes", "No"]),
        ("1, One | 1, Again | 2, Two |", ["1", "2"]),
        ("a b, Both | a_b, Other", ["a_b", "a_b_2"]),
        ("?, Unknown", ["code"]),
    ],
)
def test_choices_are_read_as_they_were_typed(tmp_path, choices, codes):
    imported = read_rows(tmp_path, field("x", "radio", choices=choices))
    assert list(imported.document["codelists"]["x"]["codes"]) == codes
    compiled(imported)


def test_a_choice_without_a_label_is_told(tmp_path):
    imported = read_rows(tmp_path, field("x", "radio", choices="1, | 2, Two"))
    assert imported.document["codelists"]["x"]["codes"] == {"1": {"en": "1"}, "2": {"en": "Two"}}
    assert [(str(each.outcome), each.reason) for each in imported.findings if each.part == "choices"] == [
        ("approximated", "The choice 1 has no label; it is called by its code.")
    ]


def test_a_field_without_choices_takes_any_text(tmp_path):
    imported = read_rows(tmp_path, field("x", "radio"), field("y", "sql", choices="select a from b"))
    assert [entry["type"] for entry in items(imported.document).values()] == ["text", "text"]
    assert outcomes(imported, "form_a.y", "item") == ["approximated"]


def test_choices_of_a_field_that_has_none_are_kept_and_told(tmp_path):
    imported = read_rows(tmp_path, field("x", choices="BIOPORTAL:ICD10"), field("y", "YesNo", choices="1, Yes | 0, No"))
    assert items(imported.document)["x"]["annotations"] == {"redcap": {HEADINGS[Column.CHOICES]: "BIOPORTAL:ICD10"}}
    assert outcomes(imported, "form_a.x", "choices") == ["dropped"]
    assert items(imported.document)["y"] == {"id": "y", "type": "boolean", "label": {"en": "Y"}}


@pytest.mark.parametrize("name", sorted(VALIDATIONS))
def test_every_validation_type_makes_an_item_that_compiles(tmp_path, name):
    imported = read_rows(tmp_path, field("r"), field("x", validation=name))
    compiled(imported)
    assert items(imported.document)["x"]["type"] == VALIDATIONS[name].type


def test_names_that_come_twice_are_told_and_rules_mean_the_first(tmp_path):
    imported = read_rows(
        tmp_path, field("r"), field("x"), field("x", validation="integer"), field("y", show="[x] = 'a'")
    )
    assert list(items(imported.document)) == ["r", "x", "x_2", "y"]
    assert items(imported.document)["x_2"]["oid"] == "x"
    assert items(imported.document)["y"]["when"] == "x = 'a'"
    assert [each.reason for each in imported.findings if each.outcome == "approximated" and "x" in each.where] == [
        "The name is given twice; rules mean the first."
    ]


def test_braces_of_a_name_open_no_template(tmp_path):
    imported = read_rows(tmp_path, field("r"), field("a{b", label=" "))
    assert items(imported.document)["a_b"]["label"] == {"en": "a(b"}
    compiled(imported)


def test_sections_and_matrices_are_laid_out(tmp_path):
    rows = (
        field("a", section="<b>Part</b> one"),
        field("m1", "radio", choices="1, A", matrix="mx", ranking="y", alignment="RH", number="3a"),
        field("b", section="Part two"),
        field("c", form="form_b"),
    )
    imported = read_rows(tmp_path, *rows)
    form = imported.document["forms"]["form_a"]
    assert [(part["id"], part["title"]["en"], len(part["items"])) for part in form["sections"]] == [
        ("part_one", "Part one", 2),
        ("part_two", "Part two", 1),
    ]
    assert items(imported.document)["m1"]["layout"] == "matrix"
    assert items(imported.document)["m1"]["annotations"]["redcap"] == {
        "Custom Alignment": "RH",
        "Question Number (surveys only)": "3a",
        "Matrix Group Name": "mx",
        "Matrix Ranking?": "y",
    }
    assert imported.document["forms"]["form_b"]["title"] == {"en": "Form b"}


@pytest.mark.parametrize(
    ("label", "shown", "told"),
    [
        ("Dear [t], hello", "Dear {t}, hello", []),
        ("[c:label] and [c:value]", "{c} and {c}", []),
        ("How many [specify]?", "How many [specify]?", []),
        ("Dear [name]", "Dear …", ["approximated"]),  # who somebody is stands in no label
        ("[user-name] asks", "… asks", ["approximated"]),
        ("{t} and {other}", "… and (other)", ["approximated"]),
        ("<p>One</p><p>Two &amp; three<br>four</p>", "One\n\nTwo & three\nfour", []),
        ("<b>BMI</b> < 25 <kg>", "BMI < 25 <kg>", ["approximated"]),
        ("a <!-- unseen", "a <!-- unseen", []),
        (" ", "x", ["approximated"]),
    ],
)
def test_texts_are_plain_and_show_values(tmp_path, label, shown, told):
    rows = (field("t"), field("c", "radio", choices="1, A"), field("name", identifier="y"), field("x", label=label))
    imported = read_rows(tmp_path, *rows)
    assert items(imported.document)["x"]["label"] == {"en": shown}
    assert outcomes(imported, "form_a.x", "text") == told
    compiled(imported)


# size -------------------------------------------------------------------------------------------------------------


def test_one_field_may_have_a_hundred_thousand_choices_and_no_more(tmp_path):
    huge = " | ".join(f"{number}, Choice {number} of very many" for number in range(110_000))
    imported = read_rows(tmp_path, field("x", "dropdown", choices=huge))
    assert len(huge) > 3_600_000
    assert len(imported.document["codelists"]["x"]["codes"]) == 100_000
    assert outcomes(imported, "form_a.x", "choices") == ["approximated"]


@pytest.mark.parametrize(
    "cells",
    [
        {"label": "<!--" * 60_000},
        {"label": "<style" * 60_000},
        {"label": "[" * 100_000},
        {"tags": "@A(" * 60_000},
        {"tags": "@IF(" * 30_000},
        {"tags": "@" * 100_000},
        {"show": "(" * 50_000},
        {"show": "[a]=" * 20_000},
        {"choices": "|" * 200_000},
        {"choices": "a," * 200_000},
    ],
)
def test_cells_made_to_hurt_are_read_at_once(tmp_path, cells):
    imported = read_rows(tmp_path, field("r"), field("x", "radio" if "choices" in cells else "text", **cells))
    assert "x" in items(imported.document)
