"""What is inferred of real files, as their authors published them; no rule anywhere knows one of them.

Found through SLIPWAY_DATA, and skipped where it is absent.
"""

import os
from pathlib import Path

import pytest

from slipway.drafting.drafting import draft
from slipway.drafting.finding import find
from slipway.errors import DataError

DATA = os.environ.get("SLIPWAY_DATA")
pytestmark = pytest.mark.skipif(not DATA, reason="SLIPWAY_DATA names no folder of real files")

# file or folder -> form, header, delimiter, markers of missing values, target, task, confidence
ANSWERS = {
    "adult/adult.data": (False, ",", ["?"], "column_15", "classification", "guessed"),
    "adult/adult.test": (False, ",", ["?"], "column_15", "classification", "guessed"),
    "bank_marketing/bank-full.csv": (False, ",", [], "column_17", "classification", "guessed"),
    "bike_sharing/Bike-Sharing-Dataset.zip": (True, ",", [], "cnt", "regression", "guessed"),
    "chicago_taxi/data.csv": (True, ",", [], "tips", "regression", "guessed"),
    "german_credit/german.csv": (False, ",", [], "column_21", "classification", "guessed"),
    "holoclean/hospital.csv": (True, ",", [], None, None, "none"),
    "kddcup99/kddcup.data_10_percent.gz": (False, ",", [], "column_42", "classification", "guessed"),
    "raha/beers/clean.csv": (True, ",", [], None, None, "none"),
    "raha/beers/dirty.csv": (True, ",", ["N/A"], None, None, "none"),
    "raha/flights/clean.csv": (True, ",", [], None, None, "none"),
    "raha/flights/dirty.csv": (True, ",", [], None, None, "none"),
    "raha/hospital/clean.csv": (True, ",", [], None, None, "none"),
    "raha/hospital/dirty.csv": (True, ",", [], None, None, "none"),
    "skin_segmentation/Skin_NonSkin.txt": (False, "\t", [], "column_4", "classification", "guessed"),
    "sp500/sp500_v2_2018-02.tar.gz": (True, ",", [], None, None, "none"),
    "sst2/dev.tsv": (True, "\t", [], "label", "classification", "named"),
    "sst2/test.tsv": (True, "\t", [], "label", "classification", "named"),
    "sst2/train.tsv": (True, "\t", [], "label", "classification", "named"),
    "streaming/elec.csv": (True, ",", [], "class", "classification", "named"),
}
# What no file says: which column its authors predict.
GIVEN = {
    ("pm25_beijing/pollution.csv", "pm2.5"): (True, ",", ["NA"], "regression"),
    ("green_taxi/green_tripdata_2020-04.parquet", "tip_amount"): (None, None, [], "regression"),
    ("green_taxi/green_tripdata_2020-04.parquet", "payment_type"): (None, None, [], "classification"),
    ("raha/beers/dirty.csv", "style"): (True, ",", ["N/A"], "classification"),
}


def dialect_of(drafted):
    dialect = drafted.found.dialects.get(None)
    return (None, None) if dialect is None else (dialect.header, dialect.delimiter)


@pytest.mark.parametrize("name", ANSWERS)
def test_header_delimiter_markers_and_target_are_right(name, tmp_path):
    header, delimiter, missing, target, task, confidence = ANSWERS[name]
    drafted = draft(Path(DATA) / name, tmp_path)
    assert dialect_of(drafted) == (header, delimiter)
    assert drafted.profile.missing == missing
    assert (drafted.target.column, drafted.target.confidence) == (target, confidence)
    assert task is None or drafted.target.task == task
    assert drafted.params["product"]["kind"] == ("texts" if name.startswith("sst2/") else "tabular")


@pytest.mark.parametrize(("name", "target"), GIVEN)
def test_the_type_of_a_given_target_is_right(name, target, tmp_path):
    header, delimiter, missing, task = GIVEN[name, target]
    drafted = draft(Path(DATA) / name, tmp_path, target=target)
    assert dialect_of(drafted) == (header, delimiter)
    assert drafted.profile.missing == missing
    assert drafted.target.task == task


def test_lines_before_the_table_and_spaces_are_seen():
    read = find(Path(DATA) / "adult/adult.test").sources[None].read
    assert (read.skip_lines, read.trim, read.broken) == (1, True, "fail")


@pytest.mark.parametrize("name", ["mnist", "fashion_mnist"])
def test_pairs_of_idx_files_are_images_with_labels_that_come_split(name, tmp_path):
    drafted = draft(Path(DATA) / name, tmp_path)
    assert drafted.params["product"] == {
        "kind": "images",
        "task": "classification",
        "target": "label",
        "classes": [str(digit) for digit in range(10)],
    }
    assert set(drafted.found.sources) == {"train", "test"}
    assert drafted.profile.rows == 70_000
    assert drafted.params["train"]["network"] == {"name": "cnn"}


def test_sentences_with_a_label_are_texts_that_an_lstm_reads(tmp_path):
    drafted = draft(Path(DATA) / "sst2", tmp_path)
    assert drafted.params["product"] == {
        "kind": "texts",
        "task": "classification",
        "target": "label",
        "classes": ["0", "1"],
    }
    assert drafted.params["train"]["network"] == {"name": "lstm"}


def test_a_folder_of_pictures_is_images_without_a_target():
    found = find(Path(DATA) / "cifar10/png_batches")
    assert type(found.sources[None]).__name__ == "ImageSource"
    assert "there is no target" in found.notes[0]


def test_folders_of_train_and_test_files_come_split():
    assert set(find(Path(DATA) / "adult").sources) == {"train", "test"}
    assert set(find(Path(DATA) / "sst2").sources) == {"train", "validation", "test"}


def test_running_text_is_no_table():
    with pytest.raises(DataError, match="running text, no table"):
        find(Path(DATA) / "lm_corpora/tinyshakespeare.txt")


def test_an_archive_is_read_by_what_is_inside():
    assert find(Path(DATA) / "sp500/sp500_v2_2018-02.tar.gz").sources[None].inside == "v2_2018-02/*.csv"
    assert find(Path(DATA) / "bike_sharing/Bike-Sharing-Dataset.zip").sources[None].inside == "hour.csv"


def test_persons_are_flagged_by_the_values_of_columns_without_names(tmp_path):
    roles = draft(Path(DATA) / "adult/adult.data", tmp_path).roles
    assert {role.name: role.sensitive for role in roles if role.sensitive} == {
        "column_6": "marital status",
        "column_9": "ethnicity",
        "column_10": "sex",
    }


def test_columns_that_make_up_the_target_and_row_numbers_are_suspects(tmp_path):
    drafted = draft(Path(DATA) / "bike_sharing/Bike-Sharing-Dataset.zip", tmp_path)
    found = {(one.kind, one.column) for one in drafted.warnings}
    assert {("leakage", "casual"), ("leakage", "registered"), ("identifier", "instant")} <= found


@pytest.mark.parametrize("name", [*ANSWERS, "pm25_beijing/pollution.csv", "green_taxi"])
def test_the_drafted_rules_send_hardly_a_row_of_it_away(name, tmp_path):
    drafted = draft(Path(DATA) / name, tmp_path)
    is_dirty = name in ("holoclean/hospital.csv", "raha/hospital/dirty.csv")  # half of their rows hold an error
    assert is_dirty or drafted.suites.sent <= 0.05 * drafted.profile.rows
