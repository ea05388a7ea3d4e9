"""Integrated gradients: right for a linear model, complete for others, of the vectors of tokens for texts."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from slipway.judging.attributions import Evidence, Unexplainable, attribute, integrate
from slipway.judging.decision import Decision
from slipway.networks.building import Architecture, Ensemble, build
from slipway.product.networks import GRU, LSTM, MLP, Transformer
from slipway.product.product import Target
from slipway.tables.heads import Head

NUMBERS = st.lists(st.floats(-3, 3, width=32), min_size=4, max_size=4)
BASELINE = np.array([[0.5, -1.0, 0.0, 2.0]], dtype=np.float32)


def evidence(network: nn.Module, num_classes: int = 2, *, temperature: float = 1.0, labels: bool = False) -> Evidence:
    names = [str(place) for place in range(num_classes)] or None
    task = "regression" if names is None else "multilabel" if labels else "classification"
    head = Head("y", Target(task=task, classes=names, label_delimiter=";" if labels else None), 0, 0, 0)
    return Evidence(network.eval(), head, Decision(temperature=temperature, classes=names, has_labels=labels))


def network(seed: int, outputs: int = 2, inputs: int = 4) -> nn.Module:
    torch.manual_seed(seed)
    return build(Architecture(network=MLP(hidden=[8]), inputs=(inputs,), outputs=outputs, task="classification"))


@given(NUMBERS, NUMBERS, NUMBERS, st.floats(0.5, 4))
@settings(max_examples=15)
def test_of_a_linear_model_they_are_the_weight_times_the_way(
    first: list[float], second: list[float], row: list[float], temperature: float
) -> None:
    layer, x = nn.Linear(4, 2), np.array([row], dtype=np.float32)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([first, second]))
    found = attribute(evidence(layer, temperature=temperature), x, 1, BASELINE, steps=10)
    expected = (np.array(second) - np.array(first)) / temperature * (x - BASELINE)[0]
    assert found.values == pytest.approx(expected, abs=1e-4)
    assert found.is_complete


@given(st.integers(0, 10_000), st.integers(2, 5), NUMBERS)
@settings(max_examples=15)
def test_they_add_up_to_the_change_of_the_log_odds(seed: int, num_classes: int, row: list[float]) -> None:
    net, place = network(seed, num_classes), seed % num_classes
    x = np.array([row], dtype=np.float32)
    found = attribute(evidence(net, num_classes), x, place, BASELINE, steps=50)
    with torch.no_grad():
        shares = net(torch.from_numpy(np.vstack([BASELINE, x]))).softmax(1)[:, place].numpy()
    start, end = np.log(shares / (1 - shares))
    assert (found.start, found.end) == pytest.approx((start, end), abs=1e-3)
    assert found.is_complete
    assert found.values.sum() == pytest.approx(end - start, abs=0.02 * float(np.abs(found.values).sum()) + 1e-3)


def test_a_coarse_sum_is_taken_again_with_more_steps() -> None:
    class Step(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return 5 * torch.sigmoid(40 * (x - 0.3)).sum(1)

    ask, x = evidence(Step(), 0), np.ones((1, 1), dtype=np.float32)
    zero = np.zeros_like(x)
    coarse, found = integrate(ask, x, 0, zero, steps=10), attribute(ask, x, 0, zero, steps=10)
    assert not coarse.is_complete
    assert found.is_complete
    assert found.values.sum() == pytest.approx(5, abs=0.1)


def test_of_labels_it_is_the_labels_own_log_odds() -> None:
    net, x = network(1, 3), np.ones((1, 4), dtype=np.float32)
    found = attribute(evidence(net, 3, temperature=2.0, labels=True), x, 2, BASELINE, steps=50)
    assert found.end == pytest.approx(net(torch.from_numpy(x))[0, 2].item() / 2, abs=1e-5)


@pytest.mark.parametrize(
    "params",
    [
        LSTM(name="lstm", embedding=8, hidden=8),
        GRU(name="gru", embedding=8, hidden=8),
        Transformer(name="transformer", width=16, heads=2, layers=1),
    ],
    ids=lambda params: params.name,
)
@pytest.mark.parametrize("members", [1, 2])
def test_tokens_are_explained_by_the_vectors_that_the_network_reads(params: object, members: int) -> None:
    torch.manual_seed(0)
    made = [
        build(Architecture(network=params, inputs=(7,), vocabulary=20, outputs=2, task="classification"))
        for _ in range(members)
    ]
    net = made[0] if members == 1 else Ensemble(made, of_values=False)
    tokens = np.array([[5, 6, 7, 5, 0, 0, 0]])
    found = attribute(evidence(net), tokens, 1, np.zeros_like(tokens), steps=50)
    assert found.values.shape == (4,), "the padding that all texts share is cut off"
    assert found.is_complete
    assert (found.values != 0).all()
    with torch.no_grad():
        answer = net(torch.from_numpy(tokens))[0]
    assert found.end == pytest.approx((answer[1] - answer[0]).item(), abs=1e-5)
    assert not any(layer._forward_hooks for layer in net.modules()), "the network is left as it was"


def test_an_empty_text_has_nothing_to_explain() -> None:
    net = build(
        Architecture(
            network=LSTM(name="lstm", embedding=4, hidden=4),
            inputs=(5,),
            vocabulary=9,
            outputs=2,
            task="classification",
        )
    )
    tokens = np.zeros((1, 5), dtype=np.int64)
    found = attribute(evidence(net), tokens, 1, tokens, steps=10)
    assert found.values.tolist() == [0]
    assert found.is_complete


def test_a_network_without_gradients_says_so() -> None:
    class Rounded(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return torch.stack([x.sum(1), x.detach().sum(1)], dim=1).detach()

    class Hashed(nn.Module):
        def forward(self, tokens: Tensor) -> Tensor:
            return torch.stack([tokens.sum(1), tokens.amax(1)], dim=1).float()

    with pytest.raises(Unexplainable, match="no gradient of the network reaches"):
        attribute(evidence(Rounded()), BASELINE, 0, BASELINE, steps=10)
    tokens = np.ones((1, 3), dtype=np.int64)
    with pytest.raises(Unexplainable, match=r"no nn\.Embedding"):
        attribute(evidence(Hashed()), tokens, 0, tokens, steps=10)
