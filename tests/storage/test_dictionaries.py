"""Dictionaries in the database: versions that never change, and the words of codes that a newer one drops."""

from datetime import timedelta

import pytest
from sqlalchemy.exc import DBAPIError

from storage import errors
from storage.dictionaries import load_dictionary, newest_dictionaries, open_dictionary

FIRST = "code,label_pl,label_en\nA1,jeden,one\nA2,dwa,two\n"
SECOND = "code,label_pl,label_en\nA1,raz,once\n"


def load(database, small, text, **more):
    return load_dictionary(database, "DIC", text, who="office", at=small.NOW, **more)


def newest(database):
    return next(one for one in newest_dictionaries(database) if one.name == "DIC")


def test_a_newer_version_is_used_and_old_words_stay(database, small):
    first = load(database, small, FIRST)
    assert first is not None
    assert (first.version, first.codes) == ("2025-03-17", 2)
    assert load(database, small, FIRST) is None
    second = load(database, small, SECOND)
    assert second is not None
    assert second.version == "2025-03-17.2"
    assert newest(database) == second
    opened = open_dictionary(database, second.number)
    assert (opened.label("A1", "en"), opened.label("A2", "en")) == ("once", "two")
    with pytest.raises(errors.DictionaryClash, match="give this one a name of its own"):
        load(database, small, FIRST, version="2025-03-17")
    again = load_dictionary(database, "DIC", FIRST, version="back", who="office", at=small.NOW + timedelta(days=1))
    assert again is not None
    assert open_dictionary(database, again.number).current == 2


@pytest.mark.parametrize("statement", ["UPDATE dictionary SET text = ''", "DELETE FROM dictionary"])
def test_a_version_never_changes(database, small, statement):
    load_dictionary(database, "OTHER", FIRST, who="office", at=small.NOW)
    with pytest.raises(DBAPIError, match="dictionary is never changed"), database.write() as connection:
        connection.exec_driver_sql(statement)
