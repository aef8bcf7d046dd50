"""Posted names <-> FormData: what a page sent, merged into what is known, as typed where it does not parse."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl

from engine.model.form import FormDef, GroupDef, walk_groups
from engine.model.item import ItemDef
from engine.records.form_data import FormData, RowData
from renderers.html.form_class import ItemForm, form_class
from renderers.html.names import Place, holders, is_known, places_of, split_part
from renderers.html.rows import Action, act
from renderers.html.words import load_words

MAX_BYTES = 10_000_000
MAX_FIELDS = 100_000
MAX_REASON = 250  # characters
CONTROL_NAMES = frozenset(
    {"csrf_token", "__do", "__owner", "__revision", "__key", "__open", "__clear", "__live", "__reason"}
)
VERBS = frozenset(
    {
        "save",
        "complete",
        "autosave",
        "language",
        "open",
        "close",
        "next",
        "add",
        "fill",
        "copy",
        "remove",
        "undo",
        "clear",
    }
)


class PostTooLarge(ValueError):
    """A post beyond the limits; nothing of it was read."""

    def __init__(self, language: str = "pl") -> None:
        megabytes, fields = MAX_BYTES // 1_000_000, f"{MAX_FIELDS:,}".replace(",", "\u00a0")
        super().__init__(load_words(language).text("too_large", megabytes=megabytes, fields=fields))


class Fields:
    """Posted fields in the shape that WTForms asks for."""

    def __init__(self, pairs: Iterable[tuple[str, str]], language: str = "pl") -> None:
        self._lists: dict[str, list[str]] = {}
        size = 0
        for number, (name, text) in enumerate(pairs, start=1):
            size += len(name) + len(text)
            if number > MAX_FIELDS or size > MAX_BYTES:
                raise PostTooLarge(language)
            self._lists.setdefault(name, []).append(text)

    def getlist(self, name: str) -> list[str]:
        return self._lists.get(name, [])

    def __contains__(self, name: object) -> bool:
        return name in self._lists

    def __iter__(self) -> Iterator[str]:
        return iter(self._lists)

    def __len__(self) -> int:
        return len(self._lists)

    def last(self, name: str) -> str:
        found = self._lists.get(name)
        return found[-1] if found else ""

    def put(self, name: str, text: str) -> None:
        """Put a field there as if it had been posted."""
        self._lists[name] = [text]

    def without(self, *names: str) -> None:
        """Drop fields, as an undo or a clear asks."""
        for name in names:
            self._lists.pop(name, None)


def read_urlencoded(body: bytes, language: str = "pl") -> Fields:
    """The fields of an `application/x-www-form-urlencoded` body. Raises PostTooLarge before reading too much."""
    if len(body) > MAX_BYTES or body.count(b"&") >= MAX_FIELDS:
        raise PostTooLarge(language)
    return Fields(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, encoding="utf-8"), language)


@dataclass(frozen=True, slots=True)
class PostedForm:
    """What a page sent."""

    data: FormData
    action: Action
    acknowledged: Mapping[str, str]  # as PageContext.acknowledged: those of the warnings that the page showed
    unknown: tuple[str, ...]  # names that mean nothing here: ignored, and to be reported
    revision: str = ""
    idempotency_key: str = ""
    open_rows: frozenset[str] = frozenset()
    shown_rows: frozenset[str] = frozenset()  # those whose fields the page held
    clear_confirmed: bool = False
    reason: str = ""  # why what somebody reviewed or signed is changed
    live: bool = False  # the page's script ran the rules: what is empty there was left empty by somebody

    @property
    def anchor(self) -> str:
        """The element to go to after the redirect: the row or field that the button was about; '' for the top."""
        verb, target = self.action.verb, self.action.target
        if verb in ("open", "add", "copy", "next") and self.open_rows:
            return f"r-{max(self.open_rows, key=len)}"  # the innermost
        if verb == "close":
            return f"r-{target}"
        if verb == "fill":
            return f"g-{target}"
        if verb == "remove":
            return f"g-{target.rpartition('.')[0]}"
        return target if verb in ("undo", "clear") else ""


@dataclass(frozen=True, slots=True)
class PostReader:
    """Reads posts of one form; made once per form by `post_reader`."""

    form: FormDef
    sections: tuple[type[ItemForm], ...]
    groups: Mapping[int, type[ItemForm]]  # by identity: group ids are unique in a form, objects are too

    def read(self, fields: Fields, base: FormData) -> PostedForm:
        """Merge a post into what is known of the form. Rows and items that the page did not hold stay as they are."""
        action = read_action(fields)
        if action.verb in ("undo", "clear"):
            _forget(fields, action.target)
        items = base.items
        for section in self.sections:
            items = section().read(fields, items)
        posted = frozenset(row for name in fields for row in holders(name))
        data = FormData(items, self._groups(Place(), self.form.groups, base.groups, fields, posted))
        acknowledged, unknown = _sort(fields, lambda name: is_known(self.form, base, name))
        opened = frozenset(name for name in fields.last("__open").split() if is_known(self.form, base, name))
        data, open_rows = act(self.form, data, action, opened)
        return PostedForm(
            data=data,
            action=action,
            acknowledged=acknowledged,
            unknown=unknown,
            revision=fields.last("__revision"),
            idempotency_key=fields.last("__key"),
            open_rows=open_rows,
            shown_rows=posted | open_rows,
            clear_confirmed=fields.last("__clear") == "yes",
            reason=" ".join(fields.last("__reason").split())[:MAX_REASON],
            live=bool(fields.last("__live")),
        )

    def answers(self, fields: Fields, base: FormData) -> dict[str, str]:
        """The answers to warnings alone, as `PostedForm.acknowledged`, of a page that has them among other things."""
        return _sort(fields, lambda name: is_known(self.form, base, name))[0]

    def _groups(
        self, place: Place, groups: Iterable[GroupDef], known: Mapping[str, Sequence[RowData]], fields: Fields,
        posted: Collection[str],
    ) -> dict[str, tuple[RowData, ...]]:  # fmt: skip
        """The rows of groups; those of which nothing was posted are as they were."""
        return {
            group.id: tuple(
                self._row(inner, group, row, fields, posted) if inner.name in posted else row
                for row, inner in places_of(place, group, rows)
            )
            for group in groups
            if (rows := known.get(group.id, ()))
        }

    def _row(self, place: Place, group: GroupDef, row: RowData, fields: Fields, posted: Collection[str]) -> RowData:
        items = self.groups[id(group)](place.at).read(fields, row.items)
        return RowData(row.id, items, self._groups(place, group.groups, row.groups, fields, posted))


def post_reader(form: FormDef) -> PostReader:
    """Generate the classes of a form's sections and rows."""
    sections = tuple(
        form_class(section.id, (part for part in section.content if isinstance(part, ItemDef)))
        for section in form.sections
    )
    return PostReader(form, sections, {id(group): form_class(group.id, group.items) for group in walk_groups(form)})


def read_action(fields: Fields) -> Action:
    """The pressed button; a page sent without one is saved."""
    verb, _, target = fields.last("__do").partition(":")
    return Action(verb, target) if verb in VERBS else Action()


def _forget(fields: Fields, name: str) -> None:
    """Undo a missing reason, or clear a choice: the post is read as if it had not been sent."""
    fields.without(f"{name}__mr")
    if fields.last("__do").startswith("clear:"):
        fields.put(name, "")


def _sort(fields: Fields, known: Callable[[str], bool]) -> tuple[dict[str, str], tuple[str, ...]]:
    """Acknowledgements, and the names that mean nothing here."""
    acknowledged: dict[str, str] = {}
    unknown = []
    for name in fields:
        stem, part = split_part(name)
        if name in CONTROL_NAMES or not known(stem):
            if name not in CONTROL_NAMES:
                unknown.append(name)
        elif part == "ack":
            acknowledged.update({f"{stem}#{key}": "" for key in fields.getlist(name)})
        elif part.startswith("why."):
            reason = fields.last(name).strip()
            if reason:
                acknowledged[f"{stem}#{part.removeprefix('why.')}"] = reason
    return acknowledged, tuple(unknown)
