"""The forms of a patient who is withdrawn from a registry are withdrawn with them: so counts of forms leave them out."""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    gone = "enrolment e WHERE e.subject_id = form_instance.subject_id AND e.registry = form_instance.home AND e.withdrawal_id IS NOT NULL"
    op.execute(
        f"UPDATE form_instance SET withdrawal_id = (SELECT e.withdrawal_id FROM {gone}) "  # noqa: S608 -- names alone
        f"WHERE withdrawal_id IS NULL AND EXISTS (SELECT 1 FROM {gone})"
    )


def downgrade() -> None:
    """They stay so: restoring the patient restores them."""
