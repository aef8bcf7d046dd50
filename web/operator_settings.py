"""Who runs an installation, as its accessibility statement names it: settings that begin with ECRF_STATEMENT."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

PREFIX = "ECRF_STATEMENT_"
DAYS = ("published", "updated", "prepared", "reviewed")
TEXTS = ("entity", "contact", "email", "phone", "address")
PAGES = ("building", "interpreter")  # addresses of pages of the body


@dataclass(frozen=True, slots=True)
class Operator:
    """Who answers for the accessibility of an installation. What is empty, its statement says to be missing."""

    entity: str = ""  # the public body
    contact: str = ""  # the person or unit that takes remarks
    email: str = ""
    phone: str = ""
    address: str = ""  # of its seat
    building: str = ""  # the page about access to the building
    interpreter: str = ""  # the page about talking with it, in sign language too
    published: date | None = None  # when the site was published
    updated: date | None = None  # when it was changed in a way that matters last
    prepared: date | None = None  # when the statement was made
    reviewed: date | None = None


def read_operator(environment: Mapping[str, str]) -> Operator:
    """Who runs it. Raises ValueError for a day that is none."""
    given = {name: environment.get(f"{PREFIX}{name.upper()}", "").strip() for name in (*TEXTS, *PAGES, *DAYS)}
    days = {name: _day(name, given[name]) for name in DAYS}
    for name in PAGES:
        if given[name] and not given[name].startswith(("https://", "http://")):
            text = f"{given[name]!r} is no address like https://hospital.example/access"
            raise ValueError(f"{PREFIX}{name.upper()}: {text}")
    found: dict[str, Any] = {**{name: given[name] for name in (*TEXTS, *PAGES)}, **days}
    return Operator(**found)


def _day(name: str, text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise ValueError(f"{PREFIX}{name.upper()}: {text!r} is no day like 2026-03-17") from None


__all__ = ["Operator", "read_operator"]
