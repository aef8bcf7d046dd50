"""Registries that are served together: the sign that each gives its patients' numbers, and what keeps them from it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from engine.compiler.compiled import CompiledRegistry
from engine.errors import DefinitionProblem, Mark


def prefix_of(registry: CompiledRegistry) -> str:
    """The sign of a registry: what its checks' ids begin with (`TLE-01`), else the initials of its id."""
    signs = Counter(
        match[1] for check in registry.checks if (match := re.match(r"([A-Z]{2,4})-\d", check.check.id)) is not None
    )
    if signs:
        return signs.most_common(1)[0][0]
    words = registry.model.registry.split("_")
    return ("".join(word[0] for word in words) if len(words) > 1 else words[0][:3]).upper()


def clashes(registries: Mapping[Path, CompiledRegistry]) -> list[DefinitionProblem]:
    """What keeps definitions, each of which is sound, from being served together: the same id, or the same sign of pseudonyms."""
    names, signs, problems = dict[str, Path](), dict[str, Path](), list[DefinitionProblem]()
    for file, registry in registries.items():
        name, sign = registry.model.registry, prefix_of(registry)
        first = names.setdefault(name, file)
        if first != file:
            message = f"The registry {name} is defined in {first.name} too. Give one of the two another id, or take one of the files away."
            problems.append(DefinitionProblem(_mark(file), "registry-twice", message))
            continue
        other = signs.setdefault(sign, file)
        if other != file:
            message = (
                f"Patients would get numbers that begin with {sign}-, as those of {other.name} do, and two patients the same number. "
                f"Let the ids of the checks of one of the two begin with another sign, such as {sign[:2]}X-01, or give it an id "
                "with other initials."
            )
            problems.append(DefinitionProblem(_mark(file), "sign-taken", message))
    return problems


def _mark(file: Path) -> Mark:
    """Where a definition says which registry it is."""
    lines = file.read_text("utf-8").splitlines()
    return Mark(str(file), next((n for n, line in enumerate(lines, 1) if line.startswith("registry:")), 1), 1)


__all__ = ["clashes", "prefix_of"]
