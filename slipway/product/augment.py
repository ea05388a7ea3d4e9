"""The `augment` section: balancing of rows now, and the policy that train applies on the fly."""

from typing import Annotated, Literal

from pydantic import Field

from slipway.product.section import Section

Chance = Annotated[float, Field(ge=0, le=1)]

FOR_IMAGES = ("flip", "shift_pixels", "rotate_degrees", "zoom", "crop", "erase")
FOR_TEXTS = ("token_drop", "token_swap")
FOR_NUMBERS = ("noise", "mixup")
"""What a policy may ask of rows of each kind; noise and mixup are for tables and images alike."""

BEFORE = "before"
"""Within the folders of augment and train: what would be there without `reweigh`."""


class Policy(Section):
    """What train does to each batch, on the device; saved as policy.json."""

    flip: bool = False
    """Mirror images left to right with probability one half (wrong for digits and letters)."""

    shift_pixels: int = Field(default=0, ge=0, le=64)
    """Move images by up to so many pixels in each direction; their border is repeated."""

    rotate_degrees: float = Field(default=0, ge=0, le=180)
    """Turn images by up to so many degrees either way."""

    zoom: float = Field(default=0, ge=0, lt=1)
    """Enlarge or shrink images by up to this share: 0.1 is between 0.9 and 1.1 times."""

    crop: float = Field(default=1, gt=0, le=1)
    """Cut a window out of an image and stretch it to the whole; its sides are at least this share of the image's."""

    erase: float = Field(default=0, ge=0, lt=1)
    """Blank a rectangle of each image, its sides up to this share of the image's."""

    noise: float = Field(default=0, ge=0, le=10)
    """Standard deviation of Gaussian noise on scaled features, of numbers and pixels alike."""

    mixup: float = Field(default=0, ge=0, le=10)
    """Blend each row and its target with another row's, by a share from Beta(mixup, mixup) (Zhang et al. 2018)."""

    token_drop: Chance = 0
    """Probability with which a token of a text is left out."""

    token_swap: Chance = 0
    """Probability with which a token changes places with the next one."""

    @property
    def changes_images(self) -> bool:
        """Whether an image alone is changed: mixup needs another one."""
        return any(name in self.asked for name in (*FOR_IMAGES, "noise"))

    @property
    def asked(self) -> list[str]:
        """What it does, by the names of its fields."""
        return [name for name, field in type(self).model_fields.items() if getattr(self, name) != field.default]


class Augment(Section):
    """Balancing and augmentation."""

    balance: Literal["none", "oversample", "smote"] = "none"
    """Until all classes are as frequent: oversample repeats rows of rarer classes; smote makes rows between
    neighbours of a class (Chawla et al. 2002), for tables. train.class_weights weighs rows instead."""

    neighbours: int = Field(default=5, ge=1, le=100)
    """Nearest rows of its class, one of which smote goes towards."""

    reweigh: str | None = None
    """A sensitive column, of whose groups (numbers in quarters) the class is made independent: rows of a group and
    class that are rarer together than apart are repeated, others left out (Kamiran and Calders 2012). train then
    learns twice, with and without, and evaluate compares the two."""

    policy: Policy = Policy()
    """What train applies on the fly."""
