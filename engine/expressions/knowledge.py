"""Operators on codes and parameters: what the definition knows about a value beside the value."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from engine.expressions.frames import Frame, Run
from engine.expressions.reaching import Build
from engine.expressions.terms import Term


def attribute(term: Term, build: Build) -> Run:
    """An attribute of a chosen code."""
    code, key = build(term.args[0]), (term.args[1], term.args[2])

    def run(frame: Frame) -> Any:
        value = code(frame)
        if value is None:
            return None
        table, default = frame.world.attributes[key]
        return table.get(value, default)

    return run


def position(term: Term, build: Build) -> Run:
    """The place of a code in its list, from 1."""
    code, codelist = build(term.args[0]), term.args[1]

    def run(frame: Frame) -> Decimal | None:
        value = code(frame)
        return None if value is None else frame.world.positions[codelist].get(value)

    return run


def label(term: Term, build: Build) -> Run:
    """What a code is called."""
    code, codelist = build(term.args[0]), term.args[1]

    def run(frame: Frame) -> str | None:
        value = code(frame)
        return None if value is None else frame.world.labels[codelist].get(value, value)

    return run


def parameter(term: Term, _build: Build) -> Run:
    """A registry parameter as it is at the evaluation's time."""
    name = term.args[0]

    def run(frame: Frame) -> Decimal | str | None:
        today, result = frame.world.today, None
        for since, value in frame.world.parameters[name]:
            if since is None or since <= today:
                result = value
        return result

    return run
