"""examples.json: inputs with the answers that every server must give alike, and how far apart two answers are.

Imports no onnxruntime: a deployment compares what a server process answers.
"""

import json
from typing import Any

from slipway.errors import BundleError

EXAMPLES = "examples.json"


def read_examples(content: bytes) -> tuple[float, list[dict[str, Any]]]:
    """Return the tolerance and the examples, each with `input` and `output`."""
    try:
        stored = json.loads(content)
        examples = [{"input": one["input"], "output": one["output"]} for one in stored["examples"]]
        return float(stored["tolerance"]), examples
    except (ValueError, KeyError, TypeError):
        raise BundleError(f"{EXAMPLES} must hold a tolerance and examples: package the model again") from None


def difference(expected: dict[str, Any], answer: dict[str, Any]) -> float:
    """Return how far two predictions are apart: the largest difference of a probability, or of a value.

    A value is compared relatively where it is greater than one. Labels follow from probabilities and
    are not compared: two classes may tie within the tolerance.

    >>> difference({"value": 200.0}, {"value": 201.0})
    0.005
    """
    if "targets" in expected:
        further = [difference(expected["targets"][name], answer["targets"][name]) for name in expected["targets"]]
        alone = {key: value for key, value in expected.items() if key != "targets"}
        return max(difference(alone, answer), *further)
    if "value" in expected:
        return abs(expected["value"] - answer["value"]) / max(1.0, abs(expected["value"]))
    one, other = expected["probabilities"], answer["probabilities"]
    return max(abs(one[name] - other[name]) for name in one)
