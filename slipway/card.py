"""The model card of a bundle (Mitchell et al. 2019): card.json holds its facts, card.md tells them.

Every fact comes from what the stages measured or from params.yaml; the card adds no opinion.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from slipway.judging.decision import Decision
from slipway.report.texts import short
from slipway.tables.schema import Schema, kind_of

Facts = dict[str, Any]

MAX_LISTED = 60

FIDELITY = {
    "parity_error": "largest difference of an output of the fp32 export from the network that it holds",
    "agreement_pct": "test rows answered as by the network that it holds, in percent",
    "trained_agreement_pct": "test rows answered as by the trained network, in percent",
    "batch_difference": "largest difference of an output between sizes of batch",
}
"""What fidelity.json measures."""


def card_facts(
    *,
    description: str,
    schema: Schema,
    num_training_rows: int,
    architecture: Mapping[str, Any],
    candidate: Mapping[str, Any],
    metrics: Mapping[str, Any],
    decision: Decision,
    further: Mapping[str, Any],
    intervals: Mapping[str, Any],
    fairness: Mapping[str, Any],
    fidelity: Mapping[str, Any],
    release_receipt: Mapping[str, Any],
    training_receipt: Mapping[str, Any],
) -> Facts:
    """Gather what card.json holds.

    Args:
        description: What the model is for, from params.yaml; may be empty.
        schema: Of the rows that privatize released.
        num_training_rows: Rows that the network learned from.
        architecture: model.json.
        candidate: The chosen line of candidates.csv.
        metrics: metrics.json of the chosen artefact, on test.
        decision: How a class is chosen.
        further: targets.json of compress: the metrics of further targets, by their columns.
        intervals: intervals.json of evaluate.
        fairness: fairness.json of evaluate.
        fidelity: fidelity.json of compress.
        release_receipt: receipt.json of privatize.
        training_receipt: receipt.json of train.
    """
    product, num_members = schema.product, architecture.get("members", 1)
    members = {"members": num_members} if num_members > 1 else {}
    return {
        "description": description,
        "model": {
            "task": product.task,
            "network": {**architecture["network"], **members},
            "artefact": {"format": "ONNX", **candidate},
            "fidelity": dict(fidelity),
        },
        "data": {
            "kind": product.kind,
            "training_rows": num_training_rows,
            "test_rows": metrics["rows"],
            "target": product.target,
            "classes": schema.classes,
            **({"has_labels": True} if product.task == "multilabel" else {}),
            "features": [{"name": column.name, "kind": kind_of(column)} for column in schema.features],
            "image_shape": None if schema.image_shape is None else list(schema.image_shape),
            "sensitive": product.sensitive,
        },
        "metrics": dict(metrics),
        "decision": decision.rule,
        **({"targets": _further(schema, further)} if further else {}),
        "intervals": dict(intervals),
        "fairness": dict(fairness),
        "privacy": {"release": dict(release_receipt), "training": dict(training_receipt)},
    }


def _further(schema: Schema, metrics: Mapping[str, Any]) -> Facts:
    return {name: {**target.model_dump(), **metrics[name]} for name, target in schema.more_targets.items()}


def model_card(facts: Facts) -> str:
    """Tell the facts of `card_facts` as Markdown."""
    data = facts["data"]
    sections = {
        "Model details": _table(("", ""), _details(facts)),
        "Intended use": _text(facts["description"]) or "Not stated: `package.description` in params.yaml is empty.",
        "Data": _data(data, facts.get("targets", {})),
        "Metrics": _metrics(facts["metrics"], facts["intervals"], facts.get("targets", {}), facts["decision"]),
        **({"Fairness": _fairness(facts["fairness"])} if facts["data"]["sensitive"] else {}),
        "Privacy": _privacy(facts["privacy"]),
        "Limitations": "\n".join(f"- {line}" for line in _limitations(facts)),
        "How to use": _usage(data, facts.get("targets", {})),
    }
    title = f"# Model card: {_text(str(data['target']))}\n"
    return "\n".join([title, *(f"## {name}\n\n{text}\n" for name, text in sections.items())])


def _details(facts: Facts) -> list[tuple[str, Any]]:
    model = facts["model"]
    artefact, network = model["artefact"], dict(model["network"])
    return [
        ("task", model["task"]),
        ("network", network.pop("name")),
        *network.items(),
        *_start(facts["privacy"]["training"]),
        ("artefact", f"{artefact['format']}, {artefact['candidate']}, {int(artefact['size_bytes']):,} bytes"),
        *((label, model["fidelity"][name]) for name, label in FIDELITY.items() if name in model["fidelity"]),
    ]


def _start(training: Facts) -> list[tuple[str, Any]]:
    """Say in one row where the weights come from that another training left; its receipt lists them."""
    if "start" not in training:
        return []
    start = training["start"]
    some = f"{len(start['taken'])} of {len(start['taken']) + len(start['fresh'])} tensors"
    return [("started from", f"{some} of {start['file']} (sha256 {start['sha256']})")]


def _data(data: Facts, targets: Facts) -> str:
    features = [f"{one['name']} ({one['kind']})" for one in data["features"]]
    lines = [
        f"- trained on {data['training_rows']:,} rows, tested on {data['test_rows']:,} others",
        f"- target: {_text(data['target'])}, {_answers(data)}",
        *(f"- further target: {_text(name)}, {_answers(each)}" for name, each in targets.items()),
        f"- {len(features)} feature{'s' * (len(features) > 1)}: {_listed(features)}",
    ]
    if data["image_shape"]:
        lines.append(f"- images of {' x '.join(map(str, data['image_shape']))} (height, width, channels)")
    if data["sensitive"]:
        lines.append(f"- sensitive columns: {_listed(data['sensitive'])}")
    return "\n".join(lines)


def _answers(target: Facts) -> str:
    if not target["classes"]:
        return "a number"
    return f"{'any' if _has_labels(target) else 'one'} of {_listed(target['classes'])}"


def _has_labels(target: Facts) -> bool:
    return target.get("has_labels", False) or target.get("task") == "multilabel"


def _metrics(metrics: Facts, intervals: Facts, targets: Facts, decision: str | None) -> str:
    limits = intervals["intervals"]
    rows = [
        (
            name,
            value,
            f"{_number(limits[name]['low'])} to {_number(limits[name]['high'])}" if name in limits else "",
        )
        for name, value in metrics.items()
        if name != "rows"
    ]
    confidence = f"{intervals['confidence_pct']:g} % interval"
    note = f"On {metrics['rows']:,} test rows. Intervals are the trained network's ({intervals['method']})."
    if decision is not None:
        note += f" The answer is {_text(decision)}."
    further = [
        f"Of {_text(name)}:\n\n{_table(('metric', 'value'), each['metrics'].items())}" for name, each in targets.items()
    ]
    return "\n\n".join([note, _table(("metric", "value", confidence), rows), *further])


def _fairness(fairness: Facts) -> str:
    """Tell the rates of each group, and how far apart the groups are."""
    positive = fairness["positive"]
    of = f" Selection, true (tpr) and false positive rates (fpr) are those of {_text(positive)}." if positive else ""
    parts = [f"The trained network's, on the test rows, with intervals.{of}"]
    for column, told in fairness["columns"].items():
        rates = list(next(iter(told["groups"].values())))
        rows = [(group, *map(_figure, figures.values())) for group, figures in told["groups"].items()]
        apart = [f"{name.replace('_', ' ')} {_figure(each)}" for name, each in told["differences"].items()]
        parts.append(f"By {_text(column)}" + (f": {', '.join(apart)}." if apart else "."))
        parts.append(_table((column, *(rate.replace("_", " ") for rate in rates)), rows))
    return "\n\n".join([*parts, *(_text(note) for note in fairness["notes"])])


def _figure(value: Any) -> str:
    """Write a count of rows, or a rate with its interval; nothing where a group has no such rate."""
    if not isinstance(value, dict):
        return "" if value is None else f"{value:,}"
    chance = f"; up to {_number(value['by_chance'])} would be chance" if "by_chance" in value else ""
    return f"{_number(value['value'])} ({_number(value['low'])} to {_number(value['high'])}{chance})"


def _privacy(privacy: Facts) -> str:
    release, training = privacy["release"], privacy["training"]
    if not release["private"]:
        verdict = "Not private: the model may reveal rows that it was trained on."
    else:
        verdict = (
            f"The rows that it was trained on were released with epsilon {release['epsilon']:.4g} a {release['unit']}. "
            "The whole pipeline has no guarantee, because some steps read plain rows: see the limitations."
        )
    tables = [
        _table((name, ""), ((key, value) for key, value in receipt.items() if key != "start" and value is not None))
        for name, receipt in (("release of the rows", release), ("training", training))
    ]
    return "\n\n".join([verdict, *tables])


def _limitations(facts: Facts) -> list[str]:
    data = facts["data"]
    lines = [f"The figures hold for rows like the {data['test_rows']:,} test rows; others were not judged."]
    if data["classes"] and _has_labels(data):
        lines.append("It gives each label by itself, where its probability is above one half, and maybe none.")
    elif data["classes"]:
        lines.append(f"It answers one of {len(data['classes'])} classes, also for a row that belongs to none of them.")
    if "accuracy" in facts["intervals"]["intervals"]:
        limits = facts["intervals"]["intervals"]["accuracy"]
        points = 100 * (limits["high"] - limits["low"]) / 2
        lines.append(f"So many test rows tell the accuracy to about {points:.1f} points either way.")
    if without := [name for name in data["sensitive"] if name not in facts["fairness"]["columns"]]:
        lines.append(f"This card holds no figures by {_listed(without)}.")
    return [
        *lines,
        *(
            f"Privacy does not cover {_text(str(one))}."
            for receipt in facts["privacy"].values()
            for one in receipt.get("does_not_cover", [])
        ),
    ]


def _usage(data: Facts, targets: Facts) -> str:
    record = {one["name"]: {"number": 0.0, "category": "text"}.get(one["kind"], [[0]]) for one in data["features"][:4]}
    more = ", ..." if len(data["features"]) > 4 else ""
    body = json.dumps(record, ensure_ascii=False)[:-1] + more + "}"
    label = '"labels"' if _has_labels(data) else '"label"'
    keys = [label, '"probabilities"'] if data["classes"] else ['"value"']
    answer = "{" + ", ".join([*keys, '"targets"'] if targets else keys) + "}"
    return (
        "Send records with all features to a server of this bundle; values here show types only. "
        "What each column may hold stands in `signature.json`.\n\n"
        f'```\nPOST /predict\n{{"records": [{body}]}}\n```\n\nThe answer holds `{answer}` for each record, in order.'
    )


def _table(head: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(_cell(value) for value in line)} |" for line in lines)


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return _number(value)
    if value is None or isinstance(value, bool):
        return {None: "none", True: "yes", False: "no"}[value]
    if isinstance(value, list | dict):
        return _text(json.dumps(value, ensure_ascii=False))
    return _text(str(value))


def _number(value: float) -> str:
    return short(value, digits=4)


def _listed(values: list[str]) -> str:
    more = f" and {len(values) - MAX_LISTED} more" if len(values) > MAX_LISTED else ""
    return ", ".join(_text(value) for value in values[:MAX_LISTED]) + more


def _text(value: str) -> str:
    """Escape what would break a table or become HTML."""
    return " ".join(value.split()).replace("&", "&amp;").replace("<", "&lt;").replace("|", "\\|")
