"""`slipway tune` and `slipway probe` from the command line: what they print, and what they change."""

import csv
import json
import shutil
import sys

import pytest
from tiny_stages import write_stages

from flows import cli

PARAMS = """\
# a product
train:
  network: {name: mlp, hidden: [], dropout: 0} # linear
  epochs: 6
  batch_size: 16
  lr: 1.0e-5 # too low
tune: {ranges: {train.lr: {low: 1.0e-5, high: 1, log: true}}, trials: 4} # a few
"""


@pytest.fixture
def slipway(toy, monkeypatch, capsys):
    """Run the command line in the toy project, whose rows are up to date; return exit status, stdout, stderr."""
    monkeypatch.chdir(toy.root)
    monkeypatch.setattr("flows.tuning.plan", lambda *_: [])
    write_stages(toy.root / "data/toy")
    toy.edit("products/toy/params.yaml", "train: {epochs: 1}\n", "")
    toy.edit("products/toy/params.yaml", "tune: {}\n", PARAMS)
    toy.edit("products/toy/params.yaml", "kind: tabular", "kind: tabular, seed: 3")

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["slipway", *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return ended.value.code or 0, *capsys.readouterr()

    capsys.readouterr()
    return run


def test_the_best_trial_is_offered_as_a_diff_and_written_when_it_is_accepted(toy, slipway):
    before = toy.read("products/toy/params.yaml")
    status, out, err = slipway("tune", "toy")
    assert status == 0
    assert err.count("trial ") == 4
    assert "4 trials, 0 of them pruned; picture: data/toy/tune.svg" in out
    assert "-  lr: 1.0e-5 # too low\n+  lr: " in out
    assert "nothing is changed yet; to write it: slipway tune toy --accept" in out
    assert toy.read("products/toy/params.yaml") == before
    status, out, err = slipway("tune", "toy", "--accept", "--json")
    content = json.loads(out)
    assert (status, err, content["accepted"]) == (0, "", True)
    best = content["best"]["values"]["train.lr"]
    assert toy.read("products/toy/params.yaml") == before.replace("lr: 1.0e-5 #", f"lr: {best} #")
    assert slipway("tune", "toy")[1].endswith("no trial is better than the present values: nothing to change\n")
    assert (toy.root / "data/toy/tune.svg").read_text().startswith("<svg")


def test_without_ranges_it_says_how_to_give_some(toy, slipway):
    toy.edit(
        "products/toy/params.yaml",
        "tune: {ranges: {train.lr: {low: 1.0e-5, high: 1, log: true}}, trials: 4}",
        "tune: {}",
    )
    status, _, err = slipway("tune", "toy")
    assert status == 1
    assert err.startswith(
        "slipway: products/toy/params.yaml: tune.ranges is empty: say what may vary, as `tune: {ranges:"
    )


def test_a_policy_that_means_nothing_for_the_rows_is_refused(toy, slipway):
    toy.edit(
        "products/toy/params.yaml", "train.lr: {low: 1.0e-5, high: 1,", "augment.policy.zoom: {low: 0.01, high: 0.1,"
    )
    status, _, err = slipway("tune", "toy")
    assert status == 1
    assert "augment.policy.zoom is not for products of kind tabular" in err
    assert not (toy.root / "data/toy/work").exists()


def test_probe_prints_what_it_measured_and_changes_nothing_unasked(toy, slipway, monkeypatch):
    monkeypatch.setattr("slipway.learning.probing.thread_counts", lambda _: [1])
    monkeypatch.setattr("slipway.learning.probing.shutil.which", lambda _: None)
    before = toy.read("products/toy/params.yaml")
    status, out, _ = slipway("probe", "toy", "--seconds", "0")
    assert status == 0
    assert "fp32, 1 thread (present)" in out
    assert "skipped: no C++ compiler" in out
    assert "on cpu, batches of 16 of 64 rows" in out
    assert toy.read("products/toy/params.yaml") == before


def test_probe_writes_the_fastest_configuration_where_it_is_accepted(toy, slipway, monkeypatch):
    from slipway.learning.probing import Measured, Probe

    def measure(_, configuration):
        return Measured(configuration, 200.0 if configuration.precision == "bf16" else 100.0 + configuration.threads)

    monkeypatch.setattr(Probe, "__call__", measure)
    status, out, _ = slipway("probe", "toy", "--accept", "--json")
    content = json.loads(out)
    assert status == 0
    assert content["changes"] == {"train.precision": "bf16"}
    assert "  lr: 1.0e-5 # too low\n  precision: bf16\n" in toy.read("products/toy/params.yaml")


def test_a_profile_shows_where_the_time_goes_and_changes_nothing(toy, slipway):
    before = toy.read("products/toy/params.yaml")
    status, out, _ = slipway("probe", "toy", "--profile", "--json")
    content = json.loads(out)
    assert (status, content["device"], content["steps"]) == (0, "cpu", 20)
    assert {"aten::addmm", "aten::mm"} <= {one["name"] for one in content["operators"]}
    assert json.loads(toy.read(content["trace"]))["traceEvents"]
    with (toy.root / content["table"]).open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["operator"] for row in rows] == [one["name"] for one in content["operators"]]
    assert toy.read("products/toy/params.yaml") == before
    shown = slipway("probe", "toy", "--profile")[1]
    assert "draw the batch" in shown
    assert "trace: data/toy/work/probe/trace.json" in shown
    assert slipway("probe", "toy", "--profile", "--accept")[0] != 0


def test_what_is_hardly_faster_changes_nothing():
    from flows.probing import changes
    from slipway.learning.probing import Configuration, Measured

    present, other = Configuration(), Configuration("bf16")
    assert changes([Measured(present, 100.0), Measured(other, 104.0)], present) == {}
    assert changes([Measured(present, 100.0), Measured(other, 106.0)], present) == {"train.precision": "bf16"}
    assert changes([Measured(present, None, "why"), Measured(other, 1.0)], present) == {"train.precision": "bf16"}


@pytest.mark.parametrize("command", ["tune", "probe"])
def test_rows_that_are_not_up_to_date_are_refused_with_the_command_that_makes_them(toy, slipway, monkeypatch, command):
    monkeypatch.undo()
    monkeypatch.chdir(toy.root)
    shutil.rmtree(toy.root / "data")
    monkeypatch.setattr(sys, "argv", ["slipway", command, "toy"])
    status, _, err = slipway(command, "toy")
    assert status == 1
    assert err == "slipway: ingest of toy is not up to date (never ran): slipway run toy augment\n"
