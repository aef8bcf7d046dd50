"""What functions of our language are in FHIRPath: a row each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from engine.expressions.arithmetic import plain
from engine.expressions.nodes import Apply, Call, Listing, Literal, Path, Syntax
from engine.expressions.printer import expression_text
from exchange.fhir.printing import (
    ATOM,
    OR,
    PRODUCT,
    SIGN,
    SUM,
    UNION,
    Printed,
    Printer,
    Writer,
    literal_text,
    quoted,
)
from exchange.rules.meaning import Inexpressible
from exchange.rules.moments import iso_text

# functions --------------------------------------------------------------------------------------------------------


def _method(name: str, *fixed: str) -> Writer:
    def write(printer: Printer, args: Sequence[Syntax]) -> Printed:
        inside = [*(printer.part(arg) for arg in args[1:]), *fixed]
        return f"{printer.receiver(args[0])}.{name}({', '.join(inside)})", ATOM

    return write


def _if(printer: Printer, args: Sequence[Syntax]) -> Printed:
    """Ours gives nothing where the condition is unknown, theirs the second value."""
    test, then, otherwise = args
    remainder = _remainder(printer, args)
    if remainder is not None:
        return remainder
    sure = never_unknown(test)
    if isinstance(test, Apply) and _is_true(test):
        test = test.args[0]
    condition, first, second = printer.part(test), printer.part(then), printer.part(otherwise)
    if not sure and second != "{}":
        second = f"iif({printer.receiver(test)}.exists(), {second}, {{}})"
    return f"iif({condition}, {first}, {second})", ATOM


def _is_true(node: Syntax) -> bool:
    return (
        isinstance(node, Apply)
        and node.op == "is"
        and isinstance(node.args[1], Literal)
        and node.args[1].value == "true"
    )


def _remainder(printer: Printer, args: Sequence[Syntax]) -> Printed | None:
    """`if(a < 0, -mod(-a, b), mod(a, b))` has the sign of the left side, as theirs."""
    match args:
        case (
            Apply("<", (left, Literal(Decimal())), _),
            Apply("negative", (Call("mod"),), _),
            Call("mod", (same, size), _),
        ) if plain_equal(left, same):
            return printer.joined("mod", (left, size))
    return None


def plain_equal(left: Syntax, right: Syntax) -> bool:
    """Whether two parts say the same, wherever they stand."""
    return expression_text(left) == expression_text(right)


def never_unknown(node: Syntax) -> bool:
    """Whether a condition is true or false whatever was answered."""
    match node:
        case Apply("and" | "or" | "not", args, _):
            return all(map(never_unknown, args))
        case Apply("is", _, _) | Call("filled" | "empty" | "has_any" | "any", _, _) | Literal(bool()):
            return True
        case Apply("in", (Literal(), Path()), _):
            return True
    return False


def _filled(printer: Printer, args: Sequence[Syntax]) -> Printed:
    return f"{printer.receiver(args[0])}.exists()", ATOM


def _empty(printer: Printer, args: Sequence[Syntax]) -> Printed:
    return f"{printer.receiver(args[0])}.empty()", ATOM


def _coalesce(printer: Printer, args: Sequence[Syntax]) -> Printed:
    first, *rest = args
    if not rest:
        return printer.printed(first)
    others = _coalesce(printer, rest)[0]
    return f"iif({printer.receiver(first)}.exists(), {printer.part(first)}, {others})", ATOM


def _concat(printer: Printer, args: Sequence[Syntax]) -> Printed:
    """With `&` where what is missing counts as a text without characters."""
    plain_parts = [_without_nothing(arg) for arg in args]
    if all(part is not None or isinstance(arg, Literal) for part, arg in zip(plain_parts, args, strict=True)) and any(
        plain_parts
    ):
        texts = [part if part is not None else arg for part, arg in zip(plain_parts, args, strict=True)]
        return printer.joined("&", texts)
    return printer.joined("+", args)


def _without_nothing(node: Syntax) -> Syntax | None:
    match node:
        case Call("coalesce", (part, Literal("", _)), _):
            return part
    return None


def _round(printer: Printer, args: Sequence[Syntax]) -> Printed:
    places = printer.part(args[1]) if len(args) > 1 else "0"
    return f"{printer.receiver(args[0])}.round({places})", ATOM


def _truncate(printer: Printer, args: Sequence[Syntax]) -> Printed:
    match args:
        case (Apply("/", parts, _),):
            return printer.joined("div", parts)
    if len(args) > 1:
        raise Inexpressible("truncate() with decimals has no counterpart in FHIRPath.")
    return f"{printer.receiver(args[0])}.truncate()", ATOM


def _mod(printer: Printer, args: Sequence[Syntax]) -> Printed:
    """Ours has the sign of the divisor."""
    left, right = args
    if isinstance(left, Call) and left.name in ("year", "month", "day", "abs", "count", "length"):
        return printer.joined("mod", args)
    quotient = f"({printer.part(left, PRODUCT)} / {printer.part(right, SIGN)}).floor()"
    return f"{printer.part(left, SUM)} - {printer.part(right, SIGN)} * {quotient}", SUM


def _attribute(printer: Printer, args: Sequence[Syntax]) -> Printed:
    path, name = args
    if not isinstance(path, Path) or not isinstance(name, Literal):
        raise Inexpressible("An attribute of a code that is no answer is read.")
    if name.value == "value":
        return f"{printer.choice(path)}.ordinal()", ATOM
    spot = printer.names.spot(path)
    codes = printer.links.model.codelists[spot.item.codelist or ""]
    if codes.external is not None or len(codes.choices) > 40:
        raise Inexpressible(f"The attribute {name.value} of {len(codes.choices)} codes is read.")
    made = "{}"
    for code in reversed(list(codes.choices)):
        value = codes.attribute(code, str(name.value))
        if isinstance(value, tuple):
            raise Inexpressible(f"The attribute {name.value} holds several texts.")
        made = f"iif({printer.answer(path)} = {quoted(code)}, {literal_text(Literal(value, 0))[0]}, {made})"
    return made, ATOM


def _label(printer: Printer, args: Sequence[Syntax]) -> Printed:
    if not isinstance(args[0], Path):
        raise Inexpressible("The label of a code that is no answer is read.")
    return f"{printer.choice(args[0])}.display", ATOM


def _has_any(printer: Printer, args: Sequence[Syntax]) -> Printed:
    among, wanted = args
    codes = wanted.items if isinstance(wanted, Listing) else (wanted,)
    return printer.joined("or", [Apply("in", (code, among), 0) for code in codes])


def _one_of(name: str) -> Writer:
    """Functions that take one text or several."""

    def write(printer: Printer, args: Sequence[Syntax]) -> Printed:
        text, wanted = args
        found = [f"{printer.receiver(text)}.{name}({printer.part(one)})" for one in _listed(wanted)]
        return " or ".join(found), ATOM if len(found) == 1 else OR

    return write


def _listed(node: Syntax) -> Sequence[Syntax]:
    return node.items if isinstance(node, Listing) else (node,)


def _matches(printer: Printer, args: Sequence[Syntax]) -> Printed:
    text, patterns = args
    made = []
    for pattern in _listed(patterns):
        if not isinstance(pattern, Literal):
            raise Inexpressible("The pattern is no constant.")
        found = str(pattern.value)
        whole = f"^(?:{found})$" if "|" in found and not found.startswith("(?:") else f"^{found}$"
        made.append(f"{printer.receiver(text)}.matches({quoted(whole)})")
    return " or ".join(made), ATOM if len(made) == 1 else OR


def _substring(printer: Printer, args: Sequence[Syntax]) -> Printed:
    text, start, *length = args
    before = printer.part(_less_one(start))
    return f"{printer.receiver(text)}.substring({', '.join([before, *(printer.part(one) for one in length)])})", ATOM


def _less_one(node: Syntax) -> Syntax:
    if isinstance(node, Literal) and isinstance(node.value, Decimal):
        return Literal(node.value - 1, 0)
    match node:
        case Apply("+", (part, Literal(Decimal() as number, _)), _) if number == 1:
            return part
    return Apply("-", (node, Literal(Decimal(1), 0)), 0)


def _position(printer: Printer, args: Sequence[Syntax]) -> Printed:
    return f"{printer.receiver(args[0])}.indexOf({printer.part(args[1])}) + 1", SUM


def _constant_moment(name: str) -> Writer:
    def write(_printer: Printer, args: Sequence[Syntax]) -> Printed:
        text = iso_text(Call(name, tuple(args), 0))
        if text is None:
            raise Inexpressible("A date or time is made of parts that are no constants.")
        return "@" + ("T" if name == "make_time" else "") + text, ATOM

    return write


def _sorts_before(printer: Printer, args: Sequence[Syntax]) -> Printed:
    return printer.joined("<", args)


def _moved(unit: str) -> Writer:
    def write(printer: Printer, args: Sequence[Syntax]) -> Printed:
        moment, number = args
        if not isinstance(number, Literal) or not isinstance(number.value, Decimal):
            raise Inexpressible("A date is moved by a number that is no constant.")
        sign = "-" if number.value < 0 else "+"
        return f"{printer.part(moment, SUM)} {sign} {plain(abs(number.value))} {unit}", SUM

    return write


def _digits(start: int, length: int) -> Writer:
    def write(printer: Printer, args: Sequence[Syntax]) -> Printed:
        return f"{printer.receiver(args[0])}.toString().substring({start}, {length}).toInteger()", ATOM

    return write


def _completed_years(printer: Printer, args: Sequence[Syntax]) -> Printed:
    """Years that end on the birthday, that of 29 February on 1 March."""

    def number(name: str, of: Syntax) -> Syntax:
        return Call(name, (of,), 0)

    def in_year(of: Syntax) -> Syntax:
        return Apply("+", (Apply("*", (number("month", of), Literal(Decimal(100), 0)), 0), number("day", of)), 0)

    start, end = args
    years = Apply("-", (number("year", end), number("year", start)), 0)
    early = Apply("is", (Apply("<", (in_year(end), in_year(start)), 0), Literal("true", 0)), 0)
    one, none = Literal(Decimal(1), 0), Literal(Decimal(0), 0)
    return printer.printed(Apply("-", (years, Call("if", (early, one, none), 0)), 0))


def _count_true(printer: Printer, args: Sequence[Syntax]) -> Printed:
    return " + ".join(f"iif({printer.part(arg)}, 1, 0)" for arg in args), SUM


def _among(name: str) -> Writer:
    def write(printer: Printer, args: Sequence[Syntax]) -> Printed:
        parts = " | ".join(printer.part(arg, UNION + 1) for arg in args)
        return f"({parts}).{name}()", ATOM

    return write


def _parameter(printer: Printer, args: Sequence[Syntax]) -> Printed:
    name = args[0]
    key = str(name.value) if isinstance(name, Literal) else ".".join(name.parts) if isinstance(name, Path) else ""
    parameter = printer.links.model.parameters.get(key)
    if parameter is None or len(parameter.values) != 1:
        raise Inexpressible(f"The parameter {key} has values of several times.")
    return literal_text(Literal(parameter.values[0][1], 0))


def _clock(name: str) -> Writer:
    return lambda _printer, _args: (f"{name}()", ATOM)


FUNCTIONS: Mapping[str, Writer] = {
    "if": _if,
    "filled": _filled,
    "empty": _empty,
    "coalesce": _coalesce,
    "abs": _method("abs"),
    "floor": _method("floor"),
    "ceil": _method("ceiling"),
    "round": _round,
    "truncate": _truncate,
    "mod": _mod,
    "sqrt": _method("sqrt"),
    "exp": _method("exp"),
    "ln": _method("ln"),
    "log10": _method("log", "10"),
    "number": _method("toInteger"),
    "number_of": _method("toDecimal"),
    "text_of": _method("toString"),
    "count_true": _count_true,
    "least": _among("min"),
    "greatest": _among("max"),
    "length": _method("length"),
    "lower": _method("lower"),
    "upper": _method("upper"),
    "trim": _method("trim"),
    "replace": _method("replace"),
    "concat": _concat,
    "starts_with": _one_of("startsWith"),
    "ends_with": _one_of("endsWith"),
    "contains": _one_of("contains"),
    "matches": _matches,
    "substring": _substring,
    "position_of": _position,
    "has_any": _has_any,
    "attr": _attribute,
    "label": _label,
    "param": _parameter,
    "today": _clock("today"),
    "now": _clock("now"),
    "date": _method("toDate"),
    **{name: _constant_moment(name) for name in ("make_date", "make_time", "at_time")},
    "sorts_before": _sorts_before,
    "add_days": _moved("days"),
    "add_months": _moved("months"),
    "add_hours": _moved("hours"),
    "year": _digits(0, 4),
    "month": _digits(5, 2),
    "day": _digits(8, 2),
    "completed_years": _completed_years,
}
