# long: what each column of a workbook means, one table after the other
"""Workbooks of XLSForm -> definitions: how questions, groups, choices and constraints are said in our language."""

import io
import zipfile
from collections import Counter
from pathlib import Path

import pytest
from openpyxl import Workbook

from exchange.document import items_of
from exchange.findings import Outcome, Part, SourceFault
from exchange.settling import settled
from exchange.xlsform.languages import code_of
from exchange.xlsform.read import read
from exchange.xlsform.xpath import parse_xpath
from tests.exchange.corpus import corpus

BROKEN = {"fruits.csv"}  # a file of choices that lies beside a form
HEAD = "| survey |\n| | type | name | label | relevant | constraint | calculation | constraint_message | required | default | choice_filter | appearance |\n"
CHOICES = """| choices |
| | list_name | name | label | region |
| | yn | yes | Yes | |
| | yn | no | No | |
| | bool | 1 | Yes | |
| | bool | 0 | No | |
| | grade | 1 | low | |
| | grade | 2 | high | |
| | town | a | A town | north |
| | town | b | B town | south |
| | region | north | North | |
| | region | south | South | |
"""


@pytest.fixture
def imported(tmp_path):
    """Reads rows of a survey, as Markdown; the definition compiles."""

    def read_rows(rows: str, *, head: str = HEAD, choices: str = CHOICES):
        path = tmp_path / "form.md"
        lines = "\n".join(f"| | {row.strip()} |" for row in rows.strip().split("\n"))
        path.write_text(head + lines + "\n" + choices, "utf-8")
        return settled(read(path))

    return read_rows


def _entries(found):
    return {placed.entry["id"]: placed.entry for placed in items_of(found.document)}


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("integer | n | N | | . >= 18 and . < 99", {"type": "integer", "range": {"hard": [18, {"under": 99}]}}),
        ("integer | n | N | | 0 < .", {"range": {"hard": [{"over": 0}, None]}}),
        ("decimal | n | N | | .>=-1.5", {"type": "decimal", "decimals": 6}),
        ("text | n | N | | regex(., '[A-Z]{2}') | | Two letters | yes", {"pattern": "[A-Z]{2}", "hint": {"en": "Two letters"}, "required": True}),
        ("text | n | N | | string-length(.) <= 30", {"length": 30}),
        ("text | n | N | | | | | | | | multiline w2", {"type": "long_text", "annotations": {"xlsform": {"appearance": "w2"}}}),
        ("select_one bool | n | N", {"type": "boolean"}),
        ("select_one yn | n | N | | | | | | yes", {"type": "code", "codelist": "yn", "default": "'yes'"}),
        ("select_multiple yn | n | N", {"type": "codes", "codelist": "yn"}),
        ("rank yn | n | N", {"type": "codes"}),
        ("acknowledge | n | N", {"type": "boolean"}),
        ("geopoint | n | N", {"type": "text", "annotations": {"xlsform": {"type": "geopoint"}}}),
        ("image | n | N", {"type": "file"}),
        ("add text prompt | n | N", {"type": "text"}),
        ("Select One from yn | n | N", {"type": "code"}),
        ("start | n |", {"type": "datetime", "default": "now()", "label": {"en": "n"}}),
        ("date | n | N | | | | | | 2020-05-01", {"default": "make_date(2020, 5, 1)"}),
        ("date | n | N | | | | | | today()", {"default": "today()"}),
        ("calculate | n | | | | 2 * 3", {"type": "integer", "calculate": "2 * 3"}),
        ("calculate | n | | | | 1 div 3", {"type": "decimal", "decimals": 6, "calculate": "round(1 / 3, 6)"}),
        ("calculate | n | | | | today()", {"type": "date", "live": True}),
        ("calculate | n | | | | once(today())", {"type": "date", "default": "today()"}),
        ("calculate | n | | | | concat('a', 'b')", {"type": "text"}),
        ("strange type | n | N", {"type": "text"}),
    ],
)  # fmt: skip
def test_a_question_is_said_in_our_language(imported, row, expected):
    entry = _entries(imported(row))["n"]
    assert {key: entry.get(key) for key in expected} == expected


@pytest.mark.parametrize(
    ("constraint", "assertion"),
    [
        (". = 88 or . <= 60", "n = 88 or n <= 60"),
        (". > ${m}", "empty(n) or n > m is true"),
        (". > 5 and . != 7", "n = 7 is not true"),  # what is a bound is the item's
        ("not(. = 3)", "n = 3 is not true"),
    ],
)
def test_other_constraints_are_checks(imported, constraint, assertion):
    found = imported(f"integer | m | M\ninteger | n | N | | {constraint} | | Not so")
    (check,) = found.document["forms"]["form"]["checks"]
    assert check == {"id": "n_check", "assert": assertion, "severity": "error", "on": "n", "message": {"en": "Not so"}}


YES_NO = [
    # labels of 1 and 0 in English and Polish, and what a question with them becomes
    (("Yes", "Tak"), ("No", "Nie"), "boolean"),
    (("Yes", "Owszem"), ("No", "Ależ nie"), "code"),
    (("Yes, surely", "Tak"), ("No", "Nie"), "code"),
    (("Female", "Kobieta"), ("Male", "Mężczyzna"), "code"),
]


@pytest.mark.parametrize(("yes", "no", "type_"), YES_NO)
def test_a_list_is_yes_and_no_where_it_says_so_in_every_language(imported, yes, no, type_):
    rows = "\n".join(f"| | l | {code} | {' | '.join(labels)} |" for code, labels in ((1, yes), (0, no)))
    choices = f"| choices |\n| | list_name | name | label::en | label::pl |\n{rows}\n"
    head = "| survey |\n| | type | name | label::en | label::pl | relevant |\n"
    found = imported("select_one l | q | Q | Q |\ntext | t | T | T | ${q} = 1", head=head, choices=choices)
    entry = _entries(found)["q"]
    assert (entry["type"], _entries(found)["t"]["when"]) == (type_, "q" if type_ == "boolean" else "q = '1'")
    kept = found.document.get("codelists", {}).get("l", {}).get("codes", {})
    assert kept == (
        {}
        if type_ == "boolean"
        else {code: dict(zip(("en", "pl"), labels, strict=True)) for code, labels in (("1", yes), ("0", no))}
    )


def test_yes_and_no_of_which_several_may_be_chosen_stay_a_list(imported):
    found = imported("select_one bool | a | A\nselect_multiple bool | b | B")
    assert [_entries(found)[name]["type"] for name in "ab"] == ["boolean", "codes"]
    assert "bool" in found.document["codelists"]


def test_groups_are_sections_and_repeats_rows(imported):
    found = imported("""
        text | loose | Loose
        begin group | house | House | ${loose} = 'x'
        integer | a | A
        begin group | inner | Inner | ${a} > 3
        integer | b | B | ${a} > 5
        end group | |
        end group | |
        begin repeat | child | Child
        text | nick | Nick
        integer | age | Age | | . < 3 or . = ${a}
        calculate | place | | | | position(..)
        end repeat | |
        calculate | ages | | | | sum(${age})
        calculate | many | | | | count(${child})
        calculate | old | | | | count(${child}[age > 10])
    """)
    form = found.document["forms"]["form"]
    assert [section["id"] for section in form["sections"]] == ["questions", "house", "questions_2"]
    house, rows = form["sections"][1], form["sections"][2]["items"]
    assert house["when"] == "loose = 'x'"
    assert [(entry["id"], entry["type"], entry.get("when")) for entry in house["items"]] == [
        ("a", "integer", None),
        ("inner", "heading", "a > 3"),
        ("b", "integer", "a > 3 and a > 5"),
    ]
    assert rows[0]["group"] == "child"
    assert rows[0]["items"][2]["calculate"] == "row_index()"
    assert [entry["calculate"] for entry in rows[1:]] == [
        "sum(child.age)",
        "count(child)",
        "count(child where age > 10)",
    ]
    assert form["checks"][0]["assert"] == "all(child where empty(age) or (age < 3 or age = a) is true)"


def test_choices_are_narrowed_by_their_columns(imported):
    found = imported(
        """
        select_one region | area | Area
        select_one town | town | Town | | | | | | | region = ${area}
        calculate | said | | | | jr:choice-name(${town}, '${town}')
        calculate | lies | | | | instance('town')/ROOT/item[name = ${town}]/region
    """.replace("ROOT", "root")
    )
    entries = _entries(found)
    assert entries["town"]["only"] == "attr(code, 'region') = area"
    assert entries["said"]["calculate"] == "label(town)"
    assert entries["lies"]["calculate"] == "attr(town, 'region')"
    lists = found.document["codelists"]
    assert lists["town"]["codes"]["a"] == {"en": "A town", "region": "north"}


def test_a_choice_in_several_rows_is_offered_for_each_of_them(imported):
    choices = "| choices |\n| | list_name | name | label | region |\n" + "".join(
        f"| | {row} |\n"
        for row in (
            "region | n | North | ",
            "region | s | South | ",
            "town | other | Other | n",
            "town | a | A | n",
            "town | other | Other | s",
        )
    )
    found = imported(
        "select_one region | r | R\nselect_one town | t | T | | | | | | | region = ${r}\ntext | q | Q | ${t} = 'other'",
        choices=choices,
    )
    town = found.document["codelists"]["town"]
    assert (_entries(found)["t"]["only"], town["attributes"]) == ("r in attr(code, 'region')", {"region": "codes"})
    assert {code: entry["region"] for code, entry in town["codes"].items()} == {"other": ["n", "s"], "a": ["n"]}
    (told,) = [finding for finding in found.findings if finding.part is Part.CHOICES and finding.found == "town"]
    assert (told.outcome, "all its values of region" in told.reason) == (Outcome.APPROXIMATED, True)


def test_a_cell_of_several_words_that_a_filter_searches_holds_several_values(imported):
    found = imported(
        "select_one region | r | R\nselect_one town | t | T | | | | | | | selected(region, ${r})",
        choices="| choices |\n| | list_name | name | label | region |\n| | region | n | North | |\n| | region | s | South | |\n"
        "| | town | a | A | n s |\n| | town | b | B | s |\n",
    )
    town = found.document["codelists"]["town"]
    assert (_entries(found)["t"]["only"], town["attributes"]) == ("r in attr(code, 'region')", {"region": "codes"})
    assert {code: entry["region"] for code, entry in town["codes"].items()} == {"a": ["n", "s"], "b": ["s"]}


def test_an_answer_in_a_row_is_found_by_its_number(imported):
    found = imported("""
        integer | n | N
        begin repeat | r | R
        text | t | T
        integer | w | W
        calculate | before | | | | indexed-repeat(${t}, ${r}, position(..) - 1)
        calculate | that | | | | indexed-repeat(${t}, ${r}, ${w})
        end repeat | |
        calculate | nth | | | | indexed-repeat(${t}, ${r}, ${n})
        calculate | final | | | | indexed-repeat(${t}, ${r}, count(${r}))
    """)
    assert {name: entry["calculate"] for name, entry in _entries(found).items() if "calculate" in entry} == {
        "before": "prev(t)",
        "that": "first(r.t where row_index() = outer.w)",
        "nth": "first(r.t where row_index() = n)",
        "final": "first(r.t where row_index() = count(r))",
    }


def test_paths_lead_through_groups(imported):
    found = imported("""
        begin group | one | One
        text | name | Name
        end group | |
        begin group | two | Two | ../one/name = 'x'
        text | name | Name | ../../one/name = 'y'
        text | third | Third | ../name = 'z' and /data/one/name != ''
        end group | |
    """)
    entries = _entries(found)
    assert found.document["forms"]["form"]["sections"][1]["when"] == "name = 'x'"
    assert (entries["name_2"]["oid"], entries["name_2"]["when"]) == ("name", "name = 'y'")
    assert entries["third"]["when"] == "name_2 = 'z' and filled(name)"


def test_texts_stand_in_all_languages_without_marks(imported):
    head = "| survey |\n| | type | name | label::Polski (pl) | label::English (en) | hint::English (en) |\n"
    found = imported(
        "text | who | Kto | **Who** <br> are you? |\nnote | hi | Cześć ${who} {x} | | see <b>this</b>",
        head=head,
        choices="",
    )
    entries = _entries(found)
    assert found.document["languages"] == ["pl", "en"]
    assert entries["who"]["label"] == {"pl": "Kto", "en": "Who\nare you?"}
    assert entries["hi"]["label"] == {"pl": "Cześć {who} (x)", "en": "Cześć {who} (x)"}
    assert entries["hi"]["hint"] == {"pl": "see this", "en": "see this"}
    assert {finding.where for finding in found.findings if finding.part is Part.TEXT} == {"who, row 3", "hi, row 4"}


LANGUAGES = [
    ("English (en)", "en"), ("eng", "en"), ("fra", "fr"), ("fre", "fr"), ("Français", "fr"), ("fr-CA", "fr"), ("Kiswahili", "sw"),
    ("Hausa (hau)", "ha"), ("Luganda", "lg"), ("luo", "luo"), ("Acholi (ach)", "ach"), ("julevsámegiella", "smj"),
    ("Кыргызча", "ky"), ("Our village", None),
]  # fmt: skip


@pytest.mark.parametrize(("name", "code"), LANGUAGES)
def test_languages_are_known_by_codes_and_names(name, code):
    assert code_of(name) == code


def test_a_language_that_is_not_known_gets_a_code_for_private_use_and_is_told(imported):
    head = "| survey |\n| | type | name | label::eng | label::Our village |\n"
    found = imported("text | a | A | B", head=head, choices="")
    assert found.document["languages"] == ["en", "qaa"]
    (told,) = [finding for finding in found.findings if finding.where == "languages"]
    assert (told.outcome, told.found) == (Outcome.APPROXIMATED, "Our village")


def test_a_text_beside_another_in_the_same_language_is_told(imported):
    head = "| survey |\n| | type | name | label | label::eng | label::fra |\n"
    settings = "| settings |\n| | default_language |\n| | eng |\n"
    found = imported("text | a | plain | A | B\ntext | b | same | same | C", head=head, choices=settings)
    assert _entries(found)["a"]["label"] == {"en": "A", "fr": "B"}
    (told,) = [finding for finding in found.findings if finding.part is Part.TEXT]
    assert (told.where, told.outcome, told.found) == ("survey, row 3", Outcome.DROPPED, "label: plain")


UNKNOWN_CODES = [
    # where, the rule, the rule here
    ("integer | n | N | ${s} = 'gone'", "when", "false"),
    ("integer | n | N | ${s} != 'gone' and ${b} = 'maybe'", "when", "false"),
    ("integer | n | N | selected(${m}, 'gone')", "when", "false"),
    ("integer | n | N | not(${m} = 'gone')", "when", "true"),
    ("calculate | n | | | | if(selected(${s}, 'gone'), 1, 2)", "calculate", "2"),
    ("select_one town | n | N | | | | | | | name = 'gone'", "only", "false"),
]


@pytest.mark.parametrize(("row", "key", "rule"), UNKNOWN_CODES)
def test_a_rule_that_asks_for_a_code_which_the_list_has_not_is_told(imported, row, key, rule):
    found = imported(f"select_one yn | s | S\nselect_one bool | b | B\nselect_multiple yn | m | M\n{row}")
    assert str(_entries(found)["n"][key]) == rule
    (told,) = [finding for finding in found.findings if finding.part is Part.RULE]
    assert told.outcome is Outcome.APPROXIMATED
    assert "so that it is never chosen" in told.reason


def test_a_group_whose_condition_asks_for_a_code_which_is_not_there_is_told(imported):
    found = imported("""
        select_one yn | s | S
        begin group | g | G | ${s} = 'gone'
        begin group | h | H | ${s} = 'lost'
        text | a | A
        end group | |
        end group | |
    """)
    told = [(finding.where, finding.outcome) for finding in found.findings if finding.part is Part.RULE]
    assert told == [("g, row 4", Outcome.APPROXIMATED), ("h, row 5", Outcome.APPROXIMATED)]


APPROXIMATED = [
    ("integer | n | N | | | | | | ${q} + 1", "default", "q + 1", "worked out once, when the record or row is begun"),
    ("calculate | n | | | | once(now())", "default", "now()", "nobody sees it"),
    (
        "calculate | n | | | | coalesce(${q}, ../gone)",
        "calculate",
        "q",
        "leads to no question: there is no gone in the form. It counts as empty.",
    ),
    (
        "calculate | n | | | | today() - now()",
        "calculate",
        "days(now(), today())",
        "whole days here, and parts of a day there",
    ),
]


@pytest.mark.parametrize(("row", "key", "rule", "reason"), APPROXIMATED)
def test_a_rule_that_is_worked_out_at_another_time_is_told(imported, row, key, rule, reason):
    found = imported(f"integer | q | Q\n{row}")
    assert str(_entries(found)["n"][key]) == rule
    (told,) = [finding for finding in found.findings if finding.part is Part.RULE]
    assert told.outcome is Outcome.APPROXIMATED
    assert reason in told.reason


def test_a_default_that_reads_no_answers_is_kept(imported):
    found = imported("date | n | N | | | | | | today()")
    assert [finding.outcome for finding in found.findings if finding.part is Part.RULE] == [Outcome.KEPT]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("integer | n | N | | | | | | foo", "'foo' is no number."),
        ("date | n | N | | | | | | 1/5/20", "'1/5/20' is no date as ODK writes it (2026-05-31)."),
        ("select_one yn | n | N | | | | | | perhaps", "'perhaps' is no choice of the list."),
        ("select_one bool | n | N | | | | | | perhaps", "'perhaps' is neither yes nor no."),
        ("select_multiple yn | n | N | | | | | | yes no", "'yes no' cannot be a default here, for a question of the kind codes."),
    ],
)  # fmt: skip
def test_why_a_default_is_none_is_told(imported, row, reason):
    found = imported(row)
    assert reason in [finding.reason for finding in found.findings if finding.outcome is Outcome.DROPPED]


def test_whether_a_file_is_there_is_a_condition(imported):
    found = imported("image | i | I\ntext | a | A | ${i}\ntext | b | B | ${i} != ''\ntext | c | C | not(${i})")
    assert [_entries(found)[name]["when"] for name in "abc"] == ["filled(i)", "filled(i)", "empty(i)"]


@pytest.mark.parametrize(
    ("calculation", "reason"),
    [
        ("uuid()", "A random identifier is asked for."),
        ("${gone} + 1", "There is no question called gone."),
        ("pulldata('f', 'a', 'b', 'c')", "Other files are looked up."),
        ("if(1 = 1, 2", "The expression is not complete: a bracket or a value is missing at its end."),
        ("1 + + 2", "A sign + stands before a value; XPath has only -."),
        ("${n} + 1", "n is calculated from itself."),
        ("selected()", "selected() is called with 0 arguments, which it does not take."),
        ("(" * 300 + "gone" + ")" * 300, "The path gone leads to no question: there is no gone in n."),
        ("if(selected(../gone, 'x'), 1, 2)", "The path ../gone leads to no question: there is no gone in the form."),
        (
            "instance('other')/all/item[name = 'a']/label",
            "What is looked up, other, is no list of this workbook and no file beside it.",
        ),
        ("count(instance('l')/all/item[score > 1])", "What is counted are neither rows nor the choices of a list."),
    ],
)
def test_what_cannot_be_translated_is_kept_and_told(imported, calculation, reason):
    found = imported(f"calculate | n | | | | {calculation}")
    assert _entries(found)["n"]["annotations"]["xlsform"]["calculation"] == calculation
    assert _entries(found)["n"]["hint"]["en"] == "It was calculated where this form comes from; here it is not."
    (told,) = [finding for finding in found.findings if finding.part is Part.RULE]
    assert (told.outcome, told.reason, told.found) == (Outcome.DROPPED, reason, calculation)


def test_every_question_and_rule_is_told_once(imported):
    found = imported("""
        begin group | g | G | ${a} = 1
        integer | a | A | | . > 3
        text | b | B | ${a} = 2
        end group | |
        begin repeat | r | R | ${a} > 1
        note | n | N
        end repeat | |
    """)
    told = Counter(
        (finding.part, finding.where) for finding in found.findings if finding.part in (Part.ITEM, Part.RULE)
    )
    assert told == {
        (Part.RULE, "g, row 3"): 1, (Part.ITEM, "a, row 4"): 1, (Part.RULE, "a, row 4"): 1, (Part.ITEM, "b, row 5"): 1,
        (Part.RULE, "b, row 5"): 1, (Part.RULE, "r, row 7"): 1, (Part.ITEM, "n, row 8"): 1,
    }  # fmt: skip


def test_rows_that_are_counted_are_checked(imported):
    found = imported("integer | n | N\nbegin repeat | r | R\ntext | t | T\nend repeat | |", head=HEAD)
    assert "checks" not in found.document["forms"]["form"]
    head = "| survey |\n| | type | name | label | repeat_count |\n"
    found = imported("integer | n | N |\nbegin repeat | r | R | ${n}\ntext | t | T |\nend repeat | | |", head=head)
    assert found.document["forms"]["form"]["checks"][0]["assert"] == "count(r) = n"
    (told,) = (each for each in found.findings if each.name == "repeat_count")
    assert (told.outcome, told.reason) == (
        Outcome.APPROXIMATED,
        "The rows are made there; here they are added by hand, and a check counts them.",
    )


# files ------------------------------------------------------------------------------------------------------------


def _xlsx(rows, sheet="survey"):
    book = Workbook()
    page = book.create_sheet(sheet, 0)
    for row in rows:
        page.append(row)
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


def _bomb() -> bytes:
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/sharedStrings.xml", b"\0" * 40_000_000)
    return kept.getvalue()


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        ("a.xlsx", b"", "The file is empty."),
        ("a.xlsx", b"PK\3\4 half of one", "This is no workbook, or only half of one."),
        ("a.xlsx", _xlsx([["type", "name"], ["text", "a"]])[:-300], "only half of one"),
        ("a.xlsx", _bomb(), "unpacks to more than 30 MB"),
        ("a.xlsx", _xlsx([["type", "name"], *([["begin group", "g"]] * 3000)]), "survey, row 62: More than 60 groups"),
        ("a.xlsx", _xlsx([["type", "name"], *([["begin repeat", "g"]] * 30)]), "Is an end missing?"),
        ("a.xls", b"\xd0\xcf\x11\xe0 and no more", "The workbook is broken"),
        (
            "a.xlsx",
            _xlsx([["Variable / Field Name", "Form Name"], ["a", "b"]], "Sheet1"),
            "a data dictionary of REDCap",
        ),
        ("a.csv", b'"Variable / Field Name","Form Name"\na,b\n', "a data dictionary of REDCap"),
        ("a.xml", b'<?xml version="1.0"?><ODM xmlns="x"/>', "CDISC ODM"),
        ("a.json", b'{"resourceType": "Questionnaire"}', "a FHIR Questionnaire"),
        ("a.csv", b"just some words", "There is no sheet 'survey'"),
        ("a.xlsx", _xlsx([["type", "name"]]), "has no questions"),
        ("a.xlsx", _xlsx([["type", "name"], ["begin group", "g"]]), "has no questions"),
    ],
)
def test_what_is_no_form_is_refused_with_what_it_is(tmp_path, name, data, told):
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(SourceFault) as fault:
        read(path)
    assert told in str(fault.value)


@pytest.mark.parametrize(
    "rows",
    [
        [["type", "name", "label"], ["end group", "", ""], ["text", "a", "A"], ["begin group", "g", "G"], ["text", "a", "B"]],
        [["type", "name", "label", "label"], ["text", "a", "A", "second"], ["", "b", "no type"], ["note", "", "Hello!"]],
        [["type", "name", "label::English", "label::Klingon"], ["select_one gone", "and", "A", "B"], ["text", "1 2 3", "C", ""]],
        [["Type", "NAME", "Caption", "bind:relevant"], ["text", "a", "A", "“x” = ‘x’"], ["begin repeat", "r", "R", ""], ["text", "b", "B", ""]],
    ],
)  # fmt: skip
def test_small_faults_are_read_over(tmp_path, rows):
    path = tmp_path / "odd.xlsx"
    path.write_bytes(_xlsx(rows))
    found = settled(read(path))
    assert list(items_of(found.document))


def test_a_sheet_that_ends_in_a_million_empty_rows_is_read(tmp_path):
    book = Workbook(write_only=True)
    page = book.create_sheet("survey")
    for row in (["type", "name"], ["text", "a"]):
        page.append(row)
    for _ in range(300_000):
        page.append([None])
    path = tmp_path / "long.xlsx"
    book.save(path)
    assert len(list(items_of(read(path).document))) == 1


def test_paths_and_conditions_are_told_apart_by_what_may_follow():
    assert parse_xpath("div div mod") == parse_xpath("div  div  mod")
    assert str(parse_xpath("../a-b/c")) == "...a-b.c"


@pytest.mark.slow
@pytest.mark.parametrize("path", corpus("xlsform", ".xlsx", ".xls", ".xlsm", ".csv"), ids=lambda path: path.name)
def test_files_of_the_corpus_are_read(path):
    if path.name in BROKEN:
        with pytest.raises(SourceFault):
            read(path)
    else:
        found = settled(read(path))
        assert {finding.part for finding in found.findings} >= {Part.ITEM}


@pytest.mark.slow
def test_most_rules_of_the_corpus_are_translated():
    told: Counter[Outcome] = Counter()
    paths = corpus("xlsform", ".xlsx", ".xls", ".xlsm", ".csv")
    if not isinstance(paths[0], Path):
        pytest.skip("The files of other systems are not here (ECRF_CORPUS).")
    for path in paths:
        if path.name not in BROKEN:
            told.update(finding.outcome for finding in settled(read(path)).findings if finding.part is Part.RULE)
    assert told[Outcome.KEPT] + told[Outcome.APPROXIMATED] >= 0.95 * told.total() > 1000
