"""Metrics as generators that advance in rounds, so that the queries of all of them run as few, fused ones.

A metric yields what it needs to know and gets it back:

    answer = yield {"mean": pl.col("x").mean(), "distinct": Apart(pl.col("x").n_unique())}
    frame = yield Query(lambda rows: rows.filter(pl.col("x") > answer["mean"]).head(20))

In each round all aggregates are one streaming select, each heavy one a query that reads only its columns, and
each frame a query of its own. The first round answers every expectation that holds.
"""

import re
from collections.abc import Callable, Generator, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from slipway.gx_polars.batch import Rows
from slipway.gx_polars.columns import try_out


@dataclass(frozen=True)
class Apart:
    """An aggregate that the streaming engine cannot reduce as it reads: n_unique, a quantile, a shift.

    In the fused select it would make the plan buffer every column (2.4 GB instead of 0.8 at 10 million rows).
    """

    expr: pl.Expr


@dataclass(frozen=True)
class Query:
    """A frame that is made of the rows.

    Attributes:
        make: From the table's rows to what is collected.
        key: Queries of equal keys over one table run once.
    """

    make: Callable[[pl.LazyFrame], pl.LazyFrame]
    key: Hashable = None


FAILURES = (
    pl.exceptions.PolarsError,
    ArithmeticError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
    re.error,
)
"""What a metric may fail with, within a query or around it; it takes no other metric with it."""

Aggregates = dict[str, pl.Expr | Apart]
Metric = Generator[Aggregates | Query, Any, Any]


@dataclass
class Running:
    """One metric between two rounds."""

    name: Any
    rows: Rows
    steps: Metric
    needs: Aggregates | Query


@dataclass
class Outcome:
    """What has been computed, and what could not be."""

    values: dict[Any, Any] = field(default_factory=dict)
    errors: dict[Any, Exception] = field(default_factory=dict)


class Round:
    """The queries of one round over one table; each distinct question is asked once."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        self.fused: dict[bytes | int, pl.Expr] = {}
        self.apart: dict[bytes | int, pl.Expr] = {}
        self.frames: dict[Hashable, Query] = {}
        self.answers: dict[Hashable, Any] = {}
        self.keys: dict[int, bytes | int] = {}  # one that holds a Python function may serialise to other bytes later

    def add(self, needs: Aggregates | Query) -> None:
        """Note what a metric needs."""
        if isinstance(needs, Query):
            self.frames[_key(needs)] = needs
            return
        for each in needs.values():
            expr, where = (each.expr, self.apart) if isinstance(each, Apart) else (each, self.fused)
            key = self.keys[id(expr)] = signature(expr)
            where[key] = expr

    def answer(self, needs: Aggregates | Query) -> Any:
        """Return what was needed; a query that failed gives its exception."""
        if isinstance(needs, Query):
            return self.answers[_key(needs)]
        exprs = {name: each.expr if isinstance(each, Apart) else each for name, each in needs.items()}
        answers = {name: self.answers[self.keys[id(expr)]] for name, expr in exprs.items()}
        return next((value for value in answers.values() if isinstance(value, Exception)), answers)

    def run(self) -> None:
        """Run the fused select (which also performs pending writes), the heavy aggregates, the frames."""
        self._refuse_wrong_types()
        self._run_fused()
        groups: dict[tuple[str, ...], dict[bytes | int, pl.Expr]] = {}
        for key, expr in self.apart.items():
            groups.setdefault(tuple(sorted(expr.meta.root_names())), {})[key] = expr
        for group in groups.values():
            self._select(group, self.rows.source.rows)
        for name, query in self.frames.items():
            self.answers[name] = _collect(query.make(self.rows.source.rows))

    def _refuse_wrong_types(self) -> None:
        """Try each aggregate on one row of nulls: what its types forbid must not stop the others' query."""
        for exprs in (self.fused, self.apart):
            for key, expr in list(exprs.items()):
                try:
                    try_out(expr, self.rows.table)
                except FAILURES as error:
                    self.answers[key] = error
                    del exprs[key]

    def _run_fused(self) -> None:
        source, written = self.rows.source, self.rows.source.counted
        self.answers.update({key: source.known[key] for key in self.fused if key in source.known})
        now = {key: expr for key, expr in self.fused.items() if key not in written and key not in source.known}
        if now or source.sinks:
            self._run_with_sinks(now)
        for rows in {id(each): each for each in written.values()}.values():
            later = {
                key: expr for key, expr in self.fused.items() if key not in source.known and written.get(key) is rows
            }
            if later:
                self._select(later, rows)

    def _run_with_sinks(self, group: dict[bytes | int, pl.Expr]) -> None:
        source = self.rows.source
        pending, selects = list(source.sinks), [_named(source.rows, group)] if group else []
        try:
            frames = pl.collect_all([*pending, *selects], engine="streaming")[len(pending) :]
        except FAILURES:
            source.finish()  # raises what made a write fail
            for key, expr in group.items():
                self._select({key: expr}, source.rows)
            return
        for frame in frames:
            self.answers.update(zip(group, frame.row(0), strict=True))
        if pending:
            source.done()

    def _select(self, group: dict[bytes | int, pl.Expr], rows: pl.LazyFrame) -> None:
        found = _collect(_named(rows, group))
        values = [found] * len(group) if isinstance(found, Exception) else found.row(0)
        self.answers.update(zip(group, values, strict=True))


def run_rounds(running: Sequence[Running], outcome: Outcome) -> None:
    """Advance the metrics together until each has returned or failed."""
    live = list(running)
    while live:
        rounds: dict[int, Round] = {}
        for metric in live:
            rounds.setdefault(id(metric.rows), Round(metric.rows)).add(metric.needs)
        for each in rounds.values():
            each.run()
        live = [metric for metric in live if _advance(metric, rounds[id(metric.rows)].answer(metric.needs), outcome)]


def _advance(metric: Running, answer: Any, outcome: Outcome) -> bool:
    """Hand a metric its answer; False once it is done."""
    if isinstance(answer, Exception):
        outcome.errors[metric.name] = answer
        return False
    return step(metric, answer, outcome)


def step(metric: Running, answer: Any, outcome: Outcome) -> bool:
    """Run a metric to its next need; False once it is done."""
    try:
        metric.needs = metric.steps.send(answer)
    except StopIteration as stop:
        outcome.values[metric.name] = stop.value
        return False
    except FAILURES as error:
        outcome.errors[metric.name] = error
        return False
    return True


PYTHON_FUNCTION = b"PLPYFN"  # polars' mark; pickled twice, one function need not give the same bytes


def signature(expr: pl.Expr) -> bytes | int:
    """Return what equal expressions share; one that holds a Python function equals itself alone."""
    try:
        content = expr.meta.serialize()
        return id(expr) if PYTHON_FUNCTION in content else content
    except (pl.exceptions.ComputeError, ModuleNotFoundError):
        return id(expr)


def _key(query: Query) -> Hashable:
    return id(query) if query.key is None else query.key


def _named(rows: pl.LazyFrame, group: dict[bytes | int, pl.Expr]) -> pl.LazyFrame:
    return rows.select(expr.alias(f"answer_{place}") for place, expr in enumerate(group.values()))


def _collect(rows: pl.LazyFrame) -> Any:
    """Return a frame, or what its query raised, also from within a Python function."""
    try:
        return rows.collect(engine="streaming")
    except FAILURES as error:
        return error
