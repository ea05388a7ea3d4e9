"""`slipway probe`: measure how a product's network trains fastest here, and offer it as a change of params.yaml."""

import csv
import io
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import typer

from flows.changing import offer
from flows.console import show_table
from flows.locks import turn
from flows.tuning import require_augmented
from slipway.files import write_text_whole
from slipway.learning.material import Material
from slipway.learning.probing import Configuration, Measured, Probe, fastest, options
from slipway.learning.probing import probe as measure_all
from slipway.learning.profiling import profiled
from slipway.product.params import read_params

MIN_GAIN = 1.05
"""What is not so many times as fast as the present configuration is not worth other numbers."""

SHOWN_OPERATORS = 12


def probe(root: Path, name: str, *, seconds: float, accept: bool, compiles: bool = True) -> dict[str, Any]:
    """Measure, and return what `--json` prints.

    Args:
        root: The project.
        name: The product.
        seconds: For each configuration.
        accept: Whether the fastest one is written into params.yaml.
        compiles: Whether torch.compile is tried, which takes longer than all the others.
    """
    path, data = Path("products", name, "params.yaml"), Path("data", name)
    params = read_params(path)
    with turn(root, name):
        require_augmented(root, name)
        material = Material.of(data / "augment", data / "privatize", path.parent / "code")
        measure = Probe(material, params.train, params.augment.policy, seconds=seconds)
    present = Configuration.of(params.train)
    choice = options(material, measure.device)
    if not compiles:
        choice = replace(choice, no_compiler=f"takes long: slipway probe {name} tries it")
    measured = measure_all(present, choice, measure)
    return {
        "product": name,
        "device": measure.device.type,
        "batch_size": params.train.batch_size,
        "rows": measure.num_rows,
        "measured": [as_content(each, measured[0], present) for each in measured],
        **offer(path, changes(measured, present), accept=accept),
    }


def profile(root: Path, name: str) -> dict[str, Any]:
    """Profile a few steps of the present configuration, and return what `--json` prints; nothing else is changed."""
    path, data = Path("products", name, "params.yaml"), Path("data", name)
    params, work = read_params(path), data / "work" / "probe"
    with turn(root, name):
        require_augmented(root, name)
        material = Material.of(data / "augment", data / "privatize", path.parent / "code")
        found = profiled(material, params.train, params.augment.policy, work / "trace.json")
    table, lines = work / "operators.csv", io.StringIO()
    writer = csv.writer(lines, lineterminator="\n")
    writer.writerow(["operator", "calls", "milliseconds"])
    writer.writerows([each.name, each.calls, f"{each.milliseconds:.3f}"] for each in found.operators)
    write_text_whole(table, lines.getvalue())
    return {"product": name, **asdict(found), "trace": str(found.trace), "table": str(table)}


def show_profile(content: dict[str, Any]) -> None:
    """Print where the time of a step goes, and the costliest operators."""
    for title, kind in (("part of a step", "phases"), ("operator, without those it calls", "operators")):
        costs = content[kind]
        total = sum(each["milliseconds"] for each in costs) or 1.0
        rows = [
            (
                each["name"],
                f"{each['calls'] / content['steps']:.1f}",
                f"{each['milliseconds'] / content['steps']:.3f}",
                f"{100 * each['milliseconds'] / total:.0f} %",
            )
            for each in costs[:SHOWN_OPERATORS]
        ]
        show_table([title, "calls/step", "ms/step", "share"], rows)
        typer.echo("")
    typer.echo(
        f"{content['steps']} steps on {content['device']}, slower than without the profiler: the shares count\n"
        f"all operators: {content['table']}\ntrace: {content['trace']} (open it in ui.perfetto.dev or chrome://tracing)"
    )


def changes(measured: list[Measured], present: Configuration) -> dict[str, Any]:
    """Return the keys of train that the fastest configuration changes; none where it gains too little."""
    best = fastest(measured)
    now = next(each.rows_a_second for each in measured if each.configuration == present)
    if now is not None and (best.rows_a_second or 0.0) < MIN_GAIN * now:
        return {}
    old, new = asdict(present), asdict(best.configuration)
    return {f"train.{key}": value for key, value in new.items() if value != old[key]}


def as_content(each: Measured, reference: Measured, present: Configuration) -> dict[str, Any]:
    """Return one line for JSON; `ratio` is to fp32 with one thread."""
    rate = each.rows_a_second
    return {
        "configuration": asdict(each.configuration),
        "shown": str(each.configuration),
        "rows_a_second": rate,
        "ratio": None if rate is None else rate / (reference.rows_a_second or rate),
        "results": each.configuration.results,
        "skipped": each.skipped,
        "is_present": each.configuration == present,
    }


def show(content: dict[str, Any]) -> None:
    """Print the table, and the change that the fastest configuration asks for."""
    rows = []
    for one in content["measured"]:
        rate, ratio = (f"{one['rows_a_second']:,.0f}", f"{one['ratio']:.2f}") if one["ratio"] else ("", "")
        told = f"skipped: {one['skipped']}" if one["skipped"] else one["results"]
        rows.append([one["shown"] + (" (present)" if one["is_present"] else ""), rate, ratio, told])
    show_table(["configuration", "rows/s", "ratio", "results, beside fp32 with 1 thread"], rows)
    typer.echo(f"\non {content['device']}, batches of {content['batch_size']} of {content['rows']:,} rows")
    if not content["diff"]:
        typer.echo(f"nothing is {100 * (MIN_GAIN - 1):.0f} % faster than the present configuration: nothing to change")
        return
    typer.echo(f"\n{content['diff']}", nl=False)
    accept = f"slipway probe {content['product']} --accept"
    typer.echo(
        "\nwritten" if content["accepted"] else f"\nnothing is changed yet; to measure again and write: {accept}"
    )
