"""How complete the forms are, by month as a drawing, by hospital and form as tables; the drawing's numbers stand beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from storage.completeness import Filled, completeness, months_until
from web.pages import render
from web.permissions import needs
from web.roles import Permission, allows
from web.titles import form_words
from web.workspace import version_of, visit, workspace

complete = Blueprint("completeness", __name__, url_prefix="/<registry>/completeness")
WIDTH, BASE, TALL = 400, 130, 100  # units of the drawing: its width, where bars stand, the height of a full one
STEP = WIDTH / 12


@dataclass(frozen=True, slots=True)
class Share:
    """How many of how many, and of what."""

    name: str
    complete: int
    begun: int

    @property
    def percent(self) -> int:
        """Rounded half up; 0 of nothing."""
        return (200 * self.complete + self.begun) // (2 * self.begun) if self.begun else 0


@dataclass(frozen=True, slots=True)
class Bar:
    """A month in the drawing."""

    share: Share
    x: float
    y: float
    height: float


@complete.get("")
@needs(Permission.OVERSEE)
def show(registry: str) -> ResponseReturnValue:
    """Of one's own hospitals, or of all where the role belongs to none."""
    one, space, version = visit(), workspace(), version_of(registry)
    held = [each for each in one.memberships if each.registry == registry and allows(each.role, Permission.OVERSEE)]
    sites = {each.site for each in held}
    known = None if None in sites else {each for each in sites if each is not None}
    found = completeness(space.database, registry, known, at=one.now)
    site, form = request.args.get("site", type=int), request.args.get("form", "")
    chosen = [row for row in found if site in (None, row.site) and form in ("", row.form)]
    model = version.registry.model
    named = {row.site: row.name for row in found}
    forms = {
        name: form_words(model, name, one.language) for name in model.forms if any(row.form == name for row in found)
    }
    months = _shares(chosen, lambda row: row.month, {month: month for month in months_until(one.now)})
    return render(
        "completeness.html", registry=registry, title=model.title.get(one.language, version.name), bars=_bars(months),
        months=months, total=_sum("", chosen), width=WIDTH, base=BASE, bar=STEP * 0.62, sites=named, forms=forms,
        site=site if site in named else None, form=form if form in forms else "",
        by_site=_shares(chosen, lambda row: row.site, named),
        by_form=_shares(chosen, lambda row: row.form, forms),
    )  # fmt: skip


def _shares(rows: Sequence[Filled], key: Callable[[Filled], object], names: Mapping[Any, str]) -> list[Share]:
    return [_sum(name, [row for row in rows if key(row) == one]) for one, name in names.items()]


def _sum(name: str, rows: Sequence[Filled]) -> Share:
    return Share(name, sum(row.complete for row in rows), sum(row.begun for row in rows))


def _bars(months: Sequence[Share]) -> list[Bar]:
    heights = [each.percent * TALL / 100 for each in months]
    return [
        Bar(each, round(place * STEP + STEP * 0.19, 1), BASE - height, height)
        for place, (each, height) in enumerate(zip(months, heights, strict=True))
    ]


__all__ = ["complete"]
