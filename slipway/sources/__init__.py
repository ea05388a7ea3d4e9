"""Sources of rows: found, fetched, unpacked, checked line by line, and opened lazily."""
