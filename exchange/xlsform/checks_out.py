"""Ranges, patterns and checks -> the column `constraint`."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from engine.expressions.nodes import Apply, Call, Literal, Path, Syntax, walk
from engine.expressions.printer import expression_text
from engine.model.form import FormDef
from engine.model.item import ItemDef
from exchange.document import Entry
from exchange.findings import Finding
from exchange.findings import Part as Told
from exchange.rules.meaning import Inexpressible, why_not
from exchange.xlsform.choices import SYSTEM
from exchange.xlsform.outward import XPathOut
from exchange.xlsform.printing import SELF, fixed

if TYPE_CHECKING:
    from exchange.xlsform.rows_out import Rows


def constraint(
    rows: Rows, row: dict[str, str], item: ItemDef, entry: Entry, form: FormDef, out: XPathOut, where: str
) -> None:
    """What an item and the checks that stand at it forbid, as one cell."""
    built = _own_constraints(entry)
    messages: list[dict[str, str]] = []
    judging = replace(out, own=item.id)
    for op, bound in _bounds(entry) if row["type"] not in ("range", "percentage") else []:
        cell: dict[str, str] = {}
        make = partial(_against, judging, op, bound)
        if rows.rule(cell, "constraint", where, bound, make):
            built.append(cell["constraint"])
    for check in rows.document["forms"][form.id].get("checks", ()):
        found = _check(rows, check, item, form, judging)
        if found is not None:
            built.append(found)
            if check.get("annotations", {}).get(SYSTEM, {}).get("constraint_message") != "":
                messages.append(check.get("message", {}))
    if not built:
        return
    row["constraint"] = (
        built[0] if len(built) == 1 else " and ".join(f"({part})" if " or " in part else part for part in built)
    )
    if messages:
        joined = {
            code: " ".join(dict.fromkeys(message[code] for message in messages if message.get(code)))
            for code in rows.texts.languages
        }
        row.update(rows.texts.columns("constraint_message", joined, form, judging.names.groups, where))
    elif "pattern" in entry and not any(
        name.startswith("constraint_message") for name in entry.get("annotations", {}).get(SYSTEM, {})
    ):
        row.update(rows.texts.columns("constraint_message", entry.get("hint", {}), form, judging.names.groups, where))


def _check(rows: Rows, check: Entry, item: ItemDef, form: FormDef, judging: XPathOut) -> str | None:
    """The condition of a check that stands at this item."""
    key = (form.id, check["id"])
    if key in rows.placed or "repeat_count" in check.get("annotations", {}).get(SYSTEM, {}):
        return None
    try:
        tree = judging.names.tree(plain_of(check["assert"]))
        at = check.get("on") or _first_item(tree)
        if at != item.id:
            return None
        _forbids(check)
        if isinstance(tree, Call) and tree.name == "all" and tree.where is not None and judging.names.groups:
            tree = tree.where
        text = fixed(judging.constraint(expression_text(tree)))
    except (Inexpressible, LookupError) as fault:
        rows.refused[key] = why_not(fault)
        return None
    rows.placed.add(key)
    rows.findings.append(Finding(f"{form.id}.{check['id']}", Told.RULE))
    return text


def plain_of(value: Any) -> str:
    """An expression as text: `true` may stand there as a truth value."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _forbids(check: Entry) -> None:
    if check.get("severity", "error") != "error":
        raise Inexpressible("A constraint forbids; a warning has no counterpart in a workbook.")


def _against(out: XPathOut, op: str, bound: str) -> Syntax:
    return Apply(op, (SELF, out.value_of(bound)), 0)


def _own_constraints(entry: Entry) -> list[str]:
    found = []
    if "pattern" in entry:
        found.append(
            fixed(Call("regex", (SELF, Literal(entry["pattern"], 0)), 0))
            if not {"'", '"'} <= set(entry["pattern"])
            else "true()"
        )
    if "length" in entry:
        found.append(f"string-length(.) <= {entry['length']}")
    return found


def _bounds(entry: Entry) -> list[tuple[str, str]]:
    """The ends of a range: operator and our expression."""
    found = []
    for end, (op, beyond) in zip(entry.get("range", {}).get("hard", ()), ((">", "over"), ("<", "under")), strict=False):
        if isinstance(end, dict):
            found.append((op, plain_of(end[beyond])))
        elif end is not None:
            found.append((f"{op}=", plain_of(end)))
    return found


def _first_item(tree: Syntax) -> str:
    return next((node.parts[-1] for node in walk(tree) if isinstance(node, Path)), "")
