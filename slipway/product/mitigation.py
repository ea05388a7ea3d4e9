"""What makes the groups of a sensitive column more alike after training (`evaluate.mitigation`)."""

from typing import Literal

from pydantic import Field

from slipway.product.section import Section

Constraint = Literal["demographic_parity", "equal_opportunity", "equalized_odds"]
"""What is alike for all groups: the share of rows given the second class, or that share among the rows that have it
(equal opportunity), or among those that have it and those that have not (equalized odds; Hardt et al. 2016).
"""


class Mitigation(Section):
    """A threshold for each group of a sensitive column, fitted on the validation rows after training."""

    name: Literal["group_thresholds"] = "group_thresholds"
    """How groups are made more alike."""

    column: str
    """A sensitive column that is an input of the model: a server must know the group of a record."""

    constraint: Constraint
    """The rates that are alike for all groups."""

    max_difference: float = Field(default=0.02, ge=0, le=1)
    """The largest difference of a rate between two groups that is allowed on the validation rows."""

    min_rows: int = Field(default=30, ge=1)
    """Validation rows of a group behind each of its rates; one with fewer keeps the common threshold."""
