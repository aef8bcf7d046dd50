"""Judges regular expressions, of items and of rules: they must compile, mean the same in a browser, and be fast on any text."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

MAX_PATTERN = 500

_TOKEN = re.compile(
    r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\(\?[:=!]|\(\?<[=!]|\(|\)|\||[*+?]\??|\{\d*(?:,\d*)?\}\??|.", re.DOTALL
)
_PYTHON_ONLY = re.compile(r"\(\?(?![:=!<])|\(\?<(?![=!])|\\[AZ]|[*+?}]\+")
_ESCAPED = re.compile(r"\\.", re.DOTALL)
_REPEAT = re.compile(r"\{(\d*)(,?)(\d*)\}\??")


@dataclass(slots=True)
class _Group:
    """What stands between two parentheses, as far as it matters for repeating it."""

    varies: bool = False  # holds a quantifier of its own
    branches: list[str] = field(default_factory=lambda: [""])  # the first token of each alternative


def fault_of_pattern(text: str) -> tuple[str, str] | None:
    """A code and a message if the pattern cannot be used, else None."""
    if len(text) > MAX_PATTERN:
        return "bad-pattern", f"The pattern has {len(text)} characters; at most {MAX_PATTERN} are allowed."
    try:
        re.compile(text)
    except (re.error, OverflowError, RecursionError) as fault:
        return (
            "bad-pattern",
            f"The pattern is faulty: {fault}. In YAML put a pattern in '…', where a backslash stands for itself.",
        )
    foreign = _PYTHON_ONLY.search(_ESCAPED.sub(lambda match: match[0] if match[0] in ("\\A", "\\Z") else "xx", text))
    if foreign is not None:
        return (
            "bad-pattern",
            f"{foreign[0]!r} does not mean the same in browsers. Use groups (?:…), and no flags; the whole text must match anyway.",
        )
    if _may_explode(text):
        return (
            "slow-pattern",
            "The pattern repeats a part that itself repeats, as in (a+)+ or (a|b)*: some texts would take hours. Repeat one class such as [ab]+ instead.",
        )
    return None


def _may_explode(text: str) -> bool:
    """Whether a group that varies in length, or has alternatives that may start alike, is repeated without end."""
    open_groups, closed = [_Group()], None
    for match in _TOKEN.finditer(text):
        token, here = match[0], open_groups[-1]
        if token.startswith("(") and not token.startswith("\\"):
            here.branches[-1] = here.branches[-1] or "("
            open_groups.append(_Group())
            closed = None
        elif token == ")" and len(open_groups) > 1:
            closed = open_groups.pop()
            open_groups[-1].varies |= closed.varies
        elif token == "|":
            here.branches.append("")
            closed = None
        elif _is_quantifier(token):
            if closed is not None and _unbounded(token) and (closed.varies or not _distinct(closed.branches)):
                return True
            here.varies |= _varies(token)
            closed = None
        else:
            here.branches[-1] = here.branches[-1] or token
            closed = None
    return False


def _is_quantifier(token: str) -> bool:
    return token[0] in "*+?" or _REPEAT.fullmatch(token) is not None


def _unbounded(token: str) -> bool:
    """Whether a part may be repeated so often that trying all ways takes long."""
    bounds = _REPEAT.fullmatch(token)
    if bounds is None:
        return token[0] in "*+"
    low, comma, high = bounds.groups()
    return (bool(comma) and not high) or int(high or low or 0) > 10


def _varies(token: str) -> bool:
    bounds = _REPEAT.fullmatch(token)
    return bounds is None or (bool(bounds[2]) and bounds[1] != bounds[3])


def _distinct(branches: list[str]) -> bool:
    """Whether the alternatives start with different plain characters, so that only one can fit."""
    if len(branches) == 1:
        return True
    plain = all(len(token) == 1 and token not in "(.^$" for token in branches)
    return plain and len(set(branches)) == len(branches)
