"""What Great Expectations itself says about rows, with its pandas engine: the judge of all other judges."""

import functools

import numpy as np
import pandas as pd


@functools.cache
def batches():
    import great_expectations as gx

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = {"globally": False}
    asset = context.data_sources.add_pandas("tables").add_dataframe_asset("table")
    return asset.add_batch_definition_whole_dataframe("all")


def frame(rows, kinds):
    """Build the pandas table of rows as JSON gives them: texts in ISO 8601 become the dates of a column of dates."""

    def column(name, kind):
        values = [row.get(name) for row in rows]
        if kind == "number":
            return np.array([np.nan if value is None else value for value in values], dtype=np.float64)
        if kind == "date":
            return pd.Series([pd.NaT if value is None else pd.Timestamp(value) for value in values], dtype="M8[ns]")
        if kind == "bytes":
            values = [None if value is None else value.decode("latin-1") for value in values]
        return pd.Series(values, dtype=object)

    return pd.DataFrame({name: column(name, kind) for name, kind in kinds.items()})


def broken_rows(expectations, rows, kinds):
    """Return for each expectation the positions of the rows that break it, or the message where GX cannot tell."""
    from great_expectations.expectations.registry import get_expectation_impl

    batch = batches().get_batch({"dataframe": frame(rows, kinds)})
    form = {"result_format": "COMPLETE", "return_unexpected_index_query": False}
    found = []
    for each in expectations:
        result = batch.validate(get_expectation_impl(each.type)(**each.kwargs), result_format=form).to_json_dict()
        info = result["exception_info"]
        raised = [one for one in (info, *info.values()) if isinstance(one, dict) and one.get("raised_exception")]
        found.append(raised[0]["exception_message"] if raised else result["result"].get("unexpected_index_list") or [])
    return found
