"""What a product is: one frozen model per section of params.yaml, each in a module of its own.

A module per section, because DVC re-runs the stages whose imported modules changed: a new field of
`train` must not re-run `ingest`.
"""
