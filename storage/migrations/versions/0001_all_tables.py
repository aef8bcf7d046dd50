"""All tables, and the guards of those that are history."""
# long: a migration lists each table once, as it was

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = postgresql.TIMESTAMP(timezone=True).with_variant(sa.Text(), "sqlite")
NUMBER = sa.Numeric().with_variant(sa.Text(), "sqlite")
DAY = sa.Date().with_variant(sa.Text(), "sqlite")
CLOCK = sa.Time().with_variant(sa.Text(), "sqlite")
TEXTS = postgresql.ARRAY(sa.Text()).with_variant(sa.Text(), "sqlite")

EITHER = [
    "text_value",
    "number_value",
    "boolean_value",
    "date_value",
    "time_value",
    "datetime_value",
    "code_value",
    "reference_value",
    "missing",
    "withdrawn",
]

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    # long: each table once
    op.create_table(
        "account",
        sa.Column("id", ID, nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("closed_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("login", name=op.f("uq_account_login")),
    )
    op.create_table(
        "attempt",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", MOMENT, nullable=False),
        sa.Column("locked_until", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_attempt")),
    )
    op.create_table(
        "audit_entry",
        sa.Column("stream", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("subject_id", ID, nullable=True),
        sa.Column("form_id", ID, nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("items", TEXTS, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("previous", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("stream", "number", name=op.f("pk_audit_entry")),
    )
    op.create_index("ix_audit_entry_at", "audit_entry", ["at"], unique=False)
    op.create_index("ix_audit_entry_form_id", "audit_entry", ["form_id", "number"], unique=False)
    if op.get_bind().dialect.name == "postgresql":
        op.create_index("ix_audit_entry_items", "audit_entry", ["items"], unique=False, postgresql_using="gin")
    op.create_table(
        "audit_seal",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("heads", sa.Text(), nullable=False),
        sa.Column("previous", sa.LargeBinary(), nullable=False),
        sa.Column("mac", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_audit_seal")),
    )
    op.create_table(
        "counter",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_counter")),
    )
    op.create_table(
        "idempotency",
        sa.Column("account_id", ID, autoincrement=False, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("request", sa.LargeBinary(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("account_id", "key", name=op.f("pk_idempotency")),
    )
    op.create_table(
        "job",
        sa.Column("id", ID, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject_id", ID, nullable=True),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("queued_at", MOMENT, nullable=False),
        sa.Column("taken_at", MOMENT, nullable=True),
        sa.Column("done_at", MOMENT, nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job")),
    )
    op.create_index("ix_job_done_at_id", "job", ["done_at", "id"], unique=False)
    op.create_table(
        "registry_definition",
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("registry", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("closure", sa.Text(), nullable=False),
        sa.Column("published_at", MOMENT, nullable=False),
        sa.Column("published_by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_registry_definition")),
        sa.UniqueConstraint("registry", "version", name=op.f("uq_registry_definition_registry_version")),
    )
    op.create_table(
        "site",
        sa.Column("id", ID, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_site")),
        sa.UniqueConstraint("code", name=op.f("uq_site_code")),
    )
    op.create_table(
        "subject",
        sa.Column("id", ID, nullable=False),
        sa.Column("registered_at", MOMENT, nullable=False),
        sa.Column("erased_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subject")),
    )
    op.create_table(
        "enrolment",
        sa.Column("subject_id", ID, nullable=False),
        sa.Column("registry", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("pseudonym", sa.Text(), nullable=False),
        sa.Column("enrolled_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["subject_id"], ["subject.id"], name=op.f("fk_enrolment_subject_id")),
        sa.PrimaryKeyConstraint("subject_id", "registry", name=op.f("pk_enrolment")),
        sa.UniqueConstraint("pseudonym", name=op.f("uq_enrolment_pseudonym")),
        sa.UniqueConstraint("registry", "number", name=op.f("uq_enrolment_registry_number")),
    )
    op.create_table(
        "identity_hash",
        sa.Column("subject_id", ID, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["subject_id"], ["subject.id"], name=op.f("fk_identity_hash_subject_id")),
        sa.PrimaryKeyConstraint("subject_id", "kind", name=op.f("pk_identity_hash")),
    )
    op.create_index("ix_identity_hash_hash", "identity_hash", ["hash"], unique=False)
    op.create_table(
        "instance",
        sa.Column("id", ID, nullable=False),
        sa.Column("subject_id", ID, nullable=False),
        sa.Column("parent_id", ID, nullable=True),
        sa.Column("container", sa.Text(), nullable=False),
        sa.Column("registry", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["parent_id"], ["instance.id"], name=op.f("fk_instance_parent_id")),
        sa.ForeignKeyConstraint(["subject_id"], ["subject.id"], name=op.f("fk_instance_subject_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_instance")),
    )
    op.create_index("ix_instance_subject_id", "instance", ["subject_id"], unique=False)
    op.create_table(
        "membership",
        sa.Column("id", ID, nullable=False),
        sa.Column("account_id", ID, nullable=False),
        sa.Column("site_id", ID, nullable=True),
        sa.Column("registry", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("starts_at", MOMENT, nullable=False),
        sa.Column("ends_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_membership_account_id")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_membership_site_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_membership")),
    )
    op.create_index("ix_membership_account_id", "membership", ["account_id"], unique=False)
    op.create_table(
        "session",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("account_id", ID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("notes", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_session_account_id")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_session")),
    )
    op.create_index("ix_session_account_id", "session", ["account_id"], unique=False)
    op.create_table(
        "subject_key",
        sa.Column("subject_id", ID, nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["subject_id"], ["subject.id"], name=op.f("fk_subject_key_subject_id")),
        sa.PrimaryKeyConstraint("subject_id", name=op.f("pk_subject_key")),
    )
    op.create_table(
        "working_copy",
        sa.Column("account_id", ID, autoincrement=False, nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("subject_id", ID, nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("ciphertext", sa.LargeBinary(), nullable=False),
        sa.Column("saved_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["account.id"], name=op.f("fk_working_copy_account_id")),
        sa.ForeignKeyConstraint(["subject_id"], ["subject.id"], name=op.f("fk_working_copy_subject_id")),
        sa.PrimaryKeyConstraint("account_id", "place", name=op.f("pk_working_copy")),
    )
    op.create_index("ix_working_copy_expires_at", "working_copy", ["expires_at"], unique=False)
    op.create_table(
        "upload",
        sa.Column("account_id", ID, autoincrement=False, nullable=False),
        sa.Column("place", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("subject_id", ID, nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("ciphertext", sa.LargeBinary(), nullable=False),
        sa.Column("added_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id", "place"],
            ["working_copy.account_id", "working_copy.place"],
            name=op.f("fk_upload_account_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["subject_id"], ["subject.id"], name=op.f("fk_upload_subject_id")),
        sa.PrimaryKeyConstraint("account_id", "place", "digest", name=op.f("pk_upload")),
    )
    op.create_table(
        "access",
        sa.Column("id", ID, nullable=False),
        sa.Column("subject_id", ID, nullable=False),
        sa.Column("instance_id", ID, nullable=True),
        sa.Column("site_id", ID, nullable=False),
        sa.Column("registry", sa.Text(), nullable=False),
        sa.Column("starts_at", MOMENT, nullable=False),
        sa.Column("ends_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["instance_id"], ["instance.id"], name=op.f("fk_access_instance_id")),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_access_site_id")),
        sa.ForeignKeyConstraint(["subject_id"], ["subject.id"], name=op.f("fk_access_subject_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_access")),
    )
    op.create_index("ix_access_site_id_registry", "access", ["site_id", "registry"], unique=False)
    op.create_index("ix_access_subject_id", "access", ["subject_id"], unique=False)
    op.create_table(
        "calculated_data",
        sa.Column("instance_id", ID, autoincrement=False, nullable=False),
        sa.Column("form_id", ID, autoincrement=False, nullable=False),
        sa.Column("row_id", sa.Text(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("position", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("text_value", sa.Text(), nullable=True),
        sa.Column("number_value", NUMBER, nullable=True),
        sa.Column("boolean_value", sa.Boolean(), nullable=True),
        sa.Column("date_value", DAY, nullable=True),
        sa.Column("time_value", CLOCK, nullable=True),
        sa.Column("datetime_value", MOMENT, nullable=True),
        sa.Column("code_value", sa.Text(), nullable=True),
        sa.Column("reference_value", sa.Text(), nullable=True),
        sa.Column("number_search", sa.Float(), nullable=True),
        sa.Column("extra", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint(
            "instance_id", "form_id", "row_id", "item", "position", name=op.f("pk_calculated_data")
        ),
    )
    op.create_table(
        "occurrence",
        sa.Column("id", ID, nullable=False),
        sa.Column("subject_id", ID, nullable=False),
        sa.Column("instance_id", ID, nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("day", DAY, nullable=True),
        sa.Column("added_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["instance_id"], ["instance.id"], name=op.f("fk_occurrence_instance_id")),
        sa.ForeignKeyConstraint(["subject_id"], ["subject.id"], name=op.f("fk_occurrence_subject_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_occurrence")),
        sa.UniqueConstraint("instance_id", "event", "number", name=op.f("uq_occurrence_instance_id_event_number")),
    )
    op.create_index("ix_occurrence_subject_id", "occurrence", ["subject_id"], unique=False)
    op.create_table(
        "form_instance",
        sa.Column("id", ID, nullable=False),
        sa.Column("subject_id", ID, nullable=False),
        sa.Column("instance_id", ID, nullable=False),
        sa.Column("occurrence_id", ID, nullable=True),
        sa.Column("home", sa.Text(), nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("record", sa.Integer(), nullable=False),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("saved_at", MOMENT, nullable=False),
        sa.CheckConstraint("state IN ('in_progress', 'complete')", name=op.f("ck_form_instance_state")),
        sa.ForeignKeyConstraint(["definition"], ["registry_definition.hash"], name=op.f("fk_form_instance_definition")),
        sa.ForeignKeyConstraint(["instance_id"], ["instance.id"], name=op.f("fk_form_instance_instance_id")),
        sa.ForeignKeyConstraint(["occurrence_id"], ["occurrence.id"], name=op.f("fk_form_instance_occurrence_id")),
        sa.ForeignKeyConstraint(["subject_id"], ["subject.id"], name=op.f("fk_form_instance_subject_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_form_instance")),
    )
    op.create_index("ix_form_instance_form", "form_instance", ["home", "form"], unique=False)
    op.create_index("ix_form_instance_subject_id", "form_instance", ["subject_id"], unique=False)
    op.create_table(
        "acknowledgement",
        sa.Column("form_id", ID, autoincrement=False, nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("inputs", sa.LargeBinary(), nullable=False),
        sa.Column("row_id", sa.Text(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["form_id"], ["form_instance.id"], name=op.f("fk_acknowledgement_form_id")),
        sa.PrimaryKeyConstraint("form_id", "rule", "inputs", "row_id", "item", name=op.f("pk_acknowledgement")),
    )
    op.create_table(
        "identity",
        sa.Column("form_id", ID, autoincrement=False, nullable=False),
        sa.Column("row_id", sa.Text(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("subject_id", ID, nullable=False),
        sa.Column("ciphertext", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["form_id"], ["form_instance.id"], name=op.f("fk_identity_form_id")),
        sa.ForeignKeyConstraint(["subject_id"], ["subject.id"], name=op.f("fk_identity_subject_id")),
        sa.PrimaryKeyConstraint("form_id", "row_id", "item", name=op.f("pk_identity")),
    )
    op.create_index("ix_identity_subject_id", "identity", ["subject_id"], unique=False)
    op.create_table(
        "issue",
        sa.Column("form_id", ID, autoincrement=False, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("row_id", sa.Text(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("severity", sa.Text(), nullable=False),
        sa.Column("blocks", sa.Text(), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("inputs", sa.LargeBinary(), nullable=False),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("raised_at", MOMENT, nullable=False),
        sa.Column("closed_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["form_id"], ["form_instance.id"], name=op.f("fk_issue_form_id")),
        sa.PrimaryKeyConstraint("form_id", "code", "row_id", "item", name=op.f("pk_issue")),
    )
    op.create_table(
        "item_data",
        sa.Column("form_id", ID, autoincrement=False, nullable=False),
        sa.Column("row_id", sa.Text(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("position", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("text_value", sa.Text(), nullable=True),
        sa.Column("number_value", NUMBER, nullable=True),
        sa.Column("boolean_value", sa.Boolean(), nullable=True),
        sa.Column("date_value", DAY, nullable=True),
        sa.Column("time_value", CLOCK, nullable=True),
        sa.Column("datetime_value", MOMENT, nullable=True),
        sa.Column("code_value", sa.Text(), nullable=True),
        sa.Column("reference_value", sa.Text(), nullable=True),
        sa.Column("number_search", sa.Float(), nullable=True),
        sa.Column("extra", sa.Text(), nullable=True),
        sa.Column("missing", sa.Text(), nullable=True),
        sa.Column("withdrawn", sa.Text(), nullable=True),
        sa.CheckConstraint(
            " + ".join(f"CASE WHEN {name} IS NULL THEN 0 ELSE 1 END" for name in EITHER) + " = 1",
            name=op.f("ck_item_data_one_slot"),
        ),
        sa.PrimaryKeyConstraint("form_id", "row_id", "item", "position", name=op.f("pk_item_data")),
    )
    op.create_table(
        "attachment",
        sa.Column("form_id", ID, autoincrement=False, nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("subject_id", ID, nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("ciphertext", sa.LargeBinary(), nullable=False),
        sa.Column("added_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["form_id"], ["form_instance.id"], name=op.f("fk_attachment_form_id")),
        sa.ForeignKeyConstraint(["subject_id"], ["subject.id"], name=op.f("fk_attachment_subject_id")),
        sa.PrimaryKeyConstraint("form_id", "digest", name=op.f("pk_attachment")),
    )
    op.create_index("ix_attachment_subject_id", "attachment", ["subject_id"], unique=False)
    op.create_table(
        "row_data",
        sa.Column("form_id", ID, nullable=False),
        sa.Column("row_id", sa.Text(), nullable=False),
        sa.Column("grp", sa.Text(), nullable=False),
        sa.Column("parent", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("removed", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["form_id"], ["form_instance.id"], name=op.f("fk_row_data_form_id")),
        sa.PrimaryKeyConstraint("form_id", "row_id", name=op.f("pk_row_data")),
    )
    op.create_table(
        "unique_key",
        sa.Column("form_id", ID, autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("row_id", sa.Text(), nullable=False),
        sa.Column("subject_id", ID, nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["form_id"], ["form_instance.id"], name=op.f("fk_unique_key_form_id")),
        sa.ForeignKeyConstraint(["subject_id"], ["subject.id"], name=op.f("fk_unique_key_subject_id")),
        sa.PrimaryKeyConstraint("form_id", "name", "row_id", name=op.f("pk_unique_key")),
        sa.UniqueConstraint("scope", "name", "hash", name=op.f("uq_unique_key_scope_name_hash")),
    )
    guard_history()
    guard_attachments()
    guard_values("item_data", "form_id", "form_instance")
    guard_values("calculated_data", "instance_id", "instance")


def guard_history() -> None:
    """What is history can be added to and nothing else."""
    postgresql_used = op.get_bind().dialect.name == "postgresql"
    if postgresql_used:
        op.execute(
            "CREATE FUNCTION ecrf_refuse() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION '% is never changed', TG_TABLE_NAME; END $$"
        )
    for table in ("registry_definition", "audit_entry", "audit_seal"):
        if postgresql_used:
            op.execute(
                f"CREATE TRIGGER {table}_frozen BEFORE UPDATE OR DELETE OR TRUNCATE ON {table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION ecrf_refuse()"
            )
            continue
        for change in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_frozen_{change.lower()} BEFORE {change} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is never changed'); END"
            )


def guard_attachments() -> None:
    """A file is added and never changed; it goes when its subject's key is gone, at erasure."""
    kept = "EXISTS (SELECT 1 FROM subject_key k WHERE k.subject_id = OLD.subject_id)"
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "CREATE TRIGGER attachment_frozen BEFORE UPDATE OR TRUNCATE ON attachment "
            "FOR EACH STATEMENT EXECUTE FUNCTION ecrf_refuse()"
        )
        op.execute(
            "CREATE FUNCTION ecrf_keep() RETURNS trigger LANGUAGE plpgsql AS "
            f"$$ BEGIN IF {kept} THEN RAISE EXCEPTION '% is never changed', TG_TABLE_NAME; END IF; RETURN OLD; END $$"
        )
        op.execute(
            "CREATE TRIGGER attachment_kept BEFORE DELETE ON attachment FOR EACH ROW EXECUTE FUNCTION ecrf_keep()"
        )
        return
    refuse = "BEGIN SELECT RAISE(ABORT, 'attachment is never changed'); END"
    op.execute(f"CREATE TRIGGER attachment_frozen BEFORE UPDATE ON attachment {refuse}")
    op.execute(f"CREATE TRIGGER attachment_kept BEFORE DELETE ON attachment WHEN {kept} {refuse}")


def guard_values(table: str, column: str, owner: str) -> None:
    """Values belong to something that is there. A foreign key would say so too, but be looked up anew for each row."""
    frozen = ((f"UPDATE OF {column}", table), ("UPDATE OF id", owner), ("DELETE", owner))
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            f"CREATE FUNCTION ecrf_{table}_belong() RETURNS trigger LANGUAGE plpgsql AS $$ "  # noqa: S608 -- names alone
            f"DECLARE owners bigint[] := ARRAY(SELECT DISTINCT {column} FROM added); "
            f"BEGIN IF (SELECT count(*) FROM {owner} WHERE id = ANY (owners)) < cardinality(owners) THEN "
            f"RAISE foreign_key_violation USING MESSAGE = '{table} of no {owner}'; END IF; RETURN NULL; END $$"
        )
        op.execute(
            f"CREATE TRIGGER {table}_belong AFTER INSERT ON {table} REFERENCING NEW TABLE AS added "
            f"FOR EACH STATEMENT EXECUTE FUNCTION ecrf_{table}_belong()"
        )
        for change, where in (*frozen, ("TRUNCATE", owner)):
            op.execute(
                f"CREATE TRIGGER {where}_{_word(change)}_refused BEFORE {change} ON {where} "
                "FOR EACH STATEMENT EXECUTE FUNCTION ecrf_refuse()"
            )
        return
    op.execute(
        f"CREATE TRIGGER {table}_belong BEFORE INSERT ON {table} "  # noqa: S608 -- names alone
        f"WHEN NOT EXISTS (SELECT 1 FROM {owner} WHERE id = NEW.{column}) "
        f"BEGIN SELECT RAISE(ABORT, '{table} of no {owner}'); END"
    )
    for change, where in frozen:
        op.execute(
            f"CREATE TRIGGER {where}_{_word(change)}_refused BEFORE {change} ON {where} "
            f"BEGIN SELECT RAISE(ABORT, '{where} is never changed so'); END"
        )


def _word(change: str) -> str:
    return change.partition(" ")[0].lower()


def downgrade() -> None:
    """There is nothing before the first version."""
