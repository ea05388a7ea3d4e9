"""A drawn record is changed until it keeps the rules, whatever they ask."""

import random

import pytest

from slipway.bundle.mending import Mender
from slipway.errors import BundleError
from slipway.suites.rules import RowRules, Rule


def rule(*columns, kind="number", when=None, **check):
    return Rule.model_validate(
        {
            "columns": columns,
            "kinds": [kind] * len(columns),
            "severity": "warning",
            "reason": "must be right",
            "check": check,
            "when": when,
            "when_kinds": {when["column"]: "number"} if when else {},
        }
    )


def mended(*rules, seed=0):
    rng = random.Random(seed)
    values = {
        "a": lambda: rng.randint(1, 5),
        "b": lambda: rng.randint(1, 5),
        "t": lambda: rng.choice(["ab", "c", None]),
    }
    return Mender(rules).mend({name: draw() for name, draw in values.items()}, lambda name: values[name](), rng)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(
    "hard",
    [
        rule("t", kind="text", name="within", length=True, low=40, high=50),
        rule("t", kind="text", name="within", length=True, low=7, high=7),
        rule("t", kind="text", name="within", length=True, low=3, strict_low=True),
        rule("t", kind="text", name="parses", to="date", format="%d.%m.%Y"),
        rule("t", kind="text", name="parses", to="date"),
        rule("t", kind="text", name="parses", to="json"),
        rule("t", kind="text", name="matches", patterns=["C-%_"], like=True),
        rule("t", kind="text", name="absent"),
        rule("a", "b", name="distinct"),
        rule("a", "b", name="greater"),
        rule("a", "b", name="total", total=77),
        rule("a", name="one_of", values=[100, 200], when={"name": "nullity", "column": "b", "is_null": False}),
    ],
    ids=lambda one: one.check.name,
)
def test_a_rule_that_chance_seldom_meets_is_kept(hard, seed):
    assert RowRules([hard]).broken(mended(hard, seed=seed)) == []


def test_several_rules_are_kept_together():
    rules = [rule("a", "b", name="greater"), rule("b", name="within", low=2), rule("t", kind="text", name="required")]
    assert RowRules(rules).broken(mended(*rules)) == []


def test_what_nothing_keeps_is_named_with_a_mend():
    with pytest.raises(BundleError, match=r"column 't' must be right\.\nCorrect the rule in raw\.suite\.yaml"):
        mended(rule("t", kind="text", name="required"), rule("t", kind="text", name="matches", patterns=["^[A-Z]{9}$"]))
