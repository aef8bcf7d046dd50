"""What paths and `${names}` stand for: parts of the survey's tree, and the answers that rules read there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from engine.datatypes.base import Kind
from engine.expressions.nodes import Call, Literal, Path, Syntax
from exchange.document import Field
from exchange.rules.meaning import Meaning, Untranslatable, constant
from exchange.xlsform.choices import ChoiceList
from exchange.xlsform.tree import Part

Answer = Field | Meaning


class Nowhere(Untranslatable):
    """A path that leads to no question."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a rule stands: at a part; `within` the rows of that part, where it is a repeat and rows are judged one by one.

    `listed`: the choices that are judged, where the rule filters them.
    """

    here: Part
    within: bool = False
    listed: ChoiceList | None = None
    outside: Place | None = None  # where a condition in brackets stands
    outer: Part | None = None  # the repeat whose other rows are looked at: names of its row need `outer.`

    @property
    def rows(self) -> tuple[Part, ...]:
        """The repeats whose row is at hand, outermost first."""
        return (*self.here.repeats, self.here) if self.within else self.here.repeats


@dataclass(frozen=True, slots=True)
class Names:
    """Finds parts by path. `answer_of` tells what a question holds; it may have to look at the question's own rules."""

    root: Part
    answer_of: Callable[[Part], Answer]
    by_name: Mapping[str, list[Part]] = field(default_factory=dict)

    @classmethod
    def of(cls, root: Part, answer_of: Callable[[Part], Answer]) -> Names:
        found: dict[str, list[Part]] = {}
        for part in root.walk():
            if part is not root:
                found.setdefault(part.name, []).append(part)
        return cls(root, answer_of, found)

    def find(self, path: Path, place: Place) -> Part:
        """The part that a path leads to."""
        start, *steps = path.parts
        if start == "$":
            return self._walk(self.named(steps[0], place.here), steps[2:], path)
        if start == "/":
            return self._walk(self.root, steps[1:], path)
        if start == "//" or any(step == "*" or step.startswith("@") for step in path.parts):
            raise Untranslatable(f"The path {written(path)} may lead to several questions.")
        return self._walk(place.here, path.parts, path)

    def named(self, name: str, here: Part | None = None) -> Part:
        """The part called so; the nearest one where there are several."""
        if name.startswith("last-saved#"):
            raise Untranslatable("Answers of the record that was saved last are not known here.")
        found = self.by_name.get(name, [])
        if not found:
            raise Untranslatable(f"There is no question called {name}.")
        if len(found) == 1 or here is None:
            return found[0]
        around = [here, *here.above()]
        return min(
            found,
            key=lambda part: min(
                (around.index(above) for above in part.above() if above in around), default=len(around)
            ),
        )

    def _walk(self, here: Part, steps: list[str] | tuple[str, ...], path: Path) -> Part:
        for step in steps:
            if step in (".", "/"):
                continue
            after = here.parent if step == ".." else next((part for part in here.children if part.name == step), None)
            if after is None:
                raise Nowhere(
                    f"The path {written(path)} leads to no question: there is no {step} in {here.name or 'the form'}."
                )
            here = after
        return here

    def read(self, path: Path, place: Place) -> Answer:
        """The answer at a path, of the row at hand."""
        if place.listed is not None:
            column = path.parts[-1] if path.parts[:-1] in ((), (".",)) else None
            if column is not None:
                return _column(column, place.listed)
        if path.parts == ("null",) and not any(part.name == "null" for part in place.here.children):
            return constant("")
        part = self.find(path, place)
        if part.kind:
            raise Untranslatable(f"{part.name or 'The form'} is a {part.kind}, and its value is asked for.")
        strange = [repeat for repeat in part.repeats if repeat not in place.rows]
        if strange:
            raise Untranslatable(f"{part.name} is asked in each row of {strange[-1].name}, and one value is needed.")
        found = self.answer_of(part)
        if place.outer is not None and place.outer in part.repeats and isinstance(found, Field):
            return replace(found, path=("outer", *found.path))
        return found


def _column(column: str, listed: ChoiceList) -> Answer:
    """What a choice says in a column; `code` is the choice that is judged."""
    if column == "name":
        return Field(("code",), Kind.CODE, listed.id, values=listed.values, spellings=listed.spellings)
    if column not in listed.attributes:
        raise Untranslatable(f"The choices {listed.name} have no column {column}.")
    return of_column(Path(("code",), 0), listed, column)


def of_column(code: Syntax, listed: ChoiceList, column: str, doubts: frozenset[str] = frozenset()) -> Meaning:
    """What a code has in a column: a text, or several where it stands in several rows."""
    found = attribute(code, listed.attributes[column], doubts)
    return replace(found, kind=Kind.CODES) if listed.attributes[column] in listed.several else found


def attribute(code: Syntax, name: str, doubts: frozenset[str] = frozenset()) -> Meaning:
    """`attr(code, 'name')`, a text that is there wherever a code is."""
    return Meaning(Call("attr", (code, Literal(name, 0)), 0), Kind.TEXT, doubts)


def written(path: Path) -> str:
    """A path as its author wrote it."""
    start, *rest = path.parts
    if start == "$":
        return f"${{{rest[0]}}}" + "".join(f"/{step}" for step in rest[2:])
    return "/" + "/".join(rest) if start == "/" else "/".join(path.parts)
