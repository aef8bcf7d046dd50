"""What a page shows besides the form's values: who looks, whose data these are, where the links lead."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

from engine.records.evaluation import Elsewhere, Violation
from engine.records.explaining import Fact


@dataclass(frozen=True, slots=True)
class Link:
    """A link with its words; `current` marks the page one is on."""

    text: str
    href: str = ""
    current: bool = False


@dataclass(frozen=True, slots=True)
class Band:
    """The patient band, always on screen: registry sign, pseudonym, facts in order of weight."""

    sign: str = ""
    who: str = ""
    facts: tuple[str, ...] = ()  # the first one stays on a phone


@dataclass(frozen=True, slots=True)
class Notice:
    """A sentence above the form. Tones: 'ok' has been done, 'warn' wants looking at, '' informs."""

    text: str
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Save:
    """The save state on screen.

    new; unsaved (typed just now), copy (kept as a working copy), saved (part of the record); saving, offline,
    conflict, refused, too_long, read_only.
    """

    state: str = "new"
    time: str = ""  # '12:04', already in the reader's words


@dataclass(frozen=True, slots=True)
class Step:
    """Another form in the navigator."""

    text: str
    href: str
    state: str = "open"  # a key of the status signs: open, draft, complete, signed, locked, errors, warnings, ...
    note: str = ""


@dataclass(frozen=True, slots=True)
class Steps:
    """A heading of the navigator with its forms: 'In this event', 'Admission'."""

    title: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class Note:
    """An entry of the rail: a query or a recent change."""

    text: str
    detail: str = ""
    meta: str = ""
    href: str = ""
    old: str = ""
    new: str = ""


@dataclass(frozen=True, slots=True)
class Badge:
    """What hangs on a field: how often it was changed, its open query, whether it is locked."""

    changes: int = 0
    query: str = ""  # link of its queries
    pending: int = 0  # queries in which somebody has something to do
    locked: bool = False


@dataclass(frozen=True, slots=True)
class Links:
    """Where the page's requests go. An empty one switches its feature off."""

    action: str = ""  # the form's POST
    autosave: str = ""  # POST of the whole form; answers renderers.html.patch
    program: str = ""  # GET of engine.records.browser.form_program
    files: str = ""  # the posted name is appended to POST a file, its digest to GET one
    lookup: str = ""  # GET ?item=&q= -> [{"code", "label"}]
    history: str = ""  # the item's name is appended
    queries: str = ""  # the name of an item or row is appended to ask about it
    past: str = ""  # the history of the whole form
    pdf: str = ""  # GET of the form as a PDF
    verify: str = ""  # where its values are compared with the sources
    home: str = "/"
    account: str = ""
    lock: str = ""  # POST: leave the session to be come back to
    sign_out: str = ""
    train: str = ""  # where one comes to train
    leave: str = ""  # from training back to the real system
    help: str = ""
    ask: str = ""  # where the help centre is asked
    asked: str = ""  # one's own requests to it
    accessibility: str = ""


@dataclass(frozen=True, slots=True)
class Shell:
    """The frame that all pages share."""

    user: str = ""
    registry: str = ""  # the sign of the one at hand: 'TLE'
    registries: tuple[Link, ...] = ()  # of somebody who works in several
    navigation: tuple[Link, ...] = ()
    languages: Mapping[str, str] = field(default_factory=lambda: {"pl": "?language=pl", "en": "?language=en"})
    definition: str = ""  # 'pacing 1.0.0'
    synthetic: bool = False
    training: bool = False  # every page says so
    links: Links = field(default_factory=Links)


def nothing_of(_path: str) -> tuple[()]:
    """What is known of a path where nothing is."""
    return ()


@dataclass(frozen=True, slots=True)
class PageContext:
    """Everything a form page needs besides values and evaluation. All of it has a sensible default."""

    shell: Shell = field(default_factory=Shell)
    band: Band = field(default_factory=Band)
    save: Save = field(default_factory=Save)
    crumbs: tuple[Link, ...] = ()
    state: str = "draft"  # open, draft, complete, reviewed, signed, locked
    unsaved: bool = False  # what is shown is a working copy
    revision: str = ""
    csrf_token: str = ""
    owner: str = ""  # a signed mark that says whose page it is
    idempotency_key: str = ""
    open_rows: frozenset[str] = frozenset()  # names such as 'lx.7f3a'; rows that hold them are open too
    summary: bool = False  # show the error summary on top: after an attempt to complete
    acknowledged: Mapping[str, str] = field(default_factory=dict)  # acknowledgement() -> written reason or ''
    badges: Mapping[str, Badge] = field(default_factory=dict)  # by name
    targets: Mapping[str, Sequence[tuple[str, str]]] = field(
        default_factory=dict
    )  # key of ItemDef.offered -> (target, words)
    labels: Mapping[str, str] = field(default_factory=dict)  # code of an open dictionary -> its words
    withheld: Callable[[str], Collection[str]] = nothing_of  # path -> codes not offered (`only`)
    elsewhere: Mapping[Elsewhere, Link] = field(default_factory=dict)  # other records that violations are about
    texts: Mapping[str, str] = field(default_factory=dict)  # `path#part` -> label, hint or title with values in it
    why: Callable[[str], Sequence[Fact]] = nothing_of  # path of a calculated item -> what it was made of
    hidden_items: frozenset[str] = (
        frozenset()
    )  # ids a role may not see: their values come on no page, a sign stands in their place
    fixed_items: frozenset[str] = frozenset()  # ids a role may not edit: shown as text
    navigator: tuple[Steps, ...] = ()
    queries: tuple[Note, ...] = ()
    changes: tuple[Note, ...] = ()
    outcomes: tuple[Note, ...] = ()  # what the form's answers come to: value as detail, what decided as meta
    clears: tuple[str, ...] = ()  # words of the answers that this save will delete
    notices: tuple[Notice, ...] = ()

    @property
    def strict(self) -> bool:
        """Whether what is merely not filled yet is shown as an error: not while somebody is still writing."""
        return self.summary or self.state not in ("open", "draft")


# Violations that say no more than 'not filled yet'.
UNFILLED = frozenset({"required", "rows"})


def acknowledgement(name: str, violation: Violation) -> str:
    """The key of an answer to a warning: the place by stable row id, the rule and the inputs it read."""
    return f"{name}#{answer_key(violation)}"


def answer_key(violation: Violation) -> str:
    """The part of the key that a page carries: it changes when the rule or its inputs change."""
    return "-".join((violation.code, violation.rule[:16], violation.inputs[:16]))
