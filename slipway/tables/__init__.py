"""Tables of rows: their schema, cleaning and split."""
