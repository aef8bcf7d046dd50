"""The help pages, open to everybody, and which of them belongs to the page that somebody reads."""

from __future__ import annotations

from flask import Blueprint, abort, request, url_for
from flask.typing import ResponseReturnValue

from web.contacts import contacts_of
from web.pages import render
from web.permissions import needs
from web.roles import Permission
from web.workspace import visit, workspace

help_pages = Blueprint("help_pages", __name__, url_prefix="/help")


@help_pages.get("")
@needs(Permission.PUBLIC)
def contents() -> ResponseReturnValue:
    """All pages, or those with a heading that holds what is looked for."""
    text = request.args.get("q", "").strip()[:100]
    manual = workspace().manuals[visit().language]
    found = manual.find(text) if text else tuple((page, page.headings) for page in manual.pages.values())
    return render("help.html", text=text, found=found)


@help_pages.get("/<name>")
@needs(Permission.PUBLIC)
def page(name: str) -> ResponseReturnValue:
    """One page; that about whom to ask names the contacts of the registries too, one's own where one has any."""
    one, space = visit(), workspace()
    found = space.manuals[one.language].pages.get(name)
    if found is None:
        abort(404)
    own = [each.registry for each in one.memberships if each.registry in space.registries.current]
    asked = contacts_of(dict.fromkeys(own or space.registries.current), one.language) if name == "contacts" else ()
    pages = [
        (each.title, url_for("help_pages.page", name=each.name), each is found)
        for each in space.manuals[one.language].pages.values()
    ]
    return render("help_page.html", page=found, pages=pages, contacts=asked)


__all__ = ["help_pages"]
