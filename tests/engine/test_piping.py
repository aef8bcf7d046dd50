"""Values piped into labels, hints, titles and messages, on the server and in the browser."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from engine.compiler import compile_definition
from engine.datatypes import Facets
from engine.errors import DefinitionError
from engine.records.browser import form_program
from engine.records.browser_state import subject_state
from engine.records.json_data import read_values
from engine.records.path import parse_path
from engine.records.piping import texts_of
from engine.records.session import Session
from tests.engine.rules_in_node import running_interpreter

PIPED = Path(__file__).parents[1] / "fixtures" / "piped" / "piped.yaml"
PLAN = {
    "surgeon": "Anna & Jan", "limit": "12.5",
    "leads": [{"no": 1, "kind": "atrial"}, {"no": 2, "kind": "pacing"}, {"no": 3}],
}  # fmt: skip
REPORT = {"removals": [{"lead": "1", "minutes": "20"}, {"lead": "2"}, {"lead": "3"}, {}]}
EXPECTED = {
    "removed#title": "Procedure by Anna & Jan on …",
    "removed#note": "20 min in all",
    "code#hint": "Letters of …",
    "removals[1]#row": "Lead atrial: 1. atrial",
    "removals[1].minutes#label": "Time: atrial",
    "removals[1].minutes#hint": "At most 12.5 min",
    "removals[2]#row": 'Lead <b>ventricular</b> & "other": 2. <b>ventricular</b> & "other"',
    "removals[2].minutes#label": 'Time: <b>ventricular</b> & "other"',
    "removals[2].minutes#hint": "At most 12.5 min",
    "removals[3]#row": "Lead : 3",
    "removals[3].minutes#label": "Time: …",
    "removals[3].minutes#hint": "At most 12.5 min",
    "removals[4]#row": "Lead",
    "removals[4].minutes#label": "Time: …",
    "removals[4].minutes#hint": "At most 12.5 min",
}

CODE = Facets(pattern="[A-Z]+")


@pytest.fixture(scope="module")
def node():
    with running_interpreter() as interpreter:
        yield interpreter


@pytest.fixture(scope="module")
def registry():
    return compile_definition(PIPED)


@pytest.fixture
def begun(registry):
    """Call it with a form and values for a session."""

    def begin(report=REPORT, language="en"):
        found = read_values(registry, "report", None, {"forms": {"plan": PLAN, "report": report}})
        now = datetime(2025, 6, 15, 10, 0, tzinfo=UTC)
        return Session(registry, found.subject, found.focus, as_of=now, language=language)

    return begin


def test_texts_read_as_values_are(begun):
    session = begun()
    assert texts_of(session, "en") == EXPECTED
    session.set(parse_path("day"), datetime(2025, 6, 1, tzinfo=UTC).date())
    assert texts_of(session, "pl")["removed#title"] == "Zabieg, operator Anna & Jan, dnia 01.06.2025"


def test_closed_rows_have_a_title_and_no_more(begun, registry, node):
    session = begun()
    opened = session.focus.kids["removals"][1].key
    shown = {
        place: text
        for place, text in EXPECTED.items()
        if place.endswith("#row") or "removals[2]" in place or "removals" not in place
    }
    assert texts_of(session, "en", {opened}) == shown
    node.ask("open", program=form_program(registry, "report", "en"), state=subject_state(session))
    node.ask("show", paths=["removals[2]"])
    assert node.ask("texts") == shown


def test_messages_name_values(begun, registry):
    session = begun()
    told = {(v.code, v.item): v.message for v in session.evaluation.violations}
    assert told["LONG", "removals[1].minutes"] == "Lead atrial: 20 min is more than 12.5 min."
    assert "Time: …" in told["required", "removals[4].minutes"]
    session.set(parse_path("day"), datetime(2025, 6, 1, tzinfo=UTC).date())
    session.set(parse_path("code"), registry.items["report.code"].item.datatype.parse("x1", CODE))
    assert "Expected: Letters of 2025-06-01." in next(
        v.message for v in session.evaluation.violations if v.item == "code"
    )
    row = session.focus.kids["removals"][0].values["lead"]
    session.set(parse_path("removals[4].lead"), row)
    told = {(v.code, v.item): v.message for v in session.evaluation.violations}
    assert "Time: atrial" in told["required", "removals[4].minutes"]


def test_the_browser_says_the_same(begun, registry, node):
    session = begun()
    node.ask("open", program=form_program(registry, "report", "en"), state=subject_state(session))
    assert node.ask("texts") == EXPECTED
    row = session.focus.kids["removals"][0].values["lead"].target
    for at, value in (("day", "2025-06-01"), ("removals[4].lead", row), ("removals[2].minutes", {"n": "13"})):
        said = node.ask("set", at=at, value=value)
    session.set(parse_path("day"), datetime(2025, 6, 1, tzinfo=UTC).date())
    assert node.ask("texts")["removed#title"] == texts_of(session, "en")["removed#title"]
    assert node.ask("texts")["removals[4].minutes#label"] == "Time: atrial"
    told = {(each["code"], each["item"]): each["message"] for each in said["violations"]}
    assert told["LONG", "removals[2].minutes"] == ('Lead <b>ventricular</b> & "other": 13 min is more than 12.5 min.')
    assert "Time: atrial" in told["required", "removals[4].minutes"]


def test_a_unit_follows_another_answer(registry, node):
    found = read_values(registry, "drugs", None, {"forms": {"drugs": {"dose": "2"}}})
    session = Session(registry, found.subject, found.focus, as_of=datetime(2025, 6, 15, tzinfo=UTC), language="en")
    node.ask("open", program=form_program(registry, "drugs", "en"), state=subject_state(session))
    assert texts_of(session, "en") == node.ask("texts") == {"dose#unit": "…"}
    session.set(parse_path("route"), "iv")
    node.ask("set", at="route", value="iv")
    assert texts_of(session, "en") == node.ask("texts") == {"dose#unit": "million IU"}
    session.set(parse_path("route"), "oral")
    node.ask("set", at="route", value="oral")
    assert texts_of(session, "en") == node.ask("texts") == {"dose#unit": "g"}


def test_where_no_values_are_known_a_text_has_dots(registry):
    item = registry.items["report.minutes"].item
    assert (item.label["en"], item.hint["pl"]) == ("Time: …", "Najwyżej …")


@pytest.mark.parametrize(
    ("label", "place", "fault"),
    [
        ("Kind {knd}", "column 64", "unknown-name"),
        ("Kind {", "column 57", "bad-template"),
        ("Kind {1 + 1}", "column 63", "bad-template"),
        ("Kind {name}", "column 64", "bad-template"),
        ("Kind {rows.x}", "column 64", "needs-aggregate"),
    ],
)
def test_faults_in_braces_are_found_when_compiled(tmp_path, label, place, fault):
    path = tmp_path / "r.yaml"
    path.write_text(
        "registry: r\nversion: 1.0.0\ntitle: {pl: R, en: R}\nforms:\n  f:\n    in: patient\n    title: {pl: F, en: F}\n    sections:\n"
        "      - id: s\n        items:\n"
        "          - {id: kind, type: text, label: {pl: Rodzaj, en: Kind}}\n"
        "          - {id: name, type: text, privacy: identifying, label: {pl: Nazwisko, en: Name}}\n"
        "          - {group: rows, items: [{id: x, type: text, label: {pl: X, en: X}}]}\n"
        f"          - {{id: more, type: text, label: {{pl: Tak, en: '{label}'}}}}\n",
        "utf-8",
    )  # fmt: skip
    with pytest.raises(DefinitionError) as caught:
        compile_definition(path)
    [problem] = caught.value.problems
    assert (problem.code, problem.mark.line, f"column {problem.mark.column}") == (fault, 14, place), problem
    assert fault != "unknown-name" or "Did you mean 'kind'?" in problem.message
