"""Tables of rows: their schema, sources, cleaning, split, and the fitted transform."""
