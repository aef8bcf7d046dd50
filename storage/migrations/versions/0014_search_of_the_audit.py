"""Indexes by which the audit is searched: of each person, kind and subject the newest first."""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

COLUMNS = ("who", "kind", "subject_id")


def upgrade() -> None:
    for column in COLUMNS:
        op.create_index(f"ix_audit_entry_{column}", "audit_entry", [column, "at"])


def downgrade() -> None:
    for column in COLUMNS:
        op.drop_index(f"ix_audit_entry_{column}", "audit_entry")
