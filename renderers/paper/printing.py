"""Turns finished markup into a PDF. The only place that knows WeasyPrint, which is loaded when something is printed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from ctypes.util import find_library
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any

APT = "sudo apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0 fonts-liberation"
PIP = "make setup-pdf, or pip install 'ecrf[pdf]'"
_FORMAT = "pdf/ua-1"  # tagged, so that screen readers find headings, lists and tables


class CannotPrint(Exception):
    """Something that printing needs is not installed; the text says what, and how to get it."""


@cache
def can_print() -> bool:
    """Whether what printing needs is there; found out without loading it, since pages ask before they offer it."""
    return find_spec("weasyprint") is not None and find_library("pango-1.0") is not None


def pdf_of(documents: Iterable[str], each: Callable[[int], None] = lambda _pages: None) -> bytes:
    """One PDF of several documents, each with page numbers of its own.

    Args:
        documents: whole HTML pages that need nothing from outside.
        each: is told the number of pages of a document when it is laid out.

    Raises:
        CannotPrint: WeasyPrint or a library that it needs is missing.
    """
    weasyprint = _weasyprint()
    fonts = import_module("weasyprint.text.fonts").FontConfiguration()
    laid_out = []
    for document in documents:
        laid_out.append(
            weasyprint.HTML(string=document, url_fetcher=_refuse).render(font_config=fonts, pdf_variant=_FORMAT)
        )
        each(len(laid_out[-1].pages))
    whole = laid_out[0].copy([page for document in laid_out for page in document.pages])
    pdf: bytes = whole.write_pdf(pdf_variant=_FORMAT)
    return pdf


def _weasyprint() -> Any:
    try:
        return import_module("weasyprint")
    except ModuleNotFoundError:
        raise CannotPrint(f"Printing needs WeasyPrint, which is not installed. Install it: {PIP}") from None
    except OSError:  # it finds Pango when it is imported, by its file
        raise CannotPrint(f"Printing needs Pango, which is not installed. Install it: {APT}") from None


def _refuse(url: str, *_more: object) -> Mapping[str, object]:
    """Nothing is fetched: a document holds all that it shows."""
    raise ValueError(f"a printed document asks for {url[:60]!r}")


__all__ = ["APT", "CannotPrint", "can_print", "pdf_of"]
