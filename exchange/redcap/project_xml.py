"""REDCap's project XML (its dialect of ODM) -> the same rows as a data dictionary, with events and what repeats."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import count, groupby

from lxml import etree

from exchange.findings import SourceFault
from exchange.redcap.columns import Column
from exchange.redcap.source import Event, Project, Row

# What of the project is no part of its forms: element of GlobalVariables -> reason.
_SETTINGS: Mapping[str, str] = {
    "DataQualityRulesGroup": "Rules of data quality are not taken over.",
    "SurveysGroup": "Settings of surveys are not taken over.",
    "ReportsGroup": "Reports are not taken over.",
    "UserRolesGroup": "Roles of users are not taken over.",
    "DataAccessGroupsGroup": "Data access groups are not taken over: hospitals see their own patients.",
    "AlertsGroup": "Alerts are not taken over.",
    "MultilanguageSettings": "Translations are not taken over.",
}
# Attribute of an ItemDef -> column.
_CELLS: Mapping[str, Column] = {
    "FieldType": Column.TYPE,
    "TextValidationType": Column.VALIDATION,
    "SectionHeader": Column.SECTION,
    "FieldNote": Column.NOTE,
    "Identifier": Column.IDENTIFIER,
    "BranchingLogic": Column.BRANCHING,
    "RequiredField": Column.REQUIRED,
    "CustomAlignment": Column.ALIGNMENT,
    "QuestionNumber": Column.NUMBER,
    "MatrixGroupName": Column.MATRIX,
    "MatrixRanking": Column.RANKING,
    "FieldAnnotation": Column.ANNOTATION,
}
# Elements that hold what an attribute or the answers would not: kind of field -> attribute with its choices.
_CHOICES: Mapping[str, str] = {"calc": "Calculation", "slider": "SliderLabels"}
_TYPES: Mapping[str, str] = {"select": "dropdown", "textarea": "notes"}
_VALIDATIONS: Mapping[str, str] = {"float": "number", "int": "integer", "date": "date_ymd", "datetime": "datetime_ymd"}


def is_redcap(root: etree._Element) -> bool:
    """Whether an ODM file is one of REDCap's."""
    return any("projectredcap" in str(uri) for uri in root.nsmap.values())


def project_of(root: etree._Element, where: str, name: str) -> Project:
    """The metadata of a project XML.

    Raises:
        SourceFault: it is another XML, or has no metadata.
    """
    if _local(root) != "ODM" or not is_redcap(root):
        raise SourceFault(
            f"This XML begins with {_local(root)} and is not of REDCap. For other ODM files ask for the format odm, for FHIR for fhir.",
            where,
        )
    version = next(_all(root, "MetaDataVersion"), None)
    if version is None:
        raise SourceFault("The file holds no MetaDataVersion: data alone. Export the project's metadata as XML.", where)
    settings = {_local(part): part for globals_ in _all(root, "GlobalVariables") for part in globals_.iterchildren("*")}
    rows = tuple(_rows(version))
    if not rows:
        raise SourceFault("The project has no fields.", where)
    return Project(
        _text(settings.get("StudyName")) or name,
        rows,
        record_id=_attribute(version, "RecordIdField") or rows[0][Column.NAME],
        form_titles={_form_name(form): form.get("Name", "") for form in _all(version, "FormDef")},
        events=tuple(_events(version, settings.get("RepeatingInstrumentsAndEvents"))),
        repeating=_repeating(version, settings.get("RepeatingInstrumentsAndEvents")),
        record_labels={
            _attribute(part, "RepeatInstrument"): label
            for part in _inside(settings.get("RepeatingInstrumentsAndEvents"), "RepeatingInstrument")
            if (label := _attribute(part, "CustomLabel"))
        },
        missing_codes=_text(settings.get("MissingDataCodes")),
        untold=tuple((name, reason) for name, reason in _SETTINGS.items() if name in settings),
    )


# fields -----------------------------------------------------------------------------------------------------------


def _rows(version: etree._Element) -> Iterator[Row]:
    """In the order of forms. A multiple choice is an item for each code there: they become one again."""
    numbers = count(1)
    items = {item.get("OID", ""): item for item in _all(version, "ItemDef")}
    groups = {group.get("OID", ""): group for group in _all(version, "ItemGroupDef")}
    lists = {codes.get("OID", ""): codes for codes in _all(version, "CodeList")}
    for form in _all(version, "FormDef"):
        references = (
            reference
            for named in _all(form, "ItemGroupRef")
            if named.get("ItemGroupOID", "") in groups
            for reference in _all(groups[named.get("ItemGroupOID", "")], "ItemRef")
        )
        found = (items[oid] for oid in (part.get("ItemOID", "") for part in references) if oid in items)
        for variable, parts in groupby(found, key=_variable):
            item = next(iter(parts))
            if _attribute(item, "FieldType") and variable != f"{_form_name(form)}_complete":
                yield Row(next(numbers), _cells(item, variable, _form_name(form), lists))


def _variable(item: etree._Element) -> str:
    return _attribute(item, "Variable") or item.get("OID", "")


def _form_name(form: etree._Element) -> str:
    return _attribute(form, "FormName") or form.get("OID", "").removeprefix("Form.")


def _cells(item: etree._Element, variable: str, form: str, lists: Mapping[str, etree._Element]) -> Mapping[Column, str]:
    kind = _attribute(item, "FieldType")
    question = next(_all(item, "Question"), None)
    label = next(_all(question, "FormattedTranslatedText"), None) if question is not None else None
    if label is None and question is not None:
        label = next(_all(question, "TranslatedText"), None)
    cells = {column: _attribute(item, name) for name, column in _CELLS.items()}
    low, high = _bounds(item)
    cells |= {
        Column.NAME: variable,
        Column.FORM: form,
        Column.TYPE: _TYPES.get(kind, kind),
        Column.LABEL: _text(label),
        Column.VALIDATION: _VALIDATIONS.get(cells[Column.VALIDATION], cells[Column.VALIDATION]),
        Column.CHOICES: _attribute(item, _CHOICES[kind]) if kind in _CHOICES else _choices(item, kind, lists),
        Column.MIN: low,
        Column.MAX: high,
    }
    return {column: text for column, text in cells.items() if text}


def _choices(item: etree._Element, kind: str, lists: Mapping[str, etree._Element]) -> str:
    named = next(_all(item, "CodeListRef"), None)
    codes = lists.get(named.get("CodeListOID", "")) if named is not None else None
    if codes is None or kind in ("yesno", "truefalse"):
        return ""
    if kind == "checkbox":
        return _attribute(codes, "CheckboxChoices")
    return " | ".join(
        f"{entry.get('CodedValue', '')}, {_text(next(_all(entry, 'TranslatedText'), None))}"
        for entry in _all(codes, "CodeListItem")
    )


def _bounds(item: etree._Element) -> tuple[str, str]:
    found = {
        check.get("Comparator"): _text(next(_all(check, "CheckValue"), None)) for check in _all(item, "RangeCheck")
    }
    return found.get("GE", ""), found.get("LE", "")


# events -----------------------------------------------------------------------------------------------------------


def _events(version: etree._Element, repeats: etree._Element | None) -> Iterator[Event]:
    """None of a project with one event: that is what REDCap writes where there are no events at all."""
    events = list(_all(version, "StudyEventDef"))
    if len(events) < 2:
        return
    forms = {form.get("OID", ""): _form_name(form) for form in _all(version, "FormDef")}
    repeating = {_attribute(part, "UniqueEventName") for part in _inside(repeats, "RepeatingEvent")}
    arms = {_attribute(event, "ArmNum") for event in events}
    for event in events:
        name = _attribute(event, "UniqueEventName") or event.get("OID", "").removeprefix("Event.")
        yield Event(
            name,
            (event.get("Name", "") if len(arms) > 1 else _attribute(event, "EventName"))
            or event.get("Name", "")
            or name,
            tuple(forms[oid] for oid in (part.get("FormOID", "") for part in _all(event, "FormRef")) if oid in forms),
            name in repeating,
            {
                key: value
                for key in ("ArmNum", "ArmName", "DayOffset", "OffsetMin", "OffsetMax", "CustomEventLabel")
                if (value := _attribute(event, key))
            },
        )


def _repeating(version: etree._Element, repeats: etree._Element | None) -> Mapping[str, frozenset[str]]:
    """Form that repeats -> the events at which it does, none where the file does not say."""
    found: dict[str, frozenset[str]] = {
        _form_name(form): frozenset() for form in _all(version, "FormDef") if form.get("Repeating") == "Yes"
    }
    for part in _inside(repeats, "RepeatingInstrument"):
        form, event = _attribute(part, "RepeatInstrument"), _attribute(part, "UniqueEventName")
        found[form] = found.get(form, frozenset()) | ({event} if event else set())
    return found


# XML --------------------------------------------------------------------------------------------------------------


def _local(element: etree._Element) -> str:
    return etree.QName(element).localname


def _all(element: etree._Element, name: str) -> Iterator[etree._Element]:
    return element.iterdescendants(f"{{*}}{name}")


def _inside(element: etree._Element | None, name: str) -> Iterator[etree._Element]:
    return _all(element, name) if element is not None else iter(())


def _attribute(element: etree._Element, name: str) -> str:
    """An attribute of REDCap's namespace, whatever its address is."""
    for key, value in element.attrib.items():
        if str(key).endswith(f"}}{name}"):
            return str(value).strip()
    return ""


def _text(element: etree._Element | None) -> str:
    return "".join(element.itertext()).strip() if element is not None else ""  # type: ignore[arg-type]  # stubs say bytes too
