"""What a rule of the gate says of itself."""

import pytest

from slipway.judging.gate import at_least, at_most, broken, not_judged


@pytest.mark.parametrize(("value", "floor", "ceiling"), [(0.5, True, True), (0.4, False, True), (0.6, True, False)])
def test_a_limit_itself_is_kept(value: float, floor: bool, ceiling: bool) -> None:
    assert at_least("x", value, 0.5)["passed"] is floor
    assert at_most("x", value, 0.5)["passed"] is ceiling


@pytest.mark.parametrize("rule", [at_least, at_most])
def test_what_is_unknown_or_no_number_keeps_no_limit(rule) -> None:
    assert not rule("x", None, 0.5)["passed"]
    assert not rule("x", float("nan"), 0.5)["passed"]


def test_a_rule_holds_no_more_keys_than_it_needs() -> None:
    assert at_least("x", 1, 0.5) == {"rule": "x at least", "value": 1, "limit": 0.5, "passed": True}


def test_a_broken_rule_says_what_it_found_and_how_to_mend_it() -> None:
    rules = [
        at_least("x", 1, 0.5),
        at_most("y", 0.75, 0.5, mend="lower y"),
        at_least("z", None, 1, why="never measured"),
        at_least("d", -0.1, 0, interval=[-0.2, 0.05]),
        not_judged("w", "the server fell over"),
    ]
    assert broken(rules) == [
        "y at most 0.5, but it is 0.75: lower y",
        "z at least 1, but it is never measured",
        "d at least 0, but it is -0.1 (-0.2 to 0.05)",
        "w: the server fell over",
    ]
