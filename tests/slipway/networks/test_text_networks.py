"""The networks for texts: padding changes nothing, an empty text has an answer, and they learn the order of words."""

import numpy as np
import pytest
import torch

from slipway.errors import ParamsError
from slipway.learning.loop import fit
from slipway.learning.rows import Rows
from slipway.learning.trained import load_network, save_network, scores
from slipway.networks.building import Architecture, build
from slipway.networks.texts import places_turned, take
from slipway.product.augment import Policy
from slipway.product.networks import GRU, LSTM, MLP, Transformer
from slipway.product.optimisation import Constant
from slipway.product.train import Train

LENGTH, VOCABULARY = 9, 30
NETWORKS = [
    LSTM(name="lstm", embedding=8, hidden=8),
    LSTM(name="lstm", embedding=6, hidden=5, layers=2),
    LSTM(name="lstm", embedding=6, hidden=5, layers=2, bidirectional=False),
    GRU(name="gru", embedding=8, hidden=8),
    Transformer(name="transformer", width=8, heads=2),
]
NAMES = ["lstm", "two layers", "one direction", "gru", "transformer"]


def made(network, *, task: str = "classification", outputs: int = 3) -> torch.nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(3)
        architecture = Architecture(
            network=network, inputs=(LENGTH,), vocabulary=VOCABULARY, outputs=outputs, task=task
        )
        return build(architecture).eval()


def texts(num_rows: int = 12, *, length: int = LENGTH) -> torch.Tensor:
    """Tokens of every length from none to all, padding behind."""
    generator = torch.Generator().manual_seed(1)
    tokens = torch.randint(1, VOCABULARY, (num_rows, length), generator=generator)
    lengths = torch.arange(num_rows) % (length + 1)
    return tokens * (torch.arange(length) < lengths[:, None])


@pytest.mark.parametrize("network", NETWORKS, ids=NAMES)
def test_there_is_a_finite_answer_to_each_text_and_an_empty_one_has_its_own(network) -> None:
    tokens = texts()
    answers = made(network)(tokens)
    assert answers.shape == (12, 3)
    assert answers.isfinite().all()
    assert made(network, task="regression", outputs=1)(tokens).shape == (12,)
    empty = torch.zeros(2, LENGTH, dtype=torch.int64)
    assert torch.equal(*made(network)(empty))
    assert made(network)(empty).isfinite().all()


@pytest.mark.parametrize("network", NETWORKS, ids=NAMES)
def test_the_texts_beside_it_and_the_padding_behind_it_change_no_answer(network) -> None:
    tokens, answers = texts(), made(network)(texts())
    for row in range(len(tokens)):
        torch.testing.assert_close(made(network)(tokens[row : row + 1])[0], answers[row], atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("network", NETWORKS, ids=NAMES)
def test_gradients_reach_every_weight_and_none_is_infinite(network) -> None:
    net = made(network).train()
    net(texts()).square().sum().backward()
    assert all(weight.grad is not None and weight.grad.isfinite().all() for weight in net.parameters())


def test_a_text_is_turned_round_and_padding_stays_behind() -> None:
    tokens = torch.tensor([[5, 6, 7, 0], [8, 0, 0, 0], [1, 2, 3, 4], [0, 0, 0, 0]])
    turned = take(tokens.unsqueeze(2), places_turned(tokens != 0)).squeeze(2)
    assert turned.tolist() == [[7, 6, 5, 0], [8, 0, 0, 0], [4, 3, 2, 1], [0, 0, 0, 0]]


def test_both_directions_are_those_of_torch_on_packed_sequences() -> None:
    network, tokens = made(LSTM(name="lstm", embedding=8, hidden=8)), texts()[1:10]
    both = torch.nn.LSTM(8, 8, batch_first=True, bidirectional=True)
    halves = {"": network.forwards[0], "_reverse": network.backwards[0]}
    weights = {f"{name}{end}": value for end, half in halves.items() for name, value in half.state_dict().items()}
    both.load_state_dict(weights)
    lengths = (tokens != 0).sum(1)
    packed = torch.nn.utils.rnn.pack_padded_sequence(
        network.embed(tokens), lengths, batch_first=True, enforce_sorted=False
    )
    states, _ = torch.nn.utils.rnn.pad_packed_sequence(both(packed)[0], batch_first=True, total_length=LENGTH)
    is_there = (tokens != 0).unsqueeze(2)
    mean = (states * is_there).sum(1) / lengths[:, None]
    greatest = states.masked_fill(~is_there, -2).amax(1)
    expected = network.linear(torch.cat([mean, greatest], 1))
    torch.testing.assert_close(network(tokens), expected, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize("network", [NETWORKS[0], NETWORKS[3], NETWORKS[4]], ids=["lstm", "gru", "transformer"])
def test_which_of_two_words_comes_first_can_be_learned(network) -> None:
    generator = torch.Generator().manual_seed(2)
    tokens = torch.randint(3, 6, (256, LENGTH), generator=generator)
    first, classes = torch.randint(0, 4, (256,), generator=generator), torch.arange(256) % 2
    tokens[torch.arange(256), first] = 1 + classes
    tokens[torch.arange(256), first + 4] = 2 - classes
    rows = Rows(tokens, classes)
    net = made(network.model_copy(update={"dropout": 0.0}), outputs=2)
    params = Train(network=network, epochs=12, batch_size=32, lr=0.02, schedule=Constant(name="constant"))
    history = fit(net, rows, rows, params, Policy(), seed=1)
    assert max(epoch.validation_metric for epoch in history) > 0.95


@pytest.mark.parametrize("network", NETWORKS, ids=NAMES)
def test_a_saved_network_answers_as_before(network, tmp_path) -> None:
    architecture = Architecture(
        network=network, inputs=(LENGTH,), vocabulary=VOCABULARY, outputs=3, task="classification"
    )
    net, x = build(architecture).eval(), texts().numpy()
    save_network(net, architecture, tmp_path)
    np.testing.assert_array_equal(scores(load_network(tmp_path), x), scores(net, x))


def test_a_network_for_numbers_is_refused_tokens_and_one_for_texts_a_table() -> None:
    tokens = Architecture(network=MLP(), inputs=(LENGTH,), vocabulary=5, outputs=2, task="classification")
    with pytest.raises(ParamsError, match="mlp takes numbers.*Use {name: lstm}"):
        build(tokens)
    table = Architecture(network=NETWORKS[0], inputs=(4,), outputs=2, task="classification")
    with pytest.raises(ParamsError, match="lstm reads tokens.*Use {name: mlp}"):
        build(table)
