"""What an engineer would write by hand for the form of `definitions.py`: the same questions, answers and messages.

Names are written once, in tuples, so that no text is put together while a record is judged.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, NamedTuple

from benchmarks.definitions import ITEMS_PER_SECTION

CENT = Decimal("0.01")
EARLIEST = date(1990, 1, 1)
ZERO, ONE, FORTY, OLD = Decimal(0), Decimal(1), Decimal(40), Decimal(180)
HIGHEST, THIRTY, HEAVY, HEAVIEST = Decimal(300), Decimal(30), Decimal(200), Decimal(400)
LEAST_RATIO, MOST_RATIO, BOTH, LIGHT, TWO = Decimal("0.1"), Decimal(50), Decimal(400), Decimal(50), Decimal(2)
GRADES = frozenset({"none", "mild", "moderate", "severe"})
FINDINGS = frozenset({"nothing", "fluid", "clot", "tear"})
ANSWERS = frozenset({"tak", "nie", "nn"})
LISTED = frozenset({"moderate", "severe"})


class Fault(NamedTuple):
    code: str
    severity: str
    item: str
    row: str
    message: str


@dataclass(slots=True)
class Result:
    visible: set[str] = field(default_factory=set)
    required: set[str] = field(default_factory=set)
    states: dict[str, str] = field(default_factory=dict)
    calculated: dict[str, Decimal | None] = field(default_factory=dict)
    to_clear: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


Names = tuple[str, ...]
Record = Mapping[str, Any]


def names_of(stem: str, row: str = "") -> tuple[Names, Names]:
    """The names of the ten items of a section in a record, and their paths."""
    names = tuple(f"{stem}_i{place}" for place in range(ITEMS_PER_SECTION))
    return names, tuple(f"{row}.{name}" if row else name for name in names)


def state(value: Any, path: str, result: Result) -> None:
    result.visible.add(path)
    result.states[path] = "answered" if value is not None else "not_answered"


def require(value: Any, path: str, row: str, result: Result) -> None:
    result.required.add(path)
    if value is None:
        result.faults.append(Fault("required", "error", path, row, "Odpowiedź jest wymagana."))


def bounds(
    value: Decimal, hard: tuple[Decimal, Decimal], soft: tuple[Decimal, Decimal], path: str, row: str, result: Result
) -> None:
    if not hard[0] <= value <= hard[1]:
        text = f"Wartość {value} jest poza zakresem od {hard[0]} do {hard[1]}."
        result.faults.append(Fault("range_hard", "error", path, row, text))
    elif not soft[0] <= value <= soft[1]:
        text = f"Wartość {value} jest poza zwykłym zakresem od {soft[0]} do {soft[1]}."
        result.faults.append(Fault("range_soft", "warning", path, row, text))


def hide(value: Any, shown: bool | None, path: str, result: Result) -> None:
    result.states[path] = "not_asked" if shown is None else "not_applicable"
    if shown is False and value is not None:
        result.to_clear.append(path)


AGE, USUAL_AGE = (ZERO, HIGHEST), (FORTY, OLD)
WEIGHT, USUAL_WEIGHT = (ONE, HEAVIEST), (THIRTY, HEAVY)


def section(names: Names, paths: Names, row: str, record: Record, today: date, result: Result) -> dict[str, Any]:
    """Judge ten items; what rules see of them."""
    get = record.get
    asked, age, weight, _, grade, findings, text, since, until, answer = map(get, names)
    p_asked, p_age, p_weight, p_ratio, p_grade, p_findings, p_text, p_since, p_until, p_answer = paths
    state(asked, p_asked, result)
    require(asked, p_asked, row, result)
    state(age, p_age, result)
    require(age, p_age, row, result)
    if age is not None:
        bounds(age, AGE, USUAL_AGE, p_age, row, result)
    state(weight, p_weight, result)
    if weight is not None:
        bounds(weight, WEIGHT, USUAL_WEIGHT, p_weight, row, result)
    ratio = calculate_ratio(age, weight, p_ratio, row, result)
    grade = judge_grade(asked, grade, p_grade, row, result)
    findings = judge_findings(grade, findings, p_findings, row, result)
    judge_text(findings, text, p_text, row, result)
    judge_dates(since, until, p_since, p_until, row, today, result)
    state(answer, p_answer, result)
    require(answer, p_answer, row, result)
    if answer is not None and answer not in ANSWERS:
        result.faults.append(Fault("not_in_list", "error", p_answer, row, f"{answer} nie należy do listy."))
    return {
        "age": age,
        "weight": weight,
        "ratio": ratio,
        "grade": grade,
        "since": since,
        "until": until,
        "answer": answer,
    }


def calculate_ratio(age: Decimal | None, weight: Decimal | None, path: str, row: str, result: Result) -> Decimal | None:
    ratio = None
    if age is not None and weight:
        ratio = (age / weight).quantize(CENT, rounding=ROUND_HALF_UP)
        if not LEAST_RATIO <= ratio <= MOST_RATIO:
            text = f"Wartość {ratio} jest poza zwykłym zakresem od {LEAST_RATIO} do {MOST_RATIO}."
            result.faults.append(Fault("range_soft", "warning", path, row, text))
    result.visible.add(path)
    result.calculated[path] = ratio
    return ratio


def judge_grade(asked: bool | None, grade: str | None, path: str, row: str, result: Result) -> str | None:
    if asked is not True:
        hide(grade, asked, path, result)
        return None
    state(grade, path, result)
    require(grade, path, row, result)
    if grade is not None and grade not in GRADES:
        result.faults.append(Fault("not_in_list", "error", path, row, f"{grade} nie należy do listy."))
    return grade


def judge_findings(
    grade: str | None, findings: tuple[str, ...] | None, path: str, row: str, result: Result
) -> tuple[str, ...] | None:
    shown = None if grade is None else grade in LISTED
    if shown is not True:
        hide(findings, shown, path, result)
        return None
    state(findings, path, result)
    if findings is not None:
        if not FINDINGS.issuperset(findings):
            result.faults.append(Fault("not_in_list", "error", path, row, "Odpowiedź nie należy do listy."))
        if len(findings) > 1 and "nothing" in findings:
            result.faults.append(Fault("exclusive", "error", path, row, "»bez zmian« wyklucza inne odpowiedzi."))
    return findings


def judge_text(findings: tuple[str, ...] | None, text: str | None, path: str, row: str, result: Result) -> None:
    shown = "tear" in (findings or ())
    if not shown:
        hide(text, shown, path, result)
        return
    state(text, path, result)
    if text is not None and len(text) > 200:
        result.faults.append(Fault("length", "error", path, row, "Tekst ma więcej niż 200 znaków."))


def judge_dates(
    since: date | None, until: date | None, p_since: str, p_until: str, row: str, today: date, result: Result
) -> None:
    state(since, p_since, result)
    require(since, p_since, row, result)
    if since is not None:
        if since > today:
            result.faults.append(Fault("range_hard", "error", p_since, row, f"Data {since} jest po {today}."))
        elif since < EARLIEST:
            result.faults.append(Fault("range_soft", "warning", p_since, row, f"Data {since} jest przed {EARLIEST}."))
    state(until, p_until, result)
    if until is not None and since is not None and until < since:
        result.faults.append(Fault("range_hard", "error", p_until, row, f"Data {until} jest przed {since}."))


# cross-item checks: false fires, unknown (None) does not --------------------------------------------------------------


def either(first: bool | None, second: bool | None) -> bool | None:
    return True if first or second else False if first is False and second is False else None


def check_even(here: Mapping[str, Any], other: Mapping[str, Any]) -> bool | None:
    """`i1 + other_i1 <= 400 or days(i7, other_i7) > 365`."""
    summed = here["age"] is not None and other["age"] is not None
    days = here["since"] is not None and other["since"] is not None
    return either(
        here["age"] + other["age"] <= BOTH if summed else None,
        (other["since"] - here["since"]).days > 365 if days else None,
    )


def check_odd(here: Mapping[str, Any]) -> bool | None:
    """`not (i9 = 'tak' and attr(i4, 'severe')) or i2 > 50 or i3 < 2`."""
    answered = None if here["answer"] is None else here["answer"] == "tak"
    severe = None if here["grade"] is None else here["grade"] == "severe"
    both = False if answered is False or severe is False else True if answered and severe else None
    return either(
        either(None if both is None else not both, None if here["weight"] is None else here["weight"] > LIGHT),
        None if here["ratio"] is None else here["ratio"] < TWO,
    )


def check_row(here: Mapping[str, Any]) -> bool | None:
    """`i8 >= i7 or i9 != 'tak'`."""
    dates = here["until"] is not None and here["since"] is not None
    return either(
        here["until"] >= here["since"] if dates else None, None if here["answer"] is None else here["answer"] != "tak"
    )


Section = tuple[str, tuple[Names, Names]]


class Form:
    """The form with its sections' names, made once."""

    def __init__(self, items: int) -> None:
        count = items // ITEMS_PER_SECTION
        self.sections: list[Section] = [(f"f0_s{number}", names_of(f"f0_s{number}")) for number in range(count - 1)]
        self.group = f"f0_s{count - 1}_rows"
        self.row_stem = f"f0_s{count - 1}"

    def judge(self, record: Record, rows: list[Record], today: date) -> Result:
        """Everything that is to be said about a record."""
        result = Result()
        seen = [section(names, paths, "", record, today, result) for _, (names, paths) in self.sections]
        for number, (stem, _) in enumerate(self.sections):
            good = (
                check_odd(seen[number]) if number % 2 else check_even(seen[number], seen[number - 2 if number else 1])
            )
            if good is False:
                result.faults.append(Fault(f"c_{stem}", "warning", f"{stem}_i1", "", "Sprawdź część."))
        for number, values in enumerate(rows, start=1):
            row = f"{self.group}[{number}]"
            names, paths = names_of(self.row_stem, row)
            here = section(names, paths, row, values, today, result)
            if check_row(here) is False:
                result.faults.append(Fault(f"c_{self.row_stem}", "warning", paths[8], row, "Sprawdź część."))
        return result
