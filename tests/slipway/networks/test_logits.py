"""A network that answers probabilities is told from one that answers logits, and no logits are taken for them."""

from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from slipway.errors import ParamsError
from slipway.networks.building import BUILDERS, Architecture, Joint, build
from slipway.networks.trying import require_sound
from slipway.product.networks import Own

OWN = Own(name="own", file="net.py", class_name="Net")
FILE = Path("products/any/code/net.py")


class Ending(nn.Module):
    """A layer, and what is done with what it answers."""

    def __init__(self, outputs, ending, *, hidden=6):
        super().__init__()
        self.layer, self.head, self.ending = nn.Linear(5, hidden), nn.Linear(hidden, outputs), ending

    def forward(self, x):
        return self.ending(self.head(torch.relu(self.layer(x))))


def tried(network, outputs=3, **changes):
    sizes = {"network": OWN, "inputs": (5,), "outputs": outputs, "task": "classification"}
    require_sound(network, Architecture.model_validate({**sizes, **changes}), FILE)


def drawn(seed, make, *arguments, **words):
    torch.manual_seed(seed)
    return make(*arguments, **words)


def by_hand(logits):
    powers = torch.exp(logits - logits.amax(1, keepdim=True))
    return powers / powers.sum(1, keepdim=True)


class InEvaluationAlone(nn.Module):
    """What some write to answer probabilities once trained."""

    def forward(self, logits):
        return logits if self.training else logits.softmax(1)


ENDINGS = {
    "softmax": [nn.Softmax(1), by_hand, InEvaluationAlone()],
    "log_softmax": [nn.LogSoftmax(1), lambda logits: torch.log(by_hand(logits) + 1e-9)],
    "sigmoid": [nn.Sigmoid(), lambda logits: torch.tanh(logits) / 2 + 0.5],
}


@pytest.mark.parametrize(("name", "ending"), [(name, each) for name, some in ENDINGS.items() for each in some])
@pytest.mark.parametrize("outputs", [2, 7])
def test_probabilities_are_refused_with_what_to_leave_out(name, ending, outputs):
    message = (
        f"products/any/code/net.py: answers .* as behind a {name}. The loss wants raw logits.* goes into the {name}"
    )
    for seed in range(5):
        with pytest.raises(ParamsError, match=message):
            tried(drawn(seed, Ending, outputs, ending), outputs)


@pytest.mark.parametrize(
    "ending", [nn.Identity(), nn.ReLU(), nn.Tanh(), nn.Softplus(), lambda x: x / 100, nn.LayerNorm(3)]
)
@given(seed=st.integers(0, 2**32), hidden=st.sampled_from([1, 2, 6]))
@settings(max_examples=30, deadline=None)
def test_logits_of_any_kind_are_none(ending, seed, hidden):
    tried(drawn(seed, Ending, 3, ending, hidden=hidden))


@pytest.mark.parametrize("bias", [[0.0, 0.0, 0.0], [0.2, 0.3, 0.5], [-0.7, -1.6, -1.2], [0.9, 0.1, 0.4]])
def test_a_last_layer_that_starts_at_zeros_or_at_the_shares_of_classes_is_no_softmax(bias):
    network = Ending(3, nn.Identity())
    nn.init.zeros_(network.head.weight)
    for each in (torch.tensor(bias), torch.tensor(bias).softmax(0).log()):
        network.head.bias.data = each
        tried(network)


@pytest.mark.parametrize("name", BUILDERS)
def test_the_families_are_none(name):
    inputs, vocabulary = (5,), None
    if name in ("cnn", "lenet5", "resnet"):
        inputs = (1, 16, 16)
    if name in ("lstm", "gru", "transformer"):
        vocabulary = 50
    sizes = {"inputs": inputs, "vocabulary": vocabulary, "outputs": 2, "task": "classification"}
    architecture = Architecture.model_validate({"network": {"name": name}, **sizes})
    require_sound(drawn(1, build, architecture), architecture, FILE)


def test_values_may_be_probabilities():
    network = Ending(1, nn.Sigmoid())
    tried(network, 1, task="regression")
    tried(Joint(Ending(2, nn.Sigmoid()), 2), 2, task="regression", heads={"size": 1, "weight": 1})


def part(first, stop, ending):
    """An ending of some columns alone."""

    def ended(logits):
        return torch.cat([logits[:, :first], ending(logits[:, first:stop]), logits[:, stop:]], 1)

    return ended


def test_of_several_targets_the_one_is_named_that_answers_probabilities():
    heads = {"heads": {"income": 3, "hours": 1, "sex": 2}}
    tried(Joint(Ending(6, part(3, 4, nn.Sigmoid())), 6), 6, **heads)
    with pytest.raises(ParamsError, match="add up to 1 for 'sex', as behind a softmax"):
        tried(Joint(Ending(6, part(4, 6, nn.Softmax(1))), 6), 6, **heads)


def test_labels_may_not_go_through_a_sigmoid():
    labels = {"task": "multilabel", "heads": {"genres": 4}}
    tried(Joint(Ending(4, nn.Identity()), 4), 4, **labels)
    with pytest.raises(ParamsError, match="numbers from 0 to 1 alone for 'genres', as behind a sigmoid"):
        tried(Joint(Ending(4, nn.Sigmoid()), 4), 4, **labels)
