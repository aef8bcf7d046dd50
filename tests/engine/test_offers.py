"""What defaults offer between two states of a form, what a form that was just begun keeps quiet, which codes are on offer."""

from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from engine.compiler import CompiledRegistry, compile_definition
from engine.datatypes.values import Missing, Quantity, Unread
from engine.records.form_data import Focus, FormData, Instance, RowData
from engine.records.offers import evaluate_with_offers, has_defaults, offer
from engine.records.path import ItemPath, parse_path
from engine.records.quiet import concerns_of, filled, is_quiet
from engine.records.session import Session

OFFERS = Path(__file__).parents[1] / "fixtures" / "definitions" / "offers.yaml"
NOON = datetime(2026, 3, 1, 11, 0, tzinfo=UTC)
TODAY = date(2026, 3, 1)


@pytest.fixture(scope="module")
def registry() -> CompiledRegistry:
    return compile_definition(OFFERS)


def session(registry: CompiledRegistry, items: dict[str, Any], *rows: dict[str, Any]) -> Session:
    """The form `visit` with values, and with rows whose ids count from r1."""
    leads = tuple(RowData(f"r{number}", row) for number, row in enumerate(rows, start=1))
    episode = Instance("episode", "e1", {"visit": (FormData(items, {"leads": leads} if leads else {}),)})
    patient = Instance("patient", "p1", children=(episode,))
    return Session(registry, patient, Focus("visit", "e1"), as_of=NOON)


BEGUN = {"seen": TODAY, "unit": "mg", "after": date(2026, 3, 31)}


# between two states ---------------------------------------------------------------------------------------------------


def test_all_that_is_known_is_offered_to_a_form_that_was_never_offered_anything(registry):
    begun = session(registry, {})
    assert offer(begun) == BEGUN
    assert begun.data.items == BEGUN
    assert offer(begun) == {}


def test_offers_are_values_of_the_item_s_own_type(registry):
    begun = session(registry, {"device": "d2"})
    found = offer(begun)
    assert found["weight"] == Quantity(Decimal(25), "kg", Decimal(25))
    assert begun.evaluation.calculated["total"] == Decimal("27.5")


def test_what_became_known_is_offered_and_nothing_else(registry):
    before, after = session(registry, {}), session(registry, {"event": "tamponade"})
    assert offer(after, before) == {"severity": "major"}


def test_what_changed_is_offered_again(registry):
    before, after = session(registry, {"event": "bleeding"}), session(registry, {"event": "tamponade"})
    assert offer(after, before) == {"severity": "major"}


@pytest.mark.parametrize("held", ["minor", Missing("nk"), Unread("?", "type", "code_form", (("value", "?"),))])
def test_what_is_there_is_never_replaced(registry, held):
    before, after = session(registry, {}), session(registry, {"event": "tamponade", "severity": held})
    assert offer(after, before) == {}
    assert offer(session(registry, {**BEGUN, "event": "tamponade", "severity": held})) == {}


def test_what_was_emptied_stays_empty(registry):
    before, after = (
        session(registry, {"event": "bleeding", "severity": "minor"}),
        session(registry, {"event": "bleeding"}),
    )
    assert offer(after, before) == {}
    assert offer(session(registry, {"event": "bleeding"}), after) == {}


def test_what_was_emptied_together_with_a_change_stays_empty(registry):
    before = session(registry, {"event": "bleeding", "severity": "minor"})
    assert offer(session(registry, {"event": "tamponade"}), before) == {}


def test_an_item_that_appears_is_offered_its_default(registry):
    hidden = session(registry, {"painful": False})
    assert offer(session(registry, {"painful": True}), hidden) == {"treated": True}
    assert offer(session(registry, {}), hidden) == {}


def test_one_offer_makes_others_known(registry):
    before, after = session(registry, {}), session(registry, {"device": "d1"})
    assert offer(after, before) == {
        "dose": Decimal("1.5"),
        "weight": Quantity(Decimal(15), "kg", Decimal(15)),
        "third": Decimal("0.5"),
    }


def test_a_new_row_is_offered_all_and_others_what_changed(registry):
    before = session(registry, {"side": "left"}, {"no": Decimal(7)})
    after = session(registry, {"side": "left"}, {"no": Decimal(7)}, {})
    assert offer(after, before) == {"leads[2].no": Decimal(8), "leads[2].lead_side": "left"}


def test_rows_that_were_dealt_with_elsewhere_are_left_alone(registry):
    before = session(registry, {}, {})
    after = session(registry, {"side": "left", "device": "d2"}, {}, {})
    assert offer(after, before, {"", "r1"}) == {"leads[2].no": Decimal(1), "leads[2].lead_side": "left"}


def test_forms_without_defaults_are_known(registry):
    assert has_defaults(registry, "visit")
    assert not has_defaults(compile_definition(OFFERS.with_name("hard_mcs.yaml")), "ecmo")


def test_rules_judge_what_was_given_and_offers_stand_beside(registry):
    found = evaluate_with_offers(session(registry, {"device": "d2"}))
    assert {v.code for v in found.violations} == {"required", "OFF-01"}
    assert found.calculated["total"] is None
    assert found.offered["weight"] == {"value": "25", "unit": "kg"}


# quiet ----------------------------------------------------------------------------------------------------------------


def quiet(registry: CompiledRegistry, items: dict[str, Any], *rows: dict[str, Any]) -> set[str]:
    """What is wrong and not said, where all that is there was entered by somebody."""
    one = session(registry, items, *rows)
    concerns = concerns_of(registry, "visit")
    return {f"{v.code}@{v.item}" for v in one.evaluation.violations if is_quiet(concerns, v, filled(one.data))}


def test_nothing_is_said_while_nothing_was_touched(registry):
    assert quiet(registry, {}) == {"OFF-01@side", "required@seen"}


def test_a_rule_speaks_when_something_that_it_depends_on_was_touched(registry):
    assert quiet(registry, {"unit": "mg"}) == {"OFF-01@side", "required@seen"}
    assert quiet(registry, {"side": "left"}) == {"required@seen"}
    assert "OFF-01@side" in quiet(registry, {}, {})
    assert "OFF-01@side" not in quiet(registry, {}, {"lead_side": "left"})


def test_also_when_it_depends_on_it_through_a_calculation(registry):
    assert "OFF-02@total" not in quiet(
        registry, {"dose": Decimal(5), "weight": Quantity(Decimal(50), "kg", Decimal(50))}
    )
    assert concerns_of(registry, "visit").checks["OFF-02"] == {"total", "dose", "weight"}


def test_a_row_speaks_for_itself(registry):
    row = {"lead_side": "left"}
    wrong = {"OFF-03@leads[1].lead_vein", "OFF-03@leads[2].lead_vein"}
    assert wrong <= quiet(registry, {}, row, {})
    one = session(registry, {}, row, {})
    touched = {parse_path("leads[2].lead_vein")}
    told = [v.row for v in one.evaluation.violations if not is_quiet(concerns_of(registry, "visit"), v, touched)]
    assert told == ["", "leads[2]"]  # the form's own rule is about the group


def test_an_unreadable_answer_is_told(registry):
    unread = {"dose": Unread("x", "type", "number_form", (("value", "x"),))}
    assert "type@dose" not in quiet(registry, unread)


def test_paths_of_what_is_there():
    data = FormData({"a": "x"}, {"g": (RowData("r", {"b": "y"}, {"h": (RowData("s"),)}),)})
    assert {str(path) for path in filled(data)} == {"a", "g[1].b"}
    assert filled(FormData()) == frozenset[ItemPath]()


# codes on offer -------------------------------------------------------------------------------------------------------


def test_codes_that_a_rule_takes_out_are_withheld_but_for_the_chosen(registry):
    found = session(registry, {"side": "left", "vein": "r_axillary", "veins": ("l_axillary", "r_cephalic")}).withheld
    assert found("vein") == {"r_cephalic"}
    assert found("veins") == {"r_axillary"}
    assert found("device") == {"d6", "d7", "d8", "d9", "d10"}


def test_while_the_condition_is_unknown_nothing_is_withheld(registry):
    assert not any(map(session(registry, {}).withheld, ("vein", "veins", "device")))
