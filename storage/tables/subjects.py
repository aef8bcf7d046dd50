"""Tables of definitions, subjects and the containers, events and rights that hang on them."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, LargeBinary, Table, Text, UniqueConstraint

from storage.tables.base import METADATA, Day, Id, Moment

registry_definition = Table(
    "registry_definition",
    METADATA,
    Column("hash", Text, primary_key=True),  # SHA-256 over the text and its closure
    Column("registry", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("closure", Text, nullable=False),  # JSON: file -> text of everything it includes
    Column("published_at", Moment, nullable=False),
    Column("published_by", Text, nullable=False),
    UniqueConstraint("registry", "version"),
)

dictionary = Table(  # ICD-10 and the like: what others keep, loaded as files
    "dictionary",
    METADATA,
    Column("number", Id, primary_key=True),  # in order of loading
    Column("name", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("hash", Text, nullable=False),  # SHA-256 of the text
    Column("codes", Integer, nullable=False),
    Column("loaded_at", Moment, nullable=False),
    Column("loaded_by", Text, nullable=False),
    Column("text", Text, nullable=False),  # the file
    Column("dropped", Text, nullable=False),  # CSV: codes of earlier versions that this one lacks, with their labels
    UniqueConstraint("name", "version"),
)

subject = Table(
    "subject",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("registered_at", Moment, nullable=False),
    Column("erased_at", Moment),
)

enrolment = Table(  # a subject in a registry, under a pseudonym of that registry
    "enrolment",
    METADATA,
    Column("subject_id", Id, ForeignKey("subject.id"), primary_key=True),
    Column("registry", Text, primary_key=True),
    Column("number", Integer, nullable=False),
    Column("pseudonym", Text, nullable=False, unique=True),
    Column("enrolled_at", Moment, nullable=False),
    Column("withdrawal_id", Id),  # through which it is withdrawn: storage.withdrawing
    UniqueConstraint("registry", "number"),
)

counter = Table(  # the last number given under a name
    "counter",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("value", Integer, nullable=False),
)

instance = Table(  # the patient (container 'patient', no parent), an episode, a stay …
    "instance",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("subject_id", Id, ForeignKey("subject.id"), nullable=False),
    Column("parent_id", Id, ForeignKey("instance.id")),
    Column("container", Text, nullable=False),
    Column("registry", Text, nullable=False),  # '' for the patient, whom all registries share
    Column("number", Integer, nullable=False),
    Column("opened_at", Moment, nullable=False),
    Column("withdrawal_id", Id),
    Index("ix_instance_subject_id", "subject_id"),
)

occurrence = Table(
    "occurrence",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("subject_id", Id, ForeignKey("subject.id"), nullable=False),
    Column("instance_id", Id, ForeignKey("instance.id"), nullable=False),
    Column("event", Text, nullable=False),
    Column("number", Integer, nullable=False),
    Column("day", Day),
    Column("added_at", Moment, nullable=False),
    UniqueConstraint("instance_id", "event", "number"),
    Index("ix_occurrence_subject_id", "subject_id"),
)

missed_event = Table(  # somebody says that it did not take place; gone when that is taken back: the audit keeps both
    "missed_event",
    METADATA,
    Column("registry", Text, primary_key=True),  # the patient's instance is shared
    Column("instance_id", Id, ForeignKey("instance.id"), primary_key=True, autoincrement=False),
    Column("event", Text, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("subject_id", Id, ForeignKey("subject.id"), nullable=False),
    Column("reason", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Index("ix_missed_event_subject_id", "subject_id"),
)

pending_event = Table(  # for lists: what rules expected at the last save and nobody entered yet
    "pending_event",
    METADATA,
    Column("registry", Text, primary_key=True),
    Column("instance_id", Id, ForeignKey("instance.id"), primary_key=True, autoincrement=False),
    Column("event", Text, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("subject_id", Id, ForeignKey("subject.id"), nullable=False),
    Column("opens", Day),  # the window; none: open on that side
    Column("closes", Day),
    Index("ix_pending_event_subject_id", "subject_id"),
)

access = Table(  # who sees what: a site sees a subject, or one of its episodes, in a registry, from–to
    "access",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("subject_id", Id, ForeignKey("subject.id"), nullable=False),
    Column("instance_id", Id, ForeignKey("instance.id")),  # none: all episodes
    Column("site_id", Id, ForeignKey("site.id"), nullable=False),
    Column("registry", Text, nullable=False),
    Column("starts_at", Moment, nullable=False),
    Column("ends_at", Moment),
    Index("ix_access_subject_id", "subject_id"),
    Index("ix_access_site_id_registry", "site_id", "registry"),
)

site_subject = Table(  # the subject that stands for a hospital in a registry, and holds its own records
    "site_subject",
    METADATA,
    Column("site_id", Id, ForeignKey("site.id"), primary_key=True, autoincrement=False),
    Column("registry", Text, primary_key=True),
    Column("subject_id", Id, ForeignKey("subject.id"), nullable=False, unique=True),
)

subject_key = Table(  # its rows are the only way to the identities: short backup retention, destroyed at erasure
    "subject_key",
    METADATA,
    Column("subject_id", Id, ForeignKey("subject.id"), primary_key=True),
    Column("wrapped", LargeBinary, nullable=False),
)

identity_hash = Table(  # keyed hashes by which a person is found
    "identity_hash",
    METADATA,
    Column("subject_id", Id, ForeignKey("subject.id"), primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("hash", LargeBinary),
    Index("ix_identity_hash_hash", "hash"),
)

__all__ = [
    "access",
    "counter",
    "enrolment",
    "identity_hash",
    "instance",
    "missed_event",
    "occurrence",
    "pending_event",
    "registry_definition",
    "site_subject",
    "subject",
    "subject_key",
]
