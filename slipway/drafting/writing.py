"""Write a drafted product: params.yaml with its reasons, both suites, dvc.yaml, source/; whole or not at all."""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from slipway.drafting.drafting import Draft
from slipway.drafting.rules import Rule
from slipway.errors import ParamsError
from slipway.files import replace_folder, write_text
from slipway.product.editing import flow
from slipway.product.params import Params, read_params
from slipway.suites.suite import read_suite

NAME = re.compile(r"[a-z][a-z0-9_-]{0,62}")
BLOCK_DEPTH = 2

DVC = """\
# What DVC shows of this product: `dvc metrics show`, `dvc plots show`, and its model by name.
metrics:
  - ../../data/{name}/evaluate/metrics.json
  - ../../data/{name}/compress/metrics.json
plots:
  - {name} loss:
      x: epoch
      y: {{../../data/{name}/train/history.csv: [train_loss, validation_loss]}}
  - {name} {metric} on validation rows:
      x: epoch
      y: {{../../data/{name}/train/history.csv: validation_{metric}}}
  - {name} learning rate:
      x: epoch
      y: {{../../data/{name}/train/history.csv: lr}}
artifacts:
  {name}:
    path: ../../data/{name}/package/bundle
    type: model
    desc: the bundle that serving needs
"""


def require_new(root: Path, name: str) -> None:
    """Refuse a name that is none, or is taken."""
    if not NAME.fullmatch(name) or yaml.safe_load(name) != name:
        raise ParamsError(
            f"'{name}' is no name for a product: use small letters, digits, - and _, a letter first, "
            "and no word that YAML reads as something else (on, no, null)"
        )
    taken = root / "products" / name
    if taken.exists() or name in _listed(root):
        raise ParamsError(f"the product '{name}' exists: choose another name, or remove {taken} and its line first")


def write_product(root: Path, name: str, draft: Draft, *, link: bool = False) -> Path:
    """Write products/<name> and its line in products.yaml.

    Args:
        root: The project.
        name: The product, which must be new.
        draft: What was inferred.
        link: Whether source/ links to the files instead of holding copies.
    """
    require_new(root, name)
    out = root / "products" / name
    with _beside(out) as folder:
        _place(draft, folder / "source", link=link)
        (folder / "code").mkdir()
        (folder / "code" / ".gitkeep").touch()
        write_text(folder / "params.yaml", params_text(name, draft))
        write_text(folder / "raw.suite.yaml", suite_text(f"{name}_raw", draft.suites.raw, RAW))
        write_text(folder / "clean.suite.yaml", suite_text(f"{name}_clean", draft.suites.clean, CLEAN))
        write_text(folder / "dvc.yaml", dvc_text(name, draft.target.task))
        read_params(folder / "params.yaml")
        read_suite(folder / "raw.suite.yaml")
        read_suite(folder / "clean.suite.yaml")
        replace_folder(folder, out)
    try:
        _add_line(root, name)
    except BaseException:
        shutil.rmtree(out, ignore_errors=True)
        raise
    return out


@contextmanager
def _beside(out: Path) -> Iterator[Path]:
    """Yield a folder beside `out` that is gone after the block, renamed or not."""
    folder = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _place(draft: Draft, source: Path, *, link: bool) -> None:
    source.mkdir()
    for name, path in draft.found.files.items():
        if link:
            (source / name).symlink_to(path.resolve())
        elif path.is_dir():
            shutil.copytree(path, source / name)
        else:
            shutil.copyfile(path, source / name)


def _listed(root: Path) -> list[str]:
    content = yaml.safe_load((root / "products" / "products.yaml").read_text(encoding="utf-8"))
    return [str(name) for name in (content or {}).get("products") or []]


def _add_line(root: Path, name: str) -> None:
    """Add the product to the list, in the style in which it is written, or rewrite it where that fails."""
    path = root / "products" / "products.yaml"
    text = path.read_text(encoding="utf-8")
    wanted = [*_listed(root), name]
    added = f"{text.rstrip()}\n  - {name}\n"
    try:
        fits = yaml.safe_load(added)["products"] == wanted
    except (yaml.YAMLError, KeyError, TypeError):
        fits = False
    if not fits:
        heading = [line for line in text.splitlines() if line.startswith("#")]
        added = "\n".join([*heading, "products:", *(f"  - {flow(one)}" for one in wanted), ""])
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    write_text(temporary, added)
    temporary.replace(path)


def dvc_text(name: str, task: str) -> str:
    """Return the product's dvc.yaml; its curves are the columns of history.csv, whose metric goes by the task."""
    return DVC.format(name=name, metric="rmse" if task == "regression" else "accuracy")


def params_text(name: str, draft: Draft) -> str:
    """Return params.yaml: every section, what was inferred with its reason above it."""
    lines = [
        "# yaml-language-server: $schema=../params.schema.json",
        f"# {name}: {draft.profile.rows:,} rows, {len(draft.roles)} columns. All of this was inferred from the data "
        "by `slipway new`: correct what is wrong.",
    ]
    for key, field in Params.model_fields.items():
        section = field.alias or key
        content = draft.params.get(section, {})
        if section == "product":
            content = {**content, "seed": 7}
        lines += _block(section, content, draft.comments, section, 0)
    return "\n".join(lines) + "\n"


def _block(key: str, value: Any, comments: Mapping[str, str], path: str, depth: int) -> list[str]:
    indent = "  " * depth
    comment = comments.get(path)
    lines = [f"{indent}# {_one_line(comment)}"] if comment and value not in ({}, [], None) else []
    if isinstance(value, dict) and value and depth < BLOCK_DEPTH:
        lines.append(f"{indent}{flow(key)}:")
        for name, inner in value.items():
            lines += _block(name, inner, comments, f"{path}.{name}", depth + 1)
        return lines
    return [*lines, f"{indent}{flow(key)}: {flow(value)}"]


RAW = """\
# What the source must be, drafted from what was seen: correct what is wrong. critical, and anything about the whole
# table: a failure fails the run. warning: the rows that break it go to quarantine. info: logged only."""
CLEAN = """\
# What cleaning must leave, over all parts together."""


def suite_text(name: str, rules: Sequence[Rule], heading: str) -> str:
    """Return a suite's YAML: a line for each expectation, its reason above it."""
    lines = [heading, f"name: {name}", "expectations:"]
    for one in rules:
        if one.why:
            lines.append(f"  # {_one_line(one.why)}")
        lines.append(f"  - {flow(one.expectation.model_dump(exclude_defaults=True))}")
    return "\n".join(lines) + "\n"


def _one_line(text: str) -> str:
    """Keep a comment a comment: values of the data may hold line breaks and what YAML takes for some."""
    shown = "".join(letter if letter.isprintable() else " " for letter in text)
    return shown if len(shown) <= 400 else f"{shown[:400]}..."
