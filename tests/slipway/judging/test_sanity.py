"""Networks with random weights, and how alike two rankings are."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from slipway.judging.sanity import mean_correlation, randomised, rank_correlation

NUMBERS = st.lists(st.integers(-1000, 1000), min_size=3, max_size=20, unique=True)


def test_all_weights_are_others_of_the_same_size_and_the_network_is_left_alone() -> None:
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(40, 30), nn.Linear(30, 2))
    before = [weight.clone() for weight in network.parameters()]
    other = randomised(network, 1)
    assert all(torch.equal(now, then) for now, then in zip(network.parameters(), before, strict=True))
    assert not any(torch.equal(new, then) for new, then in zip(other.parameters(), before, strict=True))
    assert other[0].weight.std().item() == pytest.approx(before[0].std().item(), rel=0.1)
    again = randomised(network, 1)
    assert all(torch.equal(one, two) for one, two in zip(other.parameters(), again.parameters(), strict=True))


@given(NUMBERS)
def test_the_same_order_is_one_and_the_other_way_round_is_minus_one(values: list[int]) -> None:
    assert rank_correlation(values, [3 * value + 1 for value in values]) == 1
    assert rank_correlation(values, [-value for value in values]) == -1


def test_no_order_has_no_correlation() -> None:
    assert rank_correlation([1.0, 2.0], [1.0, 2.0]) is None
    assert rank_correlation([1.0, 1.0, 1.0], [1.0, 2.0, 3.0]) is None
    assert mean_correlation([(np.ones(3), np.arange(3.0))]) is None
    assert mean_correlation([(np.arange(3.0), np.arange(3.0)), (np.arange(3.0), -np.arange(3.0))]) == 0
