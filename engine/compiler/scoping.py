"""Builds the tree of scopes from a model: where each item, group, form and event stands."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from engine.datatypes.base import Kind
from engine.errors import Problems
from engine.expressions.scopes import EVENT, Field, Scope
from engine.expressions.terms import Type
from engine.model.form import FormDef, GroupDef, walk_items
from engine.model.item import ItemDef, WhenHidden
from engine.model.metadata_version import DerivedDef, MetaDataVersion

_DERIVED_KINDS = {
    "integer": Kind.NUMBER,
    "decimal": Kind.NUMBER,
    "quantity": Kind.NUMBER,
    "identifier": Kind.TEXT,
    "long_text": Kind.TEXT,
}


@dataclass(frozen=True, slots=True)
class Scopes:
    """The scopes of a registry: the root, those of containers, forms and groups by id."""

    root: Scope
    containers: Mapping[str, Scope]
    forms: Mapping[str, Scope]
    groups: Mapping[str, Scope]  # `form.group`
    targets: Mapping[str, Scope]  # what references may point to: group or form id


def build_scopes(model: MetaDataVersion, problems: Problems) -> Scopes:
    """The scope tree of a model. References to unknown containers are reported."""
    root = Scope("registry", "registry")
    containers = _containers(model, root, problems)
    forms: dict[str, Scope] = {}
    groups: dict[str, Scope] = {}
    collecting = _collecting(model)
    for form in model.forms.values():
        events = tuple(collecting.get(form.id, ()))
        homes = {model.events[event].container for event in events}
        parent = _holder(form, homes, containers, problems)
        if form.id in parent.children:
            beside = "events" if form.id == EVENT else "a container"
            problems.error(
                form.mark,
                "duplicate-id",
                f"The form {form.id} stands in {parent.id}, beside {beside} of the same name. Rename the form.",
            )
        scope = parent.add(Scope(form.id, "form", repeats=form.repeats, events=events))
        forms[form.id] = scope
        _fill(scope, form, groups)
    taken = {f"{form.id}.{item.id}" for form in model.forms.values() for item in walk_items(form)} | groups.keys()
    for derived in model.derived.values():
        _add_outcome(derived, containers, groups, taken, problems)
    by_id: dict[str, Scope] = {}
    for key, scope in groups.items():
        by_id.setdefault(key.partition(".")[2], scope)
    scopes = Scopes(root, containers, forms, groups, {**forms, **by_id})
    _mark_far(scopes)
    return scopes


def _mark_far(scopes: Scopes) -> None:
    """Mark the references to what stands across a border: rules that read through them are for the server alone."""
    for home in (*scopes.forms.values(), *scopes.groups.values()):
        for item in list(home.fields.values()):
            targets = [scopes.targets[name] for name in item.type.targets if name in scopes.targets]
            if any(target.border not in home.ancestors() for target in targets):
                home.fields[item.id] = replace(item, far=True)


def _containers(model: MetaDataVersion, root: Scope, problems: Problems) -> dict[str, Scope]:
    made = {
        "registry": root,
        "patient": root.add(Scope("patient", "container", repeats=True)),
        "site": root.add(Scope("site", "site", repeats=True)),
    }
    waiting = {id_: item for id_, item in model.containers.items() if id_ not in made}
    while waiting:
        ready = [item for item in waiting.values() if (item.parent or "patient") in made]
        if not ready:
            for item in waiting.values():
                problems.error(
                    item.mark,
                    "unknown-container",
                    f"{item.id} stands in {item.parent!r}, which is no container.{problems.guess(item.parent or '', made)}",
                )
            break
        for item in ready:
            made[item.id] = made[item.parent or "patient"].add(Scope(item.id, "container", repeats=item.repeats))
            del waiting[item.id]
    for event in model.events.values():
        container = made.get(event.container)
        if container is None:
            problems.error(
                event.mark,
                "unknown-container",
                f"The event {event.id} stands in {event.container!r}, which is no container.{problems.guess(event.container, made)}",
            )
            continue
        events = container.children.get(EVENT) or container.add(Scope(EVENT, EVENT, repeats=True))
        events.own_events[event.id] = event.repeats or event.every is not None
    return made


def _collecting(model: MetaDataVersion) -> dict[str, list[str]]:
    """The events that collect each form."""
    found: dict[str, list[str]] = {}
    for event in model.events.values():
        for form in dict.fromkeys(event.forms):
            found.setdefault(form, []).append(event.id)
    return found


def _holder(form: FormDef, homes: set[str], containers: Mapping[str, Scope], problems: Problems) -> Scope:
    container = containers.get(form.container)
    if container is None:
        problems.error(
            form.mark,
            "unknown-container",
            f"The form {form.id} stands in {form.container!r}, which is no container.{problems.guess(form.container, containers)}",
        )
        return containers["patient"]
    if not form.per_event:
        return container
    if len(homes) != 1:
        problems.error(
            form.mark,
            "form-without-event",
            f"{form.id} has a record per event, so events of one container must collect it (now: {', '.join(sorted(homes)) or 'none'}).",
        )
        return container
    home = containers.get(homes.pop(), container)
    return home.children.get(EVENT, home)


def _fill(scope: Scope, part: FormDef | GroupDef, groups: dict[str, Scope]) -> None:
    for item in part.items:
        if item.datatype.kind is not Kind.NOTHING:
            scope.fields[item.id] = _field(item, scope)
    for group in part.groups:
        rows = scope.add(Scope(group.id, "group", repeats=True))
        groups[f"{scope.form_id}.{group.id}"] = rows
        _fill(rows, group, groups)


def _field(item: ItemDef, scope: Scope) -> Field:
    kind = item.datatype.kind
    type_ = Type(
        kind,
        item.codelist if kind in (Kind.CODE, Kind.CODES) else None,
        "|".join(item.targets) or None if kind is Kind.REFERENCE else None,
    )
    keeps = item.when_hidden is WhenHidden.KEEP
    return Field(item.id, type_, scope, item.calculate is not None, keeps, item.any_episode)


def _add_outcome(
    derived: DerivedDef,
    containers: Mapping[str, Scope],
    groups: Mapping[str, Scope],
    taken: AbstractSet[str],
    problems: Problems,
) -> None:
    of_groups = {key.partition(".")[2]: scope for key, scope in groups.items()}
    scope = containers.get(derived.owner) or of_groups.get(derived.owner)
    if scope is None:
        guess = problems.guess(derived.owner, containers, of_groups)
        problems.error(
            derived.mark,
            "unknown-container",
            f"The outcome {derived.id} belongs to {derived.owner!r}, which is neither container nor group.{guess}",
        )
        return
    key = f"{scope.form_id}.{derived.id}"
    if key in taken:
        problems.error(
            derived.mark,
            "duplicate-id",
            f"The outcome {derived.id} of {derived.owner} and an item or group of the form {scope.form_id} are both {key}. Rename the outcome.",
        )
        return
    kind = _DERIVED_KINDS.get(derived.type_name) or Kind(derived.type_name)
    scope.fields[derived.id] = Field(derived.id, Type(kind, derived.codelist), scope, calculated=True)
