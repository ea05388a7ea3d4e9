"""What the report says of the baselines: plainly which of them beat the model, and by how much."""

from collections.abc import Mapping
from typing import Any

from slipway.report.texts import shown

Found = Mapping[str, Any]


def baseline_lines(found: Found | None) -> list[str]:
    """Return the sentences that stand above the table; none where nothing was compared."""
    if not found or not found["differences"]:
        return []
    above = {name: each["value"] for name, each in found["differences"].items()}
    best = max(above, key=above.__getitem__)
    beaten = sorted(found["beaten_by"], key=above.__getitem__, reverse=True)
    if beaten:
        names = " and ".join(_name(name) for name in beaten)
        plain = "A baseline wins" if len(beaten) == 1 else f"{len(beaten)} baselines win"
        return [f"{plain}: {names}. {_by(best, found)} Consider it before going on with the network."]
    few = _on_fewer_rows(found)
    if found["differences"][best]["high"] >= 0:
        return [f"No baseline wins, but {_name(best)} may be as good as the model{few}. {_by(best, found)}"]
    return [f"The model beats every baseline{few}. {_by(best, found)}"]


def baseline_rows(found: Found | None) -> list[dict[str, str]]:
    """Return a row for each baseline: its figure, how far it is above the model, and in a word what that means."""
    if not found:
        return []
    rows = []
    for name, metrics in found["models"].items():
        difference = found["differences"].get(name)
        word = "" if difference is None else _word(difference)
        rows.append(
            {
                "name": _name(name),
                "value": shown(metrics[found["headline"]]),
                "difference": "" if difference is None else _signed(difference["value"]),
                "interval": "" if difference is None else _interval(difference),
                "word": word,
                "mark": {"wins": "bad", "loses": "good"}.get(word, "plain"),
            }
        )
    return rows


def _by(name: str, found: Found) -> str:
    figure = "R²" if found["headline"] == "r2" else "accuracy"
    value, difference = found["models"][name][found["headline"]], found["differences"][name]
    between = f"{shown(found['confidence_pct'])} % interval {_interval(difference)}"
    return (
        f"{_name(name).capitalize()}: {figure} {shown(value)}, the trained network: {shown(found['model'])}; "
        f"the difference is {_signed(difference['value'])} ({between})."
    )


def _on_fewer_rows(found: Found) -> str:
    """Say that they could have been better: they learn from no more rows than a few seconds allow."""
    learned_from, all_rows = found["rows"]["learned_from"], found["rows"]["train"]
    if learned_from == all_rows:
        return ""
    return f", though these learned from {learned_from:,} of the {all_rows:,} training rows, to save time"


def _word(difference: Found) -> str:
    if difference["low"] > 0:
        return "wins"
    return "loses" if difference["high"] < 0 else "may be as good"


def _name(name: str) -> str:
    return name.replace("_", " ")


def _signed(value: float) -> str:
    return f"{value:+.4f}"


def _interval(difference: Found) -> str:
    return f"{_signed(difference['low'])} to {_signed(difference['high'])}"
