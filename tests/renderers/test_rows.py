"""Row buttons: add, copy, remove, open, close, next; with ids that stay."""

from pathlib import Path

import pytest

from engine.compiler import compile_definition
from engine.records.form_data import FormData, RowData
from renderers.html import Action
from renderers.html.rows import act, fill_rows, rows_of, without_blank_rows

ROOT = Path(__file__).parents[2]


def run(form, data, verb, target, opened=()):
    return act(form, data, Action(verb, target), frozenset(opened))


def ids(data, name="lx"):
    return [row.id for row in rows_of(data, name)]


def test_add_appends_an_empty_row_and_opens_it(form, data):
    changed, opened = run(form, data, "add", "lx")
    new = rows_of(changed, "lx")[-1]

    assert ids(changed)[:2] == ["a1", "b2"]
    assert new == RowData(new.id)
    assert opened == {f"lx.{new.id}"}


def test_add_into_a_nested_group(form, data):
    changed, opened = run(form, data, "add", "lx.b2.steps")

    assert len(rows_of(changed, "lx.b2.steps")) == 2
    assert next(iter(opened)).startswith("lx.b2.steps.")


def test_copy_stands_behind_its_model_with_new_ids_all_through(form, data):
    changed, opened = run(form, data, "copy", "lx.b2")
    model, copied = rows_of(changed, "lx")[1:]

    assert copied.items == model.items
    assert copied.id != model.id
    assert copied.groups["steps"][0].id != model.groups["steps"][0].id
    assert opened == {f"lx.{copied.id}"}


def test_remove_takes_the_row_and_closes_it(form, data):
    changed, opened = run(form, data, "remove", "lx.b2", {"lx.b2", "lx.b2.steps.s1", "lx.a1"})

    assert ids(changed) == ["a1"]
    assert opened == {"lx.a1"}


def test_next_opens_the_row_behind_and_after_the_last_a_new_one(form, data):
    assert run(form, data, "next", "lx.a1")[1] == {"lx.b2"}
    assert len(rows_of(run(form, data, "next", "lx.b2")[0], "lx")) == 3


def test_close_leaves_the_outer_row_open(form, data):
    assert run(form, data, "close", "lx.b2.steps.s1")[1] == {"lx.b2"}
    assert run(form, data, "close", "lx.b2")[1] == frozenset()


def test_a_full_group_takes_no_more_rows(form):
    full = FormData({}, {"lx": tuple(RowData(f"r{number}") for number in range(6))})

    for verb, target in (("add", "lx"), ("copy", "lx.r1"), ("next", "lx.r5")):
        assert run(form, full, verb, target)[0] is full


@pytest.mark.parametrize(
    "target", ["", ".", "zz", "lx.zz", "lx.zz.steps", "lx.b2.zz", "lx.b2.steps.zz.deep", "lx..steps"]
)
@pytest.mark.parametrize("verb", ["add", "copy", "remove", "next"])
def test_targets_that_are_gone_change_nothing(form, data, verb, target):
    assert run(form, data, verb, target)[0] == data


def test_a_row_for_each_code_as_far_as_there_is_room():
    definition = compile_definition(ROOT / "tests/fixtures/nested/microbiology.yaml")
    form = definition.model.forms["cultures"]
    tested = RowData("t1", {"ast_drug": "AMP", "ast_sir": "R"})
    isolate = RowData("i1", {"iso_org": "SAUR"}, {"ast": (tested, *(RowData(f"x{n}") for n in range(26)))})
    data = FormData({}, {"bc": (RowData("b1", {}, {"iso": (isolate,)}),)})
    name = "bc.b1.iso.i1.ast"
    filled = fill_rows(form, data, name, {"PEN"})
    assert [row.items.get("ast_drug") for row in rows_of(filled, name)[27:]] == ["AMC", "OXA", "FOX"]  # 30 at most
    assert rows_of(without_blank_rows(form, filled), name) == (tested,)
    assert fill_rows(form, data, "bc.gone.iso.i1.ast", set()) == data
