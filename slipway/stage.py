"""The stage contract: run a stage's function from a command line and note what it cost.

A stage is a plain function: folders in, one folder out, one section of parameters. Its module ends with

    if __name__ == "__main__":
        main(train)

which makes `python -m tasks.train IN... OUT --params products/NAME/params.yaml`. The function's name
is the section's, and its annotations say which arguments are folders and which are sections. A `bool` is a
switch (`--tensorboard`), which may change what is seen of a run, never what it writes into its folder.
"""

import argparse
import ctypes
import importlib.metadata
import inspect
import json
import logging
import os
import re
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

from pydantic import BaseModel

from slipway.errors import lines_of
from slipway.product.reading import read_section

Stage = Callable[..., Path]

LIBRARIES = (
    "numpy",
    "polars",
    "torch",
    "great_expectations",
    "scikit-learn",
    "onnx",
    "onnxruntime",
    "opendp",
    "altair",
)


RELAY = "SLIPWAY_RELAY"
"""Set in the environment of a stage whose lines another process reads: each then begins with its level."""

RELAYED = re.compile(r"\[slipway:(\d+):([\d.]*)\] (.*)")
"""Such a line: its level, how far the stage is (a line may carry `progress`, from 0 to 1), and the message."""

_RELAYING = logging.Formatter("[slipway:%(levelno)d:%(progress)s] %(message)s", defaults={"progress": ""})


def main(stage: Stage) -> NoReturn:
    """Run the stage with the arguments of this process; exit 1 with the error's lines if it is the user's."""
    if "DVC_STAGE" in os.environ:
        die_with_parent()
    try:
        with logged_to_stderr(relayed=RELAY in os.environ):
            run(stage, sys.argv[1:])
    except Exception as error:
        if (lines := lines_of(error)) is None:
            raise
        sys.exit(f"{stage.__name__}: {lines}")
    sys.exit(0)


@contextmanager
def logged_to_stderr(*, relayed: bool) -> Iterator[None]:
    """Print the lines of slipway's log; those for another process with their level, so that it can log them."""
    logger, lines = logging.getLogger("slipway"), logging.StreamHandler()
    lines.setFormatter(_RELAYING if relayed else logging.Formatter("%(message)s"))
    before = logger.level
    logger.addHandler(lines)
    logger.setLevel(logging.DEBUG if relayed else logging.INFO)
    try:
        yield
    finally:
        logger.removeHandler(lines)
        logger.setLevel(before)


def run(stage: Stage, argv: Sequence[str]) -> Path:
    """Run the stage as its command line says, and append what it cost to runs.jsonl beside its folder."""
    arguments = parse(stage, argv)
    out: Path = arguments["out"]
    cost = Cost()
    try:
        stage(**arguments)
    except BaseException as error:
        cost.append_to(out.parent / "runs.jsonl", stage.__name__, outcome=type(error).__name__)
        raise
    cost.append_to(out.parent / "runs.jsonl", stage.__name__, outcome="ran", rows=num_rows(out))
    return out


def parse(stage: Stage, argv: Sequence[str]) -> dict[str, Any]:
    """Turn command-line words into the stage's arguments: paths, sections read from --params, switches.

    A path that may be None is an option of its name.
    """
    parameters = inspect.signature(stage, eval_str=True).parameters
    parser = argparse.ArgumentParser(prog=f"python -m tasks.{stage.__name__}", description=inspect.getdoc(stage))
    sections: dict[str, type[BaseModel]] = {}
    for name, parameter in parameters.items():
        if parameter.annotation is Path:
            parser.add_argument(name, type=Path)
        elif parameter.annotation is bool:
            parser.add_argument(f"--{name}", action="store_true")
        elif parameter.annotation == (Path | None):
            parser.add_argument(f"--{name}", type=Path)
        else:
            assert issubclass(parameter.annotation, BaseModel), (
                f"{stage.__name__}({name}): no Path, no section and no switch"
            )
            sections[name] = parameter.annotation
    parser.add_argument("--params", type=Path, required=True, help="the product's params.yaml")
    words = vars(parser.parse_args(argv))
    path = words.pop("params")
    return {**words, **{name: read_section(path, model) for name, model in sections.items()}}


class Cost:
    """What a run of a stage costs: wall and CPU seconds since this object was made, and peak memory.

    CPU and memory are the whole process's, its ended children included; a stage that shares its
    process with others shares their figures, too.
    """

    def __init__(self) -> None:
        self._wall = time.monotonic()
        self._cpu = _cpu_seconds()

    def append_to(self, path: Path, stage: str, *, outcome: str, rows: int | None = None) -> None:
        """Append one line; a single write, so that lines of parallel stages do not mix."""
        line = {
            "stage": stage,
            "outcome": outcome,
            "ended": datetime.now(UTC).isoformat(timespec="seconds"),
            "rows": rows,
            "seconds": round(time.monotonic() - self._wall, 3),
            "cpu_seconds": round(_cpu_seconds() - self._cpu, 3),
            "peak_memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
            "python": sys.version.split()[0],
            "versions": {name: importlib.metadata.version(name) for name in LIBRARIES if _is_imported(name)},
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")


def num_rows(folder: Path) -> int | None:
    """Count the rows of a stage's tables from their Parquet footers; None where it wrote no table."""
    tables = sorted(folder.glob("*.parquet"))
    if not tables:
        return None
    import polars as pl  # a stage that wrote a table has it loaded already

    return sum(pl.scan_parquet(table).select(pl.len()).collect().item() for table in tables)


def die_with_parent() -> None:
    """Have the kernel kill this process when its parent dies (Linux), so that no orphan writes later."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # 1 is PR_SET_PDEATHSIG


def _cpu_seconds() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _is_imported(distribution: str) -> bool:
    return {"scikit-learn": "sklearn"}.get(distribution, distribution) in sys.modules
