"""What one cell of a delimited file looks like: a number, a date, a time, a missing marker, a word or a sentence."""

import re

# Texts that mean a missing value wherever they stand.
MARKERS = frozenset(
    ["?", "NA", "N/A", "n/a", "NaN", "nan", "NAN", "null", "NULL", "Null", "None", "#N/A", "\\N", "<NA>"]
)
# Texts that mean one only in a column that otherwise holds numbers or dates: elsewhere they may be a value.
WEAK_MARKERS = frozenset(
    ["-", "--", "---", ".", "..", "...", "none", "na", "nil", "unknown", "Unknown", "missing", "empty"]
)

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
COMMA_NUMBER = re.compile(r"[+-]?(\d{1,3}(\.\d{3})+|\d+)?,\d+")
DATE = re.compile(
    r"(\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}|\d{1,2}[ -][A-Za-z]{3}[ -]\d{2,4})"
    r"([ T]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?( ?[AaPp]\.?[Mm]\.?)?(Z|[+-]\d{2}:?\d{2})?)?"
)
TIME = re.compile(r"\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?( ?[AaPp]\.?[Mm]\.?)?")


def is_missing(cell: str) -> bool:
    """Say whether a trimmed cell means a missing value.

    >>> is_missing(""), is_missing("?"), is_missing("no")
    (True, True, False)
    """
    return not cell or cell in MARKERS


def is_number(cell: str) -> bool:
    """Say whether a trimmed cell is a number with a decimal point or none.

    >>> is_number("-1.5e3"), is_number("1,5"), is_number("12 kg")
    (True, False, False)
    """
    return NUMBER.fullmatch(cell) is not None


def is_typed(cell: str) -> bool:
    """Say whether a trimmed cell is more than a text: a number (a decimal comma included), a date or a time."""
    return any(pattern.fullmatch(cell) for pattern in (NUMBER, COMMA_NUMBER, DATE, TIME))
