"""The first thing that a report says: does a release serve, was it refused, or where did the line stop."""

from dataclasses import dataclass
from typing import Literal

from slipway.judging.gate import broken
from slipway.report.reading import STAGES, Facts


@dataclass(frozen=True)
class Verdict:
    """A colour, a title and the lines under it."""

    state: Literal["good", "bad", "open"]
    title: str
    lines: list[str]


def verdict_of(facts: Facts) -> Verdict:
    """Judge the run by what it left."""
    serving = _serving(facts["release"])
    for stage in STAGES:
        if stage in facts["failed"]:
            return Verdict("bad", f"Stopped at {stage}", [facts["failed"][stage], _older(stage), serving])
    if facts["validation"] is not None and not facts["validation"]["passed"]:
        reasons = [str(reason) for reason in facts["validation"]["reasons"]]
        return Verdict("bad", "The raw rows did not pass", [*reasons, _older("validate"), serving])
    if facts["verdict"] is None:
        return Verdict("open", "Not finished", ["package has not run yet, so there is no verdict.", serving])
    if not facts["verdict"]["passed"]:
        return Verdict("bad", "Refused by the gate", [*broken(facts["verdict"]["rules"]), serving])
    if serves(facts):
        version = facts["release"]["version"]
        return Verdict("good", f"{version} serves", ["It is the bundle of this run, and kept every rule of the gate."])
    if "deploy" in facts["failed"]:
        return Verdict("bad", "Refused at deployment", [facts["failed"]["deploy"], serving])
    return Verdict("open", "Ready, not deployed", ["The bundle of this run kept every untimed rule.", serving])


def serves(facts: Facts) -> bool:
    """Say whether the bundle of this run is the one that serves."""
    return facts["release"] is not None and facts["release"]["bundle_sha256"] == facts["bundle_sha256"]


def _serving(release: Facts | None) -> str:
    return "No release serves." if release is None else f"Release {release['version']} of an earlier run still serves."


def _older(stage: str) -> str:
    later = STAGES[STAGES.index(stage) + 1 :]
    return f"What is shown of {', '.join(later)} is of an earlier run, if anything." if later else ""
