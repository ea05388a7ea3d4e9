"""Values set in the text of a params.yaml: what was set reads back, and nothing else has changed."""

from pathlib import Path

import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from slipway.errors import ParamsError
from slipway.product.editing import diff, set_values, with_values

ROOT = Path(__file__).parents[3]

TEXT = """\
# the product
product: {kind: tabular}
train:
  # how wide
  network: {name: mlp, hidden: [64, 64]} # two layers
  lr: 1.0e-3 # small
  optimizer:
    name: sgd
    momentum: 0.9

# after
tune: {}
serve: {} # where
"""


def edit(text, **changes):
    return set_values(text, {key.replace("__", "."): value for key, value in changes.items()}, where="params.yaml")


def changed(text, edited):
    """The lines that differ, as (old, new)."""
    old, new = text.splitlines(), edited.splitlines()
    return [pair for pair in zip(old, new, strict=True) if pair[0] != pair[1]]


def test_a_value_is_set_and_its_comment_stays():
    assert changed(TEXT, edit(TEXT, train__lr=0.02)) == [("  lr: 1.0e-3 # small", "  lr: 0.02 # small")]
    assert changed(TEXT, edit(TEXT, train__network__hidden=[8])) == [
        (
            "  network: {name: mlp, hidden: [64, 64]} # two layers",
            "  network: {name: mlp, hidden: [8]} # two layers",
        )
    ]
    assert changed(TEXT, edit(TEXT, train__optimizer__momentum=0)) == [("    momentum: 0.9", "    momentum: 0")]


def test_an_absent_key_comes_after_the_last_one_of_its_section():
    assert "    momentum: 0.9\n  epochs: 3\n\n# after\n" in edit(TEXT, train__epochs=3)
    assert "{name: mlp, hidden: [64, 64], dropout: 0.5} # two layers" in edit(TEXT, train__network__dropout=0.5)
    assert "serve: {port: 80} # where\n" in edit(TEXT, serve__port=80)
    assert edit(TEXT, a__b__c=1) == f"{TEXT}a: {{b: {{c: 1}}}}\n"
    assert edit("a: 1", b=2) == "a: 1\nb: 2"


def test_a_block_becomes_a_line():
    assert "  optimizer: {name: adam}\n\n# after" in edit(TEXT, train__optimizer={"name": "adam"})


def test_a_section_that_is_empty_holds_the_value():
    assert edit("train:\nserve: {}\n", train__lr=1) == "train: {lr: 1}\nserve: {}\n"


def test_an_alias_is_set_without_its_anchor_and_what_the_anchor_holds_is_not_edited_behind_it():
    text = "a: &x 1\nb: *x # same\nc: &y {d: 1}\ne: *y\nf:\n  <<: *y\n"
    assert edit(text, b=2) == text.replace("b: *x", "b: 2")
    assert edit(text, f__d=2) == f"{text}  d: 2\n"
    for key in ("a", "e.d"):
        with pytest.raises(ParamsError, match=f"p.yaml cannot be edited in place .*write it yourself: {key}: 5"):
            set_values(text, {key: 5}, where="p.yaml")


def test_a_diff_is_what_patch_reads():
    assert diff("a: 1\n", "a: 2\n", Path("p.yaml")) == "--- a/p.yaml\n+++ b/p.yaml\n@@ -1 +1 @@\n-a: 1\n+a: 2\n"
    assert diff("a: 1\n", "a: 1\n", Path("p.yaml")) == ""
    assert diff("a: 1", "a: 2", Path("p.yaml")).splitlines()[-3:] == [
        "\\ No newline at end of file",
        "+a: 2",
        "\\ No newline at end of file",
    ]


KEYS = st.sampled_from(["a", "b", "lr", "hidden", "on", "c d", "1", "#"])
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=8
)
CONTENTS = st.dictionaries(KEYS, VALUES, min_size=1)
PATHS = st.lists(KEYS, min_size=1, max_size=3).map(".".join)


@settings(max_examples=60)
@example({"a": None}, "a", "\x85", True)
@given(CONTENTS, PATHS, VALUES, st.sampled_from([True, False, None]))
def test_whatever_is_set_reads_back_and_nothing_else_changes(content, path, value, flow_style):
    text = yaml.safe_dump(content, default_flow_style=flow_style, sort_keys=False)
    edited = set_values(text, {path: value}, where="params.yaml")
    assert yaml.safe_load(edited) == with_values(content, {path: value})


@settings(max_examples=30)
@given(st.data())
def test_every_value_of_the_examples_can_be_set_and_no_other_line_changes(data):
    name = data.draw(st.sampled_from(["adult", "cancer", "digits", "fashion"]))
    text = (ROOT / "products" / name / "params.yaml").read_text()
    train = yaml.safe_load(text)["train"]
    key = data.draw(st.sampled_from([*train, *(f"network.{one}" for one in train["network"])]))
    value = data.draw(VALUES)
    edited = set_values(text, {f"train.{key}": value}, where=name)
    differing = changed(text, edited)
    assert all(old.split(":")[0] == key.split(".")[0].rjust(len(key.split(".")[0]) + 2) for old, _ in differing)
    assert len(differing) <= 1
