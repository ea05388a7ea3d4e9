"""The networks: shapes, refusals, and that JSON and weights rebuild the same one."""

from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.errors import ParamsError
from slipway.learning.trained import load_network, save_network, scores
from slipway.networks.attention import EncoderLayer, maximum_over, mean_over
from slipway.networks.building import BUILDERS, Architecture, Ensemble, build
from slipway.product.networks import CNN, FITTING, MLP, FTTransformer, LeNet5, ResNet, WideAndDeep

IMAGES = Architecture(network=CNN(channels=[4, 8], hidden=5), inputs=(3, 9, 8), outputs=4, task="classification")
ROWS = Architecture(network=MLP(hidden=[7]), inputs=(6,), outputs=1, task="regression")

WIDE = ROWS.model_copy(update={"network": WideAndDeep(name="wide_and_deep", hidden=[5])})
TOKENS = ROWS.model_copy(update={"network": FTTransformer(name="ft_transformer", width=8, heads=2)})
LENET = IMAGES.model_copy(update={"network": LeNet5(name="lenet5"), "inputs": (1, 28, 28), "outputs": 10})
RESIDUAL = IMAGES.model_copy(update={"network": ResNet(name="resnet", channels=[4, 6], blocks=2)})
ALL = {"cnn": IMAGES, "mlp": ROWS, "wide": WIDE, "ft": TOKENS, "lenet": LENET, "resnet": RESIDUAL}


@pytest.mark.parametrize("architecture", ALL.values(), ids=ALL)
def test_every_family_gives_an_output_a_class_or_a_value(architecture: Architecture) -> None:
    shape = (2,) if architecture.task == "regression" else (2, architecture.outputs)
    assert build(architecture)(torch.zeros(2, *architecture.inputs)).shape == shape


def test_lenet_5_has_the_parameters_that_the_literature_counts() -> None:
    assert sum(weight.numel() for weight in build(LENET).parameters()) == 431_080  # Han et al. 2015, table 4


@pytest.mark.parametrize(
    ("architecture", "inputs", "message"),
    [
        (LENET, (1, 8, 8), "images of 16 x 16 pixels or more, and these are 8 x 8"),
        (LENET, (6,), "a lenet5 needs images"),
        (RESIDUAL, (6,), "a resnet needs images"),
        (WIDE, (1, 8, 8), "wide_and_deep is for tables"),
        (TOKENS, (1, 8, 8), "ft_transformer is for tables"),
    ],
    ids=str,
)
def test_a_family_that_does_not_suit_the_rows_is_refused(architecture, inputs, message) -> None:
    with pytest.raises(ParamsError, match=message):
        build(architecture.model_copy(update={"inputs": inputs}))


def test_heads_share_a_width_evenly() -> None:
    uneven = FTTransformer(name="ft_transformer", width=9, heads=2)
    with pytest.raises(ParamsError, match="width 9 is no multiple of heads 2"):
        build(ROWS.model_copy(update={"network": uneven}))


def test_a_token_that_is_not_there_is_not_attended_to() -> None:
    layer = EncoderLayer(8, 2, dropout=0.0).eval()
    tokens, is_there = torch.randn(1, 4, 8).tanh(), torch.tensor([[True, True, False, False]])
    changed = tokens.clone()
    changed[:, 2:] += 1
    assert torch.allclose(layer(tokens, is_there)[:, :2], layer(changed, is_there)[:, :2], atol=1e-6)
    assert torch.allclose(mean_over(tokens, is_there), tokens[:, :2].mean(1))
    assert torch.equal(maximum_over(tokens, is_there), tokens[:, :2].amax(1))


def test_a_cnn_gives_a_logit_for_each_class() -> None:
    assert build(IMAGES)(torch.zeros(2, 3, 9, 8)).shape == (2, 4)


def test_an_mlp_takes_images_flat() -> None:
    flat = IMAGES.model_copy(update={"network": MLP(hidden=[])})
    assert build(flat)(torch.zeros(2, 3, 9, 8)).shape == (2, 4)


def test_a_regression_gives_one_value_a_row() -> None:
    assert build(ROWS)(torch.zeros(2, 6)).shape == (2,)


def test_a_cnn_on_a_table_is_refused_with_the_mend() -> None:
    with pytest.raises(ParamsError, match="Use {name: mlp}"):
        build(IMAGES.model_copy(update={"inputs": (6,)}))


def test_too_many_convolutions_for_the_image_are_refused() -> None:
    with pytest.raises(ParamsError, match="4 convolutions.* 9 x 8 pixels"):
        build(IMAGES.model_copy(update={"network": CNN(channels=[1, 1, 1, 1])}))


@pytest.mark.parametrize("architecture", ALL.values(), ids=ALL)
def test_a_saved_network_answers_as_before(architecture: Architecture, tmp_path: Path) -> None:
    network = build(architecture).eval()
    x = np.random.default_rng(1).normal(size=(5, *architecture.inputs)).astype(np.float32)
    save_network(network, architecture, tmp_path)
    np.testing.assert_array_equal(scores(load_network(tmp_path), x), scores(network, x, chunk_rows=8192))


@given(st.integers(1, 5), st.integers(2, 4), st.floats(0.1, 300))
@settings(max_examples=30, deadline=None)
def test_an_ensemble_answers_the_mean_of_probabilities_however_sure_its_members_are(members, outputs, scale) -> None:
    logits = [scale * torch.randn(6, outputs) for _ in range(members)]
    fixed = [Fixed(each) for each in logits]
    answered = Ensemble(fixed, of_values=False)(torch.zeros(6, 1))
    wanted = torch.stack([each.double().softmax(1) for each in logits]).mean(0)
    assert answered.isfinite().all()
    torch.testing.assert_close(answered.double().softmax(1), wanted, atol=1e-5, rtol=1e-4)


class Fixed(torch.nn.Module):
    """Answers what it was given."""

    def __init__(self, answers: torch.Tensor) -> None:
        super().__init__()
        self.answers = answers

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.answers


def test_an_ensemble_is_rebuilt_from_its_json(tmp_path: Path) -> None:
    for architecture in (IMAGES, ROWS):
        several = architecture.model_copy(update={"members": 2})
        network = build(several).eval()
        x = np.random.default_rng(1).normal(size=(5, *architecture.inputs)).astype(np.float32)
        save_network(network, several, tmp_path)
        np.testing.assert_array_equal(scores(load_network(tmp_path), x), scores(network, x))


SHAPES = {"tabular": ((4,), None), "images": ((1, 16, 16), None), "texts": ((8,), 300)}
"""For each kind of product: of one row's features, and of its vocabulary."""


@pytest.mark.parametrize("kind", SHAPES)
def test_the_families_that_are_said_to_fit_a_kind_are_those_that_can_be_built_for_it(kind: str) -> None:
    inputs, vocabulary = SHAPES[kind]
    built = []
    for name in BUILDERS:
        sizes = {"inputs": inputs, "vocabulary": vocabulary, "outputs": 2, "task": "classification"}
        with suppress(ParamsError):
            build(Architecture.model_validate({"network": {"name": name}, **sizes}))
            built.append(name)
    assert sorted([*built, "own"]) == sorted(FITTING[kind])
