"""The types of a delimited file's columns: what fits every value, not only the first thousand.

The first rows suggest a type for each column. While the table is written, polars refuses the first value that does not
fit; then (and for columns that start with missing values alone) all values are looked at, in one streaming pass.
A column of whole numbers that no 64 bits hold is one of texts: such numbers are codes, and a float would lose digits.
"""

import polars as pl

FIRST_ROWS = 10_000
WHOLE = r"^-?\d+$"
FLOAT = r"^[-+]?(?:(?:\d*\.\d+)(?:[eE][-+]?\d+)?|inf|NaN|\d+[eE][-+]?\d+|\d+\.|\d+)$"
BOOLEAN = r"^(?i:true|false)$"


def types_of(texts: pl.LazyFrame, names: list[str], *, decimal_comma: bool) -> dict[str, pl.DataType | None]:
    """Return the narrowest type that all values of these columns have: Boolean, Int64, Float64 or String."""
    if not names:
        return {}
    floats = FLOAT.replace(r"\.", ",") if decimal_comma else FLOAT
    checks = []
    for index, name in enumerate(names):
        value = pl.col(name)
        fits_64_bits = value.is_null() | value.str.to_integer(strict=False, dtype=pl.Int64).is_not_null()
        checks += [
            value.is_not_null().any().alias(f"{index} any"),
            value.str.contains(BOOLEAN).all().alias(f"{index} Boolean"),
            (value.str.contains(WHOLE) & fits_64_bits).all().alias(f"{index} Int64"),
            value.str.contains(WHOLE).all().alias(f"{index} whole"),
            value.str.contains(floats).all().alias(f"{index} Float64"),
        ]
    seen = texts.select(checks).collect(engine="streaming").row(0, named=True)
    return {name: _narrowest(seen, index) for index, name in enumerate(names)}


def _narrowest(seen: dict[str, bool], index: int) -> pl.DataType | None:
    if not seen[f"{index} any"]:
        return None
    if seen[f"{index} Boolean"]:
        return pl.Boolean()
    if seen[f"{index} Int64"]:
        return pl.Int64()
    return pl.Float64() if seen[f"{index} Float64"] and not seen[f"{index} whole"] else pl.String()
