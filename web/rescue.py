"""Posts that came too late, after the end of a session or with an old token: their contents become the draft."""

from __future__ import annotations

from datetime import datetime

from flask import request

from renderers.html import PostTooLarge
from storage.accounts import memberships
from storage.errors import StorageError
from web.drafts import keep_draft
from web.entry import open_entry, settle_place
from web.permissions import Permission, allows
from web.posts import draft_after, read_post
from web.security import is_own_post
from web.workspace import actor_of, workspace

FORM_POSTS = frozenset({"forms.post", "forms.autosave"})


def rescue_post(account: int, now: datetime) -> bool:
    """Keep the posted form as the draft of the person whose page it was; nothing is saved, nothing is shown.

    Whose it is, the signed cookie says; the rights are asked for again.
    """
    arguments = request.view_args or {}
    if request.endpoint not in FORM_POSTS or not is_own_post(request):
        return False
    space = workspace()
    registry = str(arguments["registry"])
    held = [one for one in memberships(space.database, account, at=now) if one.registry == registry]
    allowed = next((one for one in held if allows(one.role, Permission.ENTER)), None)
    if allowed is None or registry not in space.registries.current:
        return False
    actor = actor_of(account, "", allowed)
    try:
        entry = open_entry(space, actor, str(arguments["who"]), str(arguments["spot"]), now)
        entry = settle_place(space.database, entry, now)
        posted = read_post(entry, "pl")
        draft, page = draft_after(entry, posted), posted.idempotency_key
        return keep_draft(space.database, actor, entry.subject, entry.place, entry.form, draft, now, page=page)
    except (StorageError, PostTooLarge):
        return False


__all__ = ["FORM_POSTS", "rescue_post"]
