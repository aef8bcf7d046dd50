"""The formats that definitions come from and go to: a row each. Their modules are loaded when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import cast

from engine.compiler import CompiledRegistry
from exchange.document import Exported, Imported
from exchange.findings import SourceFault

Reader = Callable[..., Imported]  # of a path; of formats without languages of their own also of `language`
Writer = Callable[..., Exported]  # of a compiled registry; of formats with versions also of `version`


@dataclass(frozen=True, slots=True)
class Format:
    """A format: what people call it, the endings of its files, the package with `read` and `write`, and what versions are written.

    `tells_language`: whether its files always tell in which languages their texts are.
    """

    title: str
    endings: tuple[str, ...]
    package: str
    versions: tuple[str, ...] = ()  # the first unless another is asked for
    tells_language: bool = True

    def read(self, path: Path, language: str = "") -> Imported:
        """File -> definition as data. `language`: of texts whose language the file does not tell. Raises SourceFault."""
        reader = cast(Reader, import_module(f"{self.package}.read").read)
        return reader(path, language=language) if language and not self.tells_language else reader(path)

    def refused(self, version: str) -> str:
        """Why a version is not written, with those that are; '' where it is."""
        if not version or version in self.versions:
            return ""
        allowed = f"Allowed: {', '.join(self.versions)}." if self.versions else "It has no versions to choose from."
        return f"{self.title} is not written in a version {version}. {allowed}"

    def write(self, registry: CompiledRegistry, version: str = "") -> Exported:
        """Compiled definition -> file. Raises SourceFault where the format has no such version."""
        if reason := self.refused(version):
            raise SourceFault(reason)
        writer = cast(Writer, import_module(f"{self.package}.write").write)
        return writer(registry, version=version) if version else writer(registry)


FORMATS: Mapping[str, Format] = {
    "redcap": Format("REDCap", (".csv", ".zip", ".xlsx", ".xml"), "exchange.redcap", tells_language=False),
    "odm": Format("CDISC ODM", (".xml", ".zip"), "exchange.odm", ("1.3.2", "2.0"), tells_language=False),
    "xlsform": Format("XLSForm", (".xlsx", ".xlsm", ".xls", ".csv", ".md"), "exchange.xlsform"),
    "fhir": Format("FHIR Questionnaire", (".json", ".xml"), "exchange.fhir", ("R4", "R5")),
}
