"""Makes a document that the compiler accepts: a rule that it refuses becomes an annotation, with the compiler's words as reason."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from engine.compiler import compile_model
from engine.definitions import read_definition_text
from engine.definitions.source import read_source
from engine.definitions.tree import Node
from engine.errors import DefinitionError, DefinitionProblem, Problems, Severity
from exchange.definition_text import definition_text
from exchange.document import Document, Imported, Rule, annotate
from exchange.findings import Finding, Outcome, Part, SourceFault

_TOO_MUCH = frozenset({"file-too-large", "too-many-nodes"})
MAX_ROUNDS = 40  # a faulty rule may hide others that are found once it is gone


@dataclass(frozen=True, slots=True)
class Settled:
    """A definition that compiles: its text and what became of each part of its source."""

    text: str
    document: Document
    findings: tuple[Finding, ...]


def settled(imported: Imported, before: str = "") -> Settled:
    """The text of what was imported. `before` is the text that it replaces, whose comments, id, version and title are kept.

    Raises:
        SourceFault: something else than a rule keeps the definition from compiling.
    """
    document, findings = imported.document, list(imported.findings)
    findings.extend(_keep_identity(document, before))
    for _ in range(MAX_ROUNDS):
        text = definition_text(document, before)
        problems = faults_of(text)
        if not problems:
            return Settled(text, document, tuple(findings))
        places = _rules_in(text, document)
        refused = {
            id(rule): (part, key, rule, problem) for problem in problems for part, key, rule in places.near(problem)
        }
        if not refused:
            break
        for part, key, rule, problem in refused.values():
            _demote(part, key, rule, problem, findings)
        _drop_empty_checks(document)
    raise _refusal(text, document, problems[0])


def _refusal(text: str, document: Document, problem: DefinitionProblem) -> SourceFault:
    """What is wrong, and in which part: a line of the result alone tells a reader of the source nothing."""
    if problem.code in _TOO_MUCH:
        heaviest = ".".join(_heaviest(document))
        return SourceFault(
            f"What was read is too long for a definition ({problem.message.split('.')[0].lower()}). "
            f"Most of it is at {heaviest}: leave that out, or split the file.",
            heaviest,
        )
    place = f"line {problem.mark.line} of the result"
    part = _part_at(read_source(text.encode(), "", Problems()), (problem.mark.line, problem.mark.column))
    reason = f"The definition that was read cannot be used: {problem.message} ({problem.code})"
    return SourceFault(reason, f"{part}, {place}" if part else place)


def _part_at(root: Node | None, spot: tuple[int, int]) -> str:
    """`form.item` of the nearest part with an id that begins before a spot; of other parts `codelists.list`."""
    keys, part = list[str](), ""
    while root is not None:
        part = root.text_of("id") or root.text_of("group") or part
        inner = [*root.entries.items(), *(("", each) for each in root.elements)]
        key, root = next((pair for pair in reversed(inner) if _start_of(pair[1]) <= spot), ("", None))
        keys.append(key)
    top, name, *_ = (*keys, "", "")
    return ".".join(filter(None, (name, part) if top == "forms" else (top, part or name)))


def _start_of(node: Node) -> tuple[int, int]:
    return node.key_mark.line, node.key_mark.column


def _keep_identity(document: Document, before: str) -> Iterator[Finding]:
    """What the registry is called is its own: a new dictionary of the same registry does not rename it."""
    root = read_source(before.encode(), "", Problems()) if before.strip() else None
    if root is None or not root.text_of("registry"):
        return
    known = root.plain()
    for key in ("registry", "version", "title"):
        if key in known and known[key] != document.get(key):
            document[key] = known[key] if key != "title" else _in_languages(known[key], document)
            yield Finding(key, Part.OTHER, Outcome.APPROXIMATED, f"The {key} of the file that is replaced stays.")


def _in_languages(title: Any, document: Document) -> Any:
    """A title in the languages of the definition: where it has none in one of them, what was read says it."""
    if not isinstance(title, dict):
        return title
    return {code: title.get(code, text) for code, text in document["title"].items()}


def _heaviest(document: Document) -> Iterator[str]:
    """The path to the part that holds most of a document."""
    part: Any = document
    while isinstance(part, dict) and part:
        key = max(part, key=lambda name: len(str(part[name])))
        if len(str(part[key])) * 2 < len(str(part)):
            return
        yield str(key)
        part = part[key]


def faults_of(text: str) -> list[DefinitionProblem]:
    """What the compiler refuses in a text."""
    try:
        definition = read_definition_text(text.encode(), "imported.yaml")
        compile_model(definition.model, definition.warnings)
    except DefinitionError as fault:
        return [problem for problem in fault.problems if problem.severity is Severity.ERROR]
    return []


_Found = tuple[dict[str, Any], str, Rule]  # what holds a rule, its key, and the rule


@dataclass(frozen=True, slots=True)
class _Places:
    """Where the rules of a document stand in its text, in order; and those of each part by where that begins."""

    starts: list[tuple[int, int]]
    rules: list[_Found]
    parts: dict[tuple[int, int], list[_Found]]

    def near(self, problem: DefinitionProblem) -> Iterator[_Found]:
        """The rule in which a problem stands. One at the beginning of a part, such as a circle, is about what is calculated there."""
        line, column = problem.mark.line, problem.mark.column
        at = bisect_right(self.starts, (line, column))
        of_part = self.parts.get((line, column))
        if of_part:
            yield next((rule for rule in of_part if rule[1] == "calculate"), of_part[0])
        elif at:
            yield self.rules[at - 1]


def _rules_in(text: str, document: Document) -> _Places:
    root = read_source(text.encode(), "", Problems())
    found: list[tuple[tuple[int, int], _Found]] = []
    parts: dict[tuple[int, int], list[_Found]] = {}
    if root is not None:
        for node, holder in _pairs(root, document):
            rules = list(_rules_of(node, holder))
            found.extend(rules)
            for mark in (node.mark, node.key_mark):
                parts.setdefault((mark.line, mark.column), []).extend(rule for _, rule in rules)
    found.sort(key=lambda each: each[0])
    return _Places([start for start, _ in found], [rule for _, rule in found], parts)


def _pairs(node: Node, value: Any) -> Iterator[tuple[Node, dict[str, Any]]]:
    """The mappings of a text and of the document it was made of, side by side."""
    if isinstance(value, dict):
        yield node, value
        for key, part in value.items():
            yield from _pairs(node.entries[str(key)], part)
    elif isinstance(value, list):
        for inner, part in zip(node.elements, value, strict=True):
            yield from _pairs(inner, part)


def _rules_of(node: Node, holder: dict[str, Any]) -> Iterator[tuple[tuple[int, int], tuple[dict[str, Any], str, Rule]]]:
    for key, value in holder.items():
        if isinstance(value, Rule):
            mark = node.entries[key].key_mark
            yield (mark.line, mark.column), (holder, key, value)


def _demote(part: dict[str, Any], key: str, rule: Rule, problem: DefinitionProblem, findings: list[Finding]) -> None:
    """Take a rule out and keep its text."""
    if part.get(key) is not rule:
        return
    del part[key]
    if key == "calculate":
        part.pop("live", None)
    annotate(part, rule.system, rule.name, rule.found)
    told = Finding(rule.where, Part.RULE, Outcome.DROPPED, f"{problem.message} ({problem.code})", rule.found, rule.name)
    for at, finding in enumerate(findings):
        if finding.where == rule.where and finding.part is Part.RULE and finding.found == rule.found:
            findings[at] = told
            return
    findings.append(told)


def _drop_empty_checks(document: Document) -> None:
    """A check that has lost its condition goes; its text stays at the form."""
    for form in document.get("forms", {}).values():
        checks = form.get("checks", [])
        for check in checks:
            if "assert" not in check:
                for system, texts in check.get("annotations", {}).items():
                    for name, text in texts.items():
                        annotate(form, system, f"{name} ({check['id']})", text)
        form["checks"] = [check for check in checks if "assert" in check]
        if not form["checks"]:
            del form["checks"]
