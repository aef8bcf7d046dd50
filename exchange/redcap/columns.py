"""The columns of a REDCap data dictionary: what they are called in files and at the API, and how a header is recognised."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum

SYSTEM = "redcap"  # of annotations
RECORD_ID = "Record ID Field"  # the annotation of a definition that names the field by which REDCap calls records
REGISTRY = "ECRF"  # the tag of the first field, of what export writes, that holds `id: title` of the registry
PLACEHOLDER = "@HIDDEN record id"  # annotation of a field that export adds, because REDCap needs one


class Column(StrEnum):
    """A column, by its name at the API."""

    NAME = "field_name"
    FORM = "form_name"
    SECTION = "section_header"
    TYPE = "field_type"
    LABEL = "field_label"
    CHOICES = "select_choices_or_calculations"
    NOTE = "field_note"
    VALIDATION = "text_validation_type_or_show_slider_number"
    MIN = "text_validation_min"
    MAX = "text_validation_max"
    IDENTIFIER = "identifier"
    BRANCHING = "branching_logic"
    REQUIRED = "required_field"
    ALIGNMENT = "custom_alignment"
    NUMBER = "question_number"
    MATRIX = "matrix_group_name"
    RANKING = "matrix_ranking"
    ANNOTATION = "field_annotation"


# As REDCap writes them, in their order. Annotations of a definition have these names too.
HEADINGS: Mapping[Column, str] = {
    Column.NAME: "Variable / Field Name",
    Column.FORM: "Form Name",
    Column.SECTION: "Section Header",
    Column.TYPE: "Field Type",
    Column.LABEL: "Field Label",
    Column.CHOICES: "Choices, Calculations, OR Slider Labels",
    Column.NOTE: "Field Note",
    Column.VALIDATION: "Text Validation Type OR Show Slider Number",
    Column.MIN: "Text Validation Min",
    Column.MAX: "Text Validation Max",
    Column.IDENTIFIER: "Identifier?",
    Column.BRANCHING: "Branching Logic (Show field only if...)",
    Column.REQUIRED: "Required Field?",
    Column.ALIGNMENT: "Custom Alignment",
    Column.NUMBER: "Question Number (surveys only)",
    Column.MATRIX: "Matrix Group Name",
    Column.RANKING: "Matrix Ranking?",
    Column.ANNOTATION: "Field Annotation",
}

# Other spellings: older versions, R data frames, and what people type.
_ALSO: Mapping[str, Column] = {
    "variable": Column.NAME,
    "variablename": Column.NAME,
    "variablefieldname": Column.NAME,
    "choicesorcalculations": Column.CHOICES,
    "choicescalculationsorsliderlabels": Column.CHOICES,
    "choices": Column.CHOICES,
    "textvalidationtype": Column.VALIDATION,
    "branchinglogic": Column.BRANCHING,
    "branchinglogicshowfieldonlyif": Column.BRANCHING,
    "required": Column.REQUIRED,
    "questionnumber": Column.NUMBER,
    "questionnumbersurveysonly": Column.NUMBER,
    "actiontagsfieldannotation": Column.ANNOTATION,
    "fieldannotationactiontags": Column.ANNOTATION,
    "fieldannotations": Column.ANNOTATION,
    "form": Column.FORM,
    "formname": Column.FORM,
    "instrument": Column.FORM,
    "type": Column.TYPE,
    "label": Column.LABEL,
}
_NOT_IN_NAMES = re.compile(r"[^a-z0-9]+")
_BY_NAME: Mapping[str, Column] = {
    **_ALSO,
    **{_NOT_IN_NAMES.sub("", column.value): column for column in Column},
    **{_NOT_IN_NAMES.sub("", heading.lower()): column for column, heading in HEADINGS.items()},
}
_LEAST = 4  # columns of a header
_BY_PLACE = 8  # that are recognised where others are found by their place
_WHOLE = (17, 18)  # columns of old and of present dictionaries


def columns_of(header: Sequence[str]) -> dict[int, Column] | None:
    """Place -> column of a header, or None where this is none.

    A first cell that was broken on its way (a mark that was read as letters, a lost quote) is the field's name, if no other is.
    """
    found: dict[int, Column] = {}
    for place, cell in enumerate(header):
        column = _BY_NAME.get(_NOT_IN_NAMES.sub("", cell.lower()))
        if column is not None and column not in found.values():
            found[place] = column
    if Column.NAME not in found.values() and 0 not in found:
        found[0] = Column.NAME
    if len(header) in _WHOLE and _BY_PLACE <= len(found) < len(header):
        missing = {place: column for place, column in enumerate(Column) if place not in found and place < len(header)}
        found |= {place: column for place, column in missing.items() if column not in found.values()}
    known = set(found.values())
    whole = {Column.NAME, Column.TYPE} <= known and bool({Column.FORM, Column.CHOICES} & known)
    return found if whole and len(known) >= _LEAST else None
