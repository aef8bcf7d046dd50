"""Finds and reads the files of a definition: nothing outside the folder of definitions, each file's digest kept."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path

from engine.definitions.tree import Node
from engine.errors import Mark, Problems

DEFINITIONS = "form_definitions"
MAX_READS = 200  # of files, the same one counted each time
MAX_NAME = 250


class Files:
    """The files that one definition consists of. `digests` names each by its path below the definitions' folder."""

    def __init__(self, folder: Path | None, problems: Problems) -> None:
        self._problems = problems
        self._start = folder
        self._root = definitions_folder(folder.resolve()) if folder is not None else None
        self._reads = 0
        self.digests: dict[str, str] = {}

    def note(self, name: str, data: bytes, path: Path | None = None) -> None:
        """Keep the digest of a text that belongs to the definition."""
        if path is not None and self._root is not None and path.resolve().is_relative_to(self._root):
            name = path.resolve().relative_to(self._root).as_posix()
        self.digests[name] = sha256(data).hexdigest()

    def find(self, written: Node) -> Path | None:
        """The file that a name in a definition means, or None with the reason among the problems."""
        name, mark = written.raw, written.mark
        folder = written.source.folder
        if folder is None or self._root is None:
            self._problems.error(
                mark,
                "file-not-found",
                f"{name!r} cannot be read, as this text came without a folder. Check the definition as a file.",
            )
            return None
        if (
            not name.strip()
            or len(name) > MAX_NAME
            or "\\" in name
            or "\x00" in name
            or Path(name).is_absolute()
            or name[1:2] == ":"
        ):
            self._problems.error(
                mark,
                "file-path",
                f"{name!r} is no path below {self._root.name}. Write it relative to this file, with '/'.",
            )
            return None
        return self._first([folder, self._root], name, mark)

    def _first(self, folders: list[Path], name: str, mark: Mark) -> Path | None:
        assert self._root is not None
        inside = [path for folder in folders if (path := _resolved(folder / name)).is_relative_to(self._root)]
        if not inside:
            self._problems.error(
                mark,
                "file-path",
                f"{name!r} leaves the folder {self._root.name}. Only files in it can be used: move the file there.",
            )
            return None
        found = next((path for path in inside if _is_file(path)), None)
        if found is not None:
            return found
        self._problems.error(
            mark,
            "file-not-found",
            f"There is no file {name!r} beside this file or in {self._root.name}. Check the spelling, capitals included.",
        )
        return None

    def shown(self, path: Path) -> str:
        """A path as messages show it: relative to where the definition itself was found."""
        assert self._start is not None
        return str(Path(os.path.normpath(self._start / os.path.relpath(path, self._start.resolve()))))

    def read(self, path: Path, limit: int, mark: Mark) -> bytes | None:
        """The bytes of a file that was found, within the limit."""
        self._reads += 1
        if self._reads > MAX_READS:
            if self._reads == MAX_READS + 1:
                self._problems.error(mark, "file-too-large", f"A definition names at most {MAX_READS} files.")
            return None
        data = read_limited(path, limit, mark, self._problems)
        if data is not None:
            self.note(path.name, data, path)
        return data


def read_limited(
    path: Path, limit: int, mark: Mark, problems: Problems, *, remedy: str = "Split it and use `include`."
) -> bytes | None:
    """A file's bytes; one that is too large or cannot be read becomes a problem, and is not read to its end."""
    try:
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except OSError as fault:
        problems.error(mark, "file-not-found", f"{path.name} cannot be read: {fault.strerror or fault}.")
        return None
    if len(data) > limit:
        problems.error(mark, "file-too-large", f"{path.name} has more than {limit} bytes. {remedy}")
        return None
    return data


def definitions_folder(folder: Path) -> Path:
    """The nearest folder above that holds definitions; without one, the folder itself."""
    return next((place for place in (folder, *folder.parents) if place.name == DEFINITIONS), folder)


def _resolved(path: Path) -> Path:
    """The path without links; one whose links go in a circle is as good as none."""
    try:
        return path.resolve()
    except (OSError, RuntimeError):
        return path.absolute()


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False
