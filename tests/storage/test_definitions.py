from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.exc import IntegrityError

import storage
from storage import errors
from storage.database import open_database
from storage.metadata_versions import PublishedDefinition, publish, published, registries, versions
from storage.tables import METADATA
from storage.upgrading import is_current, newest_revision, upgrade


def definition(version, text="registry: x", closure=None):
    return PublishedDefinition("x", version, f"{version}:{text}", text, closure or {})


def test_a_published_version_never_changes(database, small):
    one = definition("1.0.0", closure={"common/patient.yaml": "library: patient"})
    assert publish(database, one, who="office", at=small.NOW)
    assert not publish(database, one, who="office", at=small.NOW)
    with pytest.raises(errors.VersionClash) as caught:
        publish(database, definition("1.0.0", "registry: x, changed"), who="office", at=small.NOW)
    assert "give the definition a new version number" in str(caught.value)
    assert published(database, one.hash) == one
    with pytest.raises(errors.NotFound):
        published(database, "nothing")


def test_versions_are_sorted_by_number(database, small):
    for version in ("2.0.0", "1.10.0", "1.9.0"):
        publish(database, definition(version), who="office", at=small.NOW)
    assert [one.version for one in versions(database, "x")][:3] == ["2.0.0", "1.10.0", "1.9.0"]
    assert "x" in registries(database)


def test_migrations_make_exactly_the_tables(database):
    with database.write() as connection:
        # An index over all elements of a list exists on PostgreSQL alone.
        own = database.dialect == "postgresql"
        include = lambda _object, name, *_rest: own or name != "ix_audit_entry_items"  # noqa: E731
        opts = {"compare_type": True, "include_object": include}
        context = MigrationContext.configure(connection, opts=opts)
        assert compare_metadata(context, METADATA) == []


def test_migrating_twice_changes_nothing(database, database_url):
    assert is_current(database)
    again = open_database(database_url)
    upgrade(again)
    again.close()
    assert is_current(database)


def test_the_newest_migration_is_the_last_of_the_line():
    folder = Path(storage.__file__).with_name("migrations")
    assert ScriptDirectory(str(folder)).get_current_head() == newest_revision()


def tables_of(new_sqlite, revision):
    """A database as an earlier version left it."""
    old = open_database(new_sqlite(tables=False))
    with old.write() as connection:
        config = Config(attributes={"connection": connection})
        config.set_main_option("script_location", str(Path(storage.__file__).with_name("migrations")))
        command.upgrade(config, revision)
    return old


def test_forms_of_before_the_states_can_be_locked_after_an_upgrade(new_sqlite):
    old = tables_of(new_sqlite, "0006")
    with old.write() as connection:
        for statement in (
            "INSERT INTO registry_definition VALUES ('h', 'r', '1', 't', '{}', '2025', 'office')",
            "INSERT INTO subject (id, registered_at) VALUES (1, '2025')",
            "INSERT INTO instance VALUES (1, 1, NULL, 'patient', '', 1, '2025')",
            "INSERT INTO form_instance VALUES (1, 1, 1, NULL, '', 'f', 0, 'h', 1, 'complete', '', '2025', '2025')",
        ):
            connection.exec_driver_sql(statement)
    upgrade(old)
    with old.write() as connection:
        connection.exec_driver_sql("UPDATE form_instance SET state = 'locked'")
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar_one() == "ok"
    with pytest.raises(IntegrityError), old.write() as connection:
        connection.exec_driver_sql("UPDATE form_instance SET state = 'odd'")
    old.close()


def test_own_numbers_that_stood_twice_stay_with_both_patients(new_sqlite):
    old = tables_of(new_sqlite, "0035")
    with old.write() as connection:
        connection.exec_driver_sql("INSERT INTO site (id, code, name) VALUES (1, '1', 'Szpital')")
        for subject, name in enumerate(("KG 12/2026", "kg 12/2026", "KG  12/2026", "Ł 1"), 1):
            connection.exec_driver_sql(f"INSERT INTO subject (id, registered_at) VALUES ({subject}, '2025')")
            connection.exec_driver_sql(f"INSERT INTO local_number VALUES (1, 'r', {subject}, '{name}')")
    upgrade(old)
    with old.read() as connection:
        rows = connection.exec_driver_sql("SELECT name, folded, twin FROM local_number ORDER BY subject_id").all()
    assert [tuple(row) for row in rows] == [
        ("KG 12/2026", "kg 12/2026", 0), ("kg 12/2026", "kg 12/2026", 1), ("KG  12/2026", "kg 12/2026", 2), ("Ł 1", "ł 1", 0),
    ]  # fmt: skip
    with pytest.raises(IntegrityError), old.write() as connection:
        connection.exec_driver_sql("UPDATE local_number SET folded = 'kg 12/2026', twin = 0 WHERE subject_id = 4")
    old.close()


def test_an_empty_database_is_not_current(new_sqlite):
    fresh = open_database(new_sqlite(tables=False))
    assert not is_current(fresh)
    fresh.close()
