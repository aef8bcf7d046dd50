"""The survey as a tree of questions, groups and repeats, as its XForm would have them: what XPath walks in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from exchange.findings import SourceFault
from exchange.identifiers import snake
from exchange.xlsform import kinds
from exchange.xlsform.columns import Line

MAX_GROUPS = 60  # groups in one another
MAX_REPEATS = 10  # repeats in one another
MAX_LOOPED = 5_000  # questions that a loop over choices may make
_SETTINGS = {"set form title": "title", "set form id": "id_string"}  # rows of old workbooks


@dataclass(slots=True, eq=False)
class Part:
    """A question (`kind` ''), group or repeat; the root is a group. `id` and `type` are settled when all are known."""

    name: str
    line: Line
    written: str = ""  # the type as it is written
    kind: str = ""
    parent: Part | None = None
    children: list[Part] = field(default_factory=list)
    id: str = ""

    @property
    def where(self) -> str:
        """The place that findings name."""
        return f"{self.name or 'survey'}, row {self.line.number}"

    def above(self) -> Iterator[Part]:
        """What holds it, innermost first."""
        here = self.parent
        while here is not None:
            yield here
            here = here.parent

    @property
    def repeats(self) -> tuple[Part, ...]:
        """The repeats that hold it, outermost first."""
        return tuple(part for part in (*self.above(),) if part.kind == "repeat")[::-1]

    def walk(self) -> Iterator[Part]:
        """Itself and all that it holds, in order."""
        yield self
        for child in self.children:
            yield from child.walk()


@dataclass(frozen=True, slots=True)
class Survey:
    """The tree, what was odd about the rows (row, what), and settings that stand among them."""

    root: Part
    oddities: tuple[tuple[Line, str], ...]
    settings: Mapping[str, str]


def build_tree(lines: Sequence[Line], choices: Mapping[str, Sequence[Line]]) -> Survey:
    """Nest the rows. What is odd is told and read as far as it is clear."""
    builder = _Nesting(choices)
    for line in lines:
        builder.add(line)
    builder.close()
    return Survey(builder.root, tuple(builder.oddities), builder.settings)


@dataclass(slots=True)
class _Nesting:
    choices: Mapping[str, Sequence[Line]]
    root: Part = field(default_factory=lambda: Part("", Line(1), kind="group"))
    oddities: list[tuple[Line, str]] = field(default_factory=list)
    settings: dict[str, str] = field(default_factory=dict)
    stack: list[tuple[Part, str]] = field(default_factory=list)  # what is open, and the list of a loop
    made: int = 0

    def add(self, line: Line) -> None:
        written = line["type"]
        if line["disabled"].lower() in ("yes", "true", "true()", "1"):
            self.oddities.append((line, "The row is disabled."))
        elif not written:
            if line["name"] or line["label"] or line.translated:
                self.oddities.append((line, "The row has no type."))
        elif written.lower() in _SETTINGS:
            self.settings[_SETTINGS[written.lower()]] = (
                line["label"] or line["name"] or next(iter(line.translated.get("label", {}).values()), "")
            )
        else:
            self._place(line, written)

    def _place(self, line: Line, written: str) -> None:
        found = kinds.container(written)
        if found is None:
            part = Part(_name(line), line, written, parent=self._here())
            self._here().children.append(part)
            return
        edge, kind, looped = found
        if edge == "begin":
            part = Part(_name(line, kind), line, written, "repeat" if kind == "repeat" else "group", self._here())
            self._here().children.append(part)
            self.stack.append((part, looped))
            if len(self.stack) > MAX_GROUPS or len(part.repeats) >= MAX_REPEATS:
                message = f"More than {MAX_GROUPS} groups, or {MAX_REPEATS} repeats, stand in one another."
                raise SourceFault(f"{message} Is an end missing?", f"survey, row {line.number}")
        elif not self.stack:
            self.oddities.append((line, f"'{written}' closes nothing."))
        else:
            self._close_one(line, kind)

    def _close_one(self, line: Line, kind: str) -> None:
        part, looped = self.stack.pop()
        if (part.kind == "repeat") != (kind == "repeat"):
            self.oddities.append((line, f"'{line['type']}' closes '{part.written}' of row {part.line.number}."))
        if looped:
            self._unroll(part, looped)

    def _unroll(self, part: Part, looped: str) -> None:
        """A loop is a group for each choice, with the same questions."""
        asked = part.children
        part.children = []
        for choice in self.choices.get(looped, ()):
            group = Part(
                choice["name"],
                replace(part.line, plain={**choice.plain, "label": choice["label"]}, translated=choice.translated),
                "begin group",
                "group",
                part,
            )
            part.children.append(group)
            group.children = [self._copy(child, group, choice) for child in asked]
        if not part.children:
            part.children = asked
            self.oddities.append((part.line, f"There are no choices '{looped}' to loop over."))

    def _copy(self, part: Part, parent: Part, choice: Line) -> Part:
        self.made += 1
        if self.made > MAX_LOOPED:
            return part
        made = Part(part.name, _looped_texts(part.line, choice), part.written, part.kind, parent)
        made.children = [self._copy(child, made, choice) for child in part.children]
        return made

    def _here(self) -> Part:
        return self.stack[-1][0] if self.stack else self.root

    def close(self) -> None:
        """What was never closed ends with the sheet."""
        while self.stack:
            part, _ = self.stack.pop()
            self.oddities.append((part.line, f"'{part.written}' is never closed; it ends with the sheet."))


def _looped_texts(line: Line, choice: Line) -> Line:
    """`%(name)s` and `%(label)s` stand for those of the choice."""

    def filled(text: str, language: str = "") -> str:
        label = choice.translated.get("label", {}).get(language) or choice["label"] or choice["name"]
        return text.replace("%(name)s", choice["name"]).replace("%(label)s", label)

    plain = {column: filled(text) for column, text in line.plain.items()}
    translated = {
        column: {name: filled(text, name) for name, text in texts.items()} for column, texts in line.translated.items()
    }
    return replace(line, plain=plain, translated=translated)


def _name(line: Line, otherwise: str = "question") -> str:
    """The name; where there is none, one of the label, since notes are often left without."""
    if line["name"]:
        return line["name"]
    label = line["label"] or next(iter(line.translated.get("label", {}).values()), "")
    return snake(label[:40], otherwise) if label else f"{otherwise}_{line.number}"
