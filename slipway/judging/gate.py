"""The untimed rules of the gate: each with its number, its limit and its verdict."""

from collections.abc import Mapping, Sequence
from typing import Any

from slipway.errors import ParamsError
from slipway.product.package import Gate

Rule = dict[str, Any]


def judge(metrics: Mapping[str, float | None], fidelity: Mapping[str, float], gate: Gate) -> list[Rule]:
    """Judge an artefact.

    Args:
        metrics: the chosen artefact's, on test, and `rows`; None where one could not be computed, which keeps no limit.
        fidelity: `parity_error`, `batch_difference`, `agreement_pct`, as compress measured them on test.
        gate: the rules.

    Raises:
        ParamsError: a rule names a metric that does not exist.
    """
    unknown = sorted(set(gate.metrics) - set(metrics))
    if unknown:
        raise ParamsError(f"package.gate.metrics: no metric {unknown}; there are {', '.join(sorted(metrics))}")
    rules = []
    for name, limit in gate.metrics.items():
        if limit.min is not None:
            rules.append(at_least(f"{name} on test", metrics[name], limit.min))
        if limit.max is not None:
            rules.append(at_most(f"{name} on test", metrics[name], limit.max))
    num_rows = metrics["rows"] or 0
    one_row_pct = 100 / max(num_rows, 1)
    return [
        *rules,
        at_least("test rows", num_rows, gate.min_test_rows),
        at_most(
            "difference of the fp32 export from the trained model", fidelity["parity_error"], gate.max_parity_error
        ),
        at_most("difference between batch sizes", fidelity["batch_difference"], gate.max_batch_difference),
        at_least(
            "agreement with the trained model, in percent",
            fidelity["agreement_pct"],
            min(gate.min_agreement_pct, 100 - one_row_pct),
        ),
    ]


def broken(rules: Sequence[Rule]) -> list[str]:
    """Say of each rule that was not kept its limit and the value."""
    return [_sentence(rule) for rule in rules if not rule["passed"]]


def at_least(what: str, value: float | None, limit: float) -> Rule:
    """Make a rule with a floor."""
    return {"rule": f"{what} at least", "value": value, "limit": limit, "passed": value is not None and value >= limit}


def at_most(what: str, value: float | None, limit: float) -> Rule:
    """Make a rule with a ceiling."""
    return {"rule": f"{what} at most", "value": value, "limit": limit, "passed": value is not None and value <= limit}


def _sentence(rule: Rule) -> str:
    value = "unknown" if rule["value"] is None else f"{rule['value']:.6g}"
    return f"{rule['rule']} {rule['limit']:.6g}, but it is {value}"
