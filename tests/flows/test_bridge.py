import inspect
import json
import logging
import os
import signal
import time
from pathlib import Path

import dvc.stage.run
import psutil
import pytest

from flows.bridge import EditedDuringRun, plan, reproduce
from flows.code import CodeSnapshot
from flows.spawn import StageCrashed
from slipway.errors import SlipwayError

STAGES = ["ingest@toy", "augment@toy", "train@toy"]


@pytest.fixture
def line(toy, monkeypatch):
    """Bring all stages of the toy up to date; each runs in a process of its own, since real ones are imported here."""
    monkeypatch.chdir(toy.root)
    monkeypatch.setenv("DVC_NO_ANALYTICS", "1")

    def run(**options):
        snapshot = CodeSnapshot(toy.root)
        return {name: reproduce(toy.root, name, snapshot=snapshot, **options) for name in STAGES}

    return run


def outcomes(**stages):
    return {name: stages.get(name.split("@")[0], "unchanged") for name in STAGES}


def test_the_one_private_symbol_of_dvc_is_as_the_bridge_expects():
    original = inspect.unwrap(dvc.stage.run.cmd_run)
    assert list(inspect.signature(original).parameters) == ["stage", "dry", "run_env"]
    assert "cmd_run if dry else unlocked_repo(cmd_run)" in inspect.getsource(dvc.stage.run.run_stage)


def test_stages_run_once_and_dvc_agrees(toy, line):
    assert line() == outcomes(ingest="ran", augment="ran", train="ran")
    assert toy.read("data/toy/train/model.txt") == "2 rows, 1 epochs"
    assert toy.status() == {}
    assert line() == outcomes()


def test_force_runs_what_is_up_to_date(line):
    line()
    assert set(line(force=True).values()) == {"ran"}


def test_only_what_depends_on_a_change_runs_again_and_going_back_restores(toy, line):
    line()
    toy.edit("products/toy/params.yaml", "epochs: 1", "epochs: 2")
    assert line() == outcomes(train="ran")
    toy.edit("tasks/doubling.py", "rows * 2", "rows + rows")
    assert line() == outcomes(augment="ran")  # the same rows: train need not run
    toy.edit("products/toy/params.yaml", "epochs: 2", "epochs: 1")
    assert line() == outcomes(train="restored")


def test_a_deleted_output_is_restored(toy, line):
    line()
    (toy.root / "data/toy/augment/rows.txt").unlink()
    assert line() == outcomes(augment="restored")


def test_the_plan_says_why_a_stage_would_run_and_what_follows_it(toy, line):
    assert [node.reasons for node in plan(toy.root, "toy")] == [["never ran"]] * 3
    line()
    assert [node.reasons for node in plan(toy.root, "toy")] == [[], [], []]
    toy.edit("products/toy/params.yaml", "balance: none", "balance: oversample")
    ingest, augment, train = plan(toy.root, "toy")
    assert ingest.reasons == []
    assert augment.reasons == ["products/toy/params.yaml: augment modified"]
    assert train.reasons == ["augment@toy runs first"]
    assert train.needs == ["augment@toy"]
    assert train.meta == {"isolate": True}


def test_the_plan_of_a_stage_ends_there_and_an_unknown_one_is_named(toy, line):
    assert [node.name for node in plan(toy.root, "toy", "augment")] == STAGES[:2]
    with pytest.raises(SlipwayError, match="'polish' is no stage of toy: it has augment, ingest, train"):
        plan(toy.root, "toy", "polish")
    with pytest.raises(SlipwayError, match="no stage for 'toyota'"):
        plan(toy.root, "toyota")


def test_the_error_of_a_spawned_stage_reaches_the_user(toy, line):
    toy.edit("products/toy/source/rows.txt", "two", "bad")
    with pytest.raises(SlipwayError, match=r"^rows.txt holds 'bad': remove it$"):
        line()
    assert not (toy.root / "data/toy/train").exists()


def test_what_a_spawned_stage_logs_is_logged_here_at_its_level(toy, line, caplog):
    toy.edit(
        "tasks/train.py",
        "    with whole_folder",
        "    logging.getLogger('slipway').debug('half way')\n    with whole_folder",
    )
    toy.edit("tasks/train.py", "import os\n", "import logging\nimport os\n")
    caplog.set_level(logging.DEBUG, "slipway")
    line()
    assert ("slipway", logging.DEBUG, "half way") in caplog.record_tuples


def test_a_stage_that_crashes_is_named_and_its_traceback_attached(toy, line):
    toy.edit("products/toy/source/rows.txt", "two", "worse")
    with pytest.raises(
        StageCrashed, match="train@toy crashed with exit status 1: TypeError: nobody expected"
    ) as caught:
        line()
    assert "Traceback" in caught.value.__notes__[0]


def test_other_commands_run_as_dvc_runs_them(toy, line):
    toy.edit("dvc.yaml", "python -m tasks.train", "echo by hand && python -m tasks.train")
    assert line()["train@toy"] == "ran"


def test_an_edit_during_a_run_is_refused_and_the_next_run_repairs_it(toy, line, tmp_path_factory, monkeypatch):
    line()
    toy.edit("products/toy/params.yaml", "epochs: 1", "epochs: 2")
    toy.edit(
        "tasks/train.py",
        "    return out\n",
        "    path = Path('products/toy/params.yaml')\n"
        "    path.write_text(path.read_text().replace('epochs: 2', 'epochs: 3'))\n"
        "    return out\n",
    )
    with pytest.raises(EditedDuringRun, match=r"products/toy/params.yaml changed while train@toy ran"):
        line()
    assert toy.status() != {}
    assert line() == outcomes(train="ran")
    assert toy.read("data/toy/train/model.txt") == "2 rows, 3 epochs"


def test_a_lock_whose_process_id_was_used_again_is_freed(toy, line):
    line()
    toy.edit("products/toy/params.yaml", "epochs: 1", "epochs: 2")
    book = toy.root / ".dvc/tmp/rwlock"
    holder = {"pid": os.getppid(), "cmd": "slipway run toy"}
    book.write_text(json.dumps({"write": {str(toy.root / "data/toy/train"): holder}, "read": {}}))
    assert line() == outcomes(train="ran")


def test_a_kill_in_the_middle_of_a_stage_ends_it_and_the_next_run_goes_on_there(toy, tmp_path_factory):
    started = tmp_path_factory.mktemp("marks") / "started"
    flow = toy.start(TOY_STARTED=str(started), TOY_SECONDS="60")
    stage = int(wait_for(started))
    flow.send_signal(signal.SIGKILL)
    flow.communicate()
    assert wait_until(lambda: is_gone(stage))
    assert not (toy.root / "data/toy/train").exists()
    assert toy.run() == outcomes(train="ran")
    assert toy.status() == {}


def test_a_second_run_waits_for_its_turn(toy, tmp_path_factory):
    started = tmp_path_factory.mktemp("marks") / "started"
    first = toy.start(TOY_STARTED=str(started), TOY_SECONDS="60")
    wait_for(started)
    second = toy.start()
    assert any("another run of toy is going on" in line for line in second.stderr)
    assert first.poll() is None
    started.unlink()
    assert json.loads(first.communicate()[0])["stages"] == outcomes(ingest="ran", augment="ran", train="ran")
    assert json.loads(second.communicate()[0])["stages"] == outcomes()


def test_a_stage_runs_in_the_process_of_the_flow_and_train_in_its_own_beside_others(toy):
    code = """
import json, os
from pathlib import Path
from flows.code import process_snapshot
snapshot = process_snapshot(Path.cwd())
from flows.steps import Run, run_plain
outcomes = []
for epochs in (1, 2):
    path = Path("products/toy/params.yaml")
    path.write_text(path.read_text().replace("epochs: 1", f"epochs: {epochs}"))
    run_plain(Run(Path.cwd(), "toy", "train", False, snapshot))
    outcomes.append("here" if Path("data/toy/train/process.txt").read_text() == str(os.getpid()) else "own")
print(json.dumps({"stages": outcomes}))
"""
    assert toy.run(code=code) == ["own", "here"]


def test_a_switch_reaches_its_stage_and_dvc_records_nothing_of_it(toy):
    toy.edit("tasks/train.py", "params: Train) -> Path:", "params: Train, *, tensorboard: bool = False) -> Path:")
    toy.edit(
        "tasks/train.py",
        "    with whole_folder(out)",
        "    Path('seen.txt').write_text(str(tensorboard))\n    with whole_folder(out)",
    )
    toy.edit("tasks/train.py", '(folder / "process.txt")', "Path('process.txt')")
    run = ("run", "toy", "train", "--plain", "--json")
    assert toy.run(*run, "--tensorboard") == outcomes(ingest="ran", augment="ran", train="ran")
    assert toy.read("seen.txt") == "True"
    assert "tensorboard" not in toy.read("dvc.lock")
    assert toy.status() == {}
    again = toy.start(*run, "--tensorboard")
    assert "no new events; --force trains again" in again.communicate()[1]


def is_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def wait_for(path: Path) -> str:
    assert wait_until(lambda: path.exists() and path.read_text()), f"{path} never came"
    return path.read_text()


def wait_until(condition) -> bool:
    for _ in range(1200):
        if condition():
            return True
        time.sleep(0.05)
    return False
