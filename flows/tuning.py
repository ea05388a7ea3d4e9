"""`slipway tune`: search for good parameters on what the stages wrote, and offer the best ones."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import typer

from flows.bridge import plan
from flows.changing import offer
from flows.console import progress, show_table
from flows.locks import turn
from slipway.errors import ParamsError, SlipwayError
from slipway.files import write_text_whole
from slipway.learning.searches import Found, Search
from slipway.learning.tuning import search
from slipway.pictures.tuning import trials_picture
from slipway.product.editing import flow
from slipway.product.params import Params, read_params
from slipway.product.tune import Numbers, assigned, with_names
from slipway.tables.schema import read_schema
from tasks.augment import require_suited

SHOWN_TRIALS = 10


def tune(root: Path, name: str, *, accept: bool) -> dict[str, Any]:
    """Go on with the search until it has all its trials, and return what `--json` prints.

    Args:
        root: The project.
        name: The product.
        accept: Whether the best values are written into params.yaml.
    """
    path = Path("products", name, "params.yaml")
    params = read_params(path)
    if not params.tune.ranges:
        raise ParamsError(
            f"{path}: tune.ranges is empty: say what may vary, as "
            "`tune: {ranges: {train.lr: {low: 1.0e-4, high: 1.0e-1, log: true}}}`"
        )
    with progress(), turn(root, name):
        require_augmented(root, name)
        require_policies(params, Path("data", name))
        job = Search(
            Path("data", name), params.train, params.augment, params.tune, params.product.seed, path.parent / "code"
        )
        found = search(job)
        picture = job.data / "tune.svg"
        write_text_whole(picture, _picture(found, params))
        changes = {} if found.best is None else with_names(job.sections, found.best.values)
        change = offer(path, changes, accept=accept)
    return {
        "product": name,
        "objective": found.objective,
        "is_maximised": found.is_maximised,
        "present": {"value": found.present, "values": job.present},
        "best": found.best and asdict(found.best),
        "trials": [asdict(trial) for trial in found.ranked()],
        "picture": str(picture),
        **change,
    }


def require_augmented(root: Path, name: str) -> None:
    """Refuse rows that are absent, or older than what they are made from.

    Raises:
        SlipwayError: A stage up to augment is not up to date.
    """
    for node in plan(root, name, "augment"):
        if node.reasons:
            stage = node.name.split("@")[0]
            raise SlipwayError(f"{stage} of {name} is not up to date ({node.reasons[0]}): slipway run {name} augment")


def require_policies(params: Params, data: Path) -> None:
    """Refuse ranges of a policy that means nothing for the product's rows, as the stage augment does.

    Raises:
        ParamsError: One of them does.
    """
    sections, schema = {"train": params.train, "augment": params.augment}, read_schema(data / "privatize")
    for key, choice in params.tune.ranges.items():
        for value in choice.ends:
            require_suited(assigned(sections, {key: value}, where="tune.ranges")[1], schema)


def show(content: dict[str, Any]) -> None:
    """Print the best trials, and the change of params.yaml that the best one asks for."""
    keys = list(content["present"]["values"])
    present = ["present", "", f"{content['present']['value']:.6g}", ""]
    rows = [[*present, *(flow(content["present"]["values"][key]) for key in keys), ""]]
    for trial in content["trials"][:SHOWN_TRIALS]:
        value = "" if trial["value"] is None else f"{trial['value']:.6g}"
        values = [flow(trial["values"][key]) for key in keys]
        epochs = str(trial["epochs"] or "")
        rows.append([str(trial["number"]), trial["state"], value, epochs, *values, trial["why"] or ""])
    show_table(["trial", "state", content["objective"], "epochs", *keys, ""], rows)
    pruned = sum(trial["state"] == "pruned" for trial in content["trials"])
    typer.echo(f"\n{len(content['trials'])} trials, {pruned} of them pruned; picture: {content['picture']}")
    if not content["diff"]:
        typer.echo("no trial is better than the present values: nothing to change")
        return
    typer.echo(f"\n{content['diff']}", nl=False)
    accept = f"slipway tune {content['product']} --accept"
    typer.echo("\nwritten" if content["accepted"] else f"\nnothing is changed yet; to write it: {accept}")


def _picture(found: Found, params: Params) -> str:
    logarithmic = [key for key, each in params.tune.ranges.items() if isinstance(each, Numbers) and each.log]
    return trials_picture(
        [asdict(trial) for trial in found.trials],
        title=found.objective,
        is_maximised=found.is_maximised,
        present=found.present,
        logarithmic=logarithmic,
    )
