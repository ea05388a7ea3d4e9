"""Small subjects of judging, made by hand: a network with known weights, and rows that it is asked about."""

import numpy as np
import polars as pl
import torch
from torch import nn

from slipway.judging.subject import Subject
from slipway.product.product import Product
from slipway.tables.schema import Column, Schema
from slipway.transform.fitted import Category, Number, Pixels, Transform

SEED = 3
COLOURS = ["blue", "green", "red"]


def table(num_rows: int, *, seed: int = 0, regression: bool = False) -> pl.DataFrame:
    """Rows whose target follows from `size` and, less, from `colour`; `noise` tells nothing."""
    random = np.random.default_rng(seed)
    size, noise = random.normal(size=num_rows), random.normal(size=num_rows)
    colour = random.choice(COLOURS, num_rows)
    value = 2 * size + (colour == "red")
    target = value if regression else np.where(value + random.normal(size=num_rows) / 4 > 0, "yes", "no")
    frame = pl.DataFrame({"size": size, "noise": noise, "colour": colour, "y": target})
    return frame.with_row_index("_id")


def transform() -> Transform:
    """Two numbers as they are, and a category as three features."""
    numbers = [Number(column="size", impute=0, indicator=True), Number(column="noise", impute=0)]
    return Transform(numbers=numbers, categories=[Category(column="colour", values=COLOURS)])


def linear(weights: list[float], *, of_classes: bool = True) -> nn.Module:
    """Logits 0 and w x of two classes, or the value w x."""
    layer = nn.Linear(len(weights), 2 if of_classes else 1, bias=False)
    rows = [[0.0] * len(weights), weights] if of_classes else [weights]
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(rows))
    return layer.eval() if of_classes else nn.Sequential(layer, nn.Flatten(0)).eval()


WEIGHTS = [2.0, 0.0, 0.0, 0.0, 0.0, 1.0]
"""Of size, noise, whether size was missing, and the three colours."""


def subject(
    network: nn.Module | None = None,
    *,
    num_rows: int = 200,
    regression: bool = False,
    is_private: bool = False,
    test: pl.DataFrame | None = None,
) -> Subject:
    """The linear model that knows how targets follow from rows, or another network, and its rows."""
    classes = None if regression else ["no", "yes"]
    product = {"kind": "tabular", "task": "regression" if regression else "classification", "target": "y"}
    schema = Schema(
        product=Product.model_validate({**product, "classes": classes, "seed": SEED}),
        columns=[
            *(Column(name=name, dtype="Float64") for name in ("size", "noise")),
            Column(name="colour", dtype="String"),
            Column(name="y", dtype="Float64" if regression else "String"),
        ],
        classes=classes,
    )
    rows = table(num_rows, seed=2, regression=regression) if test is None else test
    frames = {"validation": table(40, seed=1, regression=regression), "test": rows}
    asked = network or linear(WEIGHTS, of_classes=not regression)
    return Subject(asked, transform(), schema, table(100, regression=regression).lazy(), frames, is_private)


def image_subject(*, is_private: bool = False) -> Subject:
    """Grey images of 8 x 8 pixels, whose upper left corner alone tells the class."""
    random = np.random.default_rng(0)
    pixels = random.integers(0, 255, (120, 8, 8, 1), dtype=np.uint8)
    target = np.where(pixels[:, :2, :2].mean(axis=(1, 2, 3)) > 127, "yes", "no")
    frame = pl.DataFrame({"image": [each.tobytes() for each in pixels], "y": target}).with_row_index("_id")
    network = nn.Sequential(nn.Flatten(), nn.Linear(64, 2))
    with torch.no_grad():
        weights = torch.zeros(8, 8)
        weights[:2, :2] = 6.0
        network[1].weight.copy_(torch.stack([torch.zeros(64), weights.ravel()]))
        network[1].bias.copy_(torch.tensor([0.0, -12.0]))
    schema = Schema(
        product=Product(kind="images", target="y", classes=["no", "yes"], seed=SEED),
        columns=[Column(name="image", dtype="Binary"), Column(name="y", dtype="String")],
        classes=["no", "yes"],
        image_shape=(8, 8, 1),
    )
    step = Transform(image=Pixels(column="image", shape=(8, 8, 1), max_value=255, center=0, scale=1))
    frames = {"validation": frame, "test": frame}
    return Subject(network.eval(), step, schema, frame.lazy(), frames, is_private)
