"""Code lists as the sheet `choices`; attributes are columns of their own."""

from __future__ import annotations

from collections.abc import Iterable

from engine.definitions.source import number_of
from exchange.document import Entry
from exchange.findings import Finding, Outcome
from exchange.findings import Part as Told
from exchange.xlsform.choices import SYSTEM
from exchange.xlsform.parked import parked
from exchange.xlsform.rows_out import Sheet
from exchange.xlsform.texts_out import TextsOut

_YES_NO = {"pl": ("Tak", "Nie"), "en": ("Yes", "No"), "de": ("Ja", "Nein"), "fr": ("Oui", "Non"), "es": ("Sí", "No")}
_OURS = frozenset({"exclusive", "withdrawn", "also", "standard", "annotations"})
_MEDIA = frozenset({"image", "audio", "video", "big-image"})


def choices_of(document: Entry, texts: TextsOut, yes_no: Iterable[str], findings: list[Finding]) -> Sheet:
    """All lists, and those of yes and no that questions need."""
    sheet = Sheet()
    for id_, listed in document.get("codelists", {}).items():
        name = texts.naming.listed(id_)
        if "codes" not in listed:
            findings.append(
                Finding(
                    id_, Told.CHOICES, Outcome.DROPPED, "Codes of a dictionary that others keep are not written.", id_
                )
            )
            continue
        shared = [
            attribute for attribute in listed.get("attributes", {}) if attribute != "value" or not _is_code(listed)
        ]
        for code, entry in listed["codes"].items():
            sheet.rows.append(_row(name, code, entry, shared, texts))
        _tell(id_, listed, shared, findings)
    for name in dict.fromkeys(yes_no):
        for code, at in (("1", 0), ("0", 1)):
            labels = {language: _YES_NO.get(language, _YES_NO["en"])[at] for language in texts.languages}
            sheet.rows.append({"list_name": name, "name": code, **texts.columns("label", labels, None, ())})
    return sheet


def _is_code(listed: Entry) -> bool:
    """The attribute `value` that only says which number a code is."""
    return all(number_of(code) == entry.get("value") for code, entry in listed["codes"].items())


def _row(name: str, code: str, entry: Entry, attributes: list[str], texts: TextsOut) -> dict[str, str]:
    row = {"list_name": name, "name": code}
    labels = {language: entry[language] for language in texts.languages if isinstance(entry.get(language), str)}
    row.update({texts.heading("label", language): words for language, words in labels.items()})
    for attribute in attributes:
        value = entry.get(attribute)
        if value is not None:
            row[_column(attribute)] = " ".join(value) if isinstance(value, list) else str(value)
    for heading, text in entry.get("annotations", {}).get(SYSTEM, {}).items():
        live = heading.split("::")[0] in _MEDIA
        row[heading if live else parked(heading)] = text
    return row


def _column(attribute: str) -> str:
    """`value` is another word for `name` there."""
    return f"{attribute}_" if attribute in ("value", "name", "label", "list_name") else attribute


def _tell(id_: str, listed: Entry, attributes: list[str], findings: list[Finding]) -> None:
    lost = sorted({key for entry in listed["codes"].values() for key in entry if key in _OURS - {"annotations"}})
    if lost:
        findings.append(
            Finding(
                id_,
                Told.CHOICES,
                Outcome.APPROXIMATED,
                f"A workbook has no place for what codes say beside: {', '.join(lost)}.",
                ", ".join(attributes),
            )
        )
    else:
        findings.append(Finding(id_, Told.CHOICES))
