"""A compiled definition -> ODM 1.3.2 or 2.0, valid by the schema.

What ODM can say stands in its own elements. The file is then read back, and whatever comes out otherwise is written beside it as Alias elements
of ours: other systems pass over them, and our own import is exact.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy

from engine.compiler import CompiledRegistry
from exchange.document import Document, Exported, items_of
from exchange.findings import Finding, Outcome, Part, SourceFault
from exchange.from_model import document_of
from exchange.odm.building import Builder
from exchange.odm.difference import REGISTRY, Left, left_out
from exchange.odm.elements import Element
from exchange.odm.marking import EDITIONS, Pen, in_namespace
from exchange.odm.read import read_source
from exchange.odm.source import source_of

_OURS = "ODM has no word for {keys}; they are kept as aliases, which other systems pass over."
_RULE = "ODM leaves the language of rules open: it is written in ours, which other systems may not evaluate."
_PLAIN = frozenset({"oid", "annotations"})  # say nothing that other systems would miss


def write(registry: CompiledRegistry, version: str = "1.3.2") -> Exported:
    """The definition as ODM, and what became of each item and rule.

    Args:
        version: `1.3.2` or `2.0`.

    Raises:
        SourceFault: another version is asked for.
    """
    edition = EDITIONS.get(version)
    if edition is None:
        raise SourceFault(f"There is no ODM {version} to write. Allowed: {', '.join(EDITIONS)}.")
    document = document_of(registry.model)
    pen = Pen(edition)
    plain = Builder(document, pen).build()
    left = left_out(document, _read_back(plain))
    whole = Builder(document, pen, left).build()
    return Exported(in_namespace(whole, edition), tuple(_told(document, left)))


def _read_back(root: Element) -> Document:
    return read_source(source_of("what was written", deepcopy(root))).document


def _told(document: Document, left: Left) -> Iterator[Finding]:
    for placed in items_of(document):
        where = f"{placed.form}.{placed.entry['id']}"
        keys = sorted(set(left.get(("item", placed.form, placed.entry["id"]), {})) - _PLAIN)
        yield _finding(where, Part.ITEM, keys)
        for key in ("when", "calculate", "cases"):
            if key in placed.entry:
                yield Finding(f"{where}.{key}", Part.RULE, Outcome.APPROXIMATED, _RULE, str(placed.entry[key]))
        if "codelist" in placed.entry:
            codelist = placed.entry["codelist"]
            lost = set(left.get(("codelist", codelist), {})) | {
                key for part, entry in left.items() if part[:2] == ("code", codelist) for key in entry
            }
            yield _finding(where, Part.CHOICES, sorted(lost - _PLAIN))
    for id_, form in document.get("forms", {}).items():
        yield _finding(id_, Part.LAYOUT, sorted(set(left.get(("form", id_), {})) - _PLAIN - {"checks"}))
        for check in form.get("checks", ()):
            yield Finding(f"{id_}.{check['id']}", Part.RULE, Outcome.APPROXIMATED, _RULE, str(check["assert"]))
    for id_ in document.get("events", {}):
        yield _finding(id_, Part.LAYOUT, sorted(set(left.get(("event", id_), {})) - _PLAIN))
    yield _finding(document["registry"], Part.OTHER, sorted(set(left.get(REGISTRY, {})) - _PLAIN))


def _finding(where: str, part: Part, keys: list[str]) -> Finding:
    if not keys:
        return Finding(where, part)
    words = ", ".join(keys)
    return Finding(where, part, Outcome.APPROXIMATED, _OURS.format(keys=words), words)
