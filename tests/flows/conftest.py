"""A toy project with three stages, for the tests of the bridge: real stage contract, hardly any work."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from dvc.repo import Repo

DVC_YAML = """
vars: [products/products.yaml]
stages:
  ingest:
    matrix: {product: "${products}"}
    cmd: >-
      python -m tasks.ingest products/${item.product}/source data/${item.product}/ingest
      --params products/${item.product}/params.yaml
    deps: ["products/${item.product}/source", tasks/__init__.py, tasks/ingest.py]
    params: ["products/${item.product}/params.yaml": [ingest]]
    outs: ["data/${item.product}/ingest"]
  augment:
    matrix: {product: "${products}"}
    cmd: >-
      python -m tasks.augment data/${item.product}/ingest data/${item.product}/augment
      --params products/${item.product}/params.yaml
    deps: ["data/${item.product}/ingest/rows.txt", tasks/__init__.py, tasks/augment.py, tasks/doubling.py]
    params: ["products/${item.product}/params.yaml": [augment]]
    outs: ["data/${item.product}/augment"]
  train:
    matrix: {product: "${products}"}
    cmd: >-
      python -m tasks.train data/${item.product}/augment data/${item.product}/train
      --params products/${item.product}/params.yaml
    deps: ["data/${item.product}/augment/rows.txt", tasks/__init__.py, tasks/train.py]
    params: ["products/${item.product}/params.yaml": [train]]
    outs: ["data/${item.product}/train"]
    meta: {isolate: true}
"""

INGEST = """
from pathlib import Path

from slipway.files import whole_folder
from slipway.product.ingest import Ingest
from slipway.stage import main


def ingest(source: Path, out: Path, params: Ingest) -> Path:
    with whole_folder(out) as folder:
        (folder / "rows.txt").write_text((source / "rows.txt").read_text())
    return out


if __name__ == "__main__":
    main(ingest)
"""

DOUBLING = """
def double(rows):
    return rows * 2
"""

AUGMENT = """
from pathlib import Path

from slipway.files import whole_folder
from slipway.product.augment import Augment
from slipway.stage import main
from tasks.doubling import double


def augment(ingest: Path, out: Path, params: Augment) -> Path:
    rows = (ingest / "rows.txt").read_text().splitlines()
    if params.balance == "oversample":
        rows = double(rows)
    with whole_folder(out) as folder:
        (folder / "rows.txt").write_text("\\n".join(rows))
    return out


if __name__ == "__main__":
    main(augment)
"""

TRAIN = """
import os
import time
from pathlib import Path

from slipway.errors import DataError
from slipway.files import whole_folder
from slipway.product.train import Train
from slipway.stage import main


def train(augment: Path, out: Path, params: Train) -> Path:
    rows = (augment / "rows.txt").read_text().splitlines()
    if "bad" in rows:
        raise DataError("rows.txt holds 'bad': remove it")
    if "worse" in rows:
        raise TypeError("nobody expected this")
    with whole_folder(out) as folder:
        (folder / "process.txt").write_text(str(os.getpid()))  # no stage of ours would: the tests look at it
        if "TOY_STARTED" in os.environ:
            started, limit = Path(os.environ["TOY_STARTED"]), time.monotonic() + float(os.environ["TOY_SECONDS"])
            started.write_text(str(os.getpid()))
            while started.exists() and time.monotonic() < limit:
                time.sleep(0.05)
        (folder / "model.txt").write_text(f"{len(rows)} rows, {params.epochs} epochs")
    return out


if __name__ == "__main__":
    main(train)
"""

PARAMS = """
product: {kind: tabular}
ingest: {source: rows.txt}
validate: {}
preprocess: {}
privatize: {}
augment: {balance: none}
train: {epochs: 1}
evaluate: {}
compress: {}
package: {}
deploy: {}
serve: {}
tune: {}
"""

SUITE = """
name: toy
expectations:
  - {type: expect_column_to_exist, kwargs: {column: x}, severity: critical}
"""


class Toy:
    """The project, and how to change and run it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.write("dvc.yaml", DVC_YAML)
        self.write("products/products.yaml", "products: [toy]\n")
        self.write("products/toy/params.yaml", PARAMS)
        self.write("products/toy/raw.suite.yaml", SUITE)
        self.write("products/toy/clean.suite.yaml", SUITE)
        self.write("products/toy/source/rows.txt", "one\ntwo\n")
        self.write("products/toy/code/.gitkeep", "")
        self.write("tasks/__init__.py", "")
        for name, text in {"ingest": INGEST, "doubling": DOUBLING, "augment": AUGMENT, "train": TRAIN}.items():
            self.write(f"tasks/{name}.py", text)
        Repo.init(str(root), no_scm=True).close()

    def write(self, path: str, text: str) -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)

    def edit(self, path: str, old: str, new: str) -> None:
        text = (self.root / path).read_text()
        assert old in text
        self.write(path, text.replace(old, new))

    def read(self, path: str) -> str:
        return (self.root / path).read_text()

    def status(self) -> dict:
        with Repo(str(self.root)) as repo:
            return repo.status()

    def start(self, *words: str, code: str | None = None, **environment: str) -> subprocess.Popen:
        """Start `slipway run toy train --plain`, or other words or code, in a process of its own."""
        command = (
            ["-c", code] if code else ["-m", "flows.cli", *(words or ("run", "toy", "train", "--plain", "--json"))]
        )
        return subprocess.Popen(
            [sys.executable, *command],
            cwd=self.root,
            env={**self.environment, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "SLIPWAY_ROOT": str(self.root), "DVC_NO_ANALYTICS": "1"}

    def run(self, *words: str, code: str | None = None, **environment: str) -> dict[str, str]:
        """Do it, and return the outcome of each stage."""
        process = self.start(*words, code=code, **environment)
        out, err = process.communicate()
        assert process.returncode == 0, err
        return json.loads(out)["stages"]


@pytest.fixture
def toy(tmp_path: Path) -> Toy:
    return Toy(tmp_path)
