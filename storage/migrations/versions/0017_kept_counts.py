"""What pages would count anew each time: forms with values to be completed, forms of each hospital by month. And reminders."""

import re

import sqlalchemy as sa
from alembic import op

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

# The months of forms: of a hospital that had the right to the whole record when the form was begun. That never changes
# afterwards, so that only changes of forms are followed.
BEGAN = (
    "a.subject_id = f.subject_id AND f.home IN ('', a.registry) AND a.instance_id IS NULL "
    "AND a.starts_at <= f.opened_at AND (a.ends_at IS NULL OR a.ends_at > f.opened_at)"
)
FINISHED = "CASE WHEN f.state = 'in_progress' THEN 0 ELSE 1 END"
COUNTED = (
    "SELECT DISTINCT a.registry, a.site_id, f.id, f.form, {month} AS month, f.sign, f.sign * {finished} AS complete "
    "FROM {forms} f JOIN access a ON {began}"
)
ADDED = (
    "INSERT INTO form_month (registry, site_id, form, month, begun, complete) "
    "SELECT registry, site_id, form, month, sum(sign), sum(complete) FROM ({counted}) c WHERE true "
    "GROUP BY registry, site_id, form, month HAVING sum(sign) <> 0 OR sum(complete) <> 0 "
    "ON CONFLICT (registry, site_id, form, month) "
    "DO UPDATE SET begun = form_month.begun + excluded.begun, complete = form_month.complete + excluded.complete"
)
COLUMNS = ("id", "subject_id", "home", "form", "state", "opened_at", "withdrawal_id")
CHANGED = ("state = 'in_progress'", "withdrawal_id IS NULL", "subject_id", "home", "form", "opened_at")

HERE = "registry = (SELECT NULLIF(current_setting('ecrf.registry', true), ''))"
SITE = "(SELECT NULLIF(NULLIF(current_setting('ecrf.site', true), ''), 'all')::bigint)"
REGISTRY = "(SELECT NULLIF(current_setting('ecrf.registry', true), ''))"
AT = "(SELECT NULLIF(current_setting('ecrf.at', true), '')::timestamptz)"
KEEPS = "(SELECT coalesce(current_setting('ecrf.site', true), '') = 'all')"
OWN = (  # as migration 0015 has it for tables of which many rows are read at once
    f"(EXISTS (SELECT 1 FROM access a WHERE a.subject_id = promise.subject_id AND a.site_id = {SITE} AND a.registry = {REGISTRY} "  # noqa: S608 -- names alone
    f"AND a.starts_at <= {AT} AND (a.ends_at IS NULL OR a.ends_at > {AT})) OR ({KEEPS} AND ecrf_may(promise.subject_id)))"
)


def upgrade() -> None:
    op.add_column("account", sa.Column("reminders", sa.Text(), nullable=False, server_default="weekly"))
    op.add_column("account", sa.Column("reminded_on", sa.Text(), nullable=True))
    create_tables()
    keep_promises()
    postgresql = op.get_bind().dialect.name == "postgresql"
    op.execute(_added("(SELECT *, 1 AS sign FROM form_instance WHERE withdrawal_id IS NULL)", postgresql))
    if postgresql:
        follow_on_postgresql()
        op.execute("ALTER TABLE promise ENABLE ROW LEVEL SECURITY")
        op.execute(
            f"CREATE POLICY ecrf_all ON promise FOR ALL USING (home IN ('', {REGISTRY}) AND {OWN}) WITH CHECK (home IN ('', {REGISTRY}) AND {OWN})"
        )
        op.execute("ALTER TABLE form_month ENABLE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY ecrf_select ON form_month FOR SELECT USING ({HERE})")
    else:
        follow_on_sqlite()


def create_tables() -> None:
    op.create_table(
        "promise",
        sa.Column("form_id", ID, autoincrement=False, nullable=False),
        sa.Column("subject_id", ID, nullable=False),
        sa.Column("home", sa.Text(), nullable=False),
        sa.Column("since", sa.TIMESTAMP(timezone=True).with_variant(sa.Text(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["form_id"], ["form_instance.id"], name=op.f("fk_promise_form_id")),
        sa.ForeignKeyConstraint(["subject_id"], ["subject.id"], name=op.f("fk_promise_subject_id")),
        sa.PrimaryKeyConstraint("form_id", name=op.f("pk_promise")),
    )
    op.create_index(op.f("ix_promise_home"), "promise", ["home", "since"])
    op.create_index(op.f("ix_promise_subject_id"), "promise", ["subject_id"])
    op.create_table(
        "form_month",
        sa.Column("registry", sa.Text(), nullable=False),
        sa.Column("site_id", ID, autoincrement=False, nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("month", sa.Text(), nullable=False),
        sa.Column("begun", sa.Integer(), nullable=False),
        sa.Column("complete", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("registry", "site_id", "form", "month", name=op.f("pk_form_month")),
    )
    op.create_index(op.f("ix_pending_event_registry"), "pending_event", ["registry", "closes"])


def keep_promises() -> None:
    """Forms that hold a reason which a definition lists with `signing: false`."""
    texts = op.get_bind().execute(sa.text("SELECT text, closure FROM registry_definition")).all()
    found = {name for row in texts for text in row for name in re.findall(r"(\w+): *\{[^}]*signing: *false", text)}
    if found:
        op.get_bind().execute(
            sa.text(
                "INSERT INTO promise (form_id, subject_id, home, since) SELECT f.id, f.subject_id, f.home, f.saved_at FROM form_instance f "
                "WHERE f.id IN (SELECT d.form_id FROM item_data d WHERE d.missing IN :reasons)"
            ).bindparams(sa.bindparam("reasons", sorted(found), expanding=True))
        )


def _added(forms: str, postgresql: bool) -> str:
    month = "to_char(f.opened_at AT TIME ZONE 'UTC', 'YYYY-MM')" if postgresql else "substr(f.opened_at, 1, 7)"
    return ADDED.format(counted=COUNTED.format(month=month, finished=FINISHED, forms=forms, began=BEGAN))


def follow_on_sqlite() -> None:
    """Row by row."""
    for change, rows in (("INSERT", {"NEW": 1}), ("UPDATE", {"NEW": 1, "OLD": -1}), ("DELETE", {"OLD": -1})):
        forms = " UNION ALL ".join(
            f"SELECT {', '.join(f'{row}.{name} AS {name}' for name in COLUMNS)}, {sign} AS sign WHERE {row}.withdrawal_id IS NULL"
            for row, sign in rows.items()
        )
        op.execute(
            f"CREATE TRIGGER form_instance_month_{change.lower()} AFTER {change} ON form_instance "
            f"BEGIN {_added(f'({forms})', False)}; END"
        )


def follow_on_postgresql() -> None:
    """Statement by statement, with the owner's rights: the application may not write the counts.

    Hospitals are locked in order until the end of the transaction, so that two that count wait instead of blocking each other.
    """
    same = " AND ".join(f"(o.{each}) = (n.{each})" for each in CHANGED)
    for change, rows in (("INSERT", {"new": 1}), ("UPDATE", {"new": 1, "old": -1}), ("DELETE", {"old": -1})):
        forms = " UNION ALL ".join(
            f"SELECT {', '.join(COLUMNS)}, {sign} AS sign FROM {row}_rows WHERE withdrawal_id IS NULL"  # noqa: S608 -- names alone
            for row, sign in rows.items()
        )
        unchanged = (
            f"IF NOT EXISTS (SELECT 1 FROM old_rows o JOIN new_rows n ON n.id = o.id WHERE NOT ({same})) THEN RETURN NULL; END IF; "  # noqa: S608 -- names alone
            if len(rows) == 2
            else ""
        )
        locked = (
            "PERFORM pg_advisory_xact_lock(hashtextextended('form_month:' || s.site_id, 0)) FROM (SELECT DISTINCT a.site_id "  # noqa: S608 -- names alone
            f"FROM ({forms}) f JOIN access a ON {BEGAN} ORDER BY 1) s; "
        )
        function = f"ecrf_form_month_{change.lower()}"
        op.execute(
            f"CREATE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp "
            f"AS $$ BEGIN {unchanged}{locked}{_added(f'({forms})', True)}; RETURN NULL; END $$"
        )
        tables = " ".join(f"{row.upper()} TABLE AS {row}_rows" for row in sorted(rows, reverse=True))
        op.execute(
            f"CREATE TRIGGER form_instance_month_{change.lower()} AFTER {change} ON form_instance "
            f"REFERENCING {tables} FOR EACH STATEMENT EXECUTE FUNCTION {function}()"
        )


def downgrade() -> None:
    for change in ("insert", "update", "delete"):
        op.execute(
            f"DROP TRIGGER form_instance_month_{change}"
            + (" ON form_instance" if op.get_bind().dialect.name == "postgresql" else "")
        )
        if op.get_bind().dialect.name == "postgresql":
            op.execute(f"DROP FUNCTION ecrf_form_month_{change}()")
    op.drop_index(op.f("ix_pending_event_registry"), "pending_event")
    op.drop_table("form_month")
    op.drop_table("promise")
    op.drop_column("account", "reminded_on")
    op.drop_column("account", "reminders")
