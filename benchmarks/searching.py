"""Finding an answer in dictionaries of three sizes: the index of the look-up against a plain look at each label."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from benchmarks.measuring import Row, compare, shown
from engine.datatypes.dictionary import unpack
from web.lookups import CodeIndex, index_dictionary

SIZES = (100, 1_000, 100_000)
MOST = 0.05  # seconds: what nobody notices while typing
DAY = date(2025, 1, 1)
WORDS = ("zapalenie", "wsierdzia", "ostre", "przewlekłe", "żyły", "łokciowej", "nieokreślone", "elektroda")
QUERIES = ("a", "zapalenie ostre", "ZYLY lokciowej", "99999", "nothing like this", "C82.7")


def rows(*, quick: bool) -> Iterator[Row]:
    """The part 'search' of the table."""
    for size in SIZES:
        labels = {
            f"{chr(65 + number % 26)}{number % 100:02d}.{number // 100}": f"{WORDS[number % 8]} {WORDS[number // 8 % 8]} {number}"
            for number in range(size)
        }
        lines = "".join(f"{code},{label},{label}\n" for code, label in labels.items())
        index = index_dictionary(unpack("X", "1", f"code,label_pl,label_en\n{lines}"))

        def ours(index: CodeIndex = index) -> list[object]:
            return [index.search(query, "pl", DAY) for query in QUERIES]

        def plain(labels: dict[str, str] = labels) -> list[object]:
            return [
                [code for code, label in labels.items() if query.lower() in label.lower()][:50] for query in QUERIES
            ]

        taken = compare({"ours": ours, "plain": plain}, rounds=3 if quick else 10)
        one, other = taken["ours"] / len(QUERIES), taken["plain"] / len(QUERIES)
        name = f"search in {size:,} codes"
        yield Row("search", f"{name}, a look at each", shown(other))
        times, against = (other / one, "faster") if size == SIZES[-1] else (None, "")
        yield Row("search", f"{name}, look-up", shown(one), times, against, "≤ 50 ms", one <= MOST)
