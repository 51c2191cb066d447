"""Alembic's entry: runs on the connection that workbench.db.migrate hands over."""

from alembic import context

from workbench.db.tables import metadata

connection = context.config.attributes["connection"]
context.configure(
    connection=connection, target_metadata=metadata, render_as_batch=True, transaction_per_migration=False
)
context.run_migrations()
