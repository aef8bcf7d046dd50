"""Ties between episodes, that references make or that people set: to another episode, a record of another registry, and back."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from flask import url_for

from engine.datatypes.values import Reference
from engine.model.item import ItemDef
from engine.model.text import in_language
from engine.records.form_data import FormData, RowData
from storage.changes import walk_rows
from storage.episode_links import LinkEnd
from storage.form_data import Place, SubjectRecord
from storage.form_index import index_form
from web.elsewhere import records_elsewhere
from web.episode_links import Other
from web.overview import Glance
from web.parts import part_title
from web.places import spot_of
from web.titles import form_words
from web.workspace import Visit


@dataclass(frozen=True, slots=True)
class Tie:
    """What is referred to, or what refers: how it is called, and the way to it."""

    label: str
    words: str
    href: str
    link: LinkEnd | None = None  # of one that somebody set
    note: str = ""  # why, by whom and when


def ties_of(glance: Glance, who: str, links: Mapping[LinkEnd, Other], one: Visit) -> Mapping[int, list[Tie]]:
    """By the instance of the episode, with `links` of which one sees both ends. Costs a look at the patient for each other registry that is referred to."""
    record, found = glance.record, defaultdict[int, list[Tie]](list)
    places, tops = dict(_named(record)), _tops(record)
    titles = {row.id: part_title(glance, row) for row in record.instances}
    references = list(_references(glance))
    wanted = {item.elsewhere for _, item, _ in references if item.elsewhere is not None}
    beyond = records_elsewhere(one, record.subject, wanted)
    for here, item, value in references:
        label, there = in_language(item.label, one.language), places.get(value.target)
        if item.elsewhere is not None:
            found[tops[here.instance]] += [
                Tie(label, each.words, each.href) for each in beyond[item.elsewhere] if each.key == value.target
            ]
        elif there is not None and tops[here.instance] != tops[there.instance] != record.root != tops[here.instance]:
            mine, other = tops[here.instance], tops[there.instance]
            found[mine].append(Tie(label, f"{titles[other]}, {_form(glance, there)}", _href(glance, who, there)))
            back = f"{titles[mine]}, {_form(glance, here)}"
            found[other].append(Tie(one.words("tie_back"), back, _href(glance, who, here)))
    for instance, tie in _set_ties(links, one):
        found[instance].append(tie)
    return found


def _set_ties(links: Mapping[LinkEnd, Other], one: Visit) -> Iterator[tuple[int, Tie]]:
    """Links that people set: the instance of the episode, and what it is tied to."""
    for each, there in links.items():
        label = one.words(f"link_{each.kind}" if each.outgoing else f"link_{each.kind}_back")
        note = one.words("link_note", reason=each.reason, who=each.who, time=one.tongue.moment(each.at, one.now))
        yield each.instance, Tie(label, there.title, there.href, each, note)


def _named(record: SubjectRecord) -> Iterator[tuple[str, Place]]:
    """How references name the records and rows of a patient (engine.records.tree), and where these stand."""
    for place, form in record.forms.items():
        holder = f"{place.instance}.{place.form}[{place.record + 1}]"
        yield (f"{place.occurrence}.{place.form}" if place.occurrence is not None else holder), place
        yield from ((row, place) for row in form.rows)


def _tops(record: SubjectRecord) -> dict[int, int]:
    """The episode in which an instance stands; of the patient's own that one."""
    parents = {row.id: row.parent for row in record.instances}

    def top(instance: int) -> int:
        parent = parents[instance]
        return instance if parent is None or parent == record.root else top(parent)

    return {instance: top(instance) for instance in parents}


def _references(glance: Glance) -> Iterator[tuple[Place, ItemDef, Reference]]:
    """All references that are answered, as far as one may see them."""
    forms = glance.version.registry.model.forms
    for place, form in glance.record.forms.items():
        if place.form in forms:
            items = index_form(forms[place.form]).items
            for name, value in _answers(form.data):
                if isinstance(value, Reference) and name in items:
                    yield place, items[name], value


def _answers(data: FormData) -> Iterator[tuple[str, object]]:
    parts: list[FormData | RowData] = [data, *(row for _, _, _, row in walk_rows(data))]
    for part in parts:
        yield from part.items.items()


def _form(glance: Glance, place: Place) -> str:
    return form_words(glance.version.registry.model, place.form, glance.language)


def _href(glance: Glance, who: str, place: Place) -> str:
    spot = str(spot_of(glance.record, place))
    return url_for("forms.show", registry=glance.version.name, who=who, spot=spot)


__all__ = ["Tie", "ties_of"]
