"""Images in a table: a Binary column of height x width x channels bytes."""

import numpy as np
import numpy.typing as npt
import polars as pl


def image_array(column: pl.Series, shape: tuple[int, int, int]) -> npt.NDArray[np.uint8]:
    """Turn a Binary column into uint8 [N, height, width, channels]."""
    data = b"".join(column.to_list())
    return np.frombuffer(data, dtype=np.uint8).reshape(len(column), *shape)
