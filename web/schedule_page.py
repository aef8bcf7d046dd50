"""What the schedule's macros need of the patient's page: addresses, rights, and the matrix of forms and events."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from flask import url_for

from engine.datatypes.words import date_text
from web.news import News
from web.overview import FormLine, Lane
from web.parts import Part
from web.places import Spot
from web.runs import Run, runs_of
from web.series import Series
from web.words import Tongue

MAX_REASON = 250


@dataclass(frozen=True, slots=True)
class SchedulePage:
    """The page of one patient."""

    registry: str
    who: str
    may_enter: bool
    key: str  # that a second click is known by
    token: str  # against forged posts
    news: News
    tongue: Tongue

    @property
    def most(self) -> int:
        """How many characters a reason may have."""
        return MAX_REASON

    def address(self, spot: Spot) -> str:
        """Of a form."""
        return url_for("forms.show", registry=self.registry, who=self.who, spot=str(spot))

    def grid(self, series: Series) -> str:
        """Of the records of a form side by side."""
        return url_for("grids.show", registry=self.registry, who=self.who, series=str(series))

    def event(self, occasion: str, what: str) -> str:
        """Of what is decided about an event."""
        return url_for(f"events.{what}", registry=self.registry, who=self.who, occasion=occasion)

    def part(self, instance: int, what: str, container: str | None = None) -> str:
        """Of what is done to a part of the record."""
        return url_for(f"parts.{what}", registry=self.registry, who=self.who, instance=instance, container=container)

    def wrong(self, occasion: str, **parts: object) -> str:
        """What is wrong with the answer to what was asked about an event; '' where nothing is."""
        news = self.news
        if not news.wrong or news.event != occasion:
            return ""
        return self.tongue.words.text(news.wrong, number=len(news.typed), most=self.most, **parts)

    def day(self, at: datetime) -> str:
        """A date on the local clock."""
        return self.tongue.day(at)

    def days(self, first: date, last: date) -> dict[str, str]:
        """The first and the last day, in words."""
        return {"first": date_text(first, self.tongue.language), "last": date_text(last, self.tongue.language)}

    def runs(self, lanes: Sequence[Lane]) -> Iterator[Run]:
        """The lanes, long runs of neighbours alike together."""
        return runs_of(lanes, self.tongue)

    def matrix(self, part: Part) -> Iterator[tuple[str, tuple[FormLine | None, ...]]]:
        """Each form with its line in each event."""
        lines = [{line.spot.form: line for line in lane.forms} for lane in part.lanes]
        titles = {form: line.title for held in lines for form, line in held.items()}
        for form, title in titles.items():
            yield title, tuple(held.get(form) for held in lines)


__all__ = ["MAX_REASON", "SchedulePage"]
