"""pyproject.toml names what the code imports, and constraints.txt holds a version that each bound allows."""

import ast
import importlib.metadata
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
BASE = [Requirement(line) for line in PROJECT["dependencies"]]
EXTRAS = {name: [Requirement(line) for line in lines] for name, lines in PROJECT["optional-dependencies"].items()}
OPTIONAL = ("serve", "sql", "s3", "openvino", "tensorboard", "tune")
PINNED = dict(
    line.split(";")[0].strip().split("==")
    for line in (ROOT / "constraints.txt").read_text().splitlines()
    if "==" in line and not line.startswith("#")
)


def imported(folder: str) -> set[str]:
    """Return the packages that a folder's modules import, at their top or inside a function."""
    nodes = [node for path in (ROOT / folder).rglob("*.py") for node in ast.walk(ast.parse(path.read_text()))]
    names = [alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module]
    beside = {path.stem for path in (ROOT / folder).rglob("*.py")} if folder in ("tests", "benchmarks") else set()
    own = {"flows", "tasks", "slipway"} | beside
    return {name.partition(".")[0] for name in names} - own - sys.stdlib_module_names


@pytest.mark.parametrize("folder", ["flows", "tasks", "slipway", "tests", "benchmarks"])
def test_what_is_imported_is_declared(folder):
    groups = [
        BASE,
        *(EXTRAS[name] for name in OPTIONAL),
        *([EXTRAS["dev"]] if folder in ("tests", "benchmarks") else []),
        *([EXTRAS["bench"]] if folder == "benchmarks" else []),  # peers: by their own names where not installed
    ]
    declared = {canonicalize_name(each.name) for group in groups for each in group}
    distributions = importlib.metadata.packages_distributions()
    missing = [
        name
        for name in sorted(imported(folder))
        if declared.isdisjoint(canonicalize_name(each) for each in distributions.get(name, [name]))
    ]
    assert not missing, f"{folder} imports {missing}: add them to the dependencies in pyproject.toml"


def test_the_versions_that_are_tested_together_keep_the_bounds():
    pinned = {canonicalize_name(name): version for name, version in PINNED.items()}
    for each in [*BASE, *(each for name in OPTIONAL for each in EXTRAS[name])]:
        assert each.specifier.contains(pinned[canonicalize_name(each.name)]), f"{each}: constraints.txt does not"
