"""The files of a form at work: what was attached goes into the working copy, what nobody attached is refused."""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from flask import Response, request
from werkzeug.datastructures import FileStorage

from engine.datatypes.base import Control
from engine.datatypes.file import typed
from engine.datatypes.media_types import safe_name
from engine.datatypes.values import Entered, FileValue, Missing, Unread
from engine.datatypes.words import size_text
from engine.model.form import FormDef
from engine.model.item import ItemDef
from engine.records.form_data import FormData
from renderers.html.names import levels, split_part
from renderers.html.page import takes_files
from storage.attachments import Upload, file_content, kind_of, known_files
from storage.changes import value_at, with_values
from storage.errors import NotEntitled, NotFound, TooManyFiles
from storage.slots import Key
from web.denials import log_refusal
from web.downloads import file_download
from web.drafts import Draft, keep_draft
from web.entry import Entry, address_of
from web.malware import holds_malware
from web.uploads import read_file
from web.workspace import workspace

_LOG = logging.getLogger("ecrf.web")
Places = Mapping[str, tuple[Key, ItemDef]]  # posted name -> row id and item
DOWNLOAD_POLICY = "default-src 'none'; sandbox"  # should a browser show it all the same


def file_places(form: FormDef, data: FormData) -> Places:
    """Where a form takes files."""
    if not takes_files(form):
        return {}
    return {
        level.place.at + item.id: ((level.place.steps[-1][1] if level.place.steps else "", item.id), item)
        for level in levels(form, data)
        for item in level.part.items
        if item.datatype.control is Control.FILE and item.calculate is None
    }


def files_in(form: FormDef, data: FormData) -> Iterator[tuple[Key, FileValue]]:
    """The files that a form holds."""
    for key, _ in file_places(form, data).values():
        value = value_at(data, key)
        if isinstance(value, FileValue):
            yield key, value


def take_files(form: FormDef, data: FormData) -> tuple[FormData, dict[Key, Upload]]:
    """The form with the files that were posted with it. A reason why there is none, given at the same time, stands."""
    places, taken, uploads = file_places(form, data), dict[Key, Entered | None](), dict[Key, Upload]()
    for name, sent in request.files.items():
        stem, part = split_part(name)
        if part != "file" or stem not in places or not sent.filename:
            continue
        key, item = places[stem]
        if isinstance(value_at(data, key), Missing):
            continue
        value, content = read_searched(item, sent)
        taken[key] = value
        if isinstance(value, FileValue):
            uploads[key] = Upload(value, content)
    return (with_values(data, taken) if taken else data), uploads


def read_searched(item: ItemDef, sent: FileStorage) -> tuple[FileValue | Unread, bytes]:
    """What was sent for an item, searched for malware where that is set up; what could not be searched is not taken."""
    value, content = read_file(item, sent)
    clamd = workspace().settings.clamd
    if not clamd or isinstance(value, Unread):
        return value, content
    try:
        harm = "file_harm" if holds_malware(content, clamd) else ""
    except OSError as fault:
        _LOG.warning("files cannot be searched for malware: %s", fault)
        harm = "file_unknown"
    if not harm:
        return value, content
    log_refusal((item.id,))
    return _refused(value.name, harm), b""


def without_unknown(entry: Entry, data: FormData, fresh: Collection[Upload], at: datetime) -> FormData:
    """The form without files that nobody attached to it: given up in another window, or never there."""
    sure = {value for _, value in files_in(entry.form, entry.stored.data)} if entry.stored else set()
    sure |= {one.value for one in fresh}
    doubtful = [(key, value) for key, value in files_in(entry.form, data) if value not in sure]
    if not doubtful:
        return data
    known = known_files(workspace().database, entry.actor, entry.record, entry.place, at=at)
    gone: dict[Key, Entered | None] = {
        key: _refused(value.name, "file_gone")
        for key, value in doubtful
        if kind_of(value) not in known or value.name != safe_name(value.name, value.media_type)
    }
    return with_values(data, gone)


def keep_files(
    entry: Entry, draft: Draft, uploads: Mapping[Key, Upload], at: datetime, *, page: str
) -> FormData | None:
    """Keep a draft with files; gives its data, in which those that it has no room for are refused.

    Nothing is kept, nor given, of a `page` that was saved already: it sends the same again, or something older.
    """
    database, place = workspace().database, (entry.actor, entry.subject, entry.place, entry.form)
    try:
        kept = keep_draft(database, *place, draft, at, uploads=tuple(uploads.values()), page=page)
    except TooManyFiles as fault:
        most = {"max": str(fault.most)}
        refused = {key: _refused(one.value.name, "file_many", **most) for key, one in uploads.items()}
        return with_values(draft.data, refused)
    return draft.data if kept else None


def receive_file(entry: Entry, name: str, sent: FileStorage, at: datetime) -> FileValue | Unread | None:
    """Put one file into the working copy, under the name of its field; None when its page was saved already.

    Raises NotFound where there is no such field, NotEntitled where one may not fill it.
    """
    draft = entry.start()
    places = file_places(entry.form, draft.data)
    if name not in places:
        raise NotFound("field", name)
    key, item = places[name]
    if item.id in entry.fixed:
        raise NotEntitled((item.id,))
    value, content = read_searched(item, sent)
    if isinstance(value, Unread):
        return value
    draft = replace(draft, data=with_values(draft.data, {key: value}))
    data = keep_files(entry, draft, {key: Upload(value, content)}, at, page=request.form.get("__key", ""))
    kept = value_at(data, key) if data is not None else None
    return kept if isinstance(kept, FileValue | Unread) else None


def told(entry: Entry, value: FileValue, language: str) -> dict[str, str]:
    """What the page's script puts into a field."""
    return {
        "value": typed(value),
        "name": value.name,
        "size": size_text(value.size, language),
        "href": address_of(entry, "forms.download", digest=value.digest),
    }


def files_address(entry: Entry) -> str:
    """The address to which the name of a field is appended, or the digest of a file."""
    return f"{address_of(entry)}/files/"


def held_file(entry: Entry, digest: str) -> tuple[Key, FileValue]:
    """A file that the form holds, as the page or the record has it. Raises NotFound."""
    shown = (entry.data, entry.stored.data) if entry.stored else (entry.data,)
    for data in shown:
        for key, value in files_in(entry.form, data):
            if value.digest == digest:
                return key, value
    raise NotFound("file", digest)


def file_answer(entry: Entry, value: FileValue, at: datetime) -> Response:
    """The file, to be kept and not to be shown. Raises NotFound and Erased."""
    content = file_content(workspace().database, entry.actor, entry.record, entry.place, value.digest, at=at)
    answer = file_download(content, value.name, value.media_type)
    answer.headers["Content-Security-Policy"] = DOWNLOAD_POLICY
    return answer


def _refused(name: str, message: str, **parts: str) -> Unread:
    return Unread(name, "type", message, (("name", name), *parts.items()))


__all__ = [
    "file_answer",
    "file_places",
    "files_address",
    "held_file",
    "keep_files",
    "receive_file",
    "take_files",
    "told",
    "without_unknown",
]
