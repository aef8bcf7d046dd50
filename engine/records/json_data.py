"""The JSON contract of values: reads the tree that `ecrf evaluate` takes, writes what it answers.

Keys of rows and records are their printed places (`procedure[1].complications.cx[2]`), so a reference by place is a key.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from engine.compiler.compiled import CompiledRegistry
from engine.datatypes.base import Json, Kind
from engine.datatypes.reading import refuse
from engine.datatypes.values import Entered, Missing, Reference
from engine.model.form import FormDef, GroupDef, walk_groups
from engine.model.item import ItemDef
from engine.records.form_data import Focus, FormData, Instance, RowData
from engine.records.holders import Holder, WrongUse, all_holders, event_key, find_holder
from engine.records.json_references import PLACE, References, unbound

_WIDE = ("forms", "events", "episodes", "others", "containers", "site")


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read: the subject, others to compare with, and the form to look at."""

    subject: Instance
    others: tuple[Instance, ...]
    focus: Focus
    unused: tuple[str, ...] = ()  # calculated items for which a value was given: theirs is worked out anew


def read_values(registry: CompiledRegistry, form: str, event: str | None, data: Json) -> Reading:
    """Read the values that `ecrf evaluate` got.

    Args:
        form: id or OID of the form to evaluate.
        event: `ID` or `ID[n]` of the event in which it stands, or None.

    Raises:
        WrongUse: the shape is not that of the contract, or a form or event is unknown.
    """
    if not isinstance(data, Mapping):
        raise WrongUse("the values must be a JSON object")
    form_def = _form(registry, form)
    place = _event(registry, event) if event is not None else None
    if place is not None and form_def.id not in (collected := registry.model.events[place[0]].forms):
        raise WrongUse(f"the event {place[0]!r} does not collect {form_def.id!r}; it collects {', '.join(collected)}")
    if not _is_wide(data, form_def):
        data = {"events": {place[0]: _padded(place, {form_def.id: data})}} if place else {"forms": {form_def.id: data}}
    data = _with_site(registry, data)
    reader = _Reader(registry)
    patient = reader.patient(data, "subject")
    others = tuple(
        reader.patient(_shape(other, "others"), f"other{n}#o{n}").built()
        for n, other in enumerate(_several(data, "others"), 1)
    )
    site = reader.site(data)
    focus = reader.focus(patient, form_def, place, site)
    beside = tuple(reader.references.resolved(instance) for instance in (*others, site.built()))
    return Reading(reader.references.resolved(patient.built()), beside, focus, tuple(sorted(reader.unused)))


def _with_site(registry: CompiledRegistry, data: Mapping[str, Json]) -> Mapping[str, Json]:
    """The values with the hospital's own forms under `site`, also where they were given beside the patient's."""
    forms, site = _parts(data, "forms"), _parts(data, "site")
    own = {name: values for name, values in forms.items() if _form(registry, name).container == "site"}
    if not own:
        return data
    rest = {name: values for name, values in forms.items() if name not in own}
    return {**data, "forms": rest, "site": {**site, "forms": {**own, **_parts(site, "forms")}}}


def _padded(place: tuple[str, int | None], forms: Json) -> list[Json]:
    return [{} for _ in range((place[1] or 1) - 1)] + [forms]


def _is_wide(data: Mapping[str, Json], form: FormDef) -> bool:
    own = {item.id for item in form.items} | {group.id for group in form.groups}
    return any(key in data and key not in own for key in _WIDE)


def _form(registry: CompiledRegistry, name: str) -> FormDef:
    try:
        return registry.form(name)
    except (KeyError, StopIteration):
        raise WrongUse(f"there is no form {name!r}; there are {', '.join(registry.model.forms)}") from None


def _event(registry: CompiledRegistry, text: str) -> tuple[str, int | None]:
    match = PLACE.fullmatch(text)
    name = registry.names.get(match[1]) if match else None
    if match is None or name is None or name not in registry.model.events:
        raise WrongUse(f"there is no event {text!r}; there are {', '.join(registry.model.events)}")
    event, number = registry.model.events[name], int(match[2]) if match[2] else None
    if number is not None and number > 1 and not event.repeats and event.every is None:
        raise WrongUse(f"there is no {text!r}: the event {name!r} does not repeat")
    return name, number


def _shape(data: Json, where: str) -> Mapping[str, Json]:
    if not isinstance(data, Mapping):
        raise WrongUse(f"{where}: an object is needed, not {data!r}")
    return data


def _parts(data: Mapping[str, Json], key: str) -> Mapping[str, Json]:
    found = data.get(key)
    return {} if found is None else _shape(found, key)


def _refuse_strays(data: Mapping[str, Json]) -> None:
    """Values beside `forms` or `events` would be lost without a word."""
    stray = next((key for key in data if key not in _WIDE), None)
    if stray is not None:
        raise WrongUse(
            f"{stray!r} stands beside {', '.join(key for key in _WIDE if key in data) or 'nothing'}: put it in its form"
        )


def _several(data: Mapping[str, Json], key: str) -> list[Json]:
    found = data.get(key)
    if found is None:
        return []
    if not isinstance(found, list):
        raise WrongUse(f"{key}: a list is needed")
    return found


def _day(data: Json, where: str) -> date:
    try:
        return date.fromisoformat(str(data))
    except ValueError:
        raise WrongUse(f"{where}: {data!r} is no date such as 2025-03-17") from None


_Names = tuple[Mapping[str, ItemDef], Mapping[str, GroupDef]]


@lru_cache(maxsize=64)
def _names(registry: CompiledRegistry) -> Mapping[int, _Names]:
    """Form or group (by its id()) -> its items and groups by id and OID."""
    forms = registry.model.forms.values()
    parts: list[FormDef | GroupDef] = [*forms, *(group for form in forms for group in walk_groups(form))]
    return {id(part): _names_in(part) for part in parts}


def _names_in(part: FormDef | GroupDef) -> _Names:
    return (
        {item.id: item for item in part.items} | {item.oid: item for item in part.items if item.oid},
        {group.id: group for group in part.groups} | {group.oid: group for group in part.groups if group.oid},
    )


class _Reader:
    """Reads one tree."""

    def __init__(self, registry: CompiledRegistry) -> None:
        self.registry = registry
        self.names = _names(registry)
        self.references = References(registry)
        self.unused: set[str] = set()  # calculated items that were given a value

    def patient(self, data: Mapping[str, Json], id_: str) -> Holder:
        patient = Holder("patient", id_)
        tag = id_.rpartition("#")[2] if "#" in id_ else ""
        containers = self.registry.scopes.containers
        chain = [name for name, scope in containers.items() if scope.parent is containers["patient"]]
        current = {name: self._inside(patient, name, 1, tag, tag) for name in chain}
        current = {
            "patient": patient,
            **current,
            **self._nested(current, _parts(data, "containers"), tag, {"patient": patient}),
        }
        self._fill(current, data, tag)
        for number, other in enumerate(_several(data, "episodes"), start=1):
            if not chain:
                raise WrongUse("episodes: this registry has none")
            mark, shape = f"{tag}e{number}", _shape(other, "episodes")
            around = {"patient": Holder("patient", f"ignored#{mark}")}
            inner = {chain[0]: self._inside(patient, chain[0], number + 1, tag, mark)}
            self._fill(
                {**around, **inner, **self._nested(inner, _parts(shape, "containers"), mark, around)}, shape, mark
            )
        return patient

    def _inside(self, parent: Holder, container: str, number: int, outer: str, tag: str) -> Holder:
        """An instance in another one, known by its number and its tag."""
        deep = parent.container != "patient"
        name = f"{container}[{number}]" if deep else container
        holder = Holder(container, f"{name}#{tag}" if tag else name)
        parent.children.append(holder)
        self.references.inner[outer, container, number] = tag
        if tag != outer:
            self.references.outer[tag] = outer
        return holder

    def site(self, data: Mapping[str, Json]) -> Holder:
        """The hospital with its own forms, such as an inventory of consoles."""
        site = Holder("site", "site")
        self._fill({"patient": Holder("patient", "ignored#site"), "site": site}, _parts(data, "site"), "")
        return site

    def _nested(
        self,
        parents: Mapping[str, Holder],
        given: Mapping[str, Json],
        tag: str,
        around: Mapping[str, Holder],
        *,
        made: bool = True,
    ) -> dict[str, Holder]:
        """What stands in containers: the instances that are listed, else one of each; those that stand first.

        An instance may list in its own `containers` what stands in it; for the first one that may stand beside it.

        Args:
            around: what holds the parents.
            made: whether an instance is made where none is listed.
        """
        found: dict[str, Holder] = {}
        for name, scope in self.registry.scopes.containers.items():
            parent = parents.get(scope.parent.id) if scope.parent is not None else None
            parts = _several(given, name) if name in given or not made else [{}]
            for number, part in enumerate(parts if parent is not None else [], start=1):
                assert parent is not None
                shape, mark = _shape(part, name), tag if number == 1 else f"{tag}{name}{number}"
                listed = {**(given if number == 1 else {}), **_parts(shape, "containers")}
                outer, inner = {**around, **parents}, {name: self._inside(parent, name, number, tag, mark)}
                inner |= self._nested(inner, listed, mark, outer, made=made and number == 1)
                self._fill({**outer, **inner}, shape, mark)
                found = {**inner, **found}
        return found

    def _fill(self, holders: Mapping[str, Holder], data: Mapping[str, Json], tag: str) -> None:
        _refuse_strays(data)
        for name, values in _parts(data, "forms").items():
            if values is not None:
                self._place(holders, _form(self.registry, name), values, tag, None)
        for name, occurrences in _parts(data, "events").items():
            event, _ = _event(self.registry, name)
            records = occurrences if isinstance(occurrences, list) else [occurrences]
            for number, forms in enumerate(records, start=1):
                self._occurrence(holders, event, number, _shape(forms or {}, f"events.{name}[{number}]"), tag)

    def _occurrence(
        self, holders: Mapping[str, Holder], event: str, number: int, forms: Mapping[str, Json], tag: str
    ) -> None:
        holder = holders.get(self.registry.model.events[event].container) or holders["patient"]
        holder.occurrences.setdefault((event, number), {})
        for name, values in forms.items():
            if name == "date":
                holder.days[event, number] = _day(values, f"events.{event}[{number}].date")
            elif values is not None:
                self._place(holders, _form(self.registry, name), values, tag, (event, number))

    def _place(
        self, holders: Mapping[str, Holder], form: FormDef, values: Json, tag: str, event: tuple[str, int] | None
    ) -> None:
        prefix = f"{tag}#" if tag else ""
        if form.per_event:
            place = event or (self.registry.scopes.forms[form.id].events[0], 1)
            holder = holders.get(self.registry.model.events[place[0]].container) or holders["patient"]
            key = f"{prefix}{place[0]}[{place[1]}].{form.id}"
            holder.occurrences.setdefault(place, {})[form.id] = self.form(
                form, _shape(values, form.id), key, f"{tag}/{place}"
            )
            self.references.places[key] = key
            return
        holder = holders.get(form.container) or holders["patient"]
        records = values if isinstance(values, list) else [values]
        for number, record in enumerate(records, start=1):
            key = f"{holder.id}.{form.id}[{number}]"
            holder.forms.setdefault(form.id, []).append(
                self.form(form, _shape(record, form.id), key, f"{tag}/{holder.id}")
            )
            self.references.places[f"{prefix}{form.id}[{number}]"] = self.references.places[f"{prefix}{form.id}"] = key
            if event is not None:
                self.references.places[f"{prefix}{event[0]}[{event[1]}].{form.id}"] = key

    def form(self, form: FormDef, values: Mapping[str, Json], key: str, holder: str) -> FormData:
        items, groups = self._part(form, values, key, holder)
        return FormData(items, groups)

    def _part(
        self, part: FormDef | GroupDef, values: Mapping[str, Json], key: str, holder: str
    ) -> tuple[dict[str, Entered], dict[str, tuple[RowData, ...]]]:
        items: dict[str, Entered] = {}
        groups: dict[str, tuple[RowData, ...]] = {}
        by_id, inner = self.names[id(part)]
        for name, data in values.items():
            if name in inner:
                rows = data if isinstance(data, list) else []
                odd = next((row for row in rows if not isinstance(row, Mapping)), None if data is rows else data)
                if odd is not None:
                    items[inner[name].id] = refuse(odd, "json_rows")
                groups[inner[name].id] = self._rows(inner[name], rows, key, holder)
            elif name in by_id and by_id[name].calculate is not None:
                self.unused |= {by_id[name].id} if data is not None else set()
            elif name in by_id and by_id[name].datatype.kind is not Kind.NOTHING:
                value = self.value(by_id[name], data)
                if value is not None:
                    items[by_id[name].id] = value
            elif data is not None:
                items[name] = refuse(data, "unknown_item", "unknown_item", form=key, item=name)
        return items, groups

    def _rows(self, group: GroupDef, rows: list[Json], key: str, holder: str) -> tuple[RowData, ...]:
        made = []
        for number, row in enumerate(rows, start=1):
            id_ = f"{key}.{group.id}[{number}]"
            values = row if isinstance(row, Mapping) else {}
            items, groups = self._part(group, values, id_, holder)
            made.append(RowData(id_, items, groups))
            name = values.get(group.key) if group.key else None
            self.references.rows.setdefault((holder.split("/", maxsplit=1)[0], group.id), []).append(
                (id_, "" if name is None else str(name))
            )
            self.references.places[id_] = id_
        return tuple(made)

    def value(self, item: ItemDef, data: Json) -> Entered | None:
        """A value of the contract."""
        if isinstance(data, Mapping) and set(data) == {"missing"}:
            return Missing(str(data["missing"]))
        value = item.datatype.read_json(data, item.facets)
        return unbound(item, data) if isinstance(value, Reference) and item.elsewhere is None else value

    def focus(self, patient: Holder, form: FormDef, place: tuple[str, int | None] | None, site: Holder) -> Focus:
        """Where the form to evaluate stands; what is absent is made."""
        if form.per_event:
            event = place[0] if place else self._held_event(patient, form)
            container = self.registry.model.events[event].container
            holder = find_holder(patient, container)
            held = [
                n for (name, n), forms in holder.occurrences.items() if name == event and (form.id in forms or place)
            ]
            number = (place[1] if place else None) or max(held, default=1)
            holder.occurrences.setdefault((event, number), {})
            return Focus(form.id, holder.id, event_key(holder.id, event, number))
        holder = site if form.container == "site" else find_holder(patient, form.container)
        records = len(holder.forms.get(form.id, ()))
        occurrence = None
        if place is not None:
            at = find_holder(patient, self.registry.model.events[place[0]].container)
            held = [n for (name, n) in at.occurrences if name == place[0]]
            occurrence = event_key(at.id, place[0], place[1] or max(held, default=1))
        return Focus(form.id, holder.id, occurrence, max(records - 1, 0))

    def _held_event(self, patient: Holder, form: FormDef) -> str:
        for holder in all_holders(patient):
            for (event, _), forms in holder.occurrences.items():
                if form.id in forms:
                    return event
        return self.registry.scopes.forms[form.id].events[0]


__all__ = ["Reading", "WrongUse", "read_values"]
