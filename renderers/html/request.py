"""Request: what one rendering of a form page knows, indexed for quick look-up, and what it finds on its way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from engine.datatypes.values import Entered, Missing, Reference, Unread
from engine.datatypes.words import quantity_text
from engine.model.form import CheckSeverity, FormDef
from engine.model.item import ItemDef
from engine.model.text import TranslatedText, in_language
from engine.records.evaluation import Evaluation, Violation
from engine.records.form_data import FormData
from renderers.html.context import UNFILLED, Link, PageContext, acknowledgement
from renderers.html.values import display
from renderers.html.words import Words


def is_answer(entered: Entered | None) -> bool:
    """Whether something was entered that can be read; a reason why it is missing is an answer."""
    return entered is not None and not isinstance(entered, Unread)


@dataclass(frozen=True, slots=True)
class Issue:
    """A broken rule as the summary and the rail list it."""

    severity: CheckSeverity
    label: str
    message: str
    href: str

    @property
    def error(self) -> bool:
        return self.severity is CheckSeverity.ERROR


@dataclass(slots=True)
class Tally:
    """How far a section is: what must be there, how much of it is, issues open."""

    asked: int = 0  # fields that are shown
    total: int = 0  # required fields, and groups that need rows
    filled: int = 0  # of these
    begun: bool = False  # whether anything was entered at all
    errors: int = 0
    issues: list[Issue] = field(default_factory=list)

    @property
    def warnings(self) -> int:
        return len(self.issues) - self.errors

    def add(self, issue: Issue) -> None:
        """Enter an open issue."""
        self.issues.append(issue)
        self.errors += issue.error

    @property
    def state(self) -> str:
        """The sign that the navigator shows."""
        if self.issues:
            return "errors" if self.errors else "warnings"
        if self.filled < self.total:
            return "draft" if self.begun else "open"
        return "complete" if self.total or self.begun else "optional"

    @property
    def ready(self) -> bool:
        """Whether nothing is wrong and nothing lacking."""
        return not self.issues and self.filled == self.total

    def want(self, *, there: bool) -> None:
        """Enter something that must be there."""
        self.total += 1
        self.filled += there


def sum_of(tallies: Iterable[Tally]) -> Tally:
    """All sections together."""
    whole = Tally()
    for tally in tallies:
        whole.asked += tally.asked
        whole.total += tally.total
        whole.filled += tally.filled
        whole.begun |= tally.begun
        whole.errors += tally.errors
        whole.issues += tally.issues
    return whole


@dataclass(slots=True)
class Request:
    """One page being made. `tally` is that of the section at work; `labels` give words to references and codes."""

    form: FormDef
    words: Words
    mode: str
    data: FormData
    evaluation: Evaluation
    context: PageContext
    labels: dict[str, str] = field(default_factory=dict)
    choices: dict[str, list[tuple[str, str]]] = field(default_factory=dict)  # group -> its rows as (id, title)
    issues: dict[str, list[Violation]] = field(default_factory=dict)  # by path of the item, else of the row
    tally: Tally = field(default_factory=Tally)
    badged: bool = False  # whether fields have badges
    plain: bool = False  # whether only value, state and issues decide about a field's looks

    def __post_init__(self) -> None:
        self.badged = bool(self.context.badges or self.context.shell.links.history or self.context.shell.links.queries)
        self.plain = (
            self.mode == "edit" and not self.badged and not self.context.fixed_items and not self.context.hidden_items
        )
        self.labels.update(self.context.labels)
        for targets in self.context.targets.values():
            self.labels.update(targets)
        for violation in self.evaluation.violations:
            if violation.code in UNFILLED and not self.context.strict:
                continue
            self.issues.setdefault(violation.place, []).append(violation)

    def text(self, place: str, part: str, text: TranslatedText) -> str:
        """A label, hint or title with the values that are piped into it; where none are known, as it reads without."""
        return self.context.texts.get(f"{place}#{part}") or in_language(text, self.words.language)

    def targets(self, name: str) -> Sequence[tuple[str, str]]:
        """What a reference to a group or form may point at: given by the caller, else the form's own rows."""
        found: Sequence[tuple[str, str]] = self.choices.get(name, ())
        return self.context.targets.get(name, found)

    def settled(self, name: str, violation: Violation) -> bool:
        """Whether a warning was answered: confirmed, or with a reason where one is wanted."""
        return violation.is_met_by(self.context.acknowledged.get(acknowledgement(name, violation)))

    def note(self, name: str, label: str, violations: Iterable[Violation], anchor: str) -> None:
        """Enter unsettled issues into the tally."""
        for violation in violations:
            if not self.settled(name, violation):
                where = self.elsewhere(violation)
                told, href = (where.text, where.href) if where is not None else (label, "#" + anchor)
                self.tally.add(Issue(violation.severity, told, violation.message, href))

    def elsewhere(self, violation: Violation) -> Link | None:
        """The other record that a violation is about."""
        home = violation.home
        return self.context.elsewhere.get(home, Link(home.form)) if home is not None else None

    def count(self, path: str, entered: Entered | None) -> None:
        """Enter a visible item into the tally. What cannot be read is no answer yet."""
        tally = self.tally
        tally.asked += 1
        if entered is not None:
            tally.begun = True
        if path in self.evaluation.required:
            tally.want(there=is_answer(entered))

    def reads(self, item: ItemDef) -> bool:
        """Whether an item is shown as text."""
        return self.mode != "edit" or item.id in self.context.fixed_items

    def is_open(self, row: str) -> bool:
        """Whether a row shows its inputs: it, or a row in it, was opened."""
        rows = self.context.open_rows
        return row in rows or any(name.startswith(f"{row}.") for name in rows)

    def text_of(self, item: ItemDef, items: Mapping[str, Entered], path: str) -> str:
        """An item as plain text, for titles and summaries; '' when there is nothing to say."""
        value: Entered | None = items.get(item.id)
        if item.id in self.context.hidden_items:
            return ""
        if item.calculate is not None:
            value = self.evaluation.calculated.get(path)
        if isinstance(value, Decimal):
            return quantity_text(value, item.facets.unit or "", self.words.language)
        if value is None or isinstance(value, Missing):
            return ""
        if isinstance(value, Unread):
            return value.text
        if isinstance(value, Reference) and value.target not in self.labels:
            return ""
        return display(item, value, self.words.language, self.labels)
