"""A Great Expectations execution engine and data source for polars, usable without the rest of slipway.

    import great_expectations as gx
    from slipway.gx_polars import datasource  # registers `add_polars`

    context = gx.get_context(mode="ephemeral")
    asset = context.data_sources.add_polars("tables").add_polars_parquet_asset("people", path="people.parquet")
    batch = asset.add_batch_definition_whole("all")
    gx.ValidationDefinition(name="people", data=batch, suite=suite).run()

Suites, ValidationDefinition, Checkpoint, actions, result_format, row_condition, suite parameters and Data Docs
stay Great Expectations' own. Tables are scanned and never collected: one streaming query computes all
reductions of a suite, and a table can be validated in the pass that writes it (batch.WhileWriting).
`row_rules` needs no Great Expectations: it turns row-level expectations into polars expressions.
"""
