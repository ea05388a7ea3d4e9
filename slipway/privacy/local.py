"""Local differential privacy: every value of every record leaves with noise of its own.

Noise comes from OpenDP's exact samplers and the system's randomness, never from the run's seed: adding
floating-point noise from torch or numpy leaks the value (Mironov 2012), and a known seed subtracts it.
"""

import math
from dataclasses import dataclass

import opendp.prelude as dp
import polars as pl

from slipway.errors import ParamsError
from slipway.product.privatize import Bound, Domain, Privatize
from slipway.tables.schema import RESERVED, Schema


@dataclass(frozen=True)
class Spent:
    """What the release of one column cost one record, as OpenDP's privacy map certifies it."""

    mechanism: str
    epsilon: float
    scale: float
    """Of the Laplace noise in the column's units; for randomised response, the probability of the truth."""


def laplace(values: pl.Series, bound: Bound) -> tuple[pl.Series, Spent]:
    """Clip to the public bounds and add Laplace noise of scale (high - low) / epsilon.

    A missing value becomes the middle of the bounds first, so that who answered is hidden, too.

    Args:
        values: numbers [N], nulls allowed.
        bound: public range and epsilon of one record's value (any two values of it: replace-one).

    Returns:
        Float64 [N] without nulls, and what it cost one record. Source: Dwork et al. 2006, section 3.
    """
    middle, width = (bound.low + bound.high) / 2, bound.high - bound.low
    clipped = values.cast(pl.Float64).fill_nan(None).fill_null(middle).clip(bound.low, bound.high)
    space = dp.vector_domain(dp.atom_domain(T=float, nan=False)), dp.l1_distance(T=float)
    mechanism = dp.m.make_laplace(*space, scale=width / bound.epsilon)
    noised = pl.Series(values.name, mechanism(clipped.to_list()), dtype=pl.Float64)
    return noised, Spent("laplace", mechanism.map(width), width / bound.epsilon)


def randomized_response(values: pl.Series, domain: Domain) -> tuple[pl.Series, Spent]:
    """Keep each value with probability e^epsilon / (e^epsilon + k - 1), else take one of the other k - 1.

    A missing or unlisted value counts as the domain's first.

    Returns:
        String [N] without nulls, and what it cost one record. Source: Kairouz, Bonawitz, Ramage 2016, equation 3.
    """
    known = domain.values
    truth = math.exp(domain.epsilon) / (math.exp(domain.epsilon) + len(known) - 1)
    mechanism = dp.m.make_randomized_response(known, prob=truth)
    listed = values.cast(pl.String)
    answers = [mechanism(value if value in known else known[0]) for value in listed.to_list()]
    return pl.Series(values.name, answers, dtype=pl.String), Spent("randomized response", mechanism.map(1), truth)


def noise_table(frame: pl.DataFrame, schema: Schema, params: Privatize) -> tuple[pl.DataFrame, dict[str, Spent]]:
    """Noise every feature and every target; of the other columns only `_id` and `_split` stay.

    Args:
        frame: the features and the targets, `_id`, and `_split` where the source came split.
        schema: says which columns are features and which are targets.
        params: bounds, domains and epsilons.

    Raises:
        ParamsError: a column has no bounds, or bounds that do not suit it.
    """
    wanted = [*(column.name for column in schema.features), *schema.targets]
    check_columns(wanted, schema, params)
    dp.enable_features("contrib")  # OpenDP counts all mechanisms as contributed
    released, spent = {}, {}
    for name in wanted:
        entry = params.columns[name]
        noise = laplace if isinstance(entry, Bound) else randomized_response
        released[name], spent[name] = noise(frame[name], entry)  # type: ignore[arg-type] # chosen by its type
    kept = [name for name in RESERVED if name in frame.columns]
    return frame.select(*kept, **released), spent


def check_columns(wanted: list[str], schema: Schema, params: Privatize) -> None:
    """Refuse before any noise is drawn what would leave plain, or with the wrong mechanism."""
    missing = [name for name in wanted if name not in params.columns]
    unknown = [name for name in params.columns if name not in wanted]
    if missing:
        raise ParamsError(
            f"no bounds for {missing}: they would leave without noise. Add them to privatize.columns as "
            "{low, high, epsilon} or {values, epsilon}, or drop them through product.ignore."
        )
    if unknown:
        raise ParamsError(f"privatize.columns names {unknown}, which are no features here; the columns are {wanted}")
    if schema.product.private_unit != "row":
        raise ParamsError(
            f"product.private_unit is '{schema.product.private_unit}', but the local mechanism protects one row: "
            "a person with many rows would lose as many times more. Set it to row, and say so to your users."
        )
    if several := [name for name, target in schema.targets.items() if target.task == "multilabel"]:
        raise ParamsError(
            f"privatize: the local mechanism has no noise for many labels {several}. Use mechanism: none."
        )
    values = [name for name, target in schema.targets.items() if target.classes is None]
    numbers = {*schema.names("number"), *values}
    for name in wanted:
        entry, is_number = params.columns[name], name in numbers
        for kind in ("image", "text"):
            if name in schema.names(kind):
                raise ParamsError(
                    f"privatize: the local mechanism has no noise for {kind}s ('{name}'). Use mechanism: none."
                )
        if is_number != isinstance(entry, Bound):
            needs = "numbers: give {low, high, epsilon}" if is_number else "categories: give {values, epsilon}"
            raise ParamsError(f"privatize.columns.{name}: the column holds {needs}")
        classes = schema.targets[name].classes if name in schema.targets else None
        if isinstance(entry, Domain) and classes is not None and entry.values != classes:
            raise ParamsError(
                f"privatize.columns.{name}.values must be {schema.place_of(name)}.classes, in their order: {classes}"
            )
