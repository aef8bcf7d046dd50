"""Brings third-party scripts into `static/` from npm packages, each checked against the hashes in `vendored.json`.

python -m renderers.html.vendoring            # check what is there
python -m renderers.html.vendoring --fetch    # fetch by `npm pack`, check, write
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from renderers.html.environment import STATIC

LOCK = Path(__file__).parent / "vendored.json"


@dataclass(frozen=True, slots=True)
class Vendored:
    """One file of one version of a package."""

    package: str
    version: str
    licence: str
    source: str  # path in the package
    file: str  # name in static/
    sha256: str


def read_lock(lock: Path = LOCK) -> tuple[Vendored, ...]:
    return tuple(Vendored(**entry) for entry in json.loads(lock.read_text(encoding="utf-8")))


def faults(static: Path = STATIC, lock: Path = LOCK) -> Iterator[str]:
    """What differs from the lock; nothing when all is well."""
    for entry in read_lock(lock):
        path = static / entry.file
        if not path.is_file():
            yield f"{entry.file}: missing. Run with --fetch."
        elif (found := hashlib.sha256(path.read_bytes()).hexdigest()) != entry.sha256:
            yield f"{entry.file}: SHA-256 is {found}, the lock says {entry.sha256}. Run with --fetch."


def fetch(entry: Vendored, static: Path = STATIC) -> None:
    """Fetch one file. Raises ValueError when its hash is not the locked one; nothing is written then."""
    npm = shutil.which("npm")
    if npm is None:
        raise FileNotFoundError("npm is needed to fetch vendored files")
    package = f"{entry.package}@{entry.version}"
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([npm, "pack", "--silent", package], cwd=folder, check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - from the lock
        with tarfile.open(next(Path(folder).glob("*.tgz"))) as tar:
            member = tar.extractfile(f"package/{entry.source}")
            content = member.read() if member else b""
    found = hashlib.sha256(content).hexdigest()
    if found != entry.sha256:
        raise ValueError(f"{package} {entry.source}: SHA-256 is {found}, the lock says {entry.sha256}")
    (static / entry.file).write_bytes(content)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fetch", action="store_true", help="fetch all files again")
    if parser.parse_args(arguments).fetch:
        for entry in read_lock():
            fetch(entry)
    found = list(faults())
    for fault in found:
        sys.stderr.write(f"{fault}\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
