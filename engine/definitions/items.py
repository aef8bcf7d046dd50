"""Builds items: what their type allows, their facets, ranges and references."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import TypeVar

from engine.datatypes import DATATYPES
from engine.datatypes.base import Control, DataType, Facets, Kind
from engine.datatypes.identifiers import CHECKS
from engine.datatypes.patterns import fault_of_pattern
from engine.definitions.annotations import build_annotations
from engine.definitions.context import Context
from engine.definitions.decision_tables import RULES, build_formula
from engine.definitions.ranges import build_ranges
from engine.definitions.rename import Renames, rename_expression
from engine.definitions.rights import build_rights
from engine.definitions.templates import Templates, read_templates, without_values
from engine.definitions.tree import Node
from engine.errors import nearest
from engine.model.code_list import NO_MISSING, CodeList, MissingList
from engine.model.item import Elsewhere, ExpressionText, ItemDef, Privacy, Template, WhenHidden

# Keys that only some types allow, by the name that the type's `options` give them.
TYPE_KEYS: Mapping[str, str] = MappingProxyType(
    {
        "decimals": "decimals",
        "unit": "unit",
        "range": "range",
        "codelist": "codes",
        "only": "codes",
        "pattern": "pattern",
        "check": "check",
        "length": "max_length",
        "of": "of",
        "from": "of",
        "unique": "unique",
        "media": "media_types",
        "max_size": "max_bytes",
    }
)
SHOWN_KEYS = frozenset(
    {"id", "oid", "type", "label", "hint", "when", "layout", "see", "annotations"}
)  # of a heading or note
ENTERED_KEYS = ("required", "missing", "default")  # make no sense for a calculated item

_Choice = TypeVar("_Choice", WhenHidden, Privacy)


def build_item(context: Context, node: Node, renames: Renames) -> ItemDef | None:
    """An item of a form or group; None where its type is not known. `renames` is that of a block in use."""
    datatype = _datatype(context, node)
    id_ = node.text_of("id") or ""
    if datatype is None:
        return None
    _check_keys(context, node, datatype)
    expressions = {key: _renamed(context.expression(node.get(key)), renames) for key in ("when", "default", "only")}
    codelist = _codelist(context, node, datatype)
    return ItemDef(
        renames.get(id_, id_),
        datatype,
        without_values(context.label(node, "label", f"The item {id_!r}", piped=True)),
        mark=node.mark,
        oid=node.text_of("oid"),
        hint=without_values(context.text(node.get("hint"), piped=True)),
        help=context.text(node.get("help")),
        templates={
            **read_templates(context, {part: node.get(part) for part in ("label", "hint")}, renames),
            **_unit_from(context, node, datatype, renames),
        },
        facets=_facets(context, node, datatype, codelist),
        required=_required(context, node, renames),
        when_hidden=_choice(node, "when_hidden", WhenHidden.CLEAR),
        calculate=build_formula(context, node, renames),
        live=node.flag("live"),
        missing=_missing(context, node),
        ranges=build_ranges(context, node, datatype, renames),
        codelist=codelist.id if codelist else None,
        targets=_targets(context, node, datatype, renames),
        elsewhere=_elsewhere(context, node, datatype),
        any_episode=node.text_of("from") == "patient",
        unique=node.flag("unique"),
        privacy=_choice(node, "privacy", Privacy.NORMAL),
        layout=node.text_of("layout"),
        searchable=node.flag("searchable"),
        rights=build_rights(context, node),
        standard={system: part.raw for system, part in node.map_of("standard").items() if part.text is not None},
        annotations=build_annotations(node),
        **expressions,
    )


def _datatype(context: Context, node: Node) -> DataType | None:
    named = node.get("type")
    if named is None:
        if "type" not in node.entries:
            context.error(
                node.key_mark,
                "missing-key",
                f"The item {node.text_of('id') or ''!r} has no `type`. Allowed: {', '.join(DATATYPES)}.",
            )
        return None
    if named.text is not None and named.raw not in DATATYPES:
        context.error(
            named.mark,
            "unknown-type",
            f"There is no type {named.raw!r}.{nearest(named.raw, DATATYPES)} Allowed: {', '.join(DATATYPES)}.",
        )
    return DATATYPES.get(named.raw)


def _check_keys(context: Context, node: Node, datatype: DataType) -> None:
    """Report keys that do not fit the type, or do not go together, and those that the type needs."""
    name = datatype.name
    for key, part in node.entries.items():
        if key in TYPE_KEYS and TYPE_KEYS[key] not in datatype.options and key not in datatype.options:
            fitting = [other for other, type_ in DATATYPES.items() if TYPE_KEYS[key] in type_.options]
            context.error(
                part.key_mark,
                "key-not-for-type",
                f"{key!r} means nothing for the type {name}. It belongs to: {', '.join(fitting)}.",
            )
        elif key in ("default", *RULES) and datatype.kind in (Kind.REFERENCE, Kind.FILE):
            context.error(
                part.key_mark, "key-not-for-type", f"{key!r} means nothing for a {name}: no expression gives one."
            )
        elif datatype.kind is Kind.NOTHING and key not in SHOWN_KEYS and key not in TYPE_KEYS:
            context.error(
                part.key_mark, "key-not-for-type", f"{key!r} means nothing for a {name}, which holds no value."
            )
    if "decimals" in datatype.options and "decimals" not in node.entries:
        context.error(
            node.key_mark,
            "decimals-missing",
            f"The {name} {node.text_of('id') or ''!r} does not say its `decimals`: how many digits after the point are kept? Add `decimals: 1`.",
        )
    if node.entries.keys() & set(RULES):
        for key in ENTERED_KEYS:
            given = node.get(key)
            if given is not None and given.value is not False:
                context.error(
                    given.key_mark,
                    "key-with-calculate",
                    f"{key!r} is for values that people enter; this one is calculated. Delete one of the two keys.",
                )
    elif node.flag("live"):
        context.error(
            node.entries["live"].key_mark,
            "live-without-calculate",
            "`live` says when a calculated value is computed, and there is no `calculate` or `cases` here. Delete it.",
        )


def _renamed(expression: ExpressionText | None, renames: Renames) -> ExpressionText | None:
    return expression if expression is None or not renames else rename_expression(expression, renames)


def _required(context: Context, node: Node, renames: Renames) -> bool | ExpressionText:
    given = node.get("required")
    if given is None or isinstance(given.value, bool):
        return given is not None and given.value is True
    return _renamed(context.expression(given), renames) or False


def _choice(node: Node, key: str, default: _Choice) -> _Choice:
    text = node.text_of(key)
    allowed = type(default)
    return allowed(text) if text in set(allowed) else default


def _texts(node: Node, key: str) -> tuple[str, ...]:
    return tuple(part.raw for part in node.list_of(key) if part.text is not None)


def _missing(context: Context, node: Node) -> MissingList:
    named = node.get("missing")
    if named is None or named.text is None or named.raw == NO_MISSING.id:
        return NO_MISSING
    context.known(
        named, named.raw, [NO_MISSING.id, *context.missing], "unknown-missing-list", "list of missing reasons"
    )
    return context.missing.get(named.raw, NO_MISSING)


def _codelist(context: Context, node: Node, datatype: DataType) -> CodeList | None:
    if not {"codes", "codelist"} & datatype.options:
        return None
    named = node.get("codelist")
    if named is None:
        if "codelist" not in node.entries:
            context.error(
                node.key_mark,
                "no-code-list",
                f"The {datatype.name} item {node.text_of('id') or ''!r} has no `codelist`. Name one of `codelists`.",
            )
        return None
    if named.text is not None:
        context.known(named, named.raw, context.codelists, "unknown-code-list", "code list")
    return context.codelists.get(named.raw)


def _targets(context: Context, node: Node, datatype: DataType, renames: Renames) -> tuple[str, ...]:
    """The groups and forms that a reference may point to; whether they exist is known when all forms are built."""
    if "of" not in datatype.options:
        return ()
    named = node.get("of")
    if named is None:
        if "of" not in node.entries:
            context.error(
                node.key_mark,
                "no-target",
                f"The reference {node.text_of('id') or ''!r} does not say what it points to. Add `of:` with a group or form.",
            )
        return ()
    if named.entries:
        return ()
    if named.elements and datatype.name == "row_ref":
        context.error(
            named.mark,
            "key-not-for-type",
            "A row_ref points to rows of one group: their keys would not tell which. Write `type: record_ref` for several targets.",
        )
    parts = [part for part in named.elements or (named,) if part.text is not None]
    targets = [renames.get(part.raw, part.raw) for part in parts]
    context.references += zip(parts, targets, strict=True)
    return tuple(dict.fromkeys(targets))


def _elsewhere(context: Context, node: Node, datatype: DataType) -> Elsewhere | None:
    """The form of another registry that a reference points to. That registry is a definition of its own: what it has is not known here."""
    named = node.get("of")
    if named is None or not named.entries or "of" not in datatype.options:
        return None
    if datatype.name == "row_ref":
        context.error(
            named.mark,
            "key-not-for-type",
            "A row_ref points to rows of this definition. Write `type: record_ref` for records of another registry.",
        )
    registry, form = (named.text_of(key) or "" for key in ("registry", "form"))
    for text, key in ((registry, "registry"), (form, "form")):
        if key in named.entries:
            context.identifier(text, named.entries[key].mark)
    return Elsewhere(registry, form)


def _facets(context: Context, node: Node, datatype: DataType, codelist: CodeList | None) -> Facets:
    """What the type asks of values. Only what the type allows reaches it: the rest is reported already."""
    stored, units = _units(context, node, datatype)
    return Facets(
        decimals=node.integer("decimals"),
        unit=stored,
        units=units,
        choices=codelist.choices if codelist else {},
        dictionary=codelist is not None and codelist.dictionary,
        open_list=codelist is not None and codelist.external is not None,
        system=codelist.system if codelist else None,
        pattern=_pattern(context, node),
        check=_check(context, node),
        max_length=node.integer("length"),
        media_types=_texts(node, "media"),
        max_bytes=node.integer("max_size"),
    )


def _unit_from(context: Context, node: Node, datatype: DataType, renames: Renames) -> Templates:
    """A unit that other answers decide: shown like a value that is piped into a text."""
    unit = node.get("unit")
    told = unit.get("from") if unit is not None else None
    if unit is None or told is None:
        if unit is not None and isinstance(unit.value, dict) and "store" not in unit.entries:
            context.error(
                unit.mark,
                "missing-key",
                "The key 'store' is missing here. It holds: the unit in which values are stored.",
            )
        return {}
    if "store" in unit.entries or datatype.control is Control.QUANTITY:
        context.error(
            told.key_mark,
            "key-not-for-type",
            "`from` stands alone, at an integer or decimal: a quantity is converted, so it needs one stored unit. Delete one of the keys.",
        )
    expression = _renamed(context.expression(told), renames)
    return (
        {"unit": dict.fromkeys(context.languages, Template(("", ""), (expression,)))} if expression is not None else {}
    )


def _units(context: Context, node: Node, datatype: DataType) -> tuple[str | None, dict[str, Decimal]]:
    unit = node.get("unit")
    if unit is None:
        if datatype.control is Control.QUANTITY and "unit" not in node.entries:
            context.error(
                node.key_mark,
                "unit-missing",
                f"The quantity {node.text_of('id') or ''!r} has no `unit`. Add `unit: {{store: mg/dL, also: …}}`, or make it a decimal.",
            )
        return None, {}
    also = unit.get("also")
    if also is not None and datatype.control is not Control.QUANTITY:
        context.error(
            also.key_mark,
            "key-not-for-type",
            f"Only a quantity is entered in several units; this is a {datatype.name}. Write `type: quantity`.",
        )
    factors = {}
    for name, part in unit.map_of("also").items():
        factor = part.get("per_store")
        if factor is not None and type(factor.value) in (int, Decimal) and factor.value > 0:
            factors[name] = Decimal(factor.value)
    return (unit.text or unit.text_of("store")), factors


def _pattern(context: Context, node: Node) -> str | None:
    written = node.get("pattern")
    if written is None or written.text is None:
        return None
    fault = fault_of_pattern(written.raw)
    if fault is not None:
        context.error(written.mark, *fault)
        return None
    return written.raw


def _check(context: Context, node: Node) -> str | None:
    named = node.get("check")
    if named is None or named.text is None:
        return None
    return named.raw if context.known(named, named.raw, CHECKS, "unknown-check", "check of identifiers") else None
