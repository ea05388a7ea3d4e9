"""Great Expectations runs on the engine unmodified, and the engine reads a table as seldom as it can."""

import logging

import fuzzing
import great_expectations as gx
import great_expectations.expectations as gxe
import polars as pl
import pytest
from great_expectations.expectations.row_conditions import Column

from slipway.gx_polars import rounds
from slipway.gx_polars.batch import WhileWriting
from slipway.gx_polars.datasource import add_polars

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # Great Expectations' own

ROWS = pl.DataFrame({"key": ["r1", "r2", "r3", "r4"], "age": [36, None, -1, 200], "name": ["Ada", "Bob", None, "Cyd"]})
AGE = gxe.ExpectColumnValuesToBeBetween(column="age", min_value=0, max_value=120, severity="warning")
AGE_TYPE = "expect_column_values_to_be_between"
NAME = gxe.ExpectColumnValuesToNotBeNull(column="name")


@pytest.fixture
def context():
    made = gx.get_context(mode="ephemeral")
    made.variables.progress_bars = {"globally": False}
    return made


@pytest.fixture
def frames(context):
    return add_polars(context, "polars").add_polars_frame_asset("table").add_batch_definition_whole("all")


def replica(expectation):
    """A suite gives its expectations ids, and takes none that has one."""
    return type(expectation)(**expectation.configuration.kwargs, severity=expectation.severity)


def suite(*expectations):
    return gx.ExpectationSuite(name="suite", expectations=[replica(each) for each in expectations])


def validate(frames, *expectations, rows=ROWS, **options):
    found = frames.get_batch({"dataframe": rows}).validate(suite(*expectations), **options).results
    return {each.expectation_config.type: each for each in found}


def test_a_checkpoint_with_its_validation_definition_and_an_action_runs_as_it_is(context, frames):
    added = context.suites.add(suite(AGE, NAME))
    definition = context.validation_definitions.add(gx.ValidationDefinition(name="v", data=frames, suite=added))
    action = gx.checkpoint.UpdateDataDocsAction(name="docs")
    checkpoint = context.checkpoints.add(gx.Checkpoint(name="c", validation_definitions=[definition], actions=[action]))
    result = checkpoint.run(batch_parameters={"dataframe": ROWS.lazy()})
    assert result.success is False
    [each] = result.run_results.values()
    assert each.statistics["unsuccessful_expectations"] == 2


def test_data_docs_are_built_from_a_result(context, frames, tmp_path):
    site = {
        "class_name": "SiteBuilder",
        "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(tmp_path)},
        "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
    }
    context.add_data_docs_site("local", site)
    added = context.suites.add(suite(AGE, NAME))
    definition = context.validation_definitions.add(gx.ValidationDefinition(name="v", data=frames, suite=added))
    action = gx.checkpoint.UpdateDataDocsAction(name="docs", site_names=["local"])
    context.checkpoints.add(gx.Checkpoint(name="c", validation_definitions=[definition], actions=[action])).run(
        batch_parameters={"dataframe": ROWS}
    )
    pages = [page.read_text() for page in tmp_path.rglob("validations/**/*.html")]
    assert len(pages) == 1
    assert "values must be greater than or equal to" in pages[0]


def test_a_suite_parameter_is_filled_in_at_run_time(context, frames):
    expected = gxe.ExpectColumnMeanToBeBetween(column="age", max_value={"$PARAMETER": "highest"})
    definition = gx.ValidationDefinition(name="v", data=frames, suite=context.suites.add(suite(expected)))
    context.validation_definitions.add(definition)
    for highest, success in ((100, True), (50, False)):
        run = definition.run(batch_parameters={"dataframe": ROWS}, expectation_parameters={"highest": highest})
        assert run.success is success


@pytest.mark.parametrize("result_format", ["BOOLEAN_ONLY", "BASIC", "SUMMARY", "COMPLETE"])
def test_a_result_has_the_fields_that_its_format_has_on_pandas(context, frames, result_format):
    pandas = context.data_sources.add_pandas("pandas").add_dataframe_asset("a")
    theirs = validate(
        pandas.add_batch_definition_whole_dataframe("all"),
        AGE,
        rows=fuzzing.to_pandas(ROWS),
        result_format=result_format,
    )
    ours = validate(frames, AGE, result_format=result_format)
    [mine], [other] = ours.values(), theirs.values()
    assert set(mine.result) == set(other.result) - {"unexpected_index_query"}


def test_rows_are_named_by_the_columns_that_were_asked_for(frames):
    result_format = {
        "result_format": "COMPLETE",
        "unexpected_index_column_names": ["key"],
        "include_unexpected_rows": True,
    }
    result = validate(frames, AGE, result_format=result_format)[AGE_TYPE].result
    assert result["unexpected_index_list"] == [{"key": "r3", "age": -1}, {"key": "r4", "age": 200}]
    assert list(result["unexpected_rows"]["key"]) == ["r3", "r4"]


def test_severity_travels_to_the_result(frames):
    assert validate(frames, AGE)[AGE_TYPE].expectation_config.severity == "warning"


@pytest.mark.parametrize(
    "condition",
    [
        {"row_condition": "age > 100 and name.notnull()", "condition_parser": "pandas"},
        {"row_condition": "`age` > 100", "condition_parser": "pandas"},
        {"row_condition": Column("age") > 100},
        {"row_condition": (Column("age") > 100) & Column("name").is_not_null()},
    ],
)
def test_a_condition_on_rows_is_a_text_or_great_expectations_own(frames, condition):
    expected = gxe.ExpectColumnValuesToBeBetween(column="age", min_value=0, max_value=120, **condition)
    assert validate(frames, expected)[expected.expectation_type].result["unexpected_count"] == 1


def test_an_expectation_that_cannot_be_computed_fails_alone_with_its_own_message(frames):
    wrong = [gxe.ExpectColumnMeanToBeBetween(column=each, min_value=0) for each in ("name", "nmae")]
    found = frames.get_batch({"dataframe": ROWS}).validate(suite(*wrong, AGE)).results
    messages = [str(each.exception_info) for each in found if fuzzing.raised(each)]
    assert len(messages) == 2
    assert any("a column of String has no mean" in each for each in messages)
    assert any("did you mean 'name'?" in each for each in messages)


def test_a_parquet_file_is_scanned(context, tmp_path):
    ROWS.write_parquet(tmp_path / "rows.parquet")
    asset = add_polars(context, "p").add_polars_parquet_asset("table", path=str(tmp_path / "*.parquet"))
    batch = asset.add_batch_definition_whole("all").get_batch()
    assert batch.validate(gxe.ExpectTableRowCountToEqual(value=4)).success


def test_what_is_no_frame_is_refused(frames):
    with pytest.raises(TypeError, match="is a dict: give a polars DataFrame or LazyFrame"):
        frames.get_batch({"dataframe": {}})


def count_queries(monkeypatch):
    """Count the fused queries, and list those that run by themselves."""
    fused, apart = [], []
    collect_all, collect = pl.collect_all, pl.LazyFrame.collect

    def noted_together(plans, **options):
        fused.append(plans)
        return collect_all(plans, **options)

    def noted(rows, **options):
        if options.get("engine") == "streaming":
            apart.append(rows)
        return collect(rows, **options)

    monkeypatch.setattr(pl, "collect_all", noted_together)
    monkeypatch.setattr(pl.LazyFrame, "collect", noted)
    return fused, apart


def test_a_suite_that_holds_is_one_query(frames, monkeypatch):
    fused, apart = count_queries(monkeypatch)
    expected = [
        gxe.ExpectColumnValuesToBeBetween(column="age", min_value=-1, max_value=200),
        gxe.ExpectColumnMeanToBeBetween(column="age", min_value=0, row_condition=Column("name") == "Ada"),
        gxe.ExpectColumnStdevToBeBetween(column="age", min_value=0),
        gxe.ExpectColumnValuesToMatchRegex(column="name", regex="^[A-Z]"),
        gxe.ExpectColumnPairValuesToBeEqual(column_A="name", column_B="name"),
        gxe.ExpectTableRowCountToEqual(value=4),
    ]
    assert all(each.success for each in validate(frames, *expected, rows=ROWS.lazy()).values())
    assert len(fused) == 1
    assert apart == []


def test_heavy_aggregates_run_apart_and_read_their_columns_alone(frames, monkeypatch):
    _, apart = count_queries(monkeypatch)
    validate(
        frames, gxe.ExpectColumnMedianToBeBetween(column="age", min_value=0), AGE, NAME, result_format="BOOLEAN_ONLY"
    )
    assert len(apart) == 1
    assert "1/3 COLUMNS" in apart[0].explain()


def test_validating_while_writing_is_one_pass(frames, tmp_path, monkeypatch):
    fused, apart = count_queries(monkeypatch)
    path = tmp_path / "out.parquet"
    holds = gxe.ExpectColumnMeanToBeBetween(column="age", min_value=0)
    found = validate(frames, holds, rows=WhileWriting.to_parquet(ROWS.lazy(), path))
    assert found[holds.expectation_type].success
    assert len(fused) == 1
    assert len(fused[0]) == 2  # the sink and the select
    assert apart == []
    assert pl.read_parquet(path).equals(ROWS)


def test_what_failed_is_looked_up_in_the_written_file(frames, tmp_path):
    data = WhileWriting.to_parquet(ROWS.lazy(), tmp_path / "out.parquet")
    assert validate(frames, AGE, rows=data)[AGE_TYPE].result["partial_unexpected_list"] == [-1, 200]
    assert data.sinks == ()


def test_a_write_that_fails_is_no_finding_and_raises_when_finished(frames, tmp_path):
    data = WhileWriting.to_parquet(ROWS.lazy(), tmp_path / "absent" / "out.parquet")
    assert all(map(fuzzing.raised, validate(frames, AGE, rows=data).values()))
    with pytest.raises(FileNotFoundError):
        data.finish()


def test_a_table_of_10_000_columns_is_validated(frames):
    wide = pl.DataFrame({f"c{place}": [1, 2] for place in range(10_000)})
    found = validate(
        frames,
        gxe.ExpectTableColumnCountToEqual(value=10_000),
        gxe.ExpectColumnMeanToBeBetween(column="c9999", min_value=1, max_value=2),
        rows=wide,
    )
    assert all(each.success for each in found.values())


def test_registering_twice_changes_nothing():
    from slipway.gx_polars import registering

    before = gxe.ExpectColumnTypeToBe._validate
    registering.register()
    assert gxe.ExpectColumnTypeToBe._validate is before


def test_types_on_other_engines_are_judged_as_before(context):
    pandas = context.data_sources.add_pandas("pandas").add_dataframe_asset("a")
    definition = pandas.add_batch_definition_whole_dataframe("all")
    expected = gxe.ExpectColumnValuesToBeOfType(column="age", type_="float64")
    assert validate(definition, expected, rows=fuzzing.to_pandas(ROWS))[expected.expectation_type].success


def test_a_regex_that_rust_does_not_know_is_matched_by_python_and_says_so(frames, caplog):
    expected = gxe.ExpectColumnValuesToMatchRegex(column="name", regex="^(?!A)")
    with caplog.at_level(logging.WARNING):
        found = validate(frames, expected)
    assert found[expected.expectation_type].result["partial_unexpected_list"] == ["Ada"]
    assert "state it more simply" in caplog.text


def test_the_metrics_of_a_suite_are_asked_for_in_rounds(frames, monkeypatch):
    ran = []
    run = rounds.Round.run
    monkeypatch.setattr(rounds.Round, "run", lambda self: ran.append(self) or run(self))
    validate(frames, AGE, NAME)
    assert len(ran) == 2  # the counts, then samples of what failed
