"""A SHA-256 that params.yaml states, of a file that must not change unseen."""

import re
from typing import Annotated

from pydantic import AfterValidator, WithJsonSchema

DIGITS = "^[0-9a-f]{64}$"


def _as_printed(text: str) -> str:
    if re.fullmatch(DIGITS, text) is None:
        raise ValueError("must be 64 hexadecimal digits, as sha256sum prints them, in lower case")
    return text


Sha256 = Annotated[str, AfterValidator(_as_printed), WithJsonSchema({"type": "string", "pattern": DIGITS})]
