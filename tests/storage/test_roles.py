import pytest
from sqlalchemy import make_url
from sqlalchemy.exc import ProgrammingError

from engine.records.form_data import FormData
from storage.database import open_database
from storage.identity import erase
from storage.roles import grant_application_role


def test_the_application_works_as_a_role_that_owns_nothing(ward, small, database_url):
    if ward.database.dialect == "sqlite":
        with pytest.raises(ValueError, match="no roles"):
            grant_application_role(ward.database, "ecrf_app")
        return
    for _ in range(2):
        grant_application_role(ward.database, "ecrf_app")
    url = make_url(database_url).set(username="ecrf_app")
    own = open_database(url.render_as_string(hide_password=False), ward.database.keys)
    with own.read() as connection:  # a pooler refuses what is said while connecting
        driver = connection.connection.driver_connection
        assert driver is not None
        assert (connection.exec_driver_sql("SHOW jit").scalar_one(), driver.info.options) == ("off", "")
        assert connection.exec_driver_sql("SHOW statement_timeout").scalar_one() == "1min"
    with ward.database.read() as connection:
        assert (
            connection.exec_driver_sql("SHOW statement_timeout").scalar_one() == "0"
        )  # an upgrade takes as long as it takes
    own = own.on_behalf(ward.actor.site, ward.actor.registry, ward.now)
    guest = small.replace(ward, database=own)
    guest.save(FormData({"v_text": "a"}))
    guest.save(FormData({"v_text": "b"}))
    assert guest.stored().items == {"v_text": "b"}
    guest.save(FormData({"v_file": guest.upload(b"%PDF-1.7")}))
    forbidden = (
        "UPDATE audit_entry SET who = 'x'",
        "DELETE FROM registry_definition",
        "UPDATE attachment SET size = 0",
        "DELETE FROM signature",
        "DROP TABLE item_data",
    )
    for statement in forbidden:
        with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"), own.write() as connection:
            connection.exec_driver_sql(statement)
    erase(own, ward.actor, ward.subject, ward.now, reason="asked for")
    own.close()
