"""plan.json: the declared steps that still need fitting, handed from preprocess to privatize."""

from typing import Literal

from slipway.product.section import Section
from slipway.product.steps import Categories, Image, Numbers


class Plan(Section):
    """Steps for each kind of feature; which columns are of that kind stands in the schema."""

    numbers: Numbers = Numbers()
    """For columns of numbers."""

    categories: Categories = Categories()
    """For columns of categories."""

    image: Image = Image()
    """For images."""

    split_by: list[str] = []
    """What decided the part of a row, as preprocess.split.by; a mechanism must know (tasks/privatize.py)."""

    duplicates: Literal["drop", "keep"] = "drop"
    """What was done to exact copies of a row."""
