"""The training loop, on problems that can be solved in a second."""

import pytest
import torch

from slipway.errors import DataError
from slipway.learning.devices import choose_device, repeatable
from slipway.learning.loop import fit
from slipway.learning.rows import Rows
from slipway.networks.building import Architecture, build
from slipway.product.augment import Policy
from slipway.product.networks import MLP
from slipway.product.train import Train

QUICK = Train(epochs=40, patience=40, batch_size=16, lr=0.05, weight_decay=0)


def xor(num_rows: int = 200) -> Rows:
    x = torch.rand(num_rows, 2, generator=torch.Generator().manual_seed(1)) * 2 - 1
    return Rows(x, (x[:, 0] * x[:, 1] > 0).long())


def network(outputs: int = 2, task: str = "classification", hidden: int = 16) -> torch.nn.Module:
    return build(Architecture(network=MLP(hidden=[hidden], dropout=0), inputs=(2,), outputs=outputs, task=task))


def learned(params: Train = QUICK, seed: int = 1) -> tuple[torch.nn.Module, list]:
    with repeatable(seed, 1):
        net = network()
        return net, fit(net, xor(), xor(50), params, Policy(), seed=seed)


def test_a_network_with_a_hidden_layer_learns_xor() -> None:
    assert max(epoch.validation_metric for epoch in learned()[1]) > 0.95


def test_the_same_seed_gives_the_same_weights_and_another_seed_others() -> None:
    weights = [learned(seed=seed)[0].state_dict()["0.weight"] for seed in (1, 1, 2)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_the_best_weights_are_kept_not_the_last() -> None:
    net, history = learned(QUICK.model_copy(update={"lr": 1.0, "epochs": 12}))
    best = min(epoch.validation_loss for epoch in history)
    loss = torch.nn.functional.cross_entropy(net.eval()(xor(50).features), xor(50).targets).item()
    assert loss == pytest.approx(best, rel=1e-5)
    assert history[-1].validation_loss > best


def test_training_stops_when_patience_is_over() -> None:
    history = learned(QUICK.model_copy(update={"epochs": 1000, "patience": 3, "lr": 0.5}))[1]
    best = min(range(len(history)), key=lambda i: history[i].validation_loss)
    assert len(history) == best + 1 + 3


def test_a_regression_learns_values_in_their_natural_units() -> None:
    x = xor().features
    rows = Rows(x, 5000 + 300 * x[:, 0])
    with repeatable(1, 1):
        net = network(1, "regression")
        net.center.copy_(rows.targets.mean())
        net.scale.copy_(rows.targets.std())
        history = fit(net, rows, rows, QUICK, Policy(), seed=1)
    assert min(epoch.validation_metric for epoch in history) < 20


def test_a_loss_that_explodes_is_an_error_that_names_the_rate() -> None:
    x = xor().features
    with repeatable(1, 1), pytest.raises(DataError, match=r"batch 1 of epoch 1 is .*\s+Lower train.lr \(now 10"):
        fit(
            network(1, "regression"),
            Rows(x, x[:, 0] * 1e30),
            Rows(x, x[:, 0]),
            QUICK.model_copy(update={"lr": 10.0}),
            Policy(),
            seed=1,
        )


def test_too_few_rows_are_refused() -> None:
    with pytest.raises(DataError, match="1 training and 50 validation rows"):
        fit(network(), xor(1), xor(50), QUICK, Policy(), seed=1)


def test_a_last_batch_is_never_a_single_row() -> None:
    sizes: list[int] = []
    net = network()
    net.register_forward_pre_hook(lambda _, inputs: sizes.append(len(inputs[0])) if net.training else None)
    fit(net, xor(33), xor(5), QUICK.model_copy(update={"epochs": 1}), Policy(), seed=1)
    assert sizes == [11, 11, 11]


def test_repeatable_puts_threads_and_generator_back() -> None:
    threads, state = torch.get_num_threads(), torch.get_rng_state()
    with repeatable(1, 2):
        torch.rand(3)
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_gpu_that_is_not_there_is_an_error_with_the_mend() -> None:
    with pytest.raises(DataError, match="Use auto"):
        choose_device("cuda")


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_learns_the_same_problem() -> None:
    device = choose_device("auto")
    net = network().to(device)
    with repeatable(1, 1):
        history = fit(net, xor().to(device), xor(50).to(device), QUICK, Policy(noise=0.01), seed=1)
    assert device.type == "cuda"
    assert max(epoch.validation_metric for epoch in history) > 0.95
