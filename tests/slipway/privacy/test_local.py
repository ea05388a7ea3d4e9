"""Local privacy: the noise follows its law, the receipt says what it cost, and nothing leaves plain."""

import math

import polars as pl
import pytest
from opendp.prelude import enable_features

from slipway.errors import ParamsError
from slipway.privacy.local import laplace, noise_table, randomized_response
from slipway.product.privatize import Bound, Domain, Privatize
from slipway.product.product import Product, Target
from slipway.tables.schema import Column, Schema

enable_features("contrib")

ROWS = pl.DataFrame(
    {"_id": [0, 1, 2], "age": [20, None, 300], "job": ["cook", "nurse", None], "target": ["a", "b", "a"]}
)
COLUMNS = {
    "age": Bound(low=0, high=100, epsilon=1),
    "job": Domain(values=["cook", "nurse"], epsilon=0.5),
    "target": Domain(values=["a", "b"], epsilon=2),
}


def schema(**product: object) -> Schema:
    made = Product.model_validate({"kind": "tabular", "target": "target", **product})
    columns = [Column(name=name, dtype=str(ROWS.schema[name])) for name in ("age", "job", "target")]
    return Schema(product=made, columns=columns, classes=["a", "b"])


def local(**changes: object) -> Privatize:
    columns = {name: entry for name, entry in {**COLUMNS, **changes}.items() if entry is not None}
    return Privatize(mechanism="local", columns=columns)


def test_laplace_noise_has_the_mean_and_spread_of_its_scale() -> None:
    noised, spent = laplace(pl.Series("x", [3.0] * 20_000), Bound(low=0, high=10, epsilon=2))
    scale = 10 / 2
    assert spent.scale == scale
    assert abs(noised.mean() - 3) < 5 * scale * math.sqrt(2 / 20_000)
    assert abs((noised - 3).abs().mean() - scale) < 5 * scale / math.sqrt(20_000)


def test_the_epsilon_on_the_receipt_is_what_opendp_certifies() -> None:
    assert laplace(pl.Series("x", [1.0]), Bound(low=-4, high=4, epsilon=0.7))[1].epsilon == pytest.approx(0.7, rel=1e-6)
    spent = randomized_response(pl.Series("x", ["a"]), Domain(values=["a", "b", "c"], epsilon=1.2))[1]
    assert spent.epsilon == pytest.approx(1.2, rel=1e-6)


def test_values_are_clipped_before_noise_so_that_an_outlier_does_not_show() -> None:
    noised, _ = laplace(pl.Series("x", [1e9] * 2000), Bound(low=0, high=1, epsilon=10))
    assert abs(noised.mean() - 1) < 0.05


def test_a_missing_value_leaves_as_the_middle_of_the_bounds() -> None:
    noised, _ = laplace(pl.Series("x", [None, float("nan")] * 1000, strict=False), Bound(low=0, high=1, epsilon=10))
    assert noised.null_count() == 0
    assert abs(noised.mean() - 0.5) < 0.05


def test_randomised_response_tells_the_truth_as_often_as_it_should() -> None:
    answers, spent = randomized_response(pl.Series("x", ["b"] * 20_000), Domain(values=["a", "b", "c"], epsilon=1))
    truth = math.e / (math.e + 2)
    assert spent.scale == pytest.approx(truth)
    assert abs((answers == "b").mean() - truth) < 0.02
    assert abs((answers == "a").mean() - (1 - truth) / 2) < 0.02


def test_noise_is_fresh_at_every_call() -> None:
    first, second = (noise_table(ROWS, schema(), local())[0] for _ in range(2))
    assert first["age"].to_list() != second["age"].to_list()


def test_every_feature_and_the_target_are_noised_and_counted() -> None:
    released, spent = noise_table(ROWS, schema(), local())
    assert released["_id"].to_list() == [0, 1, 2]
    assert {name: one.mechanism for name, one in spent.items()} == {
        "age": "laplace",
        "job": "randomized response",
        "target": "randomized response",
    }
    assert released.null_count().sum_horizontal().item() == 0


def test_further_targets_are_noised_or_refused_as_the_main_one_is() -> None:
    several = schema(more_targets={"job": {"classes": ["nurse", "cook"]}})
    several = several.model_copy(update={"more_targets": several.product.more_targets})
    with pytest.raises(ParamsError, match="columns.job.values must be product.more_targets.job.classes, .*nurse.*co"):
        noise_table(ROWS, several, local())
    known = local().columns["job"].values
    several = several.model_copy(update={"more_targets": {"job": Target(classes=known)}})
    assert set(noise_table(ROWS, several, local())[1]) == {"age", "job", "target"}


@pytest.mark.parametrize(
    ("params", "product", "message"),
    [
        (local(age=None), {}, r"no bounds for \['age'\]: they would leave without noise"),
        (local(target=None), {}, r"no bounds for \['target'\]"),
        (local(wage=Bound(low=0, high=1, epsilon=1)), {}, r"names \['wage'\], which are no features"),
        (local(age=Domain(values=["1", "2"], epsilon=1)), {}, r"columns.age: the column holds numbers"),
        (local(job=Bound(low=0, high=1, epsilon=1)), {}, r"columns.job: the column holds categories"),
        (local(target=Domain(values=["b", "a"], epsilon=1)), {}, r"must be product.classes"),
        (local(), {"private_unit": "person"}, r"protects one row"),
    ],
)
def test_what_would_break_the_promise_is_refused_before_noise_is_drawn(params, product, message) -> None:
    with pytest.raises(ParamsError, match=message):
        noise_table(ROWS, schema(**product), params)


def test_prose_has_no_noise_and_is_refused() -> None:
    columns = [
        column.model_copy(update={"kind": "text"}) if column.name == "job" else column for column in schema().columns
    ]
    with pytest.raises(ParamsError, match=r"no noise for texts \('job'\)"):
        noise_table(ROWS, schema().model_copy(update={"columns": columns}), local())
