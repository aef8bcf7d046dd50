"""REDCap -> definition as data: data dictionaries, instrument archives and project XML."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path

from exchange.document import Document, Entry, Field, Imported, annotate
from exchange.findings import Part
from exchange.identifiers import Ids, snake
from exchange.plain_text import plain_text
from exchange.redcap.choices import Choices, choices_of
from exchange.redcap.columns import HEADINGS, PLACEHOLDER, RECORD_ID, SYSTEM, Column
from exchange.redcap.files import read_project
from exchange.redcap.items import Draft, draft_of
from exchange.redcap.placer import Placer
from exchange.redcap.references import Known, Place, References, Visit
from exchange.redcap.rules import place_rules
from exchange.redcap.source import Event, Project, Row
from exchange.redcap.texts import Text, Texts, without_braces
from exchange.redcap.validations import VALIDATIONS
from exchange.rules.placing import Placing
from exchange.rules.translate import number_in

_RECORD_ID = "REDCap calls records by this field; here they have numbers of their own, and it is an item like others."
_TWICE = "The name is given twice; rules mean the first."
_NO_CHOICES = "Such a field has no choices here; a text that looks up an ontology takes any words."
_NO_LABEL = "The field has no label; it is called by its name."
_NO_EVENT = "No event has the form there; here it belongs to the patient."
_NO_RECORD_LABEL = (
    "What the records of a form that repeats are called by is not shown here; rows of a group have such a title."
)
_REPEATS_EVERYWHERE = "The form does not repeat at {} there; here it may have several records at each of its events."
_MARKS_OF_CHOICES = "Marks of the choices' texts (HTML) are left out."


def read(path: Path, language: str = "en") -> Imported:
    """The definition that a file of REDCap describes. In which `language` its texts are is not said in it.

    Raises:
        SourceFault: with the place, what was found there, and what to do.
    """
    return _Reading(read_project(path), language).made()


@dataclass
class _Reading:
    """One project on its way."""

    project: Project
    language: str
    placing: Placing = field(default_factory=lambda: Placing(SYSTEM))
    ids: Ids = field(default_factory=Ids)
    lists: Ids = field(default_factory=Ids)
    codelists: dict[str, Entry] = field(default_factory=dict)
    shared: dict[tuple[object, ...], str] = field(default_factory=dict)  # what a list holds -> its id
    repeated: set[int] = field(default_factory=set)  # rows with a name that was given before

    def made(self) -> Imported:
        """The definition and what became of each part."""
        drafts = [draft_of(row, self.ids.make(row[Column.NAME], "field")) for row in self._rows()]
        references = self._references(drafts)
        decimals = {draft.id: places for draft in drafts if (places := draft.decimals()) is not None}
        placer = Placer(references, self.placing, self.language, decimals=decimals)
        forms = {
            references.places[name].id: self._form(name, parts, references, placer) for name, parts in _by_form(drafts)
        }
        self._give_values(placer.valued, drafts)
        self._tell_the_rest()
        return Imported(self._document(forms, references), tuple(self.placing.findings))

    def _rows(self) -> Iterator[Row]:
        """The fields that become items, each in a form."""
        form, names = "", set()
        for row in self.project.rows:
            form = row[Column.FORM] or form or "form"
            if row[Column.NAME] in names:
                self.repeated.add(row.number)
            names.add(row[Column.NAME])
            if not row[Column.NAME]:
                self.placing.dropped(f"{form}, row {row.number}", Part.OTHER, "The row has no field name.", _line(row))
            elif PLACEHOLDER not in row[Column.ANNOTATION]:
                yield row if row[Column.FORM] else replace(row, cells={**row.cells, Column.FORM: form})

    # names ----------------------------------------------------------------------------------------------------------

    def _references(self, drafts: Iterable[Draft]) -> References:
        """Who is who. A form is not called like an item: a name means one thing."""
        visits = {event.name: self._visit(event) for event in self.project.events}
        events = {name: visit.id for name, visit in visits.items()}
        known: dict[str, Known] = {}
        for draft in drafts:
            known.setdefault(draft.row[Column.NAME].lower(), draft.known())
        places = {}
        for name in dict.fromkeys(draft.row[Column.FORM] for draft in drafts):
            there = [event for event in self.project.events if name in event.forms]
            repeating_at = self.project.repeating.get(name)
            places[name] = Place(
                self.ids.make(name, "form"),
                tuple(events[event.name] for event in there),
                per_event=len(there) > 1 or any(event.repeats for event in there),
                repeats=repeating_at is not None,
                once_at=frozenset(
                    events[event.name] for event in there if repeating_at and event.name not in repeating_at
                ),
            )
        fields = {
            name: replace(found, field=replace(found.field, form=places[found.form].id))
            for name, found in known.items()
        }
        return References(fields, places, visits, self.project.record_id.lower())

    def _visit(self, event: Event) -> Visit:
        arm, arm_title = event.notes.get("ArmNum", "1"), event.notes.get("ArmName", "")
        return Visit(self.ids.make(event.name, "event"), event.name, event.title, arm, arm_title, event.repeats)

    # forms ----------------------------------------------------------------------------------------------------------

    def _form(self, name: str, drafts: list[Draft], references: References, placer: Placer) -> Entry:
        place = references.places[name]
        title = self.project.form_titles.get(name) or name.replace("_", " ").capitalize()
        form: Entry = {"title": {self.language: plain_text(title) or name}}
        if place.id != name:
            form["oid"] = name
        if not place.events:
            form["in"] = "patient"
            if self.project.events:
                self.placing.approximated(f"form {name}", Part.LAYOUT, _NO_EVENT, name)
        if place.per_event:
            form["per"] = "event"
        if place.repeats:
            form["repeats"] = True
            if place.once_at:
                once = ", ".join(sorted(place.once_at))
                self.placing.approximated(f"form {name}", Part.LAYOUT, _REPEATS_EVERYWHERE.format(once), name)
        label = self.project.record_labels.get(name)
        if label:
            annotate(form, SYSTEM, "CustomLabel", label)
            self.placing.dropped(f"form {name}", Part.TEXT, _NO_RECORD_LABEL, label)
        texts = Texts(references, name)
        form["sections"] = list(self._sections(drafts, form, texts, placer))
        return form

    def _sections(self, drafts: list[Draft], form: Entry, texts: Texts, placer: Placer) -> Iterator[Entry]:
        """A section begins where a field has a section header."""
        ids, section = Ids(), None
        for draft in drafts:
            header = draft.row[Column.SECTION]
            if section is None or header:
                if section is not None:
                    yield section
                section = self._section(ids, header, draft.row, texts)
            self._item(draft, form, texts, placer)
            section["items"].append(draft.entry)
        if section is not None:
            yield section

    def _section(self, ids: Ids, header: str, row: Row, texts: Texts) -> Entry:
        title = texts.translate(header)
        section: Entry = {"id": ids.make(snake(title.words, "section")[:40].rstrip("_"), "section"), "items": []}
        if title.words:
            section["title"] = {self.language: title.words}
        self._tell_text(section, Column.SECTION, header, title, row.where)
        return section

    # items ----------------------------------------------------------------------------------------------------------

    def _item(self, draft: Draft, form: Entry, texts: Texts, placer: Placer) -> None:
        row, entry = draft.row, draft.entry
        self._tell_item(draft)
        label = texts.translate(row[Column.LABEL], row[Column.NAME])
        entry["label"] = {self.language: label.words or without_braces(row[Column.NAME])}
        self._tell_text(entry, Column.LABEL, row[Column.LABEL], label, row.where)
        if not label.words:
            self.placing.approximated(row.where, Part.TEXT, _NO_LABEL, row[Column.LABEL])
        self._hint(draft, texts)
        place_rules(placer, draft, form)
        self._choices(draft)
        self._layout(draft)

    def _tell_item(self, draft: Draft) -> None:
        row, lost = draft.row, list(draft.lost)
        if row.number in self.repeated:
            lost.append(_TWICE)
        if row[Column.NAME] == self.project.record_id:
            lost.append(_RECORD_ID)
        if lost:
            self.placing.approximated(row.where, Part.ITEM, " ".join(lost), row[Column.TYPE])
        else:
            self.placing.kept(row.where, Part.ITEM)

    def _hint(self, draft: Draft, texts: Texts) -> None:
        """The field note; where a pattern is asked for and there is none, what it looks like; at a slider, its ends."""
        row = draft.row
        note = texts.translate(row[Column.NOTE], row[Column.NAME])
        validation = VALIDATIONS.get(row[Column.VALIDATION].lower())
        hint = note.words
        if not hint and validation is not None and "pattern" in draft.entry:
            hint = validation.hint
        if not hint and row[Column.TYPE].lower() == "slider":
            hint = " – ".join(part for part in (plain_text(each) for each in row[Column.CHOICES].split("|")) if part)
            hint = texts.translate(hint).words
        if hint:
            draft.entry["hint"] = {self.language: hint}
        self._tell_text(draft.entry, Column.NOTE, row[Column.NOTE], note, row.where)

    def _tell_text(self, part: Entry, column: Column, found: str, text: Text, where: str) -> None:
        if text.lost:
            annotate(part, SYSTEM, HEADINGS[column], found[:60_000])
            self.placing.approximated(where, Part.TEXT, " ".join(text.lost), found[:2000])

    def _layout(self, draft: Draft) -> None:
        kept = [column for column in (Column.ALIGNMENT, Column.NUMBER, Column.RANKING) if draft.row[column]]
        if kept:
            named = ", ".join(HEADINGS[column] for column in kept)
            found = ", ".join(draft.row[column] for column in kept)
            self.placing.dropped(draft.row.where, Part.LAYOUT, f"Not shown here: {named}.", found)
        for heading, text in draft.row.others.items():
            self.placing.dropped(draft.row.where, Part.OTHER, f"The column {heading} is not known.", text[:2000])

    # choices --------------------------------------------------------------------------------------------------------

    def _choices(self, draft: Draft) -> None:
        choices, where = draft.choices, draft.row.where
        if draft.unused_choices:
            self.placing.dropped(where, Part.CHOICES, _NO_CHOICES, draft.row[Column.CHOICES][:2000])
        if not choices.labels:
            return
        draft.entry["codelist"] = self._list(draft, choices)
        faults = list(choices.faults)
        if "<" in draft.row[Column.CHOICES] and any(plain_text(label) != label for label in choices.labels.values()):
            faults.append(_MARKS_OF_CHOICES)
        if faults:
            self.placing.approximated(where, Part.CHOICES, " ".join(faults), draft.row[Column.CHOICES][:2000])
        else:
            self.placing.kept(where, Part.CHOICES)

    def _list(self, draft: Draft, choices: Choices) -> str:
        """The same choices are the same list."""
        key = (tuple(choices.labels.items()), tuple(choices.spellings.items()), tuple(sorted(draft.exclusive)))
        if key not in self.shared:
            id_ = self.shared[key] = self.lists.make(draft.id, "list")
            originals = {ours: theirs for theirs, ours in choices.spellings.items()}
            self.codelists[id_] = {
                "codes": {
                    code: _code(label, originals.get(code), self.language, exclusive=code in draft.exclusive)
                    for code, label in choices.labels.items()
                }
            }
        return self.shared[key]

    def _give_values(self, valued: Mapping[tuple[str, ...], Field], drafts: Iterable[Draft]) -> None:
        """Lists whose codes are calculated with have the number of each code as an attribute."""
        lists = {draft.id: draft.entry.get("codelist", "") for draft in drafts}
        for id_ in dict.fromkeys(lists[path[-1]] for path in valued):
            entry = self.codelists[id_]
            entry["attributes"] = {"value": "number"}
            for code, parts in entry["codes"].items():
                number = number_in(code)
                parts["value"] = _plain_number(number) if number is not None else 0

    # the rest -------------------------------------------------------------------------------------------------------

    def _tell_the_rest(self) -> None:
        for name, reason in self.project.untold:
            self.placing.dropped("project", Part.OTHER, reason, name)

    def _document(self, forms: Mapping[str, Entry], references: References) -> Document:
        title = plain_text(self.project.title) or "REDCap"
        document: Document = {
            "registry": self.project.registry or snake(title, "registry")[:40].rstrip("_"),
            "version": "1.0.0",
            "title": {self.language: title},
            "languages": [self.language],
        }
        missing = choices_of(self.project.missing_codes)
        if missing.labels:
            document["missing"] = {
                "missing_data": {code: {self.language: plain_text(label)} for code, label in missing.labels.items()}
            }
            for form in forms.values():
                for section in form["sections"]:
                    for entry in section["items"]:
                        if entry["type"] != "note" and "calculate" not in entry:
                            entry["missing"] = "missing_data"
        if self.codelists:
            document["codelists"] = self.codelists
        if self.project.events:
            document["events"] = {
                references.events[event.name].id: self._event(event, references) for event in self.project.events
            }
        document["forms"] = dict(forms)
        if self.project.record_id:
            annotate(document, SYSTEM, RECORD_ID, self.project.record_id)
        return document

    def _event(self, event: Event, references: References) -> Entry:
        entry: Entry = {"title": {self.language: plain_text(event.title) or event.name}}
        if references.events[event.name].id != event.name:
            entry["oid"] = event.name
        forms = [references.places[name].id for name in event.forms if name in references.places]
        if forms:
            entry["forms"] = forms
        if event.repeats:
            entry["repeats"] = True
        for name, text in event.notes.items():
            annotate(entry, SYSTEM, name, text)
        days = event.notes.get("DayOffset", "")
        if number_in(days):
            reason = "The day of the event is not planned here; plan it with `after` and `day`."
            self.placing.dropped(f"event {event.name}", Part.OTHER, reason, days)
        return entry


def _by_form(drafts: Iterable[Draft]) -> Iterator[tuple[str, list[Draft]]]:
    """Fields of a form stand together, in the order in which forms begin."""
    forms: dict[str, list[Draft]] = {}
    for draft in drafts:
        forms.setdefault(draft.row[Column.FORM], []).append(draft)
    yield from forms.items()


def _code(label: str, original: str | None, language: str, *, exclusive: bool) -> Entry:
    entry: Entry = {language: without_braces(plain_text(label)) or label}
    if exclusive:
        entry["exclusive"] = True
    if original is not None:
        annotate(entry, SYSTEM, "Code", original)
    return entry


def _plain_number(number: Decimal) -> int | Decimal:
    return int(number) if number == int(number) else number


def _line(row: Row) -> str:
    return ", ".join(row.cells.values())[:2000]
