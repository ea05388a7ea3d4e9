"""The share of rows of which something is true."""

import polars as pl


def share(flags: pl.Series) -> float:
    """Return how many of the flags are true, in 0..1; missing ones are not, and of none it is 0.

    >>> share(pl.Series([True, None, False, True])), share(pl.Series([], dtype=pl.Boolean))
    (0.5, 0.0)
    """
    return int(flags.sum()) / len(flags) if len(flags) else 0.0
