"""How the rows of one table are cleaned, leave, are dealt out and written: planned once, before any is read."""

import polars as pl

from slipway.product.preprocess import Preprocess
from slipway.tables.anonymising import pseudonym, read_key
from slipway.tables.cleaning import Cleaning, cleaned_schema, date_parts
from slipway.tables.declared import as_prose
from slipway.tables.leaving import Leaving
from slipway.tables.schema import PART, RESERVED, ROW_ID, Schema, kind_of
from slipway.tables.splitting import Dealer


class Preparation:
    """The plan of both passes.

    Copies are compared over all columns of the source, identifiers included: two people with equal measurements are
    two. Rows equal in what a model may look at share a part, so that none is on both sides.

    Attributes:
        rows: All rows as they came, with their positions as `row`.
        schema: Of the columns that are written.
        dropped: The columns that are not.
    """

    def __init__(self, rows: pl.LazyFrame, schema: Schema, params: Preprocess) -> None:
        """Plan it.

        Raises:
            ParamsError: A rule names a column that is not there or that it does not suit; there is no key.
            DataError: No step prepares a column of this type; a product of texts has not one text alone.
        """
        params = as_prose(schema, params)
        self.rows, self.params = rows.with_row_index("row"), params
        self.cleaning = Cleaning(rows, schema, params)
        self.leaving = Leaving(schema, params)
        self.parts = date_parts(self.cleaning)
        self.pseudonymised = params.anonymise.pseudonymise
        dropped = schema.product.dropped(self.pseudonymised)
        self.dropped = [name for name in self.cleaning.dtypes if name in dropped]
        self._key = read_key() if self.pseudonymised else ""
        clean = self.clean().collect_schema()
        names = [name for name in self.names if name not in RESERVED]
        dtypes = {name: pl.String() if name in self.pseudonymised else clean[name] for name in names}
        self.schema = cleaned_schema(schema, dtypes, params)
        for column in self.schema.features:
            kind_of(column)  # refuses a type that no step prepares
        by = params.split.by or [name for name in names if name not in self.pseudonymised]
        self.dealer = Dealer(params.split, {name: clean[name] for name in by}, clean, schema.product.seed, _came(rows))

    @property
    def names(self) -> list[str]:
        """The columns that are written, a date's parts in its place."""
        names = [name for name in (ROW_ID,) if name in self.rows.collect_schema()]
        for name in self.cleaning.dtypes:
            if name in self.parts:
                names += [part.meta.output_name() for part in self.parts[name]]
            elif name not in self.dropped:
                names.append(name)
        return names

    @property
    def written(self) -> list[pl.Expr]:
        """The columns that are written, identifiers as pseudonyms."""
        dtypes, names = self.cleaning.clean_dtypes, self.pseudonymised
        return [pseudonym(name, dtypes[name], self._key) if name in names else pl.col(name) for name in self.names]

    def clean(self) -> pl.LazyFrame:
        """Return all rows, clean, with the parts of dates beside them."""
        return self._with_parts(self.cleaning.clean(self.rows))

    def survey(self) -> tuple[pl.LazyFrame, dict[tuple[str, str], str]]:
        """Return all rows, clean, with the marks of `Cleaning.survey`."""
        clean, marks = self.cleaning.survey(self.rows)
        return self._with_parts(clean), marks

    def _with_parts(self, clean: pl.LazyFrame) -> pl.LazyFrame:
        return clean.with_columns(part for parts in self.parts.values() for part in parts)


def _came(rows: pl.LazyFrame) -> frozenset[str]:
    """Return the parts that the source came with."""
    if PART not in rows.collect_schema():
        return frozenset()
    return frozenset(rows.select(pl.col(PART).unique()).collect(engine="streaming").to_series().to_list())
