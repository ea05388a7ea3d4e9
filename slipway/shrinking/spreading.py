"""Numbers spread by their rank, as ONNX nodes; slipway/transform/quantiles.py does the same in numpy, step by step."""

from collections.abc import Sequence

import numpy as np
from onnx import TensorProto

from slipway.shrinking.nodes import Graph
from slipway.transform import quantiles
from slipway.transform.fitted import Knots


def add_spread(graph: Graph, numbers: str, columns: Sequence[Knots | None]) -> str:
    """Spread those columns of [batch, k] float64 that have knots; the others pass."""
    chosen = [index for index, knots in enumerate(columns) if knots is not None]
    if not chosen:
        return numbers
    places = graph.constant("spread columns", np.array(chosen, dtype=np.int64))
    values = graph.add("Gather", [numbers, places], "unspread", axis=1)
    spread = _share(graph, values, [knots for knots in columns if knots is not None])
    is_normal = np.array([knots.normal for knots in columns if knots is not None])
    if is_normal.any():
        spread = graph.add("Where", [graph.constant("normal", is_normal), _normal(graph, spread), spread], "spread")
    both = graph.add("Concat", [numbers, spread], "plain and spread", axis=1)
    order = np.arange(len(columns), dtype=np.int64)
    order[chosen] = len(columns) + np.arange(len(chosen))
    return graph.add("Gather", [both, graph.constant("order", order)], "in order", axis=1)


def _share(graph: Graph, values: str, columns: Sequence[Knots]) -> str:
    """[batch, q] to shares of rows: the knot below each value is found by counting, and its line is followed."""
    most = max(len(knots.values) for knots in columns)
    padded = np.full((len(columns), most), np.inf)
    for row, knots in zip(padded, columns, strict=True):
        row[: len(knots.values)] = knots.values
    first = graph.constant("first knot", np.array([knots.values[0] for knots in columns]))
    last = graph.constant("last knot", np.array([knots.values[-1] for knots in columns]))
    within = graph.add("Min", [graph.add("Max", [values, first], "from first"), last], "to last")
    axis = graph.constant("axis 2", np.array([2], dtype=np.int64))
    each = graph.add("Unsqueeze", [within, axis], "each")
    reached = graph.add("GreaterOrEqual", [each, graph.constant("knots", padded)], "reached")
    count = graph.add(
        "ReduceSum", [graph.add("Cast", [reached], "ones", to=TensorProto.INT64), axis], "count", keepdims=0
    )
    ends = np.cumsum([0, *(len(knots.values) for knots in columns)])[:-1]
    index = graph.add("Add", [count, graph.constant("before", ends - 1)], "index")

    def of_knot(name: str, parts: list[np.ndarray]) -> str:
        return graph.add("Gather", [graph.constant(f"{name} list", np.concatenate(parts)), index], name, axis=0)

    knot = of_knot("knot", [np.array(knots.values) for knots in columns])
    at = of_knot("at", [np.array(knots.at) for knots in columns])
    after = of_knot("after", [np.array(knots.after) for knots in columns])
    width = of_knot("width", [quantiles.widths(knots) for knots in columns])
    height = of_knot("height", [quantiles.heights(knots) for knots in columns])
    part = graph.add("Div", [graph.add("Sub", [within, knot], "beyond"), width], "part")
    line = graph.add("Add", [after, graph.add("Mul", [part, height], "rise")], "line")
    return graph.add("Where", [graph.add("Equal", [within, knot], "is knot"), at, line], "share")


def _normal(graph: Graph, share: str) -> str:
    """[batch, q] shares to quantiles of the normal distribution: both formulas, and the one that holds."""
    number = graph.constant
    least, half = number("least", np.float64(quantiles.LEAST_SHARE)), number("half", np.float64(0.5))
    one = number("one", np.float64(1))
    most = number("most", np.float64(1 - quantiles.LEAST_SHARE))
    within = graph.add("Min", [graph.add("Max", [share, least], "over least"), most], "under most")
    off = graph.add("Sub", [within, half], "off")
    square = graph.add("Mul", [off, off], "square")
    central = graph.add("Sub", [number("central square", np.float64(quantiles.CENTRAL_SQUARE)), square], "central")
    nearer = graph.add("Min", [within, graph.add("Sub", [one, within], "rest")], "nearer end")
    root = graph.add("Sqrt", [graph.add("Neg", [graph.add("Log", [nearer], "log")], "minus log")], "root")
    tail = graph.add("Sub", [root, number("tail start", np.float64(quantiles.TAIL_START))], "tail")
    middle = graph.add(
        "Mul", [off, _ratio(graph, central, "middle", quantiles.CENTRAL_ABOVE, quantiles.CENTRAL_BELOW)], "middle"
    )
    side = graph.add("Sign", [off], "side")
    outer = graph.add("Mul", [side, _ratio(graph, tail, "outer", quantiles.TAIL_ABOVE, quantiles.TAIL_BELOW)], "outer")
    size = graph.add("Abs", [off], "size")
    is_central = graph.add("LessOrEqual", [size, number("central size", np.float64(quantiles.CENTRAL))], "is central")
    return graph.add("Where", [is_central, middle, outer], "quantile")


def _ratio(graph: Graph, x: str, name: str, above: tuple[float, ...], below: tuple[float, ...]) -> str:
    """Divide one polynomial of x by another: powers 0 to 7 in a last axis, times the coefficients."""
    axis = graph.constant(f"{name} axis", np.array([2], dtype=np.int64))
    powers = graph.constant(f"{name} powers", np.arange(len(above), dtype=np.float64))
    raised = graph.add("Pow", [graph.add("Unsqueeze", [x, axis], f"{name} each"), powers], f"{name} raised")
    sums = [
        graph.add(
            "MatMul", [raised, graph.constant(f"{name} {where} coefficients", np.array(values))], f"{name} {where}"
        )
        for where, values in (("above", above), ("below", below))
    ]
    return graph.add("Div", sums, f"{name} ratio")
