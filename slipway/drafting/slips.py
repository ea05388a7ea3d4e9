"""Rare values that look like a slip of a frequent one: `birmingxam` beside three hundred `birmingham`."""

import re
from collections import Counter
from collections.abc import Mapping
from difflib import SequenceMatcher

MAX_RARE = 3
TIMES = 5
MAX_REPEATED = 20
REPEATED_TIMES = 50
MIN_LETTERS = 3
MAX_WRONG_SHARE = 0.28
MIN_RATIO = 0.9
MAX_COMPARISONS = 300_000

TOKEN = re.compile(r"[^\W_]+")


def slips(counts: Mapping[str, int], rows: int) -> dict[str, str]:
    """Return each rare value with the frequent one that it was probably meant to be.

    Cortland is no slip of Portland, nor `2011` of `2012`: a slip breaks the spelling of its own column. So a wrong
    word must stand nowhere else and hold two neighbouring characters that no frequent value has; its digits must agree.

    Args:
        counts: How often each value stands in the column.
        rows: Rows of the column.
    """
    few = min(MAX_RARE, max(1, rows // 300))
    limit = max(few, min(MAX_REPEATED, int(max(counts.values(), default=0) / REPEATED_TIMES)))
    rare = [value for value, count in counts.items() if count <= limit]
    frequent = sorted((value for value, count in counts.items() if count > limit), key=lambda v: (-counts[v], v))
    if len(rare) * len(frequent) > MAX_COMPARISONS or len(rare) > rows / 4:
        return {}
    tokens: Counter[str] = Counter()
    for value, count in counts.items():
        tokens.update(dict.fromkeys(TOKEN.findall(value), count))
    pairs = {pair for value in frequent for pair in _pairs(value)}
    found = {}
    for value in rare:
        if _pairs(value) <= pairs:
            continue
        least = (TIMES if counts[value] <= few else REPEATED_TIMES) * counts[value]
        near = (one for one in frequent if counts[one] >= least and _is_near(value, one))
        meant = next((one for one in near if not _is_plausible(value, one, tokens, limit)), None)
        if meant is not None:
            found[value] = meant
    return found


def _pairs(value: str) -> set[str]:
    """Return the neighbouring characters, the ends being neighbours of nothing."""
    marked = f"\x02{value}\x03"
    return {marked[i : i + 2] for i in range(len(marked) - 1)}


def _is_near(value: str, meant: str) -> bool:
    if value.casefold() == meant.casefold() or sum(map(str.isalnum, meant)) < MIN_LETTERS:
        return False  # another spelling of capitals is for cleaning to decide
    if len(value) == len(meant):
        wrong = [(a, b) for a, b in zip(value, meant, strict=True) if a != b]
        if any((a.isdigit() and not b.isalpha()) or (b.isdigit() and not a.isalpha()) for a, b in wrong):
            return False
        return len(wrong) <= max(1, MAX_WRONG_SHARE * len(meant))
    if abs(len(value) - len(meant)) > 2 or [c for c in value if c.isdigit()] != [c for c in meant if c.isdigit()]:
        return False
    matcher = SequenceMatcher(None, value, meant, autojunk=False)
    return matcher.quick_ratio() >= MIN_RATIO and matcher.ratio() >= MIN_RATIO


def _is_plausible(value: str, meant: str, tokens: Counter[str], limit: int) -> bool:
    """Say whether the words in which the two differ are words of their own: used elsewhere, or too far apart."""
    own, other = TOKEN.findall(value), TOKEN.findall(meant)
    if len(own) != len(other):
        joined = sum(a != b and b.isalnum() for a, b in zip(value, meant, strict=False))
        return len(value) != len(meant) or joined > 1  # but for one, letters stand in the place of spaces
    for wrong, right in zip(own, other, strict=True):
        if wrong == right:
            continue
        if tokens[wrong] > 2 * limit:
            return True
        if len(wrong) == len(right):
            differ = sum(a != b for a, b in zip(wrong, right, strict=True))
            if differ > max(1, MAX_WRONG_SHARE * len(right)):
                return True
    return False
