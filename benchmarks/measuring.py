"""How times are taken: contestants in turn, medians, and the time of a fixed loop to compare machines by."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import process_time

Clock = Callable[[], float]
Contestants = Mapping[str, Callable[[], object]]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table: seconds (or another figure), and how many times that of what it is compared with."""

    part: str
    what: str
    figure: str
    ratio: float | None = None
    against: str = ""
    aim: str = ""
    met: bool | None = None
    note: str = ""


def compare(contestants: Contestants, *, rounds: int, calls: int = 1, clock: Clock = process_time) -> dict[str, float]:
    """The median seconds of a call of each. They take turns, so that a busy moment hits all of them.

    What stands before the measurement is taken out of the garbage collector's sight, as a server does after its start.
    """
    for run in contestants.values():
        run()
    gc.collect()
    gc.freeze()
    taken: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, run in contestants.items():
            start = clock()
            for _ in range(calls):
                run()
            taken[name].append((clock() - start) / calls)
    gc.unfreeze()
    return {name: median(times) for name, times in taken.items()}


class Together:
    """A clock of processor time that this process and others, such as those of a database, have used together.

    Time that passes would be that of everybody's programs on a busy machine. What reading the clock takes is left out.
    """

    def __init__(self, processes: Iterable[int]) -> None:
        self._files = [Path(f"/proc/{number}/schedstat") for number in processes]
        self._reading = 0.0

    def __call__(self) -> float:
        """Seconds since some moment."""
        begun = process_time()
        others = sum(int(file.read_text("ascii").split()[0]) for file in self._files)
        now = process_time()
        self._reading += now - begun
        return now - self._reading + others / 1e9


def calibration() -> float:
    """Seconds of a fixed loop of two million additions in pure Python: what this machine is worth now."""

    def loop() -> int:
        total = 0
        for number in range(2_000_000):
            total += number & 7
        return total

    return compare({"loop": loop}, rounds=5)["loop"]


def shown(seconds: float) -> str:
    """Seconds in a unit that suits them."""
    if seconds >= 1:
        return f"{seconds:.2f} s"
    return f"{seconds * 1e3:.2f} ms" if seconds >= 1e-3 else f"{seconds * 1e6:.1f} µs"


def at_most(
    part: str, what: str, seconds: float, base: float, *, against: str, limit: float | None = None, note: str = ""
) -> Row:
    """A row for a time that should be at most `limit` times another."""
    ratio = seconds / base
    aim = f"≤ {limit:g} ×" if limit is not None else ""
    return Row(part, what, shown(seconds), ratio, against, aim, None if limit is None else ratio <= limit, note)


def within(part: str, what: str, seconds: float, limit: float | None = None, note: str = "") -> Row:
    """A row for a time that should stay below a limit in seconds."""
    aim = f"≤ {shown(limit)}" if limit is not None else ""
    return Row(part, what, shown(seconds), None, "", aim, None if limit is None else seconds <= limit, note)


def table(rows: Iterable[Row]) -> str:
    """The rows as a Markdown table."""
    lines = ["| part | what | figure | ratio | aim | met | note |", "| --- | --- | ---: | ---: | --- | --- | --- |"]
    for row in rows:
        ratio = "" if row.ratio is None else f"{row.ratio:.2f} × {row.against}"
        met = {True: "yes", False: "**no**", None: ""}[row.met]
        lines.append(f"| {row.part} | {row.what} | {row.figure} | {ratio} | {row.aim} | {met} | {row.note} |")
    return "\n".join(lines)
