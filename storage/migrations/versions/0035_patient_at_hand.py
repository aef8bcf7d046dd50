"""PostgreSQL asks once for the right to the patient at hand, and not in every place of every statement.

`ecrf_turn_to` looks at the access rows and notes the patient in `ecrf.at_hand` for the rest of the transaction, or nobody. It takes the
place of `ecrf.whole` (migration 0020), which named a patient without looking. Policies compare with it first; what they asked before
comes second, for whoever reads many patients.
"""

import importlib
from collections.abc import Mapping

from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

HERE = "storage.migrations.versions."
FIRST = importlib.import_module(f"{HERE}0015_row_level_security")
SECOND = importlib.import_module(f"{HERE}0020_wards_and_episodes")
THIRD = importlib.import_module(f"{HERE}0028_forms_at_hand")

Rows = str | tuple[str, str]
OWNER = "SECURITY DEFINER SET search_path = public, pg_temp"
AT_HAND = "(SELECT NULLIF(current_setting('ecrf.at_hand', true), '')::bigint)"
TURN_TO = (
    f"CREATE FUNCTION ecrf_turn_to(bigint) RETURNS void LANGUAGE plpgsql VOLATILE {OWNER} AS $$ BEGIN "
    "PERFORM set_config('ecrf.at_hand', CASE WHEN ecrf_may($1) THEN $1::text ELSE '' END, true); END $$"
)
ALL_NOW = SECOND.FUNCTIONS["ecrf_all(bigint)"].replace(f"($1 = {SECOND.WHOLE} AND ecrf_may($1))", f"$1 = {AT_HAND}")
assert AT_HAND in ALL_NOW
ALL_NOW = f"IF $1 = {AT_HAND} THEN RETURN true; END IF; {ALL_NOW}"
BESIDE_NOW = FIRST.TREATING.replace(f"ecrf_may({FIRST.SUBJECT})", f"{FIRST.SUBJECT} = {AT_HAND}")
AT_HAND_NOW = {name: query.replace(SECOND.WHOLE, AT_HAND) for name, query in THIRD.FUNCTIONS.items()}

ITSELF = f"{{table}}.subject_id = {AT_HAND}"
R, HOME, SHARED = (
    f"registry = {FIRST.REGISTRY}",
    f"home IN ('', {FIRST.REGISTRY})",
    f"registry IN ('', {FIRST.REGISTRY})",
)
# Table -> what must hold besides of a row of the patient at hand.
TABLES = {
    "subject_key": "", "identity": "", "occurrence": "", "latest_event": "", "attachment": "", "instance": SHARED, "form_instance": HOME,
    "enrolment": R, "missed_event": R, "pending_event": R, "query": R, "verification": R,
}  # fmt: skip
OPAQUE = ("row_data", "item_data", "acknowledgement")  # which no list reads for many patients


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    op.execute(TURN_TO)
    replace("ecrf_all(bigint)", "boolean", "plpgsql", f"BEGIN {ALL_NOW} END")
    replace("ecrf_beside()", "SETOF bigint", "sql", BESIDE_NOW)
    for name, query in AT_HAND_NOW.items():
        replace(name, "SETOF bigint", "sql", query)
    for table, besides in TABLES.items():
        policies = {command: first(rows, besides) for command, rows in SECOND.POLICIES[table].items()}
        remake(table, policies)
    subject = SECOND.POLICIES["subject"]
    before, after = subject["UPDATE"]
    own = f"subject.id = {AT_HAND}"
    remake(
        "subject", {"SELECT": f"{own} OR {subject['SELECT']}", "UPDATE": (f"{own} OR {before}", f"{own} OR {after}")}
    )
    for table in OPAQUE:
        remake(table, {"SELECT": f"form_id IN (SELECT ecrf_forms()) OR ecrf_own_form({table}.form_id)"})
    remake("calculated_data", {"SELECT": "instance_id IN (SELECT ecrf_instances()) OR ecrf_own_instance(instance_id)"})


def downgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        return
    for table in OPAQUE:
        remake(
            table, {"SELECT": f"form_id IN (SELECT ecrf_forms()) OR {FIRST.OF.format('form_instance', 'form_id', '')}"}
        )
    of_instance = FIRST.OF.format("instance", "instance_id", "")
    remake("calculated_data", {"SELECT": f"instance_id IN (SELECT ecrf_instances()) OR {of_instance}"})
    remake("subject", {command: SECOND.POLICIES["subject"][command] for command in ("SELECT", "UPDATE")})
    for table in TABLES:
        remake(table, SECOND.POLICIES[table])
    for name, query in THIRD.FUNCTIONS.items():
        replace(
            name, "SETOF bigint", "plpgsql", f"BEGIN IF ecrf_may({SECOND.WHOLE}) THEN RETURN QUERY {query}; END IF; END"
        )
    replace("ecrf_beside()", "SETOF bigint", "sql", FIRST.TREATING)
    replace("ecrf_all(bigint)", "boolean", "plpgsql", f"BEGIN {SECOND.FUNCTIONS['ecrf_all(bigint)']} END")
    op.execute("DROP FUNCTION ecrf_turn_to(bigint)")


def first(rows: Rows, besides: str) -> Rows:
    """The rows of a policy, those of the patient at hand before all others."""
    if isinstance(rows, tuple):
        before, after = rows
        return f"{mine(besides)} OR ({before})", f"{mine(besides)} OR ({after})"
    return f"{mine(besides)} OR ({rows})"


def mine(besides: str) -> str:
    return f"({ITSELF} AND {besides})" if besides else ITSELF


def replace(name: str, kind: str, language: str, body: str) -> None:
    op.execute(f"CREATE OR REPLACE FUNCTION {name} RETURNS {kind} LANGUAGE {language} STABLE {OWNER} AS $$ {body} $$")


def remake(table: str, policies: Mapping[str, Rows]) -> None:
    SECOND.remake({table: policies})
