"""Definitions and records to measure with: as an author would write them, of any size, the same at each run."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from engine.datatypes.values import Entered
from engine.records.form_data import Focus, FormData, Instance, RowData

ITEMS_PER_SECTION = 10

HEAD = """\
registry: {name}
version: 1.0.0
title: {{pl: Rejestr do pomiarów, en: Registry for measurements}}
codelists:
  yes_no_unknown: {{codes: {{tak: {{pl: tak, en: 'yes'}}, nie: {{pl: nie, en: 'no'}}, nn: {{pl: nie wiadomo, en: unknown}}}}}}
  grade:
    attributes: {{points: {{type: number, default: 0}}, severe: boolean}}
    codes:
      none: {{pl: brak, en: none}}
      mild: {{pl: lekki, en: mild, points: 1}}
      moderate: {{pl: umiarkowany, en: moderate, points: 2}}
      severe: {{pl: ciężki, en: severe, points: 3, severe: true}}
  finding:
    codes:
      nothing: {{pl: bez zmian, en: nothing, exclusive: true}}
      fluid: {{pl: płyn, en: fluid}}
      clot: {{pl: skrzeplina, en: clot}}
      tear: {{pl: pęknięcie, en: tear}}
missing:
  clinical: {{nd: {{pl: nie wykonano, en: not done}}, later: {{pl: do uzupełnienia, en: later, signing: false}}}}
containers:
  episode: {{of: patient, repeats: true, title: {{pl: Epizod, en: Episode}}}}
events:
  visit: {{title: {{pl: Wizyta, en: Visit}}, in: episode, forms: [{forms}]}}
forms:
"""


def definition(items: int, per_form: int = 100, name: str = "large") -> str:
    """The text of a registry of that many items, ten to a section; the last section of each form is a group."""
    forms = items // per_form
    head = HEAD.format(name=name, forms=", ".join(f"f{number}" for number in range(forms)))
    sections = per_form // ITEMS_PER_SECTION
    return head + "\n".join(line for form in range(forms) for line in _form(form, sections)) + "\n"


def _form(form: int, sections: int) -> Iterator[str]:
    yield f"  f{form}:"
    yield f"    title: {{pl: Formularz {form}, en: Form {form}}}"
    yield "    sections:"
    for section in range(sections):
        stem = f"f{form}_s{section}"
        yield f"      - id: s{section}"
        yield f"        title: {{pl: Część {section}, en: Section {section}}}"
        yield "        items:"
        if section == sections - 1:
            yield f"          - group: {stem}_rows"
            yield f"            title: {{pl: Wiersze {section}, en: Rows {section}}}"
            yield "            rows: {max: 20000}"
            yield "            items:"
            yield from (f"    {line}" for line in _items(stem))
        else:
            yield from _items(stem)
    yield "    checks:"
    for section in range(sections):
        yield from _check(form, section, sections)


def _items(stem: str) -> Iterator[str]:
    """Ten items of mixed types: three of them conditional, five with ranges, one calculated."""
    parts = (
        "type: boolean, required: true",
        "type: integer, required: true, range: {hard: [0, 300], soft: [40, 180]}",
        "type: decimal, decimals: 1, unit: kg, missing: clinical, range: {hard: [1, 400], soft: [30, 200]}",
        f"type: decimal, decimals: 2, calculate: 'round({stem}_i1 / {stem}_i2, 2)', range: {{soft: [0.1, 50]}}",
        f"type: code, codelist: grade, required: {stem}_i0, when: {stem}_i0",
        f"type: codes, codelist: finding, when: \"{stem}_i4 in ('moderate', 'severe')\"",
        f"type: text, length: 200, when: \"'tear' in {stem}_i5\"",
        "type: date, required: true, range: {hard: [null, today()], soft: ['make_date(1990, 1, 1)', null]}",
        f"type: date, range: {{hard: [{stem}_i7, null]}}",
        "type: code, codelist: yes_no_unknown, required: true",
    )
    for place, part in enumerate(parts):
        label = f"label: {{pl: Pytanie {stem} nr {place}, en: Question {stem} no. {place}}}"
        yield f"          - {{id: {stem}_i{place}, {label}, {part}}}"


def _check(form: int, section: int, sections: int) -> Iterator[str]:
    stem = f"f{form}_s{section}"
    if section == sections - 1:
        condition = f"all({stem}_rows where {stem}_i8 >= {stem}_i7 or {stem}_i9 != 'tak')"
    elif section % 2:
        condition = f"not ({stem}_i9 = 'tak' and attr({stem}_i4, 'severe')) or {stem}_i2 > 50 or {stem}_i3 < 2"
    else:
        other = f"f{form}_s{section - 2 if section else 1}"
        condition = f"{stem}_i1 + {other}_i1 <= 400 or days({stem}_i7, {other}_i7) > 365"
    message = f"{{pl: Sprawdź część {section}., en: Check section {section}.}}"
    yield f'      - {{id: c_{stem}, severity: warning, assert: "{condition}", message: {message}}}'


def answers(stem: str, number: int) -> dict[str, Entered]:
    """Ten answers: nearly all plausible, one of seven with a fault, different for each number."""
    values: list[Entered | None] = [
        number % 3 != 0,
        Decimal(60 + number % 100 if number % 7 else 190),
        Decimal(f"{70 + number % 90}.5"),
        None,
        ("none", "mild", "moderate", "severe")[number % 4] if number % 3 else None,
        ("fluid", "tear") if number % 3 and number % 4 >= 2 else None,
        "tekst" if number % 3 and number % 4 >= 2 else None,
        date(2024, 1 + number % 12, 1 + number % 28),
        date(2025, 1 + number % 12, 1 + number % 28) if number % 5 else None,
        ("nie", "nn", "tak")[number % 3],
    ]
    return {f"{stem}_i{place}": value for place, value in enumerate(values) if value is not None}


def record(items: int, rows: int = 1, form: int = 0) -> FormData:
    """A form of that many items, filled."""
    sections = items // ITEMS_PER_SECTION
    entered: dict[str, Entered] = {}
    for section in range(sections - 1):
        entered |= answers(f"f{form}_s{section}", section + 1)
    stem = f"f{form}_s{sections - 1}"
    made = tuple(RowData(f"r{number}", answers(stem, number)) for number in range(1, rows + 1))
    return FormData(entered, {f"{stem}_rows": made})


def subject(data: FormData, form: str = "f0") -> tuple[Instance, Focus]:
    """A patient with one episode that holds the form, and the form in focus."""
    episode = Instance("episode", "e1", {form: (data,)})
    return Instance("patient", "p1", children=(episode,)), Focus(form, "e1")
