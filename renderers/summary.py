"""A registry in figures, as Markdown: what it consists of, what its data set states, how its checks are tried."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from engine.compiler import CompiledRegistry
from engine.model.form import FormDef, walk_items
from engine.model.item import ItemDef
from engine.model.metadata_version import MetaDataVersion
from engine.records.coverage import Coverage

LANGUAGE = "en"


def registry_summary(
    registry: CompiledRegistry, tried: Sequence[Coverage], cases: int, stated: Mapping[str, Any]
) -> str:
    """A chapter about a registry; `stated` holds the counts of its data set and why some differ."""
    model = registry.model
    return "\n".join(
        [
            f"## {model.title[LANGUAGE]}",
            "",
            f"`{model.registry}`, version {model.version}, {cases} example cases.",
            "",
            *_table(("", "in the definition", "in the data set", "why they differ"), _counts(model, stated)),
            "",
            *_table(("form", "", "stands in", "entered", "calculated", "checks"), _forms(model)),
            "",
            "Cases by check: those that fire it, those that satisfy it, and those in which another form that it reads is absent.",
            "",
            *_table(("check", "severity", "at home in", "fires", "holds", "without"), map(_check, tried)),
        ]
    )


def _items(model: MetaDataVersion) -> list[ItemDef]:
    """All that holds a value."""
    return [item for form in model.forms.values() for item in _of_form(form)]


def _of_form(form: FormDef) -> list[ItemDef]:
    return [item for item in walk_items(form) if item.datatype.name not in ("heading", "note")]


def _calculated(items: Iterable[ItemDef]) -> int:
    return sum(item.calculate is not None for item in items)


def _code_lists(model: MetaDataVersion, *, dictionaries: bool) -> int:
    """Those that items and outcomes use: a library may hold more."""
    used = {item.codelist for item in _items(model)} | {derived.codelist for derived in model.derived.values()}
    lists = [listed for listed in model.codelists.values() if listed.id in used]
    return sum((listed.dictionary or listed.external is not None) == dictionaries for listed in lists)


COUNTS: Mapping[str, Callable[[MetaDataVersion], int]] = {
    "events": lambda model: len(model.events),
    "forms": lambda model: len(model.forms),
    "items": lambda model: len(_items(model)),
    "entered items": lambda model: len(_items(model)) - _calculated(_items(model)),
    "calculated items": lambda model: _calculated(_items(model)),
    "code lists": lambda model: _code_lists(model, dictionaries=False),
    "dictionaries": lambda model: _code_lists(model, dictionaries=True),
    "checks": lambda model: sum(len(form.checks) for form in model.forms.values()),
    "outcomes": lambda model: len(model.derived),
    "indicators": lambda model: len(model.indicators),
}


def unexplained(registry: CompiledRegistry, stated: Mapping[str, Any]) -> list[str]:
    """The counts that differ from those of the data set, of which nothing says why."""
    explained = stated.get("differences", {})
    return [
        f"{name}: {count(registry.model)}, the data set states {stated[name]}"
        for name, count in COUNTS.items()
        if name in stated and name not in explained and count(registry.model) != stated[name]
    ]


def _counts(model: MetaDataVersion, stated: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    differences = stated.get("differences", {})
    for name, count in COUNTS.items():
        yield name, str(count(model)), str(stated.get(name, "–")), differences.get(name, "")


def _forms(model: MetaDataVersion) -> Iterator[tuple[str, ...]]:
    for form in model.forms.values():
        items = _of_form(form)
        calculated = _calculated(items)
        events = ", ".join(f"`{event.id}`" for event in model.events.values() if form.id in event.forms)
        counts = (str(len(items) - calculated), str(calculated), str(len(form.checks)))
        yield f"{form.oid or ''} `{form.id}`".strip(), form.title[LANGUAGE], events or f"`{form.container}`", *counts


def _check(tried: Coverage) -> tuple[str, ...]:
    check = tried.check
    without = ", ".join(f"`{form}` {cases}" for form, cases in tried.without)
    return check.check.id, str(check.check.severity), f"`{check.scope.id}`", str(tried.fires), str(tried.holds), without


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield f"|{' --- |' * len(heads)}"
    yield from (f"| {' | '.join(row)} |" for row in rows)
