"""Definition -> data dictionary of REDCap (18 columns). A group of rows becomes an instrument of its own, to be set to repeat."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from engine.compiler import CompiledRegistry
from engine.model.form import FormDef, GroupDef
from exchange.document import Document, Entry, Exported, annotated, rule_text
from exchange.findings import Finding, Outcome, Part
from exchange.from_model import document_of
from exchange.redcap.columns import HEADINGS, PLACEHOLDER, RECORD_ID, REGISTRY, SYSTEM, Column
from exchange.redcap.outgoing import Called, Logic, Variables, called
from exchange.redcap.outgoing_fields import Cells, FieldWriter, piped, shape
from exchange.redcap.outgoing_tags import quoted
from exchange.rules.meaning import Inexpressible
from exchange.rules.names import Catalogue

_AT_MOST = re.compile(r"count\(\w+ in (\w+)\) <= (\d+)")

_A_WARNING = "A dictionary holds no checks: a text is shown where this one is broken."
_REPEATS = "Set the instrument to repeat in REDCap: a dictionary does not say it."
_NESTED = "Rows within rows are rows beside each other there."

# Parts of a definition that a dictionary has no place for.
_WHOLE: Mapping[str, str] = {
    "events": "Events are defined in REDCap itself.",
    "derived": "Outcomes have no place in a dictionary.",
    "indicators": "Indicators have no place in a dictionary.",
    "parameters": "Parameters have no place in a dictionary.",
    "containers": "Parts of the record are events or repeating instruments there: define them in REDCap.",
    "verification": "What monitors compare is not said in a dictionary.",
    "contacts": "Contacts have no place in a dictionary.",
}


def write(registry: CompiledRegistry) -> Exported:
    """The data dictionary of a definition, as CSV that REDCap takes, and what it could not carry."""
    return _Writing(registry).made()


class _Writing:
    """One definition on its way."""

    def __init__(self, registry: CompiledRegistry) -> None:
        self.model = registry.model
        self.document: Document = document_of(registry.model)
        self.assigned: Called = called(registry.model)
        self.catalogue = Catalogue(registry.model)
        languages = self.document.get("languages", ["en"])
        self.fields = FieldWriter(
            self.document.get("codelists", {}), languages, "en" if "en" in languages else languages[0]
        )
        self.names = Variables({*self.assigned.items.values()})

    def made(self) -> Exported:
        rows = [
            row for name, form in self.model.forms.items() for row in self._form(form, self.document["forms"][name])
        ]
        rows = self._with_record_id(rows)
        self._name(rows[0])
        self._tell_the_rest()
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\r\n")
        writer.writerow(HEADINGS.values())
        writer.writerows([row.get(column, "") for column in HEADINGS] for row in rows)
        return Exported(text.getvalue().encode("utf-8"), tuple(self.fields.findings))

    def _with_record_id(self, rows: list[Cells]) -> list[Cells]:
        """REDCap's first field names the records."""
        kept = self.model.annotations.get(SYSTEM, {}).get(RECORD_ID)
        if rows and rows[0][Column.NAME] == kept:
            return rows
        form = rows[0][Column.FORM] if rows else "form"
        first: Cells = {
            Column.NAME: self.names.make(["record_id", "redcap_record_id"]),
            Column.FORM: form,
            Column.TYPE: "text",
            Column.LABEL: "Record ID",
            Column.ANNOTATION: PLACEHOLDER,
        }
        return [first, *rows]

    def _name(self, first: Cells) -> None:
        """The first field holds what the registry is called, so that import finds it again; REDCap passes over tags that it does not know."""
        called = f"{self.model.registry}: {self.fields.text(self.document['title'])}"
        with suppress(Inexpressible):
            told = f"@{REGISTRY}={quoted(called)}"
            first[Column.ANNOTATION] = "\n".join(part for part in (first.get(Column.ANNOTATION), told) if part)

    # forms ----------------------------------------------------------------------------------------------------------

    def _form(self, form: FormDef, entry: Entry) -> Iterator[Cells]:
        """Its fields outside groups, then those of each group as an instrument."""
        groups: list[tuple[Entry, tuple[GroupDef, ...], list[Any]]] = []
        logic = Logic.at(self.catalogue, self.assigned, form, ())
        limits = {found[1]: found for check in entry.get("checks", ()) if (found := _at_most(check))}
        checks = [check for check in entry.get("checks", ()) if not _at_most(check)]
        self._tell_form(form, entry)
        for section in entry["sections"]:
            header = self._header(section, logic, form)
            conditions = [section["when"]] if "when" in section else []
            for part in section["items"]:
                if "group" in part:
                    groups.append((part, (_group_of(form, part["group"]),), [*conditions, *_when(part)]))
                    continue
                yield self._field(form, "", part, logic, conditions, header, limits)
                header = ""
        yield from (row for check in checks if (row := self._warning(form, check, logic)) is not None)
        while groups:
            group, chain, conditions = groups.pop(0)
            for part in group["items"]:
                if "group" in part:
                    self.fields.told(f"{form.id}.{part['group']}", Part.LAYOUT, Outcome.APPROXIMATED, _NESTED)
                    inner = next(each for each in chain[-1].groups if each.id == part["group"])
                    groups.append((part, (*chain, inner), [*conditions, *_when(part)]))
            yield from self._rows(form, group, chain, conditions, limits)

    def _rows(
        self, form: FormDef, group: Entry, chain: tuple[GroupDef, ...], conditions: Sequence[Any], limits: Limits
    ) -> Iterator[Cells]:
        where = f"{form.id}.{group['group']}"
        self.fields.told(
            where, Part.LAYOUT, Outcome.APPROXIMATED, _REPEATS, self.assigned.instruments[form.id, group["group"]]
        )
        logic = Logic.at(self.catalogue, self.assigned, form, chain)
        header = self.fields.text(group.get("title", {}))
        for part in group["items"]:
            if "group" not in part:
                yield self._field(form, group["group"], part, logic, conditions, header, limits)
                header = ""

    def _field(
        self,
        form: FormDef,
        group: str,
        entry: Entry,
        logic: Logic,
        conditions: Sequence[Any],
        header: str,
        limits: Limits,
    ) -> Cells:
        cells: Cells = {
            Column.NAME: self.assigned.items[form.id, entry["id"]],
            Column.FORM: self.assigned.instruments[form.id, group],
            Column.SECTION: header,
        }
        where = f"{form.id}.{entry['id']}"
        self._tell_name(where, entry.get("oid") or entry["id"], cells[Column.NAME])
        row = self.fields.field(entry, cells, logic, conditions, where)
        if entry["id"] in limits:
            found = limits[entry["id"]]
            row[Column.ANNOTATION] = "\n".join(filter(None, (row[Column.ANNOTATION], f"@MAXCHECKED={found[2]}")))
            self.fields.told(where, Part.RULE, found=found[0])
        return row

    def _tell_name(self, where: str, wanted: str, made: str) -> None:
        if made != wanted:
            reason = f"It is called {made} there: names are small letters, digits and _, each only once."
            self.fields.told(where, Part.OTHER, Outcome.APPROXIMATED, reason, wanted)

    def _header(self, section: Entry, logic: Logic, form: FormDef) -> str:
        where = f"{form.id}.{section['id']}"
        if "note" in section:
            self.fields.told(
                where, Part.TEXT, Outcome.DROPPED, "Notes of sections are left out.", str(section["note"])[:200]
            )
        title = piped(logic, self.fields.text(section.get("title", {})))
        before = annotated(section, SYSTEM).get(HEADINGS[Column.SECTION], "")
        return str(before) if before and shape(before) == shape(title) else title

    # checks ---------------------------------------------------------------------------------------------------------

    def _warning(self, form: FormDef, check: Entry, logic: Logic) -> Cells | None:
        """A text that is shown where a check is broken."""
        where, found = f"{form.id}.{check['id']}", rule_text(check["assert"])
        try:
            shown = logic.broken(found)
        except Inexpressible as fault:
            self.fields.told(where, Part.RULE, Outcome.DROPPED, fault.reason, found)
            return None
        self.fields.told(where, Part.RULE, Outcome.APPROXIMATED, _A_WARNING, found)
        return {
            Column.NAME: self.names.make([check["id"], f"{form.id}_{check['id']}"]),
            Column.FORM: self.assigned.instruments[form.id, ""],
            Column.TYPE: "descriptive",
            Column.LABEL: piped(logic, self.fields.text(check["message"])),
            Column.BRANCHING: shown,
        }

    # the rest -------------------------------------------------------------------------------------------------------

    def _tell_form(self, form: FormDef, entry: Entry) -> None:
        self._tell_name(f"form {form.id}", form.oid or form.id, self.assigned.instruments[form.id, ""])
        for key, reason in (
            ("repeats", _REPEATS),
            ("per", "Designate the instrument to its events in REDCap."),
            ("intro", "Introductions of forms are left out."),
            ("see", "Rights of roles are set up in REDCap itself."),
            ("edit", "Rights of roles are set up in REDCap itself."),
        ):
            if key in entry:
                self.fields.told(f"form {form.id}", Part.LAYOUT, Outcome.DROPPED, reason, str(entry[key])[:200])

    def _tell_the_rest(self) -> None:
        for key, reason in _WHOLE.items():
            for name in _names_of(self.document.get(key, ())):
                self.fields.told(f"{key}.{name}", Part.OTHER, Outcome.DROPPED, reason, name)
        for language in self.document.get("languages", ()):
            if language != self.fields.language:
                reason = "A dictionary has one language; others are set up in REDCap."
                self.fields.findings.append(Finding("texts", Part.TEXT, Outcome.DROPPED, reason, language))


Limits = Mapping[str, re.Match[str]]  # item -> the rule that it has at most so many codes: item, number


def _at_most(check: Entry) -> re.Match[str] | None:
    """A check that REDCap says at the field itself."""
    return _AT_MOST.fullmatch(rule_text(check["assert"]))


def _when(part: Entry) -> list[Any]:
    return [part["when"]] if "when" in part else []


def _group_of(form: FormDef, id_: str) -> GroupDef:
    return next(group for group in form.groups if group.id == id_)


def _names_of(part: Any) -> list[str]:
    if isinstance(part, list):
        return [str(entry.get("id", number)) for number, entry in enumerate(part)]
    return [str(name) for name in part]
