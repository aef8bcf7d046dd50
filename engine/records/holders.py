"""Container instances while they are put together from a tree of JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

from engine.records.form_data import FormData, Instance, Occurrence


class WrongUse(ValueError):
    """The tree of values has not the shape of the contract; the text says what is wrong."""


@dataclass(slots=True)
class Holder:
    """A container instance being put together."""

    container: str
    id: str
    forms: dict[str, list[FormData]] = field(default_factory=dict)
    occurrences: dict[tuple[str, int], dict[str, FormData]] = field(default_factory=dict)
    days: dict[tuple[str, int], date] = field(default_factory=dict)
    children: list[Holder] = field(default_factory=list)

    def built(self) -> Instance:
        """The finished instance."""
        occurrences = tuple(
            Occurrence(event, event_key(self.id, event, number), forms, self.days.get((event, number)))
            for (event, number), forms in sorted(self.occurrences.items(), key=lambda pair: pair[0][1])
        )
        forms = {name: tuple(records) for name, records in self.forms.items()}
        return Instance(self.container, self.id, forms, occurrences, tuple(child.built() for child in self.children))


def event_key(holder: str, event: str, number: int) -> str:
    """The key of an occurrence: its printed place, marked where it belongs to another instance."""
    prefix = "" if "#" not in holder else holder.rpartition("#")[2] + "#"
    return f"{prefix}{event}[{number}]"


def all_holders(holder: Holder) -> Iterator[Holder]:
    """The holder and all that stand in it."""
    yield holder
    for child in holder.children:
        yield from all_holders(child)


def find_holder(patient: Holder, container: str) -> Holder:
    """The first instance of a container. Raises WrongUse when there is none."""
    found = next((holder for holder in all_holders(patient) if holder.container == container), None)
    if found is None:
        raise WrongUse(f"no {container} to hold the form")
    return found
