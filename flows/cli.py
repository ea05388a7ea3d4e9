"""The command line `slipway`; `slipway --help` lists the commands, each with an example.

Heavy modules are imported inside the commands, so that help and errors come at once, and everything
of `slipway` and `tasks` after the code snapshot is taken (flows/code.py).
"""

import gc
import json
import os
import sys
import traceback
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from flows.code import process_snapshot
from flows.garbage import OBJECTS_BETWEEN_COLLECTIONS
from flows.project import check_product, find_root, products

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
    rich_markup_mode=None,
    help="Take machine-learning products from raw data to a deployed model. "
    "With --debug anywhere among the words an error shows its traceback.",
)

Name = Annotated[str, typer.Argument(metavar="NAME", help="A product in products/products.yaml.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Accept = Annotated[bool, typer.Option("--accept", help="Write the change into params.yaml.")]
Stage = Annotated[str | None, typer.Argument(metavar="[STAGE]", help="Stop after this stage; nothing is deployed.")]
Plain = Annotated[bool, typer.Option("--plain", help="Without Prefect: no server, no retries, less to start.")]

QUIET = {
    "DO_NOT_TRACK": "1",
    "DVC_NO_ANALYTICS": "1",
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",  # the lines of a run are ours; Prefect keeps its log
    "PREFECT_LOGGING_EXTRA_LOGGERS": "slipway",
    "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",  # lines before the flow run and after it
    "KINETO_LOG_LEVEL": "99",  # torch's profiler says on stderr that it starts and stops
}


def main() -> None:
    """Run a command; an error becomes one to three lines and exit status 1."""
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
    words = sys.argv[1:]
    debug = "--debug" in words
    for name, value in QUIET.items():
        if not (debug and name.endswith("CONSOLE_LEVEL")):
            os.environ.setdefault(name, value)
    try:
        app([word for word in words if word != "--debug"])
    except Exception as error:  # noqa: BLE001 - the last stop of every error
        if "--json" in words:
            _print_json({"error": _lines(error)})
        typer.echo("".join(traceback.format_exception(error)) if debug else _lines(error), err=True)
        sys.exit(1)


@app.command(epilog="Example: slipway new churn --source customers.csv --target churned")
def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The product to make: small letters, digits, - and _.")],
    source: Annotated[str, typer.Option(help="A file, archive, folder or URL.")],
    target: Annotated[str | None, typer.Option(help="The column to predict, where it is not to be guessed.")] = None,
    link: Annotated[bool, typer.Option("--link", help="Link to the source instead of copying it.")] = False,
    probe: Annotated[
        bool, typer.Option("--probe/--no-probe", help="Run the stages up to augment and measure what trains fastest.")
    ] = True,
    as_json: AsJson = False,
) -> None:
    """Make a product from data: infer its format, roles, target and suites, and say what to look at."""
    given = source if "://" in source else str(Path(source).absolute())
    root = _enter(None)
    from flows import new as making

    drafted = making.new(root, name, given, target, link=link)
    if as_json:
        content = making.as_content(name, drafted)
        _print_json(content | ({"probe": making.probed(root, name, drafted)} if probe else {}))
        return
    making.show(name, drafted)
    if probe:
        making.show_probed(name, making.probed(root, name, drafted))


@app.command(epilog="Example: slipway run cancer")
def run(
    name: Name,
    stage: Stage = None,
    plain: Plain = False,
    force: Annotated[bool, typer.Option("--force", help="Run stages that are up to date, too.")] = False,
    tensorboard: Annotated[
        bool, typer.Option("--tensorboard", help="Have train write events for TensorBoard.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Bring a product up to date, deploy it and report."""
    root = _enter(name)
    from flows.console import progress, summary

    with progress():
        result = _run(root, name, stage, plain=plain, force=force, tensorboard=tensorboard)
    if as_json:
        _print_json(result)
    elif stage is None:
        typer.echo(summary(name, result))


def _run(root: Path, name: str, stage: str | None, *, plain: bool, force: bool, tensorboard: bool) -> dict[str, Any]:
    snapshot = process_snapshot(root)
    if plain:
        from flows.steps import Run, run_plain

        result = run_plain(Run(root, name, stage, force, snapshot, tensorboard))
    else:
        from flows.pipeline import announce, pipeline

        announce()
        result = pipeline(name, stage, force, tensorboard)
    metrics = root / "data" / name / "compress" / "metrics.json"
    return {
        "product": name,
        **asdict(result),
        "report": None if result.report is None else str(result.report),
        "metrics": None if stage else json.loads(metrics.read_bytes()),
    }


@app.command(epilog="Example: slipway plan cancer")
def plan(name: Name, as_json: AsJson = False) -> None:
    """Say what would run, and why."""
    root = _enter(name)
    from flows import bridge
    from flows.console import show_table
    from flows.noise import repeated_releases

    nodes = bridge.plan(root, name)
    if as_json:
        _print_json([{"stage": node.name, "runs": bool(node.reasons), "reasons": node.reasons} for node in nodes])
    else:
        rows = [(node.name.split("@")[0], "\n".join(node.reasons) or "up to date") for node in nodes]
        show_table(["stage", "why it would run"], rows)
    for warning in repeated_releases(root, name, nodes):
        typer.echo(warning, err=True)


@app.command(epilog="Example: slipway status")
def status(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="A product; all where none is named.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say of each product how many stages are up to date, and which release serves."""
    root = _enter(name)
    from flows.console import show_table
    from flows.state import state_of

    states = [state_of(root, one) for one in ([name] if name else products(root))]
    if as_json:
        _print_json(states)
    else:
        rows = [
            (
                one["product"],
                f"{one['up_to_date']} of {one['stages']}",
                "" if one["rows"] is None else f"{one['quarantined']:,} of {one['rows']:,} rows",
                one["champion"] or "none",
                one["report"] or "none",
            )
            for one in states
        ]
        show_table(["product", "stages up to date", "in quarantine", "champion", "report"], rows)


@app.command(epilog="Example: slipway report cancer")
def report(name: Name) -> None:
    """Make the product's page from what its stages wrote, and print where it is."""
    root = _enter(name)
    from flows import steps

    typer.echo(steps.report(root, name))


@app.command(epilog="Example: dvc repro && slipway deploy cancer")
def deploy(name: Name, as_json: AsJson = False) -> None:
    """Judge the product's package in a real server process, and publish it as a release."""
    root = _enter(name)
    from flows import steps
    from flows.locks import turn

    with turn(root, name):
        release, outcome = steps.deploy(root, name)
    if as_json:
        _print_json({"product": name, "release": release, "deployment": outcome})
    else:
        typer.echo(f"{release} ({outcome})")


@app.command(epilog="Example: slipway serve cancer --port 8080")
def serve(
    name: Name,
    host: Annotated[str | None, typer.Option(help="Address to listen on, instead of serve.host.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65_535, help="Port, instead of serve.port.")] = None,
) -> None:
    """Serve the product's champion release over HTTP."""
    root = _enter(name)
    from slipway.product.reading import read_section
    from slipway.product.serve import Serve
    from slipway.serving.server import serve

    params = read_section(root / "products" / name / "params.yaml", Serve)
    asked = {key: value for key, value in {"host": host, "port": port}.items() if value is not None}
    serve(root / "releases" / name, params.model_copy(update=asked))


@app.command(epilog="Example: slipway tune cancer --accept")
def tune(name: Name, accept: Accept = False, as_json: AsJson = False) -> None:
    """Search for better parameters of training, in the ranges of the section tune; killed, it goes on."""
    root = _enter(name)
    from flows import tuning

    content = tuning.tune(root, name, accept=accept)
    if as_json:
        _print_json(content)
    else:
        tuning.show(content)


@app.command(epilog="Example: slipway probe digits")
def probe(
    name: Name,
    seconds: Annotated[float, typer.Option(min=0, max=60, help="To measure each configuration.")] = 1.0,
    profile: Annotated[bool, typer.Option("--profile", help="Show where the time of the present one goes.")] = False,
    accept: Accept = False,
    as_json: AsJson = False,
) -> None:
    """Measure which precision, layout, threads and compilation train the product's network fastest here."""
    if profile and accept:
        raise typer.BadParameter("--profile looks at the present configuration: it has nothing to --accept")
    root = _enter(name)
    from flows import probing

    if profile:
        content = probing.profile(root, name)
        if as_json:
            _print_json(content)
        else:
            probing.show_profile(content)
        return
    content = probing.probe(root, name, seconds=seconds, accept=accept)
    if as_json:
        _print_json(content)
    else:
        probing.show(content)


@app.command(epilog="Example: slipway doctor")
def doctor(as_json: AsJson = False) -> None:
    """Look for what would stop a run, and say how to mend it."""
    root = _enter(None)
    from flows.console import show_table
    from flows.doctor import examine

    findings = examine(root)
    if as_json:
        _print_json([asdict(one) for one in findings])
    else:
        rows = [(one.what, "ok" if one.mend is None else "BAD", one.found, one.mend or "") for one in findings]
        show_table(["what", "", "found", "how to mend it"], rows)
    if any(one.mend for one in findings):
        raise typer.Exit(1)


def _enter(name: str | None) -> Path:
    """Find the project, take the code snapshot, go to the root, check the product."""
    root = find_root()
    process_snapshot(root)
    os.chdir(root)
    if name is not None:
        check_product(root, name)
    return root


def _print_json(content: Any) -> None:
    typer.echo(json.dumps(content, indent=1))


def _lines(error: Exception) -> str:
    from slipway.errors import lines_of

    if (lines := lines_of(error)) is not None:
        return f"slipway: {lines}"
    if type(error).__module__.startswith("dvc"):  # dvc itself, dvc_data, dvc_objects: they name the file or the lock
        return f"slipway: DVC: {' '.join(str(error).split())}"
    return f"slipway: {type(error).__name__}: {error}\nThis was not foreseen; --debug shows where it happened."


if __name__ == "__main__":
    main()
