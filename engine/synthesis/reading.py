"""Reads a distribution file and binds it to a definition: every fault with its place, as those of definitions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from engine.compiler.binding import Workbench
from engine.compiler.compiled import CompiledRegistry
from engine.compiler.rules import Rule
from engine.datatypes.base import Kind
from engine.definitions.schema import check_shape
from engine.definitions.source import read_source
from engine.definitions.tree import Node
from engine.errors import DefinitionError, Problems, nearest
from engine.expressions.evaluator import compile_term
from engine.expressions.frames import Run
from engine.expressions.scopes import Scope
from engine.expressions.terms import BOOLEAN, DATE, DATETIME, NUMBER, TEXT, Term, Type
from engine.model.item import ItemDef
from engine.records.program import program_of
from engine.synthesis.bind import Bind
from engine.synthesis.distribution import (
    DAYS_AGO,
    HOSPITAL,
    INSTANCE,
    PLANNED,
    PREVIOUS,
    SLOT,
    SUBJECT,
    Distribution,
    Drawing,
    ItemDrawing,
)
from engine.synthesis.drawing import drawing_of, type_of_draw
from engine.synthesis.order import CycleError, making_order, number_key
from engine.synthesis.plan import event_key, holder_scope

ASKED: Mapping[str, Type] = {  # what expressions may read, of a hospital's own records only its code
    SUBJECT: NUMBER,
    HOSPITAL: TEXT,
    DAYS_AGO: NUMBER,
    INSTANCE: NUMBER,
    PREVIOUS: DATETIME,
    PLANNED: DATE,
}
SCHEMA = Path(__file__).with_name("distribution.schema.json")


def read_distribution(file: Path, registry: CompiledRegistry) -> Distribution:
    """The distribution of a file.

    Raises:
        DefinitionError: all faults, each with its place.
    """
    problems = Problems()
    root = read_source(file.read_bytes(), str(file), problems, file.parent)
    if root is not None:
        check_shape(root, problems, SCHEMA)
    problems.stop_if_faulty()
    assert root is not None
    found = _Reader(registry, problems).read(root)
    problems.stop_if_faulty()
    try:
        making_order(program_of(registry), found.reads, found.homes)
    except CycleError as fault:
        circle = " > ".join(str(part) for part in fault.args[1])
        problems.error(root.mark, "cycle", f"These are drawn after each other: {circle}. Break the circle.")
        raise DefinitionError(problems.found) from None
    return found


class _Reader(Bind):
    """Binds one file."""

    def __init__(self, registry: CompiledRegistry, problems: Problems) -> None:
        self.registry = registry
        self.problems = problems
        self._bench = Workbench(registry.model, registry.scopes, problems)
        self._variables = {name: Term("var", (SLOT + name,), type_) for name, type_ in ASKED.items()}
        self._seen = self._variables  # what can be read where something is bound
        self._homes: Mapping[str, Scope] = {}  # hidden draw -> the container in which it is drawn
        self._usual = holder_scope(registry.scopes)
        self._scope = registry.scopes.root
        self._read: set[str] = set()  # by the drawing at work

    def read(self, root: Node) -> Distribution:
        """Everything in the file, hidden draws first: the others read them."""
        model = self.registry.model
        named = root.text_of("distribution")
        if named != model.registry:
            self.error(root.entries["distribution"], "unknown-name", f"This is for {named}, not for {model.registry}.")
        reads: dict[str, frozenset[str]] = {}
        homes: dict[str, Scope] = {}
        hidden = dict(self._hidden(root, homes, reads))
        items: dict[str, ItemDrawing] = {}
        rows: dict[str, Drawing] = {}
        for key, node in root.map_of("items").items():
            rules = self.registry.items.get(key)
            if rules is None or rules.item.calculate is not None:
                self._unknown(node, key, "is calculated" if rules else "", self._entered())
                continue
            self._within(rules.scope)
            items[key] = self._item(node, rules.item)
            reads[key] = frozenset(self._read)
        for key, node in root.map_of("rows").items():
            group = self.registry.groups.get(key)
            if group is None or group.scope.parent is None:
                self._unknown(node, key, "", self.registry.groups)
                continue
            self._within(group.scope.parent)
            rows[key] = self._counted(node, NUMBER)
            reads[key] = frozenset(self._read)
        events = dict(self._events(root, reads))
        containers = dict(self._numbers(root, "containers", self._several_instances(), reads))
        records = dict(self._numbers(root, "records", self._several_records(), reads))
        missing = root.get("missing")
        reasons = self._reasons(missing) if missing is not None else {}
        return Distribution(
            items, rows, events, containers, records, hidden, homes, reads,
            _share(missing, "rate", 0.02), reasons, _share(root, "warnings", 0.0), _share(root, "unfinished", 0.0),
        )  # fmt: skip

    def _entered(self) -> list[str]:
        return [key for key, rules in self.registry.items.items() if rules.item.calculate is None]

    def _unknown(self, node: Node, key: str, why: str, known: Iterator[str] | list[str] | Mapping[str, object]) -> None:
        text = f"{key} {why}: nothing is drawn for it." if why else f"There is no {key}.{nearest(key, known)}"
        self.problems.error(node.key_mark, "unknown-name", text)

    def _within(self, scope: Scope) -> None:
        """What is bound next stands there; what it reads is gathered anew."""
        self._scope = scope
        self._read = set()
        around = tuple(scope.ancestors())
        if any(outer.kind == "site" for outer in around):
            self._seen = {HOSPITAL: self._variables[HOSPITAL]}
            return
        hidden = {name for name, home in self._homes.items() if home is not self._usual and home not in around}
        self._seen = {name: term for name, term in self._variables.items() if name not in hidden}

    def _hidden(
        self, root: Node, homes: dict[str, Scope], reads: dict[str, frozenset[str]]
    ) -> Iterator[tuple[str, Drawing]]:
        """Hidden draws, in order of the file: each may read those before it."""
        self._homes = homes
        containers = self.registry.model.containers
        for name, node in root.map_of("hidden").items():
            homes[name] = self._usual
            if (each := node.text_of("each")) is not None:
                if each in containers:
                    homes[name] = self.registry.scopes.containers[each]
                else:
                    text = f"There is no container {each!r}.{nearest(each, containers)}"
                    self.error(node.entries["each"], "unknown-name", text)
            self._within(homes[name])
            drawing = drawing_of(self, node, None)
            type_ = type_of_draw(self, node)
            self._variables[name] = Term("var", (SLOT + name,), type_)
            reads[name] = frozenset(self._read)
            yield name, drawing

    def _several_instances(self) -> dict[str, Scope]:
        """The containers of which there may be more or less than one."""
        scopes = self.registry.scopes.containers
        return {name: scopes[name] for name in self.registry.model.containers if name in scopes}

    def _several_records(self) -> dict[str, Scope]:
        """The forms of which a container instance, or the hospital, may have several records."""
        forms = self.registry.model.forms.values()
        return {form.id: self.registry.scopes.forms[form.id] for form in forms if form.repeats and not form.per_event}

    def _numbers(
        self, root: Node, key: str, known: Mapping[str, Scope], reads: dict[str, frozenset[str]]
    ) -> Iterator[tuple[str, Drawing]]:
        """How many instances or records there are in each thing that holds them."""
        for name, node in root.map_of(key).items():
            if name not in known:
                self._unknown(node, name, "", known)
                continue
            holder = known[name].parent
            assert holder is not None
            self._within(holder)
            yield name, self._counted(node, NUMBER)
            reads[number_key(known[name])] = frozenset(self._read)

    def _item(self, node: Node, item: ItemDef) -> ItemDrawing:
        chances = {name: self.number(node.entries[name]) for name in ("empty", "missing") if name in node.entries}
        if "missing" in chances and not item.missing.reasons:
            self.error(node.entries["missing"], "not-allowed", f"{item.id} takes no reason in place of a value.")
        draws = node.entries.keys() - {"each", "empty", "missing"}
        self._refuse_each(node)
        run = drawing_of(self, node, item) if draws else None
        return ItemDrawing(run, chances.get("empty"), chances.get("missing"))

    def _refuse_each(self, node: Node) -> None:
        if "each" in node.entries:
            self.error(node.entries["each"], "not-allowed", "`each` stands at hidden draws alone.")

    def _counted(self, node: Node, *wanted: Type) -> Drawing:
        """A draw of how many there are, or whether."""
        self._refuse_each(node)
        drawn, found = drawing_of(self, node, None), type_of_draw(self, node)
        if found.kind not in {each.kind for each in wanted} | {Kind.NOTHING}:
            self.error(node, "wrong-type", f"This gives a {found}; a {' or '.join(map(str, wanted))} is needed.")
        return drawn

    def _events(self, root: Node, reads: dict[str, frozenset[str]]) -> Iterator[tuple[str, Drawing]]:
        for name, node in root.map_of("events").items():
            rules = self.registry.events.get(name)
            if rules is None:
                self._unknown(node, name, "", list(self.registry.events))
                continue
            self._within(rules.scope)
            yield name, self._counted(node, NUMBER, BOOLEAN)
            reads[event_key(name)] = frozenset(self._read)

    def _reasons(self, node: Node) -> dict[str, float]:
        known = {reason for listed in self.registry.model.missing.values() for reason in listed.reasons}
        for name, weight in node.map_of("reasons").items():
            if name not in known:
                self._unknown(weight, name, "", list(known))
        return {name: float(weight.value) for name, weight in node.map_of("reasons").items()}

    # what drawings are bound with -------------------------------------------------------------------------------

    def error(self, node: Node, code: str, text: str) -> None:
        self.problems.error(node.mark, code, text)

    def rule(self, node: Node, *, condition: bool = False, number: bool = False) -> Rule | None:
        wanted = BOOLEAN if condition else NUMBER if number else None
        bound = self._bench.bind(node.expression(), self._scope, wanted=wanted, variables=self._seen)
        if bound is None:
            return None
        rule = bound[0]
        self._read |= self._reads_now(rule)
        slots = {str(term.args[0]) for term in rule.term.walk() if term.op == "var"}
        self._read |= {slot.removeprefix(SLOT) for slot in slots if slot.startswith(SLOT)} - ASKED.keys()
        return rule

    def _reads_now(self, rule: Rule) -> set[str]:
        """What is to be made before: not what a record of an event reads in the one before, which is filled already."""
        form = self.registry.model.forms.get(self._scope.form_id)
        if form is None or not form.per_event:
            return set(rule.reads)
        read = {str(term.args[3]) for term in _without_neighbours(rule.term) if term.op in ("read", "reason")}
        return {key for key in rule.reads if not key.startswith(f"{form.id}.") or key.partition(".")[2] in read}

    def run(self, node: Node, *, condition: bool = False) -> Run:
        rule = self.rule(node, condition=condition)
        return compile_term(rule.term) if rule is not None else _nothing

    def at_target(self, node: Node, target: str) -> tuple[Scope, Run]:
        here, self._scope = self._scope, self.registry.scopes.targets[target]
        run = self.run(node, condition=True)
        self._read.add(number_key(self._scope))
        found, self._scope = self._scope, here
        return found, run

    def number(self, node: Node) -> Drawing:
        rule = self.rule(node, number=True)
        run = compile_term(rule.term) if rule is not None else _nothing
        return lambda frame, _draw: run(frame)

    def check_code(self, node: Node, item: ItemDef, code: str) -> None:
        choices = item.facets.choices
        if item.datatype.kind in (Kind.CODE, Kind.CODES) and code not in choices and not item.facets.open_list:
            self.problems.error(
                node.key_mark, "unknown-code", f"{code!r} is no code of {item.codelist}.{nearest(code, choices)}"
            )


def _without_neighbours(term: Term) -> Iterator[Term]:
    """The parts of a term, but for what it takes from the record before."""
    if term.op != "neighbour" or term.args[0] != "prev":
        yield term
        for part in term.parts():
            yield from _without_neighbours(part)


def _nothing(_frame: object) -> None:
    return None


def _share(node: Node | None, name: str, usual: float) -> float:
    found = node.get(name) if node is not None else None
    return float(found.value) if found is not None else usual


__all__ = ["read_distribution"]
