"""What has just happened, told by the next page, once: an address that is reloaded or kept repeats nothing."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Self

from flask import request, session

from storage.session_notes import leave_note, take_note
from web.workspace import visit, workspace


@dataclass(frozen=True, slots=True)
class News:
    """What a page tells on top."""

    said: tuple[str, ...] = ()  # keys of words
    checks: tuple[str, ...] = ()  # the checks whose key is taken
    summary: bool = False  # somebody tried to complete the form: it lists what is missing
    done: str = ""  # where the form stands that was completed
    event: str = ""  # the event that it is about, as addresses name it; of a part of the record its instance
    part: str = ""  # the container of the part that it is about
    who: str = ""  # by whom it was done
    wrong: str = ""  # what is wrong with what was typed: a key of words
    typed: str = ""  # what was typed, so that it can be corrected
    rest: tuple[tuple[str, str], ...] = ()  # the other fields of that form: names and values

    def leave(self) -> str:
        """Leave it for the next page, which finds it under the name that its address carries."""
        return leave_note(workspace().database, str(session.get("token", "")), asdict(self), at=visit().now)

    @classmethod
    def taken(cls, parameter: str) -> Self:
        """What was left for this page, under the name in that part of its address."""
        name, token = request.args.get(parameter, ""), str(session.get("token", ""))
        found = take_note(workspace().database, token, name, at=visit().now) if name else None
        if not isinstance(found, dict):
            return cls()
        lists = {name: tuple(found[name]) for name in ("said", "checks")}
        return cls(**{**found, **lists, "rest": tuple((name, value) for name, value in found.get("rest", ()))})


__all__ = ["News"]
