"""Tables of definitions, subjects and the containers, events and rights that hang on them."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
)

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
    Column("part_id", Id),  # of what is in an episode that episode, however deep; else none
    Column("origin_id", Id),  # of one that was carried here: what it was at first
    Index("ix_instance_subject_id", "subject_id"),
    Index("ix_instance_origin_id", "origin_id"),
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
    Index("ix_pending_event_registry", "registry", "closes"),
)

latest_event = (
    Table(  # for lists: when something last took place in a container instance, as rules saw it at the last save
        "latest_event",
        METADATA,
        Column("registry", Text, primary_key=True),
        Column("instance_id", Id, ForeignKey("instance.id"), primary_key=True, autoincrement=False),
        Column("subject_id", Id, ForeignKey("subject.id"), nullable=False),
        Column("day", Day, nullable=False),
        Index("ix_latest_event_subject_id", "subject_id"),
    )
)

# What lists sort and narrow by. Triggers of the migration keep it, whoever changes what it follows from; nothing else
# writes it. A row for each hospital that a record was given to tells of what this hospital may see of it (of grants
# without an end, where there is one); the row of hospital 0 tells of all, for a registry's keeper; that of a ward has its number
# with a minus for a hospital.
casebook = Table(
    "casebook",
    METADATA,
    Column("registry", Text, primary_key=True),
    Column("site_id", Id, primary_key=True, autoincrement=False),
    Column("subject_id", Id, primary_key=True, autoincrement=False),
    Column("number", Integer, nullable=False),  # of the enrolment
    Column("state", SmallInteger, nullable=False),  # of all forms: 0 none, 1 complete, 2 some in progress
    Column("episodes", Integer, nullable=False),
    Column("warnings", Integer, nullable=False),  # that nobody has answered
    Column("day", Day, nullable=False),  # of the latest event; 0001-01-01: none
    Column("closes", Day, nullable=False),  # the first window of what is to come; 9999-12-31: none
    Column("withdrawn", Boolean, nullable=False),  # the patient
    *(
        Index(f"ix_casebook_{keys[0]}", "registry", "site_id", *keys)
        for keys in (
            ("number",),
            ("state", "number"),
            ("episodes", "number"),
            ("warnings", "number"),
            ("day", "number"),
            ("closes", "number"),
        )
    ),
    Index("ix_casebook_subject_id", "subject_id"),
)

casebook_due = Table(  # within a transaction: whose lines of the casebook are to be counted at its end
    "casebook_due",
    METADATA,
    Column("subject_id", Id, primary_key=True, autoincrement=False),
)

local_number = Table(  # what a hospital calls a patient in its own books
    "local_number",
    METADATA,
    Column("site_id", Id, ForeignKey("site.id"), primary_key=True, autoincrement=False),
    Column("registry", Text, primary_key=True),
    Column("subject_id", Id, ForeignKey("subject.id"), primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("folded", Text, nullable=False, server_default=""),  # what it is compared by: storage.local_numbers
    Column("twin", Integer, nullable=False, server_default="0"),  # beyond 0: it stood twice before that was refused
    UniqueConstraint("site_id", "registry", "name"),
    Index("ix_local_number_subject_id", "subject_id"),
    Index("uq_local_number_folded", "site_id", "registry", "folded", "twin", unique=True),
)

# Who sees what: a site sees a subject, or one of its episodes, in a registry, from–to. Rows of a ward count for those who act
# for that ward alone, as far as the hospital itself has a right; without an episode they show the patient and no episode.
access = Table(
    "access",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("subject_id", Id, ForeignKey("subject.id"), nullable=False),
    Column("instance_id", Id, ForeignKey("instance.id")),  # none: all episodes
    Column("site_id", Id, ForeignKey("site.id"), nullable=False),
    Column("registry", Text, nullable=False),
    Column("starts_at", Moment, nullable=False),
    Column("ends_at", Moment),
    Column("unit_id", Id),  # none: for those who act for the whole hospital
    Index("ix_access_subject_id", "subject_id"),
    Index("ix_access_site_id_registry", "site_id", "registry"),
)

# What people say that an episode is to another one of the same patient, which another registry may hold. Each end is named by
# what it was before it was carried anywhere (instance.origin_id).
episode_link = Table(
    "episode_link",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("source_id", Id, nullable=False),
    Column("source_registry", Text, nullable=False),
    Column("target_id", Id, nullable=False),
    Column("target_registry", Text, nullable=False),
    Column("kind", Text, nullable=False),  # storage.episode_links
    Column("who", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("reason", Text, nullable=False),
    Column("ended_at", Moment),
    Column("ended_by", Text),
    Column("ended_why", Text),
    Index("ix_episode_link_source_id", "source_id"),
    Index("ix_episode_link_target_id", "target_id"),
)

takeover_request = Table(  # a hospital asks to see a patient whom it does not know to be of which other one
    "takeover_request",
    METADATA,
    Column("id", Id, primary_key=True),
    Column("subject_id", Id, ForeignKey("subject.id"), nullable=False),
    Column("site_id", Id, ForeignKey("site.id"), nullable=False),  # that asks
    Column("registry", Text, nullable=False),
    Column("prefix", Text, nullable=False),  # of pseudonyms there
    Column("asked_by", Text, nullable=False),
    Column("asked_at", Moment, nullable=False),
    Column("reason", Text, nullable=False),
    Column("decision", Text),  # granted or refused
    Column("decided_by", Text),
    Column("decided_at", Moment),
    Column("answer", Text, nullable=False),
    Index("ix_takeover_request_subject_id", "subject_id"),
    Index("ix_takeover_request_site_id", "site_id", "registry"),
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
    "casebook",
    "casebook_due",
    "counter",
    "enrolment",
    "episode_link",
    "identity_hash",
    "instance",
    "latest_event",
    "local_number",
    "missed_event",
    "occurrence",
    "pending_event",
    "registry_definition",
    "site_subject",
    "subject",
    "subject_key",
    "takeover_request",
]
