"""Value lists of ODM 2.0: an item that is asked otherwise where something was answered becomes several, each with its condition."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from engine.expressions.nodes import Apply, Literal, Path, Syntax
from exchange.odm.draft import Draft
from exchange.odm.elements import Element, in_order, local

_SIGNS: Mapping[str, str] = {"LT": "<", "LE": "<=", "GT": ">", "GE": ">=", "EQ": "=", "NE": "!="}


def variants(draft: Draft, element: Element) -> Iterator[tuple[Element, Syntax | None]]:
    """References to the items that stand for one in some rows, and when; None where the file does not say it in elements."""
    ref = element.find("ValueListRef")
    if ref is None:
        return
    version = draft.source.version
    listed = next(
        (part for part in version.iter("ValueListDef") if part.get("OID") == ref.get("ValueListOID")),
        None,
    )
    clauses = {part.get("OID", ""): part for part in version.iter("WhereClauseDef")}
    for part in in_order(listed.findall("ItemRef")) if listed is not None else ():
        if part.get("ItemOID") != element.get("OID"):
            oids = [where.get("WhereClauseOID", "") for where in part.findall("WhereClauseRef")]
            yield part, _joined("or", [_clause(clauses.get(oid)) for oid in oids])


def _clause(clause: Element | None) -> Syntax | None:
    """All range checks of a clause hold."""
    return _joined("and", [_check(part) for part in clause.findall("RangeCheck")]) if clause is not None else None


def _check(check: Element) -> Syntax | None:
    item = next((value for name, value in check.attrib.items() if local(str(name)) == "ItemOID"), "")
    values = [(part.text or "").strip() for part in check.findall("CheckValue")]
    comparator = check.get("Comparator", "").upper()
    path = Path((str(item),), 0)
    if comparator in _SIGNS and len(values) == 1:
        return Apply(_SIGNS[comparator], (path, Literal(values[0], 0)), 0)
    among = _joined("or", [Apply("=", (path, Literal(value, 0)), 0) for value in values])
    if among is None or comparator not in ("IN", "NOTIN"):
        return None
    return among if comparator == "IN" else Apply("not", (among,), 0)


def _joined(op: str, parts: list[Syntax | None]) -> Syntax | None:
    told = tuple(part for part in parts if part is not None)
    if not told or len(told) < len(parts):
        return None
    return told[0] if len(told) == 1 else Apply(op, told, 0)
