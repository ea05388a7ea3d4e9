"""A subject of evaluate made by hand: a network that anybody can compute, and rows that are told."""

import numpy as np
import polars as pl
import torch
from torch import nn

from slipway.judging.decision import Decision
from slipway.judging.subject import Subject
from slipway.product.product import Product
from slipway.tables.plan import Plan
from slipway.tables.schema import Column, Schema
from slipway.transform.fitting import fit_transform


class Answer(nn.Module):
    """Answers with what a function makes of the features."""

    def __init__(self, function) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.function(x)


def subject_of(
    rows: pl.DataFrame, answer, *, kind: str = "tabular", classes: list[str] | None = None, **more
) -> Subject:
    """Make a subject: the first half of the rows are the training rows, the others the test rows.

    Args:
        rows: The features and the target `y`.
        answer: From features to logits [N, C], or values [N].
        kind: Of the product.
        classes: None for a regression.
        more: `task`, `label_delimiter` of the product, `image_shape` of the schema.
    """
    shape = more.pop("image_shape", None)
    task = more.pop("task", "classification" if classes else "regression")
    product = Product(kind=kind, task=task, target="y", classes=classes, seed=3, **more)
    columns = [
        Column(name=name, dtype=str(dtype), kind="text" if kind == "texts" and name != "y" else None)
        for name, dtype in rows.schema.items()
    ]
    schema = Schema(product=product, columns=columns, classes=classes, image_shape=shape)
    rows = rows.with_columns(pl.Series("_id", range(rows.height), dtype=pl.UInt32))
    train, test = rows[: rows.height // 2], rows[rows.height // 2 :]
    transform, _ = fit_transform(train, schema, Plan())
    return Subject(Answer(answer), transform, schema, train.lazy(), {"validation": train, "test": test})


def decision_of(subject: Subject) -> Decision:
    """Return a decision without a temperature."""
    labels = subject.schema.product.task == "multilabel"
    return Decision(classes=subject.schema.classes, has_labels=labels)


def numbers(num_rows: int = 200, *, seed: int = 0) -> pl.DataFrame:
    """Return two numbers and a class that the first of them tells, mostly."""
    random = np.random.default_rng(seed)
    a, b = random.normal(size=(2, num_rows))
    y = np.where(a + random.normal(size=num_rows) / 2 > 0, "yes", "no")
    return pl.DataFrame({"a": a, "b": b, "y": y})
