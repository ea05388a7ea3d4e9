"""The line's first stages called as functions, without DVC, for benchmarks that need rows to learn from."""

from pathlib import Path

from slipway.product.params import Params
from tasks.augment import augment
from tasks.ingest import ingest
from tasks.preprocess import preprocess
from tasks.privatize import privatize
from tasks.validate import validate


def prepare(product: Path, params: Params, data: Path) -> None:
    """Run ingest to augment, each into a folder of `data`; nothing, where they are there."""
    if (data / "augment").exists():
        return
    ingest(product / "source", data / "ingest", params.ingest, params.product)
    validate(data / "ingest", product / "raw.suite.yaml", data / "validate", params.validate_)
    preprocess(data / "validate", product / "clean.suite.yaml", data / "preprocess", params.preprocess)
    privatize(data / "preprocess", data / "privatize", params.privatize)
    augment(data / "privatize", data / "augment", params.augment)
