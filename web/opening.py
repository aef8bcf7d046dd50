"""Parts of a patient's record that people add: an episode, a stay or run in it; and take back while they are empty."""

from __future__ import annotations

from flask import Blueprint, abort, redirect, url_for
from flask.typing import ResponseReturnValue

from storage.errors import Closed, NotFound, TooMany
from storage.form_data import InstanceRow, load_subject
from storage.instances import open_instance, remove_instance
from web.entry import subject_of
from web.news import News
from web.permissions import needs
from web.posts import key_of_page
from web.roles import Permission
from web.workspace import version_of, visit, workspace

parts = Blueprint("parts", __name__, url_prefix="/<registry>/patients/<who>/parts/<int:instance>")


@parts.post("/add/<container>")
@needs(Permission.REGISTER)
def add(registry: str, who: str, instance: int, container: str) -> ResponseReturnValue:
    """One more of a container in a part of the record."""
    one, space, version = visit(), workspace(), version_of(registry)
    subject, row = _find(registry, who, instance)
    definition = version.registry.model.containers.get(container)
    if definition is None or definition.parent != row.container:
        abort(404)
    try:
        opened = open_instance(
            space.database, version.registry, one.actor, subject, container, row.id, at=one.now, key=key_of_page()
        )
    except TooMany:
        return _back(registry, who, News(("part_limit",), event=str(row.id), part=container))
    except Closed:
        return _back(registry, who, News(("void_frozen",)))
    return _back(registry, who, News(("part_is_added",), event=str(opened), part=container))


@parts.post("/undo")
@needs(Permission.REGISTER)
def remove(registry: str, who: str, instance: int) -> ResponseReturnValue:
    """Take a part back that somebody added and in which nothing was entered."""
    one, space, version = visit(), workspace(), version_of(registry)
    subject, row = _find(registry, who, instance)
    if row.parent is None:
        abort(404)  # the patient: nobody added it here
    try:
        remove_instance(space.database, version.registry, one.actor, subject, row.id, at=one.now)
    except NotFound:
        return _back(registry, who, News(("part_used",), event=str(row.id), part=row.container))
    return _back(registry, who, News(("part_is_removed",), event=str(row.parent), part=row.container))


def _find(registry: str, who: str, instance: int) -> tuple[int, InstanceRow]:
    """The subject and one of the instances that may be seen of it."""
    one, space = visit(), workspace()
    subject = subject_of(space.database, one.actor, who, one.now)
    record = load_subject(space.database, version_of(registry).registry, one.actor, subject, one.now)
    found = next((row for row in record.instances if row.id == instance), None)
    if found is None:
        abort(404)
    return subject, found


def _back(registry: str, who: str, news: News) -> ResponseReturnValue:
    return redirect(url_for("patients.show", registry=registry, who=who, said=news.leave()), 303)


__all__ = ["parts"]
