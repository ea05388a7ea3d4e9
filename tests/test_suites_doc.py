"""docs/SUITES.md is true: every suite in it runs, and it lists what a server checks."""

import io
import re
from pathlib import Path

import polars as pl
import pytest
import yaml

from slipway.suites.checking import check, row_rules
from slipway.suites.compiling import PROMISES, compile_rule
from slipway.suites.rules import Rule
from slipway.suites.suite import Suite

DOC = (Path(__file__).parents[1] / "docs" / "SUITES.md").read_text()
README = (Path(__file__).parents[1] / "README.md").read_text()
SUITES = re.findall(r"```yaml\n(.*?)```", DOC, re.DOTALL)
WHERE = Path("docs/SUITES.md")
KINDS = {"Int64": "number", "String": "text", "Date": "date"}

BROKEN = {
    "customers_raw": {"C-003": 1, "C-004": 1},
    "numbers": {"C-004": 0},
    "categories": {"C-003": 0, "C-004": 2},
    "texts": {"C-003": 1, "C-004": 1},
    "dates": {"C-004": 1},
    "identifiers": {},
    "conditions": {"C-004": 1},
    "parameters": {"C-003": 1, "C-004": 1},
    "customers_clean": {},
}


@pytest.fixture(scope="module")
def table():
    [csv] = re.findall(r"```csv\n(.*?)```", DOC, re.DOTALL)
    return pl.read_csv(io.StringIO(csv)).with_columns(pl.col("last_visit").str.to_date())


def suite_of(text):
    return Suite.model_validate(yaml.safe_load(text))


def test_every_kind_of_example_is_there():
    assert [suite_of(text).name for text in SUITES] == list(BROKEN)


@pytest.mark.parametrize("text", SUITES, ids=list(BROKEN))
def test_a_suite_of_the_page_runs_and_finds_the_rows_that_it_says(text, table):
    suite = suite_of(text)
    rules = row_rules(suite, table.schema, where=WHERE)
    report = check(table, suite, where=WHERE)
    assert not [finding for finding in report.failed() if finding.num_rows is None]
    broken = {customer: 0 for customer in table["customer_id"]}
    for rule in rules:
        for customer in table.filter(rule.bad)["customer_id"]:
            broken[customer] += 1
    assert {name: count for name, count in broken.items() if count} == {
        name: count for name, count in BROKEN[suite.name].items() if count
    }


@pytest.mark.parametrize("text", SUITES, ids=list(BROKEN))
def test_what_is_about_rows_is_served(text, table):
    kinds = {name: KINDS[str(dtype)] for name, dtype in table.schema.items()}
    suite = suite_of(text)
    served = [each for each in suite.expectations if isinstance(compile_rule(each, kinds), Rule)]
    assert served == [rule.expectation for rule in row_rules(suite, table.schema, where=WHERE)]


def test_the_page_lists_exactly_what_a_server_checks():
    section = DOC.split("## What a server checks, too")[1]
    assert set(re.findall(r"`(expect_\w+)`", section)) == set(PROMISES)


def test_readme_leads_to_the_page():
    assert "(docs/SUITES.md)" in README
