"""Names of questions, groups and lists in a workbook: what they were called where they came from, else their ids; each only once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from engine.expressions.nodes import Path, Syntax
from engine.model.form import FormDef, GroupDef, SectionDef
from engine.model.item import ItemDef
from engine.model.metadata_version import MetaDataVersion
from exchange.rules.meaning import Inexpressible
from exchange.rules.names import Catalogue, Names, Spot, spots_of

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_TAKEN = frozenset({"meta", "instanceID", "instanceName", "data"})


@dataclass(slots=True)
class Naming:
    """Who is called what. Parts are known by what they are, since ids come again in other forms."""

    catalogue: Catalogue
    of_part: dict[int, str] = field(default_factory=dict)
    of_list: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, model: MetaDataVersion) -> Naming:
        made = cls(Catalogue(model))
        parts = list(_parts(model))
        wanted = [part.oid or part.id for part in parts]
        taken = set(_TAKEN)
        for part, name in zip(parts, wanted, strict=True):
            plain = name if _NAME.fullmatch(name) and wanted.count(name) == 1 else part.id
            made.of_part[id(part)] = _free(plain, taken)
        lists: set[str] = set()
        for id_, listed in model.codelists.items():
            name = listed.oid or id_
            plain = name if " " not in name and "'" not in name and name not in lists else id_
            made.of_list[id_] = plain
            lists.add(plain)
        return made

    def item(self, spot: Spot) -> str:
        return self.of_part[id(spot.item)]

    def group(self, group: GroupDef) -> str:
        return self.of_part[id(group)]

    def part(self, part: FormDef | SectionDef | GroupDef | ItemDef) -> str:
        return self.of_part[id(part)]

    def listed(self, codelist: str) -> str:
        return self.of_list[codelist]

    def names_at(self, form: FormDef | None, groups: tuple[GroupDef, ...]) -> Names:
        """The names of a place; what is asked in rows that are not at hand has none."""

        def write(spot: Spot) -> Syntax:
            strange = [group for group in spot.groups if group not in groups]
            if strange:
                raise Inexpressible(f"{spot.item.id} is asked in each row of {strange[-1].id}, and one value is read.")
            if spot.form.repeats and spot.form is not form:
                raise Inexpressible(f"{spot.item.id} is asked in each record of {spot.form.id}, and one value is read.")
            return Path(("$", self.item(spot)), 0)

        return Names(self.catalogue, write, form, groups)


def _parts(model: MetaDataVersion) -> Iterator[FormDef | SectionDef | GroupDef | ItemDef]:
    """All parts; items first, so that they keep their names."""
    for form in model.forms.values():
        yield from (spot.item for spot in spots_of(form))
    for form in model.forms.values():
        for section in form.sections:
            yield from _groups(section)
    for form in model.forms.values():
        yield from form.sections
    if len(model.forms) > 1:
        yield from model.forms.values()


def _groups(part: SectionDef | GroupDef) -> Iterator[GroupDef]:
    for entry in part.content:
        if isinstance(entry, GroupDef):
            yield entry
            yield from _groups(entry)


def _free(name: str, taken: set[str]) -> str:
    made, number = name, 2
    while made.lower() in taken:
        made, number = f"{name}_{number}", number + 1
    taken.add(made.lower())
    return made
