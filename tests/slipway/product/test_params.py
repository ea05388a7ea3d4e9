"""What contradicts itself across the sections of params.yaml is refused before the first stage."""

import re
from pathlib import Path

import pytest

from slipway.errors import ParamsError
from slipway.product.params import read_params

PRODUCTS = Path(__file__).parents[3] / "products"


def changed(product: str, old: str, new: str, folder: Path) -> Path:
    """Write a product's params.yaml with one line in the place of another."""
    text = (PRODUCTS / product / "params.yaml").read_text()
    assert len(re.findall(old, text)) == 1
    (folder / "params.yaml").write_text(re.sub(old, new, text))
    return folder / "params.yaml"


def test_texts_need_a_network_that_reads_tokens(tmp_path: Path) -> None:
    path = changed("sentiment", "network: {.*}", "network: {name: mlp}", tmp_path)
    with pytest.raises(ParamsError, match="train.network is mlp, but a product of kind texts needs one of lstm, gru"):
        read_params(path)
    for name in ("gru", "transformer"):
        assert read_params(changed("sentiment", "network: {.*}", f"network: {{name: {name}}}", tmp_path))


TABLES, IMAGES = "tabular needs one of mlp, wide_and_deep, ft_transformer, own", "images needs one of lenet5, cnn, resn"


@pytest.mark.parametrize(
    ("product", "name", "fitting"),
    [
        *(("adult", name, TABLES) for name in ("lstm", "transformer", "lenet5", "cnn", "resnet")),
        *(("mnist", name, IMAGES) for name in ("gru", "wide_and_deep", "ft_transformer")),
    ],
)
def test_a_network_of_another_kind_is_refused_with_those_that_fit(
    tmp_path: Path, product: str, name: str, fitting: str
) -> None:
    path = changed(product, "network: {.*}", f"network: {{name: {name}}}", tmp_path)
    with pytest.raises(ParamsError, match=f"train.network is {name}, but a product of kind {fitting}"):
        read_params(path)


def test_a_gate_needs_metrics_of_the_task(tmp_path: Path) -> None:
    path = changed("sentiment", r"accuracy: {min: 0.\d+}", "rmse: {max: 1}", tmp_path)
    with pytest.raises(ParamsError, match=r"package.gate.metrics names \['rmse'\], but a classification has"):
        read_params(path)


@pytest.mark.parametrize(
    ("product", "message"),
    [
        ("  target: income\n", "weighs several targets against each other, and the product has one"),
        ("  target: income\n  more_targets: {sex: {}}\n", r"names \['age'\], but the targets are income, sex"),
    ],
)
def test_loss_weights_are_those_of_several_targets(tmp_path: Path, product: str, message: str) -> None:
    path = changed("adult", "  target: income\n", product, tmp_path)
    name = "age" if "sex" in product else "income"
    path.write_text(path.read_text().replace("  epochs: 20\n", f"  epochs: 20\n  loss_weights: {{{name}: 0.5}}\n"))
    with pytest.raises(ParamsError, match=message):
        read_params(path)


@pytest.mark.parametrize(
    ("product", "weighted", "message"),
    [
        (
            "target: income\n  more_targets: {occupaton: {}}",
            "occupation",
            "product.more_targets names 'occupaton', and",
        ),
        ("target: income\n  more_targets: {occupation: {}}", "occupaton", "train.loss_weights 'occupaton': one of th"),
        (
            "target: incme\n  more_targets: {sex: {}}",
            "income",
            "product.target names 'incme', and train.loss_weights 'i",
        ),
    ],
)
def test_a_misspelt_target_is_named_beside_the_weight_that_it_was_meant_for(
    tmp_path: Path, product: str, weighted: str, message: str
) -> None:
    path = changed("adult", "target: income\n", f"{product}\n", tmp_path)
    path.write_text(path.read_text().replace("  epochs: 20\n", f"  epochs: 20\n  loss_weights: {{{weighted}: 0.5}}\n"))
    with pytest.raises(ParamsError, match=message):
        read_params(path)


def test_an_ensemble_has_one_target(tmp_path: Path) -> None:
    path = changed("adult", "  target: income\n", "  target: income\n  more_targets: {sex: {}}\n", tmp_path)
    path.write_text(path.read_text().replace("  epochs: 20\n", "  epochs: 20\n  ensemble: 3\n"))
    with pytest.raises(ParamsError, match=r"params\.yaml: train\.ensemble is for one target .* leave it out"):
        read_params(path)


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("loss: {name: focal}", "train.loss is focal, but a multilabel target has bce"),
        ("class_weights: balanced", "train.class_weights is for one class a row"),
        ("label_smoothing: 0.1", "train.label_smoothing is for one class a row"),
    ],
)
def test_many_labels_are_learned_one_by_one(tmp_path: Path, key: str, message: str) -> None:
    product = '  target: income\n  task: multilabel\n  label_delimiter: "/"\n'
    path = changed("adult", "  target: income\n", product, tmp_path)
    assert read_params(path).product.label_delimiter == "/"
    path.write_text(path.read_text().replace("  epochs: 20\n", f"  epochs: 20\n  {key}\n"))
    with pytest.raises(ParamsError, match=message):
        read_params(path)


@pytest.mark.parametrize(
    ("product", "message"),
    [
        ("adult", r"augment.reweigh is sx, which is no sensitive column: allowed: sex, race, age"),
        ("cancer", r"augment.reweigh is sx, .* none, because product.sensitive names no column"),
    ],
)
def test_rows_are_reweighed_by_a_sensitive_column(tmp_path: Path, product: str, message: str) -> None:
    path = changed(product, "augment: {}", "augment: {reweigh: sx}", tmp_path)
    with pytest.raises(ParamsError, match=message):
        read_params(path)
    assert read_params(changed("adult", "augment: {}", "augment: {reweigh: sex}", tmp_path)).augment.reweigh == "sex"
