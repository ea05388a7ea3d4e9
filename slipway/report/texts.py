"""Short texts of any value from JSON or CSV, for pages and tables."""

from typing import Any

MAX_CHARACTERS = 300


def shown(value: Any) -> str:
    """Return a short text of any value from JSON or CSV."""
    if value is None or value == [] or value == {}:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return short(value, digits=4)
    if value == "":
        return '""'
    text = ", ".join(map(shown, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= MAX_CHARACTERS else f"{text[:MAX_CHARACTERS]} …"


def short(value: float | None, *, digits: int = 3) -> str:
    """Return a number with so many significant digits; what is not yet 1 is not shown as 1.

    >>> short(0.012345), short(0.99996, digits=4), short(12345.678), short(None)
    ('0.0123', '>0.9999', '12,346', 'none')
    """
    if value is None:
        return "none"
    if abs(value) >= 10**digits:
        return f"{value:,.0f}"
    text = f"{value:.{digits}g}"
    return f">0.{'9' * digits}" if text == "1" and value < 1 else text
