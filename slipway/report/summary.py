"""What a reader should know in a minute: a sentence for each question that the report answers."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from slipway.judging.gate import broken
from slipway.report.baselines import baseline_lines
from slipway.report.reading import Facts
from slipway.report.texts import shown
from slipway.report.verdict import serves

State = Literal["good", "bad", "open"]

WELL_CALIBRATED = 0.05
"""Up to here a calibration error is called small: a probability is then off by five points on average."""

STABLE = 0.5
"""Columns are named where two measurements of importance have this rank correlation; of less, evaluate has a note."""

MAX_NAMED = 3


@dataclass(frozen=True)
class Line:
    """A sentence, what it is about, and the section of the page that tells more.

    Attributes:
        state: good: as one would wish; bad: something to look at first; open: neither.
    """

    about: str
    section: str
    state: State
    text: str


def summary(facts: Facts) -> list[Line]:
    """Answer each question of which something is known."""
    parts = (_quality, _baselines, _calibration, _groups, _importance, _robustness, _data, _privacy, _artefact, _gate)
    return [line for part in parts for line in part(facts)]


def _quality(facts: Facts) -> Iterator[Line]:
    metrics = facts["metrics"] or facts["trained"]
    if not metrics:
        return
    rows = f"{metrics['rows']:,} test rows"
    if "accuracy" in metrics:
        limits = (facts["intervals"] or {}).get("intervals", {}).get("accuracy")
        between = f" ({shown(facts['intervals']['confidence_pct'])} % interval {_between(limits)})" if limits else ""
        yield Line("Quality", "evaluation", "open", f"It is right on {_pct(metrics['accuracy'])} of {rows}{between}.")
    else:
        r2 = "" if metrics["r2"] is None else f" (R² {shown(metrics['r2'])})"
        yield Line("Quality", "evaluation", "open", f"It is off by {shown(metrics['mae'])} on average of {rows}{r2}.")


def _baselines(facts: Facts) -> Iterator[Line]:
    found = facts["evaluated"]["baselines"]
    for text in baseline_lines(found):
        yield Line("Baselines", "evaluation", "bad" if found["beaten_by"] else "good", text)


def _calibration(facts: Facts) -> Iterator[Line]:
    ece = (facts["metrics"] or facts["trained"] or {}).get("ece")
    if ece is None:
        return
    state: State = "good" if ece <= WELL_CALIBRATED else "bad"
    text = f"Its confidence is {100 * ece:.1f} points off the share that is right, on average."
    yield Line("Calibration", "evaluation", state, text)


def _groups(facts: Facts) -> Iterator[Line]:
    fairness = facts["evaluated"]["fairness"] or {}
    for column, found in (fairness.get("columns") or {}).items():
        worst, gap = found.get("worst_group"), found.get("differences", {}).get("demographic_parity_difference")
        sentences = []
        if worst and worst.get("accuracy") is not None:
            sentences.append(f"it is right least often on '{worst['group']}', {_pct(worst['accuracy'])}")
        if gap:
            given = f"the shares that are given '{fairness['positive']}'"
            sentences.append(f"{given} lie up to {100 * gap['value']:.1f} points apart")
        if sentences:
            yield Line("Fairness", "fairness", "open", f"By {column}: {', and '.join(sentences)}.")


def _importance(facts: Facts) -> Iterator[Line]:
    found = facts["evaluated"]["explanations"]
    named = [each["column"] for each in (found or {}).get("importance", [])[:MAX_NAMED]]
    if len(named) > 1 and (found["sanity"]["rerun_correlation"] or 0) < STABLE:
        text = "What it relies on most cannot be told: another drawing of the rows orders the columns otherwise."
        yield Line("Explanations", "explanations", "open", text)
    elif len(named) > 1:
        text = "; ".join(named) if any("," in name for name in named) else ", ".join(named)
        yield Line("Explanations", "explanations", "open", f"It relies most on {text}.")


def _robustness(facts: Facts) -> Iterator[Line]:
    found = facts["evaluated"]["robustness"]
    if not found or not found["curves"]:
        return
    name, worst = min(
        ((name, point) for name, points in found["curves"].items() for point in points if point["value"] is not None),
        key=lambda one: one[1]["value"],
        default=(None, None),
    )
    if name is None or worst is None:
        return
    metric = found["metric"]
    before, after = _quality_text(found["clean"], metric), _quality_text(worst["value"], metric)
    how = f"{name.replace('_', ' ')} at strength {shown(worst['strength'])}"
    text = f"Of what was tried, the worst is {how}: {metric} {after} instead of {before}."
    yield Line("Robustness", "robustness", "open", text)


def _data(facts: Facts) -> Iterator[Line]:
    found = facts["validation"]
    if found:
        share = f"{found['quarantined']:,} of {found['rows']:,} rows went to quarantine"
        yield Line("Data", "data", "good" if found["passed"] else "bad", f"{share}.")


def _privacy(facts: Facts) -> Iterator[Line]:
    receipt = facts["privacy"]["release of the rows"]
    if not receipt:
        return
    if receipt.get("private"):
        told = f"epsilon {shown(receipt['epsilon'])}" if "epsilon" in receipt else "a guarantee"
        text = f"The rows it learned from were released with {told}; the section says what that covers."
        yield Line("Privacy", "privacy", "open", text)
    else:
        yield Line("Privacy", "privacy", "open", "None: the model may reveal rows that it learned from.")


def _artefact(facts: Facts) -> Iterator[Line]:
    chosen = next((row for row in facts["candidates"] if row["chosen"] == "True"), None)
    if chosen is None:
        return
    size = int(chosen["size_bytes"])
    whole = next((int(row["size_bytes"]) for row in facts["candidates"] if row["candidate"] == "fp32"), size)
    smaller = f", {whole / size:.1f} times smaller than fp32" if whole > size else ""
    agrees = alike_pct(facts)
    same = "" if agrees is None else f", and answers as the trained network does on {agrees:.4g} % of the test rows"
    text = f"{chosen['candidate']}, {size / 1024:,.0f} KiB{smaller}{same}."
    yield Line("Artefact", "compression", "open", text)


def alike_pct(facts: Facts) -> float | None:
    """Return the share of test rows that the chosen artefact answers as the trained network does."""
    fidelity = facts["fidelity"] or {}
    return fidelity.get("trained_agreement_pct", fidelity.get("agreement_pct"))


def _gate(facts: Facts) -> Iterator[Line]:
    judged = facts["verdict"] or {}
    if judged.get("passed"):
        judged = (facts["release"]["gate"] if serves(facts) else facts["deployment"]) or judged
    if rules := judged.get("rules", []):
        failed = broken(rules)
        are = "is" if len(failed) == 1 else "are"
        text = f"{len(failed)} of {len(rules)} rules {are} broken." if failed else f"All {len(rules)} rules are kept."
        yield Line("Gate", "gate", "bad" if failed else "good", text)


def _between(limits: Facts) -> str:
    return f"{_pct(limits['low'])} to {_pct(limits['high'])}"


def _pct(share: float) -> str:
    return f"{100 * share:.1f} %"


def _quality_text(value: float | None, metric: str) -> str:
    return "nothing" if value is None else _pct(value) if metric == "accuracy" else shown(value)
