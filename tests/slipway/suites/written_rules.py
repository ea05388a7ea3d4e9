"""Row rules in short: expectations about the columns of a table of all kinds, and the rules that a record breaks."""

from slipway.suites.rules import RowRules
from slipway.suites.suite import Expectation

KINDS = {
    "a": "number", "b": "number", "c": "number",
    "s": "text", "t": "text", "u": "text",
    "d": "date", "e": "date",
    "image": "bytes",
}  # fmt: skip


def expectation(name, kwargs, severity="warning"):
    return Expectation(type=f"expect_{name}", kwargs=kwargs, severity=severity)


def column(name, column, **kwargs):
    return expectation(f"column_{name}", {"column": column, **kwargs})


def broken(rules, record):
    return RowRules(rules).broken(record)


CONDITION = {"type": "comparison", "column": {"name": "b"}, "operator": ">", "parameter": 1}


def where(**changes):
    return {"row_condition": {**CONDITION, **changes}}
