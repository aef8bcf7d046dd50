"""Binds the names in texts: labels, hints, titles and messages into which values are piped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from engine.compiler.binding import Workbench
from engine.compiler.rules import BoundText, CheckRules, Hole, TextRules
from engine.expressions.names import IN_TEXTS
from engine.expressions.scopes import Scope
from engine.model.form import FormDef, GroupDef, walk_items
from engine.model.item import ExpressionText, Privacy, Template

Templates = Mapping[str, Mapping[str, Template]]


def compile_texts(bench: Workbench, checks: Iterable[CheckRules]) -> Iterator[TextRules]:
    """All texts with holes. The message of a check that is judged row by row may name what the row has."""
    private = frozenset(_identifying(bench))
    for form in bench.model.forms.values():
        scope = bench.scopes.forms[form.id]
        for section in form.sections:
            yield from _texts(bench, section.id, section.templates, scope, private)
        yield from _within(bench, form, scope, private)
    for check in checks:
        rows = check.parts[0].rows if len(check.parts) == 1 else None
        yield from _texts(bench, check.check.id, check.check.templates, rows or check.scope, private)


def _within(bench: Workbench, part: FormDef | GroupDef, scope: Scope, private: frozenset[str]) -> Iterator[TextRules]:
    """The texts of the items and groups of a form or row."""
    for item in part.items:
        yield from _texts(bench, item.id, item.templates, scope, private)
    for group in part.groups:
        rows = bench.scopes.groups[f"{scope.form_id}.{group.id}"]
        yield from _texts(bench, group.id, group.templates, rows, frozenset())  # who sees rows, sees what they hold
        yield from _within(bench, group, rows, private)


def _texts(
    bench: Workbench, owner: str, templates: Templates, scope: Scope, private: frozenset[str]
) -> Iterator[TextRules]:
    for part, languages in templates.items():
        texts = {language: _bound(bench, template, scope, private) for language, template in languages.items()}
        yield TextRules(owner, part, scope, texts)


def _bound(bench: Workbench, template: Template, scope: Scope, private: frozenset[str]) -> BoundText:
    holes = [_hole(bench, name, scope, private) for name in template.names]
    return BoundText(template.between, tuple(hole for hole in holes if hole is not None))


def _hole(bench: Workbench, name: ExpressionText, scope: Scope, private: frozenset[str]) -> Hole | None:
    bound = bench.bind(name, scope, remedies=IN_TEXTS)
    if bound is None:
        return None
    rule, binder = bound
    last = name.text.rpartition(".")[2].strip()
    key = next((item.key for item in sorted(binder.reads.fields, key=lambda item: item.key) if item.id == last), "")
    if key in private:
        message = f"{last} tells who somebody is: messages and labels are kept and shown where that must not be. Leave it out."
        bench.problems.error(name.mark, "bad-template", message)
    return Hole(rule, key)


def _identifying(bench: Workbench) -> Iterator[str]:
    """The keys of items that say who somebody is."""
    for form in bench.model.forms.values():
        yield from (f"{form.id}.{item.id}" for item in walk_items(form) if item.privacy is Privacy.IDENTIFYING)


__all__ = ["compile_texts"]
