"""Definitions of ours as data dictionaries: REDCap's documented rules of columns hold, and what comes back is what went out."""

import re
from itertools import pairwise
from pathlib import Path

import pytest

from engine.compiler import compile_definition, compile_model
from engine.definitions import read_definition_text
from exchange.findings import Outcome, Part
from exchange.redcap.columns import Column
from exchange.redcap.logic import parse_logic
from exchange.redcap.read import read
from exchange.redcap.tags import Tag, conditionals, parts_of
from exchange.redcap.write import write
from exchange.sameness import sameness
from exchange.settling import settled
from tests.exchange.redcap_kit import compiled, field, items, read_rows, rows_of

ROOT = Path(__file__).parents[2]

# Column rules of REDCap's help for data dictionaries.
TYPES = {
    "text",
    "notes",
    "calc",
    "dropdown",
    "radio",
    "checkbox",
    "yesno",
    "truefalse",
    "file",
    "slider",
    "descriptive",
    "sql",
}
VALIDATIONS = {
    "", "date_ymd", "date_mdy", "date_dmy", "datetime_ymd", "datetime_mdy", "datetime_dmy", "datetime_seconds_ymd",
    "integer", "number", "number_1dp", "number_2dp", "number_3dp", "number_4dp", "time", "email", "phone", "zipcode",
}  # fmt: skip
WITH_CHOICES = {"radio", "dropdown", "checkbox"}


def choices_are_codes_and_labels(row):
    choices = row[Column.CHOICES].split("|")
    codes = [choice.split(",")[0].strip() for choice in choices]
    return row[Column.TYPE] not in WITH_CHOICES or (
        all("," in each for each in choices) and len({*codes}) == len(codes)
    )


COLUMN_RULES = {
    "a name has small letters, digits and _": lambda row: re.fullmatch(r"[a-z][a-z0-9_]{0,99}", row[Column.NAME]),
    "so has a form": lambda row: re.fullmatch(r"[a-z][a-z0-9_]*", row[Column.FORM]),
    "a known type": lambda row: row[Column.TYPE] in TYPES,
    "a known validation": lambda row: row[Column.VALIDATION] in VALIDATIONS,
    "validations are of texts": lambda row: not row[Column.VALIDATION] or row[Column.TYPE] in ("text", "slider"),
    "choices are codes and labels": choices_are_codes_and_labels,
    "bounds need a validation": lambda row: (
        not row[Column.MIN] + row[Column.MAX] or row[Column.VALIDATION] or row[Column.TYPE] == "slider"
    ),
    "y or nothing": lambda row: {row[Column.REQUIRED], row[Column.IDENTIFIER]} <= {"", "y"},
    "a label": lambda row: row[Column.LABEL],
}


def fields_in(text):
    return {name.lower() for name in re.findall(r"\[([A-Za-z0-9_]+)(?:\([^)]*\))?(?::[a-z]+)?\](?!\[[a-z])", text)}


def faults(content):
    """What REDCap would refuse."""
    rows = rows_of(content)
    names = [row[Column.NAME] for row in rows]
    known = {*names, *(f"{row[Column.FORM]}_complete" for row in rows), "event-name"}
    for row in rows:
        for rule, holds in COLUMN_RULES.items():
            if not holds(row):
                yield f"{row[Column.NAME]}: {rule}"
        for text in rules_of(row):
            parse_logic(text)
            if fields_in(text) - known:
                yield f"{row[Column.NAME]}: {sorted(fields_in(text) - known)} are no fields"
    if len({*names}) < len(names):
        yield "names are unique"
    if (rows[0][Column.TYPE], rows[0][Column.BRANCHING]) != ("text", ""):
        yield "the first field names the records"
    forms = [row[Column.FORM] for row in rows]
    if len({*forms}) != 1 + sum(one != other for one, other in pairwise(forms)):
        yield "fields of a form stand together"


def rules_of(row):
    if row[Column.BRANCHING]:
        yield row[Column.BRANCHING]
    if row[Column.TYPE] == "calc" and row[Column.CHOICES]:
        yield row[Column.CHOICES]
    for part in parts_of(row[Column.ANNOTATION]):
        if isinstance(part, Tag):
            yield from (part.inside for _ in [0] if part.name == "CALCTEXT")
            for each in conditionals(part):
                yield from (condition for condition, _ in each.conditions)


@pytest.mark.parametrize("file", sorted((ROOT / "form_definitions").glob("*.yaml")), ids=lambda path: path.stem)
def test_our_own_definitions_become_dictionaries_that_redcap_takes(file, tmp_path):
    made = write(compile_definition(file))
    assert list(faults(made.content)) == []
    assert {each.outcome for each in made.findings if each.part is Part.ITEM} <= {Outcome.KEPT, Outcome.APPROXIMATED}
    path = tmp_path / f"{file.stem}.csv"
    path.write_bytes(made.content)
    again = settled(read(path))
    dropped = [each for each in again.findings if each.part is Part.RULE and each.outcome is Outcome.DROPPED]
    assert all("event" in each.reason for each in dropped), dropped  # a dictionary tells of no events


def test_what_cannot_be_said_is_told(tmp_path):
    text = """
registry: r
version: 1.0.0
languages: [pl, en]
title: {pl: R, en: R}
codelists: {c: {codes: {a: {pl: A, en: "A | B"}, b: {pl: B, en: B, withdrawn: true}}}}
forms:
  f:
    title: {pl: F, en: F}
    in: patient
    sections:
      - id: first
        title: {pl: S, en: Part}
        items:
          - {id: n, type: integer, label: {pl: N, en: N}, range: {hard: [{over: 0}, 9], soft: [2, null]}}
      - id: s
        when: n > 1
        items:
          - {id: c, type: code, codelist: c, label: {pl: C, en: "C of {n}"}, when: n = 2}
          - {id: p, type: partial_date, label: {pl: P, en: P}}
          - {id: pin, type: text, pattern: "[0-9]{4}", label: {pl: Pin, en: Pin}}
          - group: rows
            title: {pl: W, en: Rows}
            items:
              - {id: r, type: decimal, decimals: 1, label: {pl: R, en: R}}
              - {id: twice, type: decimal, decimals: 1, calculate: r * 2, label: {pl: R, en: R2}}
      - id: t
        items:
          - {id: total, type: decimal, decimals: 1, calculate: sum(rows.r), label: {pl: T, en: Total}}
          - {id: today_too, type: date, label: {pl: D, en: D}}
    checks:
      - {id: C1, assert: today_too <= today(), on: today_too, message: {pl: Za wcześnie, en: "Not before {today_too}"}}
"""
    model = read_definition_text(text.encode(), "r.yaml").model
    made = write(compile_model(model))
    assert list(faults(made.content)) == []
    rows = {row[Column.NAME]: row for row in rows_of(made.content)}
    assert list(rows) == ["record_id", "n", "c", "p", "pin", "total", "today_too", "c1", "r", "twice"]
    assert (rows["n"][Column.MIN], rows["n"][Column.MAX], rows["n"][Column.ANNOTATION]) == ("1", "9", "@FORCE-MINMAX")
    assert rows["n"][Column.SECTION] == "Part"
    assert rows["c"][Column.BRANCHING] == "([n] > 1) and ([n] = 2)"
    assert rows["c"][Column.LABEL] == "C of [n]"
    assert rows["c"][Column.CHOICES] == "a, A / B | b, B"
    assert rows["c1"][Column.BRANCHING] == "datediff([today_too], 'today', 'd', true) < 0"
    assert (rows["r"][Column.FORM], rows["twice"][Column.CHOICES]) == ("rows", "[r] * 2")
    told = {each.where: each.reason for each in made.findings if each.outcome is not Outcome.KEPT}
    assert {"f.p", "f.pin", "f.rows", "f.total", "f.C1", "f.c", "texts"} <= set(told)
    assert told["f.total"] == "rows.r names no single item of a form."


def test_names_that_redcap_cannot_have_are_spelt_without_their_marks_and_told():
    text = """
registry: r
version: 1.0.0
languages: [pl]
title: {pl: R}
forms:
  wizyta:
    oid: Wizyta główna
    title: {pl: F}
    in: patient
    sections:
      - id: s
        title: {pl: S}
        items:
          - {id: bol, oid: "ból", type: integer, label: {pl: Ból}}
          - {id: wiek, type: integer, label: {pl: Wiek}}
          - {id: waga, oid: "1.Waga", type: integer, label: {pl: Waga}}
"""
    definition = read_definition_text(text.encode(), "r.yaml")
    made = write(compile_model(definition.model, definition.warnings))
    _, *rows = rows_of(made.content)
    assert [row[Column.NAME] for row in rows] == ["bol", "wiek", "v_1_waga"]
    assert {row[Column.FORM] for row in rows} == {"wizyta_glowna"}
    told = {(each.where, each.found): each.reason for each in made.findings if each.part is Part.OTHER}
    assert {*told} == {("form wizyta", "Wizyta główna"), ("wizyta.bol", "ból"), ("wizyta.waga", "1.Waga")}
    assert "called bol there" in told["wizyta.bol", "ból"]
    assert list(faults(made.content)) == []


FIELDS = (
    field("record_id"),
    field("a", validation="number", min="1", max="9.5", note="a note", section="<i>First</i>"),
    field("b", validation="integer", tags="Keep me @HIDDEN-PDF @DEFAULT='3'"),
    field("t", "notes", label="<b>Dear</b> [a]", required="y"),
    field("d", validation="date_mdy", min="2020-01-01", max="today", tags="@TODAY", alignment="LV", number="7"),
    field("e", validation="date_ymd", tags="@CALCDATE([d], 7, 'd')"),
    field("yn", "truefalse", identifier="y"),
    field("c", "dropdown", choices="1, One | a b, Two | -99, Unknown", tags="@HIDECHOICE='a b'"),
    field("m", "checkbox", choices="1, First | 2, Second | 9, None", tags="@NONEOFTHEABOVE='9' @MAXCHECKED=2"),
    field("s", "slider", choices="none | | all", validation="number"),
    field("s2", "slider"),
    field("z", validation="zipcode"),
    field("clock", validation="time", min="07:30"),
    field("q1", "radio", choices="1, One | 2, Two", matrix="mx", ranking="y"),
    field("note_x", "descriptive", show="[gone] = 1"),
    field("x1", show="[c] = 'a b' or [m(2)] = '1' and not([yn] = '1')"),
    field("x2", show="[a] <> '' and [a] <> 3 and contains([t], 'ab')"),
    field("sum_x", "calc", choices="sum([a], [b], [m(1)])"),
    field("mean_x", "calc", choices="round(mean([a], [b]), 2)"),
    field("diff_x", "calc", choices="datediff([d], 'today', 'y')"),
    field("if_x", "calc", choices="if([a] > 3 and [yn] <> '1', [q1] * 2, '')"),
    field("bad_x", "calc", choices="median([a], [b], 1, 2, 3)"),
    field("text_x", tags="@CALCTEXT(if([q1] = '1', upper([t]), concat([q1:label], ' x')))"),
    field("pick_x", tags="@IF([q1] = '1', @DEFAULT='one [a]', @IF([q1] = '2', @DEFAULT='two', ''))"),
    field("day_text", tags="@TODAY"),
    field("now_text", tags="@NOW"),
    field("later", tags="@CALCDATE([d], 7, 'd')"),
    field("seen", tags="@DEFAULT='seen [d]'"),
    field("count_x", "calc", choices="stdev([a], [b], 3)"),
    field("half_x", "calc", choices="median([a], [b], 3)"),
    field("other", form="form_b", validation="email"),
)


def test_a_dictionary_comes_back_as_it_was(tmp_path):
    first = settled(read_rows(tmp_path, *FIELDS))
    definition = read_definition_text(first.text.encode(), "study.yaml")
    made = write(compile_model(definition.model, definition.warnings))
    path = tmp_path / "again.csv"  # the name of the file does not tell what the registry is called
    path.write_bytes(made.content)
    _, _, lost = sameness(first.document, settled(read(path)).document)
    assert lost == ()


@pytest.mark.parametrize(
    ("column", "name", "text"),
    [
        (Column.LABEL, "t", "<b>Dear</b> [a]"),
        (Column.SECTION, "a", "<i>First</i>"),
        (Column.CHOICES, "c", "1, One | a b, Two | -99, Unknown"),
        (Column.CHOICES, "s", "none | | all"),
        (Column.VALIDATION, "s", "number"),
        (Column.VALIDATION, "s2", ""),
        (Column.CHOICES, "bad_x", "median([a], [b], 1, 2, 3)"),
        (Column.BRANCHING, "note_x", "[gone] = 1"),
        (Column.BRANCHING, "x1", "[c] = 'a b' or [m(2)] = '1' and not([yn] = '1')"),
        (Column.CHOICES, "sum_x", "sum([a], [b], [m(1)])"),
        (Column.MIN, "clock", "07:30"),
        (Column.NOTE, "z", ""),
        (Column.ALIGNMENT, "d", "LV"),
        (Column.ANNOTATION, "day_text", "@TODAY"),
        (Column.ANNOTATION, "now_text", "@NOW"),
        (Column.ANNOTATION, "later", "@CALCDATE([d], 7, 'd')"),
        (Column.ANNOTATION, "seen", "@DEFAULT='seen [d]'"),
        (Column.TYPE, "yn", "truefalse"),
    ],
)
def test_cells_are_those_that_were_read(tmp_path, column, name, text):
    rows = {row[Column.NAME]: row for row in rows_of(write(_registry(tmp_path)).content)}
    assert rows[name][column] == text


def _registry(tmp_path):
    definition = read_definition_text(settled(read_rows(tmp_path, *FIELDS)).text.encode(), "study.yaml")
    return compile_model(definition.model, definition.warnings)


def test_instruments_get_a_field_that_names_records_and_lose_it_again(tmp_path):
    imported = read_rows(tmp_path, field("x"))
    del imported.document["annotations"]
    made = write(compiled(imported))
    assert [row[Column.NAME] for row in rows_of(made.content)] == ["record_id", "x"]
    path = tmp_path / "again.csv"
    path.write_bytes(made.content)
    again = read(path)
    assert list(items(again.document)) == ["x"]
    assert "annotations" not in again.document
