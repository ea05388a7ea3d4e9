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
        text = f"{value:.4g}"
        return f"{value:.6f}" if text == "1" and value != 1 else text  # 0.99998 is not yet 1
    text = ", ".join(map(shown, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= MAX_CHARACTERS else f"{text[:MAX_CHARACTERS]} …"
