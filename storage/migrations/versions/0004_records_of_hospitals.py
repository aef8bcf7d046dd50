"""Subjects that stand for hospitals and hold their own records; instances of containers that may be taken back."""

import sqlalchemy as sa
from alembic import op

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "site_subject",
        sa.Column("site_id", ID, autoincrement=False, nullable=False),
        sa.Column("registry", sa.Text(), nullable=False),
        sa.Column("subject_id", ID, nullable=False),
        sa.ForeignKeyConstraint(["site_id"], ["site.id"], name=op.f("fk_site_subject_site_id")),
        sa.ForeignKeyConstraint(["subject_id"], ["subject.id"], name=op.f("fk_site_subject_subject_id")),
        sa.PrimaryKeyConstraint("site_id", "registry", name=op.f("pk_site_subject")),
        sa.UniqueConstraint("subject_id", name=op.f("uq_site_subject_subject_id")),
    )
    keep_used_instances()


def keep_used_instances() -> None:
    """An instance that holds nothing may be taken back: what else hangs on one than values has a foreign key."""
    used = "EXISTS (SELECT 1 FROM calculated_data WHERE instance_id = OLD.id)"
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP TRIGGER instance_delete_refused ON instance")
        op.execute(
            "CREATE FUNCTION ecrf_keep_used_instance() RETURNS trigger LANGUAGE plpgsql AS $$ "
            f"BEGIN IF {used} THEN RAISE foreign_key_violation USING MESSAGE = 'instance holds values'; END IF; "
            "RETURN OLD; END $$"
        )
        op.execute(
            "CREATE TRIGGER instance_delete_refused BEFORE DELETE ON instance "
            "FOR EACH ROW EXECUTE FUNCTION ecrf_keep_used_instance()"
        )
        return
    op.execute("DROP TRIGGER instance_delete_refused")
    op.execute(
        f"CREATE TRIGGER instance_delete_refused BEFORE DELETE ON instance WHEN {used} "
        "BEGIN SELECT RAISE(ABORT, 'instance holds values'); END"
    )


def downgrade() -> None:
    op.drop_table("site_subject")
