"""What XPath means: each case as JavaRosa, the engine of ODK Collect, evaluates it, and as our rules do once they are translated."""

import datetime as dt
import os
import shutil
import subprocess
import zoneinfo
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest

from engine.compiler import compile_model
from engine.definitions import read_definition_text
from engine.records import evaluate
from engine.records.json_data import read_values
from exchange.settling import settled
from exchange.xlsform.read import read
from exchange.xlsform.write import write

FIXTURES = Path(__file__).parents[1] / "fixtures" / "exchange" / "xlsform"
WARSAW = zoneinfo.ZoneInfo("Europe/Warsaw")

# type, name, the answer as JavaRosa writes it, the same for our engine
ANSWERS = [
    ("integer", "n", "5", 5),
    ("integer", "en", "", None),
    ("decimal", "dec", "2.5", "2.5"),
    ("text", "t", "abc", "abc"),
    ("text", "et", "", None),
    ("date", "d", "2020-01-15", "2020-01-15"),
    ("date", "d2", "2021-03-01", "2021-03-01"),
    ("date", "ed", "", None),
    ("select_one l", "s", "2", "2"),
    ("select_one l", "es", "", None),
    ("select_multiple l", "m", "a b", ["a", "b"]),
    ("select_multiple l", "em", "", None),
]
_MONTHS = (
    "number(format-date(${d2}, '%Y')) * 12 + number(format-date(${d2}, '%n'))"
    " - (number(format-date(${d}, '%Y')) * 12 + number(format-date(${d}, '%n')))"
    " - if(number(format-date(${d2}, '%e')) < number(format-date(${d}, '%e')), 1, 0)"
)
CASES = [
    # what is empty
    ("if(${en} = '', 'T', 'F')", "T"),
    ("if(${en} != 3, 'T', 'F')", "T"),
    ("if(${en} < 3, 'T', 'F')", "F"),
    ("if(not(${en} < 3), 'T', 'F')", "T"),
    ("if(${et} = 'NaN', 'T', 'F')", "F"),
    ("if(${en} = 'NaN', 'T', 'F')", "F"),
    ("if(${en}, 'T', 'F')", "F"),
    ("if(${t}, 'T', 'F')", "T"),
    ("if(${ed}, 'T', 'F')", "F"),
    ("if(string-length(${et}) = 0, 'T', 'F')", "T"),
    ("if(${m} = '', 'T', 'F')", "F"),
    ("if(${em} = '', 'T', 'F')", "T"),
    ("${en} + 1", ""),
    ("round(${en})", ""),
    ("coalesce(${en}, ${n})", "5"),
    ("coalesce(${et}, 'none')", "none"),
    ("concat(${en}, '-', ${n}, '-', ${dec}, '-', ${d})", "-5-2.5-2020-01-15"),
    ("min(${n}, ${en})", "5"),
    ("max(${n}, ${en}, 3)", "5"),
    ("if(${s} > ${en}, 'T', 'F')", "F"),
    # choices
    ("if(selected(${m}, 'a'), 'T', 'F')", "T"),
    ("if(selected(${em}, 'a'), 'T', 'F')", "F"),
    ("if(selected(${s}, '2'), 'T', 'F')", "T"),
    ("if(selected(${t}, 'abc'), 'T', 'F')", "T"),
    ("if(selected(${t}, 'ab'), 'T', 'F')", "F"),
    ("count-selected(${m})", "2"),
    ("count-selected(${em})", "0"),
    ("count-selected(${s})", "1"),
    ("if(${m} = 'a b', 'T', 'F')", "T"),
    ("if(${m} = 'a', 'T', 'F')", "F"),
    ("selected-at(${m}, 0)", "a"),
    ("selected-at(${m}, 1)", "b"),
    ("selected-at(${m}, 2)", ""),
    ("selected-at(${em}, 0)", ""),
    ("selected-at('54.35 18.65 3', 1)", "18.65"),
    ("selected-at(${t}, 0)", "abc"),
    ("selected-at(${t}, 1)", ""),
    ("concat(${m}, '!')", "a b!"),
    ("concat(${em}, '!')", "!"),
    ("string-length(${m})", "3"),
    ("if(contains(${m}, 'b'), 'T', 'F')", "T"),
    ("if(contains(${em}, 'b'), 'T', 'F')", "F"),
    ("coalesce(${em}, 'none')", "none"),
    ("number(${s}) + 1", "3"),
    ("${s} + 1", "3"),
    ("if(${s} = 2.0, 'T', 'F')", "T"),
    # numbers
    ("int(-2.5)", "-2"),
    ("int(2.7)", "2"),
    ("round(${dec})", "3"),
    ("round(2.345, 2)", "2.35"),
    ("round(1234.5678, -2)", "1200"),
    ("-5 mod 3", "-2"),
    ("5 mod -3", "2"),
    ("5.5 mod 2", "1.5"),
    ("${n} * '2'", "10"),
    ("number('x')", ""),
    ("if(number(${en}) = number(${en}), 'T', 'F')", "F"),
    ("if(${en} = ${et}, 'T', 'F')", "T"),
    ("pow(2, 3)", "8"),
    ("log10(100)", "2"),
    ("abs(-3)", "3"),
    ("round(log(10), 6)", "2.302585"),
    ("round(10 div 3, 3)", "3.333"),
    ("if('2' < '10', 'T', 'F')", "T"),
    ("if(${t} < 5, 'T', 'F')", "F"),
    ("if(${t} != 5, 'T', 'F')", "T"),
    ("if(${n} = '5.0', 'T', 'F')", "T"),
    ("if(checklist(1, 2, 1=1, 2=3), 'T', 'F')", "T"),
    ("if(weighted-checklist(1, 5, 1=1, 2, 1=2, 3), 'T', 'F')", "T"),
    ("count-non-empty(${en})", "0"),
    # texts
    ("string-length(${n})", "1"),
    ("string-length(${d})", "10"),
    ("if(regex(${t}, 'b'), 'T', 'F')", "F"),
    ("if(regex(${t}, '[a-c]+'), 'T', 'F')", "T"),
    ("if(contains(${t}, 'bc'), 'T', 'F')", "T"),
    ("if(contains(${t}, ''), 'T', 'F')", "T"),
    ("if(starts-with(${t}, 'bc'), 'T', 'F')", "F"),
    ("if(ends-with(${t}, 'bc'), 'T', 'F')", "T"),
    ("substr(${t}, 1)", "bc"),
    ("substr(${t}, 0, 2)", "ab"),
    ("substring-before(${t}, 'b')", "a"),
    ("substring-after(${t}, 'a')", "bc"),
    ("normalize-space('  a  b ')", "a b"),
    ("translate(${t}, 'ab', 'x')", "xc"),
    ("string(1 = 1)", "true"),
    ("if(boolean-from-string('yes'), 'T', 'F')", "F"),
    ("if(boolean-from-string('true'), 'T', 'F')", "T"),
    # dates
    ("${d2} - ${d}", "411"),
    ("int((${d2} - ${d}) div 365.25)", "1"),
    ("format-date(date(${d} + 10), '%Y-%m-%d')", "2020-01-25"),
    ("int((number(format-date(${d2}, '%Y%m%d')) - number(format-date(${d}, '%Y%m%d'))) div 10000)", "1"),
    (_MONTHS, "13"),
    ("decimal-date-time(${d})", "18276"),
    ("format-date(${d}, '%e/%n/%y %b %a')", "15/1/20 Jan Wed"),
    ("format-date(${d}, '%d.%m.%Y')", "15.01.2020"),
    ("format-date(${d}, '%m') + 1", "2"),
    ("if(${d} = '2020-01-15', 'T', 'F')", "T"),
    ("if(${d} > date('2020-01-14'), 'T', 'F')", "T"),
    ("if(${d} < ${ed}, 'T', 'F')", "F"),
    ("if(${d2} > ${d} + 411, 'T', 'F')", "F"),
    ("if(${d2} >= ${d} + 411, 'T', 'F')", "T"),
    ("if(decimal-date-time(${d}) < decimal-date-time(${d2}), 'T', 'F')", "T"),
    ("if(today() - ${d} > 5, 'T', 'F')", "T"),
]  # fmt: skip


def _survey() -> list[dict[str, str]]:
    asked = [{"type": kind, "name": name, "label": name, "default": value} for kind, name, value, _ in ANSWERS]
    return asked + [
        {"type": "calculate", "name": f"e{at}", "calculation": xpath} for at, (xpath, _) in enumerate(CASES)
    ]


_CHOICES = [{"list_name": "l", "name": code, "label": code} for code in ("1", "2", "3", "a", "b")]


@pytest.fixture(scope="module")
def ours(tmp_path_factory):
    """What each case gives in our engine."""
    path = tmp_path_factory.mktemp("xlsform") / "cases.md"
    path.write_text(_markdown({"survey": _survey(), "choices": _CHOICES}), "utf-8")
    found = settled(read(path))
    definition = read_definition_text(found.text.encode(), "cases.yaml")
    registry = compile_model(definition.model, definition.warnings)
    values = {name: value for _, name, _, value in ANSWERS if value is not None}
    reading = read_values(registry, "cases", None, values)
    said = evaluate(registry, reading.subject, reading.focus, as_of=dt.datetime(2026, 6, 1, 12, tzinfo=WARSAW))
    return {path.rpartition(".")[2]: value for path, value in said.calculated.items()}, found.findings


def _markdown(sheets):
    lines = []
    for name, rows in sheets.items():
        columns = list(dict.fromkeys(column for row in rows for column in row))
        lines += [f"| {name} |", "| | " + " | ".join(columns) + " |"]
        lines += ["| | " + " | ".join(row.get(column, "") for column in columns) + " |" for row in rows]
    return "\n".join(lines)


@pytest.mark.parametrize("at", range(len(CASES)), ids=[xpath for xpath, _ in CASES])
def test_a_translated_rule_gives_what_the_source_says(ours, at):
    values, findings = ours
    told = [finding for finding in findings if finding.where.startswith(f"e{at},") and finding.outcome != "kept"]
    assert not told
    assert _alike(values.get(f"e{at}"), CASES[at][1])


def _alike(value, expected):
    if value is None:
        return expected == ""
    if isinstance(value, bool):
        return expected == ("1" if value else "0")
    if isinstance(value, dt.date):
        return value.isoformat() == expected
    try:
        return Decimal(str(value)) == Decimal(expected)
    except ArithmeticError:
        return str(value) == expected


@cache
def _javarosa(folder: Path) -> tuple[str, str]:
    """Class path and why there is none."""
    import pyxform

    jar = Path(pyxform.__file__).parent / "validators" / "odk_validate" / "bin" / "ODK_Validate.jar"
    subprocess.run(
        ["javac", "-cp", str(jar), "-d", str(folder), str(FIXTURES / "Answers.java")], check=True, timeout=120
    )
    return f"{folder}{os.pathsep}{jar}", str(jar)


@pytest.mark.slow
def test_javarosa_says_the_same(tmp_path_factory):
    if shutil.which("javac") is None:
        pytest.skip("there is no Java compiler here")
    from pyxform.xls2xform import convert

    folder = tmp_path_factory.mktemp("javarosa")
    form = folder / "cases.xml"
    survey = [{column: text for column, text in row.items() if text} for row in _survey()]
    form.write_text(convert(xlsform={"survey": survey, "choices": _CHOICES}, validate=False).xform, "utf-8")
    classes, _ = _javarosa(folder)
    run = subprocess.run(
        ["java", "-Duser.timezone=UTC", "-cp", classes, "Answers", str(form)],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    said = dict(line.split("\t", 1) for line in run.stdout.splitlines() if "\t" in line)
    wrong = [
        (xpath, said.get(f"e{at}")) for at, (xpath, expected) in enumerate(CASES) if said.get(f"e{at}") != expected
    ]
    assert not wrong


@pytest.mark.slow
def test_javarosa_says_the_same_of_what_we_write(tmp_path, tmp_path_factory):
    if shutil.which("javac") is None:
        pytest.skip("there is no Java compiler here")
    from pyxform.xls2xform import convert

    source = tmp_path / "cases.md"
    source.write_text(_markdown({"survey": _survey(), "choices": _CHOICES}), "utf-8")
    definition = read_definition_text(settled(read(source)).text.encode(), "cases.yaml")
    book = tmp_path / "written.xlsx"
    book.write_bytes(write(compile_model(definition.model, definition.warnings)).content)
    form = tmp_path / "written.xml"
    form.write_text(convert(str(book), validate=False).xform, "utf-8")
    classes, _ = _javarosa(tmp_path_factory.mktemp("javarosa"))
    run = subprocess.run(
        ["java", "-Duser.timezone=UTC", "-cp", classes, "Answers", str(form)],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    said = dict(line.split("\t", 1) for line in run.stdout.splitlines() if "\t" in line)
    wrong = [
        (xpath, expected, said.get(f"e{at}"))
        for at, (xpath, expected) in enumerate(CASES)
        if not _alike(said.get(f"e{at}", "?"), expected) and said.get(f"e{at}") != expected
    ]
    assert not wrong
