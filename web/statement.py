"""The accessibility statement, in the structure that the Polish act of 4 April 2019 asks for; who makes it stands in the settings."""

from __future__ import annotations

from datetime import date

from flask import Blueprint
from flask.typing import ResponseReturnValue

from engine.datatypes.words import date_text
from web.pages import render
from web.permissions import needs
from web.roles import Permission
from web.workspace import absolute, visit, workspace

statement = Blueprint("statement", __name__)


@statement.get("/accessibility")
@needs(Permission.PUBLIC)
def show() -> ResponseReturnValue:
    """What is accessible and what is not, since when, and whom to ask."""
    one, operator = visit(), workspace().settings.operator

    def day(on: date | None) -> str:
        return date_text(on, one.language) if on is not None else ""

    return render("statement.html", operator=operator, day=day, address=absolute("/"))


__all__ = ["statement"]
