"""A clerk types whole cases from paper, by keyboard alone: what was typed is what is stored, and hardly a stroke is wasted.

Necessary characters are those that stand on the paper: each character of a text, number or code; the digits of a date or
time; one for an answer that is ticked, the digits of its number where it is found in a list; the code of a reason why a
value is missing; one for each row, one to open a form and one to complete it. What the page fills in by itself is not
necessary. A stroke is a key that goes down: Ctrl+Enter is two.
"""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from engine.datatypes.base import Control
from engine.datatypes.values import Missing, Reference
from engine.records.form_data import FormData
from engine.records.json_data import read_values
from renderers.html.faces import BUTTONS, control_of
from renderers.html.values import shown
from tests.scenarios.comparing import stored_keys, without_ids
from tests.scenarios.form_pages import live, number_of

MOST = 1.3  # strokes for a necessary character
DATES = (Control.DATE, Control.PARTIAL_DATE, Control.DATETIME)
FOCUS = """() => {
  const e = document.activeElement, combo = e.id.endsWith('-c') && document.getElementById(e.id.slice(0, -2));
  return {body: e === document.body, name: (combo || e).name || '', action: e.tagName === 'BUTTON' ? e.value : '',
          href: e.href || '', type: e.type || '', value: e.value || '', checked: !!e.checked,
          field: e.closest('[data-item]') ? e.closest('[data-item]').id.slice(2) : '',
          filled: [...(e.closest('.line') || e).querySelectorAll('.part .in')].every((part) => part.value),
          codes: e.closest('.opts') ? [...e.closest('.opts').querySelectorAll('.opt:not([hidden]) input')].map((box) => box.value) : []};
}"""


CASES = (
    pytest.param("b", datetime(2025, 7, 10, 10, 0, tzinfo=UTC), marks=pytest.mark.slow),
    pytest.param("a", datetime(2026, 4, 10, 10, 0, tzinfo=UTC), marks=pytest.mark.slow),
)  # each with the day on which it is typed


@dataclass
class Clerk:
    """Looks at the paper and at where the focus is, and types. Counts both sides."""

    page: Any
    keys: dict[str, str]  # row of the example -> the number on its paper
    strokes: int = 0
    necessary: int = 0
    done: set[str] = field(default_factory=set)
    stepped: bool = False  # the page has just moved on by itself

    def press(self, keys: str) -> None:
        self.strokes += len(keys.split("+"))
        self.stepped = False
        self.page.keyboard.press(keys)

    def type(self, text: str) -> None:
        self.strokes += len(text)
        self.page.keyboard.type(text)
        self.stepped = self.stepped or bool(text)

    def at(self) -> dict[str, Any]:
        found: dict[str, Any] = self.page.evaluate(FOCUS)
        return found

    def submit(self, keys: str) -> None:
        if self.stepped and keys == "Enter":
            self.press("Enter")  # right after a step it only confirms
        with self.page.expect_navigation():
            self.press(keys)

    def fill(self, form, data) -> None:
        """From the first field to the button that completes the form."""
        live(self.page)
        rows = {group.id: list(data.groups.get(group.id, ())) for group in form.groups}
        parts = {"": (form, data)}
        for _ in range(600):
            focus = self.at()
            verb, _, target = focus["action"].partition(":")
            place, _, name = focus["field"].rpartition(".")
            assert not focus["body"], f"the focus is lost in {form.id} after {sorted(self.done)}: {focus}"
            if verb == "complete":
                return
            if verb == "add" and rows[target]:
                self.submit("Enter")
                parts = self._row(form, target, rows[target].pop(0), parts)
            elif verb == "close" and rows[target.partition(".")[0]]:
                self.submit("Control+Enter")
                group = target.partition(".")[0]
                parts = self._row(form, group, rows[group].pop(0), parts)
            elif verb == "close":
                self.submit("Enter")
            elif verb or not name:
                self.press("Tab")
            else:
                self._answer(focus, *self._paper(parts[place], name))
        raise AssertionError(f"the end of {form.id} was not reached: {self.at()}")

    def _row(self, form, group, row, parts):
        self.necessary += 1
        self.page.wait_for_selector(f'[data-row^="{group}."].open [data-item]')
        live(self.page)
        name = self.at()["field"].rpartition(".")[0]
        assert name.startswith(f"{group}."), f"the focus is not in the new row of {group}: {self.at()}"
        return {**parts, name: (next(each for each in form.groups if each.id == group), row)}

    @staticmethod
    def _paper(part, name):
        definition, data = part
        return next(item for item in definition.items if item.id == name), data.items.get(name)

    def _answer(self, focus, item, value) -> None:
        if value is None or focus["field"] in self.done or is_there(focus, item, value):
            self.press("Tab" if focus["type"] == "textarea" and focus["value"] else "Enter")
            return
        self.done.add(focus["field"])
        if isinstance(value, Missing):
            self.press("Alt+b")
        for text, then in on_paper(item, value, focus["codes"], self.keys):
            self.necessary += len(text)
            self.type(text)
            if then:
                self.press(then)


def parts_of(item, value):
    """The texts of the parts of a control, and the codes that are chosen."""
    parts, flags = shown(item, value, "pl")
    return parts, [flag.removeprefix("is=") for flag in flags if flag.startswith("is=")]


def is_there(focus, item, value) -> bool:
    """The page has filled it in by itself."""
    if isinstance(value, Missing | Reference):
        return False
    parts, codes = parts_of(item, value)
    if control_of(item) in DATES:
        return bool(focus["name"].endswith("__d") and focus["filled"])
    return bool(
        focus["value"] in codes if focus["checked"] else focus["value"] and focus["value"] == parts.get("value")
    )


def on_paper(item, value, choices, keys):
    """What is typed, each with the key that follows."""
    control = control_of(item)
    if isinstance(value, Missing):
        return [(value.reason, "")]
    if isinstance(value, Reference):
        return [(keys[value.target], "Enter")]
    parts, codes = parts_of(item, value)
    if control in DATES:
        digits = [re.sub(r"\D", "", parts.get(part, "")) for part in "dmyt"]
        return [(text, "" if text else ".") for text in digits[:3]] + [(digits[3], "")]
    if isinstance(value, tuple):
        return [*several(item, value, choices), ("", "Enter")]
    if codes and len(item.facets.choices) > BUTTONS:
        return [(number_in(item, codes[0]), "Enter")]
    if codes:
        return [(str(choices.index(codes[0]) + 1), "")]
    return [(parts["value"], "Tab" if control is Control.LONG_TEXT else "Enter")]


def several(item, codes, choices):
    """Codes one by one, numbers in a long list, or ticks by number."""
    if control_of(item) is Control.LOOKUP:
        return [(code, "Enter") for code in codes]
    if len(item.facets.choices) > BUTTONS:
        return [(number_in(item, code), "Enter") for code in codes]
    return [(str(choices.index(code) + 1), "") for code in codes]


def number_in(item, code):
    return str(list(item.facets.choices).index(code) + 1)


def start(clerk):
    """From the list of patients to the form of a new one."""
    for _ in range(20):
        clerk.press("Tab")
        if clerk.page.evaluate("document.activeElement.closest('form[action$=\"/patients\"]') !== null"):
            break
    clerk.submit("Enter")
    clerk.necessary += 1
    return number_of(clerk.page)


def forms_of(subject):
    """The forms of an episode, by the end of their address."""
    found = {}
    for place in (subject, *subject.children):
        found.update({f".{form}": (form, records[0]) for form, records in place.forms.items()})
        for occurrence in place.occurrences:
            found.update({f".{form}.{occurrence.event}.1": (form, data) for form, data in occurrence.forms.items()})
    return found


def next_form(clerk, left):
    """The page offers the next step with the focus on it; otherwise Tab goes on to a form that is wanted."""
    for _ in range(80):
        href = clerk.at()["href"]
        if found := next((end for end in left if href.endswith(end)), ""):
            clerk.submit("Enter")
            clerk.necessary += 1
            return found
        clerk.press("Tab")
    raise AssertionError(f"no way to {sorted(left)}")


def complete(clerk, form, data):
    """Type a form to its end and complete it; gives back strokes and necessary characters."""
    before = clerk.strokes, clerk.necessary
    clerk.done.clear()
    clerk.fill(form, data)
    clerk.submit("Enter")
    clerk.necessary += 1
    assert "done=" in clerk.page.url, f"{form.id}: {clerk.page.locator('[data-summary]').inner_text()}"
    return clerk.strokes - before[0], clerk.necessary - before[1]


@pytest.mark.parametrize(("episode", "today"), CASES)
def test_a_case_is_typed_from_paper(served, open_browser, example, registry, episode, today):
    served.clock.now = today
    page, wanted = open_browser(), example(episode)
    clerk = Clerk(page, {row: number.rstrip(".") for row, number in wanted.keys.items()})
    who, left = start(clerk), forms_of(wanted.subject)
    end, typed = ".patient", []
    while True:
        form, data = left.pop(end)
        typed.append((end, *complete(clerk, registry.model.forms[form], data)))
        if not left:
            break
        end = next_form(clerk, left)
    compare(served.record(who), forms_of(wanted.subject), dict(wanted.keys))
    told = [(f"all of {episode}", clerk.strokes, clerk.necessary), *typed]
    assert clerk.strokes <= MOST * clerk.necessary, ", ".join(f"{name} {some}/{needed}" for name, some, needed in told)


def compare(record, forms, paper_keys):
    """What is stored is what stood on the paper."""
    keys = stored_keys(record)
    events = {occurrence.id: f".{occurrence.event}.1" for occurrence in record.occurrences}
    stored = {f".{place.form}{events.get(place.occurrence, '')}": kept.data for place, kept in record.forms.items()}
    for end, (_, data) in forms.items():
        assert without_ids(stored[end], keys) == without_ids(data, paper_keys), end


BESIDES = {
    "events": {
        "unscheduled": [
            {
                "unscheduled_event": {
                    "ue_date": "2026-03-20", "ue_type": "infection", "ue_site_id": "990000000107", "ue_relation": "probable",
                    "ue_intervention": ["pocket", "antibiotic"],
                }
            }
        ]
    },
    "forms": {
        "death": {
            "death_date": "2026-04-01", "death_place": "home", "death_icd10": "I50.0", "death_category": "hf",
            "death_relation": "unrelated", "death_source": "family",
        }
    },
}  # fmt: skip


def test_what_no_schedule_asks_for_is_typed_too(served, open_browser, example, registry):
    """An unscheduled event and a death; the way to them is not counted, since it is not through the next step."""
    served.clock.now = datetime(2026, 4, 11, 10, 0, tzinfo=UTC)
    page, person = open_browser(), example("a").form("patient")
    clerk = Clerk(page, {})
    who, number = start(clerk), served.pesel(person.items["birth_date"])
    complete(clerk, registry.model.forms["patient"], FormData({**person.items, "pesel": number}))
    wanted = forms_of(read_values(registry, "patient", None, BESIDES).subject)
    strokes = necessary = 0
    for end, (form, data) in wanted.items():
        page.goto(f"/lead_extraction/patients/{who}")
        page.goto(page.locator(f'main a[href$="{end}"]').first.get_attribute("href"))
        some, needed = complete(clerk, registry.model.forms[form], data)
        strokes, necessary = strokes + some, necessary + needed
    compare(served.record(who), wanted, {})
    assert strokes <= MOST * necessary
