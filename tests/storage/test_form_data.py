import hashlib
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal

import pytest

from engine.datatypes.values import FileValue, Missing, PartialDate, Quantity, Reference, Unread, Value
from engine.records.evaluation import ItemState
from engine.records.form_data import FormData, RowData
from storage.form_data import Place
from storage.status import item_states

CONTENT = b"%PDF-1.7 recording"
WARSAW = timezone(timedelta(hours=1))
VALUES: dict[str, Value] = {
    "v_integer": Decimal(42),
    "v_decimal": Decimal("12.50"),
    "v_quantity": Quantity(Decimal("88.4"), "umol/L", Decimal(1)),
    "v_boolean": False,
    "v_date": date(2025, 3, 17),
    "v_time": time(9, 5),
    "v_datetime": datetime(2025, 3, 17, 9, 10, tzinfo=WARSAW),
    "v_partial_date": PartialDate(2008, 6),
    "v_code": "a",
    "v_codes": ("c", "a"),
    "v_text": 'Zażółć "gęślą" \\ jaźń, {a,NULL}',
    "v_long_text": "one\ntwo",
    "v_identifier": "3123456",
    "v_row_ref": Reference("r1"),
    "v_record_ref": Reference("f7"),
    "v_file": FileValue("ecg.pdf", "application/pdf", len(CONTENT), hashlib.sha256(CONTENT).hexdigest()),
}


@pytest.fixture
def ward(ward):
    """A ward whose visit has a file in its working copy."""
    ward.upload(CONTENT)
    return ward


def test_every_field_type_comes_back(ward):
    saved = ward.save(FormData(VALUES))
    assert ward.stored().items == VALUES
    assert saved.revision == 1


def test_saving_the_same_again_changes_nothing(ward):
    ward.save(FormData(VALUES))
    again = ward.save(FormData(VALUES))
    assert (again.revision, again.entry) == (1, None)


@pytest.mark.parametrize("name", VALUES)
def test_a_missing_reason_stands_in_any_slot(ward, name):
    ward.save(FormData({name: Missing("nk")}))
    assert ward.stored().items == {name: Missing("nk")}
    ward.save(FormData({name: VALUES[name]}))
    assert ward.stored().items == {name: VALUES[name]}


def test_a_multiple_choice_shrinks_and_grows(ward):
    for codes in [("a", "b", "c"), ("b",), ("d", "b"), ()]:
        ward.save(FormData({"v_codes": codes}))
        assert ward.stored().items == ({"v_codes": codes} if codes else {})


def test_nested_rows_keep_ids_and_order(ward):
    ast = {"ast": (RowData("z1", {"ast_drug": "a"}), RowData("z2", {"ast_drug": Missing("nk")}))}
    iso = (RowData("y2", {"iso_org": "b"}, ast), RowData("y1", {"iso_count": Decimal(3)}))
    first, second = RowData("x1", {"bc_no": Decimal(1)}, {"iso": iso}), RowData("x2", {"bc_no": Decimal(2)})
    ward.save(FormData(groups={"bc": (first, second)}))
    assert ward.stored().groups == {"bc": (first, second)}
    ward.save(FormData(groups={"bc": (second, first)}))
    assert ward.stored().groups == {"bc": (second, first)}
    ward.save(FormData(groups={"bc": (first,)}))
    assert ward.stored().groups == {"bc": (first,)}


def test_the_five_kinds_of_empty_stay_apart(ward, small):
    index = ward.database.indexes.of(small.REGISTRY, "visit")
    assert item_states(index, None)["v_text"] is ItemState.NOT_ASKED
    ward.save(FormData({"hide": True, "v_text": "a", "v_code": "a", "v_date": Missing("nk")}))
    ward.save(
        FormData({"hide": True, "v_text": "a", "v_date": Missing("nk")}, {}), withdrawn={"v_code": "wrong patient"}
    )
    record = ward.load().forms[ward.visit]
    states = item_states(index, record)
    assert states["hidden"] is ItemState.NOT_APPLICABLE
    assert states["v_integer"] is ItemState.NOT_ANSWERED
    assert states["v_date"] is ItemState.MISSING
    assert states["v_code"] is ItemState.WITHDRAWN
    assert states["v_text"] is ItemState.ANSWERED
    assert record.withdrawn == {("", "v_code"): "wrong patient"}
    ward.save(FormData({"v_text": "a"}))
    record = ward.load().forms[ward.visit]
    assert item_states(index, record)["hidden"] is ItemState.NOT_ASKED
    assert item_states(index, record)["v_code"] is ItemState.WITHDRAWN


def test_unread_input_keeps_what_is_stored(ward):
    ward.save(FormData({"v_date": date(2025, 1, 1), "v_text": "a"}))
    unread = Unread("31.02.2025", "type", "impossible_date")
    saved = ward.save(FormData({"v_date": unread, "v_text": "b"}), complete=True)
    assert ward.stored().items == {"v_date": date(2025, 1, 1), "v_text": "b"}
    assert (saved.unread, saved.state) == (("v_date",), "in_progress")


@pytest.mark.parametrize("text", ['","', '"', "\\", '\\"', "{}", "NULL", " ", "a,b", "'"])
def test_a_text_comes_back_as_it_was(ward, text):
    ward.save(FormData({"v_text": text, "v_long_text": text * 2}))
    ward.save(FormData({"v_text": text * 2, "v_long_text": text}))
    assert ward.stored().items == {"v_text": text * 2, "v_long_text": text}


def test_a_subject_loads_in_one_query(ward, small):
    counts = []
    for number in (1, 500):
        items = {f"w{n}": VALUES[f"v_{small.TYPES[n % 9]}"] for n in range(number)}
        ward.save(FormData(items), Place(ward.episode, "wide"))
        with ward.database.counted() as sent:
            ward.load()
        counts.append(len(sent))
    assert counts == [1, 1]


def test_the_tree_is_what_rules_see(ward):
    ward.save(FormData({"v_text": "a"}))
    tree = ward.load().tree
    assert (tree.container, tree.children[0].container) == ("patient", "episode")
    assert tree.children[0].forms["visit"][0].items == {"v_text": "a"}
    assert tree.children[0].id == str(ward.episode)


def test_times_are_utc_inside(ward):
    ward.save(FormData({"v_datetime": VALUES["v_datetime"]}))
    cell = ward.load().forms[ward.visit].cells["", "v_datetime"]
    assert datetime.fromisoformat(cell.value) == datetime(2025, 3, 17, 8, 10, tzinfo=UTC)
    assert cell.value.endswith("+00:00")
