"""The codebook: everything of a definition, in words and in both languages, as a page and as a workbook."""

import re
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

import openpyxl
import pytest
from axe_playwright_python.sync_playwright import Axe
from click.testing import CliRunner

from cli.render import command
from engine.compiler import CompiledRegistry, compile_definition
from renderers.codebook import render_codebook, write_codebook_workbook
from renderers.codebook.drawing import draw_form, draw_item
from renderers.codebook.headings import HEADINGS
from renderers.codebook.layers import layers_of
from renderers.codebook.tables import Book
from renderers.codebook.uses import Uses

ROOT = Path(__file__).parents[2]
EXPLAINED = ROOT / "tests" / "fixtures" / "definitions" / "explained.yaml"
COMPLETE = ROOT / "tests" / "fixtures" / "definitions" / "form_definitions" / "complete.yaml"
LEADS = ROOT / "form_definitions" / "lead_extraction.yaml"
SHEETS = [
    "forms",
    "groups",
    "items",
    "lists",
    "codes",
    "checks",
    "calculations",
    "outcomes",
    "events",
    "indicators",
    "parameters",
    "changes",
]

Sheet = list[dict[str, object]]


@pytest.fixture(scope="module")
def explained() -> CompiledRegistry:
    return compile_definition(EXPLAINED)


def read(path: Path) -> dict[str, Sheet]:
    book = openpyxl.load_workbook(path)
    found: dict[str, Sheet] = {}
    for sheet in book.worksheets:
        assert sheet.freeze_panes == "B2", sheet.title
        assert sheet.auto_filter.ref, sheet.title
        assert sheet.column_dimensions["A"].width > 8, sheet.title
        head, *rows = sheet.iter_rows(values_only=True)
        found[sheet.title] = [dict(zip(map(str, head), row, strict=True)) for row in rows]
    book.close()
    return found


@pytest.fixture(scope="module")
def sheets(explained: CompiledRegistry, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Sheet]:
    path = tmp_path_factory.mktemp("codebook") / "book.xlsx"
    write_codebook_workbook(explained, "en", path)
    return read(path)


def row(sheet: Sheet, column: str, value: str) -> dict[str, object]:
    return next(each for each in sheet if each[column] == value)


def test_workbook_has_a_sheet_for_everything(sheets: dict[str, Sheet], explained: CompiledRegistry) -> None:
    assert list(sheets) == [HEADINGS[name][1] for name in SHEETS]
    assert {each["Id"] for each in sheets["Items"]} == {rules.item.id for rules in explained.items.values()}
    assert [each["Id"] for each in sheets["Forms"]] == list(explained.model.forms)
    assert [each["Id"] for each in sheets["Outcomes"]] == list(explained.model.derived)
    assert len(sheets["Codes"]) == sum(len(listed.choices) for listed in explained.model.codelists.values()) + 1


def test_workbook_tells_of_an_item_in_both_languages(sheets: dict[str, Sheet]) -> None:
    dose = row(sheets["Items"], "Id", "dose")
    assert (dose["Label (en)"], dose["Label (pl)"], dose["Type"], dose["Decimals"]) == ("Dose", "Dawka", "decimal", 1)
    assert dose["Missing reasons (pl)"] == "„clinical”: Nie wykonano"
    reason = row(sheets["Items"], "Id", "why_urgent")
    assert reason["Shown when (en)"] == "“Urgent” is “yes”"
    assert reason["Shown when (pl)"] == "„Pilny” to „tak”"
    assert reason["Depends on (en)"] == "“Urgent”"
    assert row(sheets["Items"], "Id", "urgent")["Used by (en)"] == "“Reason” (shown when), “O” (outcome), “O” (outcome)"


def test_workbook_tells_of_calculations_and_lists(sheets: dict[str, Sheet]) -> None:
    total = row(sheets["Calculations"], "Id", "total")
    assert total["As defined"] == "sum(lx.minutes)"
    assert total["In words (pl)"] == "suma („czas”) z wierszy „Usunięcie”"
    assert row(sheets["Code lists"], "Id", "result")["Attributes"] == "left (boolean)"
    part = next(each for each in sheets["Codes"] if (each["List"], each["Code"]) == ("result", "part"))
    assert (part["Label (en)"], part["Attributes"]) == ("part < 4 cm", "left: true")
    limit = row(sheets["Parameters"], "Id", "limit")
    assert limit["Label (pl)"] == "Granica"


def test_workbook_tells_what_other_systems_keep(tmp_path: Path) -> None:
    write_codebook_workbook(compile_definition(COMPLETE), "en", tmp_path / "x.xlsx")
    sheets, column = read(tmp_path / "x.xlsx"), "Annotations of other systems"
    severity = row(sheets["Items"], "Id", "severity")
    assert severity[column] == "redcap Field Annotation: @HIDDEN; redcap Matrix: m1; xlsform appearance: minimal"
    assert row(sheets["Codes"], "Code", "major")[column] == "odm OrderNumber: 2"
    assert row(sheets["Code lists"], "Id", "severity")["OID"] == "CL1"
    told = {title for title, sheet in sheets.items() if any(each.get(column) for each in sheet)}
    assert told == {"Forms", "Repeating groups", "Items", "Code lists", "Codes", "Checks", "Events"}


def test_workbook_tells_of_indicators_in_words(tmp_path: Path) -> None:
    text = EXPLAINED.read_text("utf-8") + (
        "indicators:\n  - {id: urgent_share, title: {pl: Pilne, en: Urgent}, in: episode, numerator: main.urgent = true, "
        "denominator: exists(main), by: [site, main.tools], target: 5, direction: lower}\n"
    )
    (tmp_path / "indicators.yaml").write_text(text, "utf-8")
    write_codebook_workbook(compile_definition(tmp_path / "indicators.yaml"), "en", tmp_path / "x.xlsx")
    (told,) = read(tmp_path / "x.xlsx")["Indicators"]
    assert told["Numerator (pl)"] == "„Pilny” to „tak”"
    assert told["Denominator (en)"] == "there is a form “Procedure”"
    assert told["By (pl)"] == "ośrodek; „Narzędzia”"
    assert (told["Target (en)"], told["Direction (en)"]) == ("5", "less is better")


def test_changes_since_an_earlier_version(explained: CompiledRegistry, tmp_path: Path) -> None:
    text = EXPLAINED.read_text("utf-8")
    later = tmp_path / "later.yaml"
    later.write_text(
        text.replace("en: Dose}", "en: Dose given}").replace("{id: first_year,", "{id: oldest_year,"),
        "utf-8",
    )
    write_codebook_workbook(compile_definition(later), "en", tmp_path / "x.xlsx", since=explained)
    changes = read(tmp_path / "x.xlsx")["Changes"]
    told = [(each["Kind (en)"], each["Id"], each["Column (en)"], each["Was (en)"], each["Is (en)"]) for each in changes]
    assert ("changed", "main.dose", "Label", "Dose", "Dose given") in told
    assert ("removed", "main.first_year", None, "Year", None) in told
    assert ("added", "main.oldest_year", None, None, "Year") in told


def test_page_needs_nothing_from_outside(explained: CompiledRegistry) -> None:
    html = render_codebook(explained, "pl")
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', html)
    assert policy is not None
    assert "default-src &#39;none&#39;" in policy[1]
    for kind in ("style", "script"):
        (text,) = re.findall(rf"<{kind}>(.*?)</{kind}>", html, re.DOTALL)
        assert f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}" in policy[1]
    assert not re.search(r'(?:src|href)="(?!#)', html)
    assert not re.search(r"\s(?:style|on\w+)=", html)
    anchors, links = set(re.findall(r' id="([^"]+)"', html)), set(re.findall(r'href="#([^"]+)"', html))
    assert links <= anchors


def test_layers_put_what_is_read_first() -> None:
    assert layers_of(["c", "b", "a"], {("a", "b"), ("b", "c"), ("a", "c")}) == [["a"], ["b"], ["c"]]
    assert layers_of(["a", "b"], {("a", "b"), ("b", "a")}) == [["a"], ["b"]]  # a circle is no endless way


def test_drawing_of_an_item_shows_what_it_reads_and_what_reads_it(explained: CompiledRegistry) -> None:
    drawing = draw_item(Book(explained, ("en", "pl")), Uses(explained), "main.why_urgent")
    assert drawing is not None
    boxes = sorted((box.x, box.href, box.labels["pl"], box.foreign) for box in drawing.boxes)
    assert [box[1:] for box in boxes] == [
        ("item-main.urgent", "Pilny", True),
        ("item-main.why_urgent", "Powód", False),
        ("outcome-reason", "W", True),
    ]
    assert [line.kind for line in drawing.lines] == ["when", "calculation"]


def test_drawing_of_a_form_reaches_beyond_it(explained: CompiledRegistry) -> None:
    drawing = draw_form(Book(explained, ("en",)), Uses(explained), "main")
    assert drawing is not None
    beyond = {box.href for box in drawing.boxes if box.foreign}
    assert {"outcome-outcome", "outcome-oldest"} <= beyond
    assert not any(href.startswith("item-main.") for href in beyond)


def test_command_writes_both(tmp_path: Path) -> None:
    for name in ("book.html", "book.xlsx"):
        done = CliRunner().invoke(command, ["codebook", str(EXPLAINED), "-o", str(tmp_path / name), "--language", "en"])
        assert done.exit_code == 0, done.output
        assert (tmp_path / name).stat().st_size > 5000
    assert '<html lang="en">' in (tmp_path / "book.html").read_text("utf-8")


@pytest.fixture(scope="module")
def leads(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = tmp_path_factory.mktemp("codebook") / "leads.html"
    path.write_text(render_codebook(compile_definition(LEADS), "pl"), "utf-8")
    return path.as_uri()


SEARCHED = {
    "label, without accents": ("poczatek zabiegu", "item-procedure.proc_start"),
    "label in the other language": ("incision or puncture", "item-procedure.proc_start"),
    "id": ("lx_duration_min", "item-procedure.lx_duration_min"),
    "id of a check": ("tle-27", "check-TLE-27"),
    "code": ("partial_lt4", "list-lx_result"),
    "label of a code": ("nie podjęto próby", "list-lx_result"),
}


@pytest.mark.parametrize("what", SEARCHED)
def test_search_by_keyboard_alone(what: str, leads: str, page) -> None:
    typed, wanted = SEARCHED[what]
    page.goto(leads)
    page.keyboard.press("/")
    page.keyboard.type(typed)
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == wanted
    assert page.locator(".entry:visible").count() < 30


def test_search_says_when_nothing_fits_and_is_cleared(leads: str, page) -> None:
    page.goto(leads)
    whole = page.locator(".entry:visible").count()
    page.fill("#search", "xyzzy")
    page.locator("#found-none").wait_for(state="visible")
    assert page.locator(".entry:visible").count() == 0
    page.press("#search", "Escape")
    assert page.locator(".entry:visible").count() == whole
    page.fill("#search", "jest wypełnione")
    page.locator("#found-none").wait_for(state="visible")
    page.check("#everywhere")
    page.locator("#found-some").wait_for(state="visible")


def test_language_is_changed_on_the_page(leads: str, page) -> None:
    messages: list[str] = []
    page.on("console", lambda message: messages.append(message.text))
    page.goto(leads)
    assert "art. 20 ust. 1 ustawy" in page.locator("#about").inner_text()
    entry = page.locator("[id='item-device.gen_model']")
    entry.evaluate("entry => entry.scrollIntoView()")
    polish = entry.get_by_text("to nie „Same elektrody porzucone, bez generatora”")
    english = entry.get_by_text("is not “Abandoned leads without generator”")
    polish.wait_for(state="visible")
    assert not english.is_visible()
    page.check("#language-en")
    english.wait_for(state="visible")
    assert not polish.is_visible()
    assert page.evaluate("document.documentElement.lang") == "en"
    assert messages == []  # the policy refuses nothing of the page's own


@pytest.mark.parametrize("width", [1280, 390])
def test_page_is_accessible(width: int, explained: CompiledRegistry, tmp_path: Path, page) -> None:
    path = tmp_path / "book.html"
    path.write_text(render_codebook(explained, "en"), "utf-8")
    page.set_viewport_size({"width": width, "height": 900})
    page.goto(path.as_uri())
    for summary in page.locator(".depends summary").all():
        summary.click()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    # The policy of the page lets nobody in, not even a tester: axe is run past it.
    session = page.context.new_cdp_session(page)
    session.send("Page.setBypassCSP", {"enabled": True})
    page.reload()
    found = Axe().run(page)
    assert found.response["violations"] == [], found.generate_report()
