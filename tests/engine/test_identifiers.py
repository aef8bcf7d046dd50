"""Checks of identifiers: what they tell, and that they notice slips."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.datatypes.identifiers import CHECKS, pesel_birth_date, pesel_sex
from engine.datatypes.udi import udi_part

VALID = {
    "pesel": ["02070803628", "44051401359", "56110348217", "08222974109"],
    "npwz": ["5425740", "3123456", "1314159"],
    "gs1": ["96385074", "036000291452", "4006381333931", "09506000134352"],
    "luhn": ["79927398713"],
    "mod11": ["0000000218250097", "000000021694233X"],
    "mod97": ["GB82WEST12345698765432", "PL61109010140000071219812874"],
}


@pytest.mark.parametrize(
    ("pesel", "born", "sex"),
    [  # data set of the lead extraction registry, 4.1
        ("02070803628", date(1902, 7, 8), "f"),
        ("44051401359", date(1944, 5, 14), "m"),
        ("56110348217", date(1956, 11, 3), "m"),
        ("08222974109", date(2008, 2, 29), "f"),
    ],
)
def test_pesel_tells_birth_date_and_sex(pesel, born, sex):
    assert (pesel_birth_date(pesel), pesel_sex(pesel)) == (born, sex)


@pytest.mark.parametrize("text", ["", "44051401358", "51023100008", "51332890371", "4405140135", "٤٤٠٥١٤٠١٣٥٩"])
def test_what_is_no_pesel_tells_nothing(text):
    assert (pesel_birth_date(text), pesel_sex(text)) == (None, None)


@pytest.mark.parametrize(("month", "century"), [(1, 1900), (21, 2000), (41, 2100), (61, 2200), (81, 1800)])
def test_pesel_century(month, century):
    ten = f"05{month:02d}010000"
    eleven = next(ten + str(digit) for digit in range(10) if CHECKS["pesel"].judge(ten + str(digit)) is None)
    assert pesel_birth_date(eleven) == date(century + 5, 1, 1)


def test_each_check_has_valid_numbers():
    assert set(VALID) == set(CHECKS)


@pytest.mark.parametrize(("check", "number"), [(check, number) for check in VALID for number in VALID[check]])
def test_one_wrong_digit_is_noticed(check, number):
    assert CHECKS[check].judge(number) is None
    for place, digit in enumerate(number):
        for other in set("0123456789") - {digit} if digit.isdigit() else ():
            assert CHECKS[check].judge(number[:place] + other + number[place + 1 :]) is not None


@pytest.mark.parametrize("check", CHECKS)
@given(text=st.one_of(st.text(max_size=40), st.text("0123456789()[]X\x1dAZd- ", max_size=40)))
def test_any_text_can_be_judged(check, text):
    normal = CHECKS[check].normalise(text)
    CHECKS[check].judge(normal)
    if CHECKS[check].judge(normal) is None:
        assert CHECKS[check].normalise(normal) == normal


def test_parts_of_a_udi():
    scan = "]d201095060001343521726013110Lot-7a\x1d21S/N9"
    assert [udi_part(scan, ai) for ai in ("01", "17", "10", "21", "240")] == [
        "09506000134352", "260131", "Lot-7a", "S/N9", None,
    ]  # fmt: skip
    assert udi_part("09506000134352", "01") is None, "a bare number has no parts"
