"""What lists of patients sort and narrow by, kept by triggers; hospitals' own numbers of patients."""

import sqlalchemy as sa
from alembic import op

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
DAY = sa.Date().with_variant(sa.Text(), "sqlite")

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

SOURCES = (
    "enrolment",
    "access",
    "instance",
    "form_instance",
    "pending_event",
    "latest_event",
    "issue",
    "acknowledgement",
)
OF_FORM = ("issue", "acknowledgement")  # which name a form and no subject
COLUMNS = ("registry", "site_id", "subject_id", "number", "state", "episodes", "warnings", "day", "closes", "withdrawn")
INDEXES = {"number": ["number"], **{key: [key, "number"] for key in ("state", "episodes", "warnings", "day", "closes")}}

# Each enrolled subject for all, and for each hospital that it was given to.
LINES = (
    "(SELECT registry, 0 AS site_id, subject_id, number, withdrawal_id FROM enrolment WHERE {which} UNION "
    "SELECT e.registry, a.site_id, e.subject_id, e.number, e.withdrawal_id FROM enrolment e JOIN access a ON a.subject_id = e.subject_id "
    "AND a.registry = e.registry WHERE e.{which}) p"
)
OF_LINE = "{0}.subject_id = p.subject_id AND {0}.site_id = p.site_id AND {0}.registry = p.registry"
SEEN = (
    "i.registry IN ('', p.registry) AND i.withdrawal_id IS NULL AND (p.site_id = 0 OR EXISTS (SELECT 1 FROM access a "  # noqa: S608 -- names alone
    f"WHERE {OF_LINE.format('a')} AND (a.instance_id IS NULL OR i.parent_id IS NULL OR a.instance_id = coalesce(i.part_id, i.id)) "
    f"AND (a.ends_at IS NULL OR NOT EXISTS (SELECT 1 FROM access b WHERE {OF_LINE.format('b')} AND b.ends_at IS NULL))))"
)
# Where the parts of a record are looked for. SQLite has no common table expressions in triggers; PostgreSQL asks once for each line
# and part whether the hospital sees it, which otherwise took longer than all else in a save of a form.
PARTS = {
    "sqlite": ("instance i", SEEN),
    "postgresql": ("seen i", f"i.line = p.registry AND {OF_LINE.format('i').rpartition(' AND ')[0]}"),
}
FORMS = (
    "form_instance x JOIN {part} ON i.id = x.instance_id {more} WHERE x.subject_id = p.subject_id "
    "AND x.home IN ('', p.registry) AND x.withdrawal_id IS NULL AND {seen}"
)
UNANSWERED = (
    "u.closed_at IS NULL AND u.severity <> 'error' AND NOT EXISTS (SELECT 1 FROM acknowledgement k WHERE k.form_id = u.form_id "
    "AND k.rule = u.rule AND k.inputs = u.inputs AND k.row_id = u.row_id AND k.item = u.item)"
)


def _casebook(dialect: str) -> str:
    """The rows of the casebook; `{which}` tells of whom."""
    part, seen = PARTS[dialect]
    of_event = (
        f"JOIN {part} ON i.id = x.instance_id WHERE x.subject_id = p.subject_id AND x.registry = p.registry AND {seen}"
    )
    forms, warned = (FORMS.format(part=part, seen=seen, more=more) for more in ("", "JOIN issue u ON u.form_id = x.id"))
    lines, begins = LINES, ""
    if dialect == "postgresql":
        lines = "p"
        begins = (
            f"WITH p AS MATERIALIZED (SELECT * FROM {LINES}), seen AS MATERIALIZED (SELECT p.registry AS line, p.site_id, p.subject_id, "  # noqa: S608 -- names alone
            f"i.id, i.parent_id, i.part_id FROM p JOIN instance i ON i.subject_id = p.subject_id WHERE {SEEN}) "
        )
    return (
        f"{begins}SELECT p.registry, p.site_id, p.subject_id, p.number, "  # noqa: S608 -- names of columns alone
        f"coalesce((SELECT max(CASE WHEN x.state = 'in_progress' THEN 2 ELSE 1 END) FROM {forms}), 0), "
        f"(SELECT count(*) FROM {part} WHERE i.subject_id = p.subject_id AND i.parent_id IS NOT NULL AND i.part_id IS NULL AND {seen}), "
        f"(SELECT count(*) FROM {warned} AND {UNANSWERED}), "
        f"coalesce((SELECT max(x.day) FROM latest_event x {of_event}), '0001-01-01'), "
        f"coalesce((SELECT min(x.closes) FROM pending_event x {of_event}), '9999-12-31'), p.withdrawal_id IS NOT NULL FROM {lines}"
    )


INSERT = {dialect: f"INSERT INTO casebook ({', '.join(COLUMNS)}) {_casebook(dialect)}" for dialect in PARTS}


def upgrade() -> None:
    op.add_column("instance", sa.Column("part_id", ID, nullable=True))
    create_tables()
    below = (
        "(SELECT i.id, i.id FROM instance i JOIN instance above ON above.id = i.parent_id WHERE above.parent_id IS NULL"
    )
    op.execute(
        f"WITH RECURSIVE held(id, part_id) AS {below} UNION ALL "  # noqa: S608 -- names of columns alone
        "SELECT i.id, held.part_id FROM instance i JOIN held ON i.parent_id = held.id) "
        "UPDATE instance SET part_id = (SELECT held.part_id FROM held WHERE held.id = instance.id) "
        "WHERE id IN (SELECT id FROM held WHERE id <> part_id)"
    )
    dialect = op.get_bind().dialect.name
    op.execute(INSERT[dialect].format(which="subject_id > 0"))
    if dialect == "sqlite":
        keep_on_sqlite()
    else:
        keep_on_postgresql()


def create_tables() -> None:
    given = sa.text("missing IS NOT NULL")
    columns = ["missing", "form_id"]
    op.create_index(op.f("ix_item_data_missing"), "item_data", columns, sqlite_where=given, postgresql_where=given)
    op.create_table(
        "latest_event",
        sa.Column("registry", sa.Text(), nullable=False),
        sa.Column("instance_id", ID, autoincrement=False, nullable=False),
        sa.Column("subject_id", ID, nullable=False),
        sa.Column("day", DAY, nullable=False),
        sa.ForeignKeyConstraint(["instance_id"], ["instance.id"], name=op.f("fk_latest_event_instance_id")),
        sa.ForeignKeyConstraint(["subject_id"], ["subject.id"], name=op.f("fk_latest_event_subject_id")),
        sa.PrimaryKeyConstraint("registry", "instance_id", name=op.f("pk_latest_event")),
    )
    op.create_index(op.f("ix_latest_event_subject_id"), "latest_event", ["subject_id"])
    op.create_table(
        "casebook",
        sa.Column("registry", sa.Text(), nullable=False),
        sa.Column("site_id", ID, autoincrement=False, nullable=False),
        sa.Column("subject_id", ID, autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.SmallInteger(), nullable=False),
        sa.Column("episodes", sa.Integer(), nullable=False),
        sa.Column("warnings", sa.Integer(), nullable=False),
        sa.Column("day", DAY, nullable=False),
        sa.Column("closes", DAY, nullable=False),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("registry", "site_id", "subject_id", name=op.f("pk_casebook")),
    )
    for key, columns in INDEXES.items():
        op.create_index(op.f(f"ix_casebook_{key}"), "casebook", ["registry", "site_id", *columns])
    op.create_index(op.f("ix_casebook_subject_id"), "casebook", ["subject_id"])
    op.create_table("casebook_due", sa.Column("subject_id", ID, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("subject_id", name=op.f("pk_casebook_due")),
    )  # fmt: skip
    op.create_table(
        "local_number",
        sa.Column("site_id", ID, autoincrement=False, nullable=False),
        sa.Column("registry", sa.Text(), nullable=False),
        sa.Column("subject_id", ID, autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_local_number_site_id")),
        sa.ForeignKeyConstraint(["subject_id"], ["subject.id"], name=op.f("fk_local_number_subject_id")),
        sa.PrimaryKeyConstraint("site_id", "registry", "subject_id", name=op.f("pk_local_number")),
        sa.UniqueConstraint("site_id", "registry", "name", name=op.f("uq_local_number_site_id_registry_name")),
    )
    op.create_index(op.f("ix_local_number_subject_id"), "local_number", ["subject_id"])


def keep_on_sqlite() -> None:
    """Row by row: the subject of the row, and the one that it belonged to before."""
    for table in SOURCES:
        for change, rows in (("INSERT", ("NEW",)), ("UPDATE", ("OLD", "NEW")), ("DELETE", ("OLD",))):
            anew = "; ".join(
                f"DELETE FROM casebook WHERE {which}; {INSERT['sqlite'].format(which=which)}"  # noqa: S608 -- names alone
                for which in (f"subject_id = {_subject_of(row, table)}" for row in rows)
            )
            op.execute(f"CREATE TRIGGER {table}_casebook_{change.lower()} AFTER {change} ON {table} BEGIN {anew}; END")


def _subject_of(row: str, table: str) -> str:
    if table in OF_FORM:
        return f"(SELECT subject_id FROM form_instance WHERE id = {row}.form_id)"  # noqa: S608 -- names alone
    return f"{row}.subject_id"


def keep_on_postgresql() -> None:
    """Each statement notes whom it changes; at the end of the transaction they are counted, once each.

    With the owner's rights: the application may not write the casebook, and need not see all.
    """
    changes = ", ".join(f"{name} = excluded.{name}" for name in COLUMNS[3:])
    old = ", ".join(f"c.{name}" for name in COLUMNS[3:])
    new = ", ".join(f"excluded.{name}" for name in COLUMNS[3:])
    text = (
        INSERT["postgresql"].replace("INTO casebook", "INTO casebook AS c").format(which="subject_id = ANY (subjects)")
    )
    same = "{0}.subject_id = c.subject_id AND {0}.registry = c.registry"
    op.execute(
        "CREATE FUNCTION ecrf_casebook(subjects bigint[]) RETURNS void LANGUAGE plpgsql SECURITY DEFINER "  # noqa: S608 -- names alone
        # planned once for a connection: planning it takes ten times as long as running it
        f"SET search_path = public, pg_temp SET plan_cache_mode = force_generic_plan AS $$ BEGIN {text} ON CONFLICT (registry, site_id, subject_id) "
        f"DO UPDATE SET {changes} WHERE ({old}) IS DISTINCT FROM ({new}); "
        "DELETE FROM casebook c WHERE c.subject_id = ANY (subjects) AND NOT (EXISTS (SELECT 1 FROM enrolment e "
        f"WHERE {same.format('e')}) AND (c.site_id = 0 OR EXISTS (SELECT 1 FROM access a WHERE {same.format('a')} "
        "AND a.site_id = c.site_id))); END $$"
    )
    op.execute(
        "CREATE FUNCTION ecrf_casebook_counted() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER "
        "SET search_path = public, pg_temp AS $$ BEGIN PERFORM ecrf_casebook(ARRAY[NEW.subject_id]); "
        "DELETE FROM casebook_due WHERE subject_id = NEW.subject_id; RETURN NULL; END $$"
    )
    op.execute(
        "CREATE CONSTRAINT TRIGGER casebook_due_counted AFTER INSERT ON casebook_due "
        "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ecrf_casebook_counted()"
    )
    for of_form in (False, True):
        suffix, column = ("_of_form", "form_id") if of_form else ("", "subject_id")
        for change, named in (("INSERT", "NEW"), ("UPDATE", "OLD NEW"), ("DELETE", "OLD")):
            rows = " UNION ".join(f"SELECT DISTINCT {column} FROM {row.lower()}_rows" for row in named.split())  # noqa: S608 -- names alone
            if of_form:
                rows = f"SELECT DISTINCT subject_id FROM form_instance WHERE id IN ({rows})"  # noqa: S608 -- names alone
            function = f"ecrf_casebook_{change.lower()}{suffix}"
            op.execute(
                f"CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER "
                "SET search_path = public, pg_temp AS $$ BEGIN "
                f"INSERT INTO casebook_due (subject_id) {rows} ON CONFLICT DO NOTHING; RETURN NULL; END $$"
            )
            tables = " ".join(f"{row} TABLE AS {row.lower()}_rows" for row in named.split())
            for table in SOURCES:
                if (table in OF_FORM) is of_form:
                    op.execute(
                        f"CREATE TRIGGER {table}_casebook_{change.lower()} AFTER {change} ON {table} "
                        f"REFERENCING {tables} FOR EACH STATEMENT EXECUTE FUNCTION {function}()"
                    )


def downgrade() -> None:
    for name in ("local_number", "casebook_due", "casebook", "latest_event"):
        op.drop_table(name)
