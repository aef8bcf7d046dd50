"""What can be wrong with a definition: problems as data, and the one exception that carries them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from enum import StrEnum


class Severity(StrEnum):
    """How much a problem in a definition matters: an error stops the compiler, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """A place in a source file; line and column count from 1."""

    file: str
    line: int
    column: int

    def moved(self, columns: int, lines: int = 0) -> Mark:
        """The place `lines` further down and `columns` to the right (absolute when lines > 0)."""
        return Mark(self.file, self.line + lines, columns + (self.column if lines == 0 else 0))


NOWHERE = Mark("", 1, 1)
MAX_COMPARED = 100_000  # names that the unknown names of one definition are compared with


@dataclass(frozen=True, slots=True, order=True)
class DefinitionProblem:
    """One fault in a definition: where it is, its code (see docs/diagnostics.md) and what to do about it."""

    mark: Mark
    code: str
    message: str
    severity: Severity = Severity.ERROR
    subject: str = field(default="", compare=False)  # the name that is unknown, where the fault is about one

    def __str__(self) -> str:
        place = f"{self.mark.file}:{self.mark.line}:{self.mark.column}"
        return f"{place}: {self.severity} {self.code} {self.message}"

    def as_json(self) -> dict[str, str | int]:
        """The shape that `ecrf check --format json` promises."""
        return {
            "file": self.mark.file,
            "line": self.mark.line,
            "column": self.mark.column,
            "severity": str(self.severity),
            "code": self.code,
            "message": self.message,
        }


class DefinitionError(Exception):
    """A definition that cannot be compiled; `problems` holds all faults, sorted by place."""

    def __init__(self, problems: Iterable[DefinitionProblem]) -> None:
        self.problems = tuple(sorted(set(problems)))
        super().__init__("\n".join(map(str, self.problems)))


class Problems:
    """Collects problems while a pass runs, so that all of them are reported at once."""

    def __init__(self) -> None:
        self.found: list[DefinitionProblem] = []
        self._guesses = MAX_COMPARED

    def guess(self, name: str, *allowed: Collection[str]) -> str:
        """`nearest` of all these names; with thousands of names and faults it says nothing, as it would take minutes."""
        self._guesses -= sum(map(len, allowed))
        return nearest(name, {known for names in allowed for known in names}) if self._guesses >= 0 else ""

    def error(self, mark: Mark, code: str, message: str, subject: str = "") -> None:
        """Note a fault that stops the compiler."""
        self.found.append(DefinitionProblem(mark, code, message, subject=subject))

    def warning(self, mark: Mark, code: str, message: str) -> None:
        """Note something that is legal but probably not meant."""
        self.found.append(DefinitionProblem(mark, code, message, Severity.WARNING))

    @property
    def errors(self) -> list[DefinitionProblem]:
        """The faults without the warnings."""
        return [problem for problem in self.found if problem.severity is Severity.ERROR]

    def stop_if_faulty(self) -> None:
        """Raise DefinitionError with everything found so far if a fault is among it."""
        if self.errors:
            raise DefinitionError(self.found)


def nearest(name: str, allowed: Iterable[str]) -> str:
    """' Did you mean X?' for the most similar allowed name, or the empty text."""
    match = get_close_matches(name, [other for other in allowed if other != name], n=1, cutoff=0.6)
    return f" Did you mean {match[0]!r}?" if match else ""
