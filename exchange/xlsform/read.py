"""A workbook of XLSForm -> a definition with one form: groups are sections, repeats are groups of rows."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from exchange.document import Document, Entry, Imported, annotate
from exchange.findings import Part as Told
from exchange.findings import SourceFault
from exchange.identifiers import Ids, snake
from exchange.rules.placing import Placing
from exchange.xlsform import columns, kinds
from exchange.xlsform.choices import SYSTEM, ChoiceList, ChoiceReader, grouped
from exchange.xlsform.columns import Line
from exchange.xlsform.items import Items
from exchange.xlsform.languages import code_of, codes_of, is_private
from exchange.xlsform.names import Names
from exchange.xlsform.parked import ID, parked, unparked
from exchange.xlsform.sections import Sections
from exchange.xlsform.shapes import Shapes, is_yes_no
from exchange.xlsform.sheets import Sheet, read_sheets
from exchange.xlsform.texts import Languages, plain_text
from exchange.xlsform.tree import Survey, build_tree


def read(path: Path) -> Imported:
    """The definition that a workbook holds.

    Raises:
        SourceFault: it is no XLSForm, or is broken or too large.
    """
    sheets = read_sheets(path)
    survey = columns.lines(sheets["survey"])
    if not any(line["type"] for line in survey):
        raise SourceFault("The sheet 'survey' has no questions: its column 'type' is empty or missing.", path.name)
    return _Reading.of(path, sheets, survey).imported()


@dataclass(slots=True)
class _Reading:
    """One workbook while it is read."""

    path: Path
    survey: Survey
    settings: Line
    languages: Languages
    choices: Mapping[str, Sequence[Line]]
    external: Mapping[str, Sequence[Line]]
    placing: Placing
    ids: Ids
    lists: dict[str, ChoiceList] = field(default_factory=dict)
    reader: ChoiceReader = field(init=False)

    @classmethod
    def of(cls, path: Path, sheets: Mapping[str, Sheet], survey: Sequence[Line]) -> _Reading:
        choices = columns.lines(sheets.get("choices") or _like_choices(sheets), choices=True)
        external = columns.lines(sheets.get("external_choices"), choices=True)
        settings = next(iter(columns.lines(sheets.get("settings"))), Line(2))
        languages = _languages(settings, survey, [*choices, *external])
        placing = Placing(SYSTEM)
        _tell_languages(placing, languages)
        for name, told in (("survey", survey), ("choices", choices), ("external_choices", external)):
            _tell_doubled(placing, languages, name, told)
        survey, choices, external = (
            [line.in_codes(languages.named, languages.bare) for line in lines] for lines in (survey, choices, external)
        )
        made = cls(
            path,
            _tree(path, survey, grouped(choices)),
            settings,
            languages,
            grouped(choices),
            grouped(external),
            placing,
            Ids(),
        )
        made.reader = ChoiceReader(languages, made.placing, Ids(), _rules_of(survey))
        for name in ("entities", "osm"):
            if name in sheets:
                made.placing.dropped(f"sheet {name}", Told.OTHER, "The sheet has no counterpart here.", name)
        return made

    def imported(self) -> Imported:
        self._give_ids()
        shapes = Shapes(self._list_of, self.lists)
        shapes.names = Names.of(self.survey.root, shapes.answer)
        shapes.by_id = {part.id: part for part in self.survey.root.walk()}
        for name in self.choices:
            self._list(name, other=False)
        form_id = self.ids.make(self._setting("id_string") or self.path.stem, "form")
        items = Items(shapes, self.languages, self.placing, self.ids)
        sections = Sections(items, self.placing, self.ids).of(self.survey.root)
        for line, what in self.survey.oddities:
            self.placing.dropped(f"survey, row {line.number}", Told.OTHER, what, "; ".join(line.plain.values())[:200])
        self._give_values(shapes)
        return Imported(self._document(form_id, sections, items, shapes), tuple(self.placing.findings))

    # names and lists --------------------------------------------------------------------------------------------------

    def _give_ids(self) -> None:
        """Questions come first, so that they keep their names; then what holds them."""
        parts = [part for part in self.survey.root.walk() if part is not self.survey.root]
        for part in sorted(parts, key=lambda part: bool(part.kind)):
            part.id = self.ids.make(part.line.others.get(ID) or part.name, part.kind or "item")

    def _list_of(self, chosen: kinds.Choosing) -> ChoiceList | None:
        if chosen.source == "file":
            return self._from_file(chosen.list_name)
        if chosen.source == "external_choices" and chosen.list_name in self.external:
            return self._read_list(
                f"external:{chosen.list_name}", chosen.list_name, self.external[chosen.list_name], other=False
            )
        return self._list(chosen.list_name, other=chosen.other)

    def _list(self, name: str, *, other: bool) -> ChoiceList | None:
        lines = self.choices.get(name)
        return (
            None if lines is None else self._read_list(f"{name} or other" if other else name, name, lines, other=other)
        )

    def _read_list(self, key: str, name: str, lines: Sequence[Line], *, other: bool) -> ChoiceList:
        if key not in self.lists:
            self.lists[key] = self.reader.read(name, lines, other=other)
        return self.lists[key]

    def _from_file(self, name: str) -> ChoiceList | None:
        """Choices of a file that lies beside the workbook."""
        if name in self.lists:
            return self.lists[name]
        beside = self.path.parent / Path(name).name
        if beside.suffix.lower() != ".csv" or not beside.is_file():
            return None
        rows = [
            line.in_codes(dict.fromkeys(columns.languages([line]), self.languages.bare), self.languages.bare)
            for line in columns.rows_of_file(beside)
        ]
        return self._read_list(name, Path(name).stem, rows, other=False) if rows else None

    def _give_values(self, shapes: Shapes) -> None:
        """Numbers of codes that rules calculate with become an attribute of their lists."""
        for owner, *path in shapes.valued:
            part = shapes.by_id.get(path[-1])
            chosen = (
                shapes.of(part).choices
                if part is not None
                else next((known for known in self.lists.values() if known.id == owner), None)
            )
            if chosen is None or "value" in chosen.entry.get("attributes", {}):
                continue
            chosen.entry["attributes"] = {**chosen.entry.get("attributes", {}), "value": "number"}
            for code, value in chosen.values.items():
                chosen.entry["codes"][code]["value"] = value
            _attributes_first(chosen.entry)

    # the document -----------------------------------------------------------------------------------------------------

    def _setting(self, name: str) -> str:
        return self.settings[name] or self.survey.settings.get(name, "")

    def _document(self, form_id: str, sections: list[Entry], items: Items, shapes: Shapes) -> Document:
        if not sections:
            raise SourceFault("The sheet 'survey' has no questions.", self.path.name)
        title = plain_text(self._setting("title") or self._setting("id_string") or self.path.stem, None).text
        texts = dict.fromkeys(self.languages.all, title)
        written = self._setting("id_string") or self.path.stem
        form: Entry = {"title": texts, "in": "patient", "sections": sections}
        if form_id != written:
            form = {"oid": written, **form}
        if items.checks:
            form["checks"] = items.checks
        document: Document = {
            "registry": snake(written, "form"),
            "version": "1.0.0",
            "title": dict(texts),
            "languages": self.languages.all,
        }
        asked = {shape.choices.id for shape in shapes.known.values() if shape.choices is not None}
        lists = {
            chosen.id: chosen.entry for chosen in self.lists.values() if chosen.id in asked or not is_yes_no(chosen)
        }
        if lists:
            document["codelists"] = lists
        document["forms"] = {form_id: form}
        self._settings(document)
        return document

    def _settings(self, document: Document) -> None:
        kept = {
            name: text
            for name, text in self.settings.plain.items()
            if name not in ("title", "id_string", "default_language")
        }
        kept.update(unparked(self.settings.others))
        if kept.get("instance_name"):
            self.placing.dropped(
                "settings, instance_name", Told.RULE, "Records are named by the patient here.", kept["instance_name"]
            )
        for name, text in kept.items():
            annotate(document, SYSTEM, name, text)
        if kept:
            self.placing.dropped(
                "settings", Told.OTHER, f"Kept as annotations, without a meaning here: {', '.join(kept)}."
            )


def _attributes_first(entry: Entry) -> None:
    """`attributes` stands before `codes`."""
    codes = entry.pop("codes")
    entry["codes"] = codes


def _tree(path: Path, survey: Sequence[Line], choices: Mapping[str, Sequence[Line]]) -> Survey:
    try:
        return build_tree(survey, choices)
    except SourceFault as fault:
        raise SourceFault(fault.message, f"{path.name}, {fault.where}") from None


def _languages(settings: Line, survey: Sequence[Line], choices: Sequence[Line]) -> Languages:
    named = codes_of(columns.languages([*survey, *choices]))
    written = settings["default_language"]
    usual = named.get(written) or code_of(written) if written else None
    bare = any(line["label"] for line in survey)
    if not bare and named:
        return Languages(named, usual if usual is not None and usual in named.values() else next(iter(named.values())))
    return Languages(named, usual or "en")


def _tell_languages(placing: Placing, languages: Languages) -> None:
    """Languages that are not known, or stand twice."""
    first: dict[str, str] = {}
    for name, code in languages.named.items():
        if is_private(code):
            reason = f"This language is not known; it is called {code} here. A code in brackets tells which it is: {name} (sw)."
            placing.approximated("languages", Told.TEXT, reason, name)
        elif code in first:
            reason = f"It is the same language here as '{first[code]}', whose texts come first."
            placing.approximated("languages", Told.TEXT, reason, name)
        first.setdefault(code, name)


def _tell_doubled(placing: Placing, languages: Languages, sheet: str, lines: Sequence[Line]) -> None:
    """Texts of which another one in the same language takes the place: `label` beside `label::English`."""
    for line in lines:
        for column, texts in line.translated.items():
            for language in dict.fromkeys(languages.named[name] for name in texts):
                heads = [
                    (f"{column}::{name}", text) for name, text in texts.items() if languages.named[name] == language
                ]
                if language == languages.bare and line[column]:
                    heads.append((column, line[column]))
                (taken, shown), *others = heads
                for heading, text in others:
                    if text != shown:
                        reason = f"The column {taken} holds the same language ({language}), and its text is shown."
                        placing.dropped(f"{sheet}, row {line.number}", Told.TEXT, reason, f"{heading}: {text}")


def _like_choices(sheets: Mapping[str, Sheet]) -> Sheet | None:
    """A sheet with the columns of choices, whatever it is called."""
    for sheet in sheets.values():
        heads = {columns.column(heading, choices=True)[0] for heading in sheet.header}
        if {"list_name", "name"} <= heads:
            return sheet
    return None


_NAMING = re.compile(r"choice_filter|calculation|relevant|constraint|default|required|repeat_count")


def _rules_of(survey: Sequence[Line]) -> str:
    """The rules that may name columns of choices."""
    found: list[str] = []
    for line in survey:
        found.extend((line["choice_filter"], line.others.get(parked("choice_filter"), "")))
        found.extend(text for name, text in line.plain.items() if _NAMING.match(name) and "instance(" in text)
    return "\n".join(text for text in found if text)
