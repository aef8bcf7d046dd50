"""`ecrf render`: something to look at, made from a definition."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import click

from cli.definitions import cached, compiled
from cli.evaluate import moment
from cli.output import output_file
from cli.paper import PAPERS, Paper, print_pdf
from engine.compiler import CompiledRegistry
from renderers.codebook import render_codebook, write_codebook_workbook
from renderers.html import render_form_html
from renderers.json_schema import form_schema
from renderers.paper import ROWS


def _html(registry: CompiledRegistry, form: str, language: str) -> str:
    return render_form_html(registry, form, language)


def _json_schema(registry: CompiledRegistry, form: str, language: str) -> str:
    return json.dumps(form_schema(registry, form, language), ensure_ascii=False, indent=1)


FORMS: Mapping[str, Callable[[CompiledRegistry, str, str], str]] = {"html": _html, "json-schema": _json_schema}
KINDS = (*FORMS, "codebook", "pdf")


@click.command("render")
@click.argument("kind", type=click.Choice(KINDS))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@output_file
@click.option("--form", help="Form (id or OID); the first one otherwise, of a PDF all.")
@click.option("--language", type=click.Choice(["pl", "en"]), default="pl")
@click.option(
    "--since",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Codebook: an earlier version of the definition, to list what changed.",
)
@click.option("--kind", "paper", type=click.Choice(PAPERS), help="PDF: which document; blank, or filled with --values.")
@click.option("--values", help="PDF: JSON file with the values, as for `ecrf evaluate`; - reads standard input.")
@click.option("--event", help="PDF: event in which the filled form stands: ID or ID[n].")
@click.option("--rows", type=click.IntRange(1, 50), default=ROWS, show_default=True, help="PDF: empty rows of a group.")
@click.option("--now", help="PDF: the time of printing, local: 2025-07-01T12:00.")
@cached
def command(  # noqa: PLR0913, PLR0917 -- one for each option
    kind: str, file: Path, output: Path | None, form: str | None, language: str, since: Path | None,
    paper: str | None, values: str | None, event: str | None, rows: int, now: str | None, *, cache: bool,
) -> None:  # fmt: skip
    """Render a form as a page, as a PDF or as a JSON Schema of its values, or the codebook of the whole registry.

    \b
    Examples:
      ecrf render html docs/examples/operations.yaml --form operation -o operation.html
      ecrf render codebook docs/examples/operations.yaml -o codebook.html
      ecrf render codebook docs/examples/operations.yaml -o codebook.xlsx --language en
      ecrf render pdf docs/examples/operations.yaml -o forms.pdf
      ecrf render pdf docs/examples/operations.yaml --kind annotated --form operation -o operation.pdf
      ecrf render pdf docs/examples/operations.yaml --form operation --values operation.json -o operation.pdf
    """  # noqa: D301 -- click keeps the lines of a paragraph that begins with this character
    registry = compiled(file, cache=cache)
    if kind == "codebook":
        _codebook(registry, output, language, compiled(since, cache=cache) if since is not None else None)
        return
    if kind != "pdf":
        _write(FORMS[kind](registry, _form_name(registry, form), language), output)
        return
    wanted = paper or ("filled" if values is not None else "blank")
    every = form is None and wanted != "filled"
    forms = tuple(registry.model.forms) if every else (_form_name(registry, form),)
    print_pdf(registry, Paper(wanted, forms, language, rows, values, event, moment(now)), output)


def _form_name(registry: CompiledRegistry, form: str | None) -> str:
    name = form or next(iter(registry.model.forms))
    try:
        return registry.form(name).id
    except (KeyError, StopIteration):
        raise click.UsageError(f"there is no form {name!r}; there are {', '.join(registry.model.forms)}") from None


def _codebook(registry: CompiledRegistry, output: Path | None, language: str, since: CompiledRegistry | None) -> None:
    """A page, or a workbook where the file is called .xlsx."""
    if output is not None and output.suffix == ".xlsx":
        write_codebook_workbook(registry, language, output, since)
    else:
        _write(render_codebook(registry, language, since), output)


def _write(text: str, output: Path | None) -> None:
    if output is None:
        click.echo(text)
    else:
        output.write_text(text, encoding="utf-8")
