"""Rules of ours at an item of a Questionnaire: enableWhen where it can say them, FHIRPath else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from engine.expressions.nodes import Call, Literal, Path, Syntax
from engine.expressions.parser import parse
from engine.expressions.printer import expression_text
from exchange.document import Entry
from exchange.fhir.conditions import Conditions, as_number
from exchange.fhir.extensions import CORE, SDC, UCUM, extend
from exchange.fhir.limit_words import limit_message, needed_message
from exchange.fhir.piping import PIPING, beside, holed, without_values
from exchange.fhir.printing import Printer
from exchange.fhir.printing_aggregates import skips
from exchange.fhir.resources import Json
from exchange.fhir.restoring import kept
from exchange.fhir.texts_out import translations
from exchange.fhir.toggling import toggles
from exchange.fhir.value_sets import ValueSets
from exchange.findings import Finding, Outcome, Part, told
from exchange.rules.meaning import Inexpressible
from exchange.rules.moments import iso_text

_MOMENTS = {"date": "valueDate", "datetime": "valueDateTime", "time": "valueTime"}
_SEVERITIES = {"error": "error", "warning": "warning", "warning_reason": "warning"}
_EMPTY_ROWS = "Rows without a value are left out there; here nothing is known as long as there is one."


@dataclass(frozen=True, slots=True)
class RuleWriter:
    """Writes the rules of one place and tells each."""

    printer: Printer
    value_sets: ValueSets
    findings: list[Finding]
    where: str
    version: str = "R4"

    def of_item(self, made: Json, entry: Entry) -> None:
        """All rules of an item."""
        self.when(made, entry)
        self._required(made, entry)
        if "calculate" in entry or "cases" in entry:
            self._calculation(made, entry)
        if "default" in entry:
            self._default(made, entry)
        if "only" in entry:
            rule = str(entry["only"])
            self._told(rule, lambda: self._offer(made, entry, rule))
        for strength, bounds in entry.get("range", {}).items():
            for index, bound in enumerate(bounds):
                if bound is not None:
                    self._bound(made, entry, index, bound, hard=strength == "hard")

    def when(self, made: Json, entry: Entry) -> None:
        """The condition of an item, section or group."""
        if "when" not in entry:
            return
        rule = str(entry["when"]).lower() if isinstance(entry["when"], bool) else str(entry["when"])
        found = Conditions(self.printer, self.value_sets).enable_when(rule)
        if found is not None:
            made.update(found)
            self._kept(rule)
            return
        self._told(rule, lambda: extend_expression(made, "enableWhenExpression", self.printer.text(rule)))

    def _required(self, made: Json, entry: Entry) -> None:
        required = entry.get("required")
        if isinstance(required, bool):
            made["required"] = required
        elif required is not None:
            rule = f"({required}) is not true or filled({entry['id']})"
            check = {
                "id": f"{entry['id']}_required",
                "assert": rule,
                "message": needed_message(self.value_sets.document["languages"]),
            }
            self._told(rule, lambda: self._put_constraint(made, check, rule), "It is a constraint there.")

    def _calculation(self, made: Json, entry: Entry) -> None:
        rule = str(entry["calculate"]) if "calculate" in entry else _table(entry)
        if isinstance(entry.get("calculate"), bool):
            rule = rule.lower()
        reason = "The calculation gives the code as a text." if entry["type"] == "code" else ""
        self._told(rule, lambda: extend_expression(made, "calculatedExpression", self.printer.text(rule)), reason)
        made["readOnly"] = True

    def _default(self, made: Json, entry: Entry) -> None:
        rule = str(entry["default"]).lower() if isinstance(entry["default"], bool) else str(entry["default"])

        def write() -> None:
            initial = self._initial(entry, parse(rule))
            if initial is not None:
                made["initial"] = [initial]
            else:
                extend_expression(made, "initialExpression", self.printer.text(rule))

        self._told(rule, write)

    def _offer(self, made: Json, entry: Entry, rule: str) -> None:
        codelist = self.printer.links.model.codelists[entry["codelist"]]
        for toggle in toggles(self.printer, rule, codelist, lambda code: self._answer(entry, code)):
            extend(made, toggle)

    def _answer(self, entry: Entry, code: str) -> Json:
        return self.value_sets.answer(entry["codelist"], code, "value")

    def _initial(self, entry: Entry, node: Syntax) -> Json | None:
        """The answer that a constant is; None where it is no constant."""
        match node:
            case Literal(str(text)) if "codelist" in entry:
                return self._answer(entry, text)
            case Literal(str(text)):
                return {"valueString": text}
            case Literal(bool() as truth):
                return {"valueBoolean": truth}
            case Literal(Decimal() as number):
                return self._number(entry, number)
        moment = iso_text(node)
        return {_MOMENTS[entry["type"]]: moment} if moment and entry["type"] in _MOMENTS else None

    def _number(self, entry: Entry, number: Decimal) -> Json:
        if self._is_quantity(entry):
            return {"valueQuantity": {"value": as_number(number), **_unit(entry)}}
        whole = entry["type"] == "integer" and number == number.to_integral_value()
        return {"valueInteger" if whole else "valueDecimal": as_number(number)}

    def _is_quantity(self, entry: Entry) -> bool:
        form = self.printer.names.form
        return form is not None and (form.id, entry["id"]) in self.printer.links.quantities

    # limits ---------------------------------------------------------------------------------------------------------

    def _bound(self, made: Json, entry: Entry, index: int, bound: Any, *, hard: bool) -> None:
        """A constant or expression that is an inclusive limit; others are constraints."""
        name = ("minValue", "maxValue")[index]
        if isinstance(bound, dict) or not hard or not self._is_constant(entry, bound):
            self._limit_as_check(made, entry, index, bound, hard=hard)
            return
        rule = str(bound)

        def write() -> None:
            constant = self._initial(entry, parse(rule)) or {}
            quantity = "valueQuantity" in constant
            url = f"{SDC}sdc-questionnaire-{name.replace('Value', 'Quantity')}" if quantity else f"{CORE}{name}"
            extend(made, {"url": url, **constant})

        self._told(rule, write)

    def _is_constant(self, entry: Entry, bound: Any) -> bool:
        return self._initial(entry, parse(str(bound))) is not None

    def _limit_as_check(self, made: Json, entry: Entry, index: int, bound: Any, *, hard: bool) -> None:
        strict = isinstance(bound, dict)
        limit = next(iter(bound.values())) if strict else bound
        op = (">", "<")[index] + ("" if strict else "=")
        rule = f"{entry['id']} {op} {limit}"
        languages = self.value_sets.document["languages"]
        check = {
            "id": f"{entry['id']}_{'hard' if hard else 'soft'}_{('low', 'high')[index]}",
            "assert": rule,
            "severity": "error" if hard else "warning",
            "message": limit_message(self.printer.names, entry, op, limit, languages, hard=hard),
        }
        self._told(rule, lambda: self._put_constraint(made, check, rule), "It is a constraint there.")

    # constraints ----------------------------------------------------------------------------------------------------

    def constraint(self, made: Json, check: Entry) -> None:
        """A check, at the item it stands at or at the form."""
        rule = str(check["assert"]).lower() if isinstance(check["assert"], bool) else str(check["assert"])
        lost = [key for key in ("blocks", "at", "also_in", "query") if key in check]
        reason = f"Not carried: {', '.join(lost)}." if lost else ""
        self._told(rule, lambda: self._put_constraint(made, check, self._of_row(rule)), reason)

    def _of_row(self, rule: str) -> str:
        """A check of rows that stands at an item of them is judged there."""
        node, groups = self.printer.names.tree(rule), self.printer.names.groups
        match node:
            case Call("all", (Path(parts),), _, (), where) if (
                where is not None and groups and parts == tuple(group.id for group in groups)
            ):
                return expression_text(where)
        return rule

    def _put_constraint(self, made: Json, check: Entry, rule: str) -> None:
        printed = self.printer.text(rule)
        annotated = kept(check)
        key = str(annotated.get("key", check["id"])).replace("_", "-")
        severity = _SEVERITIES[str(check.get("severity", "error"))]
        message = check["message"]
        if holed(message):
            self.findings.append(
                Finding(self.where, Part.TEXT, Outcome.APPROXIMATED, PIPING, message[self.value_sets.base])
            )
        shown = without_values(message)
        human = {"url": "human", "valueString": shown[self.value_sets.base]}
        # beside the text: not all libraries know extensions of an extension's value
        others = [*translations(shown, self.value_sets.base), *beside(message)]
        requirements = (
            [{"url": "requirements", "valueString": annotated["requirements"]}] if "requirements" in annotated else []
        )
        if self.version == "R5":
            expression: Json = {
                "url": "expression",
                "valueExpression": {"language": "text/fhirpath", "expression": printed},
            }
        else:
            expression = {"url": "expression", "valueString": printed}
        parts = [
            {"url": "key", "valueId": key},
            *requirements,
            {"url": "severity", "valueCode": severity},
            expression,
            human,
            *others,
        ]
        url = f"{CORE}targetConstraint" if self.version == "R5" else f"{CORE}questionnaire-constraint"
        extend(made, {"url": url, "extension": parts})

    # telling --------------------------------------------------------------------------------------------------------

    def _kept(self, rule: str) -> None:
        self.findings.append(Finding(self.where, Part.RULE, found=rule))

    def _told(self, rule: str, write: Callable[[], None], reason: str = "") -> None:
        try:
            write()
        except Inexpressible as fault:
            self.findings.append(Finding(self.where, Part.RULE, Outcome.DROPPED, str(fault), rule))
            return
        reasons = " ".join(filter(None, (reason, _EMPTY_ROWS if skips(self.printer.names.tree(rule)) else "")))
        self.findings.append(told(self.where, Part.RULE, reasons, rule))


def _table(entry: Entry) -> str:
    """A decision table as conditions in one another."""
    made = "null"
    for row in reversed(entry["cases"]):
        made = (
            _value(entry, row["else"])
            if "else" in row
            else f"if({row['when']}, {_value(entry, row.get('then'))}, {made})"
        )
    return made


def _value(entry: Entry, value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    text = str(value)
    is_code = entry["type"] == "code" and not text.startswith("'") and "(" not in text
    return f"'{text}'" if is_code else text


def _unit(entry: Entry) -> Json:
    unit = entry.get("unit")
    stored = unit.get("store") if isinstance(unit, dict) else unit
    return {"system": UCUM, "code": stored} if stored else {}


def extend_expression(made: Json, name: str, text: str) -> None:
    """Add an expression of SDC."""
    expression = {"language": "text/fhirpath", "expression": text}
    extend(made, {"url": f"{SDC}sdc-questionnaire-{name}", "valueExpression": expression})
