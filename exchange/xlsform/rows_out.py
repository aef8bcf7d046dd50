"""Items, groups and sections as rows of the sheet `survey`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from pyxform.utils import default_is_dynamic

from engine.definitions.source import number_of
from engine.expressions.nodes import Apply, Call, Literal, Path, Syntax
from engine.expressions.parser import parse
from engine.expressions.printer import expression_text
from engine.model.form import FormDef, GroupDef, SectionDef
from engine.model.item import ItemDef
from exchange.document import Entry
from exchange.findings import Finding, Outcome
from exchange.findings import Part as Told
from exchange.identifiers import snake
from exchange.rules.meaning import Inexpressible, why_not
from exchange.xlsform import kinds
from exchange.xlsform.checks_out import constraint, plain_of
from exchange.xlsform.choices import SYSTEM
from exchange.xlsform.items import usual_type
from exchange.xlsform.naming import Naming
from exchange.xlsform.outward import XPathOut
from exchange.xlsform.parked import DECIMALS, ID, OID, TYPE, WAS, parked
from exchange.xlsform.printing import fixed
from exchange.xlsform.texts_out import TextsOut

_ORDER = (
    "list_name", "type", "name", "label", "hint", "guidance_hint", "required", "relevant", "constraint", "constraint_message", "calculation",
    "default", "choice_filter", "appearance", "read_only", "repeat_count",
)  # fmt: skip
_TYPES: Mapping[str, str] = {
    "heading": "note", "note": "note", "integer": "integer", "decimal": "decimal", "quantity": "decimal", "date": "date", "datetime": "dateTime",
    "time": "time", "text": "text", "long_text": "text", "identifier": "text", "partial_date": "text", "row_ref": "text", "record_ref": "text",
}  # fmt: skip
_ONLY_LIKE: Mapping[str, str] = {
    "quantity": "A unit is not asked for; the number is that of the stored unit.",
    "partial_date": "A date of which only the year may be known is a text there.",
    "row_ref": "A reference to a row is a text there.",
    "record_ref": "A reference to a record is a text there.",
}
_LOST = (
    "missing", "check", "unit", "unique", "privacy", "searchable", "see", "edit", "standard", "when_hidden", "layout",
    "max_size",
)  # fmt: skip
_NO_PLACE = "A workbook has no place for: "


@dataclass(slots=True)
class Sheet:
    """Rows by column."""

    rows: list[dict[str, str]] = field(default_factory=list)

    @property
    def columns(self) -> list[str]:
        """Known ones first, each with its languages."""
        found = list(dict.fromkeys(column for row in self.rows for column in row))
        place = {name: at for at, name in enumerate(_ORDER)}
        return sorted(found, key=lambda column: place.get(column.split("::")[0], len(_ORDER)))


@dataclass(slots=True)
class Rows:
    """Makes rows. `lists` gathers the lists of yes and no that they name, `placed` the checks that they carry."""

    texts: TextsOut
    naming: Naming
    document: Entry
    findings: list[Finding]
    lists: list[str] = field(default_factory=list)
    placed: set[tuple[str, str]] = field(default_factory=set)
    refused: dict[tuple[str, str], str] = field(default_factory=dict)

    def identity(self, part: SectionDef | GroupDef | ItemDef, entry: Entry) -> dict[str, str]:
        """The name, and what it is called here where that says otherwise."""
        name, oid = self.naming.part(part), entry.get("oid", "")
        row = {"name": name}
        if snake(name) != part.id or name != (oid or part.id):
            row[ID] = part.id
            if oid:
                row[OID] = oid
        return row

    # parts ------------------------------------------------------------------------------------------------------------

    def section(self, section: SectionDef, entry: Entry, form: FormDef) -> dict[str, str]:
        """`begin group`."""
        where = f"{form.id}.{section.id}"
        row = {"type": "begin group", **self.identity(section, entry)}
        row.update(self.texts.columns("label", entry.get("title", {}), form, (), where))
        row.update(self.texts.columns("hint", entry.get("note", {}), form, (), where))
        self._when(row, entry, self._out(form, ()), where)
        row.update(self.texts.annotations(entry, row))
        self.findings.append(Finding(where, Told.LAYOUT))
        return row

    def group(self, group: GroupDef, entry: Entry, form: FormDef, groups: tuple[GroupDef, ...]) -> dict[str, str]:
        """`begin repeat`."""
        where = f"{form.id}.{group.id}"
        row = {"type": "begin repeat", **self.identity(group, entry)}
        row.update(self.texts.columns("label", entry.get("title", {}), form, groups, where))
        out = self._out(form, groups)
        self._when(row, entry, out, where)
        rows = entry.get("rows", {})
        if rows.get("min") is not None and rows.get("min") == rows.get("max"):
            row["repeat_count"] = str(rows["max"])
        self._counted(row, group, entry, form, out)
        lost = [f"rows.{key}" for key in ("title", "per") if key in rows] + [
            key for key in ("key", "see", "edit") if key in entry
        ]
        if rows and "repeat_count" not in row:
            lost += [f"rows.{key}" for key in ("min", "max") if key in rows]
        self._tell_layout(where, lost)
        row.update(self.texts.annotations(entry, row))
        return row

    def _tell_layout(self, where: str, lost: list[str]) -> None:
        if lost:
            self.findings.append(
                Finding(where, Told.LAYOUT, Outcome.APPROXIMATED, f"{_NO_PLACE}{', '.join(lost)}.", ", ".join(lost))
            )
        else:
            self.findings.append(Finding(where, Told.LAYOUT))

    def _counted(self, row: dict[str, str], group: GroupDef, entry: Entry, form: FormDef, out: XPathOut) -> None:
        """A check that came from a `repeat_count` is that again."""
        for check in self.document["forms"][form.id].get("checks", ()):
            if check.get("annotations", {}).get(SYSTEM, {}).get("repeat_count") != (group.oid or group.id):
                continue
            ours = str(check["assert"])
            wanted = _wanted_rows(parse(ours), group.id)
            where = f"{form.id}.{group.id}"
            if wanted is None:
                continue
            if self.rule(row, "repeat_count", where, ours, partial(out.value_of, expression_text(wanted))):
                self.placed.add((form.id, check["id"]))

    def item(self, item: ItemDef, entry: Entry, form: FormDef, groups: tuple[GroupDef, ...]) -> dict[str, str]:
        """A question."""
        where = f"{form.id}.{item.id}"
        out = self._out(form, groups)
        row = {"type": self._type(item, entry), **self.identity(item, entry)}
        row.update(self.texts.columns("hint", entry.get("hint", {}), form, groups, where))
        row.update(self.texts.columns("guidance_hint", entry.get("help", {}), None, (), where))
        self._when(row, entry, out, where)
        self._value(row, item, entry, out, where)
        self._required(row, entry, out, where)
        constraint(self, row, item, entry, form, out, where)
        if "only" in entry:
            narrowing = replace(out, listed=item.codelist or "")
            self.rule(row, "choice_filter", where, str(entry["only"]), lambda: narrowing.tree_of(str(entry["only"])))
        if entry["type"] == "long_text":
            kept = entry.get("annotations", {}).get(SYSTEM, {}).get("appearance", "")
            row["appearance"] = f"multiline {kept}".strip()
        self._ours(row, entry)
        for column, text in self.texts.annotations(entry, row).items():
            if column != parked("appearance") or entry["type"] != "long_text":
                row.setdefault(column, text)
        label = entry.get("label", {})
        if not (row["type"] == "calculate" and set(label.values()) == {row["name"]}):
            row.update(self.texts.columns("label", label, form, groups, where))
        self._tell(row, entry, where)
        return row

    def _out(self, form: FormDef, groups: tuple[GroupDef, ...]) -> XPathOut:
        return XPathOut(self.naming.names_at(form, groups), naming=self.naming)

    def _tell(self, row: Mapping[str, str], entry: Entry, where: str) -> None:
        reasons = [_ONLY_LIKE[entry["type"]]] if entry["type"] in _ONLY_LIKE else []
        lost = [key for key in _LOST if key in entry]
        if "soft" in entry.get("range", {}):
            lost.append("range.soft")
        reasons.extend([f"{_NO_PLACE}{', '.join(lost)}."] if lost else [])
        if entry.get("codelist") and not row["type"].startswith(("select", "rank", "calculate")):
            reasons.append("Codes of a dictionary that others keep are typed there.")
        if reasons:
            self.findings.append(Finding(where, Told.ITEM, Outcome.APPROXIMATED, " ".join(reasons), str(entry["type"])))
        else:
            self.findings.append(Finding(where, Told.ITEM))

    def _ours(self, row: dict[str, str], entry: Entry) -> None:
        """What a reader of ours needs to make the same item again."""
        if entry["type"] == "heading":
            row[TYPE] = "heading"
        written = entry.get("annotations", {}).get(SYSTEM, {}).get("type", "")
        if written and written != row["type"] and not row["type"].startswith(("select", "rank")):
            row[WAS] = written
        elif row["type"] == "calculate" and "calculation" not in row:
            row.update({"type": "text", WAS: "calculate"})
        if entry.get("decimals") not in (None, kinds.DECIMALS):
            row[DECIMALS] = str(entry["decimals"])

    # types ------------------------------------------------------------------------------------------------------------

    def _type(self, item: ItemDef, entry: Entry) -> str:
        written = str(entry.get("annotations", {}).get(SYSTEM, {}).get("type", ""))
        kind = entry["type"]
        calculated = "calculate" in entry or "cases" in entry
        if kind in ("code", "codes"):
            return self._choosing(item, written)
        if kind == "boolean" and not calculated and (not written or written.startswith("select")):
            return self._yes_no(written)
        if written and (kinds.asked(written) is not None or kinds.is_calculated(written)):
            return written
        return usual_type(entry) if calculated or kind == "file" else _TYPES.get(kind, "text")

    def _choosing(self, item: ItemDef, written: str) -> str:
        listed = self.document["codelists"].get(item.codelist, {})
        if "codes" not in listed:
            return "text"
        if written == "calculate":
            return written
        how = (
            "rank"
            if written.startswith("rank")
            else "select_one"
            if item.datatype.name == "code"
            else "select_multiple"
        )
        return f"{how} {self.naming.listed(item.codelist or '')}"

    def _yes_no(self, written: str) -> str:
        named = kinds.choosing(written)
        name = named.list_name if named is not None else "yes_no"
        while name in self.naming.of_list.values():
            name += "_1_0"
        self.lists.append(name)
        return f"select_one {name}"

    # rules ------------------------------------------------------------------------------------------------------------

    def rule(self, row: dict[str, str], column: str, where: str, ours: str, make: Callable[[], Syntax]) -> bool:
        """A rule as a cell; what XPath cannot say is told."""
        try:
            row[column] = fixed(make())
        except (Inexpressible, LookupError) as fault:
            self.findings.append(Finding(where, Told.RULE, Outcome.DROPPED, why_not(fault), ours))
            return False
        self.findings.append(Finding(where, Told.RULE))
        return True

    def _when(self, row: dict[str, str], entry: Entry, out: XPathOut, where: str) -> None:
        if "when" in entry:
            text = plain_of(entry["when"])
            self.rule(row, "relevant", where, text, lambda: out.tree_of(text))

    def _required(self, row: dict[str, str], entry: Entry, out: XPathOut, where: str) -> None:
        required = entry.get("required")
        if required is True:
            row["required"] = "yes"
        elif required:
            self.rule(row, "required", where, str(required), lambda: out.tree_of(str(required)))

    def _value(self, row: dict[str, str], item: ItemDef, entry: Entry, out: XPathOut, where: str) -> None:
        formula = entry.get("calculate")
        if "cases" in entry:
            formula = _nested(entry["cases"], entry)
        if formula is not None:
            text = plain_of(formula)
            done = self.rule(row, "calculation", where, text, lambda: _as_value(out, text, entry["type"]))
            if done and row["type"] not in ("calculate", "note"):
                row["read_only"] = "yes"
            if not done and row["type"] == "calculate":
                row["type"] = "text"
        elif "default" in entry and row["type"] not in ("start", "end", "today"):
            text = plain_of(entry["default"])
            constant = _constant(text, row["type"])
            if constant is not None:
                row["default"] = constant
            else:
                self.rule(row, "default", where, text, lambda: _as_default(out, text))


def _nested(cases: list[Entry], entry: Entry) -> str:
    """A decision table as `if`s in one another."""
    made = "null"
    for case in reversed(cases):
        value = case.get("else", case.get("then"))
        text = "null" if value is None else plain_of(value)
        if (
            entry["type"] == "code"
            and value is not None
            and text.replace("_", "").isalnum()
            and not text.startswith("'")
        ):
            text = f"'{text}'"
        made = text if "else" in case else f"if({plain_of(case['when'])}, {text}, {made})"
    return made


def _as_value(out: XPathOut, text: str, kind: str) -> Syntax:
    """A condition is a value there too; what is missing is no text."""
    if kind == "boolean":
        return out.tree_of(text)
    found = out.value_of(text)
    if kind == "date" and isinstance(found, Call) and found.name == "date":  # else a time would stand behind the date
        return Call("format-date", (found, Literal("%Y-%m-%d", 0)), 0)
    return found


def _as_default(out: XPathOut, text: str) -> Syntax:
    """A text that looks like an expression is one, so that it is not taken for another."""
    found = out.value_of(text)
    return Call("string", (found,), 0) if isinstance(found, Literal) and isinstance(found.value, str) else found


def _wanted_rows(tree: Syntax, group: str) -> Syntax | None:
    """Of `count(g) = n` the n."""
    if isinstance(tree, Call) and tree.name == "all" and tree.where is not None:
        tree = tree.where
    if isinstance(tree, Apply) and tree.op == "or":
        tree = tree.args[-1]
    match tree:
        case Apply("=", (Call("count", (Path((name,)),), _), wanted), _) if name == group:
            return wanted
    return None


def _constant(text: str, written: str) -> str | None:
    """A default that is no expression there."""
    try:
        tree = parse(text)
    except ValueError:
        return None
    match tree:
        case Literal(bool() as truth):
            return ("OK" if truth else "") if written in ("acknowledge", "trigger") else str(int(truth))
        case Literal(str() as words) if words == words.strip() and not default_is_dynamic(words, written):
            return words
        case Call("make_date", (Literal(), Literal(), Literal()), _):
            year, month, day = (int(part.value) for part in tree.args)  # type: ignore[union-attr, arg-type]
            return f"{year:04d}-{month:02d}-{day:02d}"
    return text if number_of(text) is not None else None
