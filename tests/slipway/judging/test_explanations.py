"""explanations.json: complete where it can be, with a sentence where it cannot, and silent about private rows."""

import functools
import json
from collections.abc import Callable

import numpy as np
import polars as pl
import pytest
import torch
from asked_subjects import image_subject, linear, subject, table, transform
from torch import Tensor, nn

from slipway.judging.decision import Decision
from slipway.judging.explanations import Explained, explain
from slipway.judging.subject import Subject
from slipway.product.evaluate import Evaluate
from slipway.product.explanations import Explanations
from slipway.transform.applying import features

CLASSES = Decision(classes=["no", "yes"])
FEW = Explanations(rows=200, repeats=3, steps=20)
PARAMS = Evaluate(bootstrap_samples=100, explanations=FEW)


def explained(asked: Subject, decision: Decision = CLASSES) -> Explained:
    return explain(asked, decision, PARAMS, FEW)


@functools.cache
def learned() -> nn.Module:
    """A small network that was really trained: on other rows of `table`, for a moment."""
    torch.manual_seed(0)
    network = nn.Sequential(nn.Linear(6, 16), nn.ReLU(), nn.Linear(16, 2))
    rows = table(300, seed=9)
    x = torch.from_numpy(features(rows, transform()))
    y = torch.from_numpy((rows["y"] == "yes").to_numpy().astype(np.int64))
    optimiser = torch.optim.Adam(network.parameters(), lr=0.05)
    for _ in range(60):
        optimiser.zero_grad()
        nn.functional.cross_entropy(network(x), y).backward()
        optimiser.step()
    return network.eval()


def test_it_says_which_columns_matter_and_why_rows_were_answered_as_they_were() -> None:
    facts = explained(subject(learned())).facts
    assert [each["column"] for each in facts["importance"]][:2] == ["size", "colour"]
    assert facts["metric"] == "log_loss"
    (note,) = facts["notes"]
    assert "random weights give other explanations of single rows, as they should" in note
    assert {each["kind"] for each in facts["examples"]} == {"typical", "mistake"}
    for each in facts["examples"]:
        assert (each["kind"] == "mistake") == (each["target"] != each["prediction"])
        assert each["explained"] == each["prediction"]
        evidence, parts = each["evidence"], [one["evidence"] for one in each["attributions"]]
        assert sum(parts) == pytest.approx(evidence["row"] - evidence["baseline"], abs=0.02 * sum(map(abs, parts)))
        assert 1 / (1 + np.exp(-evidence["row"])) == pytest.approx(each["probability"], abs=1e-3)
        assert {one["column"] for one in each["attributions"]} == {"size", "noise", "colour"}
        sizes = [abs(one["evidence"]) for one in each["attributions"]]
        assert sizes == sorted(sizes, reverse=True)


def test_a_row_names_its_values_as_they_were_read() -> None:
    test = table(60, seed=2).with_columns(size=pl.lit(None, dtype=pl.Float64))
    facts = explained(subject(test=test)).facts
    (value,) = {one["value"] for each in facts["examples"] for one in each["attributions"] if one["column"] == "size"}
    assert value == "missing"


def test_the_same_rows_give_the_same_text() -> None:
    one, two = (json.dumps(explained(subject(learned())).facts) for _ in range(2))
    assert one == two


def test_random_weights_explain_otherwise_and_another_seed_alike() -> None:
    sanity = explained(subject(learned())).facts["sanity"]
    assert abs(sanity["randomised_correlation"]) < 0.5
    assert sanity["rerun_correlation"] > 0.9


def test_explanations_that_random_weights_would_give_as_well_are_called_so() -> None:
    class Edges(nn.Module):
        """Looks at rows in one way whatever its weight is."""

        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.tensor(1.0))

        def forward(self, x: Tensor) -> Tensor:
            looked = (x * torch.arange(1.0, 7.0)).sum(1) * self.weight.abs()
            return torch.stack([torch.zeros_like(looked), looked], dim=1)

    facts = explained(subject(Edges().eval())).facts
    assert facts["sanity"]["randomised_correlation"] > 0.9
    assert "tell of the rows more than of what the model has learned" in " ".join(facts["notes"])


def test_a_constant_model_is_said_to_be_one() -> None:
    facts = explained(subject(linear([0.0] * 6))).facts
    assert all(each["drop"]["value"] == 0 for each in facts["importance"])
    assert "The model answers every row alike: no column matters to it." in facts["notes"]
    assert facts["sanity"] == {"randomised_correlation": None, "rerun_correlation": None}


def test_of_private_rows_nothing_but_their_ids_is_told() -> None:
    private, plain = explained(subject(learned(), is_private=True)), explained(subject(learned()))
    assert private.facts["examples"] == [{"_id": each["_id"]} for each in plain.facts["examples"]]
    assert private.facts["importance"] == plain.facts["importance"]
    assert "The rows are private" in private.facts["notes"][0]
    assert explained(image_subject(is_private=True)).images == []


def test_a_network_without_gradients_still_has_its_importance() -> None:
    class Rounded(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return torch.stack([torch.zeros(len(x)), x[:, 0].detach()], dim=1)

    facts = explained(subject(Rounded().eval())).facts
    assert facts["importance"][0]["column"] == "size"
    assert facts["examples"] == []
    assert facts["sanity"]["randomised_correlation"] is None
    assert "No row is explained by itself: no gradient of the network reaches" in facts["notes"][-1]


def test_a_regression_is_explained_in_its_units() -> None:
    facts = explained(subject(regression=True), Decision()).facts
    assert facts["metric"] == "rmse"
    typical = next(each for each in facts["examples"] if each["kind"] == "typical")
    assert "explained" not in typical
    assert typical["evidence"]["row"] == pytest.approx(typical["prediction"], rel=1e-3)


def test_too_many_rows_are_sampled_and_the_note_says_how_many() -> None:
    facts = explained(subject(num_rows=400)).facts
    assert facts["notes"][0] == "Importance was measured on 200 of 400 test rows, drawn by the seed."


def test_an_image_has_a_heat_map_for_each_example_and_one_for_all() -> None:
    found = explained(image_subject())
    assert len(found.images) == len(found.facts["examples"])
    for image, heat in found.images:
        assert (image.shape, heat.shape) == ((8, 8, 1), (8, 8))
        assert image.max() <= 1
        assert (heat[:2, :2] != 0).all()
        assert not heat[2:].any()
    mean, rises = found.patches
    assert (mean.shape, rises.shape) == ((8, 8, 1), (8, 8))
    assert (rises > 0).sum() == 4
    assert "attributions" not in found.facts["examples"][0]


@pytest.mark.parametrize("make", [lambda: {"steps": 5}, lambda: {"rows": 0}, lambda: {"repeat": 3}])
def test_a_wrong_number_or_key_is_refused(make: Callable[[], dict[str, int]]) -> None:
    with pytest.raises(ValueError, match="explanations"):
        Evaluate.model_validate({"explanations": make()})
