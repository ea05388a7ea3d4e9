"""The page at /docs: what to send and what comes back, with nothing loaded from elsewhere.

FastAPI's own page fetches its script and style from the internet; a server in a closed network would
show a blank one.
"""

import json
from collections.abc import Iterable
from html import escape

from slipway.bundle.answers import EXAMPLES, read_examples
from slipway.bundle.signature import Input
from slipway.judging.decision import Decision
from slipway.product.product import Target
from slipway.serving.service import Service

STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { margin: 2rem auto; max-width: 52rem; padding: 0 1rem }
table { border-collapse: collapse; width: 100% }
th, td { border-bottom: 1px solid #8886; padding: .3rem .6rem; text-align: left; overflow-wrap: anywhere }
pre { background: #8882; border-radius: .4rem; overflow-x: auto; padding: .8rem; max-height: 24rem }
"""

PATHS = {
    "POST /predict": "one prediction a record; a wrong record is answered with 422, its index and its column",
    "GET /health": "whether the process is alive",
    "GET /ready": "whether the model answers its own examples",
    "GET /metrics": "counters in Prometheus' format",
    "GET /openapi.json": "all of this for machines",
}


def docs_page(service: Service) -> str:
    """Return the page as HTML."""
    signature = service.predictor.signature
    _, examples = read_examples(service.predictor.files[EXAMPLES])
    answer = {"release": service.release, "predictions": [examples[0]["output"]]}
    decision = service.predictor.decision
    predicted = "; ".join(
        f"<b>{escape(name)}</b>: {escape(_kind(one, decision.of(name)))}" for name, one in signature.targets.items()
    )
    title = f"{signature.target}, release {service.release}"
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{escape(title)}</title><style>{STYLE}</style></head><body>
<h1>{escape(title)}</h1>
<p>Predicts {predicted}.</p>
<table><tr><th>path</th><th>what it answers</th></tr>{_rows(PATHS.items())}</table>
<h2>Inputs of a record</h2>
<table><tr><th>column</th><th>what it takes</th></tr>
{_rows((one.name, takes(one)) for one in signature.inputs)}</table>
<h2>Example</h2>
<p>The body of a request to <code>/predict</code>:</p><pre>{_json({"records": [examples[0]["input"]]})}</pre>
<p>and its answer:</p><pre>{_json(answer)}</pre>
</body></html>
"""


def takes(one: Input) -> str:
    """Say what an input takes."""
    if one.shape is not None:
        height, width, channels = one.shape
        text = f"{height} x {width} x {channels} integers of 0 to 255, nested or as bytes in base64"
    elif one.categories is not None:
        text = f"text; in training {', '.join(one.categories)}"
    elif one.dtype == "text":
        text = "prose"
    elif one.dtype == "category":
        text = "text"
    else:
        text = f"a number; in training {one.minimum:g} to {one.maximum:g}"
    return f"{text}; or null" if one.missing_allowed else text


def _kind(target: Target, decision: Decision) -> str:
    if not target.classes:
        return "a number"
    kind = f"{'any' if target.task == 'multilabel' else 'one'} of {', '.join(target.classes)}"
    return f"{kind} ({decision.rule})"


def _rows(pairs: Iterable[tuple[str, str]]) -> str:
    return "\n".join(f"<tr><td>{escape(name)}</td><td>{escape(text)}</td></tr>" for name, text in pairs)


def _json(content: object) -> str:
    return escape(json.dumps(content, ensure_ascii=False))
