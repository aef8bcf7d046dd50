"""The file that a command writes, as `-o` names it: refused before any work is done where it could not be written."""

from __future__ import annotations

import os
from pathlib import Path

import click


class OutputFile(click.Path):
    """A file in a folder that is there."""

    def __init__(self) -> None:
        super().__init__(dir_okay=False, writable=True, path_type=Path)

    def convert(
        self, value: str | os.PathLike[str], param: click.Parameter | None, ctx: click.Context | None
    ) -> str | bytes | os.PathLike[str]:
        """The path."""
        folder = Path(value).parent
        if not folder.is_dir():
            self.fail(f"there is no folder {str(folder)!r}: make it first, or name another file", param, ctx)
        try:
            Path(value).stat()
        except FileNotFoundError:
            pass
        except OSError as fault:
            self.fail(f"{fault.strerror}: name another file", param, ctx)
        return super().convert(value, param, ctx)


output_file = click.option("-o", "--output", type=OutputFile(), help="File to write; standard output otherwise.")
__all__ = ["output_file"]
