"""Notes in the audit what a page shows of persons, and what was asked for in vain."""

from __future__ import annotations

from collections.abc import Mapping

from flask import request

from engine.datatypes.values import FileValue
from storage.audit import AuditEntry, Head, append_entry, append_expected, desk_stream, registry_stream
from storage.form_index import index_form
from storage.rights import hidden_items
from storage.slots import Key
from web.entry import Entry
from web.workspace import visit, workspace


def log_identities(entry: Entry) -> None:
    """A form with identifying values was shown."""
    items = _identities(entry)
    if items and entry.stored is not None:
        _note("identities", {"subjects": [entry.subject]}, items, entry.around.told.noted)


def log_seen(subject: int, items: tuple[str, ...]) -> None:
    """What identifying values were, or are, was shown."""
    if items:
        _note("identities", {"subjects": [subject]}, items)


def log_download(entry: Entry, key: Key, value: FileValue) -> None:
    """A file was fetched."""
    place = {"subjects": [entry.subject], "place": list(entry.place), "row": key[0], "digest": value.digest}
    _note("file", place, (key[1],))


def log_print(entry: Entry) -> None:
    """A form was printed: paper leaves the house."""
    body: dict[str, object] = {"subjects": [entry.subject], "place": list(entry.place), "revision": entry.revision}
    _note("print", body, _identities(entry))


def _identities(entry: Entry) -> tuple[str, ...]:
    """The identifying items of a form that its reader sees."""
    index = index_form(entry.form)
    return tuple(sorted(index.identifying - hidden_items(entry.actor, index)))


def log_export(kind: str, numbers: list[int]) -> None:
    """A list left the house as a file."""
    _note("export", {"of": kind, "numbers": numbers})


def log_audit_export(asked: Mapping[str, str]) -> None:
    """Entries of the log left the house as a file."""
    _note("audit_export", {"asked": dict(asked)})


def log_denial() -> None:
    """Somebody asked for a page that does not exist for this hospital, or posted to one: by mistake, or to look."""
    if "who" in (request.view_args or {}) or (request.endpoint is not None and request.method == "POST"):
        log_refusal()


def log_refusal(items: tuple[str, ...] = ()) -> None:
    """Somebody asked for what the role does not allow, or sent items that it may not fill."""
    if visit().membership is not None:
        _note("denied", {"path": request.path[:500], "method": request.method}, items)


def log_withdrawn() -> None:
    """Somebody posted a form after the right had ended."""
    one = visit()
    name = one.account.name if one.account is not None else ""
    registry, body = str((request.view_args or {}).get("registry", "")), {"path": request.path[:500], "withdrawn": True}
    with workspace().database.write() as connection:
        append_entry(connection, AuditEntry(registry_stream(registry), "denied", name, one.now, "web", body))


def _note(kind: str, body: dict[str, object], items: tuple[str, ...] = (), last: Head | None = None) -> None:
    """`last`: the last entry of the stream, where it was read already."""
    one, space = visit(), workspace()
    actor = one.actor
    stream = desk_stream(actor.site, actor.registry)
    entry = AuditEntry(stream, kind, actor.name, one.now, actor.channel, body, items=items)
    with space.database.write() as connection:
        if last is None:
            append_entry(connection, entry)
        else:
            append_expected(connection, entry, last)


__all__ = [
    "log_audit_export",
    "log_denial",
    "log_download",
    "log_export",
    "log_identities",
    "log_print",
    "log_refusal",
    "log_seen",
    "log_withdrawn",
]
