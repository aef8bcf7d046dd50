"""Settings of the web application: a frozen object, read from environment variables that begin with ECRF."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from engine.compiler import default_folder
from engine.errors import nearest
from storage.attempts import ADDRESS_FAILURES
from web.operator_settings import Operator, read_operator
from web.roles import ROLES

SHORTEST_SECRET = 32
_YES = frozenset({"1", "true", "yes"})


class SettingsError(ValueError):
    """A setting is absent or wrong; the text says which one and what to do."""


def system_clock() -> datetime:
    """The present time, aware."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Settings:
    """All that differs between installations."""

    database_url: str = field(repr=False)
    definitions: Path  # the folder with the definition files
    master_key: Path  # the file with the key to identities, in base64
    secret: str = field(repr=False)  # signs cookies
    secure_cookies: bool = True  # only plain http on one's own machine does without
    synthetic: bool = False  # pages say that the patients are made up
    training_folder: Path | None = None  # with the training mode's database and keys; none: it is off
    training: bool = False  # this is the training mode itself
    proxies: int = 0  # how many proxies in front may be believed
    address_failures: int = ADDRESS_FAILURES  # failed sign-ins from one address in a quarter of an hour
    smtp: str = field(default="", repr=False)  # smtp://user:password@host:587 or smtps://…; none: no mail is sent
    mail_from: str = ""  # the address that mail comes from
    public_url: str = ""  # how people reach the application: the beginning of links in mail
    second_factor_roles: frozenset[str] = frozenset()  # who has one of them needs a second factor
    leaked_passwords: Path | None = None  # the file of those that are known to have leaked
    clamd: str = ""  # the socket of ClamAV, a path or host:port; none: files are not searched for malware
    cache: Path | None = None  # the folder where compiled definitions are kept for the next start
    operator: Operator = field(default_factory=Operator)  # whom the accessibility statement names
    clock: Callable[[], datetime] = system_clock


def read_settings(environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings of the environment.

    Raises:
        SettingsError: one is absent or too weak.
    """
    secret = _secret(environment)
    if len(secret) < SHORTEST_SECRET:
        raise SettingsError(
            f"the secret has {len(secret)} characters; at least {SHORTEST_SECRET} random ones are needed"
        )
    key = Path(_needed(environment, "ECRF_MASTER_KEY_FILE"))
    if not key.is_file():
        raise SettingsError(f"ECRF_MASTER_KEY_FILE: there is no file {key}")
    definitions = Path(environment.get("ECRF_DEFINITIONS", "form_definitions"))
    if not definitions.is_dir():
        raise SettingsError(f"ECRF_DEFINITIONS: there is no folder {definitions}")
    return Settings(
        database_url=_database(environment),
        definitions=definitions,
        master_key=key,
        secret=secret,
        secure_cookies=environment.get("ECRF_PLAIN_HTTP", "").lower() not in _YES,
        synthetic=environment.get("ECRF_SYNTHETIC", "").lower() in _YES,
        training_folder=training_folder(environment),
        proxies=_number(environment, "ECRF_PROXIES", 0, least=0),
        address_failures=_number(environment, "ECRF_ADDRESS_FAILURES", ADDRESS_FAILURES, least=1),
        leaked_passwords=_leaked(environment),
        clamd=_clamd(environment),
        cache=default_folder(environment),
        second_factor_roles=_roles(environment),
        operator=_operator(environment),
        **_mail(environment),
    )


def _database(environment: Mapping[str, str]) -> str:
    """The address of the database. Raises SettingsError where values of patients would travel unprotected, or to anybody."""
    text = _needed(environment, "ECRF_DATABASE_URL")
    parts = urlsplit(text)
    asked = dict(parse_qsl(parts.query))
    host = asked.get("host", parts.hostname or "")
    near = not host or host.startswith("/") or host in ("localhost", "127.0.0.1", "::1")
    plain = environment.get("ECRF_PLAIN_DATABASE", "").lower() in _YES
    if parts.scheme.startswith("postgresql") and not near and not plain and asked.get("sslmode") != "verify-full":
        raise SettingsError(
            f"ECRF_DATABASE_URL: {host} is another machine: add ?sslmode=verify-full (and sslrootcert=…),"
            " or set ECRF_PLAIN_DATABASE=1 where nobody else is on the network between"
        )
    return text


def _clamd(environment: Mapping[str, str]) -> str:
    text = environment.get("ECRF_CLAMD", "").strip()
    if text and not re.fullmatch(r"/.+|[^/\s]+:[0-9]{1,5}", text):
        raise SettingsError(f"ECRF_CLAMD: {text!r} is neither the path of a socket nor host:port")
    return text


def _leaked(environment: Mapping[str, str]) -> Path | None:
    """The file of leaked passwords. Raises SettingsError for one that holds something else."""
    text = environment.get("ECRF_LEAKED_PASSWORDS", "")
    if not text:
        return None
    try:
        with Path(text).open("rb") as file:
            first = file.readline(200)
    except OSError as fault:
        raise SettingsError(f"ECRF_LEAKED_PASSWORDS: {fault.strerror}: {text}") from None
    if not re.match(rb"[0-9A-Fa-f]{40}(?:[:\r\n]|$)", first):
        raise SettingsError(f"ECRF_LEAKED_PASSWORDS: the lines of {text} are no SHA-1 in hexadecimal, sorted")
    return Path(text)


def _operator(environment: Mapping[str, str]) -> Operator:
    try:
        return read_operator(environment)
    except ValueError as fault:
        raise SettingsError(str(fault)) from None


def training_folder(environment: Mapping[str, str] = os.environ) -> Path | None:
    """The folder of the training mode; none where it is off. Raises SettingsError where there is no such folder."""
    text = environment.get("ECRF_TRAINING", "")
    if text and not Path(text).is_dir():
        raise SettingsError(f"ECRF_TRAINING: there is no folder {text}")
    return Path(text).absolute() if text else None


def _mail(environment: Mapping[str, str]) -> dict[str, Any]:
    """Where mail goes, whom it comes from, where its links lead: all three or none."""
    names = {"smtp": "ECRF_SMTP_URL", "mail_from": "ECRF_MAIL_FROM", "public_url": "ECRF_PUBLIC_URL"}
    given = {key: environment.get(name, "").strip() for key, name in names.items()}
    absent = [names[key] for key, text in given.items() if not text]
    if given["smtp"] and absent:
        raise SettingsError(f"ECRF_SMTP_URL needs {' and '.join(absent)} as well")
    scheme, host = urlsplit(given["smtp"]).scheme, urlsplit(given["smtp"]).hostname
    if given["smtp"] and (scheme not in ("smtp", "smtps") or not host):
        raise SettingsError("ECRF_SMTP_URL is no address like smtp://user:password@host:587")
    return {**given, "public_url": given["public_url"].rstrip("/")}


def _roles(environment: Mapping[str, str]) -> frozenset[str]:
    given = frozenset(
        filter(None, (name.strip() for name in environment.get("ECRF_SECOND_FACTOR_ROLES", "").split(",")))
    )
    unknown = sorted(given - ROLES.keys())
    if unknown:
        raise SettingsError(
            f"ECRF_SECOND_FACTOR_ROLES: no role {unknown[0]!r}.{nearest(unknown[0], tuple(ROLES))} There is: {', '.join(ROLES)}"
        )
    return given


def _needed(environment: Mapping[str, str], name: str) -> str:
    found = environment.get(name, "")
    if not found:
        raise SettingsError(f"set the environment variable {name}")
    return found


def _number(environment: Mapping[str, str], name: str, usual: int, *, least: int) -> int:
    text = environment.get(name, str(usual))
    if not text.isdecimal() or int(text) < least:
        raise SettingsError(f"{name}: {text!r} is no whole number from {least}")
    return int(text)


def _secret(environment: Mapping[str, str]) -> str:
    file = environment.get("ECRF_SECRET_FILE", "")
    if not file:
        return _needed(environment, "ECRF_SECRET")
    try:
        return Path(file).read_text("utf-8").strip()
    except OSError as fault:
        raise SettingsError(f"ECRF_SECRET_FILE: {fault.strerror}: {file}") from None


__all__ = ["SHORTEST_SECRET", "Settings", "SettingsError", "read_settings", "system_clock", "training_folder"]
