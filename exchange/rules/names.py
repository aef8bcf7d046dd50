"""What names in our rules stand for, seen from where a rule stands; and defines written out."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

from engine.datatypes.base import Kind
from engine.definitions.source import number_of
from engine.expressions.nodes import Apply, Call, Literal, Path, Syntax
from engine.expressions.parser import parse
from engine.model.form import FormDef, GroupDef
from engine.model.item import ItemDef
from engine.model.metadata_version import MetaDataVersion
from exchange.rules.meaning import Inexpressible
from exchange.rules.trees import rebuilt, substituted


@dataclass(frozen=True, slots=True)
class Spot:
    """An item and where it stands: its form, and the groups that hold it, outermost first."""

    item: ItemDef
    form: FormDef
    groups: tuple[GroupDef, ...] = ()


@dataclass(frozen=True)
class Catalogue:
    """All items of a registry by name."""

    model: MetaDataVersion

    @cached_property
    def spots(self) -> dict[str, list[Spot]]:
        """Id -> where items of that id stand."""
        found: dict[str, list[Spot]] = {}
        for form in self.model.forms.values():
            for spot in spots_of(form):
                found.setdefault(spot.item.id, []).append(spot)
        return found

    @cached_property
    def defines(self) -> dict[str, tuple[tuple[str, ...], Syntax]]:
        """Name -> parameters and body."""
        return {name: (define.parameters, parse(define.body.text)) for name, define in self.model.defines.items()}


def spots_of(form: FormDef) -> Iterator[Spot]:
    """The items of a form in order, depth first."""

    def inside(part: FormDef | GroupDef, groups: tuple[GroupDef, ...]) -> Iterator[Spot]:
        contents = [section.content for section in part.sections] if isinstance(part, FormDef) else [part.content]
        for content in contents:
            for entry in content:
                if isinstance(entry, ItemDef):
                    yield Spot(entry, form, groups)
                else:
                    yield from inside(entry, (*groups, entry))

    yield from inside(form, ())


@dataclass(frozen=True, slots=True)
class Names:
    """The names of one place: its form and groups. `write` gives the foreign path of an item; it may raise Inexpressible."""

    catalogue: Catalogue
    write: Callable[[Spot], Syntax]
    form: FormDef | None = None
    groups: tuple[GroupDef, ...] = ()

    def tree(self, text: str) -> Syntax:
        """The syntax tree of an expression with its defines written out."""
        return self._inlined(parse(text))

    def _inlined(self, node: Syntax) -> Syntax:
        defines = self.catalogue.defines

        def expand(part: Syntax) -> Syntax:
            if isinstance(part, Call) and part.name in defines:
                parameters, body = defines[part.name]
                if len(parameters) != len(part.args):
                    raise Inexpressible(f"{part.name}() is called with other arguments than it takes.")
                return self._inlined(substituted(body, dict(zip(parameters, part.args, strict=True))))
            return part

        return rebuilt(node, expand)

    def find(self, path: Path) -> Spot | None:
        """The item that a name stands for: of the same row or form before others; None where it is none or not one."""
        *before, name = path.parts
        spots = self.catalogue.spots.get(name, [])
        if before:
            forms = self.catalogue.model.events.get(before[0])
            named = before[-1] if before[-1] in self.catalogue.model.forms or forms is None else None
            fitting = [spot for spot in spots if named is None or spot.form.id == named]
            return fitting[0] if len(fitting) == 1 else None
        here = [spot for spot in spots if self.form is not None and spot.form.id == self.form.id]
        fitting = here or spots
        return fitting[0] if len(fitting) == 1 else None

    def spot(self, path: Path) -> Spot:
        """The same; raises Inexpressible."""
        found = self.find(path)
        if found is None:
            raise Inexpressible(f"{path} names no single item of a form.")
        return found

    def kind(self, path: Path) -> Kind:
        return self.spot(path).item.datatype.kind

    def named(self, path: Path) -> Syntax:
        """The foreign path."""
        return self.write(self.spot(path))

    def attribute(self, path: Path, name: str) -> Syntax:
        """An attribute of the chosen code: the code itself where they are the same number, else each code with its value."""
        spot = self.spot(path)
        codes = self.catalogue.model.codelists[spot.item.codelist or ""]
        values = {code: codes.attribute(code, name) for code in codes.choices}
        if all(number_of(code) is not None and number_of(code) == value for code, value in values.items()):
            return self.write(spot)
        if len(values) > 40:
            raise Inexpressible(f"The attribute {name} of {len(values)} codes is read.")
        made: Syntax = Literal("", 0)
        for code, value in reversed(values.items()):
            if isinstance(value, tuple):
                raise Inexpressible(f"The attribute {name} holds several texts.")
            made = Call("if", (_is(self.write(spot), code), Literal(value, 0), made), 0)
        return made


def _is(item: Syntax, code: str) -> Syntax:
    return Apply("=", (item, Literal(code, 0)), 0)
