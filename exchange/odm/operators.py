"""The operators of formal expressions, in signs and in words, and how tightly they bind."""

from __future__ import annotations

from collections.abc import Mapping

# How tightly operators bind; all those of a level lean to the left, `^` to the right.
OR, AND, COMPARE, SUM, PRODUCT, POWER = range(1, 7)
SIGNS: Mapping[str, tuple[str, int]] = {
    "||": ("or", OR),
    "|": ("or", OR),
    "&&": ("and", AND),
    "&": ("and", AND),
    "===": ("=", COMPARE),
    "==": ("=", COMPARE),
    "!==": ("!=", COMPARE),
    "!=": ("!=", COMPARE),
    "<>": ("!=", COMPARE),
    "<=": ("<=", COMPARE),
    ">=": (">=", COMPARE),
    "=": ("=", COMPARE),
    "<": ("<", COMPARE),
    ">": (">", COMPARE),
    "+": ("+", SUM),
    "-": ("-", SUM),
    "**": ("^", POWER),
    "*": ("*", PRODUCT),
    "/": ("/", PRODUCT),
    "%": ("mod", PRODUCT),
    "^": ("^", POWER),
}
WORDS: Mapping[str, tuple[str, int]] = {
    "or": ("or", OR),
    "and": ("and", AND),
    "eq": ("=", COMPARE),
    "ne": ("!=", COMPARE),
    "neq": ("!=", COMPARE),
    "gt": (">", COMPARE),
    "ge": (">=", COMPARE),
    "gte": (">=", COMPARE),
    "lt": ("<", COMPARE),
    "le": ("<=", COMPARE),
    "lte": ("<=", COMPARE),
    "ct": ("ct", COMPARE),
    "in": ("in", COMPARE),
    "notin": ("notin", COMPARE),
    "is": ("is", COMPARE),
    "div": ("/", PRODUCT),
    "mod": ("mod", PRODUCT),
}
CONSTANTS: Mapping[str, bool | None] = {"true": True, "false": False, "null": None, "undefined": None, "none": None}
