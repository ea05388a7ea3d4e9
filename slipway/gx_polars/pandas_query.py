"""Conditions on rows as pandas' `query` spells them, turned into polars expressions: `age > 18 and name.notnull()`."""

import ast
import re
from typing import Any

import polars as pl

from slipway.gx_polars.columns import Table, Values

MEND = "Use comparisons, in, and, or, not, isnull() and notnull(), or Great Expectations' Column conditions."

COMPARE = {
    ast.Eq: lambda left, right: left == right,
    ast.NotEq: lambda left, right: left != right,
    ast.Lt: lambda left, right: left < right,
    ast.LtE: lambda left, right: left <= right,
    ast.Gt: lambda left, right: left > right,
    ast.GtE: lambda left, right: left >= right,
}
ARITHMETIC = {
    ast.Add: lambda left, right: left + right,
    ast.Sub: lambda left, right: left - right,
    ast.Mult: lambda left, right: left * right,
    ast.Div: lambda left, right: left / right,
    ast.FloorDiv: lambda left, right: left // right,
    ast.Mod: lambda left, right: left % right,
}


class ConditionError(ValueError):
    """A condition on rows that cannot be expressed."""


def compare(values: Values, operator: type[ast.cmpop], value: Any) -> pl.Expr:
    """Compare a column with a value; as in pandas, a missing value differs from everything and is below nothing."""
    right = values.literal(value)
    if operator in (ast.Eq, ast.NotEq):
        equal = values.is_in([right]).fill_null(False)
        return equal if operator is ast.Eq else ~equal
    return COMPARE[operator](values.comparable(), right).fill_null(False)


def parse_query(text: str, table: Table) -> pl.Expr:
    """Turn a condition into an expression that is never null.

    Raises:
        ConditionError: pandas' query could say more than this.
        ColumnNotFoundError: A name is no column.
    """
    names: list[str] = []

    def placeholder(match: re.Match[str]) -> str:
        names.append(match[1])
        return f"column_in_backticks_{len(names) - 1}"

    plain = re.sub("`([^`]+)`", placeholder, text)
    try:
        # As pandas does: & and | bind as `and` and `or` do
        tree = ast.parse(re.sub(r"(?<![&|])([&|])(?![&|])", lambda m: {"&": " and ", "|": " or "}[m[1]], plain).strip())
        [statement] = tree.body
    except (SyntaxError, ValueError):
        raise ConditionError(f"row_condition {text!r} is no condition that pandas' query reads. {MEND}") from None
    if not isinstance(statement, ast.Expr):
        raise ConditionError(f"row_condition {text!r} is no condition. {MEND}")
    return _Reader(text, names, table).condition(statement.value)


class _Reader:
    """Walks the syntax tree of one condition."""

    def __init__(self, text: str, names: list[str], table: Table) -> None:
        self.text, self.names, self.table = text, names, table

    def condition(self, node: ast.expr) -> pl.Expr:
        """Return the truth of a node."""
        match node:
            case ast.BoolOp(op, values):
                parts = [self.condition(each) for each in values]
                return pl.all_horizontal(parts) if isinstance(op, ast.And) else pl.any_horizontal(parts)
            case ast.UnaryOp(ast.Not() | ast.Invert(), operand):
                return ~self.condition(operand)
            case ast.Compare(left, operators, rights):
                lefts = [left, *rights]
                parts = [self._compare(*each) for each in zip(lefts, operators, rights, strict=False)]
                return pl.all_horizontal(parts)
            case ast.Call(ast.Attribute(owner, "isnull" | "isna"), [], []):
                return self._values(owner).expr.is_null()
            case ast.Call(ast.Attribute(owner, "notnull" | "notna"), [], []):
                return self._values(owner).expr.is_not_null()
            case ast.Name():
                return self._values(node).expr.fill_null(False)
        raise self._error(node)

    def _compare(self, left: ast.expr, operator: ast.cmpop, right: ast.expr) -> pl.Expr:
        if isinstance(operator, ast.In | ast.NotIn):
            found = self._values(left).is_in(list(self._constant(right))).fill_null(False)
            return found if isinstance(operator, ast.In) else ~found
        if type(operator) not in COMPARE:
            raise self._error(left)
        if isinstance(left, ast.Name) and self._is_constant(right):
            return compare(self._values(left), type(operator), self._constant(right))
        if isinstance(right, ast.Name) and self._is_constant(left):
            mirrored = {ast.Lt: ast.Gt, ast.Gt: ast.Lt, ast.LtE: ast.GtE, ast.GtE: ast.LtE}
            return compare(self._values(right), mirrored.get(type(operator), type(operator)), self._constant(left))
        missing = isinstance(operator, ast.NotEq)
        return COMPARE[type(operator)](self._term(left), self._term(right)).fill_null(missing)

    def _term(self, node: ast.expr) -> pl.Expr:
        match node:
            case ast.Name():
                return self._values(node).comparable()
            case ast.BinOp(left, operator, right) if type(operator) in ARITHMETIC:
                return ARITHMETIC[type(operator)](self._term(left), self._term(right))
        return pl.lit(self._constant(node))

    def _values(self, node: ast.expr) -> Values:
        if not isinstance(node, ast.Name):
            raise self._error(node)
        place = re.fullmatch(r"column_in_backticks_(\d+)", node.id)
        return self.table[self.names[int(place[1])] if place else node.id]

    def _constant(self, node: ast.expr) -> Any:
        try:
            return ast.literal_eval(node)
        except ValueError:
            raise self._error(node) from None

    def _is_constant(self, node: ast.expr) -> bool:
        return not any(isinstance(each, ast.Name | ast.Call) for each in ast.walk(node))

    def _error(self, node: ast.expr) -> ConditionError:
        return ConditionError(f"row_condition {self.text!r}: '{ast.unparse(node)}' is not supported. {MEND}")
