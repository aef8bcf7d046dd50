"""Where items stand: groups become sections, deeper ones lines under a heading, repeating ones our groups of rows."""

from __future__ import annotations

from dataclasses import dataclass, field

from exchange.document import Entry, annotate
from exchange.fhir import items
from exchange.fhir.draft import SYSTEM, Conditional, Draft, Holder
from exchange.fhir.extensions import as_text, first
from exchange.fhir.nodes import DISPLAY, GROUP, Node, truth
from exchange.fhir.texts import marked, marks
from exchange.findings import Part

Holders = tuple[Holder, ...]


def sections(draft: Draft) -> list[Entry]:
    """The sections of a form with all that stands in them."""
    tops, holders = _unwrapped(draft)
    made: list[Entry] = []
    loose: Entry | None = None
    for node in tops:
        if node.type == GROUP and not node.repeats:
            made.extend(_section(draft, node, holders))
            loose = None
            continue
        entries = _placed(draft, [node], _Place(holders))
        if loose is None:
            loose = {"id": draft.ids.make("main" if not made else "more"), "items": []}
            made.append(loose)
        loose["items"].extend(entries)
    return [section for section in made if section["items"]]


def _unwrapped(draft: Draft) -> tuple[list[Node], Holders]:
    """A single group that holds everything is the form itself, such as one whose groups are tabs."""
    tops, holders = draft.root.children, Holders()
    while (
        len(tops) == 1
        and tops[0].type == GROUP
        and not tops[0].repeats
        and any(child.type == GROUP and not child.repeats for child in tops[0].children)
    ):
        (node,) = tops
        draft.placing.approximated(
            draft.where(node),
            Part.LAYOUT,
            "The group that holds all others is the form itself.",
            str(node.item.get("text", "")),
        )
        draft.placing.kept(draft.where(node), Part.ITEM)
        holders, tops = (*holders, Holder(node)), node.children
    return tops, holders


def _section(draft: Draft, node: Node, holders: Holders) -> list[Entry]:
    section: Entry = {}
    draft.name(node, section)
    title = draft.texts.of(node.item, "text", str(node.item.get("prefix", "")))
    if title:
        section["title"] = title
    _keep(draft, node, section)
    draft.conditionals.append(Conditional(node, section, holders))
    section["items"] = _placed(draft, node.children, _Place())
    if not section["items"]:
        draft.placing.dropped(draft.where(node), Part.ITEM, "The group is empty.", str(node.item.get("text", "")))
    else:
        draft.placing.kept(draft.where(node), Part.ITEM)
    return [section]


def _keep(draft: Draft, node: Node, entry: Entry) -> None:
    draft.keep(node, entry, ("prefix", "definition", "readOnly", "code"))
    if truth(node.item.get("required")) and not node.repeats:
        draft.keep(node, entry, ("required",))
    draft.keep_extensions(draft.where(node), node.item, entry, items.KNOWN)
    if marked(node.item, "text"):
        annotate(entry, SYSTEM, "_text", as_text(marks(node.item, "text")))


@dataclass(frozen=True, slots=True)
class _Place:
    """Where entries stand: what they depend on, and the repeating groups around them."""

    holders: Holders = ()
    groups: tuple[str, ...] = field(default=())

    def under(self, holder: Holder) -> _Place:
        return _Place((*self.holders, holder), self.groups)

    def row(self, group: str) -> _Place:
        return _Place((), (*self.groups, group))


def _placed(draft: Draft, nodes: list[Node], place: _Place) -> list[Entry]:
    return [entry for node in nodes for entry in _entries(draft, node, place)]


def _entries(draft: Draft, node: Node, place: _Place) -> list[Entry]:
    draft.grown.groups[node] = place.groups
    if node.type == DISPLAY:
        entry = items.shown(draft, node, "heading" if _is_heading(node) else "note")
        return _conditional(draft, node, [entry] if entry else [], place)
    if node.type == GROUP:
        return _rows(draft, node, place) if node.repeats else _flattened(draft, node, place)
    return _question(draft, node, place)


def _is_heading(node: Node) -> bool:
    """Bold type and nothing else is how a form that has no groups writes headings."""
    return (
        "bold" in str(first(node.item.get("_text") or {}, "rendering-style") or "")
        and len(str(node.item.get("text", ""))) <= 200
    )


def _conditional(draft: Draft, node: Node, entries: list[Entry], place: _Place) -> list[Entry]:
    for entry in entries:
        draft.conditionals.append(Conditional(node, entry, place.holders))
    return entries


def _flattened(draft: Draft, node: Node, place: _Place) -> list[Entry]:
    where = draft.where(node)
    heading = items.shown(draft, node, "heading")
    if heading is not None:
        draft.keep(node, heading, ("definition", "readOnly"))
        draft.placing.approximated(
            where, Part.LAYOUT, "Groups in sections are not nested: a heading stands above its items."
        )
    own = [heading] if heading is not None else []
    return [*_conditional(draft, node, own, place), *_placed(draft, node.children, place.under(Holder(node)))]


def _rows(draft: Draft, node: Node, place: _Place) -> list[Entry]:
    group = _group(draft, node, draft.texts.of(node.item, "text", str(node.item.get("prefix", ""))))
    _keep(draft, node, group)
    inside = place.row(group["group"])
    draft.grown.groups[node] = inside.groups
    group["items"] = _placed(draft, node.children, inside)
    if not group["items"]:
        draft.placing.dropped(draft.where(node), Part.ITEM, "The group is empty.")
        return []
    draft.placing.kept(draft.where(node), Part.ITEM)
    return _conditional(draft, node, [group], place)


def _group(draft: Draft, node: Node, title: dict[str, str], name: str = "") -> Entry:
    group: Entry = {"group": draft.ids.make(name, "group")} if name else {}
    if not name:
        draft.name(node, group, "group")
    if title:
        group["title"] = title
    least, most = (_whole(first(node.item, key)) for key in ("minOccurs", "maxOccurs"))
    rows = {"min": least, "max": most} if most else {"min": least}
    if truth(node.item.get("required")) and not least:
        rows["min"] = 1
    rows = {key: number for key, number in rows.items() if number}
    if rows:
        group["rows"] = rows
    return group


def _whole(found: object) -> int | None:
    return min(int(str(found)), 1000) if str(found).isdigit() else None


def _question(draft: Draft, node: Node, place: _Place) -> list[Entry]:
    inner = [child for child in node.children if child.type != DISPLAY]
    choice = node.type in ("choice", "open-choice")
    if node.repeats and (inner or not choice):
        return _answers_in_rows(draft, node, place)
    entries = items.question(draft, node, place.groups, several=node.repeats)
    _conditional(draft, node, entries[:1], place)
    return [*entries, *_below(draft, node, place)]


def _answers_in_rows(draft: Draft, node: Node, place: _Place) -> list[Entry]:
    """A question with several answers is a group of rows: its answer, and what is asked about that."""
    group = _group(draft, node, draft.texts.of(node.item, "text"), f"{draft.base_name(node)} rows")
    inside = place.row(group["group"])
    draft.grown.groups[node] = inside.groups
    entries = items.question(draft, node, inside.groups, several=False)
    draft.placing.approximated(draft.where(node), Part.LAYOUT, "A question with several answers is a group of rows.")
    annotate(group, SYSTEM, "repeats", node.link)
    group["items"] = [*entries, *_below(draft, node, inside)]
    return _conditional(draft, node, [group], place)


def _below(draft: Draft, node: Node, place: _Place) -> list[Entry]:
    """What stands under a question: explanations of it, and items that an answer is asked for first."""
    left = []
    for child in node.children:
        draft.grown.groups[child] = place.groups
        if child.type != DISPLAY or not items.helps(draft, node, child):
            left.append(child)
    if any(child.type != DISPLAY for child in left):
        draft.placing.approximated(
            draft.where(node),
            Part.LAYOUT,
            "What stands under a question follows it, and is shown once that is answered.",
        )
    return [
        entry
        for child in left
        for entry in _entries(
            draft, child, place if child.type == DISPLAY else place.under(Holder(node, answered=True))
        )
    ]
