"""`ecrf render pdf`: forms on paper, blank, annotated, or filled with given values."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress

from cli.evaluate import read_file
from engine.compiler import CompiledRegistry
from engine.model.form import walk_items
from engine.records import Session
from engine.records.json_data import WrongUse, read_values
from engine.records.naming import Naming
from engine.records.piping import texts_of
from renderers.html import Band, PageContext, compile_pages
from renderers.paper import CannotPrint, Printing, Record, filled_document, form_document, pdf_of

PAPERS = ("blank", "filled", "annotated")


@dataclass(frozen=True, slots=True)
class Paper:
    """What is to be printed: of which forms, in which manner, with which values."""

    kind: str
    forms: tuple[str, ...]
    language: str
    rows: int
    values: str | None
    event: str | None
    now: datetime


def print_pdf(registry: CompiledRegistry, paper: Paper, output: Path | None) -> None:
    """Write the PDF, with progress on a terminal."""
    if output is None and sys.stdout.isatty():
        raise click.UsageError("a PDF is no text for a terminal: name a file with -o")
    printing = Printing(registry, paper.language, paper.now)
    if paper.kind == "filled":
        documents: Iterator[str] = iter([_filled(printing, paper)])
    else:
        annotated = paper.kind == "annotated"
        documents = (form_document(printing, form, annotated=annotated, rows=paper.rows) for form in paper.forms)
    console = Console(stderr=True)
    try:
        with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
            pdf = pdf_of(documents, _step(registry, paper, progress))
    except CannotPrint as fault:
        raise click.ClickException(str(fault)) from None
    if output is None:
        sys.stdout.buffer.write(pdf)
    else:
        output.write_bytes(pdf)


def _step(registry: CompiledRegistry, paper: Paper, progress: Progress) -> Callable[[int], None]:
    """Tells how far it is, form by form."""
    task = progress.add_task(registry.model.registry, total=len(paper.forms))
    return lambda _pages: progress.advance(task)


def _filled(printing: Printing, paper: Paper) -> str:
    """The one form with the values of a file, judged as `ecrf evaluate` does."""
    if paper.values is None:
        raise click.UsageError("a filled form needs values: --values FILE (JSON as for `ecrf evaluate`)")
    registry, (form,) = printing.registry, paper.forms
    try:
        reading = read_values(registry, form, paper.event, read_file(paper.values))
        session = Session(
            registry, reading.subject, reading.focus, as_of=paper.now, language=paper.language, others=reading.others
        )
    except (WrongUse, LookupError) as fault:
        raise click.UsageError(str(fault)) from None
    pages = compile_pages(registry, languages=(paper.language,))
    context = PageContext(
        band=Band(registry.model.registry),
        labels=_labels(session, paper.language),
        texts=texts_of(session, paper.language),
    )
    return filled_document(printing, pages, form, session.data, session.evaluation, context, Record())


def _labels(session: Session, language: str) -> dict[str, str]:
    """What references of the form point to, in words."""
    naming, targets = Naming(session.tree, language), session.registry.scopes.targets
    names = {name for item in walk_items(session.form) for name in item.targets}
    return {node.key: naming.title(node) for name in names for node in session.tree.of(targets[name])}


__all__ = ["PAPERS", "Paper", "print_pdf"]
