"""Runs all measurements and prints one table: `python -m benchmarks [--quick] [--only PART…] [--write FILE]`."""

from __future__ import annotations

import argparse
import os
import platform
import sys
from pathlib import Path

from benchmarks import browser, compiling, growth, judging, loading, nesting, pages, searching, storing
from benchmarks.measuring import Row, calibration, table

PARTS = {
    "rules": judging.rows,
    "storage": storing.rows,
    "loading": loading.rows,
    "page": pages.rows,
    "compile": compiling.rows,
    "browser": browser.rows,
    "growth": growth.rows,
    "nesting": nesting.rows,
    "search": searching.rows,
}

INTRODUCTION = """\
# Benchmarks

`make bench` measures all of this anew, in one run on one machine. Contestants take turns and medians are shown, so ratios hold
where times do not. Times are of the processor; for storage of client and server together, which on an idle machine is the time that
passes. The machine is told by the time of a fixed loop of two million additions in pure Python: {before:.0f} ms before the run,
{after:.0f} ms after it ({machine}). On average {busy} programs wanted its {processors} processors at the start, in the middle and
at the end.
"""


def main() -> int:
    """Measure, print, and write where asked."""
    options = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    options.add_argument("--quick", action="store_true", help="fewer rounds")
    options.add_argument("--only", nargs="+", choices=list(PARTS), default=list(PARTS), help="parts to measure")
    options.add_argument(
        "--write", type=Path, metavar="FILE", help="a Markdown file for the table, such as docs/benchmarks.md"
    )
    chosen = options.parse_args()
    before, busy = calibration(), [os.getloadavg()[0]]
    rows: list[Row] = []
    for part in chosen.only:
        print(f"measuring {part}", file=sys.stderr)
        rows.extend(PARTS[part](quick=chosen.quick))
        busy.append(os.getloadavg()[0])
    told = INTRODUCTION.format(
        before=before * 1e3,
        after=calibration() * 1e3,
        machine=f"Python {platform.python_version()}, {platform.system()}",
        busy=", ".join(f"{busy[place]:.1f}" for place in (0, len(busy) // 2, -1)),
        processors=os.cpu_count(),
    )
    text = f"{told}\n{table(rows)}\n"
    print(text)
    if chosen.write is not None:
        chosen.write.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
