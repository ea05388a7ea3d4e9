"""`train.start`: weights of another training that a network begins with, and how they are treated."""

from typing import Literal, Self

from pydantic import Field, model_validator

from slipway.product.section import Section
from slipway.product.sha256 import Sha256


class Start(Section):
    """Weights of another training, taken layer by layer where name and shape fit."""

    file: str = Field(min_length=1)
    """A safetensors file, named from the project's folder: data/OTHER/train/model.safetensors."""

    sha256: Sha256
    """Of that file. One that has changed is an error; to write its new hash here trains again."""

    freeze: Literal["taken"] | list[str] = []
    """What stays as it is: taken, or names of weights, or what such names begin with (0, layers.1)."""

    thaw_after_epochs: int | None = Field(default=None, ge=1)
    """Epochs after which frozen weights learn, too; null is never."""

    lr_factor: float = Field(default=1.0, gt=0, le=1)
    """What the learning rate of the weights that were taken is multiplied by."""

    @model_validator(mode="after")
    def _thaws_what_is_frozen(self) -> Self:
        if self.thaw_after_epochs is not None and not self.freeze:
            raise ValueError("thaw_after_epochs needs freeze: nothing is frozen")
        return self
