"""A page of 200 fields: prepared segments against WTForms and Jinja2 at each request."""

from __future__ import annotations

from collections.abc import Iterator

from jinja2 import Environment

from benchmarks.definitions import record, subject
from benchmarks.measuring import Row, compare, shown
from benchmarks.peers import WTFORMS_TEMPLATE, posted, wtforms_class
from benchmarks.registries import NOW, registry
from engine.records import evaluate
from renderers.html import PageContext, compile_pages

ITEMS = 200


def rows(*, quick: bool) -> Iterator[Row]:
    """The part 'page' of the table."""
    compiled, data = registry(ITEMS, ITEMS), record(ITEMS, 1)
    patient, focus = subject(data)
    evaluation = evaluate(compiled, patient, focus, as_of=NOW)
    pages = compile_pages(compiled, languages=("pl",), static_url="/static/")
    pages.prepare()
    context = PageContext()
    template = Environment(autoescape=True).from_string(WTFORMS_TEMPLATE)
    form_class = wtforms_class(ITEMS)
    sent = posted(data.items)

    def ours() -> str:
        return pages.form("f0", language="pl", mode="edit", data=data, evaluation=evaluation, context=context)

    def wtforms() -> str:
        return template.render(form=form_class(sent))

    taken = compare({"ours": ours, "WTForms": wtforms}, rounds=10 if quick else 40)
    times = taken["WTForms"] / taken["ours"]
    note = f"{len(ours()) // 1024} KB, shell included; theirs {len(wtforms()) // 1024} KB"
    yield Row("page", "page of 200 fields by WTForms and Jinja2", shown(taken["WTForms"]))
    yield Row("page", "page of 200 fields, joined", shown(taken["ours"]), times, "faster", "≥ 20 ×", times >= 20, note)
