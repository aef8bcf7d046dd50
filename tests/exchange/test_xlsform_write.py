"""Definitions -> workbooks of XLSForm: rules as XPath, and that pyxform, ODK Validate and our own reader take what is written."""

import shutil
import subprocess
from pathlib import Path

import pytest
import pyxform
from openpyxl import load_workbook
from pyxform.xls2xform import convert

from engine.compiler import compile_definition, compile_model
from engine.definitions import read_definition_text
from exchange.document import items_of
from exchange.findings import Outcome, Part, SourceFault
from exchange.from_model import document_of
from exchange.sameness import sameness
from exchange.settling import settled
from exchange.xlsform.read import read
from exchange.xlsform.write import write
from tests.exchange.corpus import corpus

ROOT = Path(__file__).parents[2]
DEFINITIONS = sorted((ROOT / "form_definitions").glob("*.yaml"))
VALIDATE = Path(pyxform.__file__).parent / "validators" / "odk_validate" / "bin" / "ODK_Validate.jar"
HEAD = """
registry: r
version: 1.0.0
languages: [pl, en]
title: {pl: Rejestr, en: Registry}
codelists:
  yn: {codes: {"yes": {pl: Tak, en: "Yes"}, "no": {pl: Nie, en: "No"}}}
  grade: {attributes: {value: number}, codes: {"1": {pl: mały, en: low, value: 1}, "2": {pl: duży, en: high, value: 2}}}
  town: {attributes: {region: text}, codes: {a: {pl: A, en: A, region: north}, b: {pl: B, en: B, region: south}}}
forms:
  f:
    title: {pl: Formularz, en: Form}
    in: patient
    sections:
      - id: first
        title: {pl: Pierwsza, en: First}
        items:
          - {id: n, type: integer, label: {pl: N, en: N}, range: {hard: [0, {under: 99}]}}
          - {id: k, type: integer, label: {pl: K, en: K}}
          - {id: t, type: text, label: {pl: T, en: T}, pattern: "[A-Z]+", hint: {pl: Litery, en: Letters}}
          - {id: long, type: long_text, label: {pl: L, en: L}, length: 300}
          - {id: d, type: date, label: {pl: D, en: D}, default: today()}
          - {id: e, type: date, label: {pl: E, en: E}}
          - {id: s, type: code, codelist: yn, label: {pl: S, en: S}, required: true}
          - {id: m, type: codes, codelist: town, label: {pl: M, en: "M of {s}"}}
          - {id: town, type: code, codelist: town, label: {pl: Miasto, en: Town}}
          - {id: g, type: code, codelist: grade, label: {pl: G, en: G}}
          - {id: yes, type: boolean, label: {pl: Y, en: Y}}
          - {id: head, type: heading, label: {pl: Dalej, en: More}}
      - id: second
        title: {pl: Druga, en: Second}
        when: s = 'yes'
        items:
          - group: row
            title: {pl: Wiersz, en: Row}
            items:
              - {id: x, type: integer, label: {pl: X, en: X}}
              - {id: place, type: integer, label: {pl: P, en: P}, calculate: row_index()}
"""


def _written(items: str = "", checks: str = ""):
    text = HEAD + "".join(f"          - {item}\n" for item in items.strip().split("\n") if item)
    text += (
        "    checks:\n" + "".join(f"      - {check.strip()}\n" for check in checks.strip().split("\n"))
        if checks
        else ""
    )
    definition = read_definition_text(text.encode(), "r.yaml")
    registry = compile_model(definition.model, definition.warnings)
    return registry, write(registry)


def _survey(path: Path, sheet: str = "survey") -> list[dict[str, str]]:
    rows = load_workbook(path, read_only=True)[sheet].iter_rows(values_only=True)
    header = next(rows)
    return [{str(name): str(cell) for name, cell in zip(header, row, strict=True) if cell} for row in rows]


def _saved(folder: Path, exported) -> Path:
    path = folder / "f.xlsx"
    path.write_bytes(exported.content)
    return path


@pytest.mark.parametrize(
    ("ours", "xpath"),
    [
        ("s = 'yes'", "${s} = 'yes'"),
        ("s in ('yes', 'no')", "${s} = 'yes' or ${s} = 'no'"),
        ("s = 'yes' and (n > 3 or k > 2)", "${s} = 'yes' and (${n} > 3 or ${k} > 2)"),
        ("s = 'yes' is not true", "${s} != 'yes'"),
        ("filled(n)", "${n} != ''"),
        ("'a' in m", "selected(${m}, 'a')"),
        ("has_any(m, ('a', 'b'))", "selected(${m}, 'a') or selected(${m}, 'b')"),
        ("count(each in m) > 1", "count-selected(${m}) > 1"),
        ("not ('a' in m and count(each in m) > 1)", "not(selected(${m}, 'a') and count-selected(${m}) > 1)"),
        ("yes", "${yes} = '1'"),
        ("attr(g, 'value') > 1", "${g} > 1"),
        ("attr(town, 'region') = 'north'", "instance('town')ROOT/item[name = ${town}]/region = 'north'"),
        ("count(row) > 1", "count(${row}) > 1"),
        ("count(row where x > 3) > 1", "count(${row}[x > 3]) > 1"),
        ("sum(row.x) > 1", "sum(${x}) > 1"),
        ("days(d, e) > 30", "${e} - ${d} > 30"),
        ("d > add_days(today(), -30)", "${d} > date(today() - 30)"),
        ("d > make_date(2020, 1, 2)", "${d} > date('2020-01-02')"),
        ("completed_years(d, e) >= 18", "int((number(format-date(${e}, '%Y%m%d')) - number(format-date(${d}, '%Y%m%d'))) div 10000) >= 18"),
        ("floor(n / 2) = 1", "round(${n} div 2 - 0.5) = 1"),
        ("contains(t, 'AB')", "contains(${t}, 'AB')"),
        ("min(n, k) > 1", "if(${n} = '' or ${k} = '', '', min(${n}, ${k})) > 1"),
    ],
)  # fmt: skip
def test_a_rule_is_said_in_xpath(tmp_path, ours, xpath):
    _, exported = _written(f'{{id: rule, type: text, label: {{pl: R, en: R}}, when: "{ours}"}}')
    rows = {row.get("name"): row for row in _survey(_saved(tmp_path, exported))}
    assert rows["rule"]["relevant"] == xpath.replace("ROOT", "/root")


def test_a_definition_comes_back_as_it_was(tmp_path):
    registry, exported = _written(
        """{id: only, type: code, codelist: town, label: {pl: O, en: O}, only: "attr(code, 'region') = attr(town, 'region')"}
{id: c, type: integer, label: {pl: C, en: C}, calculate: "n + k"}
{id: q, type: decimal, decimals: 6, label: {pl: Q, en: Q}, calculate: "round(n / k, 6)"}
{id: w, type: text, label: {pl: W, en: W}, when: "n > 3 and attr(g, 'value') * n > 2", required: "k > 2"}""",
        """{id: k_check, assert: "empty(k) or k > n is true", severity: error, on: k, message: {pl: Za mało, en: Too few}}
           {id: x_check, assert: "all(row where x = 3 or x > 5)", severity: error, on: x, message: {pl: Nie, en: No}}""",
    )
    wanted = document_of(registry.model)
    found = settled(read(_saved(tmp_path, exported))).document
    same, whole, lost = sameness({**wanted, "title": found["title"], "registry": found["registry"]}, found)
    assert {path for path in lost if "title" not in path} == set()
    assert same > 0.9 * whole


def test_several_values_of_a_choice_stand_in_one_cell(tmp_path):
    source = tmp_path / "source.md"
    source.write_text(
        """| survey |
        | | type | name | label | choice_filter |
        | | select_one region | r | R | |
        | | select_one town | t | T | region = ${r} |
        | choices |
        | | list_name | name | label | region |
        | | region | n | North | |
        | | region | s | South | |
        | | town | other | Other | n |
        | | town | other | Other | s |
        """,
        "utf-8",
    )
    definition = read_definition_text(settled(read(source)).text.encode(), "r.yaml")
    path = _saved(tmp_path, write(compile_model(definition.model, definition.warnings)))
    assert [row.get("choice_filter") for row in _survey(path)] == [None, "selected(region, ${r})"]
    assert [row.get("region") for row in _survey(path, "choices")] == [None, None, "n s"]
    _judged(path)
    assert list(items_of(settled(read(path)).document))


def test_what_is_written_is_the_same_each_time():
    registry, exported = _written()
    assert write(registry).content == exported.content


def test_what_a_workbook_cannot_carry_is_told():
    _, exported = _written(
        "{id: w, type: quantity, unit: kg, decimals: 1, label: {pl: W, en: W}, privacy: sensitive}",
        """{id: soft, assert: "n < 50", severity: warning, message: {pl: Dużo, en: Much}}
           {id: far, assert: "all(row where prev(x) < x)", severity: error, message: {pl: Nie, en: No}}
           {id: pesel, assert: "valid_pesel(t)", severity: error, message: {pl: Nie, en: No}}""",
    )
    told = {
        finding.where: (finding.part, finding.outcome) for finding in exported.findings if finding.outcome != "kept"
    }
    assert told["f.w"] == (Part.ITEM, Outcome.APPROXIMATED)
    assert told["f.soft"] == (Part.RULE, Outcome.DROPPED)
    assert told["f.pesel"] == (Part.RULE, Outcome.DROPPED)
    items = [finding.where for finding in exported.findings if finding.part is Part.ITEM]
    assert sorted(items) == sorted(set(items))


def _validated(*paths: Path) -> str:
    """What ODK Validate says against XForms; '' where it takes them."""
    run = subprocess.run(
        ["java", "-jar", str(VALIDATE), *map(str, paths)], capture_output=True, text=True, timeout=300, check=False
    )
    return (run.stdout + run.stderr)[-800:] if run.returncode else ""


def _xform(path: Path) -> Path:
    form = path.with_suffix(".xml")
    form.write_text(convert(str(path), validate=False).xform, "utf-8")
    return form


def _judged(*paths: Path) -> None:
    forms = [_xform(path) for path in paths]
    if shutil.which("java") is not None:
        assert _validated(*forms) == ""


def test_pyxform_and_odk_validate_take_what_is_written(tmp_path):
    _, exported = _written(
        """{id: c, type: decimal, decimals: 6, label: {pl: C, en: C}, calculate: "round(floor(n / 2) + completed_years(d, e), 6)"}
{id: only, type: code, codelist: town, label: {pl: O, en: O}, only: "attr(code, 'region') = attr(town, 'region')"}""",
        """{id: x_check, assert: "all(row where x = 3 or x > 5)", severity: error, on: x, message: {pl: Nie, en: No}}""",
    )
    _judged(_saved(tmp_path, exported))


HARD = {
    "texts that look like expressions": """
        | | text | a | A | -- | |
        | | text | b | B | 2 + 3 (or so) | |
        | | text | c | C | it's 'x' - y | |""",
    "a text that is no date": """
        | | text | t | T | 2026-13-01 | |
        | | calculate | d | | | date(${t}) |
        | | calculate | y | | | format-date(date(${t}), '%Y') + 1 |""",
    "a group in which nothing is shown": """
        | | begin group | g | G | | |
        | | hidden | h | H | | |
        | | end group | | | | |
        | | text | t | T | | |""",
}


@pytest.mark.parametrize("rows", HARD.values(), ids=HARD)
def test_what_odk_stops_at_is_written_otherwise_and_comes_back(tmp_path, rows):
    source = tmp_path / "source.md"
    source.write_text(f"| survey |\n| | type | name | label | default | calculation |{rows}\n", "utf-8")
    first = settled(read(source))
    definition = read_definition_text(first.text.encode(), "r.yaml")
    path = _saved(tmp_path, write(compile_model(definition.model, definition.warnings)))
    _judged(path)
    assert sameness(first.document, settled(read(path)).document)[2] == ()


@pytest.mark.slow
@pytest.mark.parametrize("definition", DEFINITIONS, ids=lambda path: path.stem)
def test_our_definitions_are_written(tmp_path, definition):
    registry = compile_definition(definition)
    exported = write(registry)
    path = _saved(tmp_path, exported)
    _judged(path)
    names = {row.get("name") for row in _survey(path)}
    asked = sum(1 for _ in items_of(document_of(registry.model)))
    assert len(names) >= asked
    assert sum(1 for finding in exported.findings if finding.part is Part.ITEM) == asked
    assert list(items_of(settled(read(path)).document))


@pytest.mark.slow
def test_files_of_the_corpus_come_back_as_they_were(tmp_path):
    same = whole = 0
    written: list[Path] = []
    paths = corpus("xlsform", ".xlsx", ".xls", ".xlsm", ".csv")
    if not isinstance(paths[0], Path):
        pytest.skip("The files of other systems are not here (ECRF_CORPUS).")
    for at, source in enumerate(paths):
        try:
            first = settled(read(source))
        except SourceFault:
            continue
        definition = read_definition_text(first.text.encode(), "r.yaml")
        path = tmp_path / f"{at}-{source.stem}.xlsx"
        path.write_bytes(write(compile_model(definition.model, definition.warnings)).content)
        written.append(path)
        found, of, _ = sameness(first.document, settled(read(path)).document)
        same, whole = same + found, whole + of
    _judged(*written)
    assert same > 0.99 * whole
