"""Forms, repeating groups and items as tables, with what they depend on and where they are used."""

from __future__ import annotations

from collections.abc import Iterator

from engine.compiler.rules import ItemRules, Rule
from engine.datatypes.base import Kind
from engine.datatypes.words import unit_text
from engine.model.form import FormDef, GroupDef, walk_groups, walk_items
from engine.model.item import ItemDef, Privacy
from engine.model.metadata_version import MetaDataVersion
from engine.words import Phrase
from renderers.codebook.tables import Book, Both, Cell, Row, Table, anchor, noted, table
from renderers.codebook.uses import Uses


def forms(book: Book) -> Table:
    """All forms."""
    return table(
        book,
        "forms",
        {
            "id": 22,
            "oid": 10,
            "title": 36,
            "belongs": 16,
            "repeats": 14,
            "collected": 36,
            "count": 10,
            "calculated_count": 10,
            "annotations": 40,
        },
        (_form(book, form) for form in book.registry.model.forms.values()),
    )


def _form(book: Book, form: FormDef) -> Row:
    model = book.registry.model
    items = [item for item in walk_items(form) if item.datatype.kind is not Kind.NOTHING]
    events = [event for event in model.events.values() if form.id in event.forms]
    cells: dict[str, Cell] = {
        "id": form.id,
        "oid": form.oid or "",
        "title": book.title(form.title, form.id),
        "belongs": book.word("per_event") if form.per_event else container_name(book, form.container),
        "repeats": book.truth(form.repeats),
        "collected": book.series(book.named("event", event.id, event.title, event.id) for event in events),
        "count": str(len(items)),
        "calculated_count": str(sum(item.calculate is not None for item in items)),
        "annotations": noted(form.annotations),
    }
    return Row(anchor("form", form.id), form.id, book.title(form.title, form.id), cells)


def container_name(book: Book, id_: str) -> Cell:
    """What a container is called."""
    container = book.registry.model.containers.get(id_)
    if container is not None and container.title:
        return book.text(container.title)
    return book.word(id_) if id_ in ("patient", "site") else id_


def groups(book: Book, uses: Uses) -> Table:
    """All repeating groups."""
    return table(
        book,
        "groups",
        {"id": 18, "oid": 10, "form": 26, "title": 36, "rows": 12, "when": 50, "annotations": 40, "used": 60},
        (_group(book, uses, form, group) for form in book.registry.model.forms.values() for group in walk_groups(form)),
    )


def _group(book: Book, uses: Uses, form: FormDef, group: GroupDef) -> Row:
    key = f"{form.id}.{group.id}"
    rules = book.registry.groups[key]
    cells: dict[str, Cell] = {
        "id": group.id,
        "oid": group.oid or "",
        "form": book.named("form", form.id, form.title, form.id),
        "title": book.title(group.title, group.id),
        "rows": f"{group.min_rows}–{group.max_rows if group.max_rows is not None else ''}",
        "when": book.condition(rules.visible, rules.scope.parent or rules.scope),
        "annotations": noted(group.annotations),
        "used": used_by(book, uses, key),
    }
    return Row(anchor("group", key), group.id, book.title(group.title, group.id), cells, _part(book, form))


def _part(book: Book, form: FormDef) -> tuple[str, Both]:
    return anchor("form", form.id), book.title(form.title, form.id)


_ITEM_WIDTHS = (
    *(
        ("form", 24),
        ("section", 24),
        ("group", 20),
        ("id", 24),
        ("oid", 12),
        ("label", 40),
        ("hint", 40),
        ("help", 40),
        ("type", 14),
    ),
    *(("codelist", 24), ("unit", 12), ("decimals", 8), ("length", 8), ("pattern", 20), ("range", 40), ("required", 30)),
    *(
        ("when", 50),
        ("hidden", 24),
        ("missing", 30),
        ("default", 40),
        ("calculation", 60),
        ("only", 40),
        ("target", 20),
    ),
    *(("standard", 24), ("annotations", 40), ("privacy", 16), ("inputs", 50), ("used", 60)),
)


def items(book: Book, uses: Uses) -> Table:
    """All items, form by form."""
    return table(book, "items", dict(_ITEM_WIDTHS), _items(book, uses))


def _items(book: Book, uses: Uses) -> Iterator[Row]:
    for form in book.registry.model.forms.values():
        for section in form.sections:
            title = book.title(section.title, section.id)
            for part in section.content:
                for item, group in _leaves(part, None):
                    yield _item(book, uses, form, title, group, item)


def _leaves(part: ItemDef | GroupDef, group: GroupDef | None) -> Iterator[tuple[ItemDef, GroupDef | None]]:
    if isinstance(part, ItemDef):
        yield part, group
        return
    for inner in part.content:
        yield from _leaves(inner, part)


def _item(book: Book, uses: Uses, form: FormDef, section: Both, group: GroupDef | None, item: ItemDef) -> Row:
    rules = book.registry.items[f"{form.id}.{item.id}"]
    facets = item.facets
    cells: dict[str, Cell] = {
        "form": book.named("form", form.id, form.title, form.id),
        "section": section,
        "group": book.named("group", f"{form.id}.{group.id}", group.title, group.id) if group is not None else "",
        "id": item.id,
        "oid": item.oid or "",
        "label": book.title(item.label, item.id),
        "hint": book.text(item.hint),
        "help": book.text(item.help),
        "type": item.datatype.name,
        "codelist": _list_name(book, item.codelist),
        "unit": _unit(book, rules),
        "decimals": str(facets.decimals) if facets.decimals is not None else "",
        "length": str(facets.max_length) if facets.max_length is not None else "",
        "pattern": facets.pattern or facets.check or ", ".join(facets.media_types),
        "standard": ", ".join(f"{system} {code}" for system, code in item.standard.items()),
        "annotations": noted(item.annotations),
        "privacy": "" if item.privacy is Privacy.NORMAL else book.word(item.privacy.value),
        "missing": _missing(book, item),
        "target": ", ".join(item.targets),
        "inputs": depends_on(book, uses, "item", rules.key),
        "used": used_by(book, uses, rules.key),
        **_rules(book, rules),
    }
    return Row(anchor("item", rules.key), item.id, book.title(item.label, item.id), cells, _part(book, form))


def _rules(book: Book, rules: ItemRules) -> dict[str, Cell]:
    item, scope = rules.item, rules.scope
    like = scope.fields[item.id].type if item.id in scope.fields else None
    required = rules.required if isinstance(rules.required, Rule) else None
    ranges = [{lang: said.limits(bound, scope) for lang, said in book.sentences.items()} for bound in rules.ranges]
    return {
        "range": book.series(ranges, "; "),
        "required": book.condition(required, scope) or book.truth(rules.required is True),
        "when": book.condition(rules.visible, scope),
        "hidden": book.word(item.when_hidden.value) if rules.visible is not None and item.calculate is None else "",
        "only": book.condition(rules.only, scope),
        "calculation": book.value(rules.calculate, scope, like),
        "default": book.value(rules.default, scope, like),
    }


def _list_name(book: Book, id_: str | None) -> Cell:
    if id_ is None:
        return ""
    listed = book.registry.model.codelists.get(id_)
    return book.named("list", id_, listed.title if listed is not None else {}, id_)


def _missing(book: Book, item: ItemDef) -> Cell:
    if not item.missing.reasons:
        return ""
    reasons = book.series(book.title(label, code) for code, label in item.missing.reasons.items())
    return book.series((book.named("missing", item.missing.id, {}, item.missing.id), reasons), ": ")


def _unit(book: Book, rules: ItemRules) -> Cell:
    told, item = book.registry.texts.get((rules.key, "unit")), rules.item
    if told is not None:
        return book.value(told.holes[0].rule, rules.scope, None)
    units = [item.facets.unit, *(unit for unit in item.facets.units if unit != item.facets.unit)]
    shown = [unit for unit in units if unit]
    if not shown:
        return ""
    return {
        language: Phrase((", ".join(unit_text(unit, language) or unit for unit in shown),))
        for language in book.languages
    }


def name_of(book: Book, kind: str, key: str) -> Cell:
    """The link to an entry, or its key where it is none."""
    model = book.registry.model
    if kind == "item" and key in book.registry.items:
        return book.named("item", key, book.registry.items[key].item.label, key.partition(".")[2])
    if kind == "group" and key in book.registry.groups:
        return book.named("group", key, book.registry.groups[key].group.title, key.partition(".")[2])
    if kind == "outcome":
        return book.named("outcome", key, model.derived[key].label, key)
    if kind == "event":
        return book.named("event", key, model.events[key].title, key)
    if kind == "check":
        return book.named("check", key, {}, key)
    return ""


def _read_name(book: Book, key: str) -> Cell:
    """What a rule reads: an item, a group, an outcome or a form."""
    owner, _, name = key.partition(".")
    for kind, there in (
        ("item", key in book.registry.items),
        ("group", key in book.registry.groups),
    ):
        if there:
            return name_of(book, kind, key)
    if name in book.registry.model.derived:
        return name_of(book, "outcome", name)
    model: MetaDataVersion = book.registry.model
    return book.named("form", owner, model.forms[owner].title, owner) if owner in model.forms else ""


def depends_on(book: Book, uses: Uses, kind: str, key: str) -> Cell:
    """What the rules of an entry read, each once."""
    reads = dict.fromkeys(read for use in uses.by.get((kind, key), ()) for read in sorted(use.reads))
    return book.series(_read_name(book, read) for read in reads)


def used_by(book: Book, uses: Uses, key: str) -> Cell:
    """Which rules read something, each with its role."""
    found: dict[tuple[str, str], dict[str, None]] = {}
    for use in uses.of.get(key, ()):
        found.setdefault((use.kind, use.key), {})[use.role] = None
    return book.series(_with_roles(book, kind, user, list(roles)) for (kind, user), roles in found.items())


def _with_roles(book: Book, kind: str, key: str, roles: list[str]) -> Cell:
    said = book.series(book.word(f"use.{role}") for role in roles)
    return book.series((name_of(book, kind, key), book.series(("(", said, ")"), "")), " ")
