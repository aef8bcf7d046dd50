"""Who trains: the people of the real system with their roles there, at hospitals of the same names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from engine.datatypes.local_time import to_local
from storage.accounts import (
    Site,
    add_membership,
    create_account,
    create_site,
    end_membership,
    find_account,
    memberships,
    reopen_account,
    set_language,
    sites,
)
from storage.audit import SYSTEM, AuditEntry, append_entry
from storage.database import Database
from storage.errors import NotFound
from storage.hospitals import Change, change_hospital, end_hospital, taking_part
from storage.sessions import admit
from web.training.patients import WHO, add_hospital
from web.workspace import Workspace

PASSWORD = "tryb szkoleniowy"  # of everybody, for signing; nobody signs in to training with one
MAKER = "dane.szkoleniowe"
EVERYWHERE = Site(0, "990000000000", "Szpital szkoleniowy")  # where there is no other, for those who see all hospitals


@dataclass(frozen=True, slots=True)
class TrainingRole:
    """A role that somebody has in the real system; no hospital: in all of them."""

    registry: str
    role: str
    hospital: Site | None  # its id is one of the real system


@dataclass(frozen=True, slots=True)
class Trainee:
    """All that training learns of a person."""

    login: str
    name: str
    language: str
    roles: tuple[TrainingRole, ...]
    device: str = ""  # of the session


def let_in(space: Workspace, trainee: Trainee, at: datetime) -> str:
    """Give somebody the same roles in training as in the real system, and patients to train with; the token of a session."""
    database = space.database
    roles = [one for one in trainee.roles if one.registry in space.registries.current]
    places = _places(database, roles, at)
    account = _account(database, trainee.login, trainee.name, at, trainee.language)
    wanted = {(one.registry, one.role, place) for one, place in zip(roles, places, strict=True)}
    _keep_roles(database, account, wanted, at)
    for site, registry in _without_patients(database, roles, places, at):
        add_hospital(space, site, registry, _account(database, MAKER, "Dane szkoleniowe", at), at)
    return admit(database, account, who=trainee.login, at=at, device=trainee.device)


def retire_hospital(database: Database, code: str, who: str, at: datetime) -> bool:
    """A hospital begins anew: what it has is left behind, and whoever comes next finds another one in its place. False: there is none."""
    old = next((site for site in sites(database) if site.code == code), None)
    if old is None:
        return False
    change = Change(who, at, channel="admin")
    change_hospital(database, old.id, f"{code}-{old.id}", old.name, change)
    end_hospital(database, old.id, change)
    return True


def note_beginning(database: Database, who: str, at: datetime) -> None:
    """Say in the audit of training who began it anew."""
    with database.write() as connection:
        append_entry(connection, AuditEntry(SYSTEM, "training", who, at, "admin", {}))


def _account(database: Database, login: str, name: str, at: datetime, language: str = "") -> int:
    try:
        account = find_account(database, login)
    except NotFound:
        return create_account(database, login, name, PASSWORD, who=WHO, at=at, language=language or "pl")
    with suppress(NotFound):  # it may have been closed for practice
        reopen_account(database, account.id, who=WHO, at=at)
    if language not in ("", account.language):
        set_language(database, account.id, language)
    return account.id


def _places(database: Database, roles: list[TrainingRole], at: datetime) -> list[int | None]:
    """The hospitals of the roles, as training counts them; those that it lacks are added."""
    known = {site.code: site.id for site in sites(database)}
    for hospital in {role.hospital for role in roles if role.hospital is not None}:
        if hospital.code not in known:
            known[hospital.code] = create_site(database, hospital.code, hospital.name, who=WHO, at=at)
    return [known[role.hospital.code] if role.hospital is not None else None for role in roles]


def _keep_roles(database: Database, account: int, wanted: set[tuple[str, str, int | None]], at: datetime) -> None:
    """The roles that are wanted, and no others."""
    held = {(one.registry, one.role, one.site) for one in memberships(database, account, at=at)}
    for registry, role, site in held - wanted:
        end_membership(database, account, registry, role, site_id=site, who=WHO, at=at)
    for registry, role, site in wanted - held:
        add_membership(database, account, registry, role, site_id=site, who=WHO, at=at)


def _without_patients(
    database: Database, roles: list[TrainingRole], places: list[int | None], at: datetime
) -> Iterator[tuple[Site, str]]:
    """Hospitals and registries in which there is nobody yet. A role in all hospitals needs one of them."""
    known = {site.id: site for site in sites(database)}
    day, registries = to_local(at).date(), sorted({role.registry for role in roles})
    started = {(site, each) for each in registries for site, _ in taking_part(database, each, day=day)}
    wanted = {(place, role.registry) for role, place in zip(roles, places, strict=True) if place is not None}
    somewhere = {registry for _, registry in started | wanted}
    for site, registry in sorted(wanted - started):
        yield known[site], registry
    alone = [each for each in registries if each not in somewhere]
    if alone:
        found = next((one.id for one in known.values() if one.code == EVERYWHERE.code), None)
        number = found or create_site(database, EVERYWHERE.code, EVERYWHERE.name, who=WHO, at=at)
        for registry in alone:
            yield Site(number, EVERYWHERE.code, EVERYWHERE.name), registry


__all__ = ["EVERYWHERE", "PASSWORD", "Trainee", "TrainingRole", "let_in", "note_beginning", "retire_hospital"]
