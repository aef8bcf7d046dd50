"""A patient's record as the parts that it consists of: the patient, episodes, and what stands in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from engine.model.metadata_version import ContainerDef
from engine.model.text import in_language
from engine.records.overlook import Overlook
from storage.form_data import InstanceRow
from storage.instances import instances_in, may_remove
from web.outcomes import Outcome, outcomes_of
from web.overview import Addable, Glance, Lane, addable_to, lanes_of
from web.series import Series, series_in, series_words


@dataclass(frozen=True, slots=True)
class Openable:
    """A part that may be added: its container, and what the button says."""

    container: str
    title: str


@dataclass(frozen=True, slots=True)
class Part:
    """The patient, an episode, or a part of one."""

    instance: int
    container: str
    title: str
    name: str  # the title with those of the parts that it stands in
    within: str  # the name of the part that it stands in
    depth: int  # 0: the patient, 1: an episode
    lanes: tuple[Lane, ...]
    outcomes: tuple[Outcome, ...]
    addable: tuple[Addable, ...]
    openable: tuple[Openable, ...]
    grids: tuple[tuple[str, Series], ...]  # titles of the forms of which the records may be seen side by side
    may_take_back: bool  # it was added, and holds nothing


def parts_of(glance: Glance) -> tuple[Part, ...]:
    """The patient and then each episode, the newest first, followed by what stands in it."""
    version, rows = glance.version, glance.record.instances
    overlook = Overlook(
        version.registry, glance.record.tree, as_of=glance.now, language=glance.language, others=glance.record.beside,
        dictionaries=version.dictionaries,
    )  # fmt: skip
    outcomes, names = overlook.outcomes(), dict[int | None, str]()
    top = next(row for row in rows if row.parent is None)
    parts = []
    for depth, row in ((0, top), *_below(glance, top)):
        title = part_title(glance, row)
        within = names[row.parent] if depth > 1 else ""
        names[row.id] = f"{within}, {title}" if within else title
        lanes = lanes_of(glance, row, overlook)
        parts.append(
            Part(
                instance=row.id,
                container=row.container,
                title=title,
                name=names[row.id],
                within=within,
                depth=depth,
                lanes=lanes,
                outcomes=outcomes_of(
                    version.registry, outcomes[str(row.id)], row.container, glance.language, glance.veiled
                ),
                addable=tuple(addable_to(glance, row, overlook)),
                openable=tuple(_openable(glance, row)),
                grids=tuple(_grids(glance, row, lanes)),
                may_take_back=may_remove(version.registry.model.containers, row) and _is_empty(glance, row),
            )
        )
    return tuple(parts)


def _below(glance: Glance, parent: InstanceRow, depth: int = 1) -> Iterator[tuple[int, InstanceRow]]:
    """What stands in an instance, kind by kind: of a patient the newest first, deeper as it was opened."""
    known = list(glance.version.registry.model.containers)
    rows = [row for row in glance.record.instances if row.parent == parent.id and row.container in known]
    turn = -1 if depth == 1 else 1
    for row in sorted(rows, key=lambda row: (known.index(row.container), turn * row.number)):
        yield depth, row
        yield from _below(glance, row, depth + 1)


def part_title(glance: Glance, row: InstanceRow) -> str:
    """What a part is called: its container, and which one it is where there may be several."""
    container = glance.version.registry.model.containers.get(row.container)
    if container is None:
        return glance.tongue.words.text("column_patient")
    title = container_words(container, glance.language)
    return f"{title} {row.number}" if container.repeats else title


def container_words(container: ContainerDef, language: str) -> str:
    """The title of a container."""
    return in_language(container.title, language) or container.id


def _openable(glance: Glance, row: InstanceRow) -> Iterator[Openable]:
    """What may be added to a part, as long as there may be more of it."""
    for inner in glance.version.registry.model.containers.values():
        there = sum((one.parent, one.container) == (row.id, inner.id) for one in glance.record.instances)
        if inner.parent == row.container and there < inner.most:
            yield Openable(inner.id, container_words(inner, glance.language))


def _grids(glance: Glance, row: InstanceRow, lanes: Iterable[Lane]) -> Iterator[tuple[str, Series]]:
    """The series in which there is something to see or to begin."""
    model = glance.version.registry.model
    begun = {lane.event for lane in lanes if not lane.later}
    for each in series_in(model, row):
        if not each.event or each.event in begun or model.events[each.event].repeats:
            yield series_words(model, each, glance.language), each


def _is_empty(glance: Glance, row: InstanceRow) -> bool:
    """Whether nothing was entered in a part or in what stands in it."""
    record = glance.record
    used = {place.instance for place in (*record.forms, *glance.drafts)}
    used |= {each.instance for each in record.occurrences} | {each.instance for each in record.missed}
    return used.isdisjoint(instances_in(record.instances, row.id))


__all__ = ["Openable", "Part", "container_words", "part_title", "parts_of"]
