"""A rule and a record of 200 items: the engine, the same by hand, jsonschema, WTForms."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from jsonschema import Draft202012Validator

from benchmarks import handwritten
from benchmarks.definitions import record, subject
from benchmarks.handwritten import Form, Result
from benchmarks.measuring import Contestants, Row, at_most, compare, shown
from benchmarks.peers import json_values, posted, wtforms_class
from benchmarks.registries import NOW, registry
from engine.compiler import CompiledRegistry
from engine.records import Evaluation, Session, evaluate
from engine.records.program import program_of
from renderers.json_schema import form_schema

ITEMS, ROWS = 200, 2


def rows(*, quick: bool) -> Iterator[Row]:
    """The part 'rules' of the table."""
    yield from _one_rule(15 if quick else 60)
    yield from _whole_record(15 if quick else 60)


def _one_rule(rounds: int) -> Iterator[Row]:
    compiled = registry(ITEMS, ITEMS)
    patient, focus = subject(record(ITEMS, ROWS))
    session = Session(compiled, patient, focus, as_of=NOW)
    check = next(run for run in program_of(compiled).checks["f0"] if run.rules.check.id == "c_f0_s1")
    run, frame = check.parts[0], session.tree.frame(session.focus)
    values = session.focus.values
    names = {name: f"f0_s1_i{place}" for name, place in (("weight", 2), ("ratio", 3), ("grade", 4), ("answer", 9))}
    by_hand = compare(
        {
            "hand": lambda: handwritten.check_odd({name: values.get(key) for name, key in names.items()}),
            "ours": lambda: run(frame),
        },
        rounds=rounds,
        calls=500,
    )
    yield at_most(
        "rules", "one rule of four comparisons, ready to run", by_hand["ours"], by_hand["hand"], against="by hand"
    )


def _whole_record(rounds: int) -> Iterator[Row]:
    compiled, data = registry(ITEMS, ITEMS), record(ITEMS, ROWS)
    patient, focus = subject(data)
    form, entered = Form(ITEMS), dict(data.items)
    group: list[Mapping[str, Any]] = [dict(row.items) for row in data.groups[form.group]]
    same(form.judge(entered, group, NOW.date()), evaluate(compiled, patient, focus, as_of=NOW))
    times = compare(
        {
            "hand": lambda: form.judge(entered, group, NOW.date()),
            "ours": lambda: evaluate(compiled, patient, focus, as_of=NOW),
        },
        rounds=10 * rounds,
    )
    hand, ours = times["hand"], times["ours"]
    yield Row("rules", "record of 200 items by hand", shown(hand), note="the same answers, checked before measuring")
    note = "shown, required, states, calculations, faults, the words of equal faults kept"
    yield at_most("rules", "record of 200 items, evaluation", ours, hand, against="by hand", limit=2.5, note=note)
    # Measured apart: after ten milliseconds of other code nothing of the two above would be in the processor's cache.
    times = compare(_libraries(compiled, form.group, entered, group), rounds=rounds)
    for name, note in (
        ("jsonschema", "shape, types and codes alone"),
        ("WTForms", "reads text; no conditions or checks"),
    ):
        yield at_most("rules", f"the same by {name}", times[name], hand, against="by hand", note=note)
        yield Row("rules", f"evaluation against {name}", shown(ours), ours / times[name], name)


Values = dict[str, Any]


def _libraries(
    compiled: CompiledRegistry, name: str, entered: Values, group: Sequence[Mapping[str, Any]]
) -> Contestants:
    """What other libraries can say of the record."""
    validator = Draft202012Validator(form_schema(compiled, "f0", "pl"))
    instance = json_values(entered) | {name: [json_values(row) for row in group]}
    form_class = wtforms_class(ITEMS)
    sent = posted(entered | dict(group[0]))
    return {
        "jsonschema": lambda: list(validator.iter_errors(instance)),
        "WTForms": lambda: form_class(sent).validate(),
    }


def same(by_hand: Result, ours: Evaluation) -> None:
    """Stop unless both say the same of the record."""

    def faults(found: Any) -> list[tuple[str, str, str]]:
        return sorted((fault.code, fault.item, fault.row) for fault in found)

    pairs = (
        (faults(by_hand.faults), faults(ours.violations)),
        (by_hand.visible, set(ours.visible)),
        (by_hand.required, set(ours.required)),
        (by_hand.states, {name: str(state) for name, state in ours.states.items()}),
        (by_hand.calculated, dict(ours.calculated)),
        (by_hand.to_clear, list(ours.to_clear)),
    )
    if any(first != second for first, second in pairs):
        raise SystemExit("What is written by hand does not say what the engine says: the comparison would be void.")
