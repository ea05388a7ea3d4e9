"""What the report says of baselines, mistakes and robustness."""

from pathlib import Path

import pytest
from past_runs import EVALUATED, MISTAKES, SVG
from read_page import page_of

from slipway.files import write_json
from slipway.report.baselines import baseline_lines
from slipway.report.page import render
from slipway.report.reading import gather
from slipway.report.wording import CAPTIONS

BASELINES = EVALUATED["baselines"] | {
    "skipped": {"logistic_regression": "all rows have <the same> target"},
    "rows": {"learned_from": 800, "train": 9800, "test": 245},
    "notes": ["gradient boosting saw less"],
}


def test_a_baseline_that_wins_is_named_plainly(tmp_path: Path, data: Path) -> None:
    write_json(data / "evaluate/baselines.json", BASELINES)
    text = page_of(tmp_path).text
    for part in (
        "A baseline wins: gradient boosting. Gradient boosting: accuracy 0.97, the trained network: 0.95",
        "the difference is +0.0200 (95 % interval +0.0100 to +0.0300)",
        "800 of 9,800 training rows",
        "Gradient boosting saw less.",
        "No logistic regression: all rows have <the same> target.",
        "loses",
    ):
        assert part in text, part


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [(-0.01, 0.03, "may be as good as the model"), (-0.03, -0.01, "The model beats every baseline")],
)
def test_a_difference_within_chance_is_no_victory(low: float, high: float, said: str) -> None:
    between = {"value": (low + high) / 2, "low": low, "high": high}
    differences = {"majority": BASELINES["differences"]["majority"], "gradient_boosting": between}
    (line,) = baseline_lines({**BASELINES, "beaten_by": [], "differences": differences})
    assert said in line
    assert "learned from 800 of the 9,800 training rows" in line
    (line,) = baseline_lines(
        {**BASELINES, "beaten_by": [], "differences": differences, "rows": {"learned_from": 800, "train": 800}}
    )
    assert said in line and "though" not in line


def test_without_baselines_there_is_no_section_for_them(tmp_path: Path, data: Path) -> None:
    nothing = {"models": {}, "skipped": {}, "beaten_by": [], "differences": {}, "rows": {}, "notes": []}
    write_json(data / "evaluate/baselines.json", {**BASELINES, **nothing})
    assert "Baselines" not in page_of(tmp_path).text


def test_the_worst_mistakes_are_shown_with_their_values(tmp_path: Path, data: Path, releases: Path) -> None:
    write_json(data / "evaluate/mistakes.json", MISTAKES)
    (data / "evaluate/mistakes.svg").write_text(SVG)
    page = render(gather(data, releases, private=False))
    for part in ("12 of 245 test rows are answered wrongly", "&lt;Bonn&gt;", "0.99", CAPTIONS["mistakes"]):
        assert part in page, part


def test_of_private_rows_the_ids_of_mistakes_alone_are_shown(data: Path, releases: Path) -> None:
    write_json(data / "evaluate/mistakes.json", MISTAKES)
    (data / "evaluate/mistakes.svg").write_text(SVG)
    page = render(gather(data, releases, private=True))
    assert "Bonn" not in page
    assert CAPTIONS["mistakes"] not in page
    assert "about the rows 7." in page
    assert "only ids are shown" in page


def test_what_was_said_of_robustness_stands_below_its_picture(data: Path, releases: Path) -> None:
    found = {"metric": "accuracy", "clean": 0.9, "curves": {"noise": []}, "notes": ["on 500 of 900 test rows"]}
    write_json(data / "evaluate/robustness.json", found)
    (data / "evaluate/robustness.svg").write_text(SVG)
    page = render(gather(data, releases))
    assert CAPTIONS["robustness"] in page
    assert "On 500 of 900 test rows." in page
