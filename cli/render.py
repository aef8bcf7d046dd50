"""`ecrf render`: something to look at, made from a definition."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import click

from cli.definitions import cached, compiled
from engine.compiler import CompiledRegistry
from renderers.html import render_form_html
from renderers.json_schema import form_schema


def _html(registry: CompiledRegistry, form: str, language: str) -> str:
    return render_form_html(registry, form, language)


def _json_schema(registry: CompiledRegistry, form: str, language: str) -> str:
    return json.dumps(form_schema(registry, form, language), ensure_ascii=False, indent=1)


KINDS: Mapping[str, Callable[[CompiledRegistry, str, str], str]] = {"html": _html, "json-schema": _json_schema}


@click.command("render")
@click.argument("kind", type=click.Choice(list(KINDS)))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("-o", "--output", type=click.Path(path_type=Path), help="File to write; standard output otherwise.")
@click.option("--form", help="Form (id or OID); the first one otherwise.")
@click.option("--language", type=click.Choice(["pl", "en"]), default="pl")
@cached
def command(kind: str, file: Path, output: Path | None, form: str | None, language: str, *, cache: bool) -> None:
    """Render a form as a page or as a JSON Schema of its values.

    Example: ecrf render html form_definitions/lead_extraction.yaml --form procedure -o procedure.html
    """
    registry = compiled(file, cache=cache)
    name = form or next(iter(registry.model.forms))
    try:
        name = registry.form(name).id
    except (KeyError, StopIteration):
        raise click.UsageError(f"there is no form {name!r}; there are {', '.join(registry.model.forms)}") from None
    text = KINDS[kind](registry, name, language)
    if output is None:
        click.echo(text)
    else:
        output.write_text(text, encoding="utf-8")
