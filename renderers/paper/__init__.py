"""Paper: forms as PDF, blank, annotated, or filled with what a record holds."""

from renderers.paper.documents import Printing, Record, form_document
from renderers.paper.filled import filled_document
from renderers.paper.printing import APT, CannotPrint, can_print, pdf_of
from renderers.paper.sheet import ROWS
from renderers.paper.words import word

__all__ = [
    "APT",
    "ROWS",
    "CannotPrint",
    "Printing",
    "Record",
    "can_print",
    "filled_document",
    "form_document",
    "pdf_of",
    "word",
]
