"""Joined segments give the same page as macros that are rendered at each request, in whatever state the form is."""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.datatypes import Missing, Unread
from engine.model.form import CheckSeverity
from engine.records.evaluation import Violation
from engine.records.form_data import FormData, RowData
from engine.records.path import parse_path
from renderers.html import acknowledgement, compile_pages
from renderers.html.names import levels, name_of
from renderers.html.segments import Workshop, prepare

TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=12) | st.sampled_from(
    ["<script>", '"><b>', "&amp;", "{{ 7 * 7 }}", "ąć", "17.03.2025", "1 2"]
)
ROW_IDS = st.sampled_from(["a1", "b2", "c3", "Zz_-9"])


@pytest.fixture(scope="module")
def live(registry):
    return compile_pages(registry, prepared=False)


def entered(item):
    """Any entered state of an item: value as the type reads it, unread text, or a missing reason."""
    codes = list(item.facets.choices)
    typed = (
        st.sampled_from(codes) if codes else TEXTS | st.sampled_from(["12,5", "1 mg/dL", "2025-03-17", "09:10", "true"])
    )
    read = typed.map(lambda text: item.datatype.parse(text, item.facets))
    unread = TEXTS.map(lambda text: Unread(text, "type", "number_form", (("value", text),)))
    reasons = list(item.missing.reasons)
    return st.none() | read | unread | (st.sampled_from(reasons).map(Missing) if reasons else st.none())


def items_of(part):
    names = [item for item in part.items if item.calculate is None and item.datatype.slot != "none"]
    return st.fixed_dictionaries({item.id: entered(item) for item in names}).map(
        lambda found: {key: value for key, value in found.items() if value is not None}
    )


def groups_of(part):
    return st.fixed_dictionaries(
        {
            group.id: st.lists(row_of(group), max_size=3, unique_by=lambda row: row.id).map(tuple)
            for group in part.groups
        }
    )


def row_of(group):
    return st.builds(RowData, ROW_IDS, items_of(group), groups_of(group))


def states(draw, form, evaluation_of):
    """A form in any state, with any evaluation."""
    data = draw(st.builds(FormData, items_of(form), groups_of(form)))
    found = [(level, item) for level in levels(form, data) for item in level.part.items]
    paths = [str(level.place.path.at(item.id)) for level, item in found]
    extra = ["", "lx", *(str(level.place.path) for level in levels(form, data) if level.place.steps)]
    hidden = draw(st.sets(st.sampled_from(paths), max_size=8))
    violations = draw(
        st.lists(
            st.builds(
                Violation,
                code=st.sampled_from(["required", "range_soft", "x"]),
                severity=st.sampled_from(CheckSeverity),
                item=st.sampled_from([*paths, *extra]),
                row=st.just(""),
                message=TEXTS,
                rule=st.just("r"),
                inputs=st.just("i"),
            ),
            max_size=6,
        )
    )
    return data, evaluation_of(form, data, violations, hidden)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(drawn=st.data(), language=st.sampled_from(["pl", "en"]), mode=st.sampled_from(["edit", "read", "print"]))
def test_segments_equal_macros(drawn, language, mode, *, form, pages, live, context, evaluation_of):
    data, evaluation = states(drawn.draw, form, evaluation_of)
    rows = [level.place.name for level in levels(form, data) if level.place.steps]
    opened = drawn.draw(st.sets(st.sampled_from(rows), max_size=2)) if rows else set()
    answered = drawn.draw(st.lists(st.sampled_from(evaluation.violations), max_size=3)) if evaluation.violations else []
    answers = {
        acknowledgement(name_of(data, parse_path(each.item)) or "", each): drawn.draw(TEXTS) for each in answered
    }
    page = replace(
        context,
        open_rows=frozenset(opened),
        summary=drawn.draw(st.booleans()),
        acknowledged=answers,
        withheld=lambda path: {"or_cs"} if path == "location" else (),
    )

    joined = pages.form(form.id, language=language, mode=mode, data=data, evaluation=evaluation, context=page)
    rendered = live.form(form.id, language=language, mode=mode, data=data, evaluation=evaluation, context=page)

    assert joined == rendered


def test_a_text_cannot_fake_a_hole(make_item, registry_of):
    """The mark is random, and only what the macro asks for becomes a hole."""
    segment = prepare(lambda face, s: face + s.text("value"), "=value ?bad / !x ")

    assert segment.fill(("bad",), {"value": "7"}) == "=value ?bad / !x 7"


def test_more_variants_than_are_kept_still_come_out_right():
    macro = _flags_macro()
    segment = prepare(macro, None)

    for number in range(200):
        flags = tuple(f"f{bit}" for bit in range(8) if number >> bit & 1)
        expected = "".join(f"[{bit}]" for bit in range(8) if number >> bit & 1)
        assert segment.fill(flags, {}) == expected


def _flags_macro():
    from markupsafe import Markup

    def macro(face, s):
        out = Markup("")
        for bit in range(8):
            out += s.when(f"f{bit}", caller=lambda bit=bit: Markup("[{}]").format(bit))
        return out

    return macro


def test_a_workshop_that_does_not_prepare_gives_live_parts(registry):
    assert compile_pages(registry, prepared=False).page("procedure", "pl").mode == "edit"
    assert Workshop.__slots__
