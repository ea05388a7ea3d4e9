"""Draft a product from data that nobody has seen: its format, the roles of its columns, and both suites."""
