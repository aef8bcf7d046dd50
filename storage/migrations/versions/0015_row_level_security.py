"""PostgreSQL shows and takes rows of subjects only as access rows allow, whatever a query asks for.

Who acts is said at the start of each transaction (storage.database.Acting): `ecrf.registry`, `ecrf.site` (the word 'all' for a
keeper of the registry, who belongs to no site), `ecrf.at`, and `ecrf.subject` where the hospitals beside a subject are read too.
The owner of the tables is not bound by it: `ecrf` on the command line and migrations run as the owner.
"""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

# Each in a query of its own, so that it is read once a statement and not once a row; no functions of ours, which PostgreSQL
# would put together anew in every place of every plan.
REGISTRY = "(SELECT NULLIF(current_setting('ecrf.registry', true), ''))"
SITE = "(SELECT NULLIF(NULLIF(current_setting('ecrf.site', true), ''), 'all')::bigint)"
KEEPS = "(SELECT coalesce(current_setting('ecrf.site', true), '') = 'all')"
AT = "(SELECT NULLIF(current_setting('ecrf.at', true), '')::timestamptz)"
SUBJECT = "(SELECT NULLIF(current_setting('ecrf.subject', true), '')::bigint)"

# That the site has a right to a subject now.
HELD = (
    f"EXISTS (SELECT 1 FROM access a WHERE a.subject_id = {{0}} AND a.site_id = {SITE} AND a.registry = {REGISTRY} "  # noqa: S608 -- names alone
    f"AND a.starts_at <= {AT} AND (a.ends_at IS NULL OR a.ends_at > {AT}))"
)
# That the keeper's registry has the subject, or its hospital.
KEPT = " OR ".join(
    f"EXISTS (SELECT 1 FROM {table} k WHERE k.subject_id = {{0}} AND k.registry = {REGISTRY})"  # noqa: S608 -- names alone
    for table in ("enrolment", "site_subject")
)
# Whoever reads many subjects at once is answered by one hash of access rows; where a subject is read alone a call is planned faster.
OWN = f"({HELD} OR ({KEEPS} AND ecrf_may({{0}})))"
BESIDE = "{0} IN (SELECT ecrf_beside())"

# What runs as the owner of the tables, for what cannot be told from rows that one sees: each tells yes or no, or the hospitals
# that treat a patient whom one sees.
IS_FREE = "SELECT {0} IS NOT NULL AND NOT EXISTS (SELECT 1 FROM access a WHERE a.subject_id = $1 AND a.registry = {0})"
TREATING = (
    f"SELECT h.subject_id FROM site_subject h WHERE h.registry = {REGISTRY} AND ecrf_may({SUBJECT}) AND h.site_id "  # noqa: S608 -- names alone
    f"IN (SELECT a.site_id FROM access a WHERE a.subject_id = {SUBJECT} AND a.registry = h.registry)"
)
FUNCTIONS = (
    (
        "ecrf_may(bigint)",
        "boolean",
        "plpgsql",
        f"BEGIN RETURN {HELD.format('$1')} OR ({KEEPS} AND ({KEPT.format('$1')})); END",
    ),
    ("ecrf_is_free(bigint)", "boolean", "sql", IS_FREE.format(REGISTRY)),
    ("ecrf_beside()", "SETOF bigint", "sql", TREATING),
)

OF = "EXISTS (SELECT 1 FROM {0} o WHERE o.id = {{table}}.{1}{2})"
OWN_ALONE = " AND ecrf_may(o.subject_id)"
MINE = "ecrf_may({table}.subject_id)"
MANY = OWN.format("{table}.subject_id")  # named in full: a name alone would be that of the table in the subquery
HERE = f"registry = {REGISTRY}"
SOMEBODY = f"{REGISTRY} IS NOT NULL"

FORMS = ("row_data", "item_data", "issue", "acknowledgement", "signature", "unlock_request")

# Table -> command -> the rows, in which {table} is the table itself. ALL: to see, to add, to change and to delete; SELECT besides: more that may be seen.
Rows = str | tuple[str, str]  # that may be used, and that may be made of them where it is not the same
POLICIES: dict[str, dict[str, Rows]] = {
    "subject": {
        "SELECT": f"{OWN.format('{table}.id')} OR {BESIDE.format('{table}.id')} OR ecrf_is_free(subject.id)", "INSERT": SOMEBODY,
        "UPDATE": (f"{OWN.format('{table}.id')} OR ecrf_is_free(subject.id)", OWN.format("{table}.id")),
    },
    "access": {
        "SELECT": f"{HERE} AND ({KEEPS} OR site_id = {SITE} OR ecrf_may(subject_id))",
        "INSERT": f"{HERE} AND (ecrf_may(subject_id) OR (site_id = {SITE} AND ecrf_is_free(subject_id)))",
        "UPDATE": f"{HERE} AND ecrf_may(subject_id)", "DELETE": f"{HERE} AND ecrf_may(subject_id)",
    },
    "enrolment": {"ALL": f"{HERE} AND ({KEEPS} OR {HELD.format('{table}.subject_id')})"},
    "site_subject": {"ALL": f"{HERE} AND ({KEEPS} OR site_id = {SITE})", "SELECT": BESIDE.format("subject_id")},
    "instance": {"ALL": f"registry IN ('', {REGISTRY}) AND {MANY}", "SELECT": BESIDE.format("subject_id")},
    "form_instance": {"ALL": f"home IN ('', {REGISTRY}) AND {MANY}", "SELECT": BESIDE.format("subject_id")},
    "missed_event": {"ALL": f"{HERE} AND {MINE}"},
    "pending_event": {"ALL": f"{HERE} AND {MANY}"},
    **{table: {"ALL": f"{HERE} AND {MANY}"} for table in ("query", "verification", "withdrawal")},
    **{table: {"ALL": MINE} for table in ("occurrence", "subject_key", "identity", "attachment", "working_copy", "upload", "query_message")},
    # One line a subject and hospital, written by a function of the owner; 0 is the line of the keepers.
    "casebook": {"SELECT": f"{HERE} AND (site_id = {SITE} OR ({KEEPS} AND site_id = 0))"},
    "casebook_due": {},
    "local_number": {"ALL": f"{HERE} AND ({KEEPS} OR site_id = {SITE}) AND {MINE}"},
    "latest_event": {"ALL": MINE},
    # A hospital asks for a patient whom it does not see yet; those that do decide.
    "takeover_request": {"ALL": f"{HERE} AND ({KEEPS} OR site_id = {SITE} OR {MINE})"},
    # Keyed hashes: that a key is taken, or a person known, must be found across all hospitals.
    **{table: {"SELECT": SOMEBODY, "INSERT": MINE, "UPDATE": MINE, "DELETE": MINE} for table in ("unique_key", "identity_hash")},
    "audit_entry": {"SELECT": f"subject_id IS NULL OR {MINE}", "INSERT": f"subject_id IS NULL OR {MINE}"},
    "job": {"ALL": f"subject_id IS NULL OR {MINE}"},
    **{
        table: {"SELECT": OF.format(holder, key, ""), "ALL": OF.format(holder, key, OWN_ALONE)}
        for table, holder, key in (
            *((each, "form_instance", "form_id") for each in FORMS),
            ("calculated_data", "instance", "instance_id"),
        )
    },
}  # fmt: skip


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    for name, kind, language, query in FUNCTIONS:
        op.execute(
            f"CREATE FUNCTION {name} RETURNS {kind} LANGUAGE {language} STABLE SECURITY DEFINER SET search_path = public, pg_temp "
            f"AS $$ {query} $$"
        )
    for table, commands in POLICIES.items():
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        for command, rows in commands.items():
            using, check = (each.format(table=table) for each in (rows if isinstance(rows, tuple) else (rows, rows)))
            clauses = {"INSERT": f"WITH CHECK ({check})", "SELECT": f"USING ({using})", "DELETE": f"USING ({using})"}
            both = clauses.get(command, f"USING ({using}) WITH CHECK ({check})")
            op.execute(f"CREATE POLICY ecrf_{command.lower()} ON {table} FOR {command} {both}")


def downgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    for table, commands in POLICIES.items():
        for command in commands:
            op.execute(f"DROP POLICY ecrf_{command.lower()} ON {table}")
        op.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
    for name, *_ in reversed(FUNCTIONS):
        op.execute(f"DROP FUNCTION {name}")
