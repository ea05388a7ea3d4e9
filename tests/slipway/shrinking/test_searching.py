"""The search: who is trained on, when it stops, and what it says; artefacts are names here, their figures a table."""

from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import polars as pl
import pytest
from torch import nn

from slipway.errors import DataError
from slipway.networks.building import Ensemble
from slipway.product.compress import Compress, Recipe
from slipway.shrinking.cutting import Uncuttable
from slipway.shrinking.measuring import Candidate
from slipway.shrinking.searching import RUNGS, Search

Drop = Callable[[Recipe], float]


class Maker:
    """Makes names, and notes what was trained."""

    barred: str | None = None

    def __init__(self, *, uncuttable: bool = False, members: int = 1, without: Sequence[str] = ()) -> None:
        network = nn.Identity() if members == 1 else Ensemble([nn.Identity()] * members, of_values=False)
        self.trained = SimpleNamespace(network=network, transform=SimpleNamespace(tokens=None))
        self.rows = {"train": pl.DataFrame({"a": range(1280)})}
        self.uncuttable, self.without, self.recovered = uncuttable, without, list[Recipe]()

    def make(self, recipe: Recipe) -> bytes:
        if self.uncuttable and recipe.width < 1:
            raise Uncuttable("it is the product's own network")
        if recipe.precision in self.without:
            raise DataError("all calibration rows are of one class")
        if recipe.num_epochs and recipe.precision == "fp32":
            self.recovered.append(recipe)
        return recipe.name.encode()


class Judge:
    """Knows what each loses."""

    def __init__(self, drop: Drop, limit: float) -> None:
        self.drop, self.limit = drop, limit

    def judge(self, recipe: Recipe, model: bytes, running: object = None) -> Candidate:
        drop, moves = self.drop(recipe), 0.01 if recipe.precision == "int8_dynamic" else 0.0
        figures = {"size_bytes": len(model), "drop_pct": drop, "batch_difference": moves}
        broken = [f"it loses {drop}"] * (drop > self.limit) + ["its answers move"] * (moves > 1e-4)
        return Candidate(recipe, model, figures, broken)


class TableSearch(Search):
    """Reads milliseconds off width and precision, and has no OpenVINO."""

    def _time(self, candidates: Sequence[Candidate], seconds: float) -> None:
        for one in candidates:
            int8 = 0.5 if one.recipe.precision in ("int8", "int8_dynamic") else 1.0
            one.timed = {"latency_b1_ms": one.recipe.width * int8, "latency_batch_ms": one.recipe.width * int8}

    def _try_openvino(self) -> None:
        pass


def searched(drop: Drop, maker: Maker | None = None, **params: Any) -> TableSearch:
    section = Compress.model_validate({"recipe": "search", "widths": [0.5, 0.25, 0.12], **params})
    search = TableSearch(maker or Maker(), Judge(drop, section.max_accuracy_drop_pct), section)  # type: ignore[arg-type]
    search.run()
    return search


def learns(recipe: Recipe) -> float:
    """What is narrow loses more, what recovers for long loses less; distillation is the better teacher."""
    if recipe.keeps_weights:
        return 0.0
    steps = recipe.num_epochs * 10 * (2 if recipe.recover == "distil" else 1)
    return 8 / recipe.width / (1 + steps / 10)


def test_the_first_candidate_is_the_trained_network_as_it_is() -> None:
    assert searched(learns).found[0].is_reference


def test_the_better_half_goes_on_and_for_longer() -> None:
    search = searched(learns, candidates=["fp32"])
    epochs = sorted({each.num_epochs for each in search.maker.recovered})
    assert epochs == [steps * 128 // 1280 for steps in RUNGS[:3]]  # then none is left that could be better
    numbers = [sum(each.num_epochs == count for each in search.maker.recovered) for count in epochs]
    assert numbers[0] == 6 and numbers[1] <= 3 and numbers[2] <= 2
    kept = min((each for each in search.found if each.is_kept), key=lambda each: each.timed["latency_b1_ms"])
    assert kept.recipe.width == 0.12 and kept.recipe.recover == "distil"


def test_widths_that_gain_nothing_are_not_trained() -> None:
    search = searched(learns, candidates=["fp32", "int8"], widths=[0.99, 0.5, 0.25])
    assert {each.width for each in search.maker.recovered} <= {0.5, 0.25}  # int8 halves the time already


def test_it_stops_before_any_training_where_nothing_can_be_gained() -> None:
    search = searched(learns, candidates=["fp32", "int8"], widths=[0.99])
    assert not search.maker.recovered
    assert any("stops before any training" in note for note in search.notes)


def test_it_stops_early_where_even_the_best_is_hopeless() -> None:
    search = searched(lambda recipe: 0.0 if recipe.keeps_weights else 40.0)
    assert {each.num_epochs for each in search.maker.recovered} == {RUNGS[0] // 10}
    assert any("stops early" in note and "40.0 points" in note for note in search.notes)


def test_no_training_begins_after_the_budget() -> None:
    ticks = iter(range(0, 10_000, 50))
    section = Compress.model_validate({"recipe": "search", "widths": [0.5, 0.25], "search_seconds": 120})
    search = TableSearch(Maker(), Judge(learns, 0.5), section, clock=lambda: next(ticks))  # type: ignore[arg-type]
    search.run()
    assert len(search.maker.recovered) < 4
    assert any("search_seconds (120) are over" in note for note in search.notes)


def test_a_precision_that_moves_with_the_batch_is_tried_once() -> None:
    search = searched(learns)
    assert [each.recipe.width for each in search.found if each.recipe.precision == "int8_dynamic"] == [1.0]
    assert any(note.startswith("int8_dynamic is left out") for note in search.notes)


def test_a_network_that_cannot_be_cut_is_kept_whole_and_its_precisions_are_tried() -> None:
    search = searched(learns, Maker(uncuttable=True))
    assert {each.recipe.width for each in search.found} == {1.0}
    assert "The network is kept whole: it is the product's own network." in search.notes


def test_an_ensemble_is_distilled_into_one_network_of_full_width_too() -> None:
    search = searched(learns, Maker(members=3), candidates=["fp32"])
    assert any(each.width == 1 and each.recover == "distil" for each in search.maker.recovered)


def test_a_precision_whose_rows_do_not_suffice_is_left_out_with_the_reason() -> None:
    search = searched(learns, Maker(without=["int8"]))
    assert "int8" not in {each.recipe.precision for each in search.found}
    assert any("int8 is left out: all calibration rows are of one class" in note for note in search.notes)


def test_rows_that_training_protected_are_not_learned_from_again() -> None:
    maker = Maker()
    maker.barred = "train protected them"
    search = searched(learns, maker)
    assert not maker.recovered
    assert "Nothing is recovered: train protected them." in search.notes


@pytest.mark.parametrize("objective", ["latency_b1", "latency_batch", "size"])
def test_each_objective_is_known(objective: str) -> None:
    assert searched(learns, objective=objective, candidates=["fp32"]).found


def test_few_rows_are_not_learned_from_hundreds_of_times() -> None:
    search = searched(lambda recipe: 0.0 if recipe.keeps_weights else 5.0, candidates=["fp32"])
    assert sorted({each.num_epochs for each in search.maker.recovered}) == [10, 40, 160]
