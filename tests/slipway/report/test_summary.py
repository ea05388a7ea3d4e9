"""The summary answers each question in a sentence, and says of what is bad that it is."""

from pathlib import Path

import pytest
from past_runs import EVALUATED, RULE, write_evaluated, write_release

from slipway.files import write_json
from slipway.report.page import render
from slipway.report.reading import gather
from slipway.report.summary import Line, summary


def told(data: Path) -> dict[str, Line]:
    return {line.about: line for line in summary(gather(data, data.parent / "releases"))}


def test_what_has_not_run_is_not_spoken_of(data: Path) -> None:
    assert [*told(data)] == ["Quality", "Data", "Privacy", "Artefact", "Gate"]


def test_each_question_has_its_sentence(data: Path) -> None:
    write_evaluated(data)
    lines = told(data)
    assert lines["Quality"].text == "It is right on 94.0 % of 245 test rows (95 % interval 92.0 % to 97.0 %)."
    assert lines["Fairness"].text == (
        "By town: it is right least often on 'Bon', 80.0 %, and the shares that are given 'yes' lie up to 12.0 points "
        "apart."
    )
    assert lines["Explanations"].text == "It relies most on size, town, age."
    assert lines["Robustness"].text == (
        "Of what was tried, the worst is missing at strength 0.5: accuracy 70.0 % instead of 95.0 %."
    )
    assert "int8, 7 KiB, 2.9 times smaller than fp32" in lines["Artefact"].text
    assert "epsilon 2.5" in lines["Privacy"].text


def test_a_simpler_model_that_is_better_is_named_plainly(data: Path) -> None:
    write_evaluated(data)
    line = told(data)["Baselines"]
    assert line.state == "bad"
    assert line.text.startswith(
        "A baseline wins: gradient boosting. Gradient boosting: accuracy 0.97, the trained network: 0.95"
    )
    worse = {name: {"value": -0.1, "low": -0.2, "high": -0.05} for name in EVALUATED["baselines"]["models"]}
    beaten = EVALUATED["baselines"] | {"beaten_by": [], "differences": worse}
    write_json(data / "evaluate" / "baselines.json", beaten)
    line = told(data)["Baselines"]
    assert line.state == "good"
    assert line.text.startswith("The model beats every baseline.")


@pytest.mark.parametrize(("ece", "state"), [(0.02, "good"), (0.2, "bad")])
def test_confidence_that_is_far_off_is_bad(data: Path, ece: float, state: str) -> None:
    write_json(data / "compress" / "metrics.json", {"accuracy": 0.9, "ece": ece, "rows": 245})
    assert told(data)["Calibration"].state == state


def test_a_broken_rule_makes_the_gate_bad(data: Path) -> None:
    assert told(data)["Gate"].text == "All 1 rules are kept."
    write_json(data / "package" / "verdict.json", {"passed": False, "rules": [{**RULE, "passed": False}]})
    assert (told(data)["Gate"].state, told(data)["Gate"].text) == ("bad", "1 of 1 rules is broken.")


def test_of_what_serves_the_rules_of_its_deployment_are_counted(data: Path) -> None:
    release = data.parent / "releases" / "v0001" / "gate.json"
    write_release(data, data.parent / "releases")
    write_json(release, {"passed": True, "rules": [{**RULE, "passed": True}] * 3})
    assert told(data)["Gate"].text == "All 3 rules are kept."


def test_a_bundle_that_serves_and_is_refused_by_a_new_limit_is_not_told_as_kept(data: Path) -> None:
    write_release(data, data.parent / "releases")
    write_json(data.parent / "releases" / "v0001" / "gate.json", {"passed": True, "rules": [{**RULE, "passed": True}]})
    write_json(
        data / "package" / "verdict.json",
        {"passed": False, "rules": [{**RULE, "passed": True}, {**RULE, "passed": False}]},
    )
    assert told(data)["Gate"].text == "1 of 2 rules is broken."


def test_names_with_commas_are_told_apart(data: Path) -> None:
    write_evaluated(data)
    parts = [{"column": f"rows {at}, columns 1-2", "drop": {}} for at in ("1-2", "3-4")]
    write_json(data / "evaluate" / "explanations.json", EVALUATED["explanations"] | {"importance": parts})
    assert told(data)["Explanations"].text == "It relies most on rows 1-2, columns 1-2; rows 3-4, columns 1-2."


@pytest.mark.parametrize("correlation", [0.44, None])
def test_an_order_of_importance_that_another_drawing_does_not_repeat_is_not_told(
    data: Path, correlation: float | None
) -> None:
    write_evaluated(data)
    sanity = {"randomised_correlation": 0.0, "rerun_correlation": correlation}
    write_json(data / "evaluate" / "explanations.json", EVALUATED["explanations"] | {"sanity": sanity})
    assert told(data)["Explanations"].text.startswith("What it relies on most cannot be told")


def test_a_network_that_learned_again_is_compared_with_the_trained_one(data: Path) -> None:
    fidelity = {"chosen": "half", "parity_error": 0.0, "agreement_pct": 100.0, "trained_agreement_pct": 93.5}
    write_json(data / "compress" / "fidelity.json", fidelity)
    assert "on 93.5 % of the test rows" in told(data)["Artefact"].text


def test_a_regression_is_off_by_so_much(data: Path) -> None:
    for stage in ("evaluate", "compress"):
        write_json(data / stage / "metrics.json", {"mae": 1.25, "rmse": 1.5, "r2": 0.5, "rows": 245})
    assert told(data)["Quality"].text == "It is off by 1.25 on average of 245 test rows (R² 0.5)."


def test_sections_without_anything_to_say_are_left_out(data: Path) -> None:
    assert 'id="fairness"' not in render(gather(data, data.parent / "releases"))
    write_evaluated(data)
    html = render(gather(data, data.parent / "releases"))
    for part in ('id="fairness"', "A note about groups.", "Rom (3)", "town: Bon, size: 3 to 5", 'id="robustness"'):
        assert part in html
