"""Field types: how a value is typed, shown, stored and sent. One file a type, one row each in DATATYPES."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from engine.datatypes.base import Choice, Control, DataType, Facets, Json, Kind, Slot, Stored
from engine.datatypes.boolean import BooleanType
from engine.datatypes.clock_time import TimeType
from engine.datatypes.date_time import DateTimeType
from engine.datatypes.decimal_number import DecimalType
from engine.datatypes.file import FileType
from engine.datatypes.full_date import DateType
from engine.datatypes.heading import HeadingType
from engine.datatypes.identifier import IdentifierType
from engine.datatypes.integer import IntegerType
from engine.datatypes.long_text import LongTextType
from engine.datatypes.messages import Limits, explain, message, range_message
from engine.datatypes.multiple_choice import CodesType
from engine.datatypes.note import NoteType
from engine.datatypes.partial_date import PartialDateType
from engine.datatypes.quantity import QuantityType
from engine.datatypes.record_ref import RecordRefType
from engine.datatypes.row_ref import RowRefType
from engine.datatypes.single_choice import CodeType
from engine.datatypes.text import TextType
from engine.datatypes.values import (
    Entered,
    FileValue,
    Missing,
    PartialDate,
    Quantity,
    Reference,
    Unread,
    Value,
)

DATATYPES: Mapping[str, DataType] = MappingProxyType(
    {
        "integer": IntegerType(),
        "decimal": DecimalType(),
        "quantity": QuantityType(),
        "boolean": BooleanType(),
        "date": DateType(),
        "time": TimeType(),
        "datetime": DateTimeType(),
        "partial_date": PartialDateType(),
        "code": CodeType(),
        "codes": CodesType(),
        "text": TextType(),
        "long_text": LongTextType(),
        "identifier": IdentifierType(),
        "row_ref": RowRefType(),
        "record_ref": RecordRefType(),
        "file": FileType(),
        "heading": HeadingType(),
        "note": NoteType(),
    }
)

__all__ = [
    "DATATYPES",
    "Choice",
    "Control",
    "DataType",
    "Entered",
    "Facets",
    "FileValue",
    "Json",
    "Kind",
    "Limits",
    "Missing",
    "PartialDate",
    "Quantity",
    "Reference",
    "Slot",
    "Stored",
    "Unread",
    "Value",
    "explain",
    "message",
    "range_message",
]
