"""Suites of expectations: read from YAML, run by Great Expectations, and compiled into row rules for serving."""
