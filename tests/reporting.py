"""A plugin: `pytest --report=FILE` writes what ran, how long it took, and what was left out and why, as a page."""

import os
import platform
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

import pytest

_SLOWEST = 15


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--report", metavar="FILE", help="write a page about the run")


def pytest_configure(config: pytest.Config) -> None:
    target = config.getoption("--report")
    if target and not hasattr(config, "workerinput"):  # once, in the process that hears of all tests
        config.pluginmanager.register(Report(Path(target)), "page-about-the-run")


class Report:
    """Hears of each part of each test, whichever process runs it."""

    def __init__(self, target: Path) -> None:
        self.target = target
        self.started, self.clock = datetime.now(UTC), monotonic()
        self.seconds: dict[str, float] = defaultdict(float)  # by test, with what it prepares and clears away
        self.outcomes: dict[str, str] = {}
        self.reasons: Counter[str] = Counter()
        self.again: set[str] = set()  # failed at first and were tried once more

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.seconds[report.nodeid] += report.duration
        if str(report.outcome) == "rerun":  # what the plugin adds to pytest's own words
            self.again.add(report.nodeid)
        elif report.failed:
            self.outcomes[report.nodeid] = "failed"
        elif report.skipped:
            self.outcomes[report.nodeid] = "skipped"
            why = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
            self.reasons[why.removeprefix("Skipped: ")] += 1
        else:
            self.outcomes.setdefault(report.nodeid, "passed")

    def pytest_sessionfinish(self) -> None:
        self.target.write_text("\n".join(self._lines()) + "\n", "utf-8")

    def _lines(self) -> Iterator[str]:
        minutes, seconds = divmod(round(monotonic() - self.clock), 60)
        counts = Counter(self.outcomes.values())
        yield "# The whole run"
        yield ""
        yield f"`make test-full` writes this page. {self.started:%Y-%m-%d %H:%M} UTC, Python {platform.python_version()},"
        yield (
            f"{platform.system()}, {os.cpu_count()} processors, {minutes}:{seconds:02} min: "
            + ", ".join(f"{counts[kind]:,} {kind}" for kind in ("passed", "failed", "skipped"))
            + "."
        )
        yield ""
        yield "| folder | tests | failed | skipped | seconds, all processors together |"
        yield "| --- | ---: | ---: | ---: | ---: |"
        folders: dict[str, list[str]] = defaultdict(list)
        for test in self.outcomes:
            folders[test.partition("::")[0].rpartition("/")[0]].append(test)
        for folder, tests in sorted(folders.items()):
            found = Counter(self.outcomes[test] for test in tests)
            spent = sum(self.seconds[test] for test in tests)
            yield f"| {folder} | {len(tests):,} | {found['failed']} | {found['skipped']} | {spent:.0f} |"
        yield ""
        yield f"The {_SLOWEST} slowest:"
        yield ""
        yield "| test | seconds |"
        yield "| --- | ---: |"
        for test in sorted(self.seconds, key=lambda name: -self.seconds[name])[:_SLOWEST]:
            yield f"| `{test.removeprefix('tests/')}` | {self.seconds[test]:.0f} |"
        failed = [test for test, outcome in self.outcomes.items() if outcome == "failed"]
        unsteady = [test for test in self.outcomes if test in self.again and test not in failed]
        skipped = [f"{number} × {why}" for why, number in self.reasons.most_common()]
        for told, lines in (
            ("Failed:", [f"`{test}`" for test in failed]),
            ("Passed the second time alone:", [f"`{test}`" for test in unsteady]),
            ("Left out:", skipped),
        ):
            if lines:
                yield from ("", told, "", *(f"- {line}" for line in lines))
