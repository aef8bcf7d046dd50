"""Signatures, and changes of how one signs in, ask for the password once more; the person is told of a change by mail."""

from __future__ import annotations

from flask import request, url_for

from storage.accounts import Account, confirm_password
from storage.mail import Mail
from web.mail import is_address, letter
from web.passwords import LONGEST
from web.registries import LANGUAGES
from web.workspace import absolute, visit, workspace


def prove(account: Account, field: str = "current") -> None:
    """A session that was left open, or stolen, is not enough: the password stands in that field of what was posted.

    Raises BadCredentials and LockedOut.
    """
    space = workspace()
    confirm_password(
        space.database,
        account.login,
        request.form.get(field, "")[:LONGEST],
        at=visit().now,
        address=request.remote_addr or "",
        address_failures=space.settings.address_failures,
    )


def changed_notice(what: str, login: str, language: str) -> Mail | None:
    """Tells a person of a change (words `mail_changed_<what>`) that somebody else might have made; None without an address."""
    space = workspace()
    if not space.settings.smtp or not is_address(login):
        return None
    tongue = space.tongues[language if language in LANGUAGES else LANGUAGES[0]]
    told = tongue.words.text(f"mail_changed_{what}")
    return letter(tongue, "changed", login, what=told, link=absolute(url_for("doors.forgotten")))


__all__ = ["changed_notice", "prove"]
