"""The picture of sensitive columns shows each group with its rows, and what was before beside what is."""

import xml.etree.ElementTree as ElementTree

from slipway.pictures.fairness import fairness_picture


def figure(value: float) -> dict[str, float]:
    return {"value": value, "low": value - 0.1, "high": value + 0.1}


def column(value: float) -> dict:
    rates = {name: figure(value) for name in ("accuracy", "selection_rate", "tpr", "fpr")}
    return {
        "groups": {name: {"rows": 1234, **rates} for name in ("women", "men")},
        "differences": {"demographic_parity_difference": {**figure(value), "by_chance": 0.07}},
        "worst_group": {"group": "men", "accuracy": value},
        "too_small": {},
    }


def facts(**changes: object) -> dict:
    said = {"positive": "yes", "columns": {"sex": column(0.5)}, "before": None, "mitigation": None, "notes": []}
    return {**said, **changes}


def texts(svg: str | None) -> set[str]:
    assert svg is not None
    return {"".join(node.itertext()) for node in ElementTree.fromstring(svg).iter() if node.tag.endswith("}text")}


def test_groups_have_their_rows_and_rates_are_explained():
    shown = texts(fairness_picture(facts()))
    assert {"By sex", "women (1,234)", "men (1,234)"} <= shown
    assert any("who are yes, given it" in text for text in shown)
    assert any("difference 0.50 (0.40 to 0.60; up to 0.07 would be chance)" in text for text in shown)
    assert "before" not in shown


def test_errors_of_a_regression_have_scales_of_their_own():
    sex = column(0.5)
    sex["groups"] = {"women": {"rows": 50, "rmse": figure(900.0), "mae": figure(2.0)}}
    shown = texts(fairness_picture(facts(positive=None, columns={"sex": sex})))
    assert {"root mean squared error", "mean absolute error", "500", "2"} <= shown


def test_before_and_after_stand_side_by_side():
    shown = texts(fairness_picture(facts(before={"sex": column(0.8)})))
    assert {"before", "after mitigation"} <= shown
    assert any("0.40 to 0.60, before 0.80;" in text for text in shown)


def test_where_no_groups_were_compared_nothing_is_drawn():
    assert fairness_picture(facts(columns={})) is None
    assert fairness_picture(facts(columns={"sex": {**column(0.5), "groups": {}}})) is None


def test_of_many_groups_some_are_drawn_and_the_title_says_so():
    many = column(0.5)
    many["groups"] = {f"group {number}": many["groups"]["men"] for number in range(45)}
    assert "By sex, 20 of 45 groups" in texts(fairness_picture(facts(columns={"sex": many})))
