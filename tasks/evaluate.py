"""Judge the trained model once: `python -m tasks.evaluate TRAIN PRIVATIZE PREPROCESS OUT --params ...`.

Its decision is fitted on validation, then reported on test.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from slipway.files import read_json, whole_folder, write_json, write_text
from slipway.judging.beside_baselines import compare
from slipway.judging.costs import costs_of
from slipway.judging.deciding import decide
from slipway.judging.decision import Decision
from slipway.judging.explanations import explain
from slipway.judging.fairness import fairness
from slipway.judging.groups import groups_for
from slipway.judging.judgement import Judgement, bootstrap, judge
from slipway.judging.mistakes import find_mistakes
from slipway.judging.robustness import judge_robustness
from slipway.judging.slices import slices
from slipway.judging.subject import Subject, read_subject
from slipway.learning.trained import load_network
from slipway.pictures.explanations import draw_explanations
from slipway.pictures.fairness import fairness_picture
from slipway.pictures.judgement import judgement_pictures
from slipway.pictures.learning import learning_curve
from slipway.pictures.mistakes import mistakes_sheet
from slipway.pictures.robustness import robustness_curves
from slipway.pictures.slices import slices_picture
from slipway.product.augment import BEFORE
from slipway.product.evaluate import Evaluate
from slipway.stage import main
from slipway.tables.images import image_array
from slipway.tables.schema import ROW_ID

Part = tuple[dict[str, Any], dict[str, str | None]]
"""What JSON files hold, and SVG pictures, by their names; None is a picture that there is nothing for."""


def evaluate(
    train: Path, privatize: Path, preprocess: Path, out: Path, params: Evaluate, *, code: Path | None = None
) -> Path:
    """Write metrics, intervals, predictions, the decision, and what else a reader asks, as JSON and as pictures.

    The decision is fitted on the validation rows, which the network was chosen by; the test rows are looked at once,
    with what was decided before. notes.json says what could not be fitted or judged. Of further targets the metrics
    and intervals are in targets.json, over the rows that have them; it is empty where there are none. Of labels,
    labels.json holds the figures of each; of declared costs, or thresholds of groups, costs.json what they save.
    `code` holds a network of the product's own.

    Raises:
        ParamsError: Something that is asked for does not fit the product.
        DataError: The outputs are not finite, or no test row has one of the targets.
    """
    with whole_folder(out) as folder:
        subject = read_subject(train, privatize, preprocess, code)
        judged = {name: judge(subject, name, params) for name in subject.schema.targets}
        decision = judged[subject.schema.require_target()].decision
        further = {name: each.decision for name, each in judged.items() if name != subject.schema.require_target()}
        decision.model_copy(update={"more_targets": further}).write(folder)
        pl.concat(predictions(subject.frames, judged)).write_parquet(folder / "predictions.parquet")
        history = pl.read_csv(train / "history.csv").to_dict(as_series=False)
        before = without_mitigation(train, code, subject, decision, params)
        write({}, {"learning": learning_curve(history)}, folder)
        write(figures(judged), judgement_pictures(subject, decision), folder)
        for facts, pictures in parts(subject, decision, params, before):
            write(facts, pictures, folder)
    return out


def write(facts: Mapping[str, Any], pictures: Mapping[str, str | None], folder: Path) -> None:
    """Write what was found, and the pictures that there are."""
    for name, content in facts.items():
        write_json(folder / f"{name}.json", content)
    for name, picture in pictures.items():
        if picture is not None:
            write_text(folder / f"{name}.svg", picture)


def figures(judged: Mapping[str, Judgement]) -> dict[str, Any]:
    """Return metrics and intervals of all targets, of which the main one is the first, and the notes."""
    main, *others = judged
    labelled = {name: each.by_label for name, each in judged.items() if each.by_label is not None}
    return {
        "metrics": judged[main].metrics,
        "intervals": judged[main].intervals,
        "targets": {name: {"metrics": judged[name].metrics, "intervals": judged[name].intervals} for name in others},
        "notes": {"notes": [note for each in judged.values() for note in each.notes]},
        **({"labels": labelled} if labelled else {}),
    }


def parts(subject: Subject, decision: Decision, params: Evaluate, before: Mapping[str, Any]) -> Iterator[Part]:
    """Look at the main target from all sides."""
    if decision.threshold is not None or decision.costs is not None:
        yield {"costs": costs_on_test(subject, decision, params)}, {}
    yield {"baselines": compare(subject, decision, params)}, {}
    yield worst_mistakes(subject, decision)
    told = slices(subject, decision, params)
    yield {"slices": told}, {"slices": slices_picture(told)}
    told = fairness(subject, decision, params, **before)
    yield {"fairness": told}, {"fairness": fairness_picture(told)}
    if params.explanations is not None:
        explained = explain(subject, decision, params, params.explanations)
        yield {"explanations": explained.facts}, {**draw_explanations(explained)}
    told, kind = judge_robustness(subject, decision, params.robustness), subject.schema.product.kind
    yield {"robustness": told}, {"robustness": robustness_curves(told, kind) if told["curves"] else None}


def costs_on_test(subject: Subject, decision: Decision, params: Evaluate) -> dict[str, Any]:
    """Return what the test rows cost with and without the decision's rules."""
    test, frame = subject.answered[subject.schema.require_target()]["test"], subject.frames["test"]
    probabilities, groups = decision.probabilities(test.scores), groups_for(decision, frame)
    return costs_of(decision, test.targets, probabilities, groups, bootstrap(subject, params))


def worst_mistakes(subject: Subject, decision: Decision) -> Part:
    """Return the worst mistakes, and of images their picture."""
    found, image, picture = find_mistakes(subject, decision), subject.transform.image, None
    if image is not None and found.withheld is None and found.told:
        pixels = image_array(found.rows[image.column], image.shape)
        captions = [(str(one["target"]), str(one["prediction"])) for one in found.told]
        picture = mistakes_sheet(pixels, captions, max_value=image.max_value)
    return {"mistakes": found.content([column.name for column in subject.schema.features])}, {"mistakes": picture}


def without_mitigation(
    train: Path, code: Path | None, subject: Subject, decision: Decision, params: Evaluate
) -> dict[str, Any]:
    """Return what was done for fairness, and what is found without it; {} for nothing.

    Before reweighing stands the same network, trained without it; before thresholds of groups the common one.
    """
    done: list[dict[str, Any]] = []
    if (reweighed := train / BEFORE).is_dir():
        done.append(read_json(reweighed / "mitigation.json"))
        subject = subject.with_network(load_network(reweighed, code))
        decision, _ = decide(subject, subject.schema.require_target(), params)
    if (groups := decision.group_thresholds) is not None:
        column, thresholds = groups.grouping.column, groups.thresholds
        done.append({"name": "group_thresholds", "column": column, "thresholds": thresholds})
        decision = decision.model_copy(update={"group_thresholds": None})
    return {"before": fairness(subject, decision, params), "mitigation": done} if done else {}


def predictions(frames: Mapping[str, pl.DataFrame], judged: dict[str, Judgement]) -> list[pl.DataFrame]:
    """Return a table for each part; the columns of a further target begin with its name and a full stop."""
    main, *others = judged
    return [
        frame.select(ROW_ID, split=pl.lit(part), target=pl.col(main)).with_columns(
            *judged[main].answers[part],
            *(frame[name].alias(f"{name}.target") for name in others),
            *(each.alias(f"{name}.{each.name}") for name in others for each in judged[name].answers[part]),
        )
        for part, frame in frames.items()
    ]


if __name__ == "__main__":
    main(evaluate)
