"""Pseudonyms, coarser values, and a report of how many rows look alike.

k-anonymity and l-diversity say how hard linking is in one table alone. They are no differential privacy: what
somebody knows besides, or a second table, can undo them, and no epsilon follows from them.
"""

import os
from collections.abc import Callable
from typing import Any

import polars as pl
import polars_hash  # registers the namespace `chash`

from slipway.errors import DataError, ParamsError
from slipway.product.anonymise import Anonymise, Generalise
from slipway.tables.labels import spell

assert polars_hash.__version__

KEY = "SLIPWAY_PSEUDONYM_KEY"
MIN_KEY = 16
NUM_DIGITS = 32


def generalise(params: Generalise) -> Callable[[pl.Expr], pl.Expr]:
    """Return the step that makes a value coarser; a missing one stays missing."""
    if (length := params.prefix) is not None:
        return lambda text: text.str.head(length)
    if (width := params.width) is not None:
        return lambda number: _lower_end(number.cast(pl.Float64), width)
    edges = params.edges or []

    def lower_edge(number: pl.Expr) -> pl.Expr:
        found = pl.lit(edges[0])
        for edge in edges[1:]:
            found = pl.when(number >= edge).then(pl.lit(edge)).otherwise(found)
        return pl.when(number.is_not_null()).then(found)

    return lower_edge


def _lower_end(number: pl.Expr, width: float) -> pl.Expr:
    """Return the greatest multiple of the width that is not above a number.

    polars divides by a constant as it multiplies by its inverse, which is off by one at some multiples (49 times
    1/49 is below 1), so the neighbours are compared; the server does the same.
    """
    count = (number * (1 / width)).floor()
    higher, lower = (count + 1) * width, (count - 1) * width
    return pl.when(number >= higher).then(higher).when(number < count * width).then(lower).otherwise(count * width)


def read_key() -> str:
    """Return the key of the pseudonyms, which stands in the environment alone.

    Raises:
        ParamsError: There is none, or it is too short to keep a secret.
    """
    key = os.environ.get(KEY, "")
    if len(key) < MIN_KEY:
        found = f"has {len(key)} letters" if key else "is not set"
        raise ParamsError(
            f"preprocess.anonymise.pseudonymise needs a key of at least {MIN_KEY} letters in the environment variable "
            f"{KEY}, which {found}. Make one (`openssl rand -hex 32`), and keep it outside of the repository."
        )
    return key


def pseudonym(name: str, dtype: pl.DataType, key: str) -> pl.Expr:
    """Return the first 128 bits, in hexadecimal, of the HMAC-SHA256 of each value's text; missing stays missing.

    Equal values have equal pseudonyms whatever the column's name, and whether they are numbers or texts, so that
    tables can still be joined; without the key no guess of a value can be tried.
    """
    text = spell(pl.col(name), dtype)
    return text.chash.hmac_sha256(key=key).str.head(NUM_DIGITS).alias(name)  # type: ignore[attr-defined]


def anonymity(rows: pl.LazyFrame, params: Anonymise) -> dict[str, Any]:
    """Report how many rows are alike in the quasi-identifiers, and how much the sensitive column differs among them.

    A missing value is a value like others. Memory grows with the number of groups, not of rows.
    """
    values = [pl.col(params.sensitive).n_unique().alias("l")] if params.sensitive else []
    groups = rows.group_by(params.quasi_identifiers).agg(pl.len().alias("k"), *values)
    small, uniform = pl.col("k") < (params.k or 2), pl.col("l") < (params.l or 2)
    figures = groups.select(
        pl.col("k").sum().alias("rows"),
        pl.len().alias("groups"),
        pl.col("k").min().alias("k"),
        pl.col("k").filter(small).sum().alias("rows_in_small_groups"),
        *([pl.col("l").min(), pl.col("k").filter(uniform).sum().alias("rows_in_uniform_groups")] if values else []),
    )
    found = figures.collect(engine="streaming").row(0, named=True)
    reasons = []
    if params.k is not None and found["k"] < params.k:
        reasons.append(
            f"{found['rows_in_small_groups']:,} of {found['rows']:,} rows are in groups of fewer than k = {params.k} "
            f"rows alike in {', '.join(params.quasi_identifiers)}; the smallest has {found['k']}"
        )
    if params.l is not None and found["l"] < params.l:
        reasons.append(
            f"{found['rows_in_uniform_groups']:,} of {found['rows']:,} rows are in groups with fewer than l = "
            f"{params.l} values of '{params.sensitive}'; the least is {found['l']}"
        )
    return {
        "passed": not reasons,
        "reasons": reasons,
        "quasi_identifiers": params.quasi_identifiers,
        "sensitive": params.sensitive,
        "wanted": {"k": params.k, "l": params.l},
        **found,
        "meaning": "rows alike in the quasi-identifiers; no differential privacy, and no promise about what is known "
        "from elsewhere",
    }


def require_anonymity(report: dict[str, Any], params: Anonymise) -> None:
    """Refuse rows that keep no k or l where the product says so.

    Raises:
        DataError: They do not.
    """
    if not report["passed"] and params.below == "fail":
        raise DataError(
            f"{report['reasons'][0]}.\nMake coarser what preprocess.anonymise.generalise names, name fewer "
            "quasi_identifiers, or set preprocess.anonymise.below: report."
        )
