"""The registries that the application serves: compiled definitions, published once, with their pages and readers."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from engine.compiler import CompiledRegistry, compile_definition
from engine.compiler.together import clashes, prefix_of
from engine.datatypes.dictionary import Dictionary
from engine.errors import DefinitionError
from renderers.html import Pages, PostReader, compile_pages, post_reader
from storage.database import Database
from storage.errors import NotFound
from storage.metadata_versions import PublishedDefinition, publish, published
from storage.request import Rules
from storage.verification_counts import keep_plan
from web.dictionaries import Dictionaries
from web.lookups import Lookups
from web.rules import rules_of

STATIC_URL = "/static/"
LANGUAGES = ("pl", "en")


@dataclass(frozen=True, eq=False)
class Version:
    """One version of a registry, ready to serve. Immutable but for pages that are prepared when first shown."""

    registry: CompiledRegistry
    rules: Rules
    pages: Pages
    readers: Mapping[str, PostReader]
    lookups: Lookups
    dictionaries: Mapping[str, Dictionary]
    prefix: str  # of pseudonyms

    @property
    def name(self) -> str:
        """The registry's id."""
        return self.registry.model.registry


def make_version(registry: CompiledRegistry, dictionaries: Mapping[str, Dictionary]) -> Version:
    """Everything that is made once per version; the dictionaries are those that others keep."""
    return Version(
        registry=registry,
        rules=rules_of(registry, dictionaries),
        pages=compile_pages(registry, languages=LANGUAGES, static_url=STATIC_URL),
        readers={form.id: post_reader(form) for form in registry.model.forms.values()},
        lookups=Lookups(registry.model, dictionaries),
        dictionaries=dictionaries,
        prefix=prefix_of(registry),
    )


@dataclass(frozen=True)
class Registries:
    """The newest version of each registry, and older ones to which forms are pinned."""

    database: Database
    dictionaries: Dictionaries
    current: Mapping[str, Version]
    _by_hash: dict[str, Version] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def of(self, definition: str) -> Version:
        """The version with this hash; an older one is compiled from what was published. Raises NotFound."""
        with self._lock:
            found = self._by_hash.get(definition)
            if found is None:
                found = self._by_hash[definition] = make_version(
                    _compile_published(published(self.database, definition)), self.dictionaries
                )
            return found


def load_registries(database: Database, folder: Path, *, at: datetime, cache: Path | None = None) -> Registries:
    """Compile and publish the definitions of a folder.

    Raises:
        DefinitionError: one of them is faulty, or two do not go together; none is published then.
        VersionClash: one was published before, under the same number, with another text.
    """
    current: dict[str, Version] = {}
    dictionaries = Dictionaries(database)
    compiled = {file: compile_definition(file, cache=cache) for file in sorted(folder.glob("*.yaml"))}
    problems = clashes(compiled)
    if problems:
        raise DefinitionError(problems)
    for registry in compiled.values():
        publish(database, describe(registry, folder), who="serve", at=at)
        name = registry.model.registry
        keep_plan(database.on_behalf(None, name, at), name, registry.model.verification)
        current[registry.model.registry] = make_version(registry, dictionaries)
    if not current:
        raise NotFound("definition in", folder)
    return Registries(database, dictionaries, current, {version.registry.hash: version for version in current.values()})


def describe(registry: CompiledRegistry, folder: Path) -> PublishedDefinition:
    """A compiled definition with the text of its whole include closure."""
    model = registry.model
    first, *others = model.sources
    closure = {name: (folder / name).read_text("utf-8") for name in (first, *others)}
    return PublishedDefinition(model.registry, model.version, registry.hash, closure[first], closure)


def _compile_published(definition: PublishedDefinition) -> CompiledRegistry:
    with tempfile.TemporaryDirectory(prefix="ecrf-") as name:
        for file, text in definition.closure.items():
            path = Path(name, file)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        main = next(file for file, text in definition.closure.items() if text == definition.text)
        return compile_definition(Path(name, main))


__all__ = [
    "LANGUAGES",
    "STATIC_URL",
    "Registries",
    "Version",
    "describe",
    "load_registries",
    "make_version",
]
