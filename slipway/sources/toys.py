"""scikit-learn's toy sets: `sklearn:NAME`."""

import difflib

import numpy as np
import polars as pl

from slipway.errors import ParamsError
from slipway.sources.workplace import Opened

SKLEARN = ("breast_cancer", "diabetes", "digits", "iris", "wine")


def open_sklearn(name: str, *, pinned: bool) -> Opened:
    """Build one of the sets; the import costs a second, so it is made here."""
    if name not in SKLEARN:
        near = difflib.get_close_matches(name, SKLEARN, n=1)
        hint = f"did you mean '{near[0]}'? " if near else ""
        raise ParamsError(f"ingest.source 'sklearn:{name}' is unknown: {hint}allowed: {', '.join(SKLEARN)}")
    if pinned:
        raise ParamsError(f"ingest.source 'sklearn:{name}' is no file: remove its sha256")
    import sklearn.datasets

    data = getattr(sklearn.datasets, f"load_{name}")()
    labels = pl.Series("target", data.target)
    origin: dict[str, str | int | None] = {"file": f"sklearn:{name}"}
    if name == "digits":
        images = data.images.astype(np.uint8)  # [N, 8, 8] in 0..16
        frame = pl.DataFrame({"image": [image.tobytes() for image in images], "target": labels.cast(pl.String)})
        return Opened(frame.lazy(), (8, 8, 1), origin=origin)
    if name != "diabetes":  # a regression; the others number their classes
        labels = pl.Series("target", [str(data.target_names[label]) for label in data.target])
    frame = pl.DataFrame(dict(zip(map(str, data.feature_names), data.data.T, strict=True))).with_columns(labels)
    return Opened(frame.lazy(), origin=origin)
