"""Tables of rows: their schema, sources, cleaning and split."""
