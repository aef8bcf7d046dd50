"""Kept counts of source data verification: what a registry compares, of each form how much, and the sums by hospital and form.

The application names the forms that it changed by adding them to `verification_recount`, which is always empty again:
a trigger counts them anew, and others carry the differences into the sums. What registries compare is written when the
application starts.
"""

import sqlalchemy as sa
from alembic import op

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

PRIME, SPREAD = 2_147_483_647, 48_271
SITE = "(SELECT a.site_id FROM access a WHERE a.subject_id = f.subject_id AND a.registry = p.registry ORDER BY a.id LIMIT 1)"
START = f"((f.subject_id * {SPREAD} + p.seed) % {PRIME})"
CELLS = (
    "(SELECT d.form_id, d.row_id, d.item FROM item_data d WHERE d.form_id {which} AND d.position = 0 AND d.withdrawn IS NULL UNION ALL "
    "SELECT i.form_id, i.row_id, i.item FROM identity i WHERE i.form_id {which} AND i.ciphertext IS NOT NULL)"
)
COUNTED = (  # of some forms: what is to be compared of them, in each registry that compares something of them
    "SELECT p.registry, f.id, f.subject_id, {site}, f.form, count(*), "
    "sum(CASE WHEN v.state = 'verified' THEN 1 ELSE 0 END), sum(CASE WHEN v.state = 'differs' THEN 1 ELSE 0 END) "
    "FROM form_instance f JOIN verification_plan p ON p.form = f.form AND f.home IN ('', p.registry) "
    "JOIN enrolment e ON e.subject_id = f.subject_id AND e.registry = p.registry AND e.withdrawal_id IS NULL "
    "JOIN {cells} c ON c.form_id = f.id AND c.item = p.item "
    "LEFT JOIN row_data r ON r.form_id = f.id AND r.row_id = c.row_id "
    "LEFT JOIN verification v ON v.registry = p.registry AND v.form_id = f.id AND v.row_id = c.row_id AND v.item = c.item "
    "WHERE f.id {which} AND f.state <> 'in_progress' AND f.withdrawal_id IS NULL AND r.withdrawal_id IS NULL "
    "AND {start} * {start} % {prime} % 100 < p.share "
    "GROUP BY p.registry, f.id, f.subject_id, f.form"
)
COLUMNS = "registry, form_id, subject_id, site_id, form, due, verified, differing"
ADDED = (
    "INSERT INTO verification_total (registry, site_id, form, forms, due, verified, differing) "
    "{what} ON CONFLICT (registry, site_id, form) DO UPDATE SET forms = verification_total.forms + excluded.forms, "
    "due = verification_total.due + excluded.due, verified = verification_total.verified + excluded.verified, "
    "differing = verification_total.differing + excluded.differing"
)
ROWS = {
    "INSERT": "NEW.registry, NEW.site_id, NEW.form, 1, NEW.due, NEW.verified, NEW.differing",
    "DELETE": "OLD.registry, OLD.site_id, OLD.form, -1, -OLD.due, -OLD.verified, -OLD.differing",
}

REGISTRY = "(SELECT NULLIF(current_setting('ecrf.registry', true), ''))"
ACTOR_SITE = "(SELECT NULLIF(NULLIF(current_setting('ecrf.site', true), ''), 'all')::bigint)"
KEEPS = "(SELECT coalesce(current_setting('ecrf.site', true), '') = 'all')"
OWN = f"registry = {REGISTRY} AND ({KEEPS} OR site_id = {ACTOR_SITE})"


def counted(which: str) -> str:
    return COUNTED.format(
        site=f"coalesce({SITE}, 0)", cells=CELLS.format(which=which), which=which, start=START, prime=PRIME
    )


def upgrade() -> None:
    create_tables()
    if op.get_bind().dialect.name == "postgresql":
        follow_on_postgresql()
        return
    for change, row in ROWS.items():
        op.execute(
            f"CREATE TRIGGER verification_form_{change.lower()} AFTER {change} ON verification_form "
            f"BEGIN {ADDED.format(what=f'VALUES ({row})')}; END"
        )
    op.execute(
        "CREATE TRIGGER verification_recount_insert AFTER INSERT ON verification_recount BEGIN "  # noqa: S608 -- names alone
        "DELETE FROM verification_form WHERE form_id = NEW.form_id; "
        f"INSERT INTO verification_form ({COLUMNS}) {counted('= NEW.form_id')}; "
        "DELETE FROM verification_recount WHERE form_id = NEW.form_id; END"
    )


def create_tables() -> None:
    op.create_table(
        "verification_recount",
        sa.Column("form_id", ID, autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("form_id", name=op.f("pk_verification_recount")),
    )
    op.create_table(
        "verification_plan",
        sa.Column("registry", sa.Text(), nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("share", sa.Integer(), nullable=False),
        sa.Column("seed", ID, nullable=False),
        sa.PrimaryKeyConstraint("registry", "form", "item", name=op.f("pk_verification_plan")),
    )
    op.create_table(
        "verification_form",
        sa.Column("registry", sa.Text(), nullable=False),
        sa.Column("form_id", ID, autoincrement=False, nullable=False),
        sa.Column("subject_id", ID, nullable=False),
        sa.Column("site_id", ID, nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        sa.Column("due", sa.Integer(), nullable=False),
        sa.Column("verified", sa.Integer(), nullable=False),
        sa.Column("differing", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("registry", "form_id", name=op.f("pk_verification_form")),
    )
    left = sa.text("due > verified + differing")
    for name, columns in (
        ("ix_verification_form_left", ["registry", "subject_id"]),
        ("ix_verification_form_site", ["registry", "site_id", "subject_id"]),
    ):
        op.create_index(op.f(name), "verification_form", columns, sqlite_where=left, postgresql_where=left)
    op.create_index(op.f("ix_verification_form_form_id"), "verification_form", ["form_id"])
    op.create_index(op.f("ix_verification_form_subject_id"), "verification_form", ["subject_id"])
    op.create_table(
        "verification_total",
        sa.Column("registry", sa.Text(), nullable=False),
        sa.Column("site_id", ID, autoincrement=False, nullable=False),
        sa.Column("form", sa.Text(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in ("forms", "due", "verified", "differing")),
        sa.PrimaryKeyConstraint("registry", "site_id", "form", name=op.f("pk_verification_total")),
    )


def follow_on_postgresql() -> None:
    """With the owner's rights: the application may not write the counts, and a form of all registries counts in each.

    Hospitals are locked in order until the end of the transaction, so that two that count wait instead of blocking each other.
    """
    head = "LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$"
    for change, row in ROWS.items():
        name, added = f"ecrf_verification_form_{change.lower()}", ADDED.format(what=f"VALUES ({row})")
        op.execute(f"CREATE FUNCTION {name}() RETURNS trigger {head} BEGIN {added}; RETURN NULL; END $$")
        op.execute(
            f"CREATE TRIGGER verification_form_{change.lower()} AFTER {change} ON verification_form "
            f"FOR EACH ROW EXECUTE FUNCTION {name}()"
        )
    planned = "form_instance f JOIN verification_plan p ON p.form = f.form WHERE f.id = ANY(forms)"
    locked = (
        "PERFORM pg_advisory_xact_lock(hashtextextended('verification:' || s.site_id, 0)) FROM (SELECT DISTINCT a.site_id "
        "FROM access a WHERE a.subject_id IN (SELECT f.subject_id FROM form_instance f WHERE f.id = ANY(forms)) ORDER BY 1) s; "
    )
    op.execute(
        f"CREATE FUNCTION ecrf_verification_recount() RETURNS trigger {head} "  # noqa: S608 -- names alone
        "DECLARE forms bigint[] := ARRAY(SELECT form_id FROM new_rows); BEGIN "
        "DELETE FROM verification_recount WHERE form_id = ANY(forms); "
        f"IF EXISTS (SELECT 1 FROM {planned}) OR EXISTS (SELECT 1 FROM verification_form WHERE form_id = ANY(forms)) THEN "
        f"{locked}DELETE FROM verification_form WHERE form_id = ANY(forms); "
        f"INSERT INTO verification_form ({COLUMNS}) {counted('= ANY(forms)')}; END IF; RETURN NULL; END $$"
    )
    op.execute(
        "CREATE TRIGGER verification_recount_insert AFTER INSERT ON verification_recount "
        "REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION ecrf_verification_recount()"
    )
    for table in ("verification_plan", "verification_form", "verification_total", "verification_recount"):
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(
        f"CREATE POLICY ecrf_all ON verification_plan FOR ALL USING (registry = {REGISTRY}) WITH CHECK (registry = {REGISTRY})"
    )
    op.execute(f"CREATE POLICY ecrf_select ON verification_total FOR SELECT USING ({OWN})")
    seen = "EXISTS (SELECT 1 FROM enrolment e WHERE e.subject_id = verification_form.subject_id)"  # behind their own policies
    op.execute(f"CREATE POLICY ecrf_select ON verification_form FOR SELECT USING ({OWN} AND {seen})")
    theirs = "EXISTS (SELECT 1 FROM form_instance f WHERE f.id = verification_recount.form_id)"
    op.execute(f"CREATE POLICY ecrf_all ON verification_recount FOR ALL USING ({theirs}) WITH CHECK ({theirs})")


def downgrade() -> None:
    op.drop_table("verification_recount")
    op.drop_table("verification_form")
    op.drop_table("verification_total")
    op.drop_table("verification_plan")
    if op.get_bind().dialect.name == "postgresql":
        for name in ("recount", "form_insert", "form_delete"):
            op.execute(f"DROP FUNCTION ecrf_verification_{name}()")
