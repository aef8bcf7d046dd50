"""What is known while one Questionnaire is read: its items as they were and as they become, and whose conditions count where."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from engine.datatypes import DATATYPES
from engine.definitions.source import number_of
from exchange.document import Entry, Field, annotate
from exchange.fhir.choices import Lists
from exchange.fhir.extensions import as_text, extensions, mended, short, value
from exchange.fhir.nodes import Choices, Grown, Node
from exchange.fhir.resources import Json, maps
from exchange.fhir.texts import Texts
from exchange.findings import Part
from exchange.identifiers import Ids, snake
from exchange.rules.placing import Placing

SYSTEM = "fhir"
LONGEST = 40  # letters of a text that become an id
_UUID = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE)


def displayed(item: Json) -> str:
    """What a code of an item says, where the item has no text of its own."""
    return next((str(code["display"]) for code in maps(item.get("code")) if code.get("display")), "")


def _is_row(extension: Json) -> bool:
    """A variable that only names the row of a group, as export writes them."""
    found = value(extension)
    return (
        isinstance(found, dict) and found.get("expression") == "%context" and str(found.get("name")).startswith("row")
    )


@dataclass(frozen=True, slots=True)
class Holder:
    """What an entry depends on beside its own condition: that an item is enabled, or that a question is answered."""

    node: Node
    answered: bool = False


@dataclass(frozen=True, slots=True)
class Conditional:
    """An entry whose `when` is still to be made: of its own item and of its holders."""

    node: Node
    entry: Entry
    holders: tuple[Holder, ...] = ()


@dataclass(slots=True)
class Draft:
    """One Questionnaire on its way into a form."""

    form: str
    texts: Texts
    lists: Lists
    ids: Ids
    placing: Placing
    grown: Grown
    root: Node  # the Questionnaire itself, or the group in it that is a form of ours
    entries: dict[Node, Entry] = field(default_factory=dict)
    conditionals: list[Conditional] = field(default_factory=list)
    checks: list[Entry] = field(default_factory=list)

    def where(self, node: Node) -> str:
        """The place of an item in findings."""
        return f"{self.form}.{node.link}" if node is not self.root else self.form

    def name(self, node: Node, entry: Entry, key: str = "id") -> str:
        """Give an entry its id, and its linkId as oid where that is no id."""
        entry[key] = self.ids.make(self.base_name(node), "group" if key == "group" else "item")
        if entry[key] != node.link:
            entry["oid"] = node.link
        return str(entry[key])

    def base_name(self, node: Node) -> str:
        """What an id is made of: the linkId, or the text where that is a number that nobody reads."""
        if not _UUID.fullmatch(node.link):
            return node.link
        words = snake(next(iter(self.texts.of(node.item, "text").values()), "") or displayed(node.item), "")
        return words[:LONGEST].rpartition("_")[0] if len(words) > LONGEST else words or node.link

    def know(self, node: Node, entry: Entry, groups: tuple[str, ...], choices: Choices | None = None) -> None:
        """Let rules know the item of an entry."""
        values = (
            {}
            if choices is None
            else {
                one.code: one.score if one.score is not None else number_of(str(one.value)) for one in choices.entries
            }
        )
        self.grown.fields[node] = Field((entry["id"],), DATATYPES[entry["type"]].kind, self.form, groups, values)
        self.entries[node] = entry
        unit = entry.get("unit", "")
        self.grown.units[node] = unit if isinstance(unit, str) else unit["store"]
        if choices is not None:
            self.grown.choices[node] = choices

    def keep(self, node: Node, entry: Entry, names: Iterable[str]) -> None:
        """Keep elements of an item verbatim."""
        for name in names:
            if name in node.item:
                annotate(entry, SYSTEM, name, as_text(node.item[name]))

    def keep_extensions(self, where: str, part: Json, entry: Entry, known: frozenset[str]) -> None:
        """Keep the extensions that mean nothing here, and tell it once."""
        kept: dict[str, list[object]] = {}
        for one in extensions(part):
            if short(one.get("url")) not in known and not _is_row(one):
                kept.setdefault(str(one.get("url")), []).append(
                    mended({key: part for key, part in one.items() if key != "url"})
                )
        for url, found in kept.items():
            annotate(entry, SYSTEM, url, as_text(found[0] if len(found) == 1 else found))
        kept = {url: found for url, found in kept.items() if short(url) != "variable"}
        if kept:
            names = ", ".join(sorted({short(url) for url in kept}))
            self.placing.dropped(
                where, Part.OTHER, "Kept as annotations, which mean nothing to pages and rules.", names
            )
