"""What pages where work starts tell of a frozen registry and of closed years: what cannot be done is not offered."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from storage.closing import WHOLE, Closing, closed_year
from storage.form_data import SubjectRecord
from web.overview import Lane
from web.places import Spot, imagined
from web.registries import Version
from web.workspace import Visit


@dataclass(frozen=True, slots=True)
class Shut:
    """The closings that stand in a registry."""

    held: tuple[Closing, ...] = ()

    @property
    def frozen(self) -> Closing | None:
        """The freezing of the whole registry."""
        return next((each for each in self.held if each.year == WHOLE), None)

    @property
    def years(self) -> frozenset[int]:
        """The years that are closed."""
        return frozenset(each.year for each in self.held if each.year != WHOLE)

    def notices(self, one: Visit, years: Collection[int] | None = None) -> tuple[str, ...]:
        """What a page says on top: that the registry is frozen, else which of these years (all: None) are closed."""
        if self.frozen is not None:
            time = one.tongue.moment(self.frozen.at, one.now)
            return (one.words("frozen_since", who=self.frozen.who, time=time),)
        told = sorted(self.years if years is None else self.years.intersection(years))
        return (one.tongue.words.count("years_shut", len(told), years=", ".join(map(str, told))),) if told else ()

    def of_record(self, version: Version, record: SubjectRecord, lanes: Iterable[Lane]) -> ShutRecord:
        """The same of one patient, whose events these are."""
        return ShutRecord(self, version, record, tuple(lanes))


@dataclass(frozen=True, slots=True)
class ShutRecord:
    """What is closed of a patient's record."""

    shut: Shut
    version: Version
    record: SubjectRecord
    lanes: tuple[Lane, ...]

    def year(self, spot: Spot) -> int | None:
        """The closed year to which a form belongs, WHOLE where the registry is frozen; none where it is open."""
        if self.shut.frozen is not None:
            return WHOLE
        if not self.shut.years:
            return None
        record, place = imagined(self.record, spot)
        planned = (lane.planned for lane in self.lanes)
        return closed_year(self.version.registry.model, record, place, planned, self.shut.years)

    def notices(self, one: Visit) -> tuple[str, ...]:
        """What the patient's page says on top."""
        years = {self.year(line.spot) for lane in self.lanes for line in lane.forms} if self.shut.years else set()
        return self.shut.notices(one, {year for year in years if year})


__all__ = ["Shut", "ShutRecord"]
