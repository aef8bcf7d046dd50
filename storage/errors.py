"""What storage refuses, as exceptions that carry the facts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from engine.datatypes.values import Entered


class StorageError(Exception):
    """Anything storage refuses to do."""


class NotVisible(StorageError):
    """The subject does not exist, or this site may not see it: both look the same from outside."""

    def __init__(self, subject: int) -> None:
        self.subject = subject
        super().__init__(f"subject {subject} is not visible")


class NotFound(StorageError):
    """A record that should be there is not."""

    def __init__(self, kind: str, key: object) -> None:
        self.kind, self.key = kind, key
        super().__init__(f"no {kind} {key!r}")


class TooMany(StorageError):
    """There are as many instances of a container in one parent as there may be."""

    def __init__(self, container: str, most: int) -> None:
        self.container, self.most = container, most
        super().__init__(f"there may be at most {most} of {container} here, and there are")


class Taken(StorageError):
    """A name that only one may have: a login, the code of a hospital."""

    def __init__(self, kind: str, key: str) -> None:
        self.kind, self.key = kind, key
        super().__init__(f"there is a {kind} {key!r} already: take another one")


class Overlapping(StorageError):
    """A part in a registry is there for some of the same days already; `starts` and `ends` are those of that one."""

    def __init__(self, starts: date, ends: date | None) -> None:
        self.starts, self.ends = starts, ends
        super().__init__(
            f"takes part from {starts} to {ends or 'now'} already: end that one first, or choose other days"
        )


class NoTime(StorageError):
    """A part in a registry would end before it begins."""

    def __init__(self, starts: date, ends: date) -> None:
        self.starts, self.ends = starts, ends
        super().__init__(f"begins on {starts} and cannot end on {ends}: the last day is not before the first")


class Unreachable(StorageError):
    """The database does not answer at its address, or that is none."""

    def __init__(self, why: str) -> None:
        super().__init__(f"the database cannot be opened ({why}): see that it runs, and that its address is right")


class VersionClash(StorageError):
    """A version was published before with another text; a published version never changes."""

    def __init__(self, registry: str, version: str, published: str, given: str) -> None:
        self.registry, self.version, self.published, self.given = registry, version, published, given
        super().__init__(
            f"{registry} {version} was published with hash {published[:12]}; this text has {given[:12]}: "
            "a published version never changes, so give the definition a new version number"
        )


class DictionaryClash(StorageError):
    """A version of a dictionary was loaded before from another file; a version never changes."""

    def __init__(self, name: str, version: str) -> None:
        self.name, self.version = name, version
        super().__init__(
            f"version {version} of {name} was loaded from another file, and a version never changes: "
            "give this one a name of its own with --version"
        )


class WrongDefinition(StorageError):
    """A form is pinned to one version of its definition and was saved with another."""

    def __init__(self, form: int, pinned: str, given: str) -> None:
        self.form, self.pinned, self.given = form, pinned, given
        super().__init__(f"form record {form} is pinned to definition {pinned[:12]}, not {given[:12]}")


@dataclass(frozen=True, slots=True)
class ClashingValue:
    """An item that somebody else changed since the form was opened, with all three values (None: empty)."""

    path: str
    opened: Entered | None
    stored: Entered | None
    submitted: Entered | None


class Conflict(StorageError):
    """The form was saved in the meantime: by somebody else, or (`own`) by nobody but the same account elsewhere."""

    def __init__(
        self, expected: int, revision: int, who: str, at: datetime | None, values: tuple[ClashingValue, ...], *,
        own: bool = False,
    ) -> None:  # fmt: skip
        self.expected, self.revision, self.who, self.at, self.values = expected, revision, who, at, values
        self.own = own
        super().__init__(f"expected revision {expected}, found {revision} by {who}; {len(values)} values differ")


class DecidedMeanwhile(StorageError):
    """Somebody else decided about an event since the page was opened; nothing is overwritten."""

    def __init__(self, who: str, decision: str = "") -> None:
        self.who, self.decision = who, decision
        super().__init__(f"{who} decided meanwhile")


class ReasonNeeded(StorageError):
    """What is asked needs a reason: a change of a reviewed or signed form, a signature taken back, an unlocking."""

    def __init__(self, state: str) -> None:
        self.state = state
        super().__init__(f"the form is {state}: say why, and the change takes that back")


class Locked(StorageError):
    """The form is locked: nothing of it is saved until somebody who may unlocks it."""

    def __init__(self, form: int) -> None:
        self.form = form
        super().__init__(f"form record {form} is locked: ask for it to be unlocked")


class Closed(StorageError):
    """The registry is frozen (year 0), or the reporting year of the form is closed: nothing of it is saved."""

    def __init__(self, year: int) -> None:
        self.year = year
        super().__init__(f"the year {year} is closed" if year else "the registry is frozen")


class WrongState(StorageError):
    """An action that the state of the form does not allow, or somebody changed the form since it was looked at."""

    def __init__(self, action: str, state: str) -> None:
        self.action, self.state = action, state
        super().__init__(f"{action!r} cannot be done: the form is {state}, or was changed meanwhile")


class Occupied(StorageError):
    """What is withdrawn cannot come back: another form stands in its place, or what held it is withdrawn itself."""

    def __init__(self, withdrawal: int) -> None:
        self.withdrawal = withdrawal
        super().__init__(
            f"withdrawal {withdrawal} cannot be undone: something else is in its place, or what held it is gone"
        )


class MovedAway(StorageError):
    """What is withdrawn stands elsewhere now: it was moved, or a merge was taken back. It is moved back, not restored."""

    def __init__(self, withdrawal: int) -> None:
        self.withdrawal = withdrawal
        super().__init__(
            f"withdrawal {withdrawal} cannot be undone: what was withdrawn stands elsewhere now; move it back"
        )


class BeingFilled(StorageError):
    """Somebody else types in a form of the record right now: it stays where it is until they have saved."""

    def __init__(self, subject: int) -> None:
        self.subject = subject
        super().__init__(f"somebody is filling in a form of subject {subject}: wait until it is saved")


class NotReady(StorageError):
    """Errors stand against the signature of a form: the codes of their rules."""

    def __init__(self, codes: tuple[str, ...]) -> None:
        self.codes = codes
        super().__init__(f"not to be signed yet: {', '.join(codes)}")


class Unanswered(StorageError):
    """Warnings at signing want a reason that nobody gave: the codes of their rules."""

    def __init__(self, codes: tuple[str, ...]) -> None:
        self.codes = codes
        super().__init__(f"a reason is wanted before the signature: {', '.join(codes)}")


class ConfirmClear(StorageError):
    """Values that became not applicable would be deleted: the user must confirm these paths first."""

    def __init__(self, paths: tuple[str, ...]) -> None:
        self.paths = paths
        super().__init__(f"the save deletes {', '.join(paths)}: confirm first")


class NotUnique(StorageError):
    """Another subject has the same key. Neither its number nor its site is told."""

    def __init__(self, names: tuple[str, ...]) -> None:
        self.names = names
        super().__init__(f"already taken: {', '.join(names)}")


class KnownPerson(NotUnique):
    """Another subject has the same PESEL or document, in whatever registry. Nothing of it is told."""


class RowClash(StorageError):
    """A row's id was used before, by a removed row or elsewhere in the subject; ids are never reused."""

    def __init__(self, row: str, why: str) -> None:
        self.row, self.why = row, why
        super().__init__(f"row {row!r}: {why}")


class KeyReused(StorageError):
    """An idempotency key came with a request other than the first one."""

    def __init__(self, key: str) -> None:
        self.key = key
        super().__init__(f"idempotency key {key!r} was used for another request")


class UnknownItem(StorageError):
    """A submitted item or group that the form does not have."""

    def __init__(self, form: str, item: str) -> None:
        self.form, self.item = form, item
        super().__init__(f"form {form!r} has no {item!r}")


class UnknownFile(StorageError):
    """A value names a file that is neither in the form nor in the working copy from which it is saved."""

    def __init__(self, digest: str) -> None:
        self.digest = digest
        super().__init__(f"no file {digest} to save")


class TooManyFiles(StorageError):
    """The files of a working copy have more bytes together than are kept; a save makes room."""

    def __init__(self, most: int) -> None:
        self.most = most
        super().__init__(f"a working copy holds at most {most} bytes of files")


class Erased(StorageError):
    """The subject's key was destroyed: identifying values can neither be read nor written."""

    def __init__(self, subject: int) -> None:
        self.subject = subject
        super().__init__(f"subject {subject} was erased")


class Hidden(StorageError):
    """What the actor's role may not see."""

    def __init__(self, what: str) -> None:
        self.what = what
        super().__init__(f"{what}: hidden for this role")


class NotEntitled(StorageError):
    """Values were submitted for items that the actor's role may not fill; nothing was saved."""

    def __init__(self, items: tuple[str, ...]) -> None:
        self.items = items
        super().__init__(f"this role may not fill: {', '.join(items)}")


class NoKeys(StorageError):
    """Identifying values need the master key, and the database was opened without one."""

    def __init__(self) -> None:
        super().__init__("no master key: set the key file before identifying values are read or written")


class BadCredentials(StorageError):
    """Unknown login, wrong password or closed account: the three look the same from outside."""

    def __init__(self) -> None:
        super().__init__("login or password is wrong")


class LockedOut(StorageError):
    """Too many failed attempts; `until` says when the next one is allowed."""

    def __init__(self, until: datetime) -> None:
        self.until = until
        super().__init__(f"locked until {until.isoformat()}")


__all__ = [
    "BadCredentials",
    "BeingFilled",
    "ClashingValue",
    "Closed",
    "ConfirmClear",
    "Conflict",
    "DecidedMeanwhile",
    "Erased",
    "Hidden",
    "KeyReused",
    "KnownPerson",
    "Locked",
    "LockedOut",
    "MovedAway",
    "NoKeys",
    "NoTime",
    "NotEntitled",
    "NotFound",
    "NotReady",
    "NotUnique",
    "NotVisible",
    "Occupied",
    "Overlapping",
    "ReasonNeeded",
    "RowClash",
    "StorageError",
    "Taken",
    "TooMany",
    "TooManyFiles",
    "Unanswered",
    "UnknownFile",
    "UnknownItem",
    "Unreachable",
    "VersionClash",
    "WrongDefinition",
    "WrongState",
]
