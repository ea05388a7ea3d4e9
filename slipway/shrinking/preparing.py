"""The fitted transform as an ONNX graph: from raw columns to `ready` features.

Inputs, as slipway.transform.applying.raw_inputs gives them: `numeric` float64 [batch, k] (NaN: missing), `categorical`
string [batch, c] ("": missing), `hashed` int64 [batch, h] (buckets, -1: missing; ONNX has no hash of texts),
`text` string [batch, t] (words joined by a space), `image` uint8 [batch, height, width, channels], `tokens` int64
[batch, length] (features already, for ONNX reads no vocabulary); only those that the product has. Numbers are scaled in
float64 before they become float32: a time stamp or a large sum keeps its digits.
"""

import numpy as np
import onnx
from onnx import TensorProto, helper

from slipway.shrinking.nodes import ML_DOMAIN, Graph
from slipway.shrinking.spreading import add_spread
from slipway.transform.fitted import Bounds, Category, Number, Pixels, Text, Transform


def transform_model(transform: Transform) -> onnx.ModelProto:
    """Build the graph from raw columns to `ready` features."""
    graph = Graph()
    if transform.image is not None:
        add_image(graph, transform.image)
    elif transform.tokens is not None:
        graph.add("Identity", [graph.input("tokens", TensorProto.INT64, ["batch", transform.tokens.length])], "ready")
    else:
        parts = [
            *add_numbers(graph, transform.numbers),
            *add_categories(graph, transform),
            *add_texts(graph, transform.texts),
        ]
        graph.add("Concat", parts, "ready", axis=1)
    shape: list[str | int | None] = ["batch", *transform.feature_shape]
    element = TensorProto.FLOAT if transform.tokens is None else TensorProto.INT64
    return graph.model(helper.make_tensor_value_info("ready", element, shape))


def add_numbers(graph: Graph, steps: list[Number]) -> list[str]:
    """Turn [batch, k] float64 with NaN into [batch, k] float32 scaled, and [batch, i] of what was missing."""
    if not steps:
        return []
    missing = graph.add("IsNaN", [graph.input("numeric", TensorProto.DOUBLE, ["batch", len(steps)])], "nan")
    if any(_acts(step.bounds, "null") for step in steps):
        low, high = _limits(graph, "null", [_limit(step.bounds, "null") for step in steps])
        below, above = graph.add("Less", ["numeric", low], "below"), graph.add("Greater", ["numeric", high], "above")
        missing = graph.add("Or", [missing, graph.add("Or", [below, above], "outside")], "missing")
    impute = graph.constant("impute", np.array([step.impute for step in steps]))
    filled = graph.add("Where", [missing, impute, "numeric"], "filled")
    if any(_acts(step.bounds, "clip", "quarantine") for step in steps):
        low, high = _limits(graph, "clip", [_limit(step.bounds, "clip", "quarantine") for step in steps])
        filled = graph.add("Min", [graph.add("Max", [filled, low], "at least"), high], "within")
    center = graph.constant("center", np.array([step.center for step in steps]))
    scale = graph.constant("scale", np.array([step.scale for step in steps]))
    scaled = graph.add("Div", [graph.add("Sub", [filled, center], "centered"), scale], "scaled")
    scaled = add_spread(graph, scaled, [step.knots for step in steps])
    parts = [graph.add("Cast", [scaled], "numbers", to=TensorProto.FLOAT)]
    if indicated := [index for index, step in enumerate(steps) if step.indicator]:
        columns = graph.constant("indicated", np.array(indicated, dtype=np.int64))
        chosen = graph.add("Gather", [missing, columns], "were missing", axis=1)
        parts.append(graph.add("Cast", [chosen], "indicators", to=TensorProto.FLOAT))
    return parts


def _acts(bounds: Bounds | None, *actions: str) -> bool:
    return bounds is not None and bounds.action in actions


def _limit(bounds: Bounds | None, *actions: str) -> tuple[float, float]:
    return (bounds.low, bounds.high) if bounds is not None and bounds.action in actions else (-np.inf, np.inf)


def _limits(graph: Graph, name: str, limits: list[tuple[float, float]]) -> tuple[str, str]:
    low, high = np.array(limits).T
    return graph.constant(f"{name} low", low.copy()), graph.constant(f"{name} high", high.copy())


def add_categories(graph: Graph, transform: Transform) -> list[str]:
    """Turn [batch, c] strings and [batch, h] buckets into one [batch, features] float32 for each column."""
    if transform.known:
        graph.input("categorical", TensorProto.STRING, ["batch", len(transform.known)])
    if transform.hashed:
        graph.input("hashed", TensorProto.INT64, ["batch", len(transform.hashed)])
    places = {step.column: place for steps in (transform.known, transform.hashed) for place, step in enumerate(steps)}
    return [
        _add_category(graph, step, places[step.column], f"{index}") for index, step in enumerate(transform.categories)
    ]


def _add_category(graph: Graph, step: Category, place: int, name: str) -> str:
    column = graph.constant(f"column {name}", np.array([place], dtype=np.int64))
    if step.encode == "hashing":
        codes = graph.add("Gather", ["hashed", column], f"bucket {name}", axis=1)
        if step.missing >= 0:
            nothing = graph.add("Less", [codes, graph.constant(f"zero {name}", np.int64(0))], f"no bucket {name}")
            missing = graph.constant(f"missing {name}", np.int64(step.missing))
            codes = graph.add("Where", [nothing, missing, codes], f"code {name}")
    else:
        text = graph.add("Gather", ["categorical", column], f"category {name}", axis=1)
        keys = {"": step.missing, **{value: code for code, value in enumerate(step.values)}}
        codes = graph.add(
            "LabelEncoder",
            [text],
            f"code {name}",
            domain=ML_DOMAIN,
            keys_strings=list(keys),
            values_int64s=list(keys.values()),
            default_int64=step.other,
        )
    if step.encode == "ordinal":
        number = graph.add("Cast", [codes], f"number {name}", to=TensorProto.DOUBLE)
        share = graph.add("Div", [number, graph.constant(f"unit {name}", np.float64(step.unit))], f"place {name}")
        return graph.add("Cast", [share], f"feature {name}", to=TensorProto.FLOAT)
    every = graph.constant(f"codes {name}", np.arange(step.num_codes, dtype=np.int64)[None])
    return graph.add(
        "Cast", [graph.add("Equal", [codes, every], f"is {name}")], f"feature {name}", to=TensorProto.FLOAT
    )


def add_texts(graph: Graph, steps: list[Text]) -> list[str]:
    """Turn [batch, t] strings into one [batch, words] float32 for each column."""
    if steps:
        graph.input("text", TensorProto.STRING, ["batch", len(steps)])
    return [_add_text(graph, step, index) for index, step in enumerate(steps)]


def _add_text(graph: Graph, step: Text, index: int) -> str:
    place = graph.constant(f"text column {index}", np.int64(index))
    text = graph.add("Gather", ["text", place], f"text {index}", axis=1)
    # Two outputs: the words, padded with "", and their number, which nobody asks for.
    graph.nodes.append(
        helper.make_node("StringSplit", [text], [f"words {index}", f"number of words {index}"], delimiter=" ")
    )
    modes = {"counts": "TF", "binary": "IDF", "tfidf": "TFIDF"}
    counted = graph.add(
        "TfIdfVectorizer",
        [f"words {index}"],
        f"counted {index}",
        mode=modes[step.weight],
        min_gram_length=1,
        max_gram_length=1,
        max_skip_count=0,
        ngram_counts=[0],
        ngram_indexes=list(range(len(step.words))),
        pool_strings=step.words,
        weights=step.rarity or [1.0] * len(step.words),
    )
    if step.weight != "tfidf":
        return counted
    return graph.add("LpNormalization", [counted], f"scaled {index}", axis=1, p=2)


def add_image(graph: Graph, step: Pixels) -> None:
    """Turn [batch, height, width, channels] uint8 into [batch, channels, height, width] float32 scaled.

    Axes are swapped first: onnxruntime computes with a number forty times slower where the last axis is a single
    channel.
    """
    graph.input("image", TensorProto.UINT8, ["batch", *step.shape])
    graph.add("Transpose", ["image"], "channels first", perm=[0, 3, 1, 2])
    graph.add("Cast", ["channels first"], "pixels", to=TensorProto.FLOAT)
    center = graph.constant("center", np.float32(step.center * step.max_value))
    scale = graph.constant("scale", np.float32(1 / (step.scale * step.max_value)))
    graph.add("Mul", [graph.add("Sub", ["pixels", center], "centered"), scale], "ready")
