"""Definitions: YAML text to the model, every fault with its place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from engine.definitions.builder import build
from engine.definitions.encoding import MAX_BYTES
from engine.definitions.files import Files, read_limited
from engine.definitions.includes import Merged, merge_includes
from engine.definitions.schema import check_shape, definition_schema
from engine.definitions.source import read_source
from engine.definitions.tree import Node
from engine.errors import DefinitionError, DefinitionProblem, Mark, Problems, Severity
from engine.model.metadata_version import MetaDataVersion

# Where a value is of no use to the builder: what it says of the same place would be the same fault again.
SHAPE = frozenset({"wrong-shape", "not-allowed", "wrong-count", "number", "text-too-long"})


@dataclass(frozen=True, slots=True)
class Definition:
    """A definition without faults: its model, and what is legal but probably not meant."""

    model: MetaDataVersion
    warnings: tuple[DefinitionProblem, ...] = ()


@dataclass(frozen=True, slots=True)
class Examination:
    """What reading found: all problems, the model as far as it could be built, and the names that the text declares."""

    problems: tuple[DefinitionProblem, ...]
    model: MetaDataVersion | None = None
    declared: frozenset[str] = frozenset()  # so that what follows from a fault is not reported as another one

    @property
    def faulty(self) -> bool:
        """Whether a fault is among the problems."""
        return any(problem.severity is Severity.ERROR for problem in self.problems)


def examine(path: Path) -> Examination:
    """Read a definition file as far as possible; nothing is raised for its faults."""
    problems = Problems()
    data = read_limited(path, MAX_BYTES, Mark(str(path), 1, 1), problems)
    if data is None:
        return Examination(tuple(problems.found))
    return _examine(data, str(path), path.parent, problems, path)


def read_definition(path: Path) -> Definition:
    """Read a definition file with everything it includes, and build its model.

    A library can be read as well: its model has the library's id in place of the registry's.

    Raises:
        DefinitionError: all faults and warnings found, each with its place.
    """
    return _definition(examine(path))


def read_definition_text(text: bytes, name: str, folder: Path | None = None) -> Definition:
    """The same for a text that is no file; `name` stands in messages, included files are sought in `folder`.

    Raises:
        DefinitionError: all faults and warnings found, each with its place.
    """
    return _definition(_examine(text, name, folder, Problems()))


def _definition(found: Examination) -> Definition:
    if found.faulty or found.model is None:
        raise DefinitionError(found.problems)
    return Definition(found.model, tuple(sorted(set(found.problems))))


def _examine(data: bytes, name: str, folder: Path | None, problems: Problems, path: Path | None = None) -> Examination:
    files = Files(folder, problems)
    root = read_source(data, name, problems, folder)
    if root is None:
        return Examination(tuple(problems.found))
    files.note(name, data, path)
    check_shape(root, problems)
    merged = merge_includes(root, path, files, problems)
    shape = {problem.mark for problem in problems.found if problem.code in SHAPE}
    reported = len(problems.found)
    model = build(merged, files, problems)
    problems.found[reported:] = [problem for problem in problems.found[reported:] if problem.mark not in shape]
    # Only what follows from a fault asks for names: without one, a walk through all nodes would be for nothing.
    return Examination(tuple(problems.found), model, _declared(merged) if problems.errors else frozenset())


def _declared(merged: Merged) -> frozenset[str]:
    nodes = [merged.root, *(node for part in merged.parts.values() for node in part.values())]
    return frozenset(name for node in nodes for name in _names_in(node)).union(*merged.parts.values())


def _names_in(node: Node) -> Iterator[str]:
    """Everything that a text gives a name to: keys of maps, and what stands under `id` and `group`."""
    for key, part in node.entries.items():
        yield key.partition("(")[0]
        if key in ("id", "group") and part.text is not None:
            yield part.raw
        yield from _names_in(part)
    for part in node.elements:
        yield from _names_in(part)


__all__ = ["Definition", "Examination", "definition_schema", "examine", "read_definition", "read_definition_text"]
