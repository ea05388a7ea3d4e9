"""Python's regular expressions on polars' engine, where both mean the same; on Python's own where they do not."""

import itertools
import logging
import re
from collections.abc import Callable

import polars as pl

ENDS = {"", "|", ")"}

# Python and Rust agree on these classes in plain ASCII, not on marks, fractions, newer digits and four separators.
CLASSES = re.compile(r"\\[wWdDsSbB]")
SEPARATORS = "[\x1c-\x1f]"

# Possessive quantifiers, which Rust takes for two; and a bound of Python's, with a brace, that is one word to Rust.
READ_OTHERWISE = {*((first, "+") for first in "+*?}"), (r"\b", "{"), (r"\B", "{")}


def contains(texts: pl.Expr, regex: str) -> pl.Expr:
    r"""Say whether `re.search(regex, text)` finds something.

    Rust's engine has neither look-around nor back-references, its `$` does not stand before a last
    newline, and its character classes nest; such a pattern is translated or handed to Python, which is slow.
    Texts beyond ASCII are handed to Python where the pattern holds a class that Rust reads otherwise.
    """
    search = re.compile(regex).search

    def is_found(text: str) -> bool:
        return search(text) is not None

    if (translated := to_rust(regex)) is None:
        logger = logging.getLogger(__name__)
        logger.warning("regex %r needs Python's engine, which is slow: state it more simply", regex)
        return each_text(texts, is_found)
    found = texts.str.contains(translated)
    if not CLASSES.search(regex):
        return found
    is_odd = (texts.str.len_bytes() != texts.str.len_chars()) | texts.str.contains(SEPARATORS)
    return pl.when(is_odd).then(each_text(pl.when(is_odd).then(texts), is_found)).otherwise(found)


def to_rust(regex: str) -> str | None:
    r"""Return the pattern that finds the same in Rust's syntax; None where there is none.

    >>> to_rust("^[a-z]+$")
    '^[a-z]+(?:\\n?\\z)'
    >>> to_rust("(?!a)b") is None
    True
    """
    translated = _translate(regex)
    if translated is None:
        return None
    try:
        pl.select(pl.lit("").str.contains(translated))
    except pl.exceptions.ComputeError:
        return None
    return translated


def each_text(texts: pl.Expr, holds: Callable[[str], bool]) -> pl.Expr:
    """Apply a Python function, once for each distinct text of a batch of rows."""

    def apply(series: pl.Series) -> pl.Series:
        if series.null_count() == series.len():
            return pl.repeat(None, series.len(), dtype=pl.Boolean, eager=True)
        answers = {text: holds(text) for text in series.unique() if text is not None}
        return pl.Series([None if text is None else answers[text] for text in series], dtype=pl.Boolean)

    return texts.map_batches(apply, return_dtype=pl.Boolean, is_elementwise=True)


def _translate(regex: str) -> str | None:
    """Rewrite ends and angle brackets; None for flags, classes and quantifiers that Rust reads otherwise."""
    parts: list[str] = []
    for token in re.findall(r"\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|.", regex, flags=re.DOTALL):
        if token.startswith("[") and _nests(token[1:-1]):
            return None
        parts.append({r"\Z": r"\z", r"\<": "<", r"\>": ">"}.get(token, token))
    if any(pair in READ_OTHERWISE for pair in itertools.pairwise(parts)):
        return None
    for place, token in enumerate(parts):
        if token == "$":
            if (parts[place + 1] if place + 1 < len(parts) else "") not in ENDS:
                return None
            parts[place] = r"(?:\n?\z)"
    return None if re.search(r"\(\?[aiLmsux-]", regex) or r"\z" in regex else "".join(parts)


def _nests(inside: str) -> bool:
    return "[" in inside or any(operator in inside for operator in ("&&", "--", "~~"))
