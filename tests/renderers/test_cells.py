"""Cells of a grid: what a cell shows is read as the same answer, and answers are read as people write them in a spreadsheet."""

from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path

import pytest

from engine.compiler import compile_definition
from engine.datatypes import local_time
from engine.datatypes.values import Entered, Missing, PartialDate, Quantity, Unread
from engine.records.form_data import FormData
from renderers.html import Fields, post_reader
from renderers.html.cells import cell_kind
from renderers.html.grid import posted_cells
from renderers.html.words import load_words

MODEL = compile_definition(Path(__file__).parents[1] / "fixtures/grids/support.yaml").model
TAKEN = local_time.resolve(datetime(2025, 10, 26, 2, 30))[1]  # noqa: DTZ001 -- a time on the wall: clocks are put back then
ANSWERS: dict[str, list[dict[str, Entered]]] = {
    "daily": [
        {"mode": "off", "flow": Decimal("4.2"), "rpm": Decimal(3400), "p_pre": Missing("nd"), "bleeding": False},
        {"sites": ("cannula", "gut"), "changed_on": date(2025, 6, 27), "remark_of_day": "dwie\nlinie [nd]", "bleeding": True},
        {"flow": Unread("dużo", "type", "number_form"), "mode": Unread("x", "not_in_list", "not_in_list")},
    ],
    "laboratory": [
        {"taken": TAKEN, "creatinine": Quantity(Decimal(110), "umol/L", Decimal("1.24")), "onset": PartialDate(2025, 6)},
        {"taken": local_time.resolve(datetime(2025, 6, 27, 9, 10))[0], "onset": PartialDate(2025)},  # noqa: DTZ001
    ],
    "remark": [{"kind": "plan", "at": time(9, 10), "text": "nd"}],
}  # fmt: skip


def kinds(form, language="pl"):
    return {item.id: cell_kind(item, load_words(language)) for item in MODEL.forms[form].items}


def read(form, typed, base=None, language="pl"):
    fields = Fields([(f"d1.{name}", text) for name, text in typed.items()])
    held = base or FormData()
    pairs = list(posted_cells(kinds(form, language), "d1", fields, held.items))
    return post_reader(MODEL.forms[form]).read(Fields(pairs), held).data.items


@pytest.mark.parametrize("language", ["pl", "en"])
@pytest.mark.parametrize(("form", "answers"), [(form, each) for form, given in ANSWERS.items() for each in given])
def test_what_a_cell_shows_is_read_as_the_same_answer(form, answers, language):
    known = kinds(form, language)
    shown = {name: known[name].text(value) for name, value in answers.items()}
    found = read(form, shown, language=language)
    assert {
        name: getattr(value, "text", value) if isinstance(value, Unread) else value for name, value in found.items()
    } == {name: value.text if isinstance(value, Unread) else value for name, value in answers.items()}


@pytest.mark.parametrize(
    ("item", "typed", "value"),
    [
        ("mode", "VV", "vv"), ("mode", " próba bez wspomagania ", "off"), ("mode", "VA", "va"), ("flow", "4,2", Decimal("4.2")),
        ("rpm", "3\u00a0400", Decimal(3400)), ("rpm", "nd", Missing("nd")), ("rpm", "Nie wykonano", Missing("nd")), ("rpm", "[nk]", Missing("nk")),
        ("bleeding", "TAK", True), ("bleeding", "no", False), ("sites", "gut,kaniula", ("cannula", "gut")), ("remark_of_day", "nd", "nd"),
        ("sites", "przewód pokarmowy; airway", ("airway", "gut")), ("changed_on", "27/06/2025", date(2025, 6, 27)), ("flow", " ", None),
    ],
)  # fmt: skip
def test_an_answer_is_read_as_people_write_it(item, typed, value):
    assert read("daily", {item: typed}).get(item) == value


def test_a_cell_that_reads_as_it_was_is_not_touched():
    before = FormData({"flow": Unread("4,25", "type", "number_decimals"), "rpm": Decimal(3400)})
    assert read("daily", {"flow": "4,25", "rpm": "3400"}, before) == before.items
    assert read("daily", {"flow": "", "rpm": ""}, before) == {}
