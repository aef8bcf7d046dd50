"""Several queries in one statement answer as each of them does alone, whatever their columns hold."""

from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import bindparam, func, literal, null, select

from engine.datatypes.values import Entered
from engine.records.form_data import FormData, RowData
from storage.tables import account, audit_entry, form_instance, item_data, row_data, subject_key
from storage.together import Asking, Part, alone, together

QUERIES = {
    "numbers, times, bytes": select(audit_entry.c.stream, audit_entry.c.number, audit_entry.c.at, audit_entry.c.previous, audit_entry.c.body)
    .order_by(audit_entry.c.stream, audit_entry.c.number.desc()),
    "lists": select(audit_entry.c["items"]).order_by(audit_entry.c.stream, audit_entry.c.number),
    "truth and its absence": select(row_data.c.removed, row_data.c.withdrawal_id, row_data.c.row_id).order_by(row_data.c.row_id),
    "exact numbers": select(item_data.c.number_value, item_data.c.item).where(item_data.c.number_value.is_not(None)).order_by(item_data.c.item),
    "days": select(item_data.c.date_value).where(item_data.c.date_value.is_not(None)),
    "of the same name": select(form_instance.c.id, literal("x").label("word"), account.c.id).join(account, account.c.id > 0)
    .order_by(form_instance.c.id, account.c.id).limit(3),
    "counted": select(func.count(), func.sum(form_instance.c.revision), null()).select_from(form_instance),
    "nothing": select(subject_key).where(subject_key.c.subject_id < 0),
}  # fmt: skip


@pytest.fixture(scope="module")
def filled(new_ward):
    ward = new_ward()
    values: dict[str, Entered] = {
        "v_text": 'Żółć "1"', "v_integer": Decimal(7), "v_decimal": Decimal("1.50"), "v_date": date(2025, 3, 1), "v_boolean": True,
    }  # fmt: skip
    ward.save(FormData(values, {"bc": (RowData("r-1", {}), RowData("r-2", {}))}))
    return ward.database


def test_together_is_as_alone_in_one_statement(filled):
    parts = {name: Part(query, list) for name, query in QUERIES.items()}
    with filled.read() as connection, filled.counted() as sent:
        with together(connection) as asking:
            answers = {name: asking.ask(part) for name, part in parts.items()}
        assert len(sent) == 1
        for name, part in parts.items():
            expected = alone(connection, part)
            assert expected or name == "nothing"
            assert list(map(tuple, answers[name]())) == list(map(tuple, expected)), name
    assert answers["lists"]()[0].items is not None


def test_nothing_asked_is_nothing_sent(filled):
    with filled.read() as connection, filled.counted() as sent, together(connection):
        pass
    assert sent == []


def test_questions_that_give_the_same_name_differently_are_not_asked_together(database):
    wanted = select(literal(1).label("one")).where(account.c.id == bindparam("who"))
    asking = Asking([Part(wanted, tuple, {"who": who}) for who in (1, 2)])
    with database.read() as connection, pytest.raises(ValueError, match="who"):
        asking.send(connection)
