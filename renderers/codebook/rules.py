"""Checks, calculations, outcomes, events and parameters as tables, every rule in words and as written."""

from __future__ import annotations

from collections.abc import Iterator

from engine.compiler.rules import CheckRules, DerivedRules, EventRules
from engine.datatypes.words import value_text
from engine.words import Phrase
from renderers.codebook.entries import container_name, depends_on, name_of, used_by
from renderers.codebook.tables import Book, Cell, Row, Table, anchor, noted, table
from renderers.codebook.uses import Uses


def checks(book: Book, uses: Uses) -> Table:
    """All checks."""
    widths = {"id": 14, "form": 26, "must_hold": 80, "message": 60, "severity": 18, "blocks": 18, "at": 16, "on": 30}
    rows = (_check(book, uses, check) for check in book.registry.checks)
    return table(book, "checks", widths | {"shown_in": 36, "annotations": 40, "inputs": 50, "definition": 80}, rows)


def _check(book: Book, uses: Uses, rules: CheckRules) -> Row:
    check, form = rules.check, book.registry.model.forms[rules.scope.id]
    cells: dict[str, Cell] = {
        "id": check.id,
        "form": book.named("form", form.id, form.title, form.id),
        "must_hold": book.say(lambda said: said.check(rules)),
        "message": book.text(check.message),
        "severity": book.word(check.severity.value),
        "blocks": book.word(check.blocks) if check.severity.value == "error" else "",
        "at": book.word(f"at.{check.at}"),
        "on": name_of(book, "item", f"{form.id}.{rules.on}") if rules.on else "",
        "shown_in": book.series(
            book.named("form", id_, other.title, id_)
            for id_, other in book.registry.model.forms.items()
            if id_ in rules.forms and id_ != form.id
        ),
        "annotations": noted(check.annotations),
        "inputs": depends_on(book, uses, "check", check.id),
        "definition": check.condition.text.strip(),
    }
    return Row(
        anchor("check", check.id),
        check.id,
        book.title(check.message, check.id),
        cells,
        (anchor("form", form.id), book.title(form.title, form.id)),
    )


def calculations(book: Book, uses: Uses) -> Table:
    """All calculated items, with the formula as written."""
    return table(
        book,
        "calculations",
        {"id": 24, "form": 26, "label": 40, "words": 90, "inputs": 50, "definition": 80},
        _calculations(book, uses),
    )


def _calculations(book: Book, uses: Uses) -> Iterator[Row]:
    for form in book.registry.model.forms.values():
        for key, rules in book.registry.items.items():
            if rules.calculate is None or rules.item.calculate is None or rules.scope.form_id != form.id:
                continue
            scope, like, rule = rules.scope, rules.scope.fields[rules.item.id].type, rules.calculate
            cells: dict[str, Cell] = {
                "id": rules.item.id,
                "form": book.named("form", form.id, form.title, form.id),
                "label": name_of(book, "item", key),
                "words": book.value(rule, scope, like),
                "inputs": depends_on(book, uses, "item", key),
                "definition": rules.item.calculate.text.strip(),
            }
            yield Row(f"calculation-{key}", rules.item.id, book.title(rules.item.label, rules.item.id), cells)


def outcomes(book: Book, uses: Uses) -> Table:
    """All derived outcomes."""
    widths = {
        "id": 24,
        "label": 40,
        "belongs": 20,
        "type": 12,
        "codelist": 22,
        "words": 90,
        "explained": 12,
        "inputs": 50,
    }
    rows = (_outcome(book, uses, rules) for rules in book.registry.derived)
    return table(book, "outcomes", widths | {"used": 50, "definition": 80}, rows)


def _outcome(book: Book, uses: Uses, rules: DerivedRules) -> Row:
    derived = rules.derived
    listed = book.registry.model.codelists.get(derived.codelist or "")
    cells: dict[str, Cell] = {
        "id": derived.id,
        "label": book.title(derived.label, derived.id),
        "belongs": container_name(book, derived.owner),
        "type": derived.type_name,
        "codelist": book.named("list", listed.id, listed.title, listed.id) if listed is not None else "",
        "words": book.say(lambda said: said.outcome(rules)),
        "explained": book.truth(derived.explain),
        "inputs": depends_on(book, uses, "outcome", derived.id),
        "used": used_by(book, uses, rules.key),
        "definition": derived.calculate.text.strip() if derived.calculate is not None else "",
    }
    return Row(anchor("outcome", derived.id), derived.id, book.title(derived.label, derived.id), cells)


def events(book: Book) -> Table:
    """All events."""
    widths = {"id": 20, "oid": 12, "title": 36, "belongs": 16, "forms_of": 50, "after": 40, "day": 8, "window": 14}
    rows = (_event(book, rules) for rules in book.registry.events.values())
    return table(
        book,
        "events",
        widths
        | {
            "expected": 50,
            "optional": 40,
            "cancel": 40,
            "held": 30,
            "missed": 40,
            "repeats": 12,
            "every": 12,
            "start": 30,
            "stop": 30,
            "annotations": 40,
        },
        rows,
    )


def _event(book: Book, rules: EventRules) -> Row:
    event, model = rules.event, book.registry.model
    said = {language: sentences.event(rules) for language, sentences in book.sentences.items()}

    def phrase(key: str) -> Cell:
        there = all(key in phrases for phrases in said.values())
        return {language: phrases[key] for language, phrases in said.items()} if there else ""

    low, high = event.window or (None, None)
    cells: dict[str, Cell] = {
        "id": event.id,
        "oid": event.oid or "",
        "title": book.title(event.title, event.id),
        "belongs": container_name(book, event.container),
        "forms_of": book.series(book.named("form", id_, model.forms[id_].title, id_) for id_ in event.forms),
        "after": phrase("after"),
        "day": str(event.day) if event.day is not None else "",
        "window": f"{'' if low is None else low} … {'' if high is None else high}" if event.window else "",
        "expected": phrase("when"),
        "optional": phrase("optional"),
        "cancel": phrase("cancel"),
        "held": phrase("held"),
        "missed": phrase("missed"),
        "repeats": book.truth(event.repeats or event.every is not None),
        "every": str(event.every.days) if event.every is not None else "",
        "start": phrase("start"),
        "stop": phrase("stop"),
        "annotations": noted(event.annotations),
    }
    return Row(anchor("event", event.id), event.id, book.title(event.title, event.id), cells)


def parameters(book: Book, uses: Uses) -> Table:
    """All parameters with their values."""
    rows = []
    for parameter in book.registry.model.parameters.values():
        values: Cell = {
            language: Phrase(
                (
                    "; ".join(
                        f"{value_text(value, language)}{f' ({since.isoformat()})' if since else ''}"
                        for since, value in parameter.values
                    ),
                )
            )
            for language in book.languages
        }
        cells: dict[str, Cell] = {
            "id": parameter.id,
            "label": book.title(parameter.label, parameter.id),
            "value": values,
            "also": ", ".join(value_text(value, "en") for value in parameter.also),
            "used": used_by(book, uses, f"param {parameter.id}"),
        }
        rows.append(
            Row(anchor("parameter", parameter.id), parameter.id, book.title(parameter.label, parameter.id), cells)
        )
    return table(book, "parameters", {"id": 24, "label": 50, "value": 24, "also": 16, "used": 70}, rows)
