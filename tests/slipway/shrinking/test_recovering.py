"""Recovery: the loss of distillation, and that a narrowed network learns again."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional

from slipway.learning.rows import Rows
from slipway.networks.building import Architecture, build
from slipway.product.augment import Policy
from slipway.product.compress import Compress, Recipe
from slipway.product.networks import MLP
from slipway.product.product import Target
from slipway.shrinking.cutting import narrowed
from slipway.shrinking.recovering import Lessons, distillation, recover, taught
from slipway.tables.heads import heads_of

CLASSES = Rows(torch.zeros(4, 2), torch.tensor([0, 1, 2, 1]))
VALUES = Rows(torch.zeros(4, 2), torch.tensor([0.0, 1.0, 2.0, 5.0]))


def no_loss(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    return torch.zeros(())


@given(st.floats(0.5, 10), st.integers(0, 100))
def test_a_network_that_answers_as_the_trained_one_has_nothing_to_learn_from_it(temperature: float, seed: int) -> None:
    answers = torch.randn(4, 3, generator=torch.Generator().manual_seed(seed))
    loss = distillation(no_loss, CLASSES, temperature=temperature)
    assert loss.mean(answers + 3, taught(CLASSES, answers).targets).item() == pytest.approx(0, abs=1e-4)
    assert loss.mean(answers * 2 + 1, taught(CLASSES, answers).targets).item() > 0


def test_classes_are_compared_by_softened_probabilities_and_the_targets_loss_is_added() -> None:
    outputs, answers = torch.randn(4, 3), torch.randn(4, 3)
    loss = distillation(functional.cross_entropy, CLASSES, temperature=2.0)
    soft = functional.kl_div((outputs / 2).log_softmax(1), (answers / 2).softmax(1), reduction="batchmean")
    expected = functional.cross_entropy(outputs, CLASSES.targets) + 4 * soft
    torch.testing.assert_close(loss.mean(outputs, taught(CLASSES, answers).targets), expected)


def test_values_are_compared_in_units_of_the_targets_variance() -> None:
    outputs, answers = torch.tensor([0.0, 1.0, 2.0, 3.0]), torch.tensor([1.0, 1.0, 2.0, 3.0])
    loss = distillation(no_loss, VALUES, temperature=2.0)
    expected = 0.25 / VALUES.targets.var(correction=0)
    torch.testing.assert_close(loss.mean(outputs, taught(VALUES, answers).targets), expected)


def test_each_of_several_targets_is_compared_in_its_own_way() -> None:
    heads = heads_of({"kind": Target(classes=["a", "b"]), "size": Target(task="regression")})
    rows = Rows(torch.zeros(3, 2), torch.tensor([[0.0, 1.0], [1.0, 3.0], [1.0, 8.0]]), heads)
    answers = torch.tensor([[1.0, 0.0, 1.0], [0.0, 2.0, 3.0], [0.0, 1.0, 8.0]])
    loss = distillation(no_loss, rows, temperature=2.0)
    assert loss.mean(answers, taught(rows, answers).targets).item() == pytest.approx(0, abs=1e-6)
    assert loss.mean(answers + torch.tensor([0.0, 0.0, 1.0]), taught(rows, answers).targets).item() == pytest.approx(
        1 / rows.targets[:, 1].var(correction=0).item(), rel=1e-4
    )


def lessons() -> tuple[nn.Module, Architecture, Lessons]:
    """A network that knows two moons' difference by heart, and rows to learn it from."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 2)).astype(np.float32)
    rows = Rows(torch.from_numpy(x), torch.from_numpy((x[:, 0] * x[:, 1] > 0).astype(np.int64)))
    train = Rows(rows.features[:300], rows.targets[:300])
    held = Rows(rows.features[300:], rows.targets[300:])
    architecture = Architecture(network=MLP(hidden=[32], dropout=0), inputs=(2,), outputs=2, task="classification")
    with torch.random.fork_rng():
        torch.manual_seed(2)
        network = build(architecture)
    optimiser = torch.optim.Adam(network.parameters(), lr=0.02)
    for _ in range(150):
        optimiser.zero_grad()
        functional.cross_entropy(network(train.features), train.targets).backward()
        optimiser.step()
    with torch.no_grad():
        outputs = network.eval()(train.features)
    return network, architecture, Lessons(train, outputs, held, Policy(), seed=1)


@pytest.mark.parametrize("how", ["distil", "finetune"])
def test_a_narrowed_network_learns_again_what_it_lost_and_the_same_twice(how: str) -> None:
    network, architecture, taught_by = lessons()
    params, recipe = Compress(recovery_batch_size=32), Recipe(width=0.3, recover=how, epochs=30)

    def right(each: nn.Module) -> float:
        with torch.no_grad():
            return (each(taught_by.held.features).argmax(1) == taught_by.held.targets).float().mean().item()

    cut = narrowed(network, architecture, recipe.width)
    before = right(cut)
    recover(cut, recipe, taught_by, params)
    again = narrowed(network, architecture, recipe.width)
    recover(again, recipe, taught_by, params)
    assert right(cut) > max(before, 0.9)
    assert all(torch.equal(each, again.state_dict()[name]) for name, each in cut.state_dict().items())
