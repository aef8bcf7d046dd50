"""What a page is told after an autosave: all of its open rows; of closed ones what is wrong and how much is filled."""

from engine.model.form import CheckSeverity
from engine.records.evaluation import Violation
from engine.records.path import parse_path
from renderers.html import evaluation_patch
from renderers.html.names import levels, name_of, path_of


def rows_in(paths):
    return {path.partition(".")[0] for path in paths if path.startswith("lx[")}


def test_a_patch_tells_of_the_rows_that_are_open(form, data, evaluation_of):
    fault = Violation("type", CheckSeverity.ERROR, "lx[2].lx_result", "lx[2]", "Wybierz wynik.")
    evaluation = evaluation_of(form, data, [fault])
    first = f"lx.{data.groups['lx'][0].id}"
    all_of_it, part = (evaluation_patch(form, data, evaluation, "pl", open_rows=rows) for rows in (None, {first}))
    assert rows_in(all_of_it["visible"]) > rows_in(part["visible"]) == rows_in(part["required"]) == {"lx[1]"}
    assert rows_in(part["calculated"]) == rows_in(part["why"]) == {"lx[1]"}
    assert [each["item"] for each in part["violations"]] == ["lx[2].lx_result"]
    filled, wanted = part["progress"]["lx"]
    assert 0 < filled <= wanted == len(data.groups["lx"])
    assert part["progress"] == all_of_it["progress"]


def test_names_and_paths_lead_to_each_other(form, data):
    for level in levels(form, data):
        place = level.place
        parts = [*(item.id for item in level.part.items), *(group.id for group in level.part.groups)]
        both = {place.at + part: place.path.at(part) for part in parts}
        if place.steps:
            both[place.name] = place.path
        assert {name: path_of(data, name) for name in both} == both
        assert {name_of(data, parse_path(str(path))): path for path in both.values()} == both
    assert name_of(data, parse_path("lx[9].lx_result")) is None
    assert path_of(data, "lx.nobody.lx_result") is None
