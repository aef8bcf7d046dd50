"""The generated WTForms class of a section or a row: one field per item that may be entered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from wtforms.fields.core import UnboundField
from wtforms.form import BaseForm

from engine.datatypes.values import Entered
from engine.model.item import ItemDef
from renderers.html.fields import ItemField, Posted, field_of


class ItemForm(BaseForm):
    """A form over items. A BaseForm, since an item may be called `data` or `errors`."""

    unbound: ClassVar[Mapping[str, UnboundField[ItemField]]] = {}

    def __init__(self, prefix: str = "") -> None:
        super().__init__(self.unbound, prefix=prefix)

    def read(self, posted: Posted, items: Mapping[str, Entered]) -> dict[str, Entered]:
        """The items after a post: fields it holds replace those of `items`, others stay."""
        kept = dict(items)
        for name in self.unbound:
            field: Any = self[name]
            field.process(posted, items.get(name))
            if field.data is None:
                kept.pop(name, None)
            else:
                kept[name] = field.data
        return kept


def form_class(name: str, items: Iterable[ItemDef]) -> type[ItemForm]:
    """Generate the class for these items; calculated ones are never entered and have no field."""
    unbound = {item.id: field_of(item) for item in items if item.calculate is None}
    return type(f"{name.title().replace('_', '')}Form", (ItemForm,), {"unbound": unbound})
