"""Gives the items of a block other names where it is used with a prefix, in its expressions too."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping

from engine.errors import Mark
from engine.model.item import ExpressionText

Renames = Mapping[str, str]  # id in the block -> id in the form

_TOKEN = re.compile(r"'(?:[^']|'')*(?:'|$)|(?P<path>[A-Za-z_]\w*(?:\s*\.\s*[A-Za-z_]\w*)*)(?P<call>\s*\()?")
_WORD = re.compile(r"[A-Za-z_]\w*")
_IN_BRACES = re.compile(r"\{([^{}]*)\}")


def rename_expression(expression: ExpressionText, renames: Renames) -> ExpressionText:
    """The expression with the block's names replaced; every character still knows where it was written."""
    old, new, done = expression.text, "", 0
    places: list[tuple[int, Mark]] = []
    offsets = [at for at, _ in expression.places]
    for start, end, name in (*_replacements(old, renames), (len(old), len(old), "")):
        between = expression.places[bisect_right(offsets, done) : bisect_right(offsets, start)]
        places += [(len(new) + at - done, mark) for at, mark in between]
        new += old[done:start] + name
        places.append((len(new), expression.at(end)))
        done = end
    return ExpressionText(new, expression.mark, tuple(places[:-1])) if new != old else expression


def rename_template(template: str, renames: Renames) -> str:
    """A row's title with the block's names replaced in its braces."""

    def replaced(match: re.Match[str]) -> str:
        return "{" + rename_expression(ExpressionText(match[1]), renames).text + "}"

    return _IN_BRACES.sub(replaced, template) if renames else template


def _replacements(text: str, renames: Renames) -> Iterator[tuple[int, int, str]]:
    """Where names of the block stand: at the start of a path, and behind one of its own groups."""
    for token in _TOKEN.finditer(text) if renames else ():
        if token["path"] is None:
            continue
        words = list(_WORD.finditer(text, token.start("path"), token.end("path")))
        if token["call"] and len(words) == 1:
            continue
        own = [word for word in words if word[0] != "outer"]
        if not own or own[0][0] not in renames:
            continue
        for word in own:
            if word[0] in renames:
                yield word.start(), word.end(), renames[word[0]]
