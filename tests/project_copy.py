"""A copy of this repository for tests that run its commands, and how to run them there."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def copy_project(folder: Path) -> Path:
    """Copy the committed and the new files, without dvc.lock, into a git repository of their own."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for name in listed.stdout.splitlines():
        if name != "dvc.lock" and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)
    return folder


def command(folder: Path, *words: str) -> str:
    """Run a command of this environment in the copy and return what it printed."""
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    environment |= {"DVC_NO_ANALYTICS": "1", "PYTHONPATH": str(folder), "SLIPWAY_ROOT": str(folder)}
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def served(copy: Path, product: str) -> list[dict[str, str]]:
    """What the newest release answers to its own examples, in a process that has read nothing else."""
    ask = (
        "import json; from pathlib import Path; from slipway.bundle.predictor import Predictor; "
        f"bundle = max(Path('releases/{product}').glob('v*')) / 'bundle'; "
        "asked = json.loads((bundle / 'examples.json').read_text())['examples']; "
        "print(json.dumps(Predictor(bundle).predict([each['input'] for each in asked])))"
    )
    return json.loads(command(copy, "python", "-c", ask))
