"""`slipway new`: draft a product from data nobody has seen, print what was inferred, and probe what trains fastest."""

import shlex
import tempfile
from pathlib import Path
from typing import Any

import typer

from flows.code import process_snapshot
from flows.console import progress, show_table
from slipway.drafting.drafting import Draft, draft
from slipway.drafting.writing import require_new, write_product
from slipway.errors import SlipwayError

PROBE_SECONDS = 0.3
"""For each configuration."""

MAX_PROBED_ROWS = 1_000_000
"""More of them take too long on their way through the first stages for a command that only drafts."""


def new(root: Path, name: str, source: str, target: str | None, *, link: bool) -> Draft:
    """Draft the product and write it; nothing is left behind where that fails."""
    require_new(root, name)
    with tempfile.TemporaryDirectory(prefix="slipway-new-") as work:
        drafted = draft(source, Path(work), target=target)
        write_product(root, name, drafted, link=link)
    return drafted


def probed(root: Path, name: str, drafted: Draft) -> dict[str, Any]:
    """Take the rows through the stages up to augment, and measure on them as `slipway probe` does.

    The draft is the same with it as without: a faster configuration is offered, never written. What the stages write
    stands for the run that comes next.

    Returns:
        What `slipway probe --json` prints; or, as `skipped`, why nothing was measured.
    """
    if drafted.target.column is None:
        return {"skipped": "there is no column to predict yet"}
    if drafted.profile.rows > MAX_PROBED_ROWS:
        return {"skipped": f"{drafted.profile.rows:,} rows take a while on their way to train"}
    from flows.probing import probe
    from flows.steps import Run, run_plain

    try:
        with progress():
            run_plain(Run(root, name, "augment", False, process_snapshot(root)))
        return probe(root, name, seconds=PROBE_SECONDS, accept=False, compiles=False)
    except SlipwayError as error:
        return {"skipped": str(error)}


def show_probed(name: str, content: dict[str, Any]) -> None:
    """Print the table of `slipway probe` and the change that it offers; or why nothing was measured."""
    typer.echo("")
    if "skipped" in content:
        typer.echo(f"what trains fastest here was not measured: {content['skipped']}")
        typer.echo(f"later    slipway run {shlex.quote(name)} augment && slipway probe {shlex.quote(name)}")
        return
    from flows.probing import show

    show(content)


def as_content(name: str, drafted: Draft) -> dict[str, Any]:
    """Return what was inferred, for JSON."""
    sources = {
        part or "all": source.model_dump(exclude_defaults=True, mode="json")
        for part, source in drafted.found.sources.items()
    }
    return {
        "product": name,
        "rows": drafted.profile.rows,
        "kind": drafted.params["product"]["kind"],
        "source": sources,
        "missing": drafted.profile.missing,
        "target": {
            "column": drafted.target.column,
            "task": drafted.target.task,
            "confidence": drafted.target.confidence,
            "why": drafted.target.why,
        },
        "columns": [
            {
                "name": role.name,
                "role": role.role,
                "type": drafted.profile.columns[role.name].dtype,
                "why": role.why,
                "sensitive": role.sensitive,
                "missing": drafted.profile.columns[role.name].nulls,
                "different": drafted.profile.columns[role.name].unique,
            }
            for role in drafted.roles
        ],
        "warnings": [{"kind": one.kind, "column": one.column, "text": one.text} for one in drafted.warnings],
        "suites": {
            "raw": len(drafted.suites.raw),
            "clean": len(drafted.suites.clean),
            "quarantined": drafted.suites.sent,
        },
        "next": next_commands(name, drafted),
    }


def next_commands(name: str, drafted: Draft) -> list[str]:
    """Return what to type now."""
    if drafted.target.column is None:
        return [f"edit products/{name}/params.yaml: product.target names the column to predict", f"slipway run {name}"]
    return [f"slipway plan {shlex.quote(name)}", f"slipway run {shlex.quote(name)}"]


def show(name: str, drafted: Draft) -> None:
    """Print the columns, the warnings and the next commands."""
    content = as_content(name, drafted)
    typer.echo(f"products/{name}: {drafted.profile.rows:,} rows, {_source_line(content['source'])}\n")
    show_table(
        ["column", "role", "type", "missing", "different", "why"],
        [
            (
                one["name"],
                one["role"],
                one["type"],
                f"{one['missing']:,}",
                f"{one['different']:,}",
                one["why"] + (f" (sensitive: {one['sensitive']}?)" if one["sensitive"] else ""),
            )
            for one in content["columns"]
        ],
    )
    if content["warnings"]:
        typer.echo("")
        show_table(
            ["look at", "column", "why"],
            [(one["kind"], one["column"] or "", one["text"]) for one in content["warnings"]],
        )
    suites = content["suites"]
    typer.echo(
        f"\nraw.suite.yaml has {suites['raw']} expectations, {suites['quarantined']:,} rows break one; "
        f"clean.suite.yaml has {suites['clean']}"
    )
    for line in content["next"]:
        typer.echo(f"next     {line}")


def _source_line(sources: dict[str, Any]) -> str:
    parts = []
    for part, source in sources.items():
        named = next(source[key] for key in ("file", "idx", "images", "connection") if key in source)
        named = named["file"] if isinstance(named, dict) else named
        read = {key: value for key, value in source.get("read", {}).items() if key not in ("columns", "strings")}
        how = ", ".join(f"{key} {value!r}" for key, value in read.items())
        parts.append((f"{part}: " if part != "all" else "") + str(named) + (f" ({how})" if how else ""))
    return "; ".join(parts)
