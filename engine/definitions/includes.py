"""Resolves `include`: libraries are read, their pinned versions compared, their parts merged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from engine.definitions.encoding import MAX_BYTES
from engine.definitions.files import Files
from engine.definitions.schema import check_shape
from engine.definitions.source import read_source
from engine.definitions.tree import Node
from engine.errors import Problems

MERGED = ("parameters", "missing", "codelists", "blocks", "define", "forms")
LIBRARY_KEYS = frozenset({"library", "version", "title", "languages", "include", *MERGED})
MAX_LANGUAGES = 20  # as the schema says: each text that lacks one is a fault of its own
DEFAULT_LANGUAGES = ("pl", "en")


@dataclass(slots=True)
class Merged:
    """A definition with the parts of all its libraries: section -> name -> node, libraries first."""

    root: Node
    parts: dict[str, dict[str, Node]] = field(default_factory=lambda: {section: {} for section in MERGED})
    languages: set[str] = field(default_factory=set)  # of all files together

    @property
    def is_library(self) -> bool:
        """Whether the definition itself is a library."""
        return self.root.get("library") is not None


def merge_includes(root: Node, path: Path | None, files: Files, problems: Problems) -> Merged:
    """Read all libraries that a definition needs, directly or through others, each once."""
    merged = Merged(root)
    _Reader(merged, files, problems).add(root, (path.resolve(),) if path is not None else ())
    return merged


def languages_of(root: Node) -> tuple[str, ...]:
    """The languages that a file declares."""
    declared = tuple(node.raw for node in root.list_of("languages")[:MAX_LANGUAGES] if node.text)
    return declared or DEFAULT_LANGUAGES


class _Reader:
    def __init__(self, merged: Merged, files: Files, problems: Problems) -> None:
        self._merged = merged
        self._files = files
        self._problems = problems
        self._read: dict[Path, Node | None] = {}

    def add(self, root: Node, chain: tuple[Path, ...]) -> None:
        """Merge what a file includes, then the file itself. `chain` leads from the definition to this file."""
        for entry in root.list_of("include"):
            self._include(entry, chain)
        self._merged.languages.update(languages_of(root))
        for section in MERGED:
            self._merge(section, root.map_of(section))

    def _include(self, entry: Node, chain: tuple[Path, ...]) -> None:
        named = entry.get("file")
        path = self._files.find(named) if named is not None and named.text is not None else None
        if named is None or path is None:
            return
        if path in chain:
            names = " -> ".join(step.name for step in (*chain[chain.index(path) :], path))
            self._problems.error(
                named.mark,
                "include-cycle",
                f"The files include each other: {names}. Move what both need into a library of its own.",
            )
            return
        if path not in self._read:
            self._read[path] = self._library(named, path, chain)
        library = self._read[path]
        if library is not None:
            self._compare_version(entry, library)

    def _library(self, named: Node, path: Path, chain: tuple[Path, ...]) -> Node | None:
        data = self._files.read(path, MAX_BYTES, named.mark)
        root = None if data is None else read_source(data, self._files.shown(path), self._problems, path.parent)
        if root is None:
            return None
        check_shape(root, self._problems)
        if root.get("library") is None:
            self._problems.error(
                named.mark,
                "not-a-library",
                f"{named.raw} does not start with `library:`. Only libraries can be included.",
            )
            return None
        check_library(root, self._problems)
        self.add(root, (*chain, path))
        return root

    def _compare_version(self, entry: Node, library: Node) -> None:
        wanted, found = entry.get("version"), library.text_of("version")
        if wanted is not None and wanted.text is not None and found is not None and wanted.raw != found:
            self._problems.error(
                wanted.mark,
                "include-version",
                f"Version {wanted.raw} is asked for, but {library.source.name} is version {found}. Pin {found} after reading what changed.",
            )

    def _merge(self, section: str, parts: dict[str, Node]) -> None:
        own = self._merged.parts[section]
        names = {_name(written): node for written, node in own.items()}
        for written, node in parts.items():
            first = names.get(_name(written))
            if first is not None and first.source is not node.source:
                place = first.key_mark
                self._problems.error(
                    node.key_mark,
                    "name-collision",
                    f"{_name(written)!r} under `{section}` is already defined in {place.file}, line {place.line}. Rename one of them.",
                )
            else:
                own[written] = node


def check_library(root: Node, problems: Problems) -> None:
    """A library holds parts for registries, not what makes a registry."""
    for key, node in _registry_keys(root):
        problems.error(
            node.key_mark,
            "key-not-in-library",
            f"The key {key!r} belongs to a registry, not to a library. A library has: {', '.join(sorted(LIBRARY_KEYS))}.",
        )


def _registry_keys(root: Node) -> Iterator[tuple[str, Node]]:
    for key, node in root.entries.items():
        if key not in LIBRARY_KEYS:
            yield key, node


def _name(written: str) -> str:
    """A part's name; that of `define` stands before its parameters."""
    return written.partition("(")[0].strip()
