"""Sends real definitions of other systems through import, check, export and import, and tells what arrives.

`python -m benchmarks.fidelity FOLDER [--only KIND…] [--write FILE] [--details FILE]`: FOLDER holds a folder a format (`redcap`, `odm`, `xlsform`, `fhir`).
Each file has a process of its own, so that its memory is known; its seconds and megabytes are those of the first import.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from engine.compiler import compile_definition
from engine.errors import DefinitionError
from exchange.bounds import bounded
from exchange.findings import Finding, Outcome, Part, SourceFault
from exchange.formats import FORMATS
from exchange.sameness import sameness
from exchange.settling import Settled, settled

MINUTES = 3  # of a file, with everything that is done to it
MANY = 12  # kinds of rules in a table
NO_SOURCES = frozenset({".xsd", ".tsv", ".md", ".txt"})


@dataclass
class Outcomes:
    """What became of one file. Counts are pairs: kept, of all."""

    file: str
    refused: str = ""
    failed: str = ""  # a fault of ours
    items: tuple[int, int] = (0, 0)
    rules: tuple[int, int] = (0, 0)
    choices: tuple[int, int] = (0, 0)
    equal: tuple[int, int] = (0, 0)
    seconds: float = 0.0
    megabytes: float = 0.0
    by_name: dict[str, tuple[int, int]] = field(default_factory=dict)  # rules, by what the source calls them
    untold: list[str] = field(default_factory=list)  # reasons of rules that were not translated
    lost: list[str] = field(default_factory=list)  # what came back otherwise


def measured(kind: str, path: Path) -> Outcomes:
    """One file through everything."""
    outcomes = Outcomes(str(path))
    before, start = _megabytes(), time.perf_counter()
    try:
        with bounded(str(path)):
            first = settled(FORMATS[kind].read(path))
    except SourceFault as fault:
        outcomes.refused = str(fault)
        return outcomes
    except Exception as fault:  # noqa: BLE001 -- whatever goes wrong with one file is told of that file
        outcomes.failed = f"import: {type(fault).__name__}: {fault}"
        return outcomes
    finally:
        outcomes.seconds, outcomes.megabytes = time.perf_counter() - start, _megabytes() - before
    for part, name in ((Part.ITEM, "items"), (Part.RULE, "rules"), (Part.CHOICES, "choices")):
        setattr(outcomes, name, _kept(first.findings, part))
    rules = [finding for finding in first.findings if finding.part is Part.RULE]
    for name in sorted({finding.name for finding in rules}):
        outcomes.by_name[name or "other"] = _kept([finding for finding in rules if finding.name == name], Part.RULE)
    outcomes.untold = [
        f"{finding.where}: {finding.reason} | {finding.found[:200]}"
        for finding in rules
        if finding.outcome is Outcome.DROPPED
    ]
    try:
        _there_and_back(kind, first, outcomes)
    except (SourceFault, DefinitionError) as fault:
        outcomes.failed = f"round trip: {fault}"
    except Exception as fault:  # noqa: BLE001 -- the same
        outcomes.failed = f"round trip: {type(fault).__name__}: {fault}"
    return outcomes


def _there_and_back(kind: str, first: Settled, outcomes: Outcomes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        definition = Path(folder) / "definition.yaml"
        definition.write_text(first.text, "utf-8")
        exported = Path(folder) / f"exported{FORMATS[kind].endings[0]}"
        exported.write_bytes(FORMATS[kind].write(compile_definition(definition)).content)
        second = settled(FORMATS[kind].read(exported))
    same, of, lost = sameness(first.document, second.document)
    outcomes.equal = (same, of)
    outcomes.lost = [".".join(path) for path in lost]


def _kept(findings: Sequence[Finding], part: Part) -> tuple[int, int]:
    """How many do what they did: of items and choices also those that are there in another way; of rules those that were translated."""
    told = [finding.outcome for finding in findings if finding.part is part]
    return sum(outcome is not Outcome.DROPPED for outcome in told), len(told)


def _megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def sources(folder: Path) -> Iterator[Path]:
    """The files of a format, without schemas."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.suffix.lower() not in NO_SOURCES and "schema" not in path.relative_to(folder).parts:
            yield path


def _in_process(job: tuple[str, str]) -> dict[str, object]:
    kind, path = job
    return asdict(measured(kind, Path(path)))


def main() -> int:
    """Measure, print one table a format, and write where asked."""
    options = argparse.ArgumentParser(prog="python -m benchmarks.fidelity", description=__doc__)
    options.add_argument("folder", type=Path)
    options.add_argument("--only", nargs="+", choices=list(FORMATS), default=list(FORMATS))
    options.add_argument("--write", type=Path, metavar="FILE", help="a Markdown file, such as docs/fidelity.md")
    options.add_argument("--details", type=Path, metavar="FILE", help="a JSON file with the outcome of every file")
    options.add_argument("--processes", type=int, default=2)
    chosen = options.parse_args()
    found: dict[str, list[Outcomes]] = {}
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        [f"{each.package}.{part}" for each in FORMATS.values() for part in ("read", "write")]
    )
    for kind in chosen.only:
        jobs = [(kind, str(path)) for path in sources(chosen.folder / kind)]
        with context.Pool(chosen.processes, maxtasksperchild=1) as pool:
            print(f"{kind}: {len(jobs)} files", file=sys.stderr)
            pending = [pool.apply_async(_in_process, (job,)) for job in jobs]
            found[kind] = [_result(job[1], each) for job, each in zip(jobs, pending, strict=True)]
    text = report(found, chosen.folder)
    print(text)
    if chosen.write is not None:
        chosen.write.write_text(text + "\n", "utf-8")
    if chosen.details is not None:
        details = {kind: [asdict(each) for each in outcomes] for kind, outcomes in found.items()}
        chosen.details.write_text(json.dumps(details, ensure_ascii=False, indent=1), "utf-8")
    return 0


def _result(path: str, pending: multiprocessing.pool.AsyncResult[dict[str, object]]) -> Outcomes:
    try:
        return Outcomes(**pending.get(MINUTES * 60))  # type: ignore[arg-type]  # the fields as data
    except multiprocessing.TimeoutError:
        return Outcomes(path, failed=f"more than {MINUTES} minutes")


INTRODUCTION = """\
# Fidelity

`make fidelity` sends real definitions that others wrote through import, check, export and import, and counts what arrives. Kept are items and
choices that are there, and rules that are translated (what is not stays as an annotation and is told with a reason). *Equal* counts every
single statement of the imported definition (a label in a language, a code, a condition) that the second import has again as it was.
"""


def report(found: dict[str, list[Outcomes]], folder: Path) -> str:
    """A table over the formats, and one a format with a row a file."""
    parts = [INTRODUCTION, _summary(found)]
    for kind, outcomes in found.items():
        parts.append(f"## {FORMATS[kind].title}\n\n{_rules(outcomes)}\n{_files(outcomes, folder / kind)}")
    return "\n".join(parts)


def _summary(found: dict[str, list[Outcomes]]) -> str:
    columns = (
        *(
            "format",
            "files",
            "read",
            "refused",
            "failed",
            "items kept",
            "rules translated",
            "choices kept",
            "equal after the round trip",
        ),
        *("s a file, median and most", "MB, most"),
    )
    lines = [f"| {' | '.join(columns)} |", "| --- |" + " ---: |" * (len(columns) - 1)]
    for kind, outcomes in found.items():
        read = [each for each in outcomes if not each.refused and not each.failed.startswith("import")]
        seconds = [each.seconds for each in outcomes] or [0.0]
        cells = (
            FORMATS[kind].title,
            len(outcomes),
            len(read),
            sum(bool(each.refused) for each in outcomes),
            sum(bool(each.failed) for each in outcomes),
            *(_share(getattr(each, name) for each in read) for name in ("items", "rules", "choices", "equal")),
            f"{statistics.median(seconds):.1f}, {max(seconds):.1f}",
            f"{max((each.megabytes for each in outcomes), default=0):.0f}",
        )
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines) + "\n"


def _rules(outcomes: Sequence[Outcomes]) -> str:
    """Which rules are translated, by what they are called in their source; the rarest together."""
    counted: dict[str, list[tuple[int, int]]] = {}
    for each in outcomes:
        for name, pair in each.by_name.items():
            counted.setdefault(name.rpartition("/")[2], []).append(pair)
    rows = sorted(counted.items(), key=lambda row: -sum(of for _, of in row[1]))
    lines = ["| rules | translated |", "| --- | ---: |"]
    lines += [f"| {name} | {_share(pairs)} |" for name, pairs in rows[:MANY]]
    if rows[MANY:]:
        lines.append(f"| others | {_share([pair for _, pairs in rows[MANY:] for pair in pairs])} |")
    return "\n".join(lines) + "\n"


def _files(outcomes: Sequence[Outcomes], folder: Path) -> str:
    lines = ["| file | items | rules | choices | equal | s | MB |", "| --- | ---: | ---: | ---: | ---: | ---: | ---: |"]
    for each in outcomes:
        name = Path(each.file).relative_to(folder)
        if each.refused or each.failed:
            told = f"refused: {each.refused}" if each.refused else f"failed: {each.failed}"
            lines.append(
                f"| {name} | {told.replace(each.file, name.name).replace('|', '/').splitlines()[0][:300]} | | | | | |"
            )
            continue
        counts = (f"{kept}/{of}" for kept, of in (each.items, each.rules, each.choices))
        lines.append(
            f"| {name} | {' | '.join(counts)} | {_share([each.equal])} | {each.seconds:.1f} | {each.megabytes:.0f} |"
        )
    return "\n".join(lines) + "\n"


def _share(pairs: Iterator[tuple[int, int]] | list[tuple[int, int]]) -> str:
    kept, of = (sum(numbers) for numbers in zip(*pairs, strict=True)) if (pairs := list(pairs)) else (0, 0)
    return f"{100 * kept / of:.1f} % of {of}" if of else "–"


if __name__ == "__main__":
    sys.exit(main())
