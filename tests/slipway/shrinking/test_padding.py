"""Padding that all texts of a batch have is cut off in the artefact, and no answer changes."""

import numpy as np
import pytest
import torch

from slipway.networks.building import Architecture, build
from slipway.product.networks import GRU, LSTM, Network, Transformer
from slipway.shrinking.export import export_network
from slipway.shrinking.padding import without_common_padding
from slipway.shrinking.running import answers, session

LENGTH, VOCABULARY = 12, 400
NETWORKS: dict[str, Network] = {
    "lstm": LSTM(name="lstm", embedding=16, hidden=8),
    "gru": GRU(name="gru", embedding=16, hidden=8, bidirectional=False),
    "transformer": Transformer(name="transformer", width=16, heads=2, layers=1),
}


def texts(num_rows: int = 40) -> np.ndarray:
    """Tokens of every length from none to all, padding behind."""
    rng = np.random.default_rng(1)
    lengths = np.arange(num_rows)[:, None] % (LENGTH + 1)
    return rng.integers(1, VOCABULARY, size=(num_rows, LENGTH)) * (np.arange(LENGTH) < lengths)


@pytest.mark.parametrize("name", NETWORKS)
def test_padding_that_is_cut_off_changes_no_answer_at_any_batch_size(name: str) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(3)
        architecture = Architecture(
            network=NETWORKS[name], inputs=(LENGTH,), vocabulary=VOCABULARY, outputs=2, task="classification"
        )
        network = build(architecture).eval()
    with torch.inference_mode():
        expected = network(torch.from_numpy(texts())).numpy()
    free = export_network(network, (LENGTH,), vocabulary=VOCABULARY, free_length=True)
    running = session(without_common_padding(free).SerializeToString())
    for batch_rows in (1, 7, 40):
        found = answers(running, {"features": texts()}, batch_rows=batch_rows)
        np.testing.assert_allclose(found, expected, atol=1e-5)
