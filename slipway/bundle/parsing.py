"""Reads the bytes of a bundle's JSON file, and says what is wrong with it in one line."""

from typing import TypeVar

from pydantic import ValidationError

from slipway.errors import BundleError
from slipway.product.section import Section

Content = TypeVar("Content", bound=Section)


def parse(content: bytes, model: type[Content], *, name: str) -> Content:
    """Read what a file of this name holds.

    Raises:
        BundleError: It holds something else.
    """
    try:
        return model.model_validate_json(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BundleError(f"{name}: {where} {first['msg']}: package the model again") from None
