"""The passes from a model to rules: items, groups, checks, events. Outcomes have a module of their own."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256

from engine.compiler.binding import Workbench, results_of
from engine.compiler.formulas import bind_formula
from engine.compiler.rules import (
    BoundRange,
    CheckPart,
    CheckRules,
    EventRules,
    GroupRules,
    ItemRules,
    Rule,
)
from engine.datatypes.base import Kind
from engine.datatypes.messages import explain
from engine.datatypes.values import Unread
from engine.expressions.nodes import Apply, Syntax
from engine.expressions.scopes import EVENT, Scope
from engine.expressions.terms import BOOLEAN, DATE, Term, Type
from engine.expressions.typing_rules import comparison
from engine.model.form import CheckDef, CheckSeverity, FormDef, GroupDef
from engine.model.item import ExpressionText, Formula, ItemDef
from engine.model.metadata_version import StudyEventDef

_BOUNDS = {Kind.PARTIAL_DATE: DATE, Kind.DATETIME: Type(Kind.DATETIME)}


def compile_items(bench: Workbench) -> Iterator[ItemRules | GroupRules]:
    """The rules of every item and group, in order of the forms."""
    for form in bench.model.forms.values():
        scope = bench.scopes.forms[form.id]
        for section in form.sections:
            shown = bench.rule(section.when, scope, BOOLEAN)
            for part in section.content:
                yield from _part(bench, part, scope, shown)


def _part(
    bench: Workbench, part: ItemDef | GroupDef, scope: Scope, shown: Rule | None
) -> Iterator[ItemRules | GroupRules]:
    visible = both(shown, bench.rule(part.when, scope, BOOLEAN))
    if isinstance(part, ItemDef):
        yield _item(bench, part, scope, visible)
        return
    rows = bench.scopes.groups[f"{scope.form_id}.{part.id}"]
    yield GroupRules(part, rows, visible)
    for inner in part.content:
        yield from _part(bench, inner, rows, None)


def both(first: Rule | None, second: Rule | None) -> Rule | None:
    """The rule that holds when both do."""
    if first is None or second is None:
        return first or second
    term = Term("and", (first.term, second.term), BOOLEAN)
    return Rule(
        term,
        first.reads | second.reads,
        first.digest + second.digest,
        first.time or second.time,
        first.events or second.events,
    )


def _item(bench: Workbench, item: ItemDef, scope: Scope, visible: Rule | None) -> ItemRules:
    if item.datatype.kind is Kind.NOTHING:
        return ItemRules(item, scope, visible)
    own = scope.fields[item.id].type
    required = item.required if isinstance(item.required, bool) else bench.rule(item.required, scope, BOOLEAN) or False
    calculate, default = bind_formula(bench, item.calculate, scope, own), bench.rule(item.default, scope, own)
    _refuse_misfits(bench, item, item.calculate, calculate)
    _refuse_misfits(bench, item, item.default, default)
    if calculate is not None and calculate.time and not item.live and item.calculate is not None:
        bench.problems.error(
            item.calculate.mark,
            "needs-live",
            f"{item.id} uses the present time. Say `live: true` (computed when read, never stored), or take a stored date instead.",
        )
    ranges = tuple(
        BoundRange(check, _bound(bench, check.low, scope, own), _bound(bench, check.high, scope, own))
        for check in item.ranges
    )
    return ItemRules(
        item,
        scope,
        visible,
        calculate,
        required,
        ranges,
        _narrowing(bench, item, scope),
        default,
    )


def _refuse_misfits(bench: Workbench, item: ItemDef, text: Formula | None, rule: Rule | None) -> None:
    """A constant that a calculation or default gives must be a value of the item: nothing is rounded or cut off."""
    if text is None or rule is None:
        return
    for leaf in results_of(rule.term):
        if leaf.op == "const" and leaf.args[0] is not None and leaf.type.kind is item.datatype.kind:
            read = item.datatype.from_rule(leaf.args[0], item.facets)
            if isinstance(read, Unread):
                bench.problems.error(text.mark, "value-misfit", f"{item.id} cannot hold this. {explain(read, 'en')}")


def _bound(bench: Workbench, text: ExpressionText | None, scope: Scope, own: Type) -> Rule | None:
    if text is None:
        return None
    wanted = _BOUNDS.get(own.kind, own)
    bound = bench.bind(text, scope)
    if bound is None:
        return None
    rule, binder = bound
    found = rule.term.type
    fits = found.kind in (wanted.kind, Kind.NOTHING) or {found.kind, wanted.kind} <= {
        Kind.DATE,
        Kind.DATETIME,
        Kind.PARTIAL_DATE,
    }
    if not fits:
        binder.report.error(0, "wrong-type", f"This bound is a {found}; a {wanted} is needed.")
    return rule


def _narrowing(bench: Workbench, item: ItemDef, scope: Scope) -> Rule | None:
    if item.only is None:
        return None
    code = Term("var", ("code",), Type(Kind.CODE, item.codelist))
    bound = bench.bind(item.only, scope, wanted=BOOLEAN, variables={"code": code})
    return bound[0] if bound else None


# checks -------------------------------------------------------------------------------------------------------------


def compile_checks(bench: Workbench) -> Iterator[CheckRules]:
    """All checks, split into what is judged at the form and what at its rows."""
    for form in bench.model.forms.values():
        for check in form.checks:
            compiled = _check(bench, form, check)
            if compiled is not None:
                yield compiled


def _check(bench: Workbench, form: FormDef, check: CheckDef) -> CheckRules | None:
    scope = bench.scopes.forms[form.id]
    tree = bench.read(check.condition)
    if tree is None:
        return None
    parts: list[CheckPart] = []
    read_forms: set[str] = {form.id}
    asked: set[str] = set()
    for conjunct in _conjuncts(tree):
        bound = bench.bind(check.condition, scope, wanted=BOOLEAN, syntax=conjunct)
        assert bound is not None  # the text was parsed above
        rule, binder = bound
        parts.append(_lift(rule, scope))
        read_forms |= {item.scope.form_id for item in binder.reads.fields} & set(bench.model.forms)
        read_forms |= {place.form_id for place in binder.reads.scopes if place.kind == "group"}
        asked |= binder.reads.asked
    _warn_if_silent(bench, check, read_forms - asked - {form.id})
    _warn_if_idle(bench, check, alone=read_forms == {form.id})
    reads = frozenset[str]().union(*(part.rule.reads for part in parts))
    digest = sha256(f"{check.condition.text}|{check.severity}".encode()).hexdigest()[:16]
    return CheckRules(
        check,
        scope,
        tuple(parts),
        frozenset(read_forms | set(check.also_in)),
        _standing(bench, form, check, parts),
        reads,
        digest,
    )


def _conjuncts(tree: Syntax) -> tuple[Syntax, ...]:
    return tree.args if isinstance(tree, Apply) and tree.op == "and" else (tree,)


def _lift(rule: Rule, scope: Scope) -> CheckPart:
    """`all(g where c)` over rows of the form is judged row by row, so that the message lands on the row."""
    term = _each_alone(rule.term)
    if term.op != "aggregate" or term.args[0] != "all" or term.args[1].op != "rows":
        return CheckPart(rule)
    frames, up, steps, other = term.args[1].args
    rows = scope
    for child, event in steps:
        if event is not None or child not in rows.children or rows.children[child].kind != "group":
            return CheckPart(rule)
        rows = rows.children[child]
    if frames or up or other or rows is scope:
        return CheckPart(rule)
    body, where = term.args[2][0], term.args[3]
    if where is not None:
        skipped = Term("not", (Term("is", (where, "true"), BOOLEAN),), BOOLEAN)
        body = Term("or", (skipped, body), BOOLEAN)
    return CheckPart(Rule(body, rule.reads, rule.digest, rule.time, rule.events), rows)


def _each_alone(term: Term) -> Term:
    """`unique(g.x)` said row by row: no other row has the same key. Each of the rows that share one is named then."""
    if term.op != "aggregate" or term.args[0] != "unique" or term.args[1].op != "rows":
        return term
    source, values, where = term.args[1], term.args[2], term.args[3]
    plain = all(value.op == "read" and not (value.args[0] or value.args[1] or value.args[2]) for value in values)
    if where is not None or source.args[0] or not plain:
        return term
    others = Term("rows", (1, source.args[1], source.args[2], True), source.type)
    same = tuple(_same(value) for value in values)
    shared = Term("aggregate", ("any", others, (Term("and", same, BOOLEAN),), None, ()), BOOLEAN)
    return Term("aggregate", ("all", source, (Term("not", (shared,), BOOLEAN),), None, ()), BOOLEAN)


def _same(value: Term) -> Term:
    outer = Term("read", (1, *value.args[1:]), value.type)
    return Term("cmp", ("=", comparison(value.type, value.type), value, outer), BOOLEAN)


def _warn_if_silent(bench: Workbench, check: CheckDef, forms: set[str]) -> None:
    if forms:
        names = ", ".join(sorted(forms))
        bench.problems.warning(
            check.condition.mark,
            "silent-check",
            f"{check.id} reads {names}: while that form is absent the check is silent (over rows: it judges as if there were none). "
            "If that is not meant, ask exists(…), filled(…) or `is true`; if it is, say so: `… is not false`.",
        )


def _warn_if_idle(bench: Workbench, check: CheckDef, *, alone: bool) -> None:
    """A query is raised about a completed form: a check that keeps it from being completed raises none."""
    if not check.query:
        return
    if check.at == "signing" or (alone and check.severity is CheckSeverity.ERROR and check.blocks == "completion"):
        why = (
            "is judged at signing alone"
            if check.at == "signing"
            else "is an error that keeps its form from being completed"
        )
        bench.problems.warning(
            check.mark,
            "idle-query",
            f"{check.id} wants a query, but {why}: nobody would ever be asked. "
            "Leave `query` out, or make it a warning that is judged at each save.",
        )


def _standing(bench: Workbench, form: FormDef, check: CheckDef, parts: list[CheckPart]) -> str | None:
    """The item at which the message stands: `on`, else the first one of the row or form that the rule names."""
    scope = bench.scopes.forms[form.id]
    known = scope.index()
    if check.on is not None:
        if check.on not in known:
            bench.problems.error(
                check.mark,
                "unknown-name",
                f"{check.id} stands `on` {check.on!r}, which is nothing in {form.id}.{bench.problems.guess(check.on, known)}",
            )
        return check.on
    for part in parts:
        fields = (part.rows or scope).fields
        for term in part.rule.term.walk():
            if term.op == "read" and term.args[3] in fields and not term.args[1] and not term.args[2]:
                return str(term.args[3])
    return None


# events ---------------------------------------------------------------------------------------------------------------


def compile_events(bench: Workbench) -> Iterator[EventRules]:
    """When each event is expected."""
    for event in bench.model.events.values():
        scope = bench.scopes.containers.get(event.container)
        if scope is not None:
            yield _event(bench, event, scope)


def _event(bench: Workbench, event: StudyEventDef, scope: Scope) -> EventRules:
    for form in event.forms:
        if form not in bench.model.forms:
            bench.problems.error(
                event.mark,
                "unknown-form",
                f"The event {event.id} collects {form!r}, which is no form.{bench.problems.guess(form, bench.model.forms)}",
            )
    every = event.every
    return EventRules(
        event,
        scope,
        bench.rule(event.after, scope, DATE),
        bench.rule(event.when, scope, BOOLEAN),
        bench.rule(event.optional, scope, BOOLEAN),
        bench.rule(event.cancel, scope, BOOLEAN),
        bench.rule(every.start, scope, DATE) if every else None,
        bench.rule(every.stop, scope, DATE) if every else None,
        bench.rule(event.held, scope.children[EVENT], DATE),
        bench.rule(event.missed, scope.children[EVENT], BOOLEAN),
    )


__all__ = ["both", "compile_checks", "compile_events", "compile_items"]
