"""Export, shrink, choose: `python -m tasks.compress TRAIN EVALUATE PRIVATIZE PREPROCESS OUT --params ...`.

Candidates are judged on validation; test rows are read once, after the choice. Under `smallest`, or a recipe, nothing
is timed: so the same inputs give the same bytes. A search measures milliseconds, which no second run repeats; its
recipe.json, put under compress.recipe, gives its model.onnx again.
"""

import csv
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from slipway.errors import DataError
from slipway.files import read_json, whole_folder, write_json, write_text
from slipway.judging.comparing import Comparison
from slipway.judging.decision import read_decision
from slipway.learning.trained import load_network
from slipway.networks.building import Architecture
from slipway.pictures.compression import pareto
from slipway.product.archive import Archiving
from slipway.product.augment import Policy
from slipway.product.compress import Compress, Recipe
from slipway.shrinking.archiving import archived, restored, size_of
from slipway.shrinking.front import on_front
from slipway.shrinking.making import Maker, Trained
from slipway.shrinking.measuring import SERVING_BATCHES, Candidate, Judge, batch_difference
from slipway.shrinking.memory import peak_memory_mib
from slipway.shrinking.running import all_answers, session
from slipway.shrinking.searching import LEAST_GAIN, Search, objective_of
from slipway.stage import main
from slipway.tables.schema import read_schema
from slipway.transform.applying import Array, features
from slipway.transform.fitted import read_transform

logger = logging.getLogger("slipway")


def compress(
    train: Path,
    evaluate: Path,
    privatize: Path,
    preprocess: Path,
    out: Path,
    params: Compress,
    *,
    augment: Path | None = None,
    code: Path | None = None,
) -> Path:
    """Write model.onnx (the chosen one) and how it was chosen.

    candidates.csv, pareto.svg and notes.json say what was tried; recipe.json how the chosen one is made; decision.json
    what its outputs mean; metrics.json, targets.json (of further targets) and fidelity.json what it is worth on test.
    Where params ask for one, an archive of the trained network is written, too: archive.slw, and archive.json, what it
    is worth on validation. What learns sees batches augmented by the policy that stands in `augment`. `code` holds a
    network of the product's own.

    Raises:
        DataError: The recipe breaks a limit, or rows do not suffice for it.
        ParamsError: The recipe's width is for a network that cannot be cut.
    """
    with whole_folder(out) as folder:
        trained = read_trained(train, evaluate, privatize, code)
        rows = {part: pl.read_parquet(privatize / f"{part}.parquet") for part in ("train", "validation")}
        policy = Policy() if augment is None else Policy.model_validate(read_json(augment / "policy.json"))
        maker = Maker(trained, params, rows, policy, barred(train, privatize))
        judge = Judge(trained, rows, params)
        found, notes = candidates(maker, judge, params)
        chosen = choose(found, judge, params)
        test = pl.read_parquet(preprocess / "test.parquet")
        (folder / "model.onnx").write_bytes(chosen.model)
        write_choice(found, chosen, notes, folder, quality=f"{judge.validation.main.headline}_validation")
        if params.recipe == "search":
            logger.info("to freeze what was found: compress: {recipe: %s}", as_flow(chosen.recipe))
        write_worth(chosen, maker, test, folder)
        if params.archive is not None:
            write_archive(params.archive, maker, judge.validation, train / "model.json", folder)
    return out


def read_trained(train: Path, evaluate: Path, privatize: Path, code: Path | None) -> Trained:
    """Read the trained model from the folders of the stages."""
    architecture = Architecture.model_validate(read_json(train / "model.json"))
    network = load_network(train, code)
    return Trained(network, architecture, read_schema(privatize), read_transform(privatize), read_decision(evaluate))


def barred(train: Path, privatize: Path) -> str | None:
    """Say why training rows must not be read again: training was private, and the rows are not.

    Where privatize released the rows, all that is made of them is post-processing, and costs nothing more.
    """
    learned, released = read_json(train / "receipt.json"), read_json(privatize / "receipt.json")
    if learned["private"] and released["mechanism"] == "none":
        return "train protected them, while privatize.mechanism is none: what is made of them here would be unprotected"
    return None


def candidates(maker: Maker, judge: Judge, params: Compress) -> tuple[list[Candidate], list[str]]:
    """Make and judge what the section asks for, the trained network in fp32 first; return what was left out, too."""
    if params.recipe == "search":
        search = Search(maker, judge, params)
        search.run()
        served = [one for one in search.found if one.runtime == "onnxruntime"]
        if peaks := peak_memory_mib([one.model for one in served], full_batch(judge.validation)):
            for one, peak in zip(served, peaks, strict=True):
                one.timed["peak_memory_mib"] = peak
        return search.found, search.notes
    if isinstance(params.recipe, Recipe):
        recipes = {each.name: each for each in (Recipe(), params.recipe)}.values()
        return [judge.judge(each, maker.make(each)) for each in recipes], []
    return precisions_of_the_whole(maker, judge, params)


def precisions_of_the_whole(maker: Maker, judge: Judge, params: Compress) -> tuple[list[Candidate], list[str]]:
    """Make and judge the trained network in each precision; one whose rows do not suffice is left out."""
    found, notes = list[Candidate](), list[str]()
    for precision in dict.fromkeys(["fp32", *(params.candidates or ["int8"])]):
        recipe = Recipe(precision=precision)
        try:
            found.append(judge.judge(recipe, maker.make(recipe)))
        except DataError as error:
            logger.warning("%s is left out: %s", precision, error)
            notes.append(f"{precision} is left out: {error}")
    return found, notes


def full_batch(rows: Comparison) -> dict[str, Array]:
    """Return a full batch of serving."""
    return {name: column[: SERVING_BATCHES[-1]] for name, column in rows.inputs.items()}


def choose(found: Sequence[Candidate], judge: Judge, params: Compress) -> Candidate:
    """Return the best that keeps all limits, and whose answers stay at every batch size over all validation rows.

    Of those within a clock's noise of the best, it is the smallest.

    Raises:
        DataError: A recipe is asked for and breaks a limit.
    """
    if isinstance(params.recipe, Recipe):
        (asked,) = (one for one in found if one.recipe.name == params.recipe.name)
        judge.is_steady(asked)
        if asked.broken:
            raise DataError(
                f"compress.recipe ({asked.recipe.name}) breaks a limit: {'; '.join(asked.broken)}.\n"
                "Raise the limit, take another recipe, or set compress.recipe: search."
            )
        return asked
    ranked = sorted((one for one in found if one.is_kept), key=lambda one: objective_of(one, params))
    best = objective_of(ranked[0], params)
    near = [one for one in ranked if LEAST_GAIN * objective_of(one, params) <= best]
    ranked[: len(near)] = sorted(near, key=lambda one: one.figures["size_bytes"])
    return next(one for one in ranked if judge.is_steady(one))


def write_choice(
    found: Sequence[Candidate], chosen: Candidate, notes: list[str], folder: Path, *, quality: str
) -> None:
    """Write what was tried, and how the chosen one is made."""
    fronts = on_front(found)
    table = [one.row(chosen=one is chosen, front=front) for one, front in zip(found, fronts, strict=True)]
    write_candidates(table, folder / "candidates.csv")
    write_text(folder / "pareto.svg", pareto(table, quality=quality))
    write_json(folder / "notes.json", {"notes": notes})
    write_json(folder / "recipe.json", chosen.recipe.model_dump(exclude_none=True))
    logger.info("chosen: %s", chosen.recipe.name)


def as_flow(recipe: Recipe) -> str:
    """Return a recipe as one line of YAML.

    >>> as_flow(Recipe(width=0.5))
    '{width: 0.5, recover: none, precision: fp32, runtime: onnxruntime}'
    """
    return "{" + ", ".join(f"{key}: {value}" for key, value in recipe.model_dump(exclude_none=True).items()) + "}"


def write_worth(chosen: Candidate, maker: Maker, test: pl.DataFrame, folder: Path) -> None:
    """Judge the chosen artefact on test, and compare it with the network that it holds, and with the trained one."""
    trained, student = maker.trained, maker.student(chosen.recipe)
    compared = Comparison.of(test, trained.schema, trained.transform, trained.network, trained.decision)
    running = session(chosen.model)
    predicted = all_answers(running, compared.inputs)
    metrics = compared.metrics(predicted)
    write_json(folder / "metrics.json", metrics.pop(trained.schema.require_target()))
    write_json(folder / "targets.json", {name: {"metrics": found} for name, found in metrics.items()})
    own, more = compared, {}
    if not chosen.recipe.keeps_weights:
        own = Comparison.of(test, trained.schema, trained.transform, student.network, student.decision)
        more = {"trained_agreement_pct": compared.agreement_pct(predicted)}
    exported = maker.make(chosen.recipe.model_copy(update={"precision": "fp32"}))
    fidelity = {
        "chosen": chosen.recipe.name,
        "parity_error": own.distance(all_answers(session(exported), own.inputs), own.trained),
        "agreement_pct": own.agreement_pct(predicted),
        "batch_difference": batch_difference(running, own),
    }
    write_json(folder / "fidelity.json", fidelity | more)
    student.decision.write(folder)


def write_archive(params: Archiving, maker: Maker, validation: Comparison, about: Path, folder: Path) -> None:
    """Pack a sparse copy of the trained network, unpack it again, and compare the two on the validation rows."""
    if maker.barred is not None:
        raise DataError(f"compress.archive needs the training rows again, but {maker.barred}. Set it to null.")
    trained = maker.trained
    learned = features(maker.rows["train"], trained.transform)
    text = about.read_text(encoding="utf-8")
    archive = archived(trained.network, learned, params, maker.policy, schema=trained.schema, about=text)
    decoded = restored(trained.network, archive)
    frame = maker.rows["validation"]
    other = Comparison.of(frame, trained.schema, trained.transform, decoded, trained.decision)
    (folder / "archive.slw").write_bytes(archive)
    headline = validation.main.headline
    worth = {
        name: validation.main.metrics(each.main.trained)[headline]
        for name, each in (("trained", validation), ("decoded", other))
    }
    told = {"metric": headline, **worth, "agreement_pct": validation.agreement_pct(other.trained)}
    write_json(folder / "archive.json", size_of(archive, decoded) | {"validation": told})


def write_candidates(table: list[dict[str, Any]], path: Path) -> None:
    """Write a line for each candidate."""
    with path.open("w", newline="\n") as file:
        writer = csv.DictWriter(file, list(table[0]), lineterminator="\n")
        writer.writeheader()
        for row in table:
            writer.writerow({key: f"{value:.8g}" if isinstance(value, float) else value for key, value in row.items()})


if __name__ == "__main__":
    main(compress)
