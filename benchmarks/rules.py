"""What one record costs at the row rules of a server: `python benchmarks/rules.py`.

A suite of 26 expectations over 15 columns, of every kind that a record can be judged by, compiled once. The
peer judges the same record by validate's own expressions in polars, in the same run.
"""

import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import polars as pl

from slipway.gx_polars.row_rules import row_rule
from slipway.suites.compiling import compile_rule
from slipway.suites.rules import Kind, RowRules, Rule
from slipway.suites.suite import Expectation

ROUNDS = 21
KINDS: dict[str, Kind] = {
    **dict.fromkeys(["age", "income", "visits", "paid", "discount", "total", "low", "high", "score"], "number"),
    **dict.fromkeys(["email", "country", "phone", "iban", "plan"], "text"),
    "since": "date",
}
RECORD = {
    **{"age": 44, "income": 51_000.0, "visits": 12, "paid": 80.0, "discount": 20.0, "total": 100.0},
    **{"low": 1.0, "high": 2.0, "score": 0.7, "since": "2021-03-04"},
    **{"email": "ada@example.org", "country": "NL", "phone": "+31 20 123 45 67", "iban": "NL91ABNA0417164300"},
    "plan": "monthly",
}


def column(name: str, column: str, **kwargs: Any) -> tuple[str, dict[str, Any]]:
    """Return an expectation about one column."""
    return f"column_{name}", {"column": column, **kwargs}


SUITE = [
    *(column("values_to_not_be_null", name) for name in ("age", "email", "country", "since", "plan")),
    column("values_to_be_between", "age", min_value=0, max_value=120),
    column("values_to_be_between", "income", min_value=0, strict_min=True),
    column("values_to_be_between", "visits", min_value=0, max_value=10_000),
    column("values_to_be_between", "score", min_value=0, max_value=1),
    column("values_to_be_between", "since", min_value="2000-01-01", max_value="2100-01-01"),
    column("values_to_be_in_set", "country", value_set=["NL", "BE", "DE", "FR", "LU"]),
    column("values_to_be_in_set", "plan", value_set=["monthly", "yearly", "none"]),
    column("values_to_not_be_in_set", "email", value_set=["test@example.org", "none"]),
    column("values_to_match_regex", "email", regex=r"^[^@\s]+@[^@\s]+\.[a-z]+$"),
    column("values_to_match_regex", "iban", regex=r"^[A-Z]{2}\d{2}[A-Z0-9]+$"),
    column("values_to_not_match_regex", "phone", regex="[a-z]"),
    column("values_to_match_regex_list", "phone", regex_list=[r"^\+", r"^00"]),
    column("values_to_match_like_pattern", "iban", like_pattern="__91%"),
    column("value_lengths_to_be_between", "iban", min_value=15, max_value=34),
    column("value_lengths_to_equal", "country", value=2),
    column("values_to_match_regex", "phone", regex=r"\d"),
    ("column_pair_values_a_to_be_greater_than_b", {"column_A": "high", "column_B": "low"}),
    (
        "column_pair_values_to_be_in_set",
        {"column_A": "country", "column_B": "plan", "value_pairs_set": [["NL", "monthly"]]},
    ),
    ("multicolumn_sum_to_equal", {"column_list": ["paid", "discount", "total"], "sum_total": 200}),
    ("select_column_values_to_be_unique_within_record", {"column_list": ["email", "phone", "iban"]}),
    column(
        "values_to_be_between",
        "income",
        min_value=1000,
        row_condition={"type": "comparison", "column": {"name": "age"}, "operator": ">", "parameter": 18},
    ),
]  # fmt: skip


def cpu_us(call: Callable[[], Any], repeats: int) -> float:
    """Return the median CPU microseconds of a call, over ROUNDS rounds of `repeats` calls."""
    rounds = []
    for _ in range(ROUNDS):
        start = time.process_time()
        for _ in range(repeats):
            call()
        rounds.append((time.process_time() - start) / repeats * 1e6)
    return statistics.median(rounds)


def import_ms(module: str) -> tuple[float, bool]:
    """Return the CPU milliseconds of importing a module, and whether that loads GX or polars."""
    code = (
        "import time, sys; start = time.process_time()\n"
        f"import {module}\n"
        "print(time.process_time() - start, bool({'great_expectations', 'polars'} & set(sys.modules)))"
    )
    answers = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True) for _ in range(7)
    ]
    parts = [one.stdout.split() for one in answers]
    return statistics.median(float(seconds) for seconds, _ in parts) * 1000, parts[0][1] == "True"


def main() -> None:
    """Print the table."""
    suite = [Expectation(type=f"expect_{name}", kwargs=kwargs, severity="warning") for name, kwargs in SUITE]
    rules = [compile_rule(each, KINDS) for each in suite]
    served = [rule for rule in rules if isinstance(rule, Rule)]
    assert len(served) == 26, [rule for rule in rules if rule not in served]
    judge = RowRules(served)
    assert judge.broken(RECORD) == [], judge.broken(RECORD)
    table = pl.DataFrame([RECORD]).with_columns(pl.col("since").str.to_date())
    bad = [row_rule(each.type, each.kwargs, table.schema).alias(str(n)) for n, each in enumerate(suite)]  # type: ignore[union-attr]
    assert not any(table.select(bad).row(0))
    ours, compiled = cpu_us(lambda: judge.broken(RECORD), 500), cpu_us(lambda: RowRules(served), 20)
    late = cpu_us(lambda: RowRules(served).broken(RECORD), 20)
    polars = cpu_us(lambda: table.select(bad), 20)
    milliseconds, is_heavy = import_ms("slipway.suites.rules")
    print("| 26 expectations, 15 columns | CPU |")
    print("|---|---|")
    print(f"| one record through the compiled rules (must be: at most 500 us) | {ours:.1f} us |")
    print(f"| compiling them, once a bundle | {compiled:.0f} us |")
    print(f"| compiling them for every record instead | {late:.0f} us |")
    ratio = f"{polars:.0f} us, {polars / ours:.0f} times ours"
    print(f"| the same record through validate's expressions in polars | {ratio} |")
    print(f"| import slipway.suites.rules{' (loads GX or polars!)' if is_heavy else ''} | {milliseconds:.0f} ms |")


if __name__ == "__main__":
    main()
