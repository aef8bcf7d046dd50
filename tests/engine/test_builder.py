# long: one table of faults and models
import json
import re
from copy import deepcopy
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.compiler import compile_definition
from engine.datatypes.patterns import fault_of_pattern
from engine.definitions import read_definition, read_definition_text
from engine.definitions.codes import CODES
from engine.definitions.rename import rename_expression
from engine.definitions.source import read_source
from engine.errors import DefinitionError, Mark, Problems, Severity
from engine.model.form import GroupDef, walk_items
from engine.model.item import ExpressionText, Privacy, WhenHidden

FIXTURES = Path(__file__).parents[1] / "fixtures"
INVALID = FIXTURES / "invalid"
COMPLETE = FIXTURES / "definitions" / "form_definitions" / "complete.yaml"

EXPECT = re.compile(r"^# expect: (?:(\S+):)?(\d+):(\d+) (error|warning) (\S+) ?(.*)$", re.MULTILINE)


def bomb_of_blocks() -> bytes:
    """Blocks of which each uses the next one ten times."""
    blocks = "".join(f"  b{n}: [{', '.join([f'{{use: b{n + 1}}}'] * 10)}]\n" for n in range(30))
    return f"library: l\nversion: 1.0.0\nblocks:\n{blocks}  b30: [{{id: a, type: boolean}}]\n".encode()


# Codes of limits: a text that reaches them would be no small fixture, so it is made here.
LARGE = {
    "file-too-large": lambda: b"#" * 5_000_001,
    "too-many-nodes": lambda: b"[" + b"1," * 500_001 + b"]",
    "text-too-long": lambda: b"registry: r\nversion: 1.0.0\ntitle: {pl: x, en: " + b"x" * 100_001 + b"}",
    "block-too-large": bomb_of_blocks,
}


OF_LISTS = {"too-many-codes"}  # see test_explosions.py
OF_EXAMPLES = {"unknown-example", "example-failed"}  # see test_definitions.py
OF_FOLDERS = {"registry-twice", "sign-taken"}  # see tests/web/test_registries.py


def diagnose(path: Path):
    """All problems of a definition: the one place that says what a faulty fixture is run through."""
    try:
        return compile_definition(path).warnings
    except DefinitionError as error:
        return error.problems


def problems_of(text: str | bytes, folder: Path | None = None):
    try:
        return read_definition_text(text if isinstance(text, bytes) else text.encode(), "f.yaml", folder).warnings
    except DefinitionError as error:
        return error.problems


def expected_of(path: Path) -> list[tuple[str, ...]]:
    text = path.read_bytes().decode("utf-8", "replace")
    return [(found[0] or path.name, *found[1:]) for found in EXPECT.findall(text)]


@pytest.mark.parametrize("path", sorted(INVALID.glob("*.yaml")), ids=lambda path: path.stem)
def test_faulty_definition(path):
    """Every fault of the file, and nothing else, at its place."""
    expected, found = expected_of(path), diagnose(path)
    assert expected, "the fixture does not say what to expect: add lines '# expect: line:column severity code words'"
    shown = [
        (
            Path(p.mark.file).relative_to(INVALID).as_posix(),
            str(p.mark.line),
            str(p.mark.column),
            str(p.severity),
            p.code,
        )
        for p in found
    ]
    assert sorted(shown) == sorted(line[:5] for line in expected)
    said = [problem.message for problem in found]
    for words in (line[5] for line in expected):
        assert any(words in message for message in said), words


def test_every_code_has_a_fixture():
    seen = {line[4] for path in INVALID.glob("*.yaml") for line in expected_of(path)}
    assert set(CODES) - seen == set(LARGE) | OF_EXAMPLES | OF_LISTS | OF_FOLDERS


@pytest.mark.parametrize("code", LARGE)
def test_large_texts(code):
    assert code in {problem.code for problem in problems_of(LARGE[code]())}


def test_an_expression_that_is_too_long_is_not_called_empty_as_well():
    item = f"{{id: a, type: integer, label: {{pl: X, en: X}}, calculate: '{'1 + ' * 30_000}1'}}"
    form = f"{{title: {{pl: F, en: F}}, in: patient, sections: [{{id: s, items: [{item}]}}]}}"
    found = problems_of(f"registry: r\nversion: 1.0.0\ntitle: {{pl: R, en: R}}\nforms: {{f: {form}}}")
    assert [problem.code for problem in found] == ["text-too-long"]


# the model ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def complete():
    return read_definition(COMPLETE).model


def test_complete_definition_has_no_warnings():
    assert read_definition(COMPLETE).warnings == ()


def test_head_and_sources(complete):
    assert (complete.registry, complete.version, complete.languages) == ("complete", "1.2.3-rc.1", ("pl", "en"))
    assert complete.texts["keeper"] == {"pl": "Ministerstwo", "en": "Ministry"}
    assert sorted(complete.sources) == [
        "common/codes.yaml",
        "common/shared.yaml",
        "complete.yaml",
        "dictionaries/leads.csv",
    ]
    assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in complete.sources.values())


def test_parts_of_libraries_come_first(complete):
    assert list(complete.forms) == ["person", "procedure", "follow_up"]
    assert list(complete.codelists) == ["sex", "lead_model", "severity", "icd10"]
    assert complete.codelists["sex"].choices["f"].label == {"pl": "kobieta", "en": "woman"}


def test_parameters_oldest_first(complete):
    values = complete.parameters["window_days"].values
    assert [value for _, value in values] == [60, 90]
    assert values[0][0] is None
    assert complete.parameters["blanking_days"].values == ((None, Decimal(60)),)


def test_code_lists(complete):
    severity, leads = complete.codelists["severity"], complete.codelists["lead_model"]
    assert severity.attribute("minor", "points") == 1
    assert severity.attribute("none", "points") == Decimal("0.5")
    assert severity.attribute("major", "sides") == ("l", "r")
    assert severity.choices["none"].exclusive
    assert severity.choices["old"].withdrawn
    assert severity.standard == {"major": {"SNOMED": "24484000"}}
    assert leads.attribute("4076", "makers") == ("medtronic", "other")
    assert str(leads.attribute("4076", "points")) == "1.50"
    assert leads.attribute("OLD", "class") == ""
    assert leads.choices["6935M"].label["pl"] == "Elektroda 6935M, DF4"
    assert leads.validity["OLD"][0] is None
    assert complete.missing["standard"].unsigned == {"tl"}


def test_items(complete):
    items = {item.id: item for item in walk_items(complete.forms["procedure"])}
    creatinine = items["creatinine"]
    assert creatinine.facets.units == {"umol/L": Decimal("88.42")}
    assert [(check.hard, check.low_inclusive, check.high_inclusive) for check in creatinine.ranges] == [
        (True, True, False),
        (False, False, True),
    ]
    assert creatinine.ranges[1].low is not None
    assert creatinine.ranges[1].low.text == "0.40"
    assert creatinine.ranges[1].high is None
    assert creatinine.when_hidden is WhenHidden.KEEP
    assert items["proc_start"].required is True
    assert getattr(items["tools"].required, "text", None) == "severity = 'major'"
    assert items["book"].privacy is Privacy.SENSITIVE
    assert items["dx"].facets.open_list
    assert items["lead"].targets == ("leads",)
    assert items["severity"].standard == {"LOINC": "8302-2"}


def test_groups_and_titles(complete):
    leads, lx = complete.forms["procedure"].groups
    assert isinstance(leads.content[2], GroupDef)
    assert (leads.key, leads.min_rows, leads.max_rows) == ("lead_no", 0, 12)
    assert leads.row_title["pl"] == "{lead_no}. {model} {proc_start}"
    assert lx.row_title == {"pl": "{lead}", "en": "{lead}"}


def test_annotations_are_kept_as_written(complete):
    form, severity = complete.forms["procedure"], complete.codelists["severity"]
    items = {item.id: item for item in walk_items(form)}
    assert complete.annotations == {"odm": {"StudyName": "COMPLETE"}}
    assert complete.events["procedure"].annotations == {"redcap": {"arm": "1"}}
    assert form.annotations == {"redcap": {"survey": "false"}}
    assert form.sections[0].annotations == {"redcap": {"Section Header": "Main"}}
    assert form.groups[0].annotations == {"xlsform": {"appearance": "field-list"}}
    assert items["severity"].annotations == {
        "redcap": {"Field Annotation": "@HIDDEN", "Matrix": "m1"},
        "xlsform": {"appearance": "minimal"},
    }
    assert form.checks[0].annotations == {"odm": {"RangeCheck": "LE"}}
    assert severity.annotations == {"redcap": {"Choices": "1, minor | 2, major"}}
    assert severity.noted == {"major": {"odm": {"OrderNumber": "2"}}}
    assert (items["book"].annotations, complete.forms["follow_up"].annotations) == ({}, {})


def test_sections_and_code_lists_have_names_in_other_systems(complete):
    assert complete.forms["procedure"].sections[0].oid == "S1"
    assert complete.codelists["severity"].oid == "CL1"
    assert complete.codelists["icd10"].oid is None


def test_blocks_are_renamed_with_their_expressions(complete):
    form = complete.forms["follow_up"]
    rules = {item.id: item.calculate.text for item in form.items if item.calculate is not None}
    assert rules == {
        "low": "sbp < 90",
        "w_heavy": "w_kg > 120",
        "p_low": "p_sbp < 90",
        "p_w_heavy": "p_w_kg > 120",
        "d_total": "sum(d_dose.d_mg) + if(any(d_dose where d_drug = 'mg'), 0, 0)",
    }
    (group,) = form.groups
    assert (group.id, group.key, group.row_title["en"]) == ("d_dose", "d_drug", "{d_drug} {d_mg}")


def test_renamed_expression_keeps_places():
    renamed = rename_expression(
        ExpressionText("aa + outer.b + f(c) + x.b + 'b'", Mark("f", 1, 11)), {"aa": "p_aa", "b": "p_b", "f": "p_f"}
    )
    assert renamed.text == "p_aa + outer.p_b + f(c) + x.b + 'b'"
    assert renamed.at(0).column == 11
    assert renamed.at(renamed.text.index("outer")).column == 16
    assert renamed.at(renamed.text.index("f(c)")).column == 26


def test_forms_take_the_container_of_their_events(complete):
    assert {form.id: form.container for form in complete.forms.values()} == {
        "person": "patient",
        "procedure": "episode",
        "follow_up": "episode",
    }


def test_section_keeps_its_condition(complete):
    when = complete.forms["procedure"].sections[0].when
    assert when is not None
    assert when.text == "exists(person)"


def test_a_library_can_be_read_alone():
    model = read_definition(COMPLETE.parent / "common" / "codes.yaml").model
    assert (model.registry, model.languages) == ("codes", ("pl", "en", "uk"))


def test_a_text_without_a_folder():
    assert [problem.code for problem in problems_of(COMPLETE.read_bytes())][:1] != []
    assert {
        problem.code for problem in problems_of("registry: r\nversion: 1.0.0\ninclude: [{file: a, version: 1.0.0}]")
    } == {"file-not-found", "no-label"}
    assert read_definition_text(COMPLETE.read_bytes(), "x", COMPLETE.parent).model.registry == "complete"


def test_json_is_accepted():
    text = json.dumps({"registry": "r", "version": "1.0.0", "title": {"pl": "a", "en": "b"}})
    assert read_definition_text(text.encode(), "r.json").model.title == {"pl": "a", "en": "b"}


def test_files_outside_the_folder_stay_outside(tmp_path):
    inside = tmp_path / "form_definitions"
    inside.mkdir()
    (tmp_path / "secret.yaml").write_text("library: s\nversion: 1.0.0\n")
    (inside / "link.yaml").symlink_to(tmp_path / "secret.yaml")
    (inside / "r.yaml").write_text(
        "registry: r\nversion: 1.0.0\ntitle: {pl: a, en: a}\ninclude: [{file: link.yaml, version: 1.0.0}]\n"
    )
    assert [problem.code for problem in diagnose(inside / "r.yaml")] == ["file-path"]


def test_directory_and_absent_file(tmp_path):
    assert [problem.code for problem in diagnose(tmp_path)] == ["file-not-found"]
    assert [problem.code for problem in diagnose(tmp_path / "x.yaml")] == ["file-not-found"]


PATTERNS = {
    "[A-Z]{2}[0-9]+": None,
    "(?:ab|cd)+": None,
    r"(?:\d{4}-)?\d+": None,
    r"\(a\)+": None,
    "[(]a+[)]+": None,
    "(?:[0-9]{2}:){3}": None,
    "(a+)+": "slow-pattern",
    "((a+)b)*": "slow-pattern",
    "(a|a)*": "slow-pattern",
    r"(\w|\d)+": "slow-pattern",
    "(a{2,})*": "slow-pattern",
    "(a?){30}": "slow-pattern",
    "(a*){2,}": "slow-pattern",
    "(": "bad-pattern",
    "a{99999999999}": "bad-pattern",
    "(?P<a>b)": "bad-pattern",
    "(?i)a": "bad-pattern",
    r"a\Z": "bad-pattern",
    "a" * 501: "bad-pattern",
}


@pytest.mark.parametrize(("pattern", "code"), PATTERNS.items())
def test_patterns(pattern, code):
    fault = fault_of_pattern(pattern)
    assert (fault and fault[0]) == code


# any change of a definition is diagnosed, none crashes --------------------------------------------------------------

PARTS = {path.relative_to(COMPLETE.parent): path.read_bytes() for path in COMPLETE.parent.rglob("*.*")}
TREE = read_source(PARTS[Path("complete.yaml")], "complete.yaml", Problems())
assert TREE is not None
DATA = json.loads(json.dumps(TREE.plain(), default=str))
ODD: list[Any] = [
    None,
    True,
    False,
    0,
    -1,
    10**9,
    "",
    " ",
    "x",
    "1.0",
    "{",
    "a.b",
    "where",
    "żółw",
    [],
    {},
    [[]],
    {"": ""},
    [None],
    {"pl": None},
    {"a": {"b": []}},
    "(a+)+",
    "code",
    "text",
    "patient",
    "../x",
]
CHANGES = ["delete", "duplicate", "swap", "replace", "wrap", "rename"]


def places(data, path=()):
    """The paths of all values."""
    children = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, part in children:
        yield (*path, key)
        yield from places(part, (*path, key))


def change(data, draw) -> None:
    """Change one value of the data in place."""
    path = draw(st.sampled_from(list(places(data)) or [("registry",)]))
    holder = data
    for step in path[:-1]:
        holder = holder[step]
    key, kind = path[-1], draw(st.sampled_from(CHANGES))
    if isinstance(holder, dict) and key not in holder:
        holder[key] = "x"
    elif kind == "delete":
        del holder[key]
    elif kind == "duplicate":
        holder.insert(key, deepcopy(holder[key])) if isinstance(holder, list) else holder.update(
            {f"{key}2": deepcopy(holder[key])}
        )
    elif kind == "swap":
        other = draw(st.sampled_from(list(holder) if isinstance(holder, dict) else list(range(len(holder)))))
        holder[key], holder[other] = holder[other], holder[key]
    elif kind == "replace":
        holder[key] = deepcopy(draw(st.sampled_from(ODD)))
    elif kind == "wrap":
        holder[key] = [holder[key]] if draw(st.booleans()) else {"pl": holder[key]}
    elif isinstance(holder, dict):
        holder[draw(st.sampled_from(["x", "id", "group", "use", "calculate", "codes", "source", "of"]))] = holder.pop(
            key
        )


@settings(max_examples=120, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(st.data())
def test_changed_definitions_are_diagnosed(data):
    changed = deepcopy(DATA)
    for _ in range(data.draw(st.integers(1, 5))):
        change(changed, data.draw)
    text = json.dumps(changed, ensure_ascii=False)
    for problem in problems_of(text, COMPLETE.parent):
        assert problem.code in CODES
        assert problem.message
        assert problem.mark.line >= 1


@settings(max_examples=120)
@given(
    st.integers(0, 5000),
    st.integers(0, 40),
    st.sampled_from(["", " ", "\n", ":", "- ", "[", "}", "'", '"', "#", "&a ", "\t", "é", "|", "{{"]),
)
def test_damaged_texts_are_diagnosed(at, length, insert):
    text = PARTS[Path("complete.yaml")].decode()
    at %= len(text)
    for problem in problems_of(text[:at] + insert + text[at + length :], COMPLETE.parent):
        assert problem.code in CODES


@settings(max_examples=100)
@given(st.text(alphabet="code,label_pen\n\"';ab1\r\t żé", max_size=120))
def test_any_csv_is_diagnosed(tmp_path_factory, text):
    folder = tmp_path_factory.mktemp("csv", numbered=True)
    (folder / "a.csv").write_text("code,label_pl,label_en\n" + text, newline="")
    found = problems_of("registry: r\nversion: 1.0.0\ntitle: {pl: a, en: a}\ncodelists: {a: {source: a.csv}}", folder)
    assert all(problem.code in CODES and problem.severity is Severity.ERROR for problem in found)


ODD_NAMES = [
    "",
    " ",
    ".",
    "..",
    "a/../../x",
    "~",
    "a\\b",
    "C:/x",
    "/etc/passwd",
    "x" * 5000,
    "a" + "/b" * 120,
    "żółw",
    "loop",
]


@pytest.mark.parametrize("name", ODD_NAMES, ids=[name[:12] for name in ODD_NAMES])
def test_odd_file_names(tmp_path, name):
    (tmp_path / "loop").symlink_to("loop")
    text = f"registry: r\nversion: 1.0.0\ntitle: {{pl: a, en: a}}\ncodelists: {{a: {{source: {json.dumps(name)}}}}}"
    assert {problem.code for problem in problems_of(text, tmp_path)} <= {"file-path", "file-not-found"}


def test_thousands_of_faults_are_reported():
    items = "".join(f"    - {{id: a{n}, type: code, codelist: l{n}, lable: x, missing: m{n}}}\n" for n in range(5000))
    lists = "".join(f"  q{n}: {{external: x}}\n" for n in range(3000))
    found = problems_of(f"library: r\nversion: 1.0.0\ncodelists:\n{lists}blocks:\n  b:\n{items}")
    assert len(found) > 10_000
