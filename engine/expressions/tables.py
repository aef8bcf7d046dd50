"""The parser of the grammar beside this file, from tables that were made before: Lark needs a quarter of a cold start to make them.

`make grammar` writes them anew after a change of the grammar, or of Lark. Tables of another grammar or another Lark are not
used: then they are made at each start, and a test says so.
"""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import lark
from lark import Lark, Transformer
from lark.grammar import Rule
from lark.lexer import TerminalDef

GRAMMAR = Path(__file__).with_name("grammar.lark")
TABLES = Path(__file__).with_name("grammar.json")


def parser_with(transformer: Transformer[Any, Any], tables: Path = TABLES) -> Lark:
    """A parser that builds what the transformer makes."""
    kept = json.loads(tables.read_text("utf-8"))
    if kept.pop("of") != digest():
        return _made_anew(transformer)
    for part, key in ((kept, "memo"), (kept["data"]["parser"]["parser"], "states")):
        part[key] = {int(number): value for number, value in part[key].items()}  # JSON has texts as keys
    parser: Lark = Lark._load_from_dict(**kept, transformer=transformer)  # type: ignore[no-untyped-call]  # noqa: SLF001 -- the public `load` takes no transformer
    return parser


def write_tables(tables: Path = TABLES) -> None:
    """Make the tables of the grammar and keep them."""
    data, memo = _made_anew(None).memo_serialize([TerminalDef, Rule])
    kept = {"of": digest(), "data": data, "memo": memo}
    tables.write_text(json.dumps(kept, separators=(",", ":"), sort_keys=True) + "\n", "utf-8")


def digest() -> str:
    """What tables belong to: this grammar, and this version of Lark."""
    return sha256(lark.__version__.encode() + GRAMMAR.read_bytes()).hexdigest()


def _made_anew(transformer: Transformer[Any, Any] | None) -> Lark:
    return Lark(GRAMMAR.read_text("utf-8"), parser="lalr", maybe_placeholders=True, transformer=transformer)


if __name__ == "__main__":
    write_tables()
