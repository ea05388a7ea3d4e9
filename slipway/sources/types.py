"""The types of a delimited file's columns: what fits every value, not only the first thousand.

The first rows suggest a type for each column. While the table is written, polars refuses the first value that does not
fit; then (and for columns that start with missing values alone) all values are looked at, in one streaming pass.
A column of whole numbers that no 64 bits hold is one of texts: such numbers are codes, and a float would lose digits.
"""

import polars as pl

FIRST_ROWS = 10_000
WHOLE = r"^[-+]?\d+$"
FLOAT = r"^[-+]?(?:(?:\d*\.\d+)(?:[eE][-+]?\d+)?|inf|NaN|\d+[eE][-+]?\d+|\d+\.|\d+)$"
BOOLEAN = r"^(?i:true|false)$"


ORDER = ("Boolean", "Int64", "Int128", "Float64")
"""What a column may be, the narrowest first; String is what is left. Int128 stands for whole numbers of any size."""

Types = dict[str, pl.DataType | None]


def types_of(texts: pl.LazyFrame, first: dict[str, pl.DataType | None], *, decimal_comma: bool) -> Types:
    """Return the narrowest type that all values of these columns have; None where all are missing.

    Args:
        texts: The rows, all of them texts.
        first: The columns, each with the type that its first values have, which saves looking for narrower ones.
        decimal_comma: Whether 1,5 is a number.
    """
    checks = [
        check.alias(f"{index} {kind}")
        for index, (name, dtype) in enumerate(first.items())
        for kind, check in _checks(name, decimal_comma=decimal_comma).items()
        if kind == "any" or ORDER.index(kind) >= _rank(dtype)
    ]
    if not checks:
        return {}
    seen = texts.select(checks).collect(engine="streaming").row(0, named=True)
    return {name: _narrowest(seen, index) for index, name in enumerate(first)}


def _rank(dtype: pl.DataType | None) -> int:
    """Return the place of the narrowest type to look for: a boolean is no number, and the other way round."""
    return 0 if dtype is None else [*ORDER, "String"].index(str(dtype))


def _checks(name: str, *, decimal_comma: bool) -> dict[str, pl.Expr]:
    value = pl.col(name)
    fits_64_bits = value.is_null() | value.str.to_integer(strict=False, dtype=pl.Int64).is_not_null()
    is_float = value.str.contains(FLOAT.replace(r"\.", ",") if decimal_comma else FLOAT)
    return {
        "any": value.is_not_null().any(),
        "Boolean": value.str.contains(BOOLEAN).all(),
        "Int64": (value.str.contains(WHOLE) & fits_64_bits).all(),
        "Int128": value.str.contains(WHOLE).all(),
        "Float64": is_float.all(),
    }


def _narrowest(seen: dict[str, bool], index: int) -> pl.DataType | None:
    if not seen[f"{index} any"]:
        return None
    found = next((kind for kind in ORDER if seen.get(f"{index} {kind}")), "String")
    return {
        "Boolean": pl.Boolean(),
        "Int64": pl.Int64(),
        "Int128": pl.Int128(),
        "Float64": pl.Float64(),
        "String": pl.String(),
    }[found]
