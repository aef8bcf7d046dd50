"""What XPath of XLSForm means in our rules: a table of functions. Facts are those of the ODK XForms specification and docs.getodk.org."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from engine.datatypes.base import Kind
from engine.expressions.nodes import Call, Path, Syntax
from exchange.document import Field
from exchange.rules.meaning import Meaning, Untranslatable, call, constant, operation
from exchange.rules.translate import Builder, Dialect, Translator, negated
from exchange.xlsform import asking, counting, dates, wording
from exchange.xlsform.choices import ChoiceList
from exchange.xlsform.names import Names, Place
from exchange.xlsform.rules import Make, Rules


def _strict(name: str, kind: Kind, takes: Kind, *, doubt: bool = False) -> Make:
    """A function of ours of the same meaning."""

    def build(rules: Rules, args: Sequence[Syntax]) -> Meaning:
        (arg,) = args
        found = (
            rules.text(arg)
            if takes is Kind.TEXT
            else rules.number(arg)
            if takes is Kind.NUMBER
            else rules.cast(rules.meaning(arg), takes)
        )
        return call(name, kind, found, doubt=doubt)

    return build


def _constant(value: Decimal | bool | None, kind: Kind = Kind.NUMBER, name: str = "") -> Make:
    def build(_rules: Rules, args: Sequence[Syntax]) -> Meaning:
        if args:
            raise ValueError
        return call(name, kind, sure=True) if name else constant(value)

    return build


def _refused(reason: str) -> Make:
    def build(_rules: Rules, _args: Sequence[Syntax]) -> Meaning:
        raise Untranslatable(reason)

    return build


def _date(rules: Rules, args: Sequence[Syntax]) -> Meaning:
    (arg,) = args
    return rules.cast(rules.meaning(dates.unguarded(arg)), Kind.DATE)


def _date_time(rules: Rules, args: Sequence[Syntax]) -> Meaning:
    (arg,) = args
    return dates.as_day(rules, arg)


def _decimal_time(rules: Rules, args: Sequence[Syntax]) -> Meaning:
    (arg,) = args
    found = rules.meaning(arg)
    if found.kind not in (Kind.TIME, Kind.DATETIME):
        raise Untranslatable("The time of day of something else than a time is asked for.")
    return dates.fraction_of_day(found)


def _difference(name: str, divisor: int = 1) -> Make:
    def build(rules: Rules, args: Sequence[Syntax]) -> Meaning:
        first, second = (dates.as_day(rules, arg) for arg in args)
        found = call(name, Kind.NUMBER, first, second)
        return (
            call("floor", Kind.NUMBER, operation("/", Kind.NUMBER, found, constant(divisor))) if divisor > 1 else found
        )

    return build


def _add_date(rules: Rules, args: Sequence[Syntax]) -> Meaning:
    """Years, months and days later."""
    day, *steps = args
    found = dates.as_day(rules, day)
    amounts = [rules.number(step) for step in steps[:3]]
    if len(steps) > 3 and any(rules.number(step).literal != 0 for step in steps[3:]):
        raise Untranslatable("Hours or minutes are added to a date.")
    months = [
        operation("*", Kind.NUMBER, amount, constant(12)) if at == 0 else amount
        for at, amount in enumerate(amounts[:2])
        if amount.literal != 0
    ]
    if months:
        found = call(
            "add_months", Kind.DATE, found, months[0] if len(months) == 1 else operation("+", Kind.NUMBER, *months)
        )
    if len(amounts) == 3 and amounts[2].literal != 0:
        found = call("add_days", Kind.DATE, found, amounts[2])
    return found


def _timestamp(rules: Rules, args: Sequence[Syntax]) -> Meaning:
    (arg,) = args
    found = dates.as_day(rules, arg)
    if found.kind is Kind.DATE:
        rules.reservations.append("The time of day that a text tells is not read.")
    return found


def _translation(rules: Rules, args: Sequence[Syntax]) -> Meaning:
    """`jr:itext(instance('list')/…/item[…]/itextId)`: the label, in the language of the page."""
    (arg,) = args
    found = rules.meaning(arg)
    if isinstance(found.node, Call) and found.node.name == "label":
        return found
    raise Untranslatable("A translation is asked for by its name.")


def _current(rules: Rules, _args: Sequence[Syntax]) -> Meaning:
    return rules.elsewhere(rules.place.outside or rules.place).meaning(Path((".",), 0))


_REFUSALS: Mapping[str, str] = {
    "once": "A value that is worked out only once stands inside of another.",
    "join": "The texts of several rows are joined.",
    "random": "A random number is asked for.",
    "uuid": "A random identifier is asked for.",
    "randomize": "The order of choices is random.",
    "digest": "A checksum is asked for.",
    **dict.fromkeys(("pulldata", "instance"), "Other files are looked up."),
    **dict.fromkeys(("area", "distance"), "A place on a map is measured."),
    **dict.fromkeys(("sin", "cos", "tan", "asin", "acos", "atan", "atan2"), "Angles are calculated with."),
}
REFUSED = frozenset(_REFUSALS)
_TABLE: Mapping[str, Make] = {
    "and": asking.both,
    "selected": asking.selected,
    "selected-at": wording.selected_at,
    "count-selected": counting.count_selected,
    "jr:choice-name": asking.choice_name,
    "jr:itext": _translation,
    "if": asking.chosen_value,
    "coalesce": asking.coalesce,
    "true": _constant(value=True),
    "false": _constant(value=False),
    "boolean": asking.boolean,
    "boolean-from-string": asking.boolean_from_string,
    "checklist": asking.checklist,
    "weighted-checklist": asking.weighted,
    "string": wording.string,
    "concat": wording.concat,
    "string-length": _strict("length", Kind.NUMBER, Kind.TEXT),
    "substr": wording.substr,
    "substring": wording.substring,
    "substring-before": wording.cut(before=True),
    "substring-after": wording.cut(before=False),
    "contains": wording.text_test("contains"),
    "starts-with": wording.text_test("starts_with"),
    "ends-with": wording.text_test("ends_with"),
    "normalize-space": wording.normalized,
    "translate": wording.translate,
    "regex": wording.regex,
    "number": counting.number,
    "int": counting.truncated,
    "round": counting.rounded("round"),
    "floor": counting.rounded("floor"),
    "ceiling": counting.rounded("ceil"),
    "abs": _strict("abs", Kind.NUMBER, Kind.NUMBER),
    "pow": counting.power,
    "sqrt": _strict("sqrt", Kind.NUMBER, Kind.NUMBER, doubt=True),
    "exp": _strict("exp", Kind.NUMBER, Kind.NUMBER),
    "log": _strict("ln", Kind.NUMBER, Kind.NUMBER, doubt=True),
    "log10": _strict("log10", Kind.NUMBER, Kind.NUMBER, doubt=True),
    "exp10": lambda rules, args: operation("^", Kind.NUMBER, constant(10), rules.number(args[0])),
    "pi": _constant(Decimal("3.141592653589793")),
    "mod": counting.remainder,
    "+": dates.added,
    "-": dates.subtracted,
    "min": counting.extreme("least", "min"),
    "max": counting.extreme("greatest", "max"),
    "sum": counting.summed,
    "count": counting.counted,
    "count-non-empty": counting.count_filled,
    "position": counting.position,
    "indexed-repeat": counting.indexed,
    "current": _current,
    "today": _constant(None, Kind.DATE, "today"),
    "now": _constant(None, Kind.DATETIME, "now"),
    "date": _date,
    "date-time": _date_time,
    "decimal-date-time": dates.decimal_date_time,
    "decimal-time": _decimal_time,
    "format-date": wording.formatted_date,
    "format-date-time": wording.formatted_date,
    "difference-in-months": _difference("completed_months"),
    "cht:difference-in-days": _difference("days"),
    "cht:difference-in-weeks": _difference("days", 7),
    "cht:difference-in-months": _difference("completed_months"),
    "cht:difference-in-years": _difference("completed_years"),
    "add-date": _add_date,
    "cht:add-date": _add_date,
    "parse-timestamp-to-date": _timestamp,
    **{name: _refused(reason) for name, reason in _REFUSALS.items()},
    **{op: asking.comparison(op) for op in ("=", "!=", "<", "<=", ">", ">=")},
}  # fmt: skip


def _bound(make: Make) -> Builder:
    def build(translator: Translator, args: Sequence[Syntax]) -> Meaning:
        assert isinstance(translator, Rules)
        return make(translator, args)

    return build


DIALECT = Dialect("XPath", {"not": negated, **{name: _bound(make) for name, make in _TABLE.items()}})


def rules_at(
    place: Place, names: Names, lists: Mapping[str, ChoiceList], valued: dict[tuple[str, ...], Field]
) -> Rules:
    """A translator for the rules that stand somewhere. `valued` gathers the questions whose codes are calculated with."""
    return Rules(DIALECT, lambda path: names.read(path, place), valued, names, place, lists)
