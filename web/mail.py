"""Mail to people who work here: its words, and the way to the mail server. Never a patient's number, name or value."""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from ipaddress import ip_address
from typing import Any
from urllib.parse import unquote, urlsplit

from storage.mail import Mail
from web.settings import Settings
from web.words import Tongue

PATIENCE = 20  # seconds for each answer of the mail server


def letter(tongue: Tongue, kind: str, to: str, **parts: str) -> Mail:
    """A message of a kind (words `mail_<kind>_subject` and `mail_<kind>`) in a language."""
    words = tongue.words.text
    lines = (words("mail_hello"), words(f"mail_{kind}", **parts), words("mail_end"))
    return Mail(kind, to, words(f"mail_{kind}_subject"), "\n\n".join(lines) + "\n")


def is_address(text: str) -> bool:
    """Whether it can be an e-mail address: one @, a host with a point, nothing that a header would take amiss."""
    name, at, host = text.rpartition("@")
    plain = text.isascii() and text.isprintable() and not set(text) & set(' ,;:<>()[]"\\')
    parts = host.split(".")
    return bool(at and name and "@" not in name and plain and len(text) <= 200 and len(parts) > 1 and all(parts))


def postman(settings: Settings) -> Callable[[Mail], None]:
    """What delivers a message to the mail server of the settings; raises OSError where that refuses or is not there."""
    where = urlsplit(settings.smtp)
    host, secure = where.hostname or "", where.scheme == "smtps"

    def deliver(mail: Mail) -> None:
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = settings.mail_from, mail.to, mail.subject
        message["Date"] = formatdate(settings.clock().timestamp())
        message["Message-ID"] = make_msgid(domain=settings.mail_from.rpartition("@")[2] or None)
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(mail.text)
        kind = smtplib.SMTP_SSL if secure else smtplib.SMTP
        port = where.port or (465 if secure else 25)
        more: dict[str, Any] = {"context": ssl.create_default_context()} if secure else {}
        with kind(host, port, timeout=PATIENCE, **more) as server:
            if not secure and not _is_here(host):
                server.starttls(
                    context=ssl.create_default_context()
                )  # links are secrets: never in clear over a network
            if where.username:
                server.login(unquote(where.username), unquote(where.password or ""))
            server.send_message(message)

    return deliver


def _is_here(host: str) -> bool:
    """Whether a host is this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


__all__ = ["is_address", "letter", "postman"]
