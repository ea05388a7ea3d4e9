"""WHAT: one module per stage, the verb. Plain functions: folders in, one folder out."""
