"""A prepared page costs a small part of what WTForms widgets and a Jinja2 loop cost at each request."""

from datetime import date
from decimal import Decimal
from time import perf_counter
from typing import Any

import jinja2
import pytest
import wtforms
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]  # the stubs are older

from engine.datatypes import Quantity
from engine.model.form import FormDef, SectionDef
from engine.records.form_data import FormData
from renderers.html import compile_pages
from tests.renderers.sample import PLACES, REASONS, TOOLS, item, make_evaluation, text

KINDS: tuple[tuple[str, dict[str, Any], Any], ...] = (
    ("decimal", {"unit": "min", "decimals": 1}, Decimal("14.5")),
    ("code", {"choices": PLACES}, "hybrid"),
    ("text", {"max_length": 40}, "Kardiologia"),
    ("date", {}, date(2025, 3, 17)),
    ("boolean", {}, True),
    ("codes", {"choices": TOOLS}, ("lock", "mech")),
    ("integer", {"unit": "mm"}, Decimal(12)),
    (
        "quantity",
        {"unit": "mg/dL", "units": {"umol/L": Decimal("88.42")}},
        Quantity(Decimal("1.2"), "mg/dL", Decimal("1.2")),
    ),
)
FIELDS = {
    "boolean": lambda label, _: wtforms.RadioField(
        label, choices=[SelectChoice("true", "Tak"), SelectChoice("false", "Nie")]
    ),
    "code": lambda label, choices: wtforms.RadioField(label, choices=choices),
    "codes": lambda label, choices: wtforms.SelectMultipleField(
        label, choices=choices, option_widget=wtforms.widgets.CheckboxInput(), widget=wtforms.widgets.ListWidget()
    ),
    "date": lambda label, _: wtforms.DateField(label),
}
LOOP = (
    "{% for form in forms %}<fieldset>{% for field in form %}<div class='f'>{{ field.label }}{{ field }}"
    "{% for error in field.errors %}<p>{{ error }}</p>{% endfor %}</div>{% endfor %}</fieldset>{% endfor %}"
)


def big_form():
    sections, values = [], {}
    for section in range(8):
        items = []
        for number in range(25):
            kind, facets, value = KINDS[number % len(KINDS)]
            name = f"s{section}_i{number}"
            more = {"missing": REASONS} if number % 3 == 0 else {}
            items.append(item(name, kind, f"Pytanie {number}", facets=facets, **more))
            if number % 5:
                values[name] = value
        sections.append(SectionDef(f"s{section}", text(f"Sekcja {section}"), tuple(items)))
    return FormDef("big", text("Duży"), tuple(sections)), FormData(values)


def by_widgets(form, data):
    """The usual way: a WTForms class a section, its own widgets, a Jinja2 loop; no navigator, no states, no frame."""
    classes = []
    for section in form.sections:
        fields = {}
        for each in section.content:
            choices = [SelectChoice(code, choice.label["pl"]) for code, choice in each.facets.choices.items()]
            make = FIELDS.get(each.datatype.name, lambda label, _: wtforms.StringField(label))
            fields[each.id] = make(each.label["pl"], choices)
        classes.append(type("Section", (wtforms.Form,), fields))
    values = {key: list(value) if isinstance(value, tuple) else value for key, value in data.items.items()}
    template = jinja2.Environment(autoescape=True).from_string(LOOP)
    return lambda: template.render(forms=[each(data=values) for each in classes])


def best(make, rounds):
    times = []
    for _ in range(rounds):
        start = perf_counter()
        make()
        times.append(perf_counter() - start)
    return min(times)


@pytest.mark.slow
def test_a_page_of_200_fields_is_at_least_ten_times_faster_than_widgets(registry_of):
    """Twenty times on a quiet machine; ten leaves room for a busy one."""
    form, data = big_form()
    evaluation = make_evaluation(form, data, calculated={})
    pages = compile_pages(registry_of(form))
    prepared = best(lambda: pages.form("big", language="pl", data=data, evaluation=evaluation), 40)
    widgets = best(by_widgets(form, data), 8)
    print(f"prepared {prepared * 1000:.2f} ms, widgets {widgets * 1000:.2f} ms, ratio {widgets / prepared:.1f}")  # noqa: T201

    assert widgets / prepared > 10
