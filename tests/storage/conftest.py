"""A small registry with every field type, rules written in Python, and databases to keep it in."""

import hashlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import make_url

from engine.datatypes import DATATYPES
from engine.datatypes.base import Choice, Facets
from engine.datatypes.values import FileValue, Missing, Unread, Value
from engine.model.code_list import MissingList
from engine.model.form import CheckSeverity, FormDef, GroupDef, SectionDef
from engine.model.item import ExpressionText, ItemDef, Privacy
from engine.model.metadata_version import ContainerDef, DerivedDef, MetaDataVersion
from engine.records.evaluation import DerivedValue, Evaluation, ItemState, Violation
from engine.records.form_data import Focus, FormData, Instance, RowData
from storage.access import Actor, on_behalf
from storage.accounts import create_account, create_site
from storage.attachments import Upload
from storage.changes import paths_of, walk_rows
from storage.database import Database, open_database
from storage.form_data import Place, SubjectRecord, load_subject
from storage.form_index import index_form
from storage.instances import open_instance
from storage.keys import derive_keys
from storage.metadata_versions import PublishedDefinition, publish
from storage.request import Rules, SaveRequest, SaveResult, UniqueKey
from storage.roles import grant_application_role
from storage.saving import save_form
from storage.subjects import Registered, register_subject
from storage.upgrading import upgrade
from storage.working_copy import keep_working_copy

NOW = datetime(2025, 3, 17, 9, 10, tzinfo=UTC)
MISSING = MissingList(
    "clinical",
    {"nk": {"pl": "nieznane", "en": "not known"}, "tl": {"pl": "do uzupełnienia", "en": "to be completed"}},
    frozenset({"tl"}),
)
CODES = Facets(choices={code: Choice(code, {"pl": code}) for code in "abcd"})


def item(name: str, datatype: str, **extra) -> ItemDef:
    extra.setdefault("facets", CODES if datatype in {"code", "codes"} else Facets(decimals=2))
    return ItemDef(name, DATATYPES[datatype], {"pl": name}, missing=MISSING, **extra)


def form(name: str, *content: ItemDef | GroupDef, **extra) -> FormDef:
    return FormDef(name, {"pl": name}, (SectionDef("all", {}, content),), **extra)


TYPES = [
    "integer", "decimal", "quantity", "boolean", "date", "time", "datetime", "partial_date", "code", "codes", "text",
    "long_text", "identifier", "row_ref", "record_ref", "file",
]  # fmt: skip
AST = GroupDef("ast", (item("ast_drug", "code"),))
ISO = GroupDef("iso", (item("iso_org", "code"), item("iso_count", "integer"), AST))
VISIT = form(
    "visit",
    *(item(f"v_{name}", name) for name in TYPES),
    item("hide", "boolean"),
    item("hidden", "text", when=ExpressionText("not hide")),
    item("total", "decimal", calculate=ExpressionText("…")),
    GroupDef("bc", (item("bc_no", "integer"), ISO)),
    container="episode",
)
FOLLOW_UP = form(
    "follow_up",
    item("fu_text", "text"),
    item("fu_total", "decimal", calculate=ExpressionText("…")),
    container="episode",
)
PERSON = form(
    "person",
    item("last_name", "text", privacy=Privacy.IDENTIFYING),
    item("pesel", "identifier", privacy=Privacy.IDENTIFYING),
    item("birth_date", "date", privacy=Privacy.IDENTIFYING),
    item("sex", "code"),
)
WIDE = form("wide", *(item(f"w{number}", TYPES[number % 9]) for number in range(600)), container="episode")


@dataclass(frozen=True, eq=False)
class SmallRegistry:
    """What the compiler makes of a definition, as far as storage looks at it."""

    model: MetaDataVersion
    hash: str = "h1"

    def form(self, form_id: str) -> FormDef:
        return self.model.forms[form_id]


REGISTRY = SmallRegistry(
    MetaDataVersion(
        "small",
        "1.0.0",
        {},
        containers={
            "patient": ContainerDef("patient", None, repeats=True),
            "episode": ContainerDef("episode", "patient", repeats=True, most=3),
        },
        forms={one.id: one for one in (VISIT, FOLLOW_UP, PERSON, WIDE)},
        derived={"outcome": DerivedDef("outcome", "codes", "episode", codelist="c")},
    )
)


def evaluate(registry, subject: Instance, focus: Focus, *, as_of, at="save", language="pl", others=()) -> Evaluation:
    # long: a small engine in one place
    """The rules of the small registry: `hide` hides `hidden`, `total` adds up, `v_integer` is at most 100."""
    instance = _find(subject, focus.instance)
    if focus.occurrence is None:
        data = instance.forms[focus.form][focus.record]
    else:
        data = next(one.forms[focus.form] for one in instance.occurrences if one.id == focus.occurrence)
    states = {}
    index, paths = index_form(registry.form(focus.form)), paths_of(data)
    groups = {"": index.form.items} | {
        row.id: tuple(one for one in index.items.values() if one.id.startswith(group))
        for group, _, _, row in walk_rows(data)
    }
    for row, items in groups.items():
        values = data.items if not row else next(r.items for _, _, _, r in walk_rows(data) if r.id == row)
        for one in items:
            found = values.get(one.id)
            state = (
                ItemState.MISSING
                if isinstance(found, Missing)
                else ItemState.ANSWERED
                if found is not None
                else ItemState.NOT_ANSWERED
            )
            states[paths.path((row, one.id))] = state
    hide = data.items.get("hide")
    clear: tuple[str, ...] = ()
    if "hide" in index.items and hide is not False:
        states["hidden"] = ItemState.NOT_APPLICABLE if hide is True else ItemState.NOT_ASKED
        clear = ("hidden",) if hide is True and "hidden" in data.items else ()
    total = _total(instance)
    violations = [
        Violation(value.code, CheckSeverity.ERROR, name, "", value.message)
        for name, value in data.items.items()
        if isinstance(value, Unread)
    ]
    number = data.items.get("v_integer")
    if isinstance(number, Decimal) and number > 100:
        violations.append(
            Violation("range_soft", CheckSeverity.WARNING, "v_integer", "", f"{number}", rule="r1", inputs=str(number))
        )
    if focus.form == "follow_up" and total is not None and total > 100:
        violations.append(
            Violation("too_much", CheckSeverity.ERROR, "fu_text", "", "too much", rule="r2", inputs=str(total))
        )
    calculated: Mapping[str, Value | None] = {name: total for name in ("total", "fu_total") if name in index.items}
    chosen = data.items.get("v_codes") if focus.form == "visit" else None
    derived = {"outcome": DerivedValue(chosen)} if isinstance(chosen, tuple) else {}
    return Evaluation(
        states=states, to_clear=clear, calculated=calculated, violations=tuple(violations), derived=derived
    )


def _total(instance: Instance) -> Decimal | None:
    visit = instance.forms.get("visit")
    value = visit[0].items.get("v_decimal") if visit else None
    return value * 2 if isinstance(value, Decimal) else None


def _find(instance: Instance, name: str) -> Instance:
    return next(one for one in _walk(instance) if one.id == name)


def _walk(instance: Instance) -> Iterator[Instance]:
    yield instance
    for child in instance.children:
        yield from _walk(child)


def unique_keys(registry, form_id: str, data: FormData):
    pesel = data.items.get("pesel")
    return [UniqueKey("pesel", (pesel,) if isinstance(pesel, str) else ())] if form_id == "person" else []


RULES = Rules(
    evaluate, lambda _r, name, _i: ["follow_up"] if name == "visit" else [], unique_keys, frozenset({"person"})
)


@dataclass
class Ward:
    """A site with an actor and one patient in it, and short ways to save and load."""

    database: Database
    actor: Actor
    subject: int
    patient: int
    episode: int
    pseudonym: str
    now: datetime = NOW
    counter: int = 0
    revisions: dict[Place, int] = field(default_factory=dict)
    rules: Rules = RULES

    @property
    def visit(self) -> Place:
        return Place(self.episode, "visit")

    @property
    def person(self) -> Place:
        return Place(self.patient, "person")

    def request(self, data: FormData, place: Place | None = None, **extra) -> SaveRequest:
        self.counter += 1
        self.now += timedelta(minutes=1)
        place = place or self.visit
        extra.setdefault("expected_revision", self.revisions.get(place, 0))
        extra.setdefault("key", f"{self.actor.site}-{self.subject}-{self.counter}")
        return SaveRequest(self.subject, place, data, actor=self.actor, at=self.now, **extra)

    def save(self, data: FormData, place: Place | None = None, **extra) -> SaveResult:
        request = self.request(data, place, **extra)
        result = save_form(self.database, REGISTRY, request, self.rules)
        self.revisions[request.place] = result.revision
        return result

    def upload(self, content: bytes, name: str = "ecg.pdf", place: Place | None = None) -> FileValue:
        """Attach a file to the working copy of a form."""
        value = FileValue(name, "application/pdf", len(content), hashlib.sha256(content).hexdigest())
        keep_working_copy(
            self.database, self.actor, self.subject, place or self.visit, {}, revision=0, at=self.now,
            uploads=[Upload(value, content)],
        )  # fmt: skip
        return value

    def load(self) -> SubjectRecord:
        return load_subject(self.database, REGISTRY, self.actor, self.subject, self.now)

    def stored(self, place: Place | None = None) -> FormData:
        return self.load().forms[place or self.visit].data


@pytest.fixture(scope="module")
def database(database_url: str) -> Iterator[Database]:
    """A migrated database with the small registry published."""
    opened = open_database(database_url, derive_keys(b"k" * 32))
    upgrade(opened)
    publish(opened, PublishedDefinition("small", "1.0.0", "h1", "registry: small"), who="office", at=NOW)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def new_ward(database: Database) -> Callable[[], Ward]:
    """Call it for one more site with a patient."""
    count = iter(range(10**6))
    account = create_account(database, "jan", "Jan", "correct horse battery", who="office", at=NOW)

    def build() -> Ward:
        number = next(count)
        site = create_site(database, f"s{number}", f"Szpital {number}", who="office", at=NOW)
        actor = Actor(account, f"jan{number}", "small", site)
        new: Registered = register_subject(database, actor, prefix="SML", at=NOW)
        episode = open_instance(database, REGISTRY, actor, new.subject, "episode", new.patient, at=NOW)
        return Ward(database, actor, new.subject, new.patient, episode, new.pseudonym)

    return build


@pytest.fixture(scope="module")
def application(database: Database, database_url: str) -> Iterator[Database]:
    """The database as the application sees it: PostgreSQL alone has roles."""
    if database.dialect == "sqlite":
        pytest.skip("SQLite knows no roles")
    grant_application_role(database, "ecrf_app")
    url = make_url(database_url).set(username="ecrf_app")
    opened = open_database(url.render_as_string(hide_password=False), database.keys)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def act_as(application: Database) -> Callable[..., Ward]:
    """Call it for a ward whose actor works through the application's role."""

    def act(ward: Ward, **more: Any) -> Ward:
        actor = replace(ward.actor, **more)
        at = ward.now + timedelta(hours=1)
        database = on_behalf(application, actor, at)
        return replace(ward, database=database, actor=actor)

    return act


@pytest.fixture
def ward(new_ward: Callable[[], Ward]) -> Ward:
    """A site with a patient of its own."""
    return new_ward()


@pytest.fixture(scope="session")
def small() -> SimpleNamespace:
    """The names of this file, for tests: they cannot import it."""
    return SimpleNamespace(
        NOW=NOW, REGISTRY=REGISTRY, RULES=RULES, SmallRegistry=SmallRegistry, TYPES=TYPES, evaluate=evaluate,
        replace=replace, RowData=RowData, Ward=Ward,
    )  # fmt: skip
