"""The JSON Schema of a form is valid, takes what the contract takes and refuses the rest."""

import pytest
from jsonschema import Draft202012Validator

from renderers.json_schema import DIALECT, form_schema

GOOD = {
    "proc_start": "2025-03-17T09:10",
    "proc_end": "2025-03-17T11:05+01:00",
    "location": "hybrid",
    "op1_npwz": "5425740",
    "emergency": False,
    "pacing": {"missing": "nk"},
    "diagnosis": "T82.7",
    "fluoro": "14.5",
    "dap": {"value": "1850", "unit": "cGy.cm2"},
    "creatinine": 1.2,
    "seen": "2025-03-18",
    "start_time": "08:50",
    "ward": None,
    "lx": [
        {"lx_lead": 1, "lx_implanted": "2008-06", "lx_tools": ["lock", "mech"], "lx_result": "complete"},
        {"lx_lead": "lead2", "lx_sheath": {"missing": "nd"}, "steps": [{"step_time": "09:40", "step_note": "x"}]},
    ],
}
WRONG = [
    {"nothing": 1},
    {"duration": 115},
    {"location": "moon"},
    {"location": {"missing": "nk"}},
    {"pacing": {"missing": "zz"}},
    {"fluoro": "dużo"},
    {"fluoro": "14.55"},
    {"dap": {"value": "1", "unit": "kg"}},
    {"dap": {"unit": "Gy.cm2"}},
    {"seen": "18.03.2025"},
    {"emergency": "yes"},
    {"lx": {}},
    {"lx": [{"lx_tools": "lock"}]},
    {"lx": [{}] * 7},
    {"lx": [{"steps": [{"step": 1}]}]},
]


@pytest.fixture(scope="module")
def schema(registry):
    return form_schema(registry, "procedure", "en")


def test_it_is_a_valid_schema(schema):
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == DIALECT
    assert schema["$id"] == "urn:ecrf:lead_extraction:1.0.0:procedure"


def test_it_takes_what_the_contract_takes(schema):
    assert [error.message for error in Draft202012Validator(schema).iter_errors(GOOD)] == []
    assert Draft202012Validator(schema).is_valid({})


@pytest.mark.parametrize("values", WRONG)
def test_it_refuses_what_is_wrong(schema, values):
    assert not Draft202012Validator(schema).is_valid(values)


def test_it_tells_titles_units_codes_and_reasons(schema):
    dap, location = schema["properties"]["dap"], schema["properties"]["location"]

    assert schema["title"] == "Procedure"
    assert (dap["title"], dap["x-unit"], dap["x-missing"]["nk"]) == ("Dose–area product", "Gy.cm2", "not known")
    assert location["x-codes"]["ep_lab"] == "EP laboratory"
    assert schema["properties"]["lx"]["maxItems"] == 6


def test_values_of_the_form_fit_their_schema(schema, form, data):
    """What write_json gives is what the schema takes."""
    values = {
        item.id: item.datatype.write_json(data.items[item.id])
        for item in form.items
        if item.id in data.items and item.id != "op2_npwz"
    }

    assert [error.message for error in Draft202012Validator(schema).iter_errors(values)] == []
