"""Row conditions of rules.json: which records a rule is about, as Great Expectations' Column conditions say it."""

from collections.abc import Callable, Mapping
from datetime import datetime
from operator import eq, ge, gt, le, lt, ne
from typing import Annotated, Any, Literal

from pydantic import Field

from slipway.product.section import Section

Applies = Callable[[Mapping[str, Any]], bool]
"""Takes the record's values by column, missing ones as None; says whether the rule is about it."""

ORDER = {"<": lt, "<=": le, ">": gt, ">=": ge}


class Comparison(Section):
    """A column's value compared with a constant, or looked up in a list.

    A missing value is unequal to everything and not in any list, so `!=` and `NOT_IN` hold of it.
    """

    name: Literal["comparison"]

    column: str
    """The column."""

    operator: Literal["==", "!=", "<", "<=", ">", ">=", "IN", "NOT_IN"]
    """How it is compared."""

    parameter: bool | int | float | str | list[int | float | str]
    """With what."""

    is_date: bool = False
    """Whether the parameter is a date in ISO 8601."""

    def compiled(self) -> Applies:
        """Return the test of a record."""
        column, parameter = self.column, self._constant()
        if isinstance(parameter, list):
            values, wanted = frozenset(parameter), self.operator == "IN"
            return lambda record: (record[column] in values) == wanted
        if self.operator in ORDER:
            order = ORDER[self.operator]
            return lambda record: record[column] is not None and order(record[column], parameter)
        same = eq if self.operator == "==" else ne
        return lambda record: same(record[column], parameter)

    def columns(self) -> list[str]:
        """Return the columns that it looks at."""
        return [self.column]

    def __str__(self) -> str:
        """Say it as people do."""
        words = {"==": "is", "!=": "is not", "IN": "is one of", "NOT_IN": "is none of"}
        return f"{self.column} {words.get(self.operator, self.operator)} {self.parameter!r}"

    def _constant(self) -> Any:
        return datetime.fromisoformat(str(self.parameter)) if self.is_date else self.parameter


class Nullity(Section):
    """A column's value is missing, or is there."""

    name: Literal["nullity"]

    column: str
    """The column."""

    is_null: bool
    """Which of the two."""

    def compiled(self) -> Applies:
        """Return the test of a record."""
        column, is_null = self.column, self.is_null
        return lambda record: (record[column] is None) == is_null

    def columns(self) -> list[str]:
        """Return the columns that it looks at."""
        return [self.column]

    def __str__(self) -> str:
        """Say it as people do."""
        return f"{self.column} is {'missing' if self.is_null else 'there'}"


class Several(Section):
    """Conditions that must all hold, or of which one must."""

    name: Literal["and", "or"]

    conditions: list["Condition"]
    """The conditions."""

    def compiled(self) -> Applies:
        """Return the test of a record."""
        tests = [each.compiled() for each in self.conditions]
        if self.name == "and":
            return lambda record: all(test(record) for test in tests)
        return lambda record: any(test(record) for test in tests)

    def columns(self) -> list[str]:
        """Return the columns that it looks at."""
        return [column for each in self.conditions for column in each.columns()]

    def __str__(self) -> str:
        """Say it as people do."""
        return f" {self.name} ".join(
            f"({each})" if isinstance(each, Several) else str(each) for each in self.conditions
        )


Condition = Annotated[Comparison | Nullity | Several, Field(discriminator="name")]

Several.model_rebuild()
