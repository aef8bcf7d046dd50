"""Signatures: what is bound by hash, what is kept of calculated values, and whether all of it still agrees.

A signature is a row, and an entry of the audit that says the same: the row alone can be changed by whoever owns the
database, the entry cannot without breaking the chain.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, and_, insert, select, true, update

from storage.access import Actor, require_access
from storage.audit import subject_stream
from storage.database import Database
from storage.derived import CalculatedKey, calculated_where_signed
from storage.form_data import FormRecord
from storage.form_index import Registry
from storage.identity import sealed
from storage.slots import Cell, canonical, unpack, utc
from storage.states import Action
from storage.tables import audit_entry, signature
from storage.together import Part, together


class Meaning(StrEnum):
    """What whoever signs declares."""

    AUTHOR = "author"  # I entered these values, and they are true
    VERIFIED = "verified"  # I compared them with the medical record
    RESPONSIBLE = "responsible"  # I answer for them as the physician in charge


class Verdict(StrEnum):
    """Whether a signature and what it stands under still agree."""

    AGREES = "agrees"
    VALUES = "values"  # the entered values are others than those that were signed
    RECORD = "record"  # the signature itself is not the one that the audit tells of


@dataclass(frozen=True, slots=True)
class Signature:
    """A review or a signature, as it is stored."""

    id: int
    form: int
    action: str
    meaning: str
    account: int
    who: str
    at: datetime
    revision: int
    entered: str
    copied: str
    ended_at: datetime | None
    ended_by: str
    ended_why: str
    noted: bool  # the audit says the same

    @property
    def stands(self) -> bool:
        """Whether nobody took it back."""
        return self.ended_at is None

    @property
    def version(self) -> str:
        """The registry and the version of its rules that the kept values were calculated with."""
        kept = json.loads(self.copied) if self.copied else {}
        return f"{kept['registry']} {kept['version']}" if kept else ""

    @property
    def values(self) -> dict[CalculatedKey, Cell]:
        """The calculated values and outcomes as they were."""
        kept = json.loads(self.copied)["values"] if self.copied else []
        found = {(instance, form, row, item): unpack(cell) for instance, form, row, item, cell in kept}
        return {key: cell for key, cell in found.items() if cell is not None}

    def verdict(self, form: FormRecord) -> Verdict:
        """Whether it still agrees with the form as it is stored. Of a review only that it is the noted one is known."""
        if not self.noted:
            return Verdict.RECORD
        return Verdict.AGREES if not self.entered or self.entered == entered_digest(form) else Verdict.VALUES


@dataclass(frozen=True, slots=True)
class Difference:
    """A calculated value that is another one than when the form was signed."""

    key: CalculatedKey
    then: Cell
    now: Cell | None


@dataclass(frozen=True, slots=True)
class Signatures:
    """All that was said about a form, the newest first, and what differs from the signature that stands."""

    all: tuple[Signature, ...] = ()
    differences: tuple[Difference, ...] = ()

    def standing(self, action: Action) -> Signature | None:
        """The one that stands."""
        return next((one for one in self.all if one.stands and one.action == action), None)


def entered_digest(form: FormRecord) -> str:
    """SHA-256 over all entered values of a form and the order of its rows; identifying ones as ciphertext."""
    cells = {**form.cells, **{key: sealed(text) for key, text in form.ciphertexts.items()}}
    rows = sorted(state[:4] for state in form.rows.values() if not state.removed)
    content = [form.id, form.place.form, rows, sorted([*key, *cell] for key, cell in cells.items())]
    return hashlib.sha256(canonical(content).encode()).hexdigest()


def copy_of(registry: Registry, values: Mapping[CalculatedKey, Cell | None]) -> str:
    """What a signature keeps of calculated values, and of the rules that gave them."""
    kept = [[*key, cell] for key, cell in sorted(values.items()) if cell is not None]
    model = registry.model
    return canonical(
        {"registry": model.registry, "version": model.version, "definition": registry.hash, "values": kept}
    )


def told(action: str, meaning: str, account: int, entered: str, copied: str) -> dict[str, Any]:
    """A signature as the audit keeps it."""
    digest = hashlib.sha256(copied.encode()).hexdigest()
    return {"action": action, "meaning": meaning, "account": account, "entered": entered, "copied": digest}


def add_mark(  # noqa: PLR0913 -- each is a fact of the signature
    connection: Connection, actor: Actor, form: int, revision: int, entry: int, action: Action, at: datetime, *,
    meaning: str = "", entered: str = "", copied: str = "",
) -> None:  # fmt: skip
    """Write a review or a signature, of which the audit has an entry."""
    row = {
        "form_id": form, "action": action, "meaning": meaning, "account_id": actor.account, "who": actor.name,
        "at": utc(at), "revision": revision, "entry": entry, "entered": entered, "copied": copied,
    }  # fmt: skip
    connection.execute(insert(signature), row)


def end_marks(
    connection: Connection, forms: Collection[int], who: str, at: datetime, why: str, action: Action | None = None
) -> None:
    """Take back what was said of forms, or what one action said."""
    which = and_(signature.c.form_id.in_(sorted(forms)), signature.c.ended_at.is_(None))
    only = signature.c.action == action if action is not None else true()
    ended = {"ended_at": utc(at), "ended_by": who, "ended_why": why}
    connection.execute(update(signature).where(which, only).values(ended))


def standing_marks(connection: Connection, forms: Collection[int]) -> dict[int, set[str]]:
    """The actions whose marks stand, by form."""
    query = select(signature.c.form_id, signature.c.action).where(
        signature.c.form_id.in_(sorted(forms)), signature.c.ended_at.is_(None)
    )
    found: dict[int, set[str]] = {form: set() for form in forms}
    for form, action in connection.execute(query):
        found[form].add(action)
    return found


def signatures_of(
    database: Database, actor: Actor, subject: int, forms: Collection[int], *, at: datetime
) -> dict[int, Signatures]:
    """What was said about some forms of a subject, in few statements however many there are."""
    with database.read() as connection:
        require_access(connection, actor, subject, at)
        with together(connection) as asking:
            said = asking.ask(marks_of_forms(subject, forms))
            now = asking.ask(calculated_where_signed(database.dialect, subject, forms))
    return compared(said(), now(), forms)


def marks_of_forms(subject: int, forms: Collection[int]) -> Part[tuple[Signature, ...]]:
    """All reviews and signatures of some forms of a subject, the newest first."""
    same = and_(audit_entry.c.stream == subject_stream(subject), audit_entry.c.number == signature.c.entry)
    noted = (audit_entry.c.body, audit_entry.c.who.label("noted_who"), audit_entry.c.at.label("noted_at"))
    query = (
        select(signature, *noted)
        .select_from(signature.outerjoin(audit_entry, and_(same, audit_entry.c.form_id == signature.c.form_id)))
        .where(signature.c.form_id.in_(sorted(forms)))
        .order_by(signature.c.id.desc())
    )
    return Part(query, lambda rows: tuple(map(_signature, rows)))


def compared(
    found: Collection[Signature], now: Mapping[CalculatedKey, Cell], forms: Collection[int]
) -> dict[int, Signatures]:
    """These by form, with what differs `now` from those that stand."""
    held = {form: tuple(one for one in found if one.form == form) for form in forms}
    return {form: Signatures(every, _differences(every, now)) for form, every in held.items()}


def _differences(held: Collection[Signature], now: Mapping[CalculatedKey, Cell]) -> tuple[Difference, ...]:
    """What was known when somebody signed, and is another value now."""
    signed = next((one for one in held if one.stands and one.action == Action.SIGN), None)
    values = signed.values if signed is not None else {}
    return tuple(Difference(key, then, now.get(key)) for key, then in values.items() if now.get(key) != then)


def _signature(row: Any) -> Signature:
    body = json.loads(row.body) if row.body else {}
    own = told(row.action, row.meaning, row.account_id, row.entered, row.copied)
    noted = body.get("signature") == own and (row.who, row.at) == (row.noted_who, row.noted_at)
    return Signature(
        row.id, row.form_id, row.action, row.meaning, row.account_id, row.who, row.at, row.revision, row.entered,
        row.copied, row.ended_at, row.ended_by or "", row.ended_why or "", noted,
    )  # fmt: skip


__all__ = [
    "Difference",
    "Meaning",
    "Signature",
    "Signatures",
    "Verdict",
    "add_mark",
    "compared",
    "copy_of",
    "end_marks",
    "entered_digest",
    "marks_of_forms",
    "signatures_of",
    "standing_marks",
    "told",
]
