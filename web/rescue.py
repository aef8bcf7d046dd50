"""Posts that came too late, after the end of a session or with an old token: their contents become the draft."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from flask import request

from engine.datatypes.values import FileValue
from renderers.html import PostTooLarge
from storage.access import Actor
from storage.accounts import memberships
from storage.errors import StorageError
from storage.slots import utc
from storage.working_copy import KEPT
from web.attachments import receive_file
from web.drafts import keep_draft
from web.entry import Entry
from web.followed import open_settled
from web.places import NEW
from web.posts import draft_after, read_post
from web.roles import Permission, allows
from web.security import is_own_post
from web.workspace import actor_of, on_behalf_of, workspace

FORM_POSTS = frozenset({"forms.post", "forms.autosave", "forms.upload"})


@dataclass(frozen=True, slots=True)
class Rescued:
    """Whose page it was, and whether its contents were kept as a draft of theirs."""

    owner: int | None
    kept: bool


def owner_mark(account: int, place: Mapping[str, str], at: datetime) -> str:
    """What a form page carries to say, without any cookie, whose it is and of which form; it is signed."""
    told = f"{account}.{utc(at).isoformat()}"
    return f"{told}/{_signature(told, place)}"


def rescue_post(now: datetime) -> Rescued:
    """Keep the posted form as the draft of the person whose page it was; nothing is saved, nothing is shown.

    The rights of that person are asked for again, as they were when the page was opened. Whoever sends the page, it never becomes anybody else's draft.
    """
    if request.endpoint not in FORM_POSTS or not is_own_post(request):
        return Rescued(None, kept=False)
    told, _, signature = request.form.get("__owner", "").partition("/")
    if not hmac.compare_digest(signature.encode(), _signature(told, request.view_args or {}).encode()):
        return Rescued(None, kept=False)
    account, _, since = told.partition(".")
    opened = datetime.fromisoformat(since)
    recent = utc(now) - opened < KEPT
    return Rescued(int(account), kept=recent and _keep(int(account), opened, now))


def _signature(told: str, place: Mapping[str, str]) -> str:
    text = "\0".join((told, *(place[name] for name in ("registry", "who", "spot"))))
    return workspace().database.master.keyed_hash("page", text).hex()


def _keep(account: int, opened: datetime, now: datetime) -> bool:
    """The person had the right when the page was opened; whether it lasts is asked when the draft is opened again."""
    arguments = request.view_args or {}
    space = workspace()
    registry = str(arguments["registry"])
    lasting, former = (memberships(space.database, account, at=at) for at in (now, opened))
    held = [one for one in (*lasting, *former) if one.registry == registry]
    allowed = next((one for one in held if allows(one.role, Permission.ENTER)), None)
    if allowed is None or registry not in space.registries.current:
        return False
    actor = actor_of(account, "", allowed)
    try:
        with on_behalf_of(actor, now):
            return _keep_page(actor, now)
    except (StorageError, PostTooLarge):
        return False


def _keep_page(actor: Actor, now: datetime) -> bool:
    arguments, space = request.view_args or {}, workspace()
    entry = open_settled(space, actor, str(arguments["who"]), str(arguments["spot"]), now)
    if entry.place.occurrence == NEW:
        return False  # of an event that is gone
    if "name" in arguments:
        return _keep_file(entry, str(arguments["name"]), now)
    posted = read_post(entry, "pl", now)
    draft, page = draft_after(entry, posted), posted.idempotency_key
    return keep_draft(space.database, actor, entry.subject, entry.place, entry.form, draft, now, page=page)


def _keep_file(entry: Entry, name: str, now: datetime) -> bool:
    sent = request.files.get("file")
    return sent is not None and isinstance(receive_file(entry, name, sent, now), FileValue)


__all__ = ["FORM_POSTS", "Rescued", "owner_mark", "rescue_post"]
