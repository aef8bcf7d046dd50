"""Lists of choices -> code lists. Columns that rules name become attributes; what else stands there is annotated."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from engine.definitions.source import number_of
from exchange.document import Entry, annotate
from exchange.findings import Part
from exchange.identifiers import Ids, snake
from exchange.rules.placing import Placing
from exchange.xlsform.columns import Line
from exchange.xlsform.parked import unparked
from exchange.xlsform.texts import Languages, plain_text

SYSTEM = "xlsform"
_CODE = re.compile(r"[-_]?[A-Za-z0-9][A-Za-z0-9_.:/+*-]{0,63}")
_NOT_IN_CODES = re.compile(r"[^A-Za-z0-9_.:/+*-]+")
_TAKEN = frozenset({"exclusive", "withdrawn", "standard", "also", "annotations", "value", "code", "label"})
_KEPT = ("image", "audio", "video", "big-image")
MAX_CHOICES = 50_000


@dataclass(frozen=True, slots=True)
class ChoiceList:
    """A list: its id, our code of each choice's name, the attribute of each column, and its entry in the document."""

    id: str
    name: str
    codes: Mapping[str, str]
    attributes: Mapping[str, str]  # column as rules name it -> attribute
    entry: Entry = field(default_factory=dict)
    several: frozenset[str] = frozenset()  # attributes of which a code has several values, as it stands in several rows

    @property
    def values(self) -> dict[str, int | Decimal | None]:
        """Code -> its number, as rules calculate with it."""
        return {code: number_of(code) for code in self.codes.values()}

    @property
    def spellings(self) -> dict[str, str]:
        """Names that could be no codes -> the codes that they became."""
        return {name: code for name, code in self.codes.items() if name != code}


def code_of(name: str) -> str:
    """The name itself if it can be a code, else something like it."""
    if _CODE.fullmatch(name):
        return name
    plain = _NOT_IN_CODES.sub("_", snake(name, "code") if not name.isascii() else name).strip("_")[:64]
    return plain if _CODE.fullmatch(plain) else f"code_{plain}"[:64].strip("_")


def grouped(lines: Iterable[Line]) -> dict[str, list[Line]]:
    """The choices of each list. Rows without list or name are remarks."""
    found: dict[str, list[Line]] = {}
    for line in lines:
        if line["list_name"] and line["name"]:
            found.setdefault(line["list_name"], []).append(line)
    return found


@dataclass(frozen=True, slots=True)
class ChoiceReader:
    """Builds code lists. `rules` is the text of all rules that may name columns of choices."""

    languages: Languages
    placing: Placing
    ids: Ids
    rules: str

    def read(self, name: str, lines: Sequence[Line], *, other: bool = False) -> ChoiceList:
        """A list, told as one finding; `other` adds the choice that `or_other` means."""
        where = f"choices, {name}"
        attributes = self._attributes(lines)
        codes: dict[str, str] = {}
        entries: dict[str, Entry] = {}
        again: dict[str, list[Line]] = {}
        for line in lines[:MAX_CHOICES]:
            if line["name"] in codes:
                again.setdefault(codes[line["name"]], []).append(line)
                continue
            code = self._free(code_of(line["name"]), entries)
            codes[line["name"]] = code
            entries[code] = self._code(line, code, attributes, where)
        if other and "other" not in codes:
            codes["other"] = "other"
            entries["other"] = dict.fromkeys(self.languages.all, "Other")
        id_ = self.ids.make(f"{name}_or_other" if other else name, "list")
        several = _joined(entries, again, attributes, self._searched(attributes))
        self._tell(where, name, _doubled(again, attributes, several), codes, len(lines))
        whole = f"{name}_or_other" if other else name
        made: Entry = {} if id_ == whole else {"oid": whole}
        if attributes:
            made["attributes"] = {
                attribute: "codes" if attribute in several else "text" for attribute in attributes.values()
            }
        made["codes"] = entries
        return ChoiceList(id_, name, codes, attributes, made, several)

    def _free(self, code: str, taken: Mapping[str, Entry]) -> str:
        number, made = 2, code
        while made in taken:
            made, number = f"{code[:60]}_{number}", number + 1
        return made

    def _tell(self, where: str, name: str, doubled: str, codes: Mapping[str, str], count: int) -> None:
        odd = [f"{found!r}" for found, code in codes.items() if found != code]
        if count > MAX_CHOICES:
            self.placing.approximated(
                where, Part.CHOICES, f"The list has {count} choices; the first {MAX_CHOICES} are read.", name
            )
        elif doubled:
            self.placing.approximated(where, Part.CHOICES, doubled, name)
        elif odd:
            self.placing.approximated(
                where, Part.CHOICES, f"Names that cannot be codes are written otherwise: {', '.join(odd[:5])}.", name
            )
        else:
            self.placing.kept(where, Part.CHOICES)

    def _attributes(self, lines: Sequence[Line]) -> dict[str, str]:
        """Columns of one's own that a rule names."""
        made: dict[str, str] = {}
        ids = Ids({*_TAKEN, *self.languages.all})
        for column in dict.fromkeys(column for line in lines for column in line.others):
            if re.search(rf"(?<![\w.-]){re.escape(column)}(?![\w.-])", self.rules):
                made[column] = ids.make(column, "attribute")
        return made

    def _searched(self, attributes: Mapping[str, str]) -> frozenset[str]:
        """Columns of which rules ask whether a code is among those in the cell."""
        asked = re.findall(r"(?<![\w-])selected\s*\(\s*([^\s,()]+)\s*,", self.rules)
        return frozenset(asked) & attributes.keys()

    def _code(self, line: Line, code: str, attributes: Mapping[str, str], where: str) -> Entry:
        place = f"{where}, row {line.number}"
        labels = {}
        for language, text in self.languages.complete(self.languages.texts(line, "label"), line["name"]).items():
            plain = plain_text(text, None)
            labels[language] = plain.text or line["name"]
            if plain.lost and language == self.languages.all[0]:
                self.placing.approximated(place, Part.TEXT, " ".join(plain.lost), text)
        entry: Entry = {**labels}
        entry.update(
            {attribute: line.others[column] for column, attribute in attributes.items() if line.others.get(column)}
        )
        if code != line["name"]:
            annotate(entry, SYSTEM, "name", line["name"])
        for column, text in unparked(line.others).items():
            if column not in attributes:
                annotate(entry, SYSTEM, column, text)
        self._media(line, entry, place)
        return entry

    def _media(self, line: Line, entry: Entry, place: str) -> None:
        for column in _KEPT:
            for heading, text in headed(line, column):
                annotate(entry, SYSTEM, heading, text)
                self.placing.dropped(place, Part.OTHER, "Choices are shown without pictures and sounds.", text)


def _joined(
    entries: Mapping[str, Entry],
    again: Mapping[str, Sequence[Line]],
    attributes: Mapping[str, str],
    searched: frozenset[str],
) -> frozenset[str]:
    """Give codes the values of all rows, and all words of cells that are searched; which attributes have several for one code."""
    several: set[str] = set()
    for column, attribute in attributes.items():
        values = {
            code: list(
                dict.fromkeys(
                    value
                    for cell in (entry.get(attribute), *_cells(again.get(code, ()), column))
                    if cell
                    for value in (cell.split() if column in searched else (cell,))
                )
            )
            for code, entry in entries.items()
        }
        if any(len(found) > 1 for found in values.values()) and all(
            _CODE.fullmatch(value) for found in values.values() for value in found
        ):
            several.add(attribute)
            for code, found in values.items():
                entries[code][attribute] = found
    return frozenset(several)


def _cells(lines: Iterable[Line], column: str) -> list[str]:
    return [line.others.get(column, "") for line in lines]


def _doubled(again: Mapping[str, Sequence[Line]], attributes: Mapping[str, str], several: frozenset[str]) -> str:
    """What became of names that stand twice."""
    if not again:
        return ""
    names = ", ".join(list(again)[:5])
    columns = [column for column, attribute in attributes.items() if attribute in several]
    if not columns:
        return f"Names stand twice in the list; the first of each is kept: {names}."
    mixed = " in any combination" if len(columns) > 1 else ""
    return (
        f"Names stand twice in the list: {names}. Each is one code here, with its first label "
        f"and all its values of {', '.join(columns)}{mixed}."
    )


def headed(line: Line, column: str) -> list[tuple[str, str]]:
    """What a row says in a column, each text with its heading (`image::English`)."""
    found = [(column, line[column])] if line[column] else []
    return found + [(f"{column}::{name}", text) for name, text in line.translated.get(column, {}).items()]
