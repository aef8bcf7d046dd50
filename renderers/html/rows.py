"""What the buttons of rows do: add, copy, remove, open, close. A row keeps its id for ever; a copy gets a new one."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from engine.model.form import FormDef, GroupDef, walk_groups
from engine.records.form_data import FormData, RowData

Rows = tuple[RowData, ...]


@dataclass(frozen=True, slots=True)
class Action:
    """The button that sent the page, such as `save` or `open` with the row it opens."""

    verb: str = "save"
    target: str = ""


Done = tuple[FormData, frozenset[str]]  # the data after an action, and the rows that are open now


def new_row_id() -> str:
    """An id that was never given to another row."""
    return secrets.token_hex(8)


def act(form: FormDef, data: FormData, action: Action, opened: frozenset[str]) -> Done:
    """Carry out an action on rows; any other leaves everything as it is. An action on a row that is gone does nothing."""
    if action.verb == "open":
        return data, frozenset({action.target})
    if action.verb == "close":
        return data, parents(action.target)
    changed = _CHANGES.get(action.verb)
    return changed(form, data, action.target, opened) if changed else (data, opened)


def parents(name: str) -> frozenset[str]:
    """The row that holds this one, which stays open."""
    outer = ".".join(name.split(".")[:-2])
    return frozenset({outer} if outer else ())


def _add(form: FormDef, data: FormData, name: str, opened: frozenset[str]) -> Done:
    row = RowData(new_row_id())
    changed = _change(form, data, name, lambda rows: (*rows, row))
    return (changed, frozenset({f"{name}.{row.id}"})) if changed is not data else (data, opened)


def _copy(form: FormDef, data: FormData, name: str, opened: frozenset[str]) -> Done:
    group, _, row_id = name.rpartition(".")
    made: list[RowData] = []

    def copy(rows: Rows) -> Rows:
        out: list[RowData] = []
        for row in rows:
            out.append(row)
            if row.id == row_id:
                made.append(_renewed(row))
                out.append(made[0])
        return tuple(out)

    changed = _change(form, data, group, copy)
    return (changed, frozenset({f"{group}.{made[0].id}"})) if made and changed is not data else (data, opened)


def _renewed(row: RowData) -> RowData:
    groups = {group: tuple(map(_renewed, rows)) for group, rows in row.groups.items()}
    return RowData(new_row_id(), row.items, groups)


def _remove(form: FormDef, data: FormData, name: str, opened: frozenset[str]) -> Done:
    group, _, row_id = name.rpartition(".")
    changed = _change(form, data, group, lambda rows: tuple(row for row in rows if row.id != row_id))
    return changed, frozenset(each for each in opened if each != name and not each.startswith(f"{name}."))


def _next(form: FormDef, data: FormData, name: str, opened: frozenset[str]) -> Done:
    """Close a row and open the one after it; after the last one, a new row."""
    group, _, row_id = name.rpartition(".")
    rows = rows_of(data, group)
    ids = [row.id for row in rows]
    if row_id not in ids:
        return data, opened
    after = ids.index(row_id) + 1
    if after < len(ids):
        return data, frozenset({f"{group}.{ids[after]}"})
    return _add(form, data, group, parents(name))


_CHANGES: Mapping[str, Callable[[FormDef, FormData, str, frozenset[str]], Done]] = MappingProxyType(
    {"add": _add, "copy": _copy, "remove": _remove, "next": _next}
)


def offered_codes(group: GroupDef) -> tuple[str, ...]:
    """The codes of the key of a group, in order of their list."""
    choices = next((item.facets.choices for item in group.items if item.id == group.key), {})
    return tuple(code for code, choice in choices.items() if not choice.withdrawn)


def fill_rows(form: FormDef, data: FormData, name: str, refused: Collection[str]) -> FormData:
    """The data with a row for each code of a group's key that has none yet and is not refused, as far as there is room."""
    group = next((each for each in walk_groups(form) if each.id == name.rpartition(".")[2]), None)
    if group is None or group.key is None:
        return data
    key, rows = group.key, rows_of(data, name)
    there = {row.items.get(key) for row in rows}
    codes = [code for code in offered_codes(group) if code not in there and code not in refused]
    room = len(codes) if group.max_rows is None else max(group.max_rows - len(rows), 0)
    made = tuple(RowData(new_row_id(), {key: code}) for code in codes[:room])
    return _change(form, data, name, lambda before: (*before, *made))


def without_blank_rows(form: FormDef, data: FormData) -> FormData:
    """The data without the rows that were made for each code and hold no more than that."""
    if not any(group.per_code for group in walk_groups(form)):
        return data
    return replace(data, groups=_filled(form.groups, data.groups))


def _filled(defined: tuple[GroupDef, ...], groups: Mapping[str, Rows]) -> dict[str, Rows]:
    known = {group.id: group for group in defined}
    return {
        id_: tuple(
            replace(row, groups=_filled(known[id_].groups, row.groups)) if row.groups else row
            for row in rows
            if not known[id_].per_code or row.groups or row.items.keys() - {known[id_].key}
        )
        if id_ in known
        else rows
        for id_, rows in groups.items()
    }


def rows_of(data: FormData, name: str) -> Rows:
    """The rows of a group by its name, such as `lx` or `bc.<row id>.iso`; none when it names nothing."""
    steps = name.split(".")
    level: FormData | RowData = data
    for group, row_id in zip(steps[:-1:2], steps[1::2], strict=False):
        found = [row for row in level.groups.get(group, ()) if row.id == row_id]
        if not found:
            return ()
        level = found[0]
    return tuple(level.groups.get(steps[-1], ()))


def _change(form: FormDef, data: FormData, name: str, change: Callable[[Rows], Rows]) -> FormData:
    """The data with the rows of one group changed; the same data when the name means nothing or a limit is passed."""
    steps = name.split(".")
    groups = _changed(form.groups, data.groups, steps, change)
    return data if groups is None else replace(data, groups=groups)


def _changed(
    defined: tuple[GroupDef, ...], groups: Mapping[str, Rows], steps: list[str], change: Callable[[Rows], Rows]
) -> dict[str, Rows] | None:
    part = next((group for group in defined if group.id == steps[0]), None)
    if part is None or len(steps) % 2 == 0:
        return None
    rows = tuple(groups.get(part.id, ()))
    if len(steps) == 1:
        after = change(rows)
        full = part.max_rows is not None and len(after) > max(part.max_rows, len(rows))
        return None if full else {**groups, part.id: after}
    out = list(rows)
    for position, row in enumerate(rows):
        inner = _changed(part.groups, row.groups, steps[2:], change) if row.id == steps[1] else None
        if inner is not None:
            out[position] = replace(row, groups=inner)
            return {**groups, part.id: tuple(out)}
    return None
