"""Model -> document: a compiled definition as data again, in the published shape. Includes and blocks are written out; comments are gone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from engine.datatypes.base import Choice
from engine.model.code_list import CodeList, MissingList
from engine.model.form import CheckDef, FormDef, GroupDef, SectionDef
from engine.model.item import ItemDef, Privacy, WhenHidden
from engine.model.metadata_version import (
    ContactDef,
    ContainerDef,
    DerivedDef,
    IndicatorDef,
    MetaDataVersion,
    Parameter,
    StudyEventDef,
)
from exchange.document import Document, Entry
from exchange.model_values import (
    annotations_of,
    expression_of,
    formula_of,
    plain_value,
    range_of,
    rights_of,
    rule_of,
    said,
    text_with_values,
)


def document_of(model: MetaDataVersion) -> Document:
    """The definition as one would write it in one file."""
    whole: Document = {
        "registry": model.registry,
        "version": model.version,
        "title": dict(model.title),
        **{key: dict(text) for key, text in model.texts.items()},
        "contacts": [_contact(contact) for contact in model.contacts],
        "languages": list(model.languages),
        "annotations": annotations_of(model),
        "verification": _verification(model),
        "parameters": {id_: _parameter(part) for id_, part in model.parameters.items()},
        "missing": {id_: _missing(part) for id_, part in model.missing.items()},
        "containers": {id_: _container(part) for id_, part in model.containers.items()},
        "codelists": {id_: _code_list(part) for id_, part in model.codelists.items()},
        "define": {
            f"{name}({', '.join(part.parameters)})" if part.parameters else name: part.body.text
            for name, part in model.defines.items()
        },
        "events": {id_: _event(part) for id_, part in model.events.items()},
        "forms": {id_: _form(part, model) for id_, part in model.forms.items()},
        "derived": {id_: _derived(part) for id_, part in model.derived.items()},
        "indicators": [_indicator(part) for part in model.indicators],
    }
    return said(whole)


# parts of forms ---------------------------------------------------------------------------------------------------


def _form(form: FormDef, model: MetaDataVersion) -> Entry:
    homes = {event.container for event in model.events.values() if form.id in event.forms}
    return said(
        {
            "oid": form.oid,
            "title": dict(form.title),
            "in": None if homes == {form.container} else form.container,
            "per": "event" if form.per_event else None,
            "repeats": form.repeats,
            "layout": form.layout,
            "intro": dict(form.intro),
            "sections": [_section(section) for section in form.sections],
            "checks": [_check(check) for check in form.checks],
            **rights_of(form.rights),
            "annotations": annotations_of(form),
        }
    )


def _section(section: SectionDef) -> Entry:
    return {
        **said(
            {
                "id": section.id,
                "oid": section.oid,
                "title": text_with_values(section.title, section.templates, "title"),
                "note": text_with_values(section.note, section.templates, "note"),
                "when": rule_of(section.when),
                **rights_of(section.rights),
                "annotations": annotations_of(section),
            }
        ),
        "items": _content(section.content),
    }


def _content(parts: Iterable[ItemDef | GroupDef]) -> list[Entry]:
    return [_group(part) if isinstance(part, GroupDef) else item_entry(part) for part in parts]


def _group(group: GroupDef) -> Entry:
    rows = said(
        {
            "min": group.min_rows or None,
            "max": group.max_rows,
            "per": "code" if group.per_code else None,
            "title": _one_text(group.row_title),
        }
    )
    return {
        **said(
            {
                "group": group.id,
                "oid": group.oid,
                "title": dict(group.title),
                "key": group.key,
                "rows": rows,
                "when": rule_of(group.when),
                **rights_of(group.rights),
                "annotations": annotations_of(group),
            }
        ),
        "items": _content(group.content),
    }


def _one_text(text: Mapping[str, str]) -> Any:
    """A title of rows that is alike in all languages, as one text."""
    return next(iter(text.values())) if len(set(text.values())) == 1 else dict(text)


def item_entry(item: ItemDef) -> Entry:
    """One item."""
    facets = item.facets
    ranges = {"hard" if check.hard else "soft": range_of(check) for check in item.ranges}
    return said(
        {
            "id": item.id,
            "oid": item.oid,
            "type": item.datatype.name,
            "label": text_with_values(item.label, item.templates, "label"),
            "hint": text_with_values(item.hint, item.templates, "hint"),
            "help": dict(item.help),
            "required": item.required if isinstance(item.required, bool) else expression_of(item.required),
            "when": rule_of(item.when),
            "when_hidden": None if item.when_hidden is WhenHidden.CLEAR else str(item.when_hidden),
            **formula_of(item.calculate),
            "live": item.live,
            "default": rule_of(item.default),
            "decimals": facets.decimals,
            "missing": None if item.missing.id == "none" else item.missing.id,
            "range": ranges,
            "codelist": item.codelist,
            "only": rule_of(item.only),
            "pattern": facets.pattern,
            "check": facets.check,
            "length": facets.max_length,
            "unit": _unit(item),
            "of": _targets(item),
            "from": "patient" if item.any_episode else None,
            "unique": item.unique,
            "media": list(facets.media_types),
            "max_size": facets.max_bytes,
            "privacy": None if item.privacy is Privacy.NORMAL else str(item.privacy),
            "layout": item.layout,
            "searchable": item.searchable,
            **rights_of(item.rights),
            "standard": dict(item.standard),
            "annotations": annotations_of(item),
        }
    )


def _unit(item: ItemDef) -> Any:
    piped = item.templates.get("unit")
    if piped:
        return {"from": next(iter(piped.values())).names[0].text}
    if item.facets.units:
        factors = {unit: {"per_store": plain_value(factor)} for unit, factor in item.facets.units.items()}
        return {"store": item.facets.unit, "also": factors}
    return item.facets.unit


def _targets(item: ItemDef) -> Any:
    if item.elsewhere is not None:
        return {"registry": item.elsewhere.registry, "form": item.elsewhere.form}
    return item.targets[0] if len(item.targets) == 1 else list(item.targets)


def _check(check: CheckDef) -> Entry:
    return said(
        {
            "id": check.id,
            "assert": rule_of(check.condition),
            "severity": None if check.severity == "error" else str(check.severity),
            "on": check.on,
            "blocks": None if check.blocks == "completion" else check.blocks,
            "at": None if check.at == "save" else check.at,
            "also_in": list(check.also_in),
            "query": check.query,
            "message": text_with_values(check.message, check.templates, "message"),
            "annotations": annotations_of(check),
        }
    )


# lists, events and the rest ---------------------------------------------------------------------------------------


def _code_list(part: CodeList) -> Entry:
    attributes = {
        name: str(attribute.kind)
        if attribute.default is None or attribute.default is False or attribute.default == ""
        else {"type": str(attribute.kind), "default": plain_value(attribute.default)}
        for name, attribute in part.attributes.items()
    }
    entry = {"oid": part.oid, "title": dict(part.title), "attributes": attributes, "annotations": annotations_of(part)}
    if part.external is not None:
        return said({**entry, "external": part.external, "shape": part.system})
    return said({**entry, "codes": {code: _code(part, code, choice) for code, choice in part.choices.items()}})


def _code(part: CodeList, code: str, choice: Choice) -> Entry:
    annotations = {system: dict(texts) for system, texts in part.noted.get(code, {}).items()}
    return {
        **choice.label,
        **{name: plain_value(value) for name, value in part.values.get(code, {}).items()},
        **said(
            {
                "exclusive": choice.exclusive,
                "withdrawn": choice.withdrawn,
                "also": list(choice.also),
                "standard": dict(part.standard.get(code, {})),
                "annotations": annotations,
            }
        ),
    }


def _event(event: StudyEventDef) -> Entry:
    every = event.every
    made = (
        {"days": every.days, "from": every.start.text, "to": every.stop.text, "max": every.limit}
        if every is not None
        else None
    )
    return said(
        {
            "oid": event.oid,
            "title": dict(event.title),
            "in": None if event.container == "patient" else event.container,
            "forms": list(event.forms),
            "after": rule_of(event.after),
            "day": event.day,
            "window": list(event.window) if event.window is not None else None,
            "when": rule_of(event.when),
            "optional": expression_of(event.optional),
            "cancel": rule_of(event.cancel),
            "held": rule_of(event.held),
            "missed": rule_of(event.missed),
            "repeats": event.repeats,
            "every": made,
            "annotations": annotations_of(event),
        }
    )


def _contact(contact: ContactDef) -> Entry:
    return said(
        {
            "role": dict(contact.role),
            "about": contact.about,
            "email": contact.email,
            "phone": contact.phone,
            "hours": dict(contact.hours),
            "note": dict(contact.note),
        }
    )


def _parameter(part: Parameter) -> Any:
    if not part.label and not part.also and len(part.values) == 1 and part.values[0][0] is None:
        return plain_value(part.values[0][1])
    rows = [{**({"from": str(first)} if first else {}), "value": plain_value(value)} for first, value in part.values]
    return said({"label": dict(part.label), "values": rows, "also": [plain_value(value) for value in part.also]})


def _missing(part: MissingList) -> Entry:
    return {
        code: {**label, **({"signing": False} if code in part.unsigned else {})} for code, label in part.reasons.items()
    }


def _container(part: ContainerDef) -> Entry:
    found = {"of": part.parent, "repeats": part.repeats, "title": dict(part.title)}
    return said(found) | ({"min": part.at_once, "max": part.most} if part.repeats else {})


def _derived(part: DerivedDef) -> Entry:
    return said(
        {
            "in": part.owner,
            "type": part.type_name,
            "codelist": part.codelist,
            "label": dict(part.label),
            **formula_of(part.calculate),
            "explain": part.explain,
        }
    )


def _indicator(part: IndicatorDef) -> Entry:
    return said(
        {
            "id": part.id,
            "title": dict(part.title),
            "in": part.owner,
            **{key: rule_of(getattr(part, key)) for key in ("numerator", "denominator", "value", "where", "target")},
            "by": [rule_of(text) for text in part.by],
            "chart": part.chart,
            "direction": part.direction,
            "note": dict(part.note),
        }
    )


def _verification(model: MetaDataVersion) -> Entry:
    plan = model.verification
    if plan is None:
        return {}
    named = {
        key: [f"{form}.{item}" for form, item in getattr(plan, key)]
        for key in ("critical", "sampled")
        if getattr(plan, key)
    }
    return {**named, **({"share": plan.share} if plan.sampled else {}), "seed": plan.seed}
