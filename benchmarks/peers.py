"""The form of `definitions.py` as other libraries take it: WTForms fields and validators, posted text."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from werkzeug.datastructures import MultiDict
from wtforms import (
    BooleanField,
    DateField,
    DecimalField,
    Form,
    IntegerField,
    SelectField,
    SelectMultipleField,
    StringField,
)
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from benchmarks.definitions import ITEMS_PER_SECTION

GRADES = [(code, code) for code in ("none", "mild", "moderate", "severe")]
FINDINGS = [(code, code) for code in ("nothing", "fluid", "clot", "tear")]
ANSWERS = [(code, code) for code in ("tak", "nie", "nn")]


def wtforms_class(items: int) -> type[Form]:
    """A form class with ten fields a section. Conditions and cross-item checks are left out: WTForms has none."""
    fields: dict[str, Any] = {}
    for section in range(items // ITEMS_PER_SECTION):
        stem = f"f0_s{section}"
        made = (
            BooleanField(f"Pytanie {stem} nr 0"),
            IntegerField(f"Pytanie {stem} nr 1", [InputRequired(), NumberRange(0, 300)]),
            DecimalField(f"Pytanie {stem} nr 2", [Optional(), NumberRange(1, 400)], places=1),
            DecimalField(f"Pytanie {stem} nr 3", [Optional()], places=2),
            SelectField(f"Pytanie {stem} nr 4", [Optional()], choices=GRADES, validate_choice=False),
            SelectMultipleField(f"Pytanie {stem} nr 5", [Optional()], choices=FINDINGS),
            StringField(f"Pytanie {stem} nr 6", [Optional(), Length(max=200)]),
            DateField(f"Pytanie {stem} nr 7", [InputRequired()]),
            DateField(f"Pytanie {stem} nr 8", [Optional()]),
            SelectField(f"Pytanie {stem} nr 9", [InputRequired()], choices=ANSWERS),
        )
        fields |= {f"{stem}_i{place}": field for place, field in enumerate(made)}
    return type("MeasuredForm", (Form,), fields)


def posted(values: Mapping[str, Any]) -> MultiDict[str, str]:
    """Values as a browser posts them."""
    pairs: list[tuple[str, str]] = []
    for name, value in values.items():
        match value:
            case True:
                pairs.append((name, "y"))
            case False | None:
                continue
            case tuple():
                pairs.extend((name, code) for code in value)
            case date():
                pairs.append((name, value.isoformat()))
            case _:
                pairs.append((name, str(value)))
    return MultiDict(pairs)


def json_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as JSON holds them."""

    def plain(value: Any) -> Any:
        match value:
            case Decimal():
                return float(value)
            case date():
                return value.isoformat()
            case tuple():
                return list(value)
            case _:
                return value

    return {name: plain(value) for name, value in values.items()}


WTFORMS_TEMPLATE = """\
<form method="post">{% for field in form %}
<div class="field{% if field.errors %} wrong{% endif %}">{{ field.label }}
{% for error in field.errors %}<p class="error">{{ error }}</p>{% endfor %}{{ field(class="input") }}</div>{% endfor %}
</form>"""
