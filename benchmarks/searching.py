"""Finding an answer in a list of 100,000 codes: the index of the look-up against a plain look at each label."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.measuring import Row, compare, shown
from engine.datatypes.base import Choice
from web.lookups import build_index

CODES = 100_000
WORDS = ("zapalenie", "wsierdzia", "ostre", "przewlekłe", "żyły", "łokciowej", "nieokreślone", "elektroda")
QUERIES = ("a", "zapalenie ostre", "ZYLY lokciowej", "99999", "nothing like this", "C82.7")


def rows(*, quick: bool) -> Iterator[Row]:
    """The part 'search' of the table."""
    labels = {
        f"{chr(65 + number % 26)}{number % 100:02d}.{number // 100}": f"{WORDS[number % 8]} {WORDS[number // 8 % 8]} {number}"
        for number in range(CODES)
    }
    index = build_index(tuple(Choice(code, {"pl": label}) for code, label in labels.items()), "pl")

    def ours() -> list[object]:
        return [index.search(query) for query in QUERIES]

    def plain() -> list[object]:
        return [[code for code, label in labels.items() if query.lower() in label.lower()][:50] for query in QUERIES]

    taken = compare({"ours": ours, "plain": plain}, rounds=3 if quick else 10)
    times, one = taken["plain"] / taken["ours"], taken["ours"] / len(QUERIES)
    yield Row("search", "search in 100,000 codes, a look at each", shown(taken["plain"] / len(QUERIES)))
    yield Row("search", "search in 100,000 codes, look-up", shown(one), times, "faster", "≤ 50 ms", one <= 0.05)
