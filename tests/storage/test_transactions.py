"""What a transaction leaves behind for whoever has its connection next."""

from datetime import UTC, datetime

import pytest
from sqlalchemy.exc import IntegrityError

from storage.bulk import Writes, upsert
from storage.database import open_database
from storage.tables import promise


def test_a_commit_that_is_refused_leaves_its_connection_as_it_was(postgres_url):
    database, writes, now = open_database(postgres_url, connections=1), Writes(), datetime.now(UTC)
    writes.add(upsert(promise, ("form_id", "subject_id", "home", "since")), [(10**9, 10**9, "", now)])
    with pytest.raises(IntegrityError), database.write() as connection:
        writes.commit(connection)
    for _ in range(3):
        with database.read() as connection:
            assert connection.exec_driver_sql("SELECT 1").scalar_one() == 1
    database.close()
