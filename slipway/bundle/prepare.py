"""prepare.json: the row-wise cleaning of preprocess that ONNX cannot express, done in plain Python for one record.

It must equal the polars cleaning of preprocess, value by value; otherwise a server would feed the
model what it was never trained on. tests/slipway/bundle/test_prepare.py compares the two.
"""

import math
import re
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from slipway.errors import BundleError
from slipway.files import write_text
from slipway.product.section import Section
from slipway.suites.rules import as_text

PREPARE = "prepare.json"

# Unicode's White_Space, which polars strips; str.strip() alone would also take the separators \x1c to \x1f.
WHITE_SPACE = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)

# What polars casts to Float64; float() alone would also take "1_000" and digits of other scripts.
NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


class Prepare(Section):
    """The declared cleaning of one value."""

    missing: list[str] = []
    """Texts that mean a missing value."""

    trim: bool = True
    """Whether white space around texts is removed first."""

    types: dict[str, Literal["number", "category"]] = {}
    """Columns that are coerced."""

    def clean(self, column: str, value: Any) -> Any:
        """Return the value as preprocess would; None is missing.

        Args:
            column: name of the column.
            value: text, number, boolean, bytes or None.
        """
        if isinstance(value, str):
            text = value.strip(WHITE_SPACE) if self.trim else value
            if text in self.missing:
                return None
            return number_of(text) if self.types.get(column) == "number" else text
        if isinstance(value, int | float) and self.types.get(column) == "category":
            return as_text(value)
        return value

    def write(self, folder: Path) -> None:
        """Write prepare.json into a bundle's folder."""
        write_text(folder / PREPARE, self.model_dump_json(indent=1) + "\n")


def number_of(text: str) -> float | None:
    """Return the number that a text holds; None where it holds none, or none that is finite.

    >>> number_of("-1.5e3"), number_of("1_000"), number_of("1e999"), number_of("nan")
    (-1500.0, None, None, None)
    """
    number = float(text) if NUMBER.fullmatch(text) else math.inf
    return number if math.isfinite(number) else None


def parse_prepare(content: bytes) -> Prepare:
    """Read the bytes of prepare.json.

    Raises:
        BundleError: it holds something else.
    """
    try:
        return Prepare.model_validate_json(content)
    except ValidationError as error:
        first = error.errors()[0]
        raise BundleError(f"{PREPARE}: {first['loc']} {first['msg']}: package the model again") from None
