"""A FHIR Questionnaire, or a Bundle of some with their value sets -> a definition as data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from exchange.document import Document, Entry, Imported
from exchange.fhir.choices import Lists
from exchange.fhir.draft import SYSTEM, Draft
from exchange.fhir.extensions import FORM, as_text, expressions, first, languages_of, named, tag
from exchange.fhir.layout import sections
from exchange.fhir.nodes import Grown, Node, tree
from exchange.fhir.piping import only_known
from exchange.fhir.resources import Json, Source, load, maps
from exchange.fhir.rules import Rules
from exchange.fhir.texts import Texts
from exchange.findings import Finding, Outcome, Part, SourceFault
from exchange.identifiers import Ids, snake
from exchange.plain_text import plain_text
from exchange.rules.placing import Placing

_READ = frozenset((
    "resourceType", "item", "contained", "text", "title", "extension", "modifierExtension", "language", "id",
    "description",
))  # fmt: skip
_RULES = ("answerExpression", "candidateExpression")  # that choose choices
_MAX_LANGUAGES = 20
_TOLD, _SHOWN = 10, 80  # texts that a finding names, and signs of each


def read(path: Path) -> Imported:
    """The definition in a file. Each Questionnaire is a form that belongs to the patient.

    Raises:
        SourceFault: the file holds no Questionnaire, or is broken.
    """
    source = load(path)
    leading = source.questionnaires[0]
    texts = Texts(_languages(source))
    placing = Placing(SYSTEM)
    name = _name(leading, path)
    document: Document = {"registry": Ids().make(name, "registry"), "version": "1.0.0"}
    document["title"] = texts.of(leading, "title", otherwise=name)
    document["languages"] = list(texts.languages)
    lists, ids, checks = Lists(texts, source.value_sets), Ids(), set[str]()
    forms = Ids()
    document["codelists"] = lists.codelists
    document["forms"] = {}
    for form in source.questionnaires:
        grown = Grown(tree(form))
        drafts = [
            Draft(forms.make(found, "form"), texts, lists, ids, placing, grown, root)
            for found, root in _parts(grown.root, path)
        ]
        lacking: dict[str, dict[str, list[str]]] = {}
        braces: dict[str, list[str]] = {}
        for draft in drafts:
            document["forms"][draft.form] = _form(draft, _name(form, path))
            lacking[draft.form], braces[draft.form] = texts.taken(), texts.taken_with_braces()
        for draft in drafts:  # rules may read other forms
            _with_rules(draft, document["forms"][draft.form], checks)
            for language, found in texts.taken().items():
                lacking[draft.form].setdefault(language, []).extend(found)
            braces[draft.form].extend(texts.taken_with_braces())
            placing.findings.extend(
                (
                    *_doubled(draft),
                    *_untranslated(draft, lacking[draft.form]),
                    *_bracketed(draft.form, braces[draft.form]),
                )
            )
    if not any(form["sections"] for form in document["forms"].values()):
        raise SourceFault("The Questionnaire has no items.", path.name)
    document["forms"] = {id_: form for id_, form in document["forms"].items() if form["sections"]}
    only_known(document)
    if not lists.codelists:
        del document["codelists"]
    return Imported(document, tuple(placing.findings))


def _doubled(draft: Draft) -> Iterator[Finding]:
    """Items whose linkId another has before them: rules cannot tell them apart."""
    inside = {*draft.root.within()}
    for link, nodes in draft.grown.by_link().items():
        for _ in filter(inside.__contains__, nodes[1:]):
            reason = (
                f"{len(nodes)} items have the linkId {link}, and each is an item of its own here. "
                "Conditions (enableWhen) mean the nearest of them, FHIRPath means all."
            )
            yield Finding(f"{draft.form}.{link}", Part.OTHER, Outcome.APPROXIMATED, reason, link)


def _untranslated(draft: Draft, texts: Mapping[str, Iterable[str]]) -> Iterator[Finding]:
    """Texts that a language lacks, one finding for each form and language."""
    for language, found in texts.items():
        lacking = list(dict.fromkeys(found))
        reason = f"Texts without a translation ({language}): {len(lacking)}. What stands in {draft.texts.languages[0]} stands there too."
        yield Finding(draft.form, Part.TEXT, Outcome.APPROXIMATED, reason, _shown(lacking))


def _bracketed(form: str, texts: Sequence[str]) -> Iterator[Finding]:
    """Texts with braces, one finding for each form."""
    if texts:
        reason = (
            f"Texts with braces: {len(texts)}. Braces stand for values here, so that brackets stand in their place."
        )
        yield Finding(form, Part.TEXT, Outcome.APPROXIMATED, reason, _shown(texts))


def _shown(texts: Sequence[str]) -> str:
    return " | ".join(text[:_SHOWN] for text in texts[:_TOLD])


def _name(form: Json, path: Path) -> str:
    for key in ("name", "title", "id"):
        if isinstance(form.get(key), str) and snake(form[key], ""):
            return str(form[key])
    return path.stem


def _languages(source: Source) -> tuple[str, ...]:
    own = [tag(str(form["language"])) for form in source.questionnaires if form.get("language")] or ["en"]
    found = dict.fromkeys([*own, *(language for form in source.questionnaires for language in languages_of(form))])
    return tuple(language for language in found if language.isalpha() and len(language) in (2, 3))[:_MAX_LANGUAGES] or (
        "en",
    )


def _parts(root: Node, path: Path) -> list[tuple[str, Node]]:
    """The forms of a Questionnaire with their names: itself, or its groups where each is marked as a form of ours."""
    marked = [(first(node.item, "form"), node) for node in root.children]
    if marked and all(
        isinstance(name, str) and any(one.get("url") == FORM for one in named(node.item, "form"))
        for name, node in marked
    ):
        return [(str(name), node) for name, node in marked]
    return [(_name(root.item, path), root)]


def _form(draft: Draft, name: str) -> Entry:
    """A form with its sections, still without rules."""
    item, whole = draft.root.item, draft.root is draft.grown.root
    form: Entry = {"title": draft.texts.of(item, "title" if whole else "text", otherwise=name), "in": "patient"}
    if draft.root.repeats:
        form["repeats"] = True
    if isinstance(item.get("description"), str) and plain_text(item["description"]):
        form["intro"] = draft.texts.of(item, "description")
    if whole:
        draft.keep(draft.root, form, (key for key in item if key not in _READ and not key.startswith("_")))
    draft.keep_extensions(draft.form, item, form, frozenset({"translation", "constraint", "targetConstraint", "form"}))
    form["sections"] = sections(draft)
    return form


def _with_rules(draft: Draft, form: Entry, checks: set[str]) -> None:
    rules = Rules(draft, checks)
    rules.place()
    if draft.checks:
        form["checks"] = draft.checks
    for codelist in _calculated_with(rules):
        draft.lists.scored(codelist)
    draft.placing.findings.extend(_left(draft))


def _calculated_with(rules: Rules) -> Iterator[str]:
    """Lists whose codes rules take for numbers."""
    asked = {found.path for found in rules.ev.translator.valued.values()}
    for node, choices in rules.draft.grown.choices.items():
        if rules.draft.grown.fields[node].path in asked:
            yield choices.codelist


def _left(draft: Draft) -> Iterator[Finding]:
    """What was not asked for so far: variables, rules that choose choices, and resources that stand in the Questionnaire."""
    root = draft.root
    for node in (root, *root.within()):
        for found in expressions(node.item, "variable"):
            yield Finding(
                draft.where(node),
                Part.OTHER,
                Outcome.KEPT,
                "Written out where it is used.",
                f"%{found.name}: {found.text}",
            )
        for name in _RULES:
            for one in named(node.item, name):
                reason = "Choices come from code lists here, not from an expression. Where they are those of another list, narrow it by `only`."
                yield Finding(draft.where(node), Part.RULE, Outcome.DROPPED, reason, as_text(one))
    for resource in maps(root.item.get("contained")):
        if resource.get("resourceType") != "ValueSet":
            yield Finding(
                draft.form,
                Part.OTHER,
                Outcome.DROPPED,
                "Resources in the Questionnaire mean nothing here.",
                str(resource.get("resourceType")),
            )
