"""Kept counts of forms for wards as well, and PostgreSQL shows the counts of one's own hospitals and wards alone.

A line of a ward has its number with a minus for the hospital, as in the casebook. A form counts for the wards that see its
episode now, so that triggers follow changes of wards' access rows too; for hospitals as before.
"""

import importlib

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

BEFORE = importlib.import_module("storage.migrations.versions.0017_kept_counts")

COLUMNS = (*BEFORE.COLUMNS, "instance_id")
MONTH = {"postgresql": "to_char(f.opened_at AT TIME ZONE 'UTC', 'YYYY-MM')", "sqlite": "substr(f.opened_at, 1, 7)"}
OF_HOSPITALS = f"{BEFORE.BEGAN} AND a.unit_id IS NULL"
OF_WARDS = (
    "a.subject_id = f.subject_id AND f.home IN ('', a.registry) AND a.unit_id IS NOT NULL AND a.ends_at IS NULL "
    "AND EXISTS (SELECT 1 FROM instance i WHERE i.id = f.instance_id AND (i.parent_id IS NULL "
    "OR a.instance_id = coalesce(i.part_id, i.id)))"
)
WHOSE = {"a.site_id": OF_HOSPITALS, "-a.unit_id": OF_WARDS}
COUNTED = (
    "SELECT DISTINCT a.registry, {whose} AS site_id, f.id, f.form, {month} AS month, {sign} AS sign, "
    "{sign} * {finished} AS complete FROM {forms} f JOIN {rows} a ON {began}"
)
ALL = "(SELECT *, 1 AS sign FROM form_instance WHERE withdrawal_id IS NULL)"
THERE = "(SELECT * FROM form_instance WHERE withdrawal_id IS NULL)"

# PostgreSQL: in which hospitals and wards somebody works now, as the counts name them; 0: the whole registry.
SITE, REGISTRY, AT, KEEPS = BEFORE.SITE, BEFORE.REGISTRY, BEFORE.AT, BEFORE.KEEPS
ACCOUNT = "(SELECT NULLIF(current_setting('ecrf.account', true), '')::bigint)"
UNIT = "(SELECT NULLIF(current_setting('ecrf.unit', true), '')::bigint)"
HELD = (
    f"SELECT m.site_id, m.unit_id FROM membership m WHERE m.account_id = {ACCOUNT} AND m.registry = {REGISTRY} "  # noqa: S608 -- names alone
    f"AND m.starts_at <= {AT} AND (m.ends_at IS NULL OR m.ends_at > {AT})"
)
PLACES = (
    f"WITH held AS ({HELD} UNION SELECT {SITE}, {UNIT} WHERE {SITE} IS NOT NULL) "  # noqa: S608 -- names alone
    "SELECT coalesce(-unit_id, site_id, 0) FROM held UNION "
    "SELECT -u.id FROM unit u JOIN held ON held.site_id = u.site_id AND held.unit_id IS NULL"
)
OWN = f"({KEEPS} OR site_id IN (SELECT ecrf_places()) OR 0 IN (SELECT ecrf_places()))"
# How many patients of each of these hospitals are overdue, and have forms in progress: numbers, and no patient.
DAYS = (
    "SELECT c.site_id, count(*) FILTER (WHERE c.closes < today), count(*) FILTER (WHERE c.state = 2) FROM casebook c "  # noqa: S608 -- names alone
    f"WHERE c.registry = {REGISTRY} AND NOT c.withdrawn AND c.site_id IN (SELECT ecrf_places()) AND EXISTS (SELECT 1 FROM access a "
    "WHERE a.subject_id = c.subject_id AND a.site_id = c.site_id AND a.registry = c.registry AND a.unit_id IS NULL "
    f"AND a.starts_at <= {AT} AND (a.ends_at IS NULL OR a.ends_at > {AT})) GROUP BY c.site_id"
)
FUNCTIONS = {
    "ecrf_places()": ("SETOF bigint", PLACES),
    "ecrf_hospital_days(today date)": ("TABLE(site_id bigint, overdue bigint, begun bigint)", DAYS),
}


def upgrade() -> None:
    dialect = op.get_bind().dialect.name
    op.execute(added(counted(dialect, ALL, "f.sign", {"-a.unit_id": OF_WARDS})))
    if dialect == "sqlite":
        unfollow_on_sqlite("form_instance")
        follow_forms_on_sqlite()
        follow_wards_on_sqlite()
        return
    follow_forms_on_postgresql()
    follow_wards_on_postgresql()
    for name, (kind, query) in FUNCTIONS.items():
        op.execute(
            f"CREATE FUNCTION {name} RETURNS {kind} LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp "
            f"AS $$ {query} $$"
        )
    op.execute("DROP POLICY ecrf_select ON form_month")
    op.execute(f"CREATE POLICY ecrf_select ON form_month FOR SELECT USING ({BEFORE.HERE} AND {OWN})")


def counted(dialect: str, forms: str, sign: str, whose: dict[str, str] = WHOSE, rows: str = "access") -> str:
    """The forms for whom they count, each with its sign."""
    return " UNION ALL ".join(
        COUNTED.format(
            whose=name, month=MONTH[dialect], sign=sign, finished=BEFORE.FINISHED, forms=forms, rows=rows, began=began
        )
        for name, began in whose.items()
    )


def added(rows: str) -> str:
    return str(BEFORE.ADDED.format(counted=rows))


def unfollow_on_sqlite(table: str) -> None:
    for change in ("insert", "update", "delete"):
        op.execute(f"DROP TRIGGER {table}_month_{change}")


def follow_forms_on_sqlite() -> None:
    """Row by row."""
    for change, rows in (("INSERT", {"NEW": 1}), ("UPDATE", {"NEW": 1, "OLD": -1}), ("DELETE", {"OLD": -1})):
        forms = " UNION ALL ".join(
            f"SELECT {', '.join(f'{row}.{name} AS {name}' for name in COLUMNS)}, {sign} AS sign WHERE {row}.withdrawal_id IS NULL"
            for row, sign in rows.items()
        )
        op.execute(
            f"CREATE TRIGGER form_instance_month_{change.lower()} AFTER {change} ON form_instance "
            f"BEGIN {added(counted('sqlite', f'({forms})', 'f.sign'))}; END"
        )


def changed_rows(whose: str, after: str, before: str) -> str:
    """The rows of some wards for some subjects as they are (1), and as they were (-1)."""
    mine = f"SELECT {{sign}} AS sign, a.* FROM access a WHERE (a.subject_id, a.unit_id) IN ({whose})"  # noqa: S608 -- names alone
    return f"({mine.format(sign=1)} UNION ALL {mine.format(sign=-1)}{after} UNION ALL {before})"


def follow_wards_on_sqlite() -> None:
    names = ("id", "subject_id", "instance_id", "site_id", "registry", "starts_at", "ends_at", "unit_id")
    nothing = f"SELECT -1 AS sign, {', '.join(f'a.{name}' for name in names)} FROM access a WHERE false"  # noqa: S608 -- names alone
    for change, rows in (("INSERT", ("NEW",)), ("UPDATE", ("NEW", "OLD")), ("DELETE", ("OLD",))):
        whose = " UNION ".join(f"SELECT {row}.subject_id, {row}.unit_id" for row in rows)
        old = f"SELECT -1 AS sign, {', '.join(f'OLD.{name} AS {name}' for name in names)}" if "OLD" in rows else nothing
        text = changed_rows(whose, " AND a.id <> NEW.id" if "NEW" in rows else "", old).replace(
            "a.*", ", ".join(f"a.{name}" for name in names)
        )
        of_ward = " OR ".join(f"{row}.unit_id IS NOT NULL" for row in rows)
        op.execute(
            f"CREATE TRIGGER access_month_{change.lower()} AFTER {change} ON access WHEN {of_ward} "
            f"BEGIN {added(counted('sqlite', THERE, 'a.sign', {'-a.unit_id': OF_WARDS}, text))}; END"
        )


def create_on_postgresql(table: str, change: str, rows: dict[str, int], body: str) -> None:
    """A function with the owner's rights, since the application may not write the counts."""
    function = f"ecrf_{table.replace('_instance', '')}_month_{change.lower()}"
    known = op.get_bind().exec_driver_sql(f"SELECT to_regproc('{function}')").scalar_one()
    op.execute(
        f"CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp "
        f"AS $$ BEGIN {body} RETURN NULL; END $$"
    )
    if known is None:
        tables = " ".join(f"{row.upper()} TABLE AS {row}_rows" for row in sorted(rows, reverse=True))
        op.execute(
            f"CREATE TRIGGER {table}_month_{change.lower()} AFTER {change} ON {table} "
            f"REFERENCING {tables} FOR EACH STATEMENT EXECUTE FUNCTION {function}()"
        )


# Hospitals are locked in order until the end of the transaction, so that two that count wait instead of blocking each other.
LOCKED = (
    "PERFORM pg_advisory_xact_lock(hashtextextended('form_month:' || s.site_id, 0)) FROM (SELECT DISTINCT a.site_id "
    "FROM {rows} ORDER BY 1) s; "
)


def follow_forms_on_postgresql() -> None:
    """Statement by statement."""
    same = " AND ".join(f"(o.{each}) = (n.{each})" for each in BEFORE.CHANGED)
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
        locked = LOCKED.format(rows=f"({forms}) f JOIN access a ON ({OF_HOSPITALS}) OR ({OF_WARDS})")
        body = f"{unchanged}{locked}{added(counted('postgresql', f'({forms})', 'f.sign'))};"
        create_on_postgresql("form_instance", change, rows, body)


def follow_wards_on_postgresql() -> None:
    for change, rows in (("INSERT", {"new": 1}), ("UPDATE", {"new": 1, "old": -1}), ("DELETE", {"old": -1})):
        whose = " UNION ".join(f"SELECT subject_id, unit_id FROM {row}_rows WHERE unit_id IS NOT NULL" for row in rows)  # noqa: S608 -- names alone
        after = " AND a.id NOT IN (SELECT id FROM new_rows)" if "new" in rows else ""
        old = "old_rows" if "old" in rows else "new_rows"
        before = f"SELECT -1 AS sign, {old}.* FROM {old} WHERE {old == 'old_rows'}"  # noqa: S608 -- names alone
        text = changed_rows(whose, after, before)
        none = f"IF NOT EXISTS ({whose}) THEN RETURN NULL; END IF; "
        locked = LOCKED.format(rows=f"access a WHERE (a.subject_id, a.unit_id) IN ({whose})")
        body = f"{none}{locked}{added(counted('postgresql', THERE, 'a.sign', {'-a.unit_id': OF_WARDS}, text))};"
        create_on_postgresql("access", change, rows, body)


def downgrade() -> None:
    op.execute("DELETE FROM form_month WHERE site_id < 0")
    if op.get_bind().dialect.name == "sqlite":
        for table in ("form_instance", "access"):
            unfollow_on_sqlite(table)
        BEFORE.follow_on_sqlite()
        return
    op.execute("DROP POLICY ecrf_select ON form_month")
    op.execute(f"CREATE POLICY ecrf_select ON form_month FOR SELECT USING ({BEFORE.HERE})")
    for name in reversed(FUNCTIONS):
        op.execute(f"DROP FUNCTION {name.replace('today ', '')}")
    for change in ("insert", "update", "delete"):
        for table, function in (("access", "access"), ("form_instance", "form")):
            op.execute(f"DROP TRIGGER {table}_month_{change} ON {table}")
            op.execute(f"DROP FUNCTION ecrf_{function}_month_{change}()")
    BEFORE.follow_on_postgresql()
