"""Tree -> MetaDataVersion: puts the parts together and checks what one part says of another."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from engine.definitions.annotations import build_annotations
from engine.definitions.code_lists import build_code_list, build_missing_list
from engine.definitions.contacts import build_contacts
from engine.definitions.context import CONTAINERS, Context
from engine.definitions.events import build_containers, build_events
from engine.definitions.files import Files
from engine.definitions.forms import build_forms
from engine.definitions.includes import Merged, check_library, languages_of
from engine.definitions.outcomes import build_defines, build_derived, build_indicators, build_parameters
from engine.definitions.tree import Node
from engine.definitions.verification import build_verification
from engine.errors import Problems
from engine.model.form import FormDef, walk_groups
from engine.model.metadata_version import ContainerDef, MetaDataVersion

TEXTS = ("keeper", "legal_basis", "aims", "eligibility", "help")

_VERSION = re.compile(r"(?:0|[1-9]\d{0,8})(?:\.(?:0|[1-9]\d{0,8})){2}(?:-[0-9A-Za-z.-]{1,40})?", re.ASCII)
_LANGUAGE = re.compile(r"[a-z]{2,3}")


def build(merged: Merged, files: Files, problems: Problems) -> MetaDataVersion:
    """The model of a definition; what is faulty is reported and built as far as it makes sense."""
    root, parts = merged.root, merged.parts
    context = Context(problems, files, languages_of(root), merged.languages, is_library=merged.is_library)
    registry = _head(context, root)
    context.codelists = {id_: build_code_list(context, id_, node) for id_, node in parts["codelists"].items()}
    context.missing = {id_: build_missing_list(context, id_, node) for id_, node in parts["missing"].items()}
    context.blocks = parts["blocks"]
    containers = build_containers(context, root.map_of("containers"))
    events = root.map_of("events")
    forms = build_forms(context, parts["forms"], events)
    _check_containers(context, parts["forms"], containers)
    _check_targets(context, _groups(forms), forms)
    parameters = build_parameters(context, parts["parameters"])
    return MetaDataVersion(
        registry,
        root.text_of("version") or "",
        context.text(root.get("title")) if context.is_library else context.label(root, "title", "The registry"),
        languages=context.languages,
        texts={key: context.text(root.get(key)) for key in TEXTS if root.get(key) is not None},
        contacts=tuple(build_contacts(context, root.list_of("contacts"))),
        parameters=parameters,
        missing=context.missing,
        containers=containers,
        codelists=context.codelists,
        defines=build_defines(context, parts["define"]),
        events=build_events(context, events, forms, containers, parameters),
        forms=forms,
        derived=build_derived(context, root.map_of("derived"), containers, _groups(forms)),
        indicators=build_indicators(
            context, root.list_of("indicators"), dict.fromkeys([*CONTAINERS, *containers, *forms, *_groups(forms)])
        ),
        verification=build_verification(context, root.get("verification"), forms),
        sources=dict(files.digests),
        annotations=build_annotations(root),
    )


def _head(context: Context, root: Node) -> str:
    """The id of the registry or library; its version and languages are checked too."""
    named = [key for key in ("registry", "library") if key in root.entries]
    if len(named) != 1 and isinstance(root.value, dict):
        what = "both `registry` and `library`" if named else "neither `registry` nor `library`"
        context.error(
            root.mark,
            "registry-or-library",
            f"The file says {what}. One of them names it: `registry: heart_valves`.",
        )
    id_ = root.get(named[0]) if named else None
    if id_ is not None and id_.text is not None:
        context.identifier(id_.raw, id_.mark)
    if named == ["library"]:
        check_library(root, context.problems)
    for node in root.list_of("languages"):
        if node.text is not None and not _LANGUAGE.fullmatch(node.raw):
            context.error(
                node.mark, "bad-language", f"{node.raw!r} is no language code. Write two letters, such as pl or en."
            )
    check_version(context, root.get("version"))
    return id_.raw if id_ is not None else ""


def check_version(context: Context, node: Node | None) -> None:
    """Report a version that is not semantic."""
    if node is not None and node.text is not None and not _VERSION.fullmatch(node.raw):
        context.error(
            node.mark, "bad-version", f"{node.raw!r} is no version. Write three numbers with points, such as 1.0.0."
        )


def _groups(forms: Mapping[str, FormDef]) -> list[str]:
    return list({group.id: None for form in forms.values() for group in walk_groups(form)})


def _check_containers(context: Context, nodes: Mapping[str, Node], containers: Mapping[str, ContainerDef]) -> None:
    for node in nodes.values():
        stated = node.get("in")
        if stated is not None and stated.text is not None:
            context.known(stated, stated.raw, [*CONTAINERS, *containers], "unknown-container", "container")


def _check_targets(context: Context, groups: Collection[str], forms: Collection[str]) -> None:
    """References must point to a group or form that exists."""
    targets = dict.fromkeys([*groups, *forms])
    for node, target in context.references:
        context.known(node, target, targets, "unknown-target", "group or form")
