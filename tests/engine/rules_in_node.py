"""The browser's interpreter under Node, and expressions evaluated by both back ends."""

import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from engine.compiler import CompiledRegistry, compile_definition
from engine.compiler.binding import Workbench
from engine.datatypes.local_time import transitions
from engine.datatypes.values import Missing
from engine.errors import Problems
from engine.expressions.checker import Binder
from engine.expressions.evaluator import compile_term
from engine.expressions.frames import Frame, Node, Run
from engine.expressions.locate import Context, StaticFrame
from engine.expressions.names import Report
from engine.expressions.parser import parse
from engine.expressions.scopes import Scope
from engine.expressions.terms import Term
from engine.expressions.wire import wire_term, wire_value
from engine.model.item import ExpressionText
from engine.model.text import in_language
from engine.records.json_data import read_values
from engine.records.session import Session

HERE = Path(__file__).parent
NOON = datetime(2025, 6, 15, 10, 0, tzinfo=UTC)


class Interpreter:
    """A running Node with rules.js."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def ask(self, do: str, **request: Any) -> Any:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps({"do": do, **request}) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        assert "fault" not in answer, answer["fault"]
        return answer["answer"]


@contextmanager
def running_interpreter() -> Iterator[Interpreter]:
    node = shutil.which("node")
    if node is None:
        pytest.skip("no Node: install nodejs 20 or later")
    with subprocess.Popen(
        [node, HERE / "rules_in_node.js"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
    ) as process:
        yield Interpreter(process)
        assert process.stdin is not None
        process.stdin.close()


@dataclass(frozen=True)
class Record:
    """A settled subject: its nodes in order, with their places."""

    session: Session

    @cached_property
    def nodes(self) -> tuple[Node, ...]:
        def walk(node: Node) -> Iterator[Node]:
            yield node
            for kids in node.kids.values():
                for kid in kids:
                    yield from walk(kid)

        return tuple(walk(self.session.tree.root))

    def node(self, scope: Scope, number: int = 0) -> Node | None:
        found = self.session.tree.of(scope)
        return found[number] if number < len(found) else None

    def run(self, run: Run, node: Node) -> Any:
        return run(Frame(node, self.session.tree.world))


@dataclass(frozen=True, eq=False)
class Laboratory:
    """A definition with everything in it, in which expressions are tried."""

    registry: CompiledRegistry

    @classmethod
    def of(cls, path: Path) -> "Laboratory":
        return cls(compile_definition(path))

    @cached_property
    def scopes(self) -> tuple[Scope, ...]:
        def walk(scope: Scope) -> Iterator[Scope]:
            yield scope
            for child in scope.children.values():
                yield from walk(child)

        return tuple(walk(self.registry.scopes.root))

    def record(self, form: str, values: Any, event: str | None = None, as_of: datetime = NOON) -> Record:
        read = read_values(self.registry, form, event, values)
        return Record(Session(self.registry, read.subject, read.focus, as_of=as_of, others=read.others))

    def bind(self, text: str, scope: Scope, *around: Scope) -> Term:
        """The term of an expression; a fault in it is a failure."""
        problems = Problems()
        bench = Workbench(self.registry.model, self.registry.scopes, problems)
        binder = Binder(bench.names, Report(problems, ExpressionText(text)))
        term = binder.bind(parse(text), Context((StaticFrame(scope), *map(StaticFrame, around))))
        assert not problems.errors, f"{text}: {[problem.message for problem in problems.errors]}"
        return term

    @cached_property
    def program(self) -> dict[str, Any]:
        """A program without steps: the scopes and what the definition knows of codes."""
        places = {scope: place for place, scope in enumerate(self.scopes)}
        lists = self.registry.model.codelists.values()
        return {
            "language": "pl",
            "scopes": [
                {
                    "id": scope.id,
                    "kind": scope.kind,
                    "form": scope.form_id,
                    **({"parent": places[scope.parent]} if scope.parent else {}),
                }
                for scope in self.scopes
            ],
            "parts": [
                {"scope": place, "items": [], "groups": []} for scope, place in places.items() if scope.kind == "form"
            ],
            **{name: [] for name in ("steps", "checks", "beyond", "concerns", "months", "quotes")},
            **{name: {} for name in ("codes", "messages")},
            "attributes": {
                listed.id: {
                    name: [
                        wire_value(attribute.default),
                        {code: wire_value(listed.attribute(code, name)) for code in listed.choices},
                    ]
                    for name, attribute in listed.attributes.items()
                }
                for listed in lists
            },
            "positions": {listed.id: list(listed.choices) for listed in lists},
            "labels": {
                listed.id: {code: in_language(choice.label, "pl") for code, choice in listed.choices.items()}
                for listed in lists
            },
            "parameters": {
                name: [[wire_value(since), wire_value(value)] for since, value in parameter.values]
                for name, parameter in self.registry.model.parameters.items()
            },
            "zone": transitions(),
        }

    def state(self, record: Record) -> dict[str, Any]:
        """All nodes with all values that rules see."""
        places = {id(node): place for place, node in enumerate(record.nodes)}
        scopes = {scope: place for place, scope in enumerate(self.scopes)}
        nodes = [
            {
                "scope": scopes[node.scope],
                "key": node.key,
                "values": {name: wire_value(value) for name, value in node.values.items()},
                "entered": {
                    name: {"missing": each.reason} for name, each in node.entered.items() if isinstance(each, Missing)
                },
                "hidden": sorted(node.hidden),
                "event": node.event,
                **({"parent": places[id(node.parent)]} if node.parent is not None else {}),
            }
            for node in record.nodes
        ]
        focus = places[id(record.session.focus)]
        return {
            "as_of": wire_value(record.session.tree.world.as_of),
            "at": "save",
            "nodes": nodes,
            "pages": [{"focus": focus, "homes": [], "told": [], "touched": None, "waiting": []}],
        }

    def in_python(self, record: Record, node: Node, term: Term) -> Any:
        return wire_value(record.run(compile_term(term), node))


def job(records: list[Record], number: int, node: Node, term: Term) -> list[Any]:
    """What Node is asked: the record, the place of the node in it, the term."""
    return [number, next(place for place, each in enumerate(records[number].nodes) if each is node), wire_term(term)]
