"""Rights of wards: rows of access for one unit of a hospital. PostgreSQL's policies know them, and single episodes.

What is said at the start of each transaction (storage.database.Acting) has a ward more, `ecrf.unit`; and whoever locks a subject, or
reads it for rules, says so: `ecrf.whole`.
"""

import importlib
from collections.abc import Callable, Mapping

import sqlalchemy as sa
from alembic import op

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

HERE = "storage.migrations.versions."
CASEBOOK = importlib.import_module(f"{HERE}0012_casebook")
KEPT_COUNTS = importlib.import_module(f"{HERE}0017_kept_counts")
FIRST = importlib.import_module(f"{HERE}0015_row_level_security")

# The casebook has a line for each ward as well: its number with a minus for the hospital, and what that ward may see.
WHOSE = "coalesce(-{0}.unit_id, {0}.site_id)"
LINE = "{0}.subject_id = p.subject_id AND {0}.registry = p.registry AND " + WHOSE + " = p.site_id"


def with_wards(text: str) -> str:
    """A text of migration 0012 that knows them."""
    for row in "ab":
        old = CASEBOOK.OF_LINE.format(row)
        text = text.replace(old, LINE.format(row))
    return text.replace("SELECT e.registry, a.site_id,", f"SELECT e.registry, {WHOSE.format('a')},").replace(
        "(a.instance_id IS NULL OR", "((a.instance_id IS NULL AND a.unit_id IS NULL) OR"
    )


# PostgreSQL
Rows = str | tuple[str, str]
REGISTRY, SITE, KEEPS, AT = FIRST.REGISTRY, FIRST.SITE, FIRST.KEEPS, FIRST.AT
UNIT = "(SELECT NULLIF(current_setting('ecrf.unit', true), '')::bigint)"
WHOLE = "(SELECT NULLIF(current_setting('ecrf.whole', true), '')::bigint)"
LASTING = (
    f"{{0}}.site_id = {SITE} AND {{0}}.registry = {REGISTRY} AND {{0}}.starts_at <= {AT} "
    f"AND ({{0}}.ends_at IS NULL OR {{0}}.ends_at > {AT})"
)
OF_HOSPITAL = f"{LASTING} AND {{0}}.unit_id IS NULL"
# A ward's rows count while its hospital has a right to as much; the hospital's own records are for all its wards.
OF_WARD = (
    f"{LASTING.format('a')} AND (a.unit_id = {UNIT} OR EXISTS (SELECT 1 FROM site_subject h WHERE h.subject_id = a.subject_id)) "  # noqa: S608 -- names alone
    f"AND EXISTS (SELECT 1 FROM access b WHERE b.subject_id = a.subject_id AND {OF_HOSPITAL.format('b')} "
    "AND (b.instance_id IS NULL OR a.instance_id IS NULL OR b.instance_id = a.instance_id))"
)
ALL_OF = (
    f"{UNIT} IS NULL AND EXISTS (SELECT 1 FROM access a WHERE a.subject_id = {{0}} AND {OF_HOSPITAL.format('a')}{{1}})"  # noqa: S608 -- names alone
)
KEPT = f"{KEEPS} AND ({FIRST.KEPT})"
IN_PART = (
    f"EXISTS (SELECT 1 FROM access a WHERE a.subject_id = $1 AND {OF_HOSPITAL.format('a')} AND a.instance_id = $2)"  # noqa: S608 -- names alone
)
IN_WARD = f"EXISTS (SELECT 1 FROM access a WHERE a.subject_id = $1 AND {OF_WARD} AND {{0}})"  # noqa: S608 -- names alone
HELD = ALL_OF.format("$1", "")
OF_OWN_HOSPITAL = (
    f"{UNIT} IS NOT NULL AND EXISTS (SELECT 1 FROM access a WHERE a.subject_id = $1 AND {OF_HOSPITAL.format('a')})"  # noqa: S608 -- names alone
)
FUNCTIONS = {  # name -> what it returns
    # Of a subject anything at all.
    "ecrf_may(bigint)": f"RETURN {HELD} OR ({UNIT} IS NOT NULL AND {IN_WARD.format('true')}) OR ({KEPT.format('$1')});",
    # The subjects of which a part is seen and not all: of a ward all that it has.
    "ecrf_partly()": (
        f"IF {UNIT} IS NULL THEN RETURN QUERY SELECT a.subject_id FROM access a WHERE {OF_HOSPITAL.format('a')} "  # noqa: S608 -- names alone
        f"AND a.instance_id IS NOT NULL; ELSE RETURN QUERY SELECT a.subject_id FROM access a WHERE {OF_WARD}; END IF;"
    ),
    # A subject as a whole: by right, or for as long as rules read it or somebody has locked it.
    "ecrf_all(bigint)": (
        f"RETURN {ALL_OF.format('$1', ' AND a.instance_id IS NULL')} OR ({KEPT.format('$1')}) OR ($1 = {WHOLE} AND ecrf_may($1));"
    ),
    # An episode of a subject, or what belongs to the patient.
    "ecrf_sees(bigint, bigint, boolean)": (
        f"RETURN ecrf_all($1) OR ($3 AND ecrf_may($1)) OR ({UNIT} IS NULL AND {IN_PART}) "
        f"OR ({UNIT} IS NOT NULL AND {IN_WARD.format('a.instance_id = $2')});"
    ),
    # A container instance of a subject, a form, a query.
    "ecrf_in(bigint, bigint)": (
        "RETURN ecrf_all($1) OR (SELECT ecrf_sees($1, coalesce(i.part_id, i.id), i.parent_id IS NULL) FROM instance i "
        "WHERE i.id = $2 AND i.subject_id = $1);"
    ),
    "ecrf_form(bigint)": "RETURN (SELECT ecrf_in(f.subject_id, f.instance_id) FROM form_instance f WHERE f.id = $1);",
    "ecrf_query(bigint)": "RETURN (SELECT ecrf_form(q.form_id) FROM query q WHERE q.id = $1);",
    # An entry of the audit: its subject, its form, its body.
    "ecrf_entry(bigint, bigint, text)": (
        "IF ecrf_all($1) THEN RETURN true; END IF; IF NOT ecrf_may($1) THEN RETURN false; END IF; "
        "IF $2 IS NOT NULL THEN RETURN ecrf_form($2); END IF; "
        "IF $3 LIKE '%\"instance\":%' THEN RETURN ecrf_in($1, ($3::json->>'instance')::bigint); END IF; "
        "IF $3 LIKE '%\"about\":%' THEN RETURN ecrf_form(($3::json->'about'->>0)::bigint); END IF; RETURN false;"
    ),
    # The place of a working copy, as JSON.
    "ecrf_place(bigint, text)": (
        "IF NOT ecrf_may($1) THEN RETURN false; END IF; RETURN ecrf_in($1, ($2::json->>0)::bigint);"
    ),
    # That the hospital of a ward has a right, whichever ward sees it.
    "ecrf_of_hospital(bigint)": f"RETURN {OF_OWN_HOSPITAL};",
}

# Forms with values to be completed, as 0017 has them and as they are now.
PROMISES: dict[str, dict[str, Rows]] = {"promise": {"ALL": f"home IN ('', {REGISTRY}) AND {KEPT_COUNTS.OWN}"}}

# As in 0015: lists of many subjects ask a hash of access rows, and functions only of those subjects that are seen in part.
PARTLY = "{0} IN (SELECT ecrf_partly())"
OWN = f"(({ALL_OF.format('{0}', '')}) OR ({KEEPS} AND ecrf_may({{0}})) OR {PARTLY})"
OWN_PART = (
    f"(({ALL_OF.format('{0}', ' AND a.instance_id IS NULL')}) OR ({KEEPS} AND ecrf_may({{0}})) OR ({PARTLY} AND {{1}}))"
)
MANY = OWN.format("{table}.subject_id")
OF_INSTANCE = OWN_PART.format("{table}.subject_id", "ecrf_in({table}.subject_id, {table}.instance_id)")
OF_FORM = OWN_PART.format("{table}.subject_id", "ecrf_form({table}.form_id)")
ITSELF = OWN_PART.format(
    "{table}.subject_id",
    "ecrf_sees({table}.subject_id, coalesce({table}.part_id, {table}.id), {table}.parent_id IS NULL)",
)
IN_IT = "ecrf_in({table}.subject_id, {table}.instance_id)"
MINE, OF, OWN_ALONE, BESIDE, R = FIRST.MINE, FIRST.OF, FIRST.OWN_ALONE, FIRST.BESIDE, f"registry = {REGISTRY}"
ENTRIES = "subject_id IS NULL OR ecrf_entry({table}.subject_id, {table}.form_id, {table}.body)"
TAKEN = "OR ecrf_is_free({0}) OR ecrf_of_hospital({0})"
POLICIES: dict[str, dict[str, Rows]] = {
    **FIRST.POLICIES,
    "subject": {
        "SELECT": f"{OWN.format('{table}.id')} OR {BESIDE.format('{table}.id')} {TAKEN.format('subject.id')}",
        "INSERT": FIRST.SOMEBODY,
        "UPDATE": (f"{OWN.format('{table}.id')} {TAKEN.format('subject.id')}", OWN.format("{table}.id")),
    },
    "access": {
        **FIRST.POLICIES["access"],
        "INSERT": (
            f"{R} AND (ecrf_may(subject_id) OR (site_id = {SITE} AND (ecrf_is_free(subject_id) "
            f"OR (unit_id = {UNIT} AND ecrf_of_hospital(subject_id)))))"
        ),
    },
    "enrolment": {"ALL": f"{R} AND ({KEEPS} OR {MANY})"},
    "instance": {"ALL": f"registry IN ('', {REGISTRY}) AND {ITSELF}", "SELECT": BESIDE.format("subject_id")},
    "form_instance": {"ALL": f"home IN ('', {REGISTRY}) AND {OF_INSTANCE}", "SELECT": BESIDE.format("subject_id")},
    "missed_event": {"ALL": f"{R} AND {IN_IT}"},
    "pending_event": {"ALL": f"{R} AND {OF_INSTANCE}"},
    "latest_event": {"ALL": IN_IT},
    "occurrence": {"ALL": IN_IT},
    **{table: {"ALL": f"{R} AND {OF_FORM}"} for table in ("query", "verification")},
    "withdrawal": {
        "ALL": f"{R} AND {MANY} AND CASE WHEN {{table}}.form_id IS NOT NULL THEN ecrf_form({{table}}.form_id) "
        f"WHEN {{table}}.instance_id IS NOT NULL THEN {IN_IT} ELSE true END",
    },
    "query_message": {"ALL": f"{MINE} AND ecrf_query({{table}}.query_id)"},
    **{table: {"ALL": f"{MINE} AND ecrf_form({{table}}.form_id)"} for table in ("identity", "attachment")},
    **{table: {"ALL": "ecrf_place({table}.subject_id, {table}.place)"} for table in ("working_copy", "upload")},
    "audit_entry": {"SELECT": ENTRIES, "INSERT": ENTRIES},
    "casebook": {"SELECT": f"{R} AND (site_id = coalesce(-{UNIT}, {SITE}) OR ({KEEPS} AND site_id = 0))"},
}  # fmt: skip
NEW = {table: rows for table, rows in POLICIES.items() if rows != FIRST.POLICIES[table]}


def upgrade() -> None:
    op.add_column("access", sa.Column("unit_id", ID, nullable=True))
    count_wards(with_wards)
    if op.get_bind().dialect.name == "postgresql":
        for name, body in FUNCTIONS.items():
            kind = "SETOF bigint" if name == "ecrf_partly()" else "boolean"
            op.execute(
                f"CREATE OR REPLACE FUNCTION {name} RETURNS {kind} LANGUAGE plpgsql STABLE SECURITY DEFINER "
                f"SET search_path = public, pg_temp AS $$ BEGIN {body} END $$"
            )
        remake({**NEW, "promise": {"ALL": f"home IN ('', {REGISTRY}) AND {OF_FORM}"}})


def downgrade() -> None:
    op.execute("DELETE FROM access WHERE unit_id IS NOT NULL")
    if op.get_bind().dialect.name == "postgresql":
        remake({**{table: FIRST.POLICIES[table] for table in NEW}, **PROMISES})
        name, kind, language, query = FIRST.FUNCTIONS[0]
        op.execute(
            f"CREATE OR REPLACE FUNCTION {name} RETURNS {kind} LANGUAGE {language} STABLE SECURITY DEFINER "
            f"SET search_path = public, pg_temp AS $$ {query} $$"
        )
        for name in reversed([*FUNCTIONS][1:]):
            op.execute(f"DROP FUNCTION {name}")
    count_wards(lambda text: text)
    op.drop_column("access", "unit_id")


def count_wards(changed: Callable[[str], str]) -> None:
    """Let the casebook's triggers count with a changed text of migration 0012."""
    dialect = op.get_bind().dialect.name
    insert = changed(CASEBOOK.INSERT[dialect])
    if dialect == "postgresql":
        function = (
            op.get_bind()
            .exec_driver_sql("SELECT pg_get_functiondef('ecrf_casebook(bigint[])'::regprocedure)")
            .scalar_one()
        )
        start, end = function.index("BEGIN") + 5, function.index("ON CONFLICT")
        counted = insert.replace("INTO casebook", "INTO casebook AS c").format(which="subject_id = ANY (subjects)")
        own = "a.site_id = c.site_id" if insert == CASEBOOK.INSERT[dialect] else f"{WHOSE.format('a')} = c.site_id"
        rest = function[end:].replace("a.site_id = c.site_id", own).replace(f"{WHOSE.format('a')} = c.site_id", own)
        op.get_bind().exec_driver_sql(f"{function[:start]} {counted} {rest}")
        return
    for table in CASEBOOK.SOURCES:
        for change, rows in (("insert", ("NEW",)), ("update", ("OLD", "NEW")), ("delete", ("OLD",))):
            name = f"{table}_casebook_{change}"
            anew = "; ".join(
                f"DELETE FROM casebook WHERE {which}; {insert.format(which=which)}"  # noqa: S608 -- names alone
                for which in (f"subject_id = {subject_of(row, table)}" for row in rows)
            )
            op.execute(f"DROP TRIGGER {name}")
            op.execute(f"CREATE TRIGGER {name} AFTER {change} ON {table} BEGIN {anew}; END")


def subject_of(row: str, table: str) -> str:
    held = table in CASEBOOK.OF_FORM
    return f"(SELECT subject_id FROM form_instance WHERE id = {row}.form_id)" if held else f"{row}.subject_id"  # noqa: S608 -- names alone


def remake(policies: Mapping[str, Mapping[str, Rows]]) -> None:
    """The policies of some tables anew."""
    for table, commands in policies.items():
        for command, rows in commands.items():
            using, check = (each.format(table=table) for each in (rows if isinstance(rows, tuple) else (rows, rows)))
            clauses = {"INSERT": f"WITH CHECK ({check})", "SELECT": f"USING ({using})", "DELETE": f"USING ({using})"}
            both = clauses.get(command, f"USING ({using}) WITH CHECK ({check})")
            op.execute(f"DROP POLICY ecrf_{command.lower()} ON {table}")
            op.execute(f"CREATE POLICY ecrf_{command.lower()} ON {table} FOR {command} {both}")
