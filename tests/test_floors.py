"""Arrows go down: flows -> tasks -> slipway; stages do not import each other; what must start fast imports little."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FRAME = {"prefect", "dvc", "great_expectations"}
STAGES = ["ingest", "validate", "preprocess", "privatize", "augment", "train", "evaluate", "compress", "package"]


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
    return found


def floor(name: str) -> list[Path]:
    return sorted((ROOT / name).rglob("*.py"))


@pytest.mark.parametrize("path", floor("slipway"), ids=str)
def test_slipway_imports_neither_tasks_nor_flows(path):
    assert not {name for name in imports(path) if name.split(".")[0] in {"tasks", "flows"}}


@pytest.mark.parametrize("path", floor("tasks"), ids=str)
def test_a_task_imports_no_other_task_and_no_flow(path):
    assert not {name for name in imports(path) if name.split(".")[0] in {"tasks", "flows"}}


@pytest.mark.parametrize("path", floor("slipway") + floor("tasks"), ids=str)
def test_only_flows_imports_prefect_or_dvc(path):
    assert not {name for name in imports(path) if name.split(".")[0] in {"prefect", "dvc"}}


def loaded_by(*modules: str) -> set[str]:
    code = f"import sys, {', '.join(modules)}; print(*{{name.split('.')[0] for name in sys.modules}})"
    return set(
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
        ).stdout.split()
    )


def test_importing_a_stage_loads_neither_prefect_nor_dvc_nor_great_expectations():
    assert not loaded_by(*(f"tasks.{stage}" for stage in STAGES)) & FRAME


def test_importing_train_loads_no_great_expectations_and_no_frame():
    assert not loaded_by("tasks.train") & (FRAME | {"onnxruntime", "sklearn", "pandas"})


def test_serving_stays_small():
    heavy = FRAME | {"torch", "polars", "pandas", "sklearn"}
    assert not loaded_by("slipway.serving.server", "slipway.bundle") & heavy


def test_judging_a_record_needs_the_standard_library_and_pydantic_alone():
    heavy = FRAME | {"torch", "polars", "pandas", "numpy", "sklearn", "onnxruntime", "jsonschema", "dateutil"}
    assert not loaded_by("slipway.suites.rules") & heavy


def test_the_command_line_starts_without_anything_heavy():
    heavy = FRAME | {"torch", "polars", "pandas", "sklearn", "onnxruntime", "pydantic", "slipway", "tasks"}
    assert not loaded_by("flows.cli") & heavy
