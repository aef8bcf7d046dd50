"""How complete the forms are and which hospitals send any, as drawings whose numbers stand beside them in tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import add

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue

from engine.datatypes.words import date_text
from storage.completeness import Count, Own, PlaceMonths, completeness, months_until
from web.pages import render
from web.permissions import needs
from web.places import whole_number
from web.roles import Permission
from web.titles import form_words
from web.workspace import has, version_of, visit, workspace

complete = Blueprint("completeness", __name__, url_prefix="/<registry>/completeness")
WIDTH, BASE, TALL = 400, 130, 100  # units of the drawing: its width, where bars stand, the height of a full one
STEP = WIDTH / 12
WIDE, LOW, HIGH = 9, 15, 14  # of a hospital's months in its row: the width of one, where they stand, a full one
PAGE = 100  # hospitals


@dataclass(frozen=True, slots=True)
class Share:
    """How many of how many, and of what."""

    name: str
    part: int
    whole: int

    @property
    def percent(self) -> int:
        """Rounded half up; 0 of nothing."""
        return (200 * self.part + self.whole) // (2 * self.whole) if self.whole else 0


@dataclass(frozen=True, slots=True)
class Bar:
    """A month in a drawing."""

    share: Share
    x: float
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Line:
    """A hospital or ward: its forms, the months in which it took part and those in which it began forms, drawn as well."""

    place: int
    name: str
    since: str
    forms: Share
    months: Share
    filled: str  # paths: months with forms, as high as they are complete; months without any
    empty: str


@complete.get("")
@needs(Permission.OVERSEE)
def show(registry: str) -> ResponseReturnValue:
    """Of one's own hospitals and wards, or of all where the role belongs to no hospital."""
    one, space, version = visit(), workspace(), version_of(registry)
    model, months = version.registry.model, months_until(one.now)
    own, site, form = _own(registry), request.args.get("site", type=whole_number), request.args.get("form", "")
    form = form if form in model.forms else ""
    found = completeness(space.database, registry, own, at=one.now, form=form, chosen=site)
    number = max(request.args.get("page", 1, type=whole_number), 1)
    lines = [_line(each, months, one.language) for each in found.places[(number - 1) * PAGE : number * PAGE]]
    begun = [Share(month, *_sum(each.counts.get(month) for each in found.places)) for month in months]
    taking = [_taking(found.places, month) for month in months]

    def here(page: int = 1, site: int | None = site) -> str:
        return url_for(
            "completeness.show", registry=registry, page=page if page > 1 else None, site=site, form=form or None
        )

    return render(
        "completeness.html", registry=registry, title=model.title.get(one.language, version.name), here=here,
        months=begun, bars=_bars(begun), taking=taking, taking_bars=_bars(taking), lines=lines, number=number,
        pages=max(-(-len(found.places) // PAGE), 1), total=Share("", *_sum(found.forms.values())),
        missing=sum(bool(each.expected) and not each.reported for each in found.places),
        width=WIDTH, base=BASE, tall=TALL, bar=STEP * 0.62, forms={name: form_words(model, name, one.language) for name in model.forms},
        form=form, chosen=lines[0].name if site is not None and lines else "", of_ward=all(line.place < 0 for line in lines), asked=site is not None,
        wards=[_line(each, months, one.language) for each in found.wards],
        by_form=[
            Share(form_words(model, name, one.language), count.complete, count.begun)
            for name in model.forms
            if (count := found.forms.get(name)) is not None
        ],
    )  # fmt: skip


def _own(registry: str) -> Own:
    """The hospitals that one oversees as a whole, and the wards."""
    one = visit()
    held = [each for each in one.memberships if each.registry == registry and has(one, each, Permission.OVERSEE)]
    sites = {each.site for each in held if each.unit is None}
    units = frozenset(each.unit for each in held if each.unit is not None and each.site not in sites)
    return Own(None) if None in sites else Own(frozenset(each for each in sites if each is not None), units)


def _sum(counts: Iterable[Count | None]) -> tuple[int, int]:
    found = reduce(add, (count for count in counts if count is not None), Count())
    return found.complete, found.begun


def _taking(hospitals: Sequence[PlaceMonths], month: str) -> Share:
    """Of the hospitals that took part in a month, how many began forms."""
    there = [each for each in hospitals if month in each.expected]
    return Share(month, sum(month in each.reported for each in there), len(there))


def _line(each: PlaceMonths, months: Sequence[str], language: str) -> Line:
    filled, empty = [], []
    for place, month in enumerate(months):
        count, x = each.counts.get(month, Count()), place * (WIDE + 1)
        if count.begun:
            height = max(round(HIGH * count.complete / count.begun), 2)
            filled.append(f"M{x} {LOW}v-{height}h{WIDE}v{height}z")
        elif month in each.expected:
            empty.append(f"M{x} {LOW}h{WIDE}")
    since = date_text(each.since, language) if each.since is not None else ""
    asked = each.expected | each.reported
    return Line(
        each.place, each.name, since, Share("", *_sum(each.counts.values())), Share("", len(each.reported), len(asked)),
        "".join(filled), "".join(empty),
    )  # fmt: skip


def _bars(months: Sequence[Share]) -> list[Bar]:
    heights = [each.percent * TALL / 100 for each in months]
    return [
        Bar(each, round(place * STEP + STEP * 0.19, 1), BASE - height, height)
        for place, (each, height) in enumerate(zip(months, heights, strict=True))
    ]


__all__ = ["complete"]
