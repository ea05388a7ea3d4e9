r"""The format that nearly all texts of a column share, as one regular expression: codes, times, amounts with a unit.

A value's shape keeps its punctuation and turns runs of digits and letters into classes; the frequent shapes
make the expression, with the lengths of their digits and, where letters are few words (`oz`, `a.m.`), the words.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

ANY_LETTERS = r"[^\x00-@\[-`{-\x7f]+"  # anything but what is no letter in ASCII: both engines read it alike, and fast
DIGIT, LETTER, SPACE = "digits", "letters", "space"  # no single character is one of these

MAX_SHAPES = 4
MIN_SHAPE_SHARE = 0.05
MIN_COVERED = 0.9
MIN_WITH_DIGITS = 0.5
MIN_WORD_SHARE = 0.02
MAX_WORDS = 4
MAX_RUNS = 12

Runs = tuple[str, ...]


def common_pattern(counts: Mapping[str, int]) -> str | None:
    r"""Return an expression that matches at least 90 % of the values, or None where they share no telling format.

    Formats of letters and spaces alone tell nothing: names and words are of any shape.

    >>> common_pattern({"7:10 a.m.": 40, "11:45 p.m.": 59, "12/02/2011 6:55 a.m.": 1})
    '^(?:[0-9]{1,2}:[0-9]{2} (?:a|p)\\.m\\.)$'
    """
    shapes: dict[Runs, list[tuple[Runs, int]]] = defaultdict(list)
    for value, count in counts.items():
        runs = _runs(value)
        shapes[tuple(map(_class, runs))].append((runs, count))
    total = sum(counts.values())
    weights = {shape: sum(count for _, count in values) for shape, values in shapes.items()}
    frequent = sorted(weights, key=lambda shape: (-weights[shape], shape))[:MAX_SHAPES]
    frequent = [shape for shape in frequent if weights[shape] >= MIN_SHAPE_SHARE * total and len(shape) <= MAX_RUNS]
    if not frequent or sum(weights[shape] for shape in frequent) < MIN_COVERED * total:
        return None
    if sum(weights[shape] for shape in frequent if DIGIT in shape) < MIN_WITH_DIGITS * total:
        return None
    expressions = {shape: _expression(shapes[shape]) for shape in frequent}
    if any(DIGIT not in shape and ANY_LETTERS in expression for shape, expression in expressions.items()):
        return None
    return f"^(?:{'|'.join(expressions.values())})$"


def _runs(value: str) -> Runs:
    """Cut a value into runs of digits, letters or spaces, and single other characters."""
    runs: list[str] = []
    for character in value:
        if runs and _class(character) == _class(runs[-1]) in (DIGIT, LETTER, SPACE):
            runs[-1] += character
        else:
            runs.append(character)
    return tuple(runs)


def _class(run: str) -> str:
    character = run[0]
    if character.isascii() and character.isdecimal():
        return DIGIT
    if character.isspace():
        return SPACE
    return LETTER if character.isalpha() else character


def _expression(values: Sequence[tuple[Runs, int]]) -> str:
    """Return the expression of one shape, position by position."""
    total = sum(count for _, count in values)
    parts = []
    for position, sample in enumerate(values[0][0]):
        at: Counter[str] = Counter()
        for runs, count in values:
            at[runs[position]] += count
        kind = _class(sample)
        if kind == DIGIT:
            parts.append(_digits(at, total))
        elif kind == LETTER:
            parts.append(_letters(at, total))
        else:
            parts.append(_spaces(at) if kind == SPACE and len(at) > 1 else _literal(sample))
    return "".join(parts)


def _literal(text: str) -> str:
    """Escape what means something in an expression; Python's and Rust's own escapes agree on these."""
    return re.sub(r"([.^$*+?{}\[\]\\|()])", r"\\\1", text)


def _digits(at: Counter[str], total: int) -> str:
    lengths: Counter[int] = Counter()
    for run, count in at.items():
        lengths[len(run)] += count
    usual = [length for length, count in lengths.items() if count >= 0.005 * total]
    low, high = min(usual), max(usual)
    if low == high:
        return "[0-9]" if low == 1 else f"[0-9]{{{low}}}"
    return "[0-9]+" if high > 4 else f"[0-9]{{{low},{high}}}"


def _spaces(at: Counter[str]) -> str:
    return f"[{''.join(sorted(set(''.join(at))))}]+"


def _letters(at: Counter[str], total: int) -> str:
    usual = sorted(run for run, count in at.items() if count >= MIN_WORD_SHARE * total)
    covered = sum(at[run] for run in usual)
    if usual and len(usual) <= MAX_WORDS and covered >= MIN_COVERED * total:
        return usual[0] if len(usual) == 1 else f"(?:{'|'.join(usual)})"
    return ANY_LETTERS
