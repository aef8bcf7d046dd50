"""What the browser gets and what it does with it: sizes, privacy, typed text, speed, rules that stay on the server."""

import gzip
import hashlib
import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml

from engine.compiler import CompiledRegistry, compile_definition
from engine.datatypes import DATATYPES, Choice, Facets, Unread
from engine.datatypes.codes import SYSTEMS
from engine.datatypes.local_time import transitions
from engine.expressions.terms import Term
from engine.records.browser import form_program
from engine.records.browser_items import facets_json
from engine.records.browser_state import subject_state
from engine.records.json_data import read_values
from engine.records.session import Session
from engine.synthesis.texts import text_like
from tests.engine.rules_in_node import NOON, Interpreter, running_interpreter

ROOT = Path(__file__).parents[2]
STATIC = ROOT / "renderers" / "html" / "static"
FIXTURES = ROOT / "tests" / "fixtures"
KILOBYTE = 1024


@pytest.fixture(scope="module")
def node() -> Iterator[Interpreter]:
    with running_interpreter() as interpreter:
        yield interpreter


@pytest.fixture(scope="module")
def filling() -> CompiledRegistry:
    return compile_definition(FIXTURES / "expressions" / "schemas" / "filling.yaml")


def begin(registry: CompiledRegistry, form: str, values: Any) -> Session:
    read = read_values(registry, form, None, values)
    return Session(registry, read.subject, read.focus, as_of=NOON, others=read.others)


# files ----------------------------------------------------------------------------------------------------------------


def zipped(*names: str) -> int:
    return sum(len(gzip.compress((STATIC / name).read_bytes(), 9)) for name in names)


def test_the_interpreter_is_small():
    """Design, section 4: interpreter 10 KB, with decimals 24 KB gzipped at most. The form around it comes on top."""
    assert zipped("rules.js") <= 10 * KILOBYTE
    assert zipped("rules.js", "vendor/decimal.min.js") <= 24 * KILOBYTE
    assert zipped("rules.js", "record.js", "vendor/decimal.min.js") <= 28 * KILOBYTE


def test_no_text_is_run_as_code():
    """Strict content security policy: nothing is evaluated, nobody makes functions of text."""
    for name in ("rules.js", "record.js", "texts.js"):
        assert not re.search(
            r"\beval\b|\bFunction\s*\(|innerHTML|setTimeout\(['\"]", (STATIC / name).read_text("utf-8")
        )


def test_vendored_files_are_what_the_lock_says():
    lines = (STATIC / "vendor" / "vendor.lock").read_text("utf-8").splitlines()
    locked = {line[66:]: line[:64] for line in lines if not line.startswith("#")}
    files = {path.name: path.read_bytes() for path in (STATIC / "vendor").iterdir() if path.name != "vendor.lock"}
    assert locked == {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}


# typed text -----------------------------------------------------------------------------------------------------------

SERVER_ONLY = frozenset({"identifier", "file"})  # their checks and uploads; so are patterns


def typed(part: str) -> Iterator[tuple[str, dict[str, Any], Facets]]:
    """The lines of the data types' own fixtures that hold typed text."""
    for name in sorted(DATATYPES.keys() - SERVER_ONLY):
        fixture = yaml.safe_load((FIXTURES / "datatypes" / f"{name}.yaml").read_text("utf-8"))
        for line in fixture.get(part, ()):
            given = dict(line.get("facets", fixture.get("facets", {})))
            if "raw" in line and "pattern" not in given:
                yield name, line, facets(given)


def facets(given: dict[str, Any]) -> Facets:
    if "units" in given:
        given["units"] = {unit: Decimal(factor) for unit, factor in given["units"].items()}
    if "choices" in given:
        given["choices"] = {
            code: Choice(code, label, also=tuple(label.get("also", ()))) for code, label in given["choices"].items()
        }
    return Facets(**given)


def read(node: Interpreter, lines: list[tuple[str, dict[str, Any], Facets]]) -> list[dict[str, Any]]:
    cases = [[name, line["raw"], facets_json(given, DATATYPES[name])] for name, line, given in lines]
    answers: list[dict[str, Any]] = node.ask("parse", zone=transitions(), cases=cases)
    return answers


def test_typed_text_is_read_as_on_the_server(node):
    lines = list(typed("cases"))
    assert len(lines) > 60
    for (name, line, _), answer in zip(lines, read(node, lines), strict=True):
        found = answer.get("entered", answer["value"])
        assert "unread" not in answer, (name, line, answer)
        expected = line["value"]["ref"] if name == "record_ref" else line["value"]
        assert found == expected, (name, line)


def test_typed_text_is_refused_as_on_the_server(node):
    lines = list(typed("refused"))
    assert len(lines) > 60
    for (name, line, given), answer in zip(lines, read(node, lines), strict=True):
        refusal = DATATYPES[name].parse(line["raw"], given)
        assert isinstance(refusal, Unread)
        expected = (refusal.code, refusal.message, dict(refusal.parts))
        assert (answer["unread"], answer["message"], answer["parts"]) == expected, (name, line)


@pytest.mark.parametrize("system", SYSTEMS)
def test_codes_of_a_system_are_judged_alike(node, system):
    """Of codes as the system writes them, and of these with a character more, less or other: the browser takes what the server does."""
    draw = Random(system)  # noqa: S311 -- the same texts each time
    given = Facets(open_list=True, system=system)
    texts = [text_like(SYSTEMS[system].pattern, draw) or "" for _ in range(300)]
    for text in texts[:200]:
        place, sign = draw.randrange(len(text) + 1), draw.choice("aA0.+*-, ąĄ٤\u2028")
        texts += [
            text[:place] + sign + text[place:],
            text[:place] + text[place + 1 :],
            text[:place] + sign + text[place + 1 :],
        ]
    texts = [text for text in texts if text.strip()]
    here = [DATATYPES["code"].parse(text, given) for text in texts]
    assert 300 <= sum(isinstance(found, str) for found in here) < len(texts)
    there = read(node, [("code", {"raw": text}, given) for text in texts])
    assert [answer.get("unread", answer["value"]) for answer in there] == [
        found.code if isinstance(found, Unread) else found for found in here
    ]


def test_nothing_typed_is_nothing(node):
    names = sorted(DATATYPES.keys() - SERVER_ONLY)
    fixtures = {name: yaml.safe_load((FIXTURES / "datatypes" / f"{name}.yaml").read_text("utf-8")) for name in names}
    lines = [(name, {"raw": raw}, Facets()) for name in names for raw in fixtures[name].get("empty", ())]
    for (name, line, _), answer in zip(lines, read(node, lines), strict=True):
        assert answer == {"value": None}, (name, line)


# what is sent ---------------------------------------------------------------------------------------------------------

PERSON = {"born": "1980-05-10", "surname": "Nowakowska"}


def test_only_values_that_a_rule_reads_are_sent(filling):
    state = subject_state(begin(filling, "f", {"forms": {"f": {"a": "1"}, "person": PERSON}}))
    assert "1980-05-10" in str(state)  # the age is calculated of it
    assert "Nowakowska" not in str(state)


def test_an_identifying_item_of_the_form_itself_is_only_said_to_be_filled(filling):
    state = subject_state(begin(filling, "person", {"forms": {"person": PERSON}}))
    assert "Nowakowska" not in str(state)
    assert state["nodes"][state["pages"][0]["focus"]]["entered"]["surname"] == "…"


def test_other_episodes_stay_on_the_server(filling):
    """What looks at other episodes is judged there; its result is sent, not its values."""
    values = {
        "forms": {"f": {"day_of": "2025-05-10"}},
        "episodes": [{"forms": {"f": {"day_of": "2025-05-10", "name_of": "secret"}}}],
    }
    program, session = form_program(filling, "f", "pl"), begin(filling, "f", values)
    state = subject_state(session)
    assert program["beyond"] == ["others_differ"]
    assert "secret" not in str(state)
    assert len([each for each in state["nodes"] if program["scopes"][each["scope"]]["id"] == "episode"]) == 1
    assert [each["code"] for each in state["pages"][0]["told"]] == ["others_differ"]


def test_what_the_server_said_stands_until_it_speaks_again(node, filling):
    values = {"forms": {"f": {"day_of": "2025-05-10"}}, "episodes": [{"forms": {"f": {"day_of": "2025-05-10"}}}]}
    node.ask("open", program=form_program(filling, "f", "pl"), state=subject_state(begin(filling, "f", values)))
    codes = lambda answer: [each["code"] for each in answer["violations"]]  # noqa: E731
    assert "others_differ" in codes(node.ask("set", at="a", value={"n": "2"}))
    assert "others_differ" not in codes(node.ask("tell", violations=[]))


@pytest.mark.parametrize(
    ("item", "value"),
    [
        ("weight", {"value": 0, "unit": "kg"}), ("weight", {"value": 400, "unit": "kg"}), ("weight", {"value": 29, "unit": "kg"}),
        ("a", 11), ("a", 0), ("about", "2024-05-10"), ("about", "2024"), ("about", "2000-01-02"), ("about", "1999"), ("about", "2000-01"),
        ("start", "2024-05-10T00:00"), ("start", "2024-05-09T12:00"), ("start", "2199-01-01T12:00"), ("day_of", "2199-01-01"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("language", ["pl", "en"])
def test_a_limit_is_worded_as_on_the_server(node, filling, item, value, language):
    """What is at a limit, beside it, and beyond it, where limits are allowed themselves and where they are not."""
    values = {"day_of": "2024-05-10", "born": "2000-01-02", item: value}
    read = read_values(filling, "f", None, values)
    session = Session(filling, read.subject, read.focus, as_of=NOON, language=language)
    node.ask("open", program=form_program(filling, "f", language), state=subject_state(session))
    answer = node.ask("tell", violations=[])
    expected = [v.message for v in session.evaluation.violations if v.item == item]
    assert [each["message"] for each in answer["violations"] if each["item"] == item] == expected


def test_every_term_of_a_program_can_be_built(node, filling):
    for form in filling.model.forms:
        for language in ("pl", "en"):
            program = form_program(filling, form, language)
            values: Any = {"forms": {form: {}}} if form != "w" else {"events": {"visit": [{"w": {}}]}}
            answer = node.ask("open", program=program, state=subject_state(begin(filling, form, values)))
            assert answer["visible"], form
            assert not any(isinstance(part, Term) for part in program.values())
