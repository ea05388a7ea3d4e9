"""Class labels as texts: one spelling for each, and one order for all."""

import polars as pl


def label(name: str, dtype: pl.DataType) -> pl.Expr:
    """Return the expression that turns a target of any plain type into its label (see `spell`)."""
    return spell(pl.col(name), dtype).alias(name)


def spell(column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Return the expression that writes a value of any plain type as a text.

    A whole float loses its fraction (`1.0` is the label "1"): a column of integers with a gap comes
    as floats from many tools, and its labels must not depend on the gap.
    """
    if dtype.is_float():
        whole = column.is_finite() & (column == column.floor()) & (column.abs() < 2**53)
        text = (
            pl.when(whole).then(column.cast(pl.Int64, strict=False).cast(pl.String)).otherwise(column.cast(pl.String))
        )
        return pl.when(column.is_nan()).then(None).otherwise(text)
    return column.cast(pl.String)


def labels_of(name: str, delimiter: str) -> pl.Expr:
    """Return the expression that parts a text into its labels, as a list: trimmed, none of them empty.

    >>> pl.DataFrame({"x": ["a; b", ";", None]}).select(labels_of("x", ";"))["x"].to_list()
    [['a', 'b'], [], None]
    """
    parts = pl.col(name).str.split(delimiter).list.eval(pl.element().str.strip_chars())
    return parts.list.eval(pl.element().filter(pl.element() != ""))


def order_classes(labels: set[str]) -> list[str]:
    """Return the labels sorted: by value where all are integers, else as texts.

    >>> order_classes({"10", "9", "-1"})
    ['-1', '9', '10']
    """
    try:
        return sorted(labels, key=lambda text: (int(text), text))
    except ValueError:
        return sorted(labels)
