"""Texts that stand again and again among a column's numbers: `k. A.`, `keine`. Few of them mean a missing value."""

from collections import Counter
from typing import NamedTuple

from slipway.drafting.cells import COMMA_NUMBER, MARKERS, WEAK_MARKERS, is_number

MIN_NUMBERS = 0.8
DIRT = 0.02  # so few texts are read as dirt among numbers, and said to be
MAX_MARKERS = 3
MAX_NAMED = 10


class Strays(NamedTuple):
    """Columns of numbers with their texts: those that mean a missing value, and those that may mean anything."""

    missing: dict[str, list[str]]
    unclear: dict[str, list[str]]

    def notes(self) -> list[str]:
        """Say it, a line for each column."""
        read = [
            f"{_listed(texts)} among the numbers of '{name}': read as missing (ingest.source.read.missing)"
            for name, texts in self.missing.items()
        ]
        return read + [
            f"{_listed(texts)} among the numbers of '{name}', so it is no column of numbers: "
            "add to ingest.source.read.missing what means a missing value"
            for name, texts in self.unclear.items()
        ]


def strays(names: list[str], body: list[list[str]]) -> Strays:
    """Tell from sampled rows which texts stand among numbers.

    They mean a missing value where they are few, each repeated and without a digit (`90+` is a number's end), no
    value of another column (a marker holds for all), and the numbers are many: the chromosomes 1 to 22, X and Y are
    categories.
    """
    columns = [Counter(cell.strip() for cell in column) for column in zip(*body, strict=True)]
    found = Strays({}, {})
    for number, cells in enumerate(columns):
        numbers, texts = _told_apart(cells)
        total, odd = sum(numbers.values()), sum(texts.values())
        if not texts or not _is_mostly_numbers(cells) or _are_codes(numbers):
            continue
        elsewhere = any(
            text in other and not _is_mostly_numbers(other)
            for text in texts
            for at, other in enumerate(columns)
            if at != number
        )
        plain = all(count > 1 and not any(map(str.isdigit, text)) for text, count in texts.items())
        if len(texts) <= MAX_MARKERS and plain and not elsewhere and _are_many(numbers):
            found.missing[names[number]] = sorted(texts)
        elif len(texts) <= MAX_NAMED < len(numbers) and odd > DIRT * (total + odd):
            found.unclear[names[number]] = sorted(texts)
    return found


def _told_apart(cells: Counter[str]) -> tuple[dict[str, int], dict[str, int]]:
    """Return the numbers and the texts, markers that are known left out."""
    numbers = {cell: count for cell, count in cells.items() if is_number(cell) or COMMA_NUMBER.fullmatch(cell)}
    known = numbers.keys() | MARKERS | WEAK_MARKERS
    return numbers, {cell: count for cell, count in cells.items() if cell and cell not in known}


def _is_mostly_numbers(cells: Counter[str]) -> bool:
    numbers, texts = _told_apart(cells)
    total = sum(numbers.values())
    return total > 0 and total >= MIN_NUMBERS * (total + sum(texts.values()))


def _are_codes(numbers: dict[str, int]) -> bool:
    return any(len(cell) > 1 and cell.isdigit() and cell.startswith("0") for cell in numbers)


def _are_many(numbers: dict[str, int]) -> bool:
    return len(numbers) >= 50 or (len(numbers) >= 20 and any("." in cell or "," in cell for cell in numbers))


def _listed(texts: list[str]) -> str:
    return ", ".join(f"'{text[:40]}'" for text in texts) + (" stands" if len(texts) == 1 else " stand")
