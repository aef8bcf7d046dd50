"""WTForms fields, one per Control: they join what a control posts to one text, and the data type reads it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from wtforms import Field
from wtforms.fields.core import UnboundField

from engine.datatypes.base import Control
from engine.datatypes.values import Entered, Missing, Unread
from engine.model.item import ItemDef
from renderers.html.faces import control_of
from renderers.html.values import join_date, join_quantity, shown

_OFFSET = re.compile(r"[+-][0-9]{2}:[0-9]{2}")

Posted = Any  # WTForms asks for `getlist` and `in`; its stubs name no type for it
Take = Callable[[str], str]  # part -> what was posted under it


class ItemField(Field):
    """A field of an item. `data` is the entered value: a value, Missing, Unread or None."""

    item: ItemDef
    data: Entered | None

    def __init__(self, item: ItemDef, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.item = item

    def process(self, formdata: Posted, data: Any = None, extra_filters: Any = None) -> None:
        """Take the values from the post if it has the field, else keep `data`."""
        del extra_filters
        self.process_errors = []
        self.data = data
        if formdata is None or not self.posted(formdata):
            return
        self.raw_data = [self.joined(formdata)]
        self.process_formdata(self.raw_data)
        reason = _last(formdata, f"{self.name}__mr")
        if reason in self.item.missing.reasons:
            self.data = Missing(reason)

    def process_formdata(self, valuelist: Sequence[Any]) -> None:
        """The data type reads the text; text that is no value is kept as typed."""
        text = str(valuelist[0]) if valuelist else ""
        value = self.item.datatype.parse(text, self.item.facets)
        self.data = replace(value, text=text) if isinstance(value, Unread) else value

    def posted(self, formdata: Posted) -> bool:
        """Whether the page held this field."""
        return self.name in formdata or any(f"{self.name}__{part}" in formdata for part in (*self.parts(), "mr"))

    def parts(self) -> tuple[str, ...]:
        """The parts that the control posts, beside the plain name."""
        return ()

    def joined(self, formdata: Posted) -> str:
        """What was posted, as one text."""
        return _last(formdata, self.name)

    def _value(self) -> str:
        """The value as the control shows it; WTForms asks for it under this name."""
        return str(shown(self.item, self.data, "pl")[0].get("value", ""))


def _last(formdata: Posted, name: str) -> str:
    found = [text for text in formdata.getlist(name) if text]
    return str(found[-1]) if found else ""


class PartsField(ItemField):
    """A date in parts."""

    def parts(self) -> tuple[str, ...]:
        return "d", "m", "y"

    def _taker(self, formdata: Posted) -> Take:
        return lambda part: _last(formdata, f"{self.name}__{part}").strip()

    def joined(self, formdata: Posted) -> str:
        take = self._taker(formdata)
        return join_date(take("d"), take("m"), take("y"))


class DateTimeField(PartsField):
    """A date in parts, a time, and for the hour that comes twice the offset that says which."""

    def parts(self) -> tuple[str, ...]:
        return "d", "m", "y", "t", "o"

    def joined(self, formdata: Posted) -> str:
        take = self._taker(formdata)
        return f"{join_date(take('d'), take('m'), take('y'))} {take('t')}".strip()

    def process(self, formdata: Posted, data: Any = None, extra_filters: Any = None) -> None:
        super().process(formdata, data, extra_filters)
        if formdata is None or not isinstance(self.data, Unread) or self.data.message != "ambiguous_time":
            return
        offset = _last(formdata, f"{self.name}__o")
        if not _OFFSET.fullmatch(offset):
            return
        chosen = self.item.datatype.parse(f"{self.data.text} {offset}", self.item.facets)
        if chosen is not None and not isinstance(chosen, Unread):
            self.data = chosen


class QuantityField(ItemField):
    """A number and its unit."""

    def parts(self) -> tuple[str, ...]:
        return ("u",)

    def joined(self, formdata: Posted) -> str:
        number = _last(formdata, self.name).strip()
        unit = _last(formdata, f"{self.name}__u")
        return join_quantity(number, unit)


class CodesField(ItemField):
    """Several codes; the data type reads them separated by commas."""

    def joined(self, formdata: Posted) -> str:
        return ", ".join(dict.fromkeys(text for text in formdata.getlist(self.name) if text))


class SilentField(ItemField):
    """Holds nothing that a page could post: a note."""

    def posted(self, formdata: Posted) -> bool:
        del formdata
        return False


FIELDS: Mapping[Control, type[ItemField]] = MappingProxyType(
    {
        Control.TEXT: ItemField,
        Control.LONG_TEXT: ItemField,
        Control.NUMBER: ItemField,
        Control.QUANTITY: QuantityField,
        Control.DATE: PartsField,
        Control.PARTIAL_DATE: PartsField,
        Control.TIME: ItemField,
        Control.DATETIME: DateTimeField,
        Control.CHOICE: ItemField,
        Control.CHOICES: CodesField,
        Control.LOOKUP: ItemField,
        Control.REFERENCE: ItemField,
        Control.FILE: ItemField,  # what the page says of a file it holds; a new one comes beside the fields
        Control.NOTE: SilentField,
    }
)


def field_of(item: ItemDef) -> UnboundField[ItemField]:
    """The field of an item, not yet bound to a form."""
    return UnboundField(FIELDS[control_of(item)], item)
