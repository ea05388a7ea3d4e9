"""The rules that depend on this machine: a running server answers the bundle's examples alike, and fast enough."""

import time
from pathlib import Path
from typing import Any

from slipway.bundle.answers import EXAMPLES, difference, read_examples
from slipway.errors import DataError
from slipway.judging.gate import Rule, at_most
from slipway.product.deploy import Deploy
from slipway.serving.process import Client


def judge_timed(client: Client, bundle: Path, params: Deploy) -> list[Rule]:
    """Have the running server answer the bundle's examples, then time it.

    Raises:
        DataError: an example is not answered, or not with the keys that it had.
    """
    tolerance, examples = read_examples((bundle / EXAMPLES).read_bytes())
    apart = 0.0
    for example in examples:
        prediction = _prediction(client, example["input"])
        if example["output"].keys() != prediction.keys():
            raise DataError(f"an example of {EXAMPLES} is answered with {prediction}")
        apart = max(apart, difference(example["output"], prediction))
    records = [example["input"] for example in examples]
    other = "this machine computes otherwise than the one that packaged: run package on this one"
    slow = "serve on a faster machine, choose a smaller model, or raise deploy.gate.max_latency_p95_ms"
    latency = latency_p95_ms(client, records, params.latency_requests)
    return [
        at_most(f"difference to the answers in {EXAMPLES}", apart, tolerance, mend=other),
        at_most("latency p95 in ms", latency, params.gate.max_latency_p95_ms, mend=slow),
    ]


def latency_p95_ms(client: Client, records: list[dict[str, Any]], num_requests: int) -> float:
    """Time one-record requests over one kept connection, one after the other, and a tenth as many before them."""
    num_warm_up = num_requests // 10
    milliseconds = []
    for index in range(num_warm_up + num_requests):
        start = time.perf_counter()
        _prediction(client, records[index % len(records)])
        milliseconds.append((time.perf_counter() - start) * 1000)
    timed = sorted(milliseconds[num_warm_up:])
    return timed[int(0.95 * (len(timed) - 1))]


def _prediction(client: Client, record: dict[str, Any]) -> dict[str, Any]:
    """Return the answer to one record; a server that gives none is not judged by how fast it is."""
    status, content = client.predict([record])
    if status != 200:
        raise DataError(f"an example of {EXAMPLES} is answered with {status}: {content}")
    return content["predictions"][0]
