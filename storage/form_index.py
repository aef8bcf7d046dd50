"""What storage needs to know of a compiled registry, and a form's items and groups by id."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from engine.datatypes.base import Slot
from engine.model.form import FormDef, GroupDef, rights_in, walk_groups, walk_items
from engine.model.item import ItemDef, Privacy
from engine.model.metadata_version import MetaDataVersion
from engine.model.rights import ALL, Rights

SITE = "site"  # the container of what hospitals keep of their own


class Registry(Protocol):
    """A compiled registry, as far as storage looks at it."""

    @property
    def model(self) -> MetaDataVersion:
        """The checked definition."""

    @property
    def hash(self) -> str:
        """SHA-256 over the text and everything it includes."""

    def form(self, form_id: str) -> FormDef:
        """A form by id."""


@dataclass(frozen=True, slots=True)
class FormIndex:
    """A form's items and groups by id."""

    form: FormDef
    items: Mapping[str, ItemDef]
    parents: Mapping[str, str]  # group -> group that holds it, '' for the form
    identifying: frozenset[str]
    sealed: frozenset[str]  # whose values are encrypted: the identifying ones, and files, whose names often are
    rights: Mapping[str, Rights] = field(default_factory=dict)  # of the items that the definition keeps to some roles


class FormIndexes:
    """Builds each form's index once; owned by the Database, keyed by definition hash and form."""

    __slots__ = ("_built",)

    def __init__(self) -> None:
        self._built: dict[tuple[str, str], FormIndex] = {}

    def of(self, registry: Registry, form_id: str) -> FormIndex:
        """The index of a form of a registry."""
        key = (registry.hash, form_id)
        found = self._built.get(key)
        if found is None:
            found = self._built[key] = index_form(registry.form(form_id))
        return found


def has_site_forms(model: MetaDataVersion) -> bool:
    """Whether hospitals keep records of their own in a registry."""
    return any(form.container == SITE for form in model.forms.values())


def index_form(form: FormDef) -> FormIndex:
    """Items and groups of a form, those of nested groups included."""
    items = {item.id: item for item in walk_items(form)}
    parents = {group.id: "" for group in form.groups}
    for group in walk_groups(form):
        parents.update({inner.id: group.id for inner in group.groups})
    identifying = frozenset(item.id for item in items.values() if item.privacy is Privacy.IDENTIFYING)
    files = {item.id for item in items.values() if item.datatype.slot is Slot.FILE}
    rights = {item.id: own for item, own in rights_in(form) if own != ALL}
    return FormIndex(form, items, parents, identifying, identifying | files, rights)


__all__ = ["SITE", "FormIndex", "FormIndexes", "GroupDef", "Registry", "has_site_forms", "index_form"]
