"""What has just happened, told by the next page, once: an address that is reloaded or kept repeats nothing."""

from __future__ import annotations

from dataclasses import dataclass
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

    def leave(self) -> str:
        """Leave it for the next page, which finds it under the name that its address carries."""
        content = [self.said, self.checks, self.summary, self.done]
        return leave_note(workspace().database, str(session.get("token", "")), content, at=visit().now)

    @classmethod
    def taken(cls, parameter: str) -> Self:
        """What was left for this page, under the name in that part of its address."""
        name, token = request.args.get(parameter, ""), str(session.get("token", ""))
        found = take_note(workspace().database, token, name, at=visit().now) if name else None
        if not isinstance(found, list):
            return cls()
        said, checks, summary, done = found
        return cls(tuple(said), tuple(checks), bool(summary), str(done))


__all__ = ["News"]
