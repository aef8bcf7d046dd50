"""Reads a code list from a CSV file: code, label_pl, label_en, attributes, valid_from, valid_to."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal

from engine.datatypes.base import Choice, Kind
from engine.datatypes.codes import is_code
from engine.definitions.context import Context
from engine.definitions.encoding import decode
from engine.definitions.files import Files
from engine.definitions.tree import Node
from engine.errors import Mark, Problems
from engine.model.code_list import Attribute, AttributeDef, CodeList

MAX_BYTES = 50_000_000
MAX_CODES = 1_000_000  # of one definition: several lists may read the same file
MAX_FAULTS = 50  # of one file: a wrong separator makes every row faulty
MAX_COUNTED = 10_000  # with more of them the rest is not read
MAX_CODE = 64

VALIDITY = ("valid_from", "valid_to")
FLAGS = ("exclusive", "withdrawn")
KNOWN_LANGUAGES = ("pl", "en")  # columns of a dictionary on its own may be these, whatever is asked for

_TRUTH = {"true": True, "false": False, "1": True, "0": False}
_NUMBER = re.compile(r"[-+]?[0-9]{1,40}(?:\.[0-9]{1,40})?")


def _codes(text: str) -> Attribute:
    return tuple(part.strip() for part in text.split(";") if part.strip())


def _number(text: str) -> Attribute | None:
    return Decimal(text) if _NUMBER.fullmatch(text) else None


_READ: Mapping[Kind, tuple[Callable[[str], Attribute | None], str]] = {
    Kind.TEXT: (lambda text: text, "a text"),
    Kind.NUMBER: (_number, "a number with a decimal point"),
    Kind.BOOLEAN: (lambda text: _TRUTH.get(text.lower()), "true or false"),
    Kind.CODES: (_codes, "texts separated by ;"),
}


@dataclass(slots=True)
class _Reader:
    """What is read of one file so far."""

    context: Context
    shell: CodeList
    name: str
    header: list[str] = field(default_factory=list)
    attributes: list[AttributeDef] = field(default_factory=list)  # those that the file has a column for, or should have
    choices: dict[str, Choice] = field(default_factory=dict)
    values: dict[str, dict[str, Attribute]] = field(default_factory=dict)
    validity: dict[str, tuple[date | None, date | None]] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    faults: int = 0

    def fault(self, line: int, code: str, message: str, column: int = 1) -> None:
        """Report a fault of a row, unless there were many."""
        self.faults += 1
        if self.faults <= MAX_FAULTS:
            self.context.error(Mark(self.name, line, column), code, message)

    def read_header(self, header: list[str]) -> bool:
        """Whether the columns are those of a code list; faults are reported."""
        self.header = [name.strip() for name in header]
        columns = frozenset(self.header)
        self.attributes = [
            attribute
            for name, attribute in self.shell.attributes.items()
            if name in columns or attribute.default is None
        ]
        needed = ["code", *(f"label_{language}" for language in self.context.languages)]
        allowed = dict.fromkeys(
            [
                *needed,
                *self.shell.attributes,
                *VALIDITY,
                *FLAGS,
                *(f"label_{other}" for other in self.context.known_languages),
            ]
        )
        before = self.faults
        if len(self.header) == 1 and re.search("[;\t]", self.header[0]):
            self.fault(
                1, "csv-header", "The columns are not separated by commas. Save the file as CSV with commas, in UTF-8."
            )
            return False
        for name in needed:
            if name not in self.header:
                self.fault(
                    1,
                    "csv-header",
                    f"The column {name!r} is missing. The first row must name: {', '.join(needed)}, then attributes, valid_from, valid_to.",
                )
        for index, name in enumerate(self.header):
            if name not in allowed:
                self.fault(
                    1,
                    "csv-header",
                    f"The column {name!r} is not known.{self.context.problems.guess(name, allowed)} {self._remedy()}",
                )
            elif self.header.index(name) < index:
                self.fault(1, "csv-header", f"The column {name!r} stands here twice.")
        return self.faults == before

    def _remedy(self) -> str:
        return f"Declare it under `attributes` of {self.shell.id!r}." if self.shell.id else "Delete the column."

    def takes(self, line: int) -> bool:
        """Whether one more code still fits into the definition; the first that does not is reported."""
        self.context.codes += 1
        if self.context.codes == MAX_CODES + 1:
            which = "All code lists of the definition together have" if self.shell.id else "The file has"
            message = f"{which} more than {MAX_CODES} codes. Leave some out."
            self.context.error(Mark(self.name, line, 1), "too-many-codes", message)
        return self.context.codes <= MAX_CODES

    def read_row(self, line: int, row: list[str]) -> None:
        """Take in one row."""
        if len(row) != len(self.header):
            self.fault(
                line,
                "csv-row",
                f'The row has {len(row)} cells, the first row {len(self.header)}. Put a text with a comma in "…".',
            )
            return
        cells = {name: cell.strip() for name, cell in zip(self.header, row, strict=True)}
        code = cells["code"]
        if code in self.lines:
            self.fault(
                line,
                "csv-duplicate",
                f"The code {code!r} stands in line {self.lines[code]} already. Delete one of the rows.",
            )
            return
        fault = _fault_of_code(code)
        if fault:
            self.fault(line, "csv-row", fault)
            return
        if not self.shell.id and not is_code(code):
            allowed = "letters, digits and _ . : / + * -, starting with a letter or digit"
            self.fault(line, "csv-row", f"The code {code!r} has other characters than {allowed}. Correct it.")
        self.lines[code] = line
        label = {language: cells[f"label_{language}"] for language in self.context.languages}
        for language, text in label.items():
            if not text:
                self.fault(
                    line, "csv-row", f"The code {code!r} has no label in {language!r}. Fill in label_{language}."
                )
        flags = {name: self._flag(line, cells, name) for name in FLAGS}
        self.choices[code] = Choice(code, label, flags["exclusive"], flags["withdrawn"])
        self.values[code] = self._attributes(line, code, cells)
        first, last = (self._day(line, name, cells.get(name, "")) for name in VALIDITY)
        if first and last and first > last:
            self.fault(line, "csv-row", f"The code {code!r} is valid from {first} to {last}, which is no interval.")
        if first or last:
            self.validity[code] = (first, last)

    def _flag(self, line: int, cells: Mapping[str, str], name: str) -> bool:
        text = cells.get(name, "").lower()
        if text and text not in _TRUTH:
            self.fault(line, "csv-row", f"The column {name!r} holds {text!r}; it must be true or false.")
        return _TRUTH.get(text, False)

    def _attributes(self, line: int, code: str, cells: Mapping[str, str]) -> dict[str, Attribute]:
        found: dict[str, Attribute] = {}
        for attribute in self.attributes:
            name, text = attribute.id, cells.get(attribute.id, "")
            if not text:
                if attribute.default is None:
                    self.fault(
                        line, "attribute-missing", f"The code {code!r} does not give {name!r}, which has no default."
                    )
                continue
            read, wanted = _READ[attribute.kind]
            value = read(text)
            if value is None:
                self.fault(line, "attribute-type", f"{text!r} is not {wanted}, which the attribute {name!r} needs.")
            else:
                found[name] = value
        return found

    def _day(self, line: int, name: str, text: str) -> date | None:
        if not text:
            return None
        day = as_day(text)
        if day is None:
            self.fault(line, "csv-row", f"{text!r} in {name!r} is no date. Write it as YYYY-MM-DD.")
        return day


def read_dictionary(context: Context, shell: CodeList, named: Node) -> CodeList:
    """The code list with the codes of the CSV file that `named` points to."""
    path = context.files.find(named) if context.codes <= MAX_CODES else None
    data = None if path is None else context.files.read(path, MAX_BYTES, named.mark)
    if path is None or data is None:
        return shell
    name = context.files.shown(path)
    reader = _Reader(context, shell, name)
    if _read_text(reader, data) is None:
        return shell
    return replace(shell, choices=reader.choices, values=reader.values, validity=reader.validity, dictionary=True)


def check_dictionary(data: bytes, name: str, languages: tuple[str, ...], problems: Problems) -> str | None:
    """The text of a dictionary's file that stands on its own; None when it is faulty, with its faults among the problems."""
    context = Context(problems, Files(None, problems), languages, known_languages=KNOWN_LANGUAGES)
    text = _read_text(_Reader(context, CodeList(""), name), data)
    return None if problems.errors else text


def _read_text(reader: _Reader, data: bytes) -> str | None:
    """Read a whole file; None when it is no text."""
    text = decode(data, reader.name, reader.context.problems, MAX_BYTES)
    if text is None:
        return None
    _read_rows(reader, text)
    if reader.faults > MAX_FAULTS:
        reader.context.error(
            Mark(reader.name, 1, 1),
            "csv-row",
            f"At least {reader.faults - MAX_FAULTS} more faults of this file are not listed.",
        )
    return text


def _read_rows(reader: _Reader, text: str) -> None:
    rows = _rows(reader, text)
    header = next(rows, None)
    if header is None:
        reader.fault(
            1, "csv-header", "The file is empty. The first row must name the columns: code, label_pl, label_en, …"
        )
        return
    if not reader.read_header(header[1]):
        return
    for line, row in rows:
        if reader.faults > MAX_COUNTED or (row and not reader.takes(line)):
            return
        if row:
            reader.read_row(line, row)
    if not reader.choices and not reader.faults:
        wanting = f" for {reader.shell.id!r}" if reader.shell.id else ""
        reader.fault(1, "code-list-empty", f"The file has no codes{wanting}. Add a row for each.")


def _rows(reader: _Reader, text: str) -> Iterator[tuple[int, list[str]]]:
    """Rows with the line at which each starts."""
    parser = csv.reader(io.StringIO(text, newline=""), strict=True)
    line = 1
    try:
        for row in parser:
            yield line, row
            line = parser.line_num + 1
    except csv.Error as fault:
        reader.fault(line, "csv-row", f"The row cannot be read: {fault}. Check its quotes.")


def _fault_of_code(code: str) -> str:
    """Why a text cannot be a code of a file; nothing when it can."""
    if not code:
        return "The row has no code. Fill it in or delete the row."
    if len(code) > MAX_CODE:
        return f"The code {code[:30]!r}… has {len(code)} characters; at most {MAX_CODE} are allowed. Shorten it."
    return "" if code.isprintable() else f"The code {code!r} has a character that cannot be printed. Delete it."


def as_day(text: str) -> date | None:
    """The date that YYYY-MM-DD means, else None."""
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
