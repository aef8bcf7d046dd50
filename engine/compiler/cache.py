"""Keeps compiled registries in a folder, so that a start does not compile what was compiled before.

A file is named by a hash of the engine's own source, Python's version, the definition's path and its text; inside stand
the digests of all files that were included. A file that is damaged, of another engine or of other texts is as good as
none. Files hold data and no code (`packing`), so a foreign one cannot run anything; but it could hold wrong rules: the
folder must belong to the user, and nobody else may write to it.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from functools import cache as once
from hashlib import sha256
from pathlib import Path

from engine.compiler.compiled import CompiledRegistry
from engine.compiler.packing import Unpackable, pack, unpack
from engine.definitions.files import definitions_folder

ENGINE = Path(__file__).parents[1]
SUFFIX = ".registry"
OFF = "off"
MOST_FILES = 64  # older ones are deleted
_DIGEST = 32  # bytes of a SHA-256


def default_folder(environment: Mapping[str, str] = os.environ) -> Path | None:
    """The user's folder for caches: `ECRF_CACHE` or that of the XDG standard. None: it is `off`, or there is no home."""
    named = environment.get("ECRF_CACHE", "")
    if named:
        return None if named == OFF else Path(named)
    home = environment.get("XDG_CACHE_HOME")
    try:
        return (Path(home) if home else Path.home() / ".cache") / "ecrf"
    except RuntimeError:
        return None


def load(folder: Path, path: Path) -> CompiledRegistry | None:
    """The registry compiled earlier from exactly these texts, or None."""
    try:
        file = _file(folder, path)
        if not _is_own(folder) or not _is_own(file):
            return None
        data = memoryview(file.read_bytes())
        if sha256(data[_DIGEST:]).digest() != data[:_DIGEST]:
            return None
        registry = unpack(data[_DIGEST:])
    except (OSError, Unpackable):
        return None
    return registry if _is_current(registry.model.sources, path) else None


def save(folder: Path, path: Path, registry: CompiledRegistry) -> None:
    """Keep a registry. Whatever stands in the way is no fault: the next start compiles again."""
    try:
        data = pack(registry)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not _is_own(folder) or not _is_current(registry.model.sources, path):
            return
        # Made beside its place, for its owner alone, and moved: a reader never sees half a file.
        handle, name = tempfile.mkstemp(dir=folder, suffix=".part")
        try:
            with os.fdopen(handle, "wb") as part:
                part.write(sha256(data).digest() + data)
            Path(name).replace(_file(folder, path))
        except OSError:
            Path(name).unlink(missing_ok=True)
        _forget_oldest(folder)
    except (OSError, Unpackable):
        return


def _file(folder: Path, path: Path) -> Path:
    made_by = f"{_engine_digest()}\n{sys.version}\n{path}\n{path.resolve()}\n"
    return folder / (sha256(made_by.encode() + path.read_bytes()).hexdigest()[:40] + SUFFIX)


@once
def _engine_digest() -> str:
    """A digest of everything in the engine's folder that decides how a definition is compiled."""
    digest = sha256()
    for file in sorted(ENGINE.rglob("*")):
        if file.suffix in (".py", ".lark", ".json", ".yaml", ".csv"):
            digest.update(f"{file.relative_to(ENGINE)} {file.stat().st_size}\n".encode())
            digest.update(file.read_bytes())
    return digest.hexdigest()


def _is_own(place: Path) -> bool:
    """Whether a folder or file belongs to the user, and no one else may write to it (Windows: by the home folder)."""
    if not hasattr(os, "getuid"):
        return True
    found = place.stat()
    return found.st_uid == os.getuid() and not found.st_mode & 0o022


def _is_current(sources: Mapping[str, str], path: Path) -> bool:
    """Whether all files of a definition still hold what was compiled, and each name still means the same file."""
    root = definitions_folder(path.parent.resolve())
    files = {name: _place(root, name, path) for name in sources}
    try:
        if any(sha256(files[name].read_bytes()).hexdigest() != digest for name, digest in sources.items()):
            return False
    except OSError:
        return False
    # A name is sought beside the including file before it is sought in the root: a new file there would win.
    known = set(files.values())
    folders = {file.parent for file in known} - {root}
    return not any(folder / name not in known and (folder / name).exists() for folder in folders for name in sources)


def _place(root: Path, name: str, path: Path) -> Path:
    """Where a file of the closure lies; only the definition itself may lie outside the root."""
    return root / name if (root / name).exists() else path.resolve()


def _forget_oldest(folder: Path) -> None:
    files = sorted(_files(folder), key=lambda file: file[0], reverse=True)
    for _, file in files[MOST_FILES:]:
        file.unlink(missing_ok=True)


def _files(folder: Path) -> Iterator[tuple[float, Path]]:
    for file in folder.glob(f"*{SUFFIX}"):
        yield file.stat().st_mtime, file


__all__ = ["default_folder", "load", "save"]
