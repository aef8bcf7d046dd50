"""Local time: the nights of the clock change, and the list of changes that the browser gets."""

from bisect import bisect_right
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.datatypes.local_time import offset_text, parse_offset, resolve, skipped_span, to_local, transitions

wall = datetime.fromisoformat  # a wall time: no offset
WALLS = st.datetimes(wall("1900-01-01"), wall("2199-12-31")).map(lambda moment: moment.replace(second=0, microsecond=0))


@pytest.mark.parametrize(
    ("text", "offsets"),
    [
        ("2025-03-30T01:59", ["+01:00"]),
        ("2025-03-30T02:00", []),
        ("2025-03-30T02:59", []),
        ("2025-03-30T03:00", ["+02:00"]),
        ("2025-10-26T01:59", ["+02:00"]),
        ("2025-10-26T02:00", ["+02:00", "+01:00"]),
        ("2025-10-26T02:59", ["+02:00", "+01:00"]),
        ("2025-10-26T03:00", ["+01:00"]),
        ("1915-08-04T23:40", ["+01:24", "+01:00"]),  # Warsaw mean time ended with a repeated 24 minutes
        ("2199-07-01T12:00", ["+02:00"]),
    ],
)
def test_resolve(text, offsets):
    assert [offset_text(instant) for instant in resolve(wall(text))] == offsets


@pytest.mark.parametrize(
    ("start", "end", "minutes"),
    [("2025-03-30T01:30", "2025-03-30T03:30", 60), ("2025-10-26T01:30", "2025-10-26T03:30", 180)],
)
def test_elapsed_minutes_in_the_nights_of_the_change(start, end, minutes):
    """The registries' data sets, `proc_duration_min`."""
    (first,), (last,) = resolve(wall(start)), resolve(wall(end))
    assert last - first == timedelta(minutes=minutes)


def test_skipped_span():
    assert skipped_span(wall("2025-03-30T02:17")) == (wall("2025-03-30T02:00"), wall("2025-03-30T03:00"))


@given(WALLS)
def test_local_time_of_an_instant_leads_back_to_it(moment):
    instants = resolve(moment)
    assert [to_local(instant.astimezone(UTC)) for instant in instants] == list(instants)
    assert all(to_local(instant).replace(tzinfo=None) == moment for instant in instants)
    assert len(instants) < 2 or instants[0] < instants[1]


@pytest.mark.parametrize(
    ("text", "minutes"), [("Z", 0), ("+01:00", 60), ("-0530", -330), ("\u221203:30", -210), ("+14:00", 840)]
)
def test_parse_offset(text, minutes):
    zone = parse_offset(text)
    assert zone is not None
    assert zone.utcoffset(None) == timedelta(minutes=minutes)


@pytest.mark.parametrize("text", ["+14:01", "+15:00", "+01:60"])
def test_offset_that_no_zone_has(text):
    assert parse_offset(text) is None


CHANGES = transitions()


def test_transitions_begin_before_1900_and_hold_the_nights_of_2025():
    assert CHANGES[0][1] == 84
    assert CHANGES[0][0] < datetime(1899, 12, 31, 22, 36, tzinfo=UTC).timestamp()
    assert (1743296400, 120) in CHANGES  # 2025-03-30T01:00Z
    assert (1761440400, 60) in CHANGES  # 2025-10-26T01:00Z
    assert list(CHANGES) == sorted(set(CHANGES))
    assert all(before[1] != after[1] for before, after in pairwise(CHANGES))


def test_transitions_miss_nothing():
    """Told from the list alone, the offset is right on every day of three centuries, at an hour that moves."""
    starts = [start for start, _ in CHANGES]
    moment, end = datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC) - timedelta(hours=3)
    while moment < end:
        minutes = CHANGES[bisect_right(starts, moment.timestamp()) - 1][1]
        assert to_local(moment).utcoffset() == timedelta(minutes=minutes), moment
        moment += timedelta(hours=23)
