"""Opens an ODM file, alone or in a ZIP archive, and finds the definitions in it by their OIDs, whatever the XSD thinks of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from lxml import etree

from exchange.findings import Finding, Outcome, Part, SourceFault
from exchange.odm.elements import ODM_ROOTS, Element, children, in_order, local, named_plainly, text_in
from exchange.reading import read_bytes, unpacked, xml_root

RULES = "RuleImport"  # the root of OpenClinica's file of rules
_DEFINITIONS = {
    "StudyEventDef": "events",
    "FormDef": "forms",
    "ItemGroupDef": "groups",
    "ItemDef": "items",
    "CodeList": "codelists",
    "ConditionDef": "conditions",
    "MethodDef": "methods",
    "MeasurementUnit": "units",
}
_LOOKS_LIKE = {
    "Questionnaire": "a FHIR Questionnaire: ecrf import fhir",
    "Bundle": "a FHIR Bundle: ecrf import fhir",
    "html": "an XForm or a web page; the workbook of an XForm is read by ecrf import xlsform",
    "RuleImport": "OpenClinica's file of rules: put it into one ZIP archive with the file of metadata",
    "Define": "Define-XML",
}


@dataclass(frozen=True, slots=True)
class Source:
    """What a file defines: elements by OID, in their order."""

    where: str
    root: Element
    study: Element | None
    version: Element  # MetaDataVersion
    events: Mapping[str, Element] = field(default_factory=dict)
    forms: Mapping[str, Element] = field(default_factory=dict)
    groups: Mapping[str, Element] = field(default_factory=dict)
    items: Mapping[str, Element] = field(default_factory=dict)
    codelists: Mapping[str, Element] = field(default_factory=dict)
    conditions: Mapping[str, Element] = field(default_factory=dict)
    methods: Mapping[str, Element] = field(default_factory=dict)
    units: Mapping[str, Element] = field(default_factory=dict)
    event_refs: tuple[Element, ...] = ()
    rules: tuple[Element, ...] = ()  # OpenClinica's RuleAssignments and RuleDefs
    findings: tuple[Finding, ...] = ()

    @property
    def is_redcap(self) -> bool:
        """Whether it is a project of REDCap."""
        return self.root.get("SourceSystem", "").strip().lower() == "redcap"


def open_source(path: Path) -> Source:
    """The definitions of a file.

    Raises:
        SourceFault: it is no ODM, is not well-formed, or holds no definitions.
    """
    data = read_bytes(path)
    roots = dict(_roots(data, path))
    rules = [root for root in roots.values() if local(root.tag) == RULES]
    found = {name: root for name, root in roots.items() if local(root.tag) in ODM_ROOTS}
    if not found:
        name, root = next(iter(roots.items()))
        raise SourceFault(f"This is no ODM: its outermost element is {local(root.tag)}.{_guess(root)}", name)
    versions = {_named(version): version for root in found.values() for version in _versions(root)}
    sources = [_source(name, root, rules, versions) for name, root in found.items() if _versions(root)]
    if not sources:
        raise _without_definitions(found)
    best = max(sources, key=lambda source: len(source.items))
    left = [source.where for source in sources if source is not best]
    return replace(best, findings=(*best.findings, *map(_one_of_many, left)))


def source_of(where: str, root: Element) -> Source:
    """The definitions in a tree that is in memory, with plain names."""
    return _source(where, root, [], {_named(version): version for version in _versions(root)})


def _roots(data: bytes, path: Path) -> Iterable[tuple[str, Element]]:
    where = path.name
    if data.startswith(b"PK\x03\x04"):
        files = [
            (f"{where}/{name}", content) for name, content in unpacked(data, where) if name.lower().endswith(".xml")
        ]
        if not files:
            raise SourceFault("The archive holds no XML file.", where)
        return ((name, named_plainly(xml_root(content, name))) for name, content in files)
    if data.lstrip()[:1] in (b"{", b"["):
        raise SourceFault("This is JSON, no ODM. A FHIR Questionnaire is read by ecrf import fhir.", where)
    if b"<" not in data[:4096]:
        raise SourceFault("This is no XML. A REDCap data dictionary (CSV) is read by ecrf import redcap.", where)
    return ((where, named_plainly(xml_root(data, where))),)


def _guess(root: Element) -> str:
    looks = _LOOKS_LIKE.get(local(root.tag))
    return f" It looks like {looks}." if looks else " Expected: ODM."


def _without_definitions(found: Mapping[str, Element]) -> SourceFault:
    name, root = next(iter(found.items()))
    if root.find(".//ClinicalData") is not None or root.find(".//ReferenceData") is not None:
        return SourceFault(
            "The file holds answers (ClinicalData) and no definitions (MetaDataVersion). Export the metadata of the study too.",
            name,
        )
    return SourceFault("The file holds no definitions (MetaDataVersion).", name)


def _one_of_many(where: str) -> Finding:
    return Finding(
        where, Part.OTHER, Outcome.DROPPED, "The archive holds several studies; the largest was read.", where
    )


# versions ---------------------------------------------------------------------------------------------------------


def _versions(root: Element) -> list[Element]:
    return [root] if root.tag == "MetaDataVersion" else list(root.iter("MetaDataVersion"))


def _named(version: Element) -> tuple[str, str]:
    return _study_oid(version), version.get("OID", "")


def _source(where: str, root: Element, rules: list[Element], by_name: Mapping[tuple[str, str], Element]) -> Source:
    """The version that defines most, what it includes joined; of alike ones the first study's last."""
    versions = _versions(root)
    chains = [_chain(version, by_name) for version in versions]
    sizes = [sum(len(part.findall("ItemDef")) for part in chain) for chain in chains]
    studies = list(dict.fromkeys(map(_study_oid, versions)))
    best = max(
        range(len(versions)), key=lambda place: (sizes[place], -studies.index(_study_oid(versions[place])), place)
    )
    chain = chains[best]
    findings = [_also_there(version) for version in versions if version not in chain and len(version)]
    findings += _not_read(root)
    if (left := chain[0].find("Include")) is not None:
        reason = "The file includes definitions of another file. Put both into one ZIP archive to read them together."
        name = f"{left.get('StudyOID', '')} {left.get('MetaDataVersionOID', '')}".strip()
        findings.append(Finding(name, Part.OTHER, Outcome.DROPPED, reason, name))
    gathered = _gathered(chain, root, findings)
    study = versions[best].getparent()
    event_refs = next((refs for part in reversed(chain) if (refs := _event_refs(part))), [])
    assigned = tuple(part for holder in (*chain, *rules) for part in holder.iter("{*}RuleAssignment", "{*}RuleDef"))
    return Source(
        where,
        root,
        study if study is not None and study.tag == "Study" else None,
        versions[best],
        **gathered,
        event_refs=tuple(event_refs),
        rules=assigned,
        findings=tuple(findings),
    )


def _study_oid(version: Element) -> str:
    parent = version.getparent()
    return parent.get("OID", "") if parent is not None else ""


def _chain(version: Element, by_name: Mapping[tuple[str, str], Element]) -> list[Element]:
    """A version and those that it includes, the innermost first; a circle is cut."""
    chain: list[Element] = [version]
    while (include := chain[0].find("Include")) is not None:
        study = include.get("StudyOID") or _study_oid(chain[0])
        earlier = by_name.get((study, include.get("MetaDataVersionOID", "")))
        if earlier is None or earlier in chain:
            break
        chain.insert(0, earlier)
    return chain


def _also_there(version: Element) -> Finding:
    name = version.get("Name", "") or version.get("OID", "")
    return Finding(
        name, Part.OTHER, Outcome.DROPPED, "The file holds several versions; the one that defines most was read.", name
    )


def _not_read(root: Element) -> list[Finding]:
    reason = "This is no part of a definition and was not read."
    names = [
        part.tag for part in children(root) if part.tag in ("ClinicalData", "ReferenceData", "AdminData", "Association")
    ]
    return [Finding(name, Part.OTHER, Outcome.DROPPED, reason, name) for name in dict.fromkeys(names)]


def _gathered(chain: list[Element], root: Element, findings: list[Finding]) -> dict[str, dict[str, Element]]:
    """The definitions by OID; later versions replace those of earlier ones, the same OID twice in one is told."""
    found: dict[str, dict[str, Element]] = {kind: {} for kind in _DEFINITIONS.values()}
    for version in chain:
        for part in version.iter("{openclinica}MultiSelectList"):
            _as_code_list(part)
        for part in version.iter(*_DEFINITIONS):
            _gather(part, found[_DEFINITIONS[part.tag]], version, findings)
    for part in root.iter("MeasurementUnit"):
        found["units"].setdefault(part.get("OID", ""), part)
    return found


def _as_code_list(part: Element) -> None:
    """OpenClinica's list for a multiple choice, written as any other."""
    part.tag = "CodeList"
    part.set("OID", part.attrib.pop("ID", ""))
    for item in part.iter("{openclinica}MultiSelectListItem"):
        item.tag = "CodeListItem"
        item.set("CodedValue", item.attrib.pop("CodedOptionValue", ""))


def _gather(part: Element, found: dict[str, Element], version: Element, findings: list[Finding]) -> None:
    oid = part.get("OID", "").strip() or part.get("Name", "").strip()
    if not oid:
        findings.append(
            Finding(f"line {part.sourceline}", Part.OTHER, Outcome.DROPPED, f"The {part.tag} has neither OID nor Name.")
        )
        return
    before = found.get(oid)
    if before is not None and version in before.iterancestors():
        if etree.tostring(before) != etree.tostring(part):
            findings.append(
                Finding(
                    oid,
                    Part.OTHER,
                    Outcome.DROPPED,
                    f"There are two {part.tag} of this OID; the first was read.",
                    text_in(part)[:200],
                )
            )
        return
    found[oid] = part


def _event_refs(version: Element) -> list[Element]:
    """StudyEventRefs in the order of the protocol, those in groups of events where their group stands."""
    protocol = version.find("Protocol")
    if protocol is None:
        return []
    groups = {part.get("OID", ""): part for part in version.iter("StudyEventGroupDef")}
    return list(_refs_in(protocol, groups, 0))


def _refs_in(holder: Element, groups: Mapping[str, Element], depth: int) -> Iterable[Element]:
    for ref in in_order([part for part in children(holder) if part.tag in ("StudyEventRef", "StudyEventGroupRef")]):
        if ref.tag == "StudyEventRef":
            yield ref
        elif depth < 8 and (group := groups.get(ref.get("StudyEventGroupOID", ""))) is not None:
            yield from _refs_in(group, groups, depth + 1)
