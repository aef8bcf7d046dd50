"""A compiled definition -> one workbook of XLSForm. Several forms are groups of it, one after the other."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import xlsxwriter

from engine.compiler import CompiledRegistry
from engine.model.form import FormDef, GroupDef
from engine.model.item import ItemDef
from engine.model.metadata_version import MetaDataVersion
from exchange.document import Entry, Exported
from exchange.findings import Finding, Outcome
from exchange.findings import Part as Told
from exchange.from_model import document_of
from exchange.xlsform import kinds
from exchange.xlsform.choices import SYSTEM
from exchange.xlsform.choices_out import choices_of
from exchange.xlsform.languages import column_name
from exchange.xlsform.naming import Naming
from exchange.xlsform.parked import BODYLESS, parked
from exchange.xlsform.rows_out import Rows, Sheet
from exchange.xlsform.texts_out import TextsOut, is_loose

_MADE = datetime(2000, 1, 1)  # so that the same definition gives the same bytes  # noqa: DTZ001 -- spreadsheets know no zones
_NOWHERE: Mapping[str, str] = {
    "events": "A workbook has no schedule.",
    "derived": "Outcomes over forms have no place in a workbook.",
    "indicators": "Reports have no place in a workbook.",
    "containers": "A workbook is one record; parts that hold forms have no place in it.",
    "verification": "The comparison with sources has no place in a workbook.",
    "contacts": "Contacts have no place in a workbook.",
    "missing": "Reasons why an answer is missing have no place in a workbook.",
}
_ALL_OF = {
    "define": "Named expressions are written out where they are used.",
    "parameters": "Parameters are written out where they are used.",
}


def write(registry: CompiledRegistry) -> Exported:
    """The workbook (.xlsx) of all forms, and what it cannot carry."""
    model = registry.model
    return _Writing(model, document_of(model), Naming.of(model)).exported()


@dataclass(slots=True)
class _Writing:
    model: MetaDataVersion
    document: Entry
    naming: Naming
    findings: list[Finding] = field(default_factory=list)

    def exported(self) -> Exported:
        languages = list(self.model.languages)
        texts = TextsOut(languages, self.naming, self.findings)
        rows = Rows(texts, self.naming, self.document, self.findings)
        survey = Sheet()
        forms = self.model.forms
        for id_, form in forms.items():
            entry = self.document["forms"][id_]
            if len(forms) > 1:
                survey.rows.extend(self._form_rows(rows, form, entry))
            else:
                survey.rows.extend(self._sections(rows, form, entry))
            self._checks_left(rows, form, entry)
        choices = choices_of(self.document, texts, rows.lists, self.findings)
        settings = self._settings(languages)
        self._tell_the_rest()
        return Exported(_workbook({"survey": survey, "choices": choices, "settings": settings}), tuple(self.findings))

    def _form_rows(self, rows: Rows, form: FormDef, entry: Entry) -> Iterator[dict[str, str]]:
        """A form of several: a group, or a repeat where there may be several records of it."""
        kind = "repeat" if form.repeats or form.per_event else "group"
        head = {"type": f"begin {kind}", "name": self.naming.part(form)}
        yield {**head, **rows.texts.columns("label", entry.get("title", {}), form, ())}
        reason = (
            "Records of a form are rows of a repeat."
            if kind == "repeat"
            else "Forms are groups of one workbook, in their order."
        )
        self.findings.append(Finding(form.id, Told.LAYOUT, Outcome.APPROXIMATED, reason, form.id))
        yield from self._sections(rows, form, entry)
        yield {"type": f"end {kind}"}

    def _sections(self, rows: Rows, form: FormDef, entry: Entry) -> Iterator[dict[str, str]]:
        for section, made in zip(form.sections, entry["sections"], strict=True):
            inside = [
                row
                for part, each in zip(section.content, made["items"], strict=True)
                for row in self._content(rows, part, each, form, ())
            ]
            if is_loose(made):
                yield from inside
                continue
            head = rows.section(section, made, form)
            yield head if any(kinds.is_shown(row["type"]) for row in inside) else {**head, BODYLESS: "yes"}
            yield from inside
            yield {"type": "end group"}

    def _content(
        self, rows: Rows, part: ItemDef | GroupDef, entry: Entry, form: FormDef, groups: tuple[GroupDef, ...]
    ) -> Iterator[dict[str, str]]:
        if isinstance(part, ItemDef):
            yield rows.item(part, entry, form, groups)
            return
        yield rows.group(part, entry, form, groups)
        for inner, made in zip(part.content, entry["items"], strict=True):
            yield from self._content(rows, inner, made, form, (*groups, part))
        yield {"type": "end repeat"}

    def _checks_left(self, rows: Rows, form: FormDef, entry: Entry) -> None:
        """Checks that no row could carry."""
        for check in entry.get("checks", ()):
            if (form.id, check["id"]) not in rows.placed:
                reason = rows.refused.get(
                    (form.id, check["id"]), "It names no single question of this form at which it could stand."
                )
                self.findings.append(
                    Finding(f"{form.id}.{check['id']}", Told.RULE, Outcome.DROPPED, reason, str(check["assert"]))
                )

    def _settings(self, languages: list[str]) -> Sheet:
        forms = self.document["forms"]
        form_id, form = next(iter(forms.items()))
        single = len(forms) == 1
        kept = dict(self.document.get("annotations", {}).get(SYSTEM, {}))
        row: dict[str, str] = {
            "form_title": next(
                iter((form if single else self.document).get("title", {}).values()), self.model.registry
            ),
            "form_id": (form.get("oid") or form_id) if single else self.model.registry,
            "version": kept.pop("version", "") or str(self.model.version),
            "default_language": column_name(languages[0]) if len(languages) > 1 or languages != ["en"] else "",
        }
        safe = {"style", "submission_url", "allow_choice_duplicates"}
        row.update({name if name in safe else parked(name): text for name, text in kept.items()})
        return Sheet([{column: text for column, text in row.items() if text}])

    def _tell_the_rest(self) -> None:
        for key, reason in _NOWHERE.items():
            parts = self.document.get(key, ())
            for part in parts if isinstance(parts, dict) else [str(number) for number in range(1, len(parts) + 1)]:
                self.findings.append(Finding(f"{key}.{part}", Told.OTHER, Outcome.DROPPED, reason, str(part)))
        for key, reason in _ALL_OF.items():
            if self.document.get(key):
                self.findings.append(
                    Finding(key, Told.OTHER, Outcome.APPROXIMATED, reason, ", ".join(map(str, self.document[key])))
                )


def _workbook(sheets: Mapping[str, Sheet]) -> bytes:
    kept = io.BytesIO()
    book = xlsxwriter.Workbook(
        kept, {"in_memory": True, "strings_to_numbers": False, "strings_to_formulas": False, "strings_to_urls": False}
    )
    book.set_properties({"created": _MADE})
    bold = book.add_format({"bold": True})
    for name, sheet in sheets.items():
        page = book.add_worksheet(name)
        columns = sheet.columns
        for at, column in enumerate(columns):
            page.write_string(0, at, column, bold)
        for number, row in enumerate(sheet.rows, 1):
            for at, column in enumerate(columns):
                if row.get(column):
                    page.write_string(number, at, row[column])
        page.freeze_panes(1, 0)
    book.close()
    return kept.getvalue()
