"""The tables that are kept beside the grammar of the rule language."""

from __future__ import annotations

import json
from pathlib import Path

from lark import Token, Transformer

from engine.expressions.tables import TABLES, digest, parser_with

Trees = Transformer[Token, object]
TEXT = "any(leads.model where years(implanted, proc_start) >= 10 and not x.y in ('a', 'b') by lead)"


def test_kept_tables_belong_to_the_grammar() -> None:
    assert json.loads(TABLES.read_text("utf-8"))["of"] == digest(), "run `make grammar`"


def test_tables_of_another_grammar_are_not_used(tmp_path: Path) -> None:
    tables = tmp_path / "grammar.json"
    tables.write_text('{"of": "another grammar"}')
    assert parser_with(Trees(), tables).parse(TEXT) == parser_with(Trees()).parse(TEXT)
