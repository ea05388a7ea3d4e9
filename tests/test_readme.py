"""README.md is true: its tree is the repository's, and its steps run (the slow test)."""

import json
import re
import subprocess
from pathlib import Path

import pytest
from project_copy import command

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()

NOT_IN_THE_TREE = {".ci", ".dvc", ".dvcignore", ".gitignore", "README.md", "dvc.lock", "pyproject.toml"}


def tree() -> list[str]:
    """The paths of the README's tree, in order; two spaces deeper is inside."""
    block = re.search(r"```text\n(products/.*?)```", README, re.DOTALL)
    assert block, "README.md has a tree"
    paths, parent = [], ""
    for line in block[1].splitlines():
        name = line.split()[0]
        parent = parent if line.startswith("  ") else name
        paths.append(parent + name if line.startswith("  ") else name)
    return paths


def committed() -> set[str]:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(listed.stdout.splitlines())


def test_what_the_tree_names_exists() -> None:
    assert not [path for path in tree() if not (ROOT / path).exists()]


def test_what_stands_at_the_root_is_in_the_tree() -> None:
    tops = {path.split("/")[0] for path in committed()} - NOT_IN_THE_TREE
    assert tops == {path.split("/")[0] for path in tree()}


def test_the_tree_names_every_room_of_the_library() -> None:
    rooms = {path.split("/")[1] for path in committed() if path.count("/") > 1 and path.startswith("slipway/")}
    assert rooms == {path.split("/")[1] for path in tree() if path.startswith("slipway/") and path != "slipway/"}


@pytest.mark.slow
def test_the_five_minutes_with_your_own_data_give_a_release(copy: Path) -> None:
    section = README.split("## Your own data in five minutes")[1].split("\n## ")[0]
    blocks = re.findall(r"```bash\n(.*?)```", section, re.DOTALL)
    assert len(blocks) == 3
    plainly = 'slipway() { if [ "$1" = run ]; then set -- "$@" --plain; fi; python -m flows.cli "$@"; }\n'
    script = plainly + "".join(blocks)
    printed = command(copy, "bash", "-euo", "pipefail", "-c", script)
    shown = section.split("```console\n")[1].split("```")[0]
    assert [line.rstrip() for line in printed.splitlines()][: len(shown.splitlines())] == shown.splitlines()
    assert "fp32, 1 thread (present)" in printed
    assert json.loads((copy / "releases" / "iris" / "champion.json").read_text())["version"] == "v0001"
