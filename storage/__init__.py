"""Keeps definitions, subjects, values, audit, identities and accounts, in SQLite or PostgreSQL."""
