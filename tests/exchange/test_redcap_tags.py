"""Action tags and bounds of REDCap: what they become, and that they mean the same."""

import pytest

from tests.exchange.redcap_kit import asked, compiled, field, items, outcomes, read_rows, rules_told


@pytest.mark.parametrize(
    ("row", "keys"),
    [
        (field("x", tags="@DEFAULT='a b'"), {"default": "'a b'"}),
        (field("x", validation="integer", tags='@DEFAULT = "5"'), {"default": "5"}),
        (field("x", "yesno", tags="@DEFAULT='1'"), {"default": "true"}),
        (field("x", "radio", choices="1, A", tags="@DEFAULT=1"), {"default": "'1'"}),
        (field("x", validation="date_ymd", tags="@DEFAULT='2024-01-02'"), {"default": "make_date(2024, 1, 2)"}),
        (field("x", validation="date_ymd", tags="@TODAY"), {"default": "today()"}),
        (field("x", validation="datetime_ymd", tags="@NOW"), {"default": "now()"}),
        (field("x", validation="time", tags="@NOW"), {"default": "make_time(hour(now()), minute(now()))"}),
        (field("x", validation="time", tags="@DEFAULT='08:30'"), {"default": "make_time(8, 30)"}),
        (
            field("x", validation="datetime_ymd", tags="@DEFAULT='2023-08-01 01:02'"),
            {"default": "at_time(make_date(2023, 8, 1), make_time(1, 2))"},
        ),
        (field("x", tags="@DEFAULT='[t]'"), {"default": "t"}),
        (field("x", tags="@DEFAULT='[c]'"), {"default": "label(c)"}),
        (
            field("x", tags="@IF([c] = '1', @DEFAULT='a', @IF([c] = '2', @DEFAULT='b', ''))"),
            {"default": "if(c = '1' is true, 'a', if(c = '2' is true, 'b', null))"},
        ),
        (field("x", "radio", choices="1, A | 2, B", tags="@HIDECHOICE='2'"), {"only": "code != '2'"}),
        (field("x", "radio", choices="1, A | 2, B", tags="@SHOWCHOICE='1,2'"), {"only": "code in ('1', '2')"}),
        (field("x", tags="@CHARLIMIT=10"), {"length": 10}),
    ],
)
def test_action_tags_become_rules(tmp_path, row, keys):
    imported = read_rows(tmp_path, field("r"), field("t"), field("c", "radio", choices="1, One | 2, Two"), row)
    entry = items(imported.document)["x"]
    assert {key: entry.get(key) for key in keys} == keys
    assert "Field Annotation" not in entry.get("annotations", {}).get("redcap", {})
    assert rules_told(imported, "form_a.x") == [("kept", "")]
    compiled(imported)


def test_choices_hidden_under_a_condition_are_offered_otherwise(tmp_path):
    tags = "@IF([t] = 'a', @HIDECHOICE='2', '')"
    imported = read_rows(tmp_path, field("t"), field("x", "radio", choices="1, A | 2, B", tags=tags))
    registry = compiled(imported)
    broken = [[found["code"] for found in asked(registry, {"t": text, "x": "2"})["violations"]] for text in ("a", "b")]
    assert broken == [["not_in_list"], []]


def test_how_many_may_be_chosen_is_a_check_and_none_of_the_above_stands_alone(tmp_path):
    tags = "@MAXCHECKED=1 @NONEOFTHEABOVE='9'"
    imported = read_rows(tmp_path, field("r"), field("x", "checkbox", choices="1, A | 2, B | 9, None", tags=tags))
    registry = compiled(imported)
    found = [asked(registry, {"x": chosen})["violations"] for chosen in (["1", "2"], ["1", "9"], ["9"])]
    assert [len(violations) for violations in found] == [1, 2, 0]
    assert found[0][0]["message"] == "At most 1 may be chosen."


def test_times_of_day_have_bounds(tmp_path):
    imported = read_rows(tmp_path, field("x", validation="time", min="07:00", max="23:59"))
    registry = compiled(imported)
    assert [len(asked(registry, {"x": clock})["violations"]) for clock in ("06:59", "07:00", "23:59")] == [1, 0, 0]


def test_tags_without_a_counterpart_stay_in_the_annotation(tmp_path):
    tags = "Ask twice. @HIDDEN-SURVEY @DEFAULT='1' @WORDLIMIT=3 mail a@B.org"
    imported = read_rows(tmp_path, field("r"), field("x", tags=tags))
    entry = items(imported.document)["x"]
    assert entry["default"] == "'1'"
    kept = entry["annotations"]["redcap"]["Field Annotation"]
    assert kept.split("\n") == ["Ask twice.", "mail a@B.org", "@HIDDEN-SURVEY", "@WORDLIMIT=3"]
    assert outcomes(imported, "form_a.x", "layout") == ["approximated", "dropped"]


@pytest.mark.parametrize(
    ("tag", "reason"),
    [
        ("@HIDDEN", "The field is hidden there; here it is shown."),
        ("@HIDDEN-SURVEY", "The field is hidden in surveys there; here it is shown."),
        ("@READONLY-FORM", "The field cannot be changed in forms that staff fill in there; here it can be changed."),
        ("@READONLY", "The field cannot be changed there; here it can."),
        ("@WORDLIMIT=3", "@WORDLIMIT has no counterpart."),
    ],
)
def test_a_tag_is_told_with_what_it_does(tmp_path, tag, reason):
    imported = read_rows(tmp_path, field("r"), field("x", tags=tag))
    assert [each.reason for each in imported.findings if each.part == "layout"] == [reason]


def test_a_text_of_a_shape_is_not_offered_the_present_moment(tmp_path):
    imported = read_rows(tmp_path, field("r"), field("x", validation="time_hh_mm_ss", tags="@NOW"))
    assert [outcome for outcome, _ in rules_told(imported, "form_a.x")] == ["dropped"]


def test_a_field_with_several_choices_takes_no_default(tmp_path):
    imported = read_rows(tmp_path, field("r"), field("x", "checkbox", choices="1, A", tags="@DEFAULT='1'"))
    assert rules_told(imported, "form_a.x") == [("dropped", "A field with several choices takes no default here.")]


@pytest.mark.parametrize(
    ("validation", "bound", "day"),
    [
        ("date_mdy", "1/1/19", "make_date(2019, 1, 1)"),
        ("date_ymd", "12/31/2019", "make_date(2019, 12, 31)"),
        ("date_dmy", "31/12/2019", "make_date(2019, 12, 31)"),
        ("date_mdy", "6/30/45", "make_date(1945, 6, 30)"),
        ("datetime_ymd", "1/31/19 7:00", "at_time(make_date(2019, 1, 31), make_time(7, 0))"),
    ],
)
def test_dates_that_a_spreadsheet_rewrote_are_read_and_told(tmp_path, validation, bound, day):
    imported = read_rows(tmp_path, field("r"), field("x", validation=validation, min=bound))
    assert items(imported.document)["x"]["range"] == {"soft": [day, None]}
    ((outcome, reason),) = rules_told(imported, "form_a.x")
    assert (outcome, "month before day" in reason) == ("approximated", True)
    compiled(imported)


@pytest.mark.parametrize("cells", [{"min": "[", "max": "]"}, {"min": "9", "max": "1"}, {"tags": "@DEFAULT='['"}])
def test_bounds_and_values_that_are_none_are_told(tmp_path, cells):
    imported = read_rows(
        tmp_path, field("r"), field("x", validation="integer", **cells), field("s", "slider", min="5", max="1")
    )
    assert {outcome for outcome, _ in rules_told(imported, "form_a.x")} == {"dropped"}
    assert items(imported.document)["s"]["range"] == {"hard": [0, 100]}
    compiled(imported)


@pytest.mark.parametrize("bound", ["1e400", "-1e-400", "1e60", "1" * 61, f"1.{'1' * 61}"])
def test_a_bound_that_no_registry_can_hold_is_left_out_and_its_field_named(tmp_path, bound):
    imported = read_rows(tmp_path, field("r"), field("x", validation="number", min=bound, max="9"))
    assert items(imported.document)["x"]["range"] == {"soft": [None, 9]}
    told = {
        each.found: (each.outcome, each.reason) for each in imported.findings if each.where == "form_a.x" and each.found
    }
    outcome, reason = told[bound]
    assert (outcome, "at most 60 digits" in reason) == ("dropped", True)
    compiled(imported)


def test_a_bound_may_be_another_field(tmp_path):
    rows = (field("from", validation="date_ymd"), field("to", validation="date_ymd", min="[from]", max="x"))
    imported = read_rows(tmp_path, field("r"), *rows)
    entry = items(imported.document)["to"]
    assert entry["range"] == {"soft": ["from", None]}
    assert rules_told(imported, "form_a.to") == [("kept", ""), ("dropped", "'x' is no date.")]
    compiled(imported)
