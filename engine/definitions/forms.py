"""Builds forms: sections, groups of rows and checks; ids are unique in their form."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from engine.datatypes.base import Kind
from engine.definitions.annotations import build_annotations
from engine.definitions.blocks import Expander
from engine.definitions.context import BUILT_IN_CODES, CONTAINERS, Context
from engine.definitions.grids import check_grid
from engine.definitions.items import build_item
from engine.definitions.rename import Renames, rename_expression, rename_template
from engine.definitions.rights import build_rights
from engine.definitions.templates import read_templates, without_values
from engine.definitions.tree import Node
from engine.errors import Mark
from engine.model.form import CheckDef, CheckSeverity, FormDef, GroupDef, SectionDef
from engine.model.item import ExpressionText, ItemDef
from engine.model.text import TranslatedText

MAX_GROUPS = 8  # nesting of groups


class FormBuilder:
    """Builds one form; holds the ids that it has met."""

    def __init__(
        self, context: Context, expander: Expander, checks: dict[str, Mark], forms: Collection[str] = ()
    ) -> None:
        self._context = context
        self._expander = expander
        self._ids: dict[str, Mark] = {}
        self._checks = checks  # ids of checks of the whole definition
        self._forms = forms  # ids of all forms

    def build(self, id_: str, node: Node, container: str) -> FormDef:
        """The form; its container is known already."""
        context = self._context
        context.identifier(id_, node.key_mark)
        sections = tuple(self._sections(node.list_of("sections")))
        return FormDef(
            id_,
            context.label(node, "title", f"The form {id_!r}"),
            sections,
            container,
            per_event=node.text_of("per") == "event",
            repeats=node.flag("repeats"),
            layout=node.text_of("layout"),
            oid=node.text_of("oid"),
            intro=context.text(node.get("intro")),
            checks=tuple(self._check(part) for part in node.list_of("checks") if isinstance(part.value, dict)),
            mark=node.key_mark,
            rights=build_rights(context, node),
            annotations=build_annotations(node),
        )

    def build_block(self, entries: Sequence[Node]) -> None:
        """Check a block that no form uses: what is built is dropped, the faults remain."""
        self._content(entries, {}, ())

    def _unique(self, id_: str, mark: Mark, seen: dict[str, Mark], what: str) -> None:
        first = seen.setdefault(id_, mark)
        if first is not mark:
            self._context.error(
                mark,
                "duplicate-id",
                f"The id {id_!r} is already used by {what} in line {first.line}{'' if first.file == mark.file else f' of {first.file}'}. Rename one of them.",
            )

    def _sections(self, nodes: Sequence[Node]) -> Iterator[SectionDef]:
        seen: dict[str, Mark] = {}
        for node in nodes:
            id_ = node.get("id")
            if not isinstance(node.value, dict):
                continue
            if id_ is not None and id_.text is not None:
                self._context.identifier(id_.raw, id_.mark)
                self._unique(id_.raw, id_.mark, seen, "a section of this form")
            content, _ = self._content(node.list_of("items"), {}, ())
            yield SectionDef(
                id_.raw if id_ is not None else "",
                without_values(self._context.text(node.get("title"), piped=True)),
                content,
                without_values(self._context.text(node.get("note"), piped=True)),
                self._context.expression(node.get("when")),
                node.mark,
                read_templates(self._context, {part: node.get(part) for part in ("title", "note")}),
                build_rights(self._context, node),
                node.text_of("oid"),
                build_annotations(node),
            )

    def _content(
        self, entries: Sequence[Node], renames: Renames, groups: tuple[str, ...], brought: Node | None = None
    ) -> tuple[tuple[ItemDef | GroupDef, ...], set[str]]:
        """The items and groups of a section or group, and the ids of its items, of faulty ones too."""
        parts: list[ItemDef | GroupDef] = []
        names: set[str] = set()
        for node, own, use in self._expander.expand(entries, renames, brought):
            named = node.entries.get("group", node.entries.get("id"))
            if named is None or named.text is None:
                continue
            id_ = own.get(named.raw, named.raw)
            self._context.identifier(id_, named.mark)
            self._unique(id_, named.mark if use is None else use.mark, self._ids, "an item or group of this form")
            part: ItemDef | GroupDef | None
            if "group" in node.entries:
                part = self._group(id_, node, own, groups, use)
            else:
                names.add(id_)
                part = build_item(self._context, node, own)
            if part is not None:
                parts.append(part)
        return tuple(parts), names

    def _group(self, id_: str, node: Node, renames: Renames, groups: tuple[str, ...], brought: Node | None) -> GroupDef:
        context, rows = self._context, node.get("rows")
        inner = (*groups, id_)
        if len(inner) > MAX_GROUPS:
            context.error(node.mark, "too-deep", f"Groups are nested more than {MAX_GROUPS} deep.")
            return GroupDef(id_, ())
        if not node.list_of("items"):
            context.error(node.key_mark, "group-empty", f"The group {id_!r} has no items. List them under `items`.")
        content, names = self._content(node.list_of("items"), renames, inner, brought)
        key = node.get("key")
        if key is not None and key.text is not None:
            context.known(
                key,
                renames.get(key.raw, key.raw),
                sorted(names),
                "unknown-key-item",
                f"item in the group {id_!r} called",
            )
        least, most = (rows.integer("min"), rows.integer("max")) if rows is not None else (None, None)
        if rows is not None and least is not None and most is not None and least > most:
            context.error(
                rows.entries["max"].mark,
                "rows-order",
                f"At least {least} rows are asked for and at most {most} allowed. Swap the two numbers.",
            )
        named = renames.get(key.raw, key.raw) if key is not None and key.text is not None else None
        return GroupDef(
            id_,
            content,
            title=context.text(node.get("title")),
            oid=node.text_of("oid"),
            key=named,
            min_rows=least or 0,
            max_rows=most,
            per_code=self._per_code(rows, named, content, id_),
            row_title=self._row_title(rows, renames),
            templates=read_templates(context, {"row": rows.get("title") if rows is not None else None}, renames),
            when=self._expression(node.get("when"), renames),
            mark=node.mark,
            rights=build_rights(context, node),
            annotations=build_annotations(node),
        )

    def _expression(self, node: Node | None, renames: Renames) -> ExpressionText | None:
        expression = self._context.expression(node)
        return rename_expression(expression, renames) if expression is not None and renames else expression

    def _per_code(self, rows: Node | None, key: str | None, content: tuple[ItemDef | GroupDef, ...], id_: str) -> bool:
        """Whether a row is made for each code: then the key must be an item that holds one code of a list."""
        per = rows.get("per") if rows is not None else None
        if per is None:
            return False
        found = next((part for part in content if isinstance(part, ItemDef) and part.id == key), None)
        if found is None or found.datatype.kind is not Kind.CODE or found.calculate is not None:
            self._context.error(
                per.mark,
                "rows-per-code",
                f"The key of the group {id_!r} holds no code. Name an item of `type: code` as its `key`, or take `per: code` away.",
            )
        return True

    def _row_title(self, rows: Node | None, renames: Renames) -> TranslatedText:
        title = rows.get("title") if rows is not None else None
        if title is None:
            return {}
        written = (
            dict.fromkeys(self._context.languages, title.raw)
            if title.text is not None
            else self._context.text(title, piped=True)
        )
        return {language: rename_template(text, renames) for language, text in written.items()}

    def _check(self, node: Node) -> CheckDef:
        context, id_ = self._context, node.get("id")
        name = id_.raw if id_ is not None else ""
        if id_ is not None and id_.text is not None:
            context.rule_name(name, id_.mark)
            self._unique(name, id_.mark, self._checks, "a check")
            if name in BUILT_IN_CODES:
                context.error(
                    id_.mark,
                    "reserved-word",
                    f"{name!r} is the code of a built-in rule. Choose another id for the check.",
                )
        severity = node.text_of("severity") or "error"
        return CheckDef(
            name,
            context.expression(node.get("assert")) or ExpressionText("true", node.mark),
            CheckSeverity(severity) if severity in set(CheckSeverity) else CheckSeverity.ERROR,
            without_values(context.text(node.get("message"), piped=True)),
            node.text_of("on"),
            node.text_of("blocks") or "completion",
            node.text_of("at") or "save",
            tuple(self._also_in(node)),
            node.mark,
            read_templates(context, {"message": node.get("message")}),
            query=node.flag("query"),
            annotations=build_annotations(node),
        )

    def _also_in(self, check: Node) -> Iterator[str]:
        """The forms that report a check though it reads nothing of them."""
        for part in check.list_of("also_in"):
            if part.text is not None and self._context.known(part, part.raw, self._forms, "unknown-form", "form"):
                yield part.raw


def build_forms(context: Context, nodes: Mapping[str, Node], events: Mapping[str, Node]) -> dict[str, FormDef]:
    """All forms, each with its container: the one it names, or that of the events that collect it."""
    expander, checks = Expander(context), dict[str, Mark]()
    collecting: dict[str, list[Node]] = {}
    for event in events.values():
        for id_ in dict.fromkeys(part.raw for part in event.list_of("forms")):
            collecting.setdefault(id_, []).append(event)
    forms = {
        id_: FormBuilder(context, expander, checks, nodes).build(
            id_, node, _container(context, id_, node, collecting.get(id_, []))
        )
        for id_, node in nodes.items()
    }
    for id_, node in nodes.items():
        layout = node.get("layout")
        if layout is not None and layout.text is not None:
            check_grid(context, forms[id_], layout, collecting.get(id_, []))
    for name, node in context.blocks.items():
        context.identifier(name, node.key_mark)
    for name in expander.unused():
        FormBuilder(context, expander, {}).build_block(context.blocks[name].elements)
    return forms


def _container(context: Context, id_: str, node: Node, collecting: Sequence[Node]) -> str:
    stated = node.text_of("in")
    if not collecting and stated not in CONTAINERS and not context.is_library:
        context.problems.warning(
            node.key_mark,
            "form-not-collected",
            f"No event collects the form {id_!r}, and it is no form of a patient or site. Add it to an event's `forms`, or say `in: patient`.",
        )
    if stated is not None:
        return stated
    homes = {event.text_of("in") or "patient" for event in collecting}
    if len(homes) > 1:
        context.error(
            node.key_mark,
            "form-container",
            f"Events of several containers collect the form {id_!r}: {', '.join(sorted(homes))}. Say which one it belongs to with `in:`.",
        )
    return min(homes, default="patient")
