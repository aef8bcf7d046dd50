"""What a person sees of the own account, asked in one statement."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from storage.database import Database
from storage.hospitals import HospitalName, hospitals_like
from storage.invitations import AccessRequest, requests_by
from storage.reminders import Reminders, reminders_of
from storage.sessions import SessionLine, sessions_of
from storage.tables import recovery_code
from storage.together import Part, together


@dataclass(frozen=True, slots=True)
class OwnView:
    """A person's sessions, requests and choices; `codes` counts the recovery codes that are left."""

    sessions: tuple[SessionLine, ...]
    requests: tuple[AccessRequest, ...]
    reminders: Reminders
    codes: int
    hospitals: tuple[HospitalName, ...]  # the first to choose from


def view_own(database: Database, account: int, token: str, *, at: datetime) -> OwnView:
    """All of it."""
    left = select(func.count()).select_from(recovery_code).where(recovery_code.c.account_id == account)
    with database.read() as connection, together(connection) as asking:
        sessions = asking.ask(sessions_of(account, token, at=at))
        requests = asking.ask(requests_by(account))
        reminders = asking.ask(reminders_of(account))
        codes = asking.ask(Part(left, lambda rows: int(rows[0][0])))
        hospitals = asking.ask(hospitals_like(""))
    return OwnView(sessions(), requests(), reminders(), codes(), hospitals())


__all__ = ["OwnView", "view_own"]
