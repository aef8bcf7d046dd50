"""Records of a form keep their numbers when one between them is withdrawn."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from engine.compiler import compile_definition
from engine.records.form_data import Focus, FormData, Instance
from engine.records.session import Session

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
TEXT = """\
registry: made_up
version: 1.0.0
title: {pl: Rejestr, en: Registry}
containers:
  episode: {of: patient, repeats: true, title: {pl: Epizod, en: Episode}}
forms:
  day:
    in: episode
    repeats: true
    title: {pl: Doba, en: Day}
    sections:
      - id: all
        title: {pl: Dane, en: Data}
        items:
          - {id: flow, type: decimal, decimals: 1, label: {pl: Przepływ, en: Flow}}
          - {id: before, type: decimal, decimals: 1, label: {pl: Wcześniej, en: Before}, calculate: prev(flow)}
          - {id: days, type: integer, label: {pl: Dni, en: Days}, calculate: count(day)}
"""


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    file = tmp_path_factory.mktemp("gaps") / "made_up.yaml"
    file.write_text(TEXT, "utf-8")
    return compile_definition(file)


def look(registry, record, *flows, numbers=()):
    days = tuple(FormData({"flow": Decimal(flow)}) for flow in flows)
    held = {"day": tuple(numbers)} if numbers else {}
    episode = Instance("episode", "e1", {"day": days}, numbers=held)
    session = Session(
        registry, Instance("patient", "p1", children=(episode,)), Focus("day", "e1", None, record), as_of=NOW
    )
    said = session.evaluation.calculated
    return session.focus.key, said["before"], said["days"]


def test_the_others_are_found_under_their_own_numbers(registry):
    assert look(registry, 2, "1", "2", "3") == ("e1.day[3]", Decimal(2), Decimal(3))
    assert look(registry, 2, "1", "3", numbers=(0, 2)) == ("e1.day[3]", Decimal(1), Decimal(2))


def test_the_next_one_follows_the_last_number(registry):
    assert look(registry, 3, "1", "3", numbers=(0, 2)) == ("e1.day[4]", Decimal(3), Decimal(3))
    assert look(registry, 1, numbers=()) == ("e1.day[2]", None, Decimal(1))


def test_a_session_turns_to_a_record_by_its_number(registry):
    days = (FormData({"flow": Decimal(1)}), FormData({"flow": Decimal(3)}))
    episode = Instance("episode", "e1", {"day": days}, numbers={"day": (1, 4)})
    session = Session(registry, Instance("patient", "p1", children=(episode,)), Focus("day", "e1", None, 1), as_of=NOW)
    session.turn_to(Focus("day", "e1", None, 4))
    assert session.focus.key == "e1.day[5]"
    with pytest.raises(LookupError):
        session.turn_to(Focus("day", "e1", None, 0))
