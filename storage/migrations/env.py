"""Alembic's entry: runs the migrations on the connection that `storage.upgrade` hands over."""

from alembic import context

from storage.tables import METADATA

with_connection = context.config.attributes["connection"]
context.configure(connection=with_connection, target_metadata=METADATA, render_as_batch=False)
with context.begin_transaction():
    context.run_migrations()
