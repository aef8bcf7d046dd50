"""Two-valued syntax tree -> REDCap's logic. What has no word there is refused with its name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from engine.expressions.arithmetic import plain
from engine.expressions.nodes import Apply, Call, Listing, Literal, Path, Syntax
from exchange.rules.meaning import Inexpressible

Spellings = Mapping[str, Mapping[str, str]]  # variable -> code of ours -> REDCap's, where they differ

_OR, _AND, _COMPARE, _SUM, _PRODUCT, _SIGN, _POWER, _ATOM = range(1, 9)
_BINDS: Mapping[str, int] = {
    "or": _OR,
    "and": _AND,
    **dict.fromkeys(("=", "!=", "<", "<=", ">", ">="), _COMPARE),
    "+": _SUM,
    "-": _SUM,
    "*": _PRODUCT,
    "/": _PRODUCT,
    "negative": _SIGN,
    "^": _POWER,
}
_SIGNS: Mapping[str, str] = {"!=": "<>"}
_QUOTES = ("'", '"')

# Functions that are called as ours are, by their name there.
_ALIKE: Mapping[str, str] = {
    "if": "if",
    "sum": "sum",
    "mean": "mean",
    "least": "min",
    "greatest": "max",
    "sqrt": "sqrt",
    "abs": "abs",
    "exp": "exponential",
    "ln": "log",
    "mod": "mod",
    "length": "length",
    "lower": "lower",
    "upper": "upper",
    "trim": "trim",
    "concat": "concat",
    "replace": "replace_text",
    "year": "year",
    "month": "month",
    "day": "day",
    "hour": "hour",
    "minute": "minute",
}
_PLACES: Mapping[str, str] = {"floor": "rounddown", "ceil": "roundup", "round": "round"}
_RECORDS: Mapping[str, str] = {"first": "first-instance", "last": "last-instance", "prev": "previous-instance"} | {
    "next": "next-instance"
}
_UNITS: Mapping[str, str] = {"days": "d", "hours": "h", "minutes": "m"}
_MOMENTS: Mapping[str, str] = {"today": "d", "now": "s"}  # which `datediff` alone knows, and in which unit
_TURNED: Mapping[str, str] = {"=": "=", "!=": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}  # of the difference
_CONDITIONS = frozenset({"yes", "no", "filled", "empty", "chosen", "event_is", "contains", "starts_with", "ends_with"})
_HAS = frozenset({"contains", "starts_with", "ends_with"})


@dataclass(frozen=True, slots=True)
class Printer:
    """Writes trees; `spellings` are those of codes."""

    spellings: Spellings

    def text(self, node: Syntax, outside: int = 0) -> str:
        """The tree as REDCap reads it."""
        made, binds = self._written(node)
        return f"({made})" if binds < outside else made

    def _written(self, node: Syntax) -> tuple[str, int]:
        match node:
            case Literal(value):
                return _constant(value), _ATOM
            case Path(parts):
                return "".join(f"[{part}]" for part in parts), _ATOM
            case Apply("not", (part,), _):
                return f"not({self.text(part)})", _ATOM
            case Apply("negative", (part,), _):
                return f"-{self.text(part, _POWER)}", _SIGN
            case Apply("in", (asked, Listing(values)), _):
                return self._written(_either([Apply("=", (asked, value), 0) for value in values]))
            case Call("has_any", (asked, Listing(values)), _):
                return self._written(_either([Call("chosen", (asked, value), 0) for value in values]))
            case Apply(op, args, _):
                return self._applied(op, args)
            case Call():
                return self._called(node)
            case Listing():
                raise Inexpressible("A list of values stands where one value is needed.")
        raise Inexpressible(f"{type(node).__name__} has no counterpart in REDCap.")

    def _applied(self, op: str, args: Sequence[Syntax]) -> tuple[str, int]:
        binds = _BINDS.get(op)
        if binds is None:
            raise Inexpressible(f"The operator {op} has no counterpart in REDCap.")
        if op in ("and", "or"):
            return f" {op} ".join(self.text(arg, binds + 1) for arg in args), binds
        if binds == _COMPARE:
            return self._compared(op, *args)
        left, right = args
        if op == "+" and (merged := _sum(tuple(addends(Apply(op, tuple(args), 0))))) is not None:
            return self._written(merged)
        if op == "^":  # REDCap asks for brackets around both
            return f"({self.text(left)})^({self.text(right)})", binds
        return f"{self.text(left, binds)} {_SIGNS.get(op, op)} {self.text(right, binds + 1)}", binds

    def _compared(self, op: str, left: Syntax, right: Syntax) -> tuple[str, int]:
        for side in (left, right):
            if _is_condition(side):
                raise Inexpressible("REDCap compares no conditions with each other.")
        if any(isinstance(side, Call) and side.name in _MOMENTS for side in (left, right)):
            unit = next(
                _MOMENTS[side.name] for side in (left, right) if isinstance(side, Call) and side.name in _MOMENTS
            )
            return f"datediff({self._day(left)}, {self._day(right)}, '{unit}', true) {_TURNED[op]} 0", _COMPARE
        left, right = self._coded(op, left, right), self._coded(op, right, left)
        return f"{self.text(left, _COMPARE + 1)} {_SIGNS.get(op, op)} {self.text(right, _COMPARE + 1)}", _COMPARE

    def _coded(self, op: str, node: Syntax, other: Syntax) -> Syntax:
        """A code as REDCap spells it, where it is compared with the answer."""
        if op not in ("=", "!=") or not isinstance(other, Path) or not isinstance(node, Literal):
            return node
        return Literal(self.spellings.get(other.parts[-1], {}).get(str(node.value), str(node.value)), 0) if isinstance(
            node.value, str
        ) else node  # fmt: skip

    # calls ----------------------------------------------------------------------------------------------------------

    def _called(self, node: Call) -> tuple[str, int]:
        name, args = node.name, node.args
        if name in _ALIKE:
            return f"{_ALIKE[name]}({', '.join(map(self.text, args))})", _ATOM
        if name in _PLACES:
            return f"{_PLACES[name]}({self.text(args[0])}, {self.text(args[1]) if len(args) > 1 else 0})", _ATOM
        if name in _UNITS:
            return f"datediff({self._day(args[0])}, {self._day(args[1])}, '{_UNITS[name]}', true)", _ATOM
        if name in _RECORDS:
            return self._record(name, args)
        if name in _HAS:
            return self._has(name, args)
        write = _CALLS.get(name)
        if write is None:
            raise Inexpressible(f"{name}() has no counterpart in REDCap.")
        return write(self, args)

    def _day(self, node: Syntax) -> str:
        match node:
            case Call("today" | "now" as name, _, _):
                return f"'{name}'"
        return self.text(node)

    def _record(self, name: str, args: Sequence[Syntax]) -> tuple[str, int]:
        match args:
            case (Path() as path,):
                return f"{self.text(path)}[{_RECORDS[name]}]", _ATOM
        raise Inexpressible(f"{name}() over rows has no counterpart in REDCap.")

    def _has(self, name: str, args: Sequence[Syntax]) -> tuple[str, int]:
        """REDCap does not tell capitals, so that only what is asked in small letters means the same there."""
        haystack, needle = args
        needles = needle.items if isinstance(needle, Listing) else (needle,)
        if not isinstance(haystack, Call) or haystack.name != "lower":
            raise Inexpressible(f"{name}() tells capitals from small letters; REDCap's does not.")
        inner = self.text(haystack.args[0])
        found = [f"{name}({inner}, {self.text(each)})" for each in needles]
        return " or ".join(found), _OR if len(found) > 1 else _ATOM

    def box(self, path: Syntax, code: Syntax) -> str:
        """`[m(a)]`."""
        if not isinstance(path, Path) or not isinstance(code, Literal):
            raise Inexpressible("A code of a multiple choice is no constant.")
        theirs = self.spellings.get(path.parts[-1], {}).get(str(code.value), str(code.value))
        return "".join(f"[{part}]" for part in path.parts[:-1]) + f"[{path.parts[-1]}({theirs})]"


def _is_condition(node: Syntax) -> bool:
    if isinstance(node, Call):
        return node.name in _CONDITIONS
    return isinstance(node, Apply) and node.op in ("and", "or", "not", *_TURNED)


def _either(parts: Sequence[Syntax]) -> Syntax:
    return parts[0] if len(parts) == 1 else Apply("or", tuple(parts), 0)


def _constant(value: Decimal | str | bool | None) -> str:
    match value:
        case bool():
            return "1" if value else "0"
        case Decimal():
            return plain(value)
        case None:
            return "''"
    quote = next((each for each in _QUOTES if each not in value), None)
    if quote is None or "\n" in value:
        raise Inexpressible("A text with both kinds of quotes cannot be written in REDCap.")
    return f"{quote}{value}{quote}"


def addends(node: Syntax) -> Iterator[Syntax]:
    """The parts that are added, however they are bracketed."""
    if isinstance(node, Apply) and node.op == "+":
        for arg in node.args:
            yield from addends(arg)
    else:
        yield node


def _sum(added: Sequence[Syntax]) -> Call | None:
    """`or_zero(a) + or_zero(b)` is `sum(a, b, 0)`: without the 0 it would be blank where both are. Parts that are never blank do as well."""
    sure = [part for part in added if _never_blank(part)]
    numbers = [part.args[0] if isinstance(part, Call) and part.name == "or_zero" else part for part in added]
    left_out = [number for number, part in zip(numbers, added, strict=True) if number is not part]
    if not left_out or len(left_out) + len(sure) < len(added):
        return None
    return Call("sum", (*numbers, *(() if sure else (Literal(Decimal(0), 0),))), 0)


def _never_blank(part: Syntax) -> bool:
    """Whether REDCap always has a number for it: a constant, a box."""
    match part:
        case Literal(Decimal()) | Call("number", (Call("chosen", _, _),), _):
            return True
    return False


# calls that are written in a way of their own ---------------------------------------------------------------------

_Writer = Callable[[Printer, Sequence[Syntax]], tuple[str, int]]


def _asked(sign: str, value: str) -> _Writer:
    def write(printer: Printer, args: Sequence[Syntax]) -> tuple[str, int]:
        if _is_condition(args[0]):
            raise Inexpressible("REDCap does not ask whether a condition is known.")
        return f"{printer.text(args[0], _COMPARE + 1)} {sign} {value}", _COMPARE

    return write


def _number(printer: Printer, args: Sequence[Syntax]) -> tuple[str, int]:
    match args[0]:
        case Call("yes", (path,), _):
            return printer.text(path), _ATOM
        case Call("chosen", (path, code), _):
            return printer.box(path, code), _ATOM
    return f"if({printer.text(args[0])}, 1, 0)", _ATOM


def _how_many(printer: Printer, args: Sequence[Syntax]) -> tuple[str, int]:
    return f"sum({', '.join(_number(printer, [arg])[0] for arg in args)})", _ATOM


def _substring(printer: Printer, args: Sequence[Syntax]) -> tuple[str, int]:
    text = printer.text(args[0])
    match args[1:]:
        case (Literal(start), count) if start == 1:
            return f"left({text}, {printer.text(count)})", _ATOM
        case (start, count):
            return f"mid({text}, {printer.text(start)}, {printer.text(count)})", _ATOM
        case (Apply("+", (Apply("-", (Call("length", (whole,), _), count), _), Literal(one)), _),) if one == 1:
            if printer.text(whole) == text:
                return f"right({text}, {printer.text(count)})", _ATOM
    raise Inexpressible("The rest of a text has no counterpart in REDCap.")


def _position(printer: Printer, args: Sequence[Syntax]) -> tuple[str, int]:
    text, part = (arg.args[0] if isinstance(arg, Call) and arg.name == "lower" else arg for arg in args)
    if text is not args[0] and (part is not args[1] or isinstance(part, Literal)):
        return f"find({printer.text(part)}, {printer.text(text)})", _ATOM
    raise Inexpressible("position_of() tells capitals from small letters; REDCap's find() does not.")


def _date_constant(_printer: Printer, args: Sequence[Syntax]) -> tuple[str, int]:
    match args:
        case (Literal(Decimal() as year), Literal(Decimal() as month), Literal(Decimal() as day)):
            return f"'{int(year):04}-{int(month):02}-{int(day):02}'", _ATOM
    raise Inexpressible("A date is made of parts.")


def _clock_constant(_printer: Printer, args: Sequence[Syntax]) -> tuple[str, int]:
    match args:
        case (Literal(Decimal() as hour), Literal(Decimal() as minute)):
            return f"'{int(hour):02}:{int(minute):02}'", _ATOM
    raise Inexpressible("A time of day is made of parts.")


def _moment_constant(printer: Printer, args: Sequence[Syntax]) -> tuple[str, int]:
    return " ".join(map(printer.text, args)).replace("' '", " "), _ATOM


def _label(_printer: Printer, args: Sequence[Syntax]) -> tuple[str, int]:
    match args:
        case (Path(parts),):
            return "".join(f"[{part}]" for part in parts[:-1]) + f"[{parts[-1]}:label]", _ATOM
    raise Inexpressible("The label of a result has no counterpart in REDCap.")


def _weekday(printer: Printer, args: Sequence[Syntax]) -> tuple[str, int]:
    """Sunday is 7 here and 0 there."""
    day = f"weekday({printer.text(args[0])})"
    return f"if({day} = 0, 7, {day})", _ATOM


def _completed(printer: Printer, args: Sequence[Syntax]) -> tuple[str, int]:
    """Years between two dates, less one while the day of the year has not come."""
    born, now = (printer.text(arg) for arg in args)
    early = f"(month({now}) * 100 + day({now}) < month({born}) * 100 + day({born}))"
    return f"year({now}) - year({born}) - if({early}, 1, 0)", _SUM


def _same(printer: Printer, args: Sequence[Syntax]) -> tuple[str, int]:
    return printer.text(args[0]), _ATOM


_CALLS: Mapping[str, _Writer] = {
    "filled": _asked("<>", "''"),
    "empty": _asked("=", "''"),
    "yes": _asked("=", "'1'"),
    "no": _asked("=", "'0'"),
    "chosen": lambda printer, args: (f"{printer.box(*args)} = '1'", _COMPARE),
    "date": lambda printer, args: (f"left({printer.text(args[0])}, 10)", _ATOM),
    "or_zero": lambda printer, args: (f"sum({printer.text(args[0])}, 0)", _ATOM),
    "number": _number,
    "count_true": _how_many,
    "log10": lambda printer, args: (f"log({printer.text(args[0])}, 10)", _ATOM),
    "substring": _substring,
    "position_of": _position,
    "make_date": _date_constant,
    "make_time": _clock_constant,
    "at_time": _moment_constant,
    "label": _label,
    "weekday": _weekday,
    "sunday_first": lambda printer, args: (f"weekday({printer.text(args[0])})", _ATOM),
    "completed_years": _completed,
    "number_of": _same,
    "text_of": _same,
    "as_text": _same,
    "years": lambda printer, args: (
        f"datediff({printer.text(args[0])}, {printer.text(args[1])}, 'd', true) / 365.25",
        _PRODUCT,
    ),
    "months": lambda printer, args: (
        f"datediff({printer.text(args[0])}, {printer.text(args[1])}, 'd', true) / 30.4375",
        _PRODUCT,
    ),
    "record": lambda printer, args: (f"{printer.text(args[0])}[{printer.text(args[1])}]", _ATOM),
    "row_index": lambda _printer, _args: ("[current-instance]", _ATOM),
    "event_is": lambda printer, args: (f"[event-name] = {printer.text(args[0])}", _COMPARE),
}
