"""Definitions: YAML text to the model, every fault with its place."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from engine.definitions.builder import build
from engine.definitions.encoding import MAX_BYTES
from engine.definitions.files import Files, read_limited
from engine.definitions.includes import merge_includes
from engine.definitions.schema import check_shape, definition_schema
from engine.definitions.source import read_source
from engine.errors import DefinitionError, DefinitionProblem, Mark, Problems, Severity
from engine.model.metadata_version import MetaDataVersion

SHAPE = frozenset({"wrong-shape", "not-allowed", "wrong-count", "number"})  # where a value is of no use to the builder


@dataclass(frozen=True, slots=True)
class Definition:
    """A definition without faults: its model, and what is legal but probably not meant."""

    model: MetaDataVersion
    warnings: tuple[DefinitionProblem, ...] = ()


def read_definition(path: Path) -> Definition:
    """Read a definition file with everything it includes, and build its model.

    A library can be read as well: its model has the library's id in place of the registry's.

    Raises:
        DefinitionError: all faults and warnings found, each with its place.
    """
    problems = Problems()
    data = read_limited(path, MAX_BYTES, Mark(str(path), 1, 1), problems)
    if data is None:
        raise DefinitionError(problems.found)
    return _read(data, str(path), path.parent, problems, path)


def read_definition_text(text: bytes, name: str, folder: Path | None = None) -> Definition:
    """The same for a text that is no file; `name` stands in messages, included files are sought in `folder`.

    Raises:
        DefinitionError: all faults and warnings found, each with its place.
    """
    return _read(text, name, folder, Problems())


def _read(data: bytes, name: str, folder: Path | None, problems: Problems, path: Path | None = None) -> Definition:
    files = Files(folder, problems)
    root = read_source(data, name, problems, folder)
    if root is None:
        raise DefinitionError(problems.found)
    files.note(name, data, path)
    check_shape(root, problems)
    merged = merge_includes(root, path, files, problems)
    shape = {problem.mark for problem in problems.found if problem.code in SHAPE}
    reported = len(problems.found)
    model = build(merged, files, problems)
    problems.found[reported:] = [problem for problem in problems.found[reported:] if problem.mark not in shape]
    problems.stop_if_faulty()
    return Definition(model, tuple(sorted(p for p in set(problems.found) if p.severity is Severity.WARNING)))


__all__ = ["Definition", "definition_schema", "read_definition", "read_definition_text"]
