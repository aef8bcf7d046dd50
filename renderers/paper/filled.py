"""A form with the values of a record as a document: the markup of the page that reads it, in the frame of paper."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from engine.records.evaluation import Evaluation
from engine.records.form_data import FormData
from renderers.html import STATIC, PageContext, Pages
from renderers.html.faces import form_title
from renderers.paper.documents import Printing, Record, template

_SIGN = re.compile(r'<svg class="(ic[^"]*)"([^>]*)><use href="[^"]*#i-(\w+)"/></svg>')
_LINK = re.compile(r'<a(?=[\s>])((?: class="[^"]*")?)[^>]*>')
_LABEL = re.compile(r'aria-label="([^"]*)"')
_SYMBOL = re.compile(r'<symbol id="i-(\w+)" viewBox="([^"]*)">(.*?)</symbol>', re.DOTALL)


def filled_document(
    printing: Printing,
    pages: Pages,
    form: str,
    data: FormData,
    evaluation: Evaluation,
    context: PageContext,
    record: Record,
) -> str:
    """A form with values; `context` is that of the page, with its answers to warnings and words of references."""
    page = pages.page(form, printing.language, "read")
    page = replace(page, frame=template("filled.html", printing.language))
    about = " · ".join(filter(None, (record.who, form_title(page.form, printing.language))))
    parts = printing.frame("filled", about, record)
    return with_signs(page.render(data, evaluation, context, more=parts))


def with_signs(markup: str) -> str:
    """The same with each sign drawn where it stands, its words beside it, and no links: paper leads nowhere.

    WeasyPrint looks for the symbol of a sign in the same drawing only, not elsewhere on the page.
    """
    symbols = {name: (box, body) for name, box, body in _SYMBOL.findall(Path(STATIC / "icons.svg").read_text("utf-8"))}

    def draw(match: re.Match[str]) -> str:
        kind, rest, name = match.groups()
        box, body = symbols[name]
        looks = ' fill="none" stroke="#000" stroke-width="1.6"' if "line-ic" in kind else ""
        label = _LABEL.search(rest)
        told = f'<small class="said">{label[1]}</small>' if label else ""
        return f'<svg class="{kind}"{rest} width="16" height="16" viewBox="{box}"{looks}>{body}</svg>{told}'

    return _LINK.sub(r"<span\1>", _SIGN.sub(draw, markup)).replace("</a>", "</span>")


__all__ = ["filled_document", "with_signs"]
