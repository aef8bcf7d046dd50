"""What a page posts comes back as the same data; what is foreign is ignored and told; what is too large is refused."""

from dataclasses import replace
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.datatypes import Missing, Unread
from engine.records.form_data import FormData, RowData
from renderers.html import Action, Fields, PostTooLarge, acknowledgement, post_reader, read_urlencoded
from renderers.html import posted_data as posts

GOOD = {
    "decimal": ["12,5", "-3", "0,001", "1 250"],
    "integer": ["4", "-17"],
    "quantity": ["110 umol/L", "1,5 mg/dL", "1850 Gy.cm2", "200 cGy.cm2"],
    "boolean": ["true", "false"],
    "date": ["17.03.2025", "1999-01-31"],
    "partial_date": ["2008", "06.2008", "17.06.2008"],
    "datetime": ["17.03.2025 09:10", "26.10.2025 02:30 +01:00", "26.10.2025 02:30 +02:00"],
    "time": ["09:10", "23:59"],
    "text": ["Oddział A", "<b>&amp;", '"cudzysłów"', "x  y"],
    "long_text": ["jeden\ndwa\n\ntrzy", "</textarea><script>"],
    "identifier": ["5425740"],
    "row_ref": ["lead1", "lead2"],
    "file": [f"{'ab' * 32} 1234567 application/pdf Wypis <2>.pdf", f"{'cd' * 32} 9 image/png a  b.png"],
}
BAD = {
    "decimal": ["12,5,3", "abc"],
    "integer": ["1,5"],
    "quantity": ["dużo mg/dL", "x"],
    "date": ["31.02.2025", "5.", "..2025", "17.03.25", "a.b.c"],
    "partial_date": ["14..2008", "13.2008", "14.06.", "2o08"],
    "datetime": ["26.10.2025 02:30", "30.03.2025 02:30", "17.03.2025", "17.03.2025 9.10"],
    "time": ["25:00", "9"],
    "identifier": ["4425740", "123"],
}


def typed(item, random):
    """A value, an unreadable text or a missing reason of an item, as its control can hold it; or nothing."""
    kind, codes, reasons = item.datatype.name, list(item.facets.choices), list(item.missing.reasons)
    if random.random() < 0.2:
        return None
    if reasons and random.random() < 0.3:
        return Missing(random.choice(reasons))
    if kind == "codes":
        text = ", ".join(random.sample(codes, random.randint(1, 4)))
    else:
        text = random.choice(codes or [*GOOD.get(kind, ["T82.7", "I33.0"]), *BAD.get(kind, [])])
    value = item.datatype.parse(text, item.facets)
    return replace(value, text=_as_joined(item, value)) if isinstance(value, Unread) else value


def _as_joined(item, value):
    """Controls of several inputs cannot hold every text; what they hold comes back as they join it."""
    from renderers.html.values import join_date, split_date

    text = value.text
    if item.datatype.name in ("date", "partial_date"):
        return join_date(*split_date(text))
    if item.datatype.name == "datetime":
        day, _, clock = text.partition(" ")
        return f"{join_date(*split_date(day))} {clock}".strip()
    return text


def items_of(part, random):
    asked = [item for item in part.items if item.calculate is None and item.datatype.control != "note"]
    found = {item.id: typed(item, random) for item in asked}
    return {key: value for key, value in found.items() if value is not None}


@pytest.fixture(scope="module")
def reader(form):
    return post_reader(form)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(random=st.randoms(use_true_random=False), language=st.sampled_from(["pl", "en"]))
def test_a_page_posts_back_what_it_was_made_from(
    random, language, *, form, pages, context, evaluation_of, reader, post_of
):
    group, steps = form.groups[0], form.groups[0].groups[0]
    steps_rows = (RowData("s1", items_of(steps, random)),)
    row = RowData("b2", items_of(group, random), {"steps": steps_rows})
    data = FormData(items_of(form, random), {"lx": (RowData("a1", {"lx_result": "complete"}), row)})
    page = pages.form(
        form.id,
        language=language,
        data=data,
        evaluation=evaluation_of(form, data),
        context=replace(context, open_rows=frozenset({"lx.b2.steps.s1"})),
    )

    posted = reader.read(Fields(post_of(page)), data)

    assert _plain(posted.data) == _plain(data)
    assert posted.unknown == ()
    assert posted.open_rows == {"lx.b2.steps.s1"}
    assert posted.revision == "7"


def _plain(data):
    """Data without the parts of unread texts, which only messages use."""

    def plain(items):
        return {key: value.text.strip() if isinstance(value, Unread) else value for key, value in items.items()}

    def rows(groups):
        return {
            group: [(row.id, plain(row.items), rows(row.groups)) for row in found]
            for group, found in groups.items()
            if found
        }

    return plain(data.items), rows(data.groups)


def read(reader, base, *pairs):
    return reader.read(Fields(pairs), base)


def test_the_hour_that_comes_twice_is_asked_for_and_then_known(reader):
    parts = [("proc_start__d", "26"), ("proc_start__m", "10"), ("proc_start__y", "2025"), ("proc_start__t", "02:30")]

    asked = read(reader, FormData(), *parts).data.items["proc_start"]
    answered = read(reader, FormData(), *parts, ("proc_start__o", "+01:00")).data.items["proc_start"]

    assert isinstance(asked, Unread)
    assert asked.message == "ambiguous_time"
    assert answered.isoformat() == "2025-10-26T02:30:00+01:00"


def test_a_whole_date_typed_into_the_first_part_is_read(reader):
    posted = read(reader, FormData(), ("seen__d", "17.03.2025"), ("seen__m", ""), ("seen__y", ""))

    assert str(posted.data.items["seen"]) == "2025-03-17"


def test_a_missing_reason_wins_over_the_value_and_undo_brings_the_value_back(reader):
    both = (("fluoro", "14,5"), ("fluoro__mr", "nk"))

    assert read(reader, FormData(), *both).data.items == {"fluoro": Missing("nk")}
    assert str(read(reader, FormData(), *both, ("__do", "undo:fluoro")).data.items["fluoro"]) == "14.5"


def test_a_reason_that_the_item_does_not_know_is_no_reason(reader):
    assert read(reader, FormData(), ("fluoro", ""), ("fluoro__mr", "zz")).data.items == {}


def test_emptied_fields_are_gone_and_fields_that_were_not_on_the_page_stay(reader, data):
    posted = read(reader, data, ("ward", ""), ("location", ""), ("__do", "save"))

    assert "location" not in posted.data.items
    assert posted.data.items["pacing"] == "p3"
    assert posted.data.groups == data.groups


def test_clear_empties_a_choice(reader, data):
    assert "location" not in read(reader, data, ("location", "hybrid"), ("__do", "clear:location")).data.items


def test_foreign_names_are_ignored_and_told(reader, data):
    foreign = ("constructor", "lx.zz.lx_cm", "lx.b2.nothing", "fluoro__zz", "duration", "lx[1].lx_cm", "a" * 5000)

    posted = read(reader, data, *((name, "1") for name in foreign), ("csrf_token", "t"))

    assert set(posted.unknown) == set(foreign) - {"duration"}
    assert posted.data == data


def test_answers_to_warnings_are_read(reader, data, evaluation):
    posted = read(
        reader,
        data,
        ("dap__ack", "range_soft-r1-i1"),
        ("lx__why.all_leads-r1-i1", " elektroda w użyciu "),
        ("ward__why.k", " "),
    )
    warnings = {each.code: each for each in evaluation.violations}

    assert posted.acknowledged == {
        acknowledgement("dap", warnings["range_soft"]): "",
        acknowledgement("lx", warnings["all_leads"]): "elektroda w użyciu",
    }


@pytest.mark.parametrize("name", ["dap__ack", "__ack", "lx.b2__ack", "lx__ack", "lx.b2.lx_cm__ack"])
def test_answers_may_stand_at_items_groups_rows_and_the_form(reader, data, name):
    assert read(reader, data, (name, "k")).acknowledged == {f"{name.removesuffix('__ack')}#k": ""}


def test_a_post_beyond_the_limits_is_refused_before_it_is_read(monkeypatch):
    monkeypatch.setattr(posts, "MAX_BYTES", 100)
    monkeypatch.setattr(posts, "MAX_FIELDS", 5)

    with pytest.raises(PostTooLarge, match="Nic nie zapisano"):
        read_urlencoded(b"a=" + b"x" * 200)
    with pytest.raises(PostTooLarge, match="Nothing was saved"):
        read_urlencoded(b"&".join([b"a=1"] * 6), "en")
    with pytest.raises(PostTooLarge):
        Fields(("a", "1") for _ in range(6))


def test_ten_megabytes_and_a_hundred_thousand_fields_are_the_limits():
    assert (posts.MAX_BYTES, posts.MAX_FIELDS) == (10_000_000, 100_000)


def test_a_body_that_is_not_utf_8_does_not_stop_the_reader(reader):
    body = urlencode({"ward": "Oddział"}).encode() + b"&\xff\xfe=%ff&=&&&"

    posted = reader.read(read_urlencoded(body), FormData())

    assert posted.data.items == {"ward": "Oddział"}


def test_an_unknown_button_saves(reader):
    assert read(reader, FormData(), ("__do", "destroy:all")).action == Action()
