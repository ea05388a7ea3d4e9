"""Suite files: read strictly."""

import pytest

from slipway.errors import ParamsError
from slipway.suites.suite import Expectation, read_suite

GOOD = """
name: people
expectations:
  - {type: expect_column_values_to_not_be_null, kwargs: {column: age}, severity: warning}
"""


def test_a_suite_is_read_in_order(tmp_path):
    (tmp_path / "raw.suite.yaml").write_text(GOOD)
    suite = read_suite(tmp_path / "raw.suite.yaml")
    assert [each.type for each in suite.expectations] == ["expect_column_values_to_not_be_null"]
    assert suite.expectations[0].severity == "warning"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "does not exist"),
        ("a: [", "is no YAML"),
        (GOOD.replace(", severity: warning", ""), r"expectations\.0\.severity is missing"),
        (GOOD.replace("warning", "mild"), "'mild'"),
        (GOOD.replace("kwargs", "kwarg"), "did you mean 'kwargs'"),
        ("name: people\nexpectations: []\n", "at least 1"),
    ],
)
def test_a_wrong_suite_is_named_with_its_file(tmp_path, content, message):
    path = tmp_path / "raw.suite.yaml"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ParamsError, match=message) as error:
        read_suite(path)
    assert "raw.suite.yaml" in str(error.value)


PARAMETERS = """
name: people
parameters: {oldest: 120, towns: [Bonn, Graz]}
expectations:
  - type: expect_column_values_to_be_between
    kwargs: {column: age, max_value: {$PARAMETER: oldest}}
    severity: warning
  - type: expect_column_values_to_be_in_set
    kwargs: {column: town, value_set: {$PARAMETER: towns}}
    severity: warning
"""


def test_parameters_stand_for_their_values(tmp_path):
    (tmp_path / "raw.suite.yaml").write_text(PARAMETERS)
    first, second = read_suite(tmp_path / "raw.suite.yaml").expectations
    assert first.kwargs == {"column": "age", "max_value": 120}
    assert second.kwargs["value_set"] == ["Bonn", "Graz"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (PARAMETERS.replace("PARAMETER: oldest", "PARAMETER: older"), "'older' has no value; parameters gives oldest"),
        (PARAMETERS.replace("{oldest: 120,", "{oldest: 120, youngest: 0,"), r"\['youngest'\] stand for nothing"),
    ],
)
def test_a_parameter_without_a_value_or_a_use_is_an_error(tmp_path, content, message):
    (tmp_path / "raw.suite.yaml").write_text(content)
    with pytest.raises(ParamsError, match=message):
        read_suite(tmp_path / "raw.suite.yaml")


def test_titles_of_rules_under_long_conditions_differ_where_the_conditions_do():
    def title(country):
        column = {"type": "column", "name": "country_of_birth_as_it_was_called_in_those_days"}
        kwargs = {
            "column": "age",
            "row_condition": {"type": "comparison", "column": column, "operator": "==", "parameter": country},
        }
        return Expectation(type="expect_column_values_to_not_be_null", kwargs=kwargs, severity="warning").title

    assert title("France") != title("Norway")
    assert len(title("France")) < 190


def test_titles_say_what_is_expected_of_what():
    pair = Expectation(
        type="expect_column_pair_values_to_be_equal", kwargs={"column_A": "a", "column_B": "b"}, severity="info"
    )
    assert pair.title == "a, b: pair_values_to_be_equal()"
    table = Expectation(type="expect_table_row_count_to_equal", kwargs={"value": 3}, severity="critical")
    assert table.title == "table_row_count_to_equal(value=3)"
    exists = Expectation(type="expect_column_to_exist", kwargs={"column": "a"}, severity="critical")
    assert exists.title == "column_to_exist(column='a')"
    assert exists.columns == []
