import json
import socket
import subprocess
import sys

import pytest
from dvc.lock import LockError

from flows import cli
from flows.cli import QUIET, main


@pytest.fixture
def slipway(toy, monkeypatch, capsys):
    """Run the command line in the toy project; return exit status, stdout, stderr."""
    monkeypatch.chdir(toy.root)
    for name, value in QUIET.items():
        monkeypatch.setenv(name, value)

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["slipway", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        return ended.value.code or 0, *capsys.readouterr()

    capsys.readouterr()
    return run


def test_an_unknown_product_is_named_with_those_that_exist(slipway):
    assert slipway("run", "toys") == (1, "", "slipway: 'toys' is no product: products/products.yaml lists toy\n")


def test_a_wrong_parameter_is_refused_before_any_stage_runs(toy, slipway):
    toy.edit("products/toy/params.yaml", "deploy: {}", "deploy: {too: champion}")
    status, _, err = slipway("run", "toy", "--plain")
    assert status == 1
    assert err.startswith("slipway: products/toy/params.yaml: deploy.too is no parameter: did you mean 'to'? allowed: ")
    assert len(err.splitlines()) == 1
    assert not (toy.root / "data").exists()


def test_a_product_without_a_suite_is_refused_before_any_stage_runs(toy, slipway):
    (toy.root / "products/toy/raw.suite.yaml").unlink()
    status, out, err = slipway("run", "toy", "--plain", "--json")
    assert (status, err) == (1, f"{json.loads(out)['error']}\n")
    assert err.startswith("slipway: products/toy/raw.suite.yaml does not exist")


def test_a_suite_about_a_column_that_is_ignored_is_refused_before_any_stage_runs(toy, slipway):
    toy.edit("products/toy/params.yaml", "{kind: tabular}", "{kind: tabular, ignore: [note]}")
    toy.edit(
        "products/toy/clean.suite.yaml", "to_exist, kwargs: {column: x}", "values_to_be_unique, kwargs: {column: note}"
    )
    status, _, err = slipway("plan", "toy")
    assert status == 1
    assert "expectation 1 (expect_column_values_to_be_unique) is about 'note', but product.ignore takes it away" in err
    assert not (toy.root / "data").exists()


def test_outside_a_project_it_says_what_marks_one(slipway, tmp_path_factory, monkeypatch):
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    status, _, err = slipway("status")
    assert status == 1
    assert "no slipway project in" in err
    assert "set SLIPWAY_ROOT" in err


def test_the_root_is_found_from_below_though_products_have_a_dvc_yaml_too(toy, slipway, monkeypatch):
    toy.write("products/toy/dvc.yaml", "artifacts: {}\n")
    monkeypatch.chdir(toy.root / "products/toy")
    assert slipway("plan", "toy")[0] == 0


def test_run_goes_up_to_a_stage_and_says_so_as_json(slipway):
    status, out, err = slipway("run", "toy", "augment", "--plain", "--json")
    assert status == 0
    result = json.loads(out)
    assert result["stages"] == {"ingest@toy": "ran", "augment@toy": "ran"}
    assert result["release"] is result["report"] is result["metrics"] is None
    assert [line.split()[:2] for line in err.splitlines()] == [["ingest", "ran"], ["augment", "ran"]]


def test_an_unknown_stage_is_named_with_those_that_exist(slipway):
    status, _, err = slipway("run", "toy", "polish", "--plain")
    assert (status, err) == (1, "slipway: 'polish' is no stage of toy: it has augment, ingest, train\n")


def test_the_error_of_a_stage_is_one_line_and_debug_shows_the_traceback(toy, slipway):
    toy.edit("products/toy/source/rows.txt", "two", "bad")
    status, _, err = slipway("run", "toy", "train", "--plain")
    assert status == 1
    assert err.splitlines()[-2].split()[:2] == ["train", "failed"]
    assert err.splitlines()[-1] == "slipway: rows.txt holds 'bad': remove it"
    for words in (("--debug", "run", "toy", "train", "--plain"), ("run", "toy", "train", "--plain", "--debug")):
        status, _, err = slipway(*words)
        assert status == 1
        assert "Traceback" in err


def test_plan_and_status_read_as_text_and_as_json(slipway):
    assert "never ran" in slipway("plan", "toy")[1]
    slipway("run", "toy", "augment", "--plain")
    stages = json.loads(slipway("plan", "toy", "--json")[1])
    assert stages[1] == {"stage": "augment@toy", "runs": False, "reasons": []}
    assert stages[2]["runs"]
    (state,) = json.loads(slipway("status", "--json")[1])
    assert (state["up_to_date"], state["stages"], state["champion"]) == (2, 3, None)
    assert "2 of 3" in slipway("status", "toy")[1]


PRIVATIZE = """
  privatize:
    matrix: {product: "${products}"}
    cmd: mkdir -p data/${item.product}/privatize && date +%N > data/${item.product}/privatize/rows.txt
    deps: ["data/${item.product}/ingest/rows.txt"]
    params: ["products/${item.product}/params.yaml": [privatize]]
    outs: ["data/${item.product}/privatize"]
"""


def test_plan_and_run_warn_of_noise_that_is_released_again(toy, slipway):
    toy.write("dvc.yaml", toy.read("dvc.yaml") + PRIVATIZE)
    toy.edit("products/toy/params.yaml", "privatize: {}", "privatize: {mechanism: local}")
    assert "noise" not in slipway("run", "toy", "privatize", "--plain")[2]
    assert "noise" not in slipway("run", "toy", "privatize", "--plain")[2]
    status, _, err = slipway("run", "toy", "privatize", "--plain", "--force")
    assert status == 0
    assert err.startswith("privatize@toy releases fresh noise again: its epsilon adds up (--force;")
    toy.edit("products/toy/source/rows.txt", "two", "three")
    status, out, err = slipway("plan", "toy", "--json")
    assert json.loads(out)
    assert err.startswith("privatize@toy may release fresh noise again: its epsilon adds up (ingest@toy runs first;")


def test_doctor_finds_what_is_wrong_and_how_to_mend_it(toy, slipway, monkeypatch):
    monkeypatch.setattr("flows.doctor.HEALTH_SECONDS", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        toy.edit("products/toy/params.yaml", "serve: {}", f"serve: {{port: {port}}}")
        toy.edit("products/toy/params.yaml", "epochs: 1", "epochs: -1")
        status, out, _ = slipway("doctor", "--json")
    findings = {one["what"]: one for one in json.loads(out)}
    assert status == 1
    assert findings[f"port {port}"]["mend"] == "slipway serve NAME --port PORT, or set serve.port"
    assert "train.epochs = -1" in findings["product toy"]["found"]
    assert findings["libraries"]["mend"] is None


def test_every_command_shows_an_example():
    for command in cli.app.registered_commands:
        assert command.epilog is not None
        assert command.epilog.startswith("Example: "), command.callback


def test_without_a_product_the_exit_status_is_not_0():
    done = subprocess.run([sys.executable, "-m", "flows.cli", "run"], capture_output=True, text=True)
    assert done.returncode == 2
    assert "NAME" in done.stderr


def test_a_broken_dvc_yaml_and_a_folder_without_git_are_said_in_a_line(toy, slipway):
    toy.edit("dvc.yaml", "stages:", "stags:")
    status, _, err = slipway("plan", "toy")
    assert status == 1
    assert "dvc.yaml" in err
    assert "not foreseen" not in err
    toy.edit("dvc.yaml", "stags:", "stages:")
    (toy.root / ".dvc/config").unlink()
    status, _, err = slipway("plan", "toy")
    assert status == 1
    assert "Run `git init`" in err


def test_a_damaged_pointer_is_said_in_a_line(toy, slipway):
    toy.write("releases/toy/champion.json", "{}")
    status, _, err = slipway("status", "toy")
    assert status == 1
    assert "champion.json is damaged" in err
    assert "not foreseen" not in err


def test_an_error_of_dvc_is_said_as_what_it_is(slipway, monkeypatch):
    def locked(*_):
        raise LockError("Unable to acquire lock.\nMost likely another DVC process is running")

    monkeypatch.setattr("flows.bridge.plan", locked)
    message = "slipway: DVC: Unable to acquire lock. Most likely another DVC process is running\n"
    assert slipway("plan", "toy") == (1, "", message)
