"""Data dictionaries written in a test, read through the public door, and asked through our engine."""

import csv
import io
import json
from datetime import UTC, datetime

from engine.compiler import compile_model
from engine.definitions import read_definition_text
from engine.records import Session
from engine.records.json_answer import evaluation_json
from engine.records.json_data import read_values
from engine.records.offers import evaluate_with_offers
from exchange.redcap.columns import HEADINGS, Column
from exchange.redcap.read import read
from exchange.settling import settled

NOW = datetime(2024, 5, 10, 12, 30, tzinfo=UTC)


def field(name, type_="text", *, form="form_a", label="", **cells):
    """A row of a dictionary: cells by the names of columns at the API, or short ones."""
    short = {"choices": Column.CHOICES, "validation": Column.VALIDATION, "min": Column.MIN, "max": Column.MAX}
    short |= {"show": Column.BRANCHING, "note": Column.NOTE, "tags": Column.ANNOTATION, "section": Column.SECTION}
    short |= {"matrix": Column.MATRIX, "required": Column.REQUIRED, "identifier": Column.IDENTIFIER}
    short |= {"ranking": Column.RANKING, "alignment": Column.ALIGNMENT, "number": Column.NUMBER}
    made = {Column.NAME: name, Column.FORM: form, Column.TYPE: type_, Column.LABEL: label or name.capitalize()}
    return made | {short[key]: text for key, text in cells.items()}


def dictionary(*rows, delimiter=","):
    """The text of a data dictionary."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\r\n")
    writer.writerow(HEADINGS.values())
    writer.writerows([row.get(column, "") for column in HEADINGS] for row in rows)
    return text.getvalue()


def rows_of(content):
    """The rows of a dictionary that was written."""
    header, *rows = csv.reader(io.StringIO(content.decode()))
    assert header == list(HEADINGS.values())
    return [dict(zip(Column, row, strict=True)) for row in rows]


def written(tmp_path, *rows, name="study.csv", encoding="utf-8"):
    path = tmp_path / name
    path.write_bytes(dictionary(*rows).encode(encoding))
    return path


def read_rows(tmp_path, *rows):
    return read(written(tmp_path, *rows))


def items(document, form="form_a"):
    """Item by id."""
    return {entry["id"]: entry for section in document["forms"][form]["sections"] for entry in section["items"]}


def outcomes(imported, where, part):
    """What became of a part of one field."""
    return [str(each.outcome) for each in imported.findings if each.where == where and each.part == part]


def rules_told(imported, where):
    """Outcome and reason of the rules of one field."""
    return [
        (str(each.outcome), each.reason) for each in imported.findings if each.where == where and each.part == "rule"
    ]


def compiled(imported):
    """The registry; a rule that the compiler refuses is a fault of the test."""
    result = settled(imported)
    assert result.findings == imported.findings, [each for each in result.findings if each not in imported.findings]
    definition = read_definition_text(result.text.encode(), "imported.yaml")
    return compile_model(definition.model, definition.warnings)


def asked(registry, values, form="form_a"):
    """What our engine says of a form with these answers, as JSON."""
    reading = read_values(registry, form, None, json.loads(json.dumps(values)))
    session = Session(registry, reading.subject, reading.focus, as_of=NOW, language="en", others=reading.others)
    return json.loads(json.dumps(evaluation_json(evaluate_with_offers(session)), default=str))
