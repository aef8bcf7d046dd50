"""Statements about what waits are built once; asked for a desk they are what would have been built for it."""

from datetime import UTC, datetime

import pytest

from storage.access import Actor
from storage.desks import Desk, Kept, KeptText, example_of, text_of
from storage.my_day import drafts, what_waits
from storage.rights import Unseen
from web.my_day import SOURCES

LATE = datetime(2025, 7, 1, 22, 30, tzinfo=UTC)  # the next day in Warsaw
HIDDEN = Unseen(
    {"admission": frozenset({"payer"})}, {"admission": frozenset({"leads"})}, frozenset({"discharge"}), frozenset({"late"})
)  # fmt: skip
ACTORS = {
    "hospital": Actor(12, "Anna", "mcs", 3),
    "ward": Actor(12, "Anna", "ablation", 3, unit=4),
    "keeper": Actor(3, "Kara", "mcs", None),
    "numbers alike": Actor(5, "Ewa", "mcs", 5, unit=5),
}


@pytest.mark.parametrize("unseen", [Unseen(), HIDDEN], ids=["sees all", "something hidden"])
@pytest.mark.parametrize("actor", ACTORS.values(), ids=ACTORS)
@pytest.mark.parametrize("row", SOURCES, ids=lambda row: row.key)
def test_a_kept_statement_is_what_would_be_built(row, actor, unseen):
    desk = Desk(actor, LATE, "postgresql", unseen)
    anew, of_example = row.source(desk), row.source(example_of(desk))
    assert KeptText.of(of_example).text(desk) == text_of(anew)
    kept = Kept.of(of_example)
    assert text_of(kept.statement.params(**kept.given(desk))) == text_of(anew)


def test_what_a_desk_says_is_all_that_differs():
    shapes = {name: example_of(Desk(actor, LATE, "sqlite")) for name, actor in ACTORS.items()}
    assert shapes["ward"] == shapes["numbers alike"]
    assert len(set(shapes.values())) == 3
    assert example_of(Desk(ACTORS["ward"], LATE, "sqlite", HIDDEN)) != shapes["ward"]


def test_it_is_built_once(ward):
    built = []

    def counted(desk):
        built.append(desk)
        return drafts(desk)

    for account in (1, 2, 3):
        desk = Desk(Actor(account, "Anna", "mcs", 1, role="entry"), ward.now, ward.database.dialect)
        assert what_waits(ward.database, desk, {"drafts": counted})["drafts"].total == 0
    assert len(built) == 1
