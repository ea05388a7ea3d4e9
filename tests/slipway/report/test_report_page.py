"""The report says first what matters, works with whatever has run, and trusts nothing that it shows."""

import os
import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from past_runs import (
    EVALUATED,
    GATE,
    MISTAKES,
    RULE,
    SVG,
    expectation,
    validation,
    write_evaluated,
    write_release,
    write_run,
)
from read_page import Page, page_of

from slipway.errors import DataError
from slipway.files import write_json
from slipway.report.page import MAX_ROWS, render, shown
from slipway.report.reading import MAX_PICTURE_BYTES, PICTURES, gather
from slipway.report.verdict import verdict_of
from slipway.report.wording import CAPTIONS


def test_a_served_run_says_which_release_serves(tmp_path: Path, data: Path, releases: Path) -> None:
    write_release(data, releases)
    verdict = verdict_of(gather(data, releases))
    assert (verdict.state, verdict.title) == ("good", "v0001 serves")
    text = page_of(tmp_path).text
    for part in (
        "latency p95, ms",
        "abc123",
        "stages › train › data/x/train",
        "0.92 to 0.97",
        ">0.9999",
        "temperature 1.7",
    ):
        assert part in text


def test_costs_the_rule_and_notes_are_shown(tmp_path: Path, data: Path) -> None:
    decision = {"temperature": 1.0, "classes": ["no", "<yes>"], "costs": [[0, 1], [4, 0]], "threshold": 0.2}
    paid = {name: {"value": 0.25, "low": 0.125, "high": 0.375} for name in ("most_probable", "least_cost", "saved")}
    write_json(data / "evaluate" / "decision.json", decision)
    write_json(data / "evaluate" / "costs.json", {"cost_per_row": paid})
    write_json(data / "evaluate" / "notes.json", {"notes": ["no test row has the class <b>"]})
    text = page_of(tmp_path).text
    for part in (
        "The answer is <yes> where its probability is above 0.2.",
        "giving the class of least expected cost",
        "0.125 to 0.375",
        "No test row has the class <b>.",
    ):
        assert part in text


def test_every_picture_that_is_read_is_shown_with_its_caption(tmp_path: Path, data: Path, releases: Path) -> None:
    for folder, names in PICTURES.items():
        for name in names:
            (data / folder).mkdir(exist_ok=True)
            (data / folder / f"{name}.svg").write_text(SVG.replace("picture", f"drawing of {name}"))
    write_evaluated(data)
    write_json(data / "evaluate/mistakes.json", MISTAKES)
    text = Page(render(gather(data, releases, private=False))).text
    for names in PICTURES.values():
        for name in names:
            assert text.count(f"drawing of {name}") == 1
            assert CAPTIONS[name] in text


def test_without_a_picture_of_the_training_there_is_no_section_for_it(tmp_path: Path, data: Path) -> None:
    (data / "evaluate" / "learning.svg").unlink()
    assert "Training" not in re.findall("<h2>(.*?)</h2>", render(gather(data, tmp_path / "releases")))


def test_the_verdict_stands_before_everything_else(tmp_path: Path, data: Path) -> None:
    headings = re.findall(r"<h2>(.*?)</h2>", render(gather(data, tmp_path / "releases")))
    assert headings == [
        "Ready, not deployed",
        "Data and quarantine",
        "Privacy",
        "Training",
        "Evaluation",
        "Compression",
        "Gate",
        "Provenance",
    ]


def test_a_line_that_stopped_says_where_and_why(data: Path, releases: Path) -> None:
    failed = data / "failed" / "evaluate"
    failed.mkdir(parents=True)
    (failed / "error.txt").write_text("3 of 9 rows are NaN.\nLower train.lr.\n")
    for file in (data / "evaluate").iterdir():
        file.unlink()
    (data / "evaluate").rmdir()
    verdict = verdict_of(gather(data, releases))
    assert (verdict.state, verdict.title) == ("bad", "Stopped at evaluate")
    assert verdict.lines[0] == "3 of 9 rows are NaN.\nLower train.lr."
    assert "compress, package is of an earlier run" in verdict.lines[1]
    assert verdict.lines[2] == "No release serves."
    render(gather(data, releases))


def test_a_failure_that_was_mended_since_is_not_shown(data: Path, releases: Path) -> None:
    failed = data / "failed" / "train"
    failed.mkdir(parents=True)
    os.utime(data / "train", (2e9, 2e9))
    assert gather(data, releases)["failed"] == {}


def test_a_stage_that_crashed_without_evidence_is_named_by_its_last_run(data: Path, releases: Path) -> None:
    line = (
        (data / "runs.jsonl").read_text().splitlines()[0].replace('"ran"', '"MemoryError"').replace("train", "augment")
    )
    (data / "runs.jsonl").write_text(line + "\n")
    assert "MemoryError" in verdict_of(gather(data, releases)).lines[0]
    (data / "augment").mkdir()
    assert gather(data, releases)["failed"] == {}


def test_a_single_failed_stage_is_enough_for_a_report(tmp_path: Path) -> None:
    failed = tmp_path / "data" / "toy" / "failed" / "ingest"
    failed.mkdir(parents=True)
    (failed / "error.txt").write_text("customers.csv does not exist")
    assert "customers.csv does not exist" in page_of(tmp_path).text


def test_rows_that_did_not_pass_come_before_the_gate(data: Path, releases: Path) -> None:
    write_json(data / "validate" / "validation.json", validation(expectation("size"), passed=False))
    verdict = verdict_of(gather(data, releases))
    assert verdict.title == "The raw rows did not pass"
    assert "column 'size' is not there" in verdict.lines


def test_what_was_observed_of_private_rows_is_not_shown(data: Path, releases: Path) -> None:
    failed = validation(expectation("size"), passed=False) | {"reasons": ["size: max_to_be_between(): observed 123.5"]}
    write_json(data / "validate" / "validation.json", failed)
    assert "123.5" in render(gather(data, releases, private=False))
    assert "123.5" not in render(gather(data, releases))
    assert "size: max_to_be_between()" in render(gather(data, releases))


def test_rows_set_aside_are_counted_by_reason(data: Path, releases: Path) -> None:
    reasons = pl.Series("_reasons", [["town: in set"], ["town: in set", "size: between"]])
    rows = pl.DataFrame({"_id": [1, 2], "town": ["Atlantis", "Bon"]}).with_columns(reasons)
    rows.write_parquet(data / "validate" / "quarantine.parquet")
    html = render(gather(data, releases))
    assert "Rows that broke the raw suite: 2" in html
    assert "size: between" in html
    assert "Atlantis" not in html


def test_a_broken_rule_is_named_with_both_numbers(tmp_path: Path, data: Path, releases: Path) -> None:
    write_release(data, releases, same_bundle=False)
    write_json(data / "package" / "verdict.json", {"passed": False, "rules": [{**RULE, "passed": False}]})
    verdict = verdict_of(gather(data, releases))
    assert verdict.title == "Refused by the gate"
    assert verdict.lines[0] == "accuracy on test at least 0.9, but it is 0.8"
    assert verdict.lines[1] == "Release v0001 of an earlier run still serves."
    assert "✗ broken" in page_of(tmp_path).text


def test_the_gate_tells_intervals_notes_groups_and_how_to_mend(tmp_path: Path, data: Path, releases: Path) -> None:
    rules = [{**rule, "passed": False} for rule in GATE["rules"]]
    write_json(data / "package" / "verdict.json", {"passed": False, **GATE, "rules": rules})
    text = " ".join(page_of(tmp_path).text.split())
    for part in (
        "-0.01-0.03 to 0.01",
        "the interval that chance leaves it",
        "Enlarge the test part.",
        "There is no guarantee.4unknown",
        "Judged in a server process on 245 of 245 test rows.",
        "How the server answered the 2 groups of the sensitive columns",
        "town: <Bon>1200.8120.613",
        "town: Ulm1200.812none",
    ):
        assert part in text, part


def test_a_gate_without_intervals_and_groups_explains_none(tmp_path: Path, data: Path, releases: Path) -> None:
    write_release(data, releases)
    text = page_of(tmp_path).text
    assert "latency p95, ms" in text
    assert "interval that chance" not in text
    assert "groups of the sensitive columns" not in text


def test_candidates_are_told_in_words_and_what_became_of_each(tmp_path: Path, data: Path) -> None:
    (data / "compress" / "candidates.csv").write_text(
        "candidate,size_bytes,accuracy_validation,latency_b1_ms,kept,front,chosen\n"
        "fp32,20480,0.99609375,,True,True,False\n"
        "int8,7168,0.5,0.125,False,True,False\n"
        "half,7168,0.99,0.25,True,True,True\n"
        "slow,70000,0.9,2,True,False,False\n"
    )
    write_json(data / "compress" / "notes.json", {"notes": ["openvino was left out"]})
    write_json(data / "compress" / "archive.json", {"bytes": 100, "fp32_bytes": 4000, "ratio": 40.0})
    text = page_of(tmp_path).text
    for part in (
        "candidatesize, KiBaccuracyms for one row",
        "fp32200.9961on the front",
        "int870.50.125breaks a limit",
        "half70.990.25chosen",
        "slow68.360.92\n",
        "Openvino was left out.",
        "ratio40",
    ):
        assert part in text, part


def test_what_the_model_is_for_stands_above_the_verdict(tmp_path: Path, data: Path) -> None:
    assert 'class="about"' not in render(gather(data, tmp_path / "releases"))
    write_json(data / "package" / "bundle" / "card.json", {"description": "Says <yes> or no."})
    html = render(gather(data, tmp_path / "releases"))
    assert html.index("Says &lt;yes&gt; or no.") < html.index("<h2>Ready, not deployed")


def test_nothing_that_is_empty_is_listed(tmp_path: Path, data: Path) -> None:
    rows = {"in": 5, "duplicates": 0, "train": 5}
    cleaning = {"rows": rows, "dates": {}, "prepare": {"lower": [], "missing": ["", "?"], "unicode": None}}
    write_json(data / "preprocess" / "cleaning.json", cleaning)
    text = page_of(tmp_path).text
    assert 'prepare › missing"", ?' in text
    for part in ("duplicates", "datesnone", "› lower", "› unicode", "rows ›"):
        assert part not in text, part


def test_without_a_slice_that_is_worse_the_page_says_so(tmp_path: Path, data: Path) -> None:
    write_evaluated(data)
    said = "none is surely worse than the whole"
    assert said not in page_of(tmp_path).text
    write_json(data / "evaluate" / "slices.json", EVALUATED["slices"] | {"found": []})
    assert said in page_of(tmp_path).text


def test_a_refused_deployment_is_shown_until_its_bundle_serves(data: Path, releases: Path) -> None:
    failed = data / "failed" / "deploy"
    failed.mkdir(parents=True)
    (failed / "error.txt").write_text("latency p95, ms: 300")
    write_json(failed / "gate.json", {"passed": False, "rules": [{**RULE, "passed": False}]})
    assert verdict_of(gather(data, releases)).title == "Refused at deployment"
    assert "Refused deployment" in render(gather(data, releases))
    write_release(data, releases)
    assert verdict_of(gather(data, releases)).title == "v0001 serves"


def test_what_refuses_a_bundle_that_serves_is_shown_and_no_older_deployment(data: Path, releases: Path) -> None:
    failed = data / "failed" / "deploy"
    failed.mkdir(parents=True)
    write_json(
        failed / "gate.json", {"passed": False, "rules": [{**RULE, "rule": "an older latency", "passed": False}]}
    )
    write_release(data, releases)
    broken = {**RULE, "rule": "accuracy of tomorrow", "passed": False}
    write_json(data / "package" / "verdict.json", {"passed": False, "rules": [broken]})
    page = render(gather(data, releases))
    assert "This run&#39;s bundle" in page and "accuracy of tomorrow" in page.split("This run&#39;s bundle")[1]
    assert "an older latency" not in page


def test_the_limits_that_candidates_break_are_told(data: Path, releases: Path) -> None:
    (data / "compress" / "candidates.csv").write_text(
        "candidate,size_bytes,kept,front,chosen,broken\nfp32,900,True,True,True,\n"
        'int8,300,False,False,False,"it loses 2 points; group a = b loses 9"\n'
    )
    assert "it loses 2 points; group a = b loses 9" in render(gather(data, releases))


def test_a_regression_is_reported(tmp_path: Path, data: Path) -> None:
    for stage in ("evaluate", "compress"):
        write_json(data / stage / "metrics.json", {"mae": 1.0, "rmse": 1.5, "r2": None, "rows": 245})
    text = page_of(tmp_path).text
    assert "root mean squared error" in text
    assert "none" in text


def test_nothing_that_ran_is_an_error_with_its_mend(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="run `slipway run toy` first"):
        gather(tmp_path / "toy", tmp_path)


def test_texts_from_the_data_become_neither_tags_nor_attributes(tmp_path: Path, data: Path) -> None:
    evil = '"><script>alert(1)</script><img src=x onerror=alert(1)>'
    write_json(data / "validate" / "validation.json", validation(expectation(evil, success=False)))
    write_json(data / "privatize" / "receipt.json", {evil: {evil: evil}})
    page = page_of(tmp_path)
    assert {tag for tag, _ in page.tags} & {"script", "img", "iframe", "link", "object"} == set()
    sections = {attributes["id"] for tag, attributes in page.tags if tag == "section" and "id" in attributes}
    assert {attributes["href"] for tag, attributes in page.tags if tag == "a"} <= {f"#{name}" for name in sections}
    assert "<script>alert(1)</script>" in page.text


def test_the_page_loads_nothing(data: Path, releases: Path) -> None:
    html = render(gather(data, releases))
    assert "default-src 'none'" in html
    assert not re.search(r"src\s*=|href\s*=(?!\"#)|@import|url\(", html)
    assert set(re.findall(r"https?://[^\s\"'<]+", html)) <= {"http://www.w3.org/2000/svg"}


def test_the_page_stays_under_three_megabytes(tmp_path: Path, data: Path, releases: Path) -> None:
    write_run(data, pictures=SVG.replace("picture", "x" * (MAX_PICTURE_BYTES - 100)))
    (data / "evaluate" / "confusion.svg").write_text("x" * (MAX_PICTURE_BYTES + 1))
    results = [expectation("x" * 2000) for _ in range(5000)]
    write_json(data / "validate" / "validation.json", validation(*results))
    write_json(data / "privatize" / "receipt.json", {f"key {i}": "y" * 10_000 for i in range(5000)})
    html = render(gather(data, releases))
    assert len(html.encode()) < 3 * 2**20
    assert html.count("values to not be null") <= MAX_ROWS


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "none"),
        ([], "none"),
        (True, "yes"),
        (12345, "12,345"),
        (0.123456, "0.1235"),
        (0.99998, ">0.9999"),
        (123456.7, "123,457"),
        ("", '""'),
        (1.0, "1"),
        ([1, "a"], "1, a"),
    ],
)
def test_values_are_shown_short(value: Any, text: str) -> None:
    assert shown(value) == text


def test_a_browser_may_show_the_images_inside_the_pictures_and_load_nothing(tmp_path: Path, data: Path) -> None:
    policy = next(attrs["content"] for _, attrs in page_of(tmp_path).tags if "http-equiv" in attrs)
    assert policy == "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
