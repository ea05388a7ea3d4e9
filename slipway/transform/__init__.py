"""The fitted transform: from raw columns to the features of a network, in polars, for one record, and as data."""
