"""`ecrf import` and `ecrf export`: definitions from and for REDCap, ODM, XLSForm and FHIR."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import click

from cli.definitions import cached, compiled
from cli.output import output_file
from exchange.bounds import bounded
from exchange.findings import Finding, Outcome, SourceFault, as_data, summary
from exchange.formats import FORMATS
from exchange.settling import settled

_UNTOLD = tuple(kind for kind, row in FORMATS.items() if not row.tells_language)
_LANGUAGE = re.compile(r"[a-z]{2,3}")
SHOWN = 40  # findings of the report for people; the JSON has all

_report = click.option("--report", type=click.Choice(["text", "json"]), default="text", help="Shape of the report.")


class _File(click.Path):
    """A file with a name, of which the ending tells the format; standard input has none."""

    def __init__(self) -> None:
        super().__init__(exists=True, dir_okay=False, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if str(value) == "-":
            self.fail(
                "Standard input is not read here: the ending of a file tells its format. Give a file.", param, ctx
            )
        return super().convert(value, param, ctx)


@click.command("import")
@click.argument("kind", type=click.Choice(tuple(FORMATS)))
@click.argument("source", type=_File())
@output_file
@click.option(
    "--language", default="", help=f"Of texts whose language the file does not tell, such as pl: {', '.join(_UNTOLD)}."
)
@_report
def import_command(kind: str, source: Path, output: Path | None, language: str, report: str) -> None:
    """Make a definition of a REDCap dictionary or project, an ODM file, an XLSForm or a FHIR Questionnaire.

    What is written passes `ecrf check`. The report says what was kept, approximated or dropped; what has no counterpart stays
    in the definition as an annotation. Of a file that is replaced comments, id, version and title are kept; other changes made
    in it by hand are not.

    Exit status: 0 written, 1 the source cannot be read, 2 wrong use.

    Example: ecrf import redcap docs/examples/wounds.csv -o form_definitions/wounds.yaml --language en --report json
    """
    _check_language(kind, language)
    _keep_source(source, output)
    before = output.read_text("utf-8") if output is not None and output.is_file() else ""
    try:
        with bounded(str(source)):
            found = settled(FORMATS[kind].read(source, language), before)
    except SourceFault as fault:
        raise _Refused(str(fault) if str(source) in str(fault) else f"{source}: {fault}") from None
    _write(found.text.encode(), output)
    _tell(found.findings, report, beside=output is not None)


def _check_language(kind: str, language: str) -> None:
    if language and kind not in _UNTOLD:
        reason = f"Files of {FORMATS[kind].title} tell their languages themselves."
        raise click.BadParameter(reason, param_hint="--language")
    if language and not _LANGUAGE.fullmatch(language):
        reason = f"'{language}' is no language. Two or three small letters are, such as pl, en, pt."
        raise click.BadParameter(reason, param_hint="--language")


_VERSIONS = "; ".join(f"{kind} {', '.join(row.versions)}" for kind, row in FORMATS.items() if row.versions)


@click.command("export")
@click.argument("kind", type=click.Choice(tuple(FORMATS)))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@output_file
@click.option("--version", default="", help=f"Version of the format: {_VERSIONS}.")
@_report
@cached
def export_command(kind: str, file: Path, output: Path | None, version: str, report: str, *, cache: bool) -> None:
    """Write a definition as a REDCap dictionary, ODM, XLSForm workbook or FHIR Questionnaire.

    The report says what the format cannot carry, item by item.

    Exit status: 0 written, 1 faults in the definition, 2 wrong use.

    Example: ecrf export odm docs/examples/operations.yaml -o operations.xml --version 2.0
    """
    if reason := FORMATS[kind].refused(version):
        raise click.BadParameter(reason, param_hint="--version")
    _keep_source(file, output)
    registry = compiled(file, cache=cache)
    try:
        made = FORMATS[kind].write(registry, version)
    except SourceFault as fault:
        raise _Refused(str(fault)) from None
    _write(made.content, output)
    _tell(made.findings, report, beside=output is not None)


class _Refused(click.ClickException):
    """A source that cannot be read: its place and what to do, exit status 1."""

    exit_code = 1


def _write(content: bytes, output: Path | None) -> None:
    """Whole or not at all: a file appears once everything is in it. Links are followed; what is no file is written into."""
    if output is None:
        click.echo(content, nl=False)
        return
    target = output.resolve()
    try:
        if target.exists() and not target.is_file():
            target.write_bytes(content)
        else:
            _replace(target, content)
    except OSError as fault:
        raise _Refused(f"{output} cannot be written: {fault.strerror or fault}.") from None


def _replace(target: Path, content: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".ecrf.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        mode = target.stat().st_mode & 0o777 if target.exists() else 0o666 & ~_umask()
        Path(name).chmod(mode)
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _keep_source(source: Path, output: Path | None) -> None:
    """Refuse to write over what is read: it would be lost."""
    if output is not None and output.exists() and output.samefile(source):
        raise click.BadParameter("This is the file that is read; name another.", param_hint="-o")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def _tell(findings: Sequence[Finding], report: str, *, beside: bool) -> None:
    """The report: on standard output, or beside a definition that went there."""
    lines = [json.dumps(as_data(findings), ensure_ascii=False, indent=1)] if report == "json" else _in_words(findings)
    for line in lines:
        click.echo(line, err=not beside)


def _in_words(findings: Sequence[Finding]) -> Iterable[str]:
    for part, counted in summary(findings).items():
        yield f"{part}: " + ", ".join(f"{number} {outcome}" for outcome, number in counted.items() if number)
    told = [finding for finding in findings if finding.outcome is not Outcome.KEPT]
    reasons = defaultdict[tuple[str, str], list[str]](list)
    for finding in told:
        reasons[finding.outcome, finding.reason].append(finding.where)
    for (outcome, reason), places in list(reasons.items())[:SHOWN]:
        others = f" and {len(places) - 3} more" if len(places) > 3 else ""
        yield f"{outcome}: {', '.join(places[:3])}{others}: {reason}"
    if len(reasons) > SHOWN:
        yield f"{len(reasons) - SHOWN} more reasons: see --report json"
