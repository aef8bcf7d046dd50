"""Forms on paper: what a PDF says when it is read back, and that nothing sticks out of a page."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from pypdf import PdfReader

from cli.main import main
from engine.compiler import CompiledRegistry, compile_definition
from renderers.paper import APT, CannotPrint, Printing, Record, can_print, form_document, pdf_of, printing

ROOT = Path(__file__).parents[2]
CLINIC = ROOT / "tests" / "fixtures" / "paper" / "clinic.yaml"
LEADS = ROOT / "form_definitions" / "lead_extraction.yaml"
NOW = datetime(2026, 3, 1, 11, 0, tzinfo=UTC)
needs_pango = pytest.mark.skipif(not can_print(), reason=f"Pango is missing: {APT}")


@pytest.fixture(scope="module")
def clinic() -> CompiledRegistry:
    return compile_definition(CLINIC)


def text_of(pdf: bytes | Path) -> str:
    """The text of a PDF, line breaks taken as spaces."""
    pages = PdfReader(BytesIO(pdf) if isinstance(pdf, bytes) else pdf).pages
    return re.sub(r"\s+", " ", " ".join(page.extract_text() for page in pages))


def rendered(tmp_path: Path, *options: str) -> Path:
    made = tmp_path / "made.pdf"
    result = CliRunner().invoke(main, ["render", "pdf", *options, "-o", str(made)], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return made


def field(html: str, label: str) -> str:
    """The markup of the answer to a question."""
    return next(row for row in re.split(r'<div class="f(?: cond)?">', html) if f'"label">{label}' in row)


CELLS = [
    ("Seen on", [2, 2, 4]),
    ("Start", [2, 2, 4, 2, 2]),
    ("Time of the drug", [2, 2]),
    ("Ill since", [2, 2, 4]),
    ("Rate", [3]),  # at most 300
    ("LVEF", [2, 1]),
    ("Deviation", [1, 1, 2]),  # with a place for the sign
    ("Licence", [7]),
    ("Ward", [3]),
    ("How much", [5, 1]),  # nothing says how long it is
]


@pytest.mark.parametrize(("label", "cells"), CELLS)
def test_boxes_fit_what_may_be_written(clinic, label, cells):
    html = form_document(Printing(clinic, "en", NOW), "visit")
    combs = re.findall(r'<span class="cells">((?:<i></i>)*)</span>', field(html, label))
    assert [len(comb) // len("<i></i>") for comb in combs] == cells


def test_answers_are_ticked_and_have_the_number_that_chooses_them_on_screen(clinic):
    html = form_document(Printing(clinic, "pl", NOW), "visit")
    one, several = field(html, "Rytm"), field(html, "Leki")
    assert one.count('class="box round"') == 2
    assert several.count('class="box"') == 2
    for answers in (one, several):
        assert re.findall(r'class="key">(\d)', answers) == ["1", "2"]


def test_values_in_labels_are_dots_on_a_blank_form():
    piped = compile_definition(ROOT / "tests" / "fixtures" / "piped" / "piped.yaml")
    html = form_document(Printing(piped, "en", NOW), "report")
    assert "Time: …" in html
    assert "At most …" in html


@needs_pango
def test_values_in_labels_are_those_of_a_filled_form(tmp_path):
    values = {"forms": {"plan": {"limit": "12.5"}, "report": {"day": "2025-06-01", "removals": [{"minutes": "20"}]}}}
    (tmp_path / "values.json").write_text(json.dumps(values), "utf-8")
    piped = str(ROOT / "tests" / "fixtures" / "piped" / "piped.yaml")
    text = text_of(
        rendered(tmp_path, piped, "--form", "report", "--language", "en", "--values", str(tmp_path / "values.json"))
    )
    assert "on 2025-06-01" in text
    assert "20 min in all" in text


def test_rows_are_printed_as_often_as_the_definition_allows(clinic):
    html = form_document(Printing(clinic, "pl", NOW), "visit")
    assert re.findall(r"<h3>(.*?)</h3>", html) == ["Dawka 1", "Dawka 2", "Dawka 3", "Z pary 1", "Z pary 2"]
    assert html.count("Dołącz kolejny egzemplarz") == 1
    assert "Dawka 6</h3>" in form_document(Printing(clinic, "pl", NOW), "visit", rows=9)


def test_a_condition_is_told_in_words_and_once(clinic):
    html = form_document(Printing(clinic, "pl", NOW), "visit")
    assert html.count("Tylko gdy: „Rytm” to „Migotanie przedsionków”") == 2  # of the field, and of the section


def test_a_condition_on_an_attribute_is_told_by_the_codes_that_have_it(clinic):
    html = form_document(Printing(clinic, "en", NOW), "visit")
    assert "Only if: “Rhythm” is “Sinus rhythm”" in html


@needs_pango
def test_a_blank_form_says_what_to_do_in_polish(tmp_path):
    text = text_of(rendered(tmp_path, str(CLINIC), "--now", "2026-03-01T12:00"))
    for words in (
        "Rejestr łódzki",
        "Źródłowa wizyta",
        "Wizyta: Przyjęcie Kontrola",
        "Częstość",
        "dozwolone: od 20 do 300",
        "nd Nie wykonano; nk Brak informacji.",
        "Podpisy",
        "strona 1 z",
        "definicja clinic 2.1.0",
        "wydrukowano 01.03.2026 12:00",
    ):
        assert words in text


@needs_pango
def test_an_annotated_form_tells_ids_codes_limits_and_rules(tmp_path):
    text = text_of(rendered(tmp_path, str(CLINIC), "--kind", "annotated", "--language", "en"))
    for words in (
        "visit (F1)",
        "Atrial fibrillation af",
        "Sinus rhythm sr SNOMED 64730000",
        "type: integer, /min",
        "range: allowed: from 20 to 300; expected: from 40 to 180",
        "required: yes",
        "missing reasons: nd, nk",
        "standard: LOINC 8867-4",
        "rows: at least 1, at most 6",
        "SLOW “Rate” is at least 60",
        "warning with a reason",
    ):
        assert words in text


@needs_pango
def test_a_filled_form_tells_values_reasons_and_what_is_calculated(tmp_path):
    values = {
        "seen": "2026-02-28", "rhythm": "af", "rate": 50, "lvef": "55.5", "since": "2008-06", "urgent": False,
        "remarks": "Zażółć <b>gęślą</b> &amp; jaźń", "drugs": ["asa"], "doses": [{"drug": "bb", "dose": "2.5"}],
    }  # fmt: skip
    (tmp_path / "values.json").write_text(json.dumps(values), "utf-8")
    made = rendered(
        tmp_path, str(CLINIC), "--form", "visit", "--event", "control", "--values", str(tmp_path / "values.json")
    )
    text = text_of(made)
    for words in (
        "28.02.2026", "Migotanie przedsionków", "50 /min", "55,5 %", "06.2008", "Zażółć <b>gęślą</b> &amp; jaźń", "2,5 mg",
        "wyliczone 100", "Ostrzeżenie: Częstość poniżej 60", "Lek β-adrenolityczny", "brak odpowiedzi",
    ):  # fmt: skip
        assert words in text

    assert "Do wyjaśnienia" not in text  # what stands around the form on screen

    values["rate"] = {"missing": "nk"}
    (tmp_path / "values.json").write_text(json.dumps(values), "utf-8")
    made = rendered(
        tmp_path, str(CLINIC), "--form", "visit", "--event", "control", "--values", str(tmp_path / "values.json")
    )
    assert "Brak informacji nk" in text_of(made)


@needs_pango
def test_each_form_counts_its_own_pages(clinic):
    document = form_document(Printing(clinic, "en", NOW), "visit", rows=6, record=Record("", watermark="Trial"))
    reader = PdfReader(BytesIO(pdf_of([document, document])))
    ends = [re.search(r"page \d+ of \d+", page.extract_text()) for page in reader.pages]
    half = len(reader.pages) // 2
    assert half > 1
    assert [end and end[0] for end in ends] == [f"page {n} of {half}" for n in range(1, half + 1)] * 2
    for page in reader.pages:
        assert "Registry of Łódź" in page.extract_text()
        assert "patient no." in page.extract_text()
        assert "TRIAL" in page.extract_text()  # across each page
    heads = [page.extract_text() for page in reader.pages[1:half]]
    assert any(re.search(r"Source visit · Dose \d", head) for head in heads), "the row that a page begins with"


@needs_pango
def test_the_pdf_is_tagged_has_a_language_a_title_and_its_own_fonts(clinic):
    reader = PdfReader(BytesIO(pdf_of([form_document(Printing(clinic, "pl", NOW), "visit")])))
    root: Any = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "pl"
    assert reader.metadata is not None
    assert reader.metadata.title == "Źródłowa wizyta – Rejestr łódzki"
    resources: list[Any] = [page["/Resources"] for page in reader.pages]
    fonts = [font.get_object() for each in resources for font in each["/Font"].values()]
    assert fonts
    for font in fonts:
        described = font["/DescendantFonts"][0].get_object()["/FontDescriptor"].get_object()
        assert {"/FontFile2", "/FontFile3"} & set(described)


@needs_pango
@pytest.mark.parametrize("annotated", [False, True], ids=["blank", "annotated"])
def test_nothing_sticks_out_of_any_page_of_the_lead_registry(annotated):
    import weasyprint

    registry = compile_definition(LEADS)
    for form in registry.model.forms:
        markup = form_document(Printing(registry, "pl", NOW), form, annotated=annotated)
        for number, page in enumerate(weasyprint.HTML(string=markup).render().pages, start=1):
            frame = page._page_box
            right = frame.content_box_x() + frame.width
            foot = frame.content_box_y() + frame.height
            inside = [box for child in frame.children[:1] for box in child.descendants() if hasattr(box, "text")]
            assert inside
            for box in inside:
                assert box.position_x + box.width <= right + 1, (form, number, box.text)
                assert box.position_y + box.height <= foot + 1, (form, number, box.text)


def test_what_is_missing_is_told_with_what_to_install(monkeypatch, tmp_path):
    def absent(name: str) -> None:
        raise ModuleNotFoundError(name)

    def without_pango(name: str) -> None:
        raise OSError("cannot load library 'libpango-1.0-0'")

    monkeypatch.setattr(printing, "import_module", absent)
    with pytest.raises(CannotPrint, match="make setup-pdf"):
        pdf_of(["<p>"])
    monkeypatch.setattr(printing, "import_module", without_pango)
    result = CliRunner().invoke(main, ["render", "pdf", str(CLINIC), "-o", str(tmp_path / "x.pdf")])
    assert result.exit_code == 1
    assert "sudo apt-get install libpango-1.0-0" in result.output


def test_a_filled_form_without_values_is_wrong_use(tmp_path):
    result = CliRunner().invoke(main, ["render", "pdf", str(CLINIC), "--kind", "filled", "-o", str(tmp_path / "x.pdf")])
    assert result.exit_code == 2
    assert "--values FILE" in result.output
