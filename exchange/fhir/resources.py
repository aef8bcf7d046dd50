"""The resources in a file: Questionnaires and the value sets that come with them, as JSON would have them, in the shape of R4.

XML becomes the same maps. STU3 (`option`, `hasAnswer`) and R5 (`coding`, `answerConstraint`) are brought to R4, so that one
shape is read. What is not valid and yet clear is taken: comments, trailing commas, numbers as texts, one where a list belongs.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from exchange.fhir.xml import as_json
from exchange.findings import SourceFault
from exchange.reading import decoded, read_bytes, xml_root

Json = dict[str, Any]

MAX_DEPTH = 100  # items and extensions in one another
_OUTSIDE_TEXTS = re.compile(r'("(?:[^"\\]|\\.)*")|//[^\n]*|/\*.*?\*/', re.DOTALL)
_TRAILING = re.compile(r'("(?:[^"\\]|\\.)*")|,(?=\s*[}\]])', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Source:
    """What a file holds. `value_sets` by their url, by `#id` and by `ValueSet/id`."""

    questionnaires: tuple[Json, ...]
    value_sets: Mapping[str, Json] = field(default_factory=dict)


def load(path: Path) -> Source:
    """The resources of a file.

    Raises:
        SourceFault: it holds no Questionnaire, is another format, or is broken.
    """
    where = path.name
    root = _parsed(read_bytes(path), where)
    kind = root.get("resourceType")
    if kind is None and isinstance(root.get("item"), list):
        kind = "Questionnaire"  # the commonest omission
    if kind == "Bundle":
        inside = [entry["resource"] for entry in maps(root.get("entry")) if isinstance(entry.get("resource"), dict)]
    elif kind == "Questionnaire":
        inside = [root]
    else:
        raise SourceFault(f"The file holds {_what_else(kind, root)}, not a FHIR Questionnaire.", where)
    forms = [_upgraded(one, where) for one in inside if one.get("resourceType", "Questionnaire") == "Questionnaire"]
    if not forms:
        kinds = ", ".join(sorted({str(one.get("resourceType")) for one in inside})) or "nothing"
        raise SourceFault(f"The bundle holds {kinds}, and no Questionnaire.", where)
    return Source(tuple(forms), _value_sets([*inside, *forms]))


def maps(found: Any) -> list[Json]:
    """The maps in what should be a list of maps; one that stands alone is taken too."""
    return [one for one in (found if isinstance(found, list) else [found]) if isinstance(one, dict)]


def _parsed(data: bytes, where: str) -> Json:
    text = decoded(data)
    start = text.lstrip("\ufeff \t\n")
    if start.startswith("<"):
        return as_json(xml_root(data, where), where)
    if not start.startswith(("{", "[", "/")):
        raise SourceFault(f"This is no FHIR resource: {_looks_like(data)}.", where)
    try:
        root = _json(text, where)
    except RecursionError:
        raise SourceFault(f"The parts stand more than {MAX_DEPTH} deep in one another.", where) from None
    if isinstance(root, list) and len(root) == 1:
        root = root[0]
    if not isinstance(root, dict):
        raise SourceFault("The file holds a JSON list or value, not a FHIR resource.", where)
    _within_depth(root, where)
    return root


def _json(text: str, where: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_each_once, parse_constant=_no_number)
    except _Refused as fault:
        raise SourceFault(str(fault), where) from None
    except ValueError:
        loose = _OUTSIDE_TEXTS.sub(lambda match: match[1] or " ", text)
        loose = _TRAILING.sub(lambda match: match[1] or "", loose)
        try:
            return json.loads(loose, strict=False, object_pairs_hook=_each_once, parse_constant=_no_number)
        except _Refused as fault:
            raise SourceFault(str(fault), where) from None
        except ValueError as fault:
            place = f", line {fault.lineno}, column {fault.colno}" if isinstance(fault, json.JSONDecodeError) else ""
            said = fault.msg if isinstance(fault, json.JSONDecodeError) else str(fault)
            raise SourceFault(
                f"This is no JSON: {said}. Perhaps only half of the file is there.", where + place
            ) from None


class _Refused(Exception):
    """What is JSON for some and says nothing that could be read."""


def _each_once(pairs: list[tuple[str, Any]]) -> Json:
    """An object; a key that stands twice in it has to say the same."""
    made = dict(pairs)
    if len(made) < len(pairs):
        twice = next((key for key, value in pairs if made[key] != value), None)
        if twice is not None:
            raise _Refused(
                f"The key '{twice[:60]}' stands twice in one object and says different things. Take one of them out."
            )
    return made


def _no_number(word: str) -> Any:
    raise _Refused(f"{word} is no number of JSON. Write the number, or leave the key out.")


def _within_depth(root: Any, where: str) -> None:
    waiting = [(root, 1)]
    while waiting:
        part, depth = waiting.pop()
        if depth > 4 * MAX_DEPTH:
            raise SourceFault(f"The parts stand more than {MAX_DEPTH} deep in one another.", where)
        children = part.values() if isinstance(part, dict) else part
        waiting.extend((child, depth + 1) for child in children if isinstance(child, dict | list))


def _looks_like(data: bytes) -> str:
    for begins, what in _BEGINNINGS.items():
        if data.startswith(begins):
            return what
    return (
        "it looks like a table (CSV), as REDCap and XLSForm have it"
        if data[:2000].count(b",") > 3
        else "it is neither JSON nor XML"
    )


_BEGINNINGS: Mapping[bytes, str] = {
    b"PK": "it looks like a workbook (XLSX) or an archive (ZIP), as XLSForm and REDCap have it",
    b"\xd0\xcf\x11\xe0": "it looks like an old workbook (XLS), as XLSForm has it",
    b"%PDF": "it is a PDF",
}


def _what_else(kind: object, root: Json) -> str:
    if kind:
        return f"a FHIR {kind}"
    return (
        "an LForms definition (convert it to FHIR there)" if "lformsVersion" in root else "JSON without `resourceType`"
    )


def _value_sets(resources: list[Json]) -> Mapping[str, Json]:
    found: dict[str, Json] = {}
    for resource, inside in _resources(resources):
        if resource.get("resourceType") != "ValueSet":
            continue
        id_ = str(resource.get("id", ""))
        url = str(resource.get("url", ""))
        names = [f"#{id_}", f"ValueSet/{id_}"] if inside or id_ else []
        names += [url, f"{url}|{resource['version']}"] if url and "version" in resource else [url] if url else []
        for name in names:
            found.setdefault(name, resource)
    return found


def _resources(resources: list[Json]) -> Iterator[tuple[Json, bool]]:
    """All resources, and those that they contain, bundles opened."""
    for resource in resources:
        yield resource, False
        for one in maps(resource.get("contained")):
            if one.get("resourceType") == "Bundle":
                yield from (
                    (entry["resource"], True)
                    for entry in maps(one.get("entry"))
                    if isinstance(entry.get("resource"), dict)
                )
            yield one, True


# other versions ---------------------------------------------------------------------------------------------------


def _upgraded(form: Json, where: str) -> Json:
    if "item" not in form and isinstance(form.get("group"), dict):
        raise SourceFault("This is a Questionnaire of DSTU2 (`group`, `question`). Convert it to R4 first.", where)
    return {**form, "item": [_item(one) for one in maps(form.get("item"))]}


def _item(item: Json) -> Json:
    made = dict(item)
    for key, rewrite in _REWRITTEN.items():
        if key in item:
            rewrite(made, item)
    if "item" in item:
        made["item"] = [_item(one) for one in maps(item["item"])]
    return made


def _option(made: Json, _item: Json) -> None:
    made["answerOption"] = maps(made.pop("option"))


def _options(made: Json, _item: Json) -> None:
    found = made.pop("options")
    made["answerValueSet"] = found.get("reference", "") if isinstance(found, dict) else str(found)


def _type(made: Json, item: Json) -> None:
    """R5 says `coding`, and by answerConstraint whether other answers may be given; `required` became `optionsOnly`."""
    name, constraint = item["type"], item.get("answerConstraint")
    if constraint in ("optionsOrString", "optionsOrType"):
        made["type"] = "open-choice"
    elif name in ("coding", "Coding") or (
        name not in ("choice", "open-choice", "group", "display")
        and ("answerOption" in made or "answerValueSet" in made)
    ):
        made["type"] = "choice"


def _enable_when(made: Json, item: Json) -> None:
    made["enableWhen"] = [_condition(one) for one in maps(item["enableWhen"])]


def _condition(one: Json) -> Json:
    if "hasAnswer" in one:
        return {"question": one.get("question"), "operator": "exists", "answerBoolean": one["hasAnswer"]}
    return one if "operator" in one else {**one, "operator": "="}


def _initial(made: Json, item: Json) -> None:
    """STU3 has one `initialInteger` and the like."""
    key = next(key for key in item if key.startswith("initial") and key != "initial")
    made["initial"] = [{"value" + key.removeprefix("initial"): made.pop(key)}]


_INITIALS = [
    "Boolean",
    "Decimal",
    "Integer",
    "Date",
    "DateTime",
    "Time",
    "String",
    "Uri",
    "Attachment",
    "Coding",
    "Quantity",
    "Reference",
]  # of STU3
_REWRITTEN: Mapping[str, Callable[[Json, Json], None]] = {
    "option": _option,
    "options": _options,
    "type": _type,
    "enableWhen": _enable_when,
    **{f"initial{name}": _initial for name in _INITIALS},
}
