import csv
import random
import sqlite3

import polars as pl
import pytest
import xlsxwriter
import yaml

from slipway.drafting.drafting import draft
from slipway.drafting.finding import find, find_url
from slipway.drafting.suites import suite_of
from slipway.drafting.writing import require_new, suite_text, write_product
from slipway.errors import DataError, ParamsError
from slipway.product.params import read_params
from slipway.suites.checking import check
from slipway.suites.suite import read_suite

HEAD = ["customer_id", "age", "plan", "spend", "note", "churned"]


def rows(num, seed=7):
    dice = random.Random(seed)
    for n in range(num):
        plan = dice.choice(["basic", "plus", "pro"])
        spend = f"{dice.gauss(60, 15):.2f}" if dice.random() > 0.05 else "?"
        yield [n * 37 + 1000, dice.randint(18, 80), plan, spend, "x", "yes" if plan == "pro" and n % 3 else "no"]


def write(path, num=600, seed=7, header=True, delimiter=";"):
    with path.open("w", newline="") as file:
        writer = csv.writer(file, delimiter=delimiter)
        writer.writerows([HEAD, *rows(num, seed)] if header else rows(num, seed))
    return path


@pytest.fixture
def drafted(tmp_path):
    (tmp_path / "work").mkdir()
    return draft(write(tmp_path / "customers.csv"), tmp_path / "work")


def test_a_table_becomes_a_product_with_its_roles_and_reasons(drafted):
    assert {role.name: role.role for role in drafted.roles} == {
        "customer_id": "identifier",
        "age": "number",
        "plan": "category",
        "spend": "number",
        "note": "ignored",
        "churned": "target",
    }
    assert drafted.params["ingest"] == {
        "source": {"file": "customers.csv", "read": {"delimiter": ";", "missing": ["?"]}}
    }
    assert drafted.params["product"] == {
        "kind": "tabular",
        "task": "classification",
        "target": "churned",
        "classes": ["no", "yes"],
        "identifiers": ["customer_id"],
        "ignore": ["note"],
        "sensitive": ["age"],
    }
    assert {(one.kind, one.column) for one in drafted.warnings} == {("identifier", "customer_id"), ("sensitive", "age")}


def reviews(path, **more):
    dice = random.Random(3)
    words = ["the", "film", "was", "very", "rather", "dull", "great", "long", "short", "and", "funny", "sad"]
    texts = [" ".join(dice.choices(words, k=dice.randint(4, 12))) for _ in range(400)]
    pl.DataFrame({"review": texts, "label": [n % 2 for n in range(400)], **more}).write_parquet(path)
    (path.parent / "work").mkdir(exist_ok=True)
    return path


def test_prose_with_a_label_alone_is_a_product_of_texts_that_an_lstm_reads(tmp_path):
    made = draft(reviews(tmp_path / "r.parquet"), tmp_path / "work")
    assert made.params["product"]["kind"] == "texts"
    assert made.params["train"]["network"] == {"name": "lstm"}
    assert made.params["train"]["batch_size"] <= 64
    folder = write_product(project(tmp_path), "reviews", made)
    assert read_params(folder / "params.yaml").train.network.name == "lstm"


def test_prose_beside_another_feature_is_a_table(tmp_path):
    made = draft(reviews(tmp_path / "r.parquet", age=[20 + n % 50 for n in range(400)]), tmp_path / "work")
    assert made.params["product"]["kind"] == "tabular"
    assert "network" not in made.params["train"]


def test_new_rows_of_the_same_kind_keep_the_drafted_suites_and_broken_ones_do_not(drafted, tmp_path):
    suite = suite_of("raw", drafted.suites.raw)
    new = pl.DataFrame(list(rows(400, seed=8)), schema=HEAD, orient="row").with_columns(
        pl.col("spend").replace("?", None).cast(pl.Float64)
    )
    assert check(new, suite, where=tmp_path).failed() == []
    broken = new.with_columns(plan=pl.lit("free"), spend=pl.col("spend") * 1e6, churned=None)
    failed = {
        (each.expectation.type, *each.expectation.columns) for each in check(broken, suite, where=tmp_path).failed()
    }
    assert ("expect_column_values_to_be_in_set", "plan") in failed
    assert ("expect_column_values_to_be_between", "spend") in failed
    assert ("expect_column_values_to_not_be_null", "churned") in failed


def test_rules_that_many_seen_rows_break_are_only_logged_and_the_budget_says_the_rest(tmp_path):
    times = [f"{n % 24}:{7 * n % 59:02} a.m." if n % 12 else f"{'~' * (n % 5 + 1)}{n}" for n in range(400)]
    cities = ["birmingham", "montgomery", "huntsville", "anchorage"] * 100
    cities[5] = "montgxmery"
    frame = pl.DataFrame({"time": times, "city": cities, "label": [n % 2 for n in range(400)]})
    frame.write_parquet(tmp_path / "t.parquet")
    (tmp_path / "work").mkdir()
    made = draft(tmp_path / "t.parquet", tmp_path / "work")
    severities = {
        each.expectation.kwargs.get("column"): each.expectation.severity
        for each in made.suites.raw
        if "regex" in each.expectation.type or "set" in each.expectation.type
    }
    assert severities["time"] == "info"
    assert severities["city"] == "warning"
    assert (made.suites.sent, made.suites.budget_pct) == (1, 5.0)


def project(tmp_path):
    (tmp_path / "products").mkdir()
    (tmp_path / "products" / "products.yaml").write_text("# The list.\nproducts:\n  - cancer\n")
    return tmp_path


def everything(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_the_product_is_written_and_read_back(drafted, tmp_path):
    root = project(tmp_path)
    folder = write_product(root, "churn", drafted)
    params = read_params(folder / "params.yaml")
    assert params.product.target == "churned"
    assert params.validate_.max_quarantine_pct == 5.0
    assert read_suite(folder / "raw.suite.yaml").expectations == [each.expectation for each in drafted.suites.raw]
    assert read_suite(folder / "clean.suite.yaml").name == "churn_clean"
    assert yaml.safe_load((folder / "dvc.yaml").read_text())["artifacts"]["churn"]["type"] == "model"
    assert (folder / "source" / "customers.csv").read_bytes() == (tmp_path / "customers.csv").read_bytes()
    assert (root / "products" / "products.yaml").read_text() == "# The list.\nproducts:\n  - cancer\n  - churn\n"
    assert sorted(path.name for path in (root / "products").iterdir()) == ["churn", "products.yaml"]
    write_product(root, "churn2", drafted, link=True)
    assert (root / "products" / "churn2" / "source" / "customers.csv").is_symlink()


def test_a_product_that_exists_is_never_written_over(drafted, tmp_path):
    root = project(tmp_path)
    write_product(root, "churn", drafted)
    before = everything(root / "products")
    for name in ("churn", "cancer"):
        with pytest.raises(ParamsError, match=f"the product '{name}' exists"):
            write_product(root, name, drafted)
    for name in ("Churn", "../churn", "", "a b", "1st", "on", "null"):
        with pytest.raises(ParamsError, match="is no name for a product"):
            require_new(root, name)
    assert everything(root / "products") == before


def test_nothing_is_left_behind_where_writing_fails(drafted, tmp_path, monkeypatch):
    root = project(tmp_path)
    before = everything(root / "products")
    (tmp_path / "customers.csv").unlink()
    with pytest.raises(FileNotFoundError):
        write_product(root, "churn", drafted)
    assert everything(root / "products") == before
    assert [path.name for path in (root / "products").iterdir()] == ["products.yaml"]


def test_a_list_in_another_style_is_extended_too(drafted, tmp_path):
    root = project(tmp_path)
    (root / "products" / "products.yaml").write_text("# Ours.\nproducts: [cancer, digits]\n")
    write_product(root, "churn", drafted)
    text = (root / "products" / "products.yaml").read_text()
    assert (text.splitlines()[0], yaml.safe_load(text)) == ("# Ours.", {"products": ["cancer", "digits", "churn"]})


def test_names_and_values_of_the_data_cannot_write_yaml(tmp_path):
    evil = "x: 1\nproduct: {kind: images} # \u2028 \x85 y"
    frame = pl.DataFrame({evil: [1.5, 2.5] * 60, "label": [1, 2] * 60, "n": list(range(120))})
    frame = frame.with_columns(pl.Series("city", ["mobile", "dothan"] * 59 + ["mxbile", "a\n- {type: evil}"]))
    frame.write_parquet(tmp_path / "t.parquet")
    (tmp_path / "work").mkdir()
    made = draft(tmp_path / "t.parquet", tmp_path / "work", target="label")
    folder = write_product(project(tmp_path), "evil", made)
    assert read_params(folder / "params.yaml").product.kind == "tabular"
    columns = read_suite(folder / "raw.suite.yaml").expectations[0].kwargs["column_set"]
    assert columns == [evil, "label", "n", "city"]
    assert "mxbile" in suite_text("x", made.suites.raw, "#")


@pytest.mark.parametrize("values", [["a", "a"], [None, None], ["b", None]])
def test_one_class_is_refused(tmp_path, values):
    pl.DataFrame({"x": [1.5, 2.5], "label": values}).write_parquet(tmp_path / "t.parquet")
    (tmp_path / "work").mkdir()
    with pytest.raises(DataError, match="holds no values|the one class"):
        draft(tmp_path / "t.parquet", tmp_path / "work", target="label")


def test_a_target_of_one_number_is_refused_and_one_that_is_named_alone_is_told(tmp_path):
    frame = pl.DataFrame({"x": [1.5, 2.5] * 20, "code": [f"c{n}" for n in range(40)], "price": 1.5, "churn": "no"})
    frame.write_parquet(tmp_path / "t.parquet")
    (tmp_path / "given").mkdir()
    with pytest.raises(DataError, match="column 'price' holds one value alone"):
        draft(tmp_path / "t.parquet", tmp_path / "given", target="price")
    (tmp_path / "named").mkdir()
    made = draft(tmp_path / "t.parquet", tmp_path / "named")
    assert made.target.column is None
    assert "'churn' is named like a target, but has one class, 'no'" in made.warnings[0].text


def test_no_rows_and_no_file_are_refused(tmp_path):
    (tmp_path / "work").mkdir()
    pl.DataFrame({"x": pl.Series([], dtype=pl.Int64)}).write_parquet(tmp_path / "t.parquet")
    with pytest.raises(DataError, match="holds no rows"):
        draft(tmp_path / "t.parquet", tmp_path / "work")
    with pytest.raises(DataError, match="does not exist"):
        find(tmp_path / "absent.csv")


def test_a_header_without_rows_and_names_told_twice_are_refused_as_ingest_does(tmp_path):
    (tmp_path / "header").mkdir()
    (tmp_path / "header.csv").write_text("age,plan,churn\n")
    with pytest.raises(DataError, match="holds no rows: there is nothing to draft from"):
        draft(tmp_path / "header.csv", tmp_path / "header")
    (tmp_path / "twice").mkdir()
    (tmp_path / "twice.csv").write_text("age,plan,age,churn\n" + "31,plus,31,no\n45,pro,46,yes\n" * 20)
    with pytest.raises(DataError, match=r"the columns \['age'\] have no name of their own"):
        draft(tmp_path / "twice.csv", tmp_path / "twice")


@pytest.mark.parametrize(
    "url", ["postgresql://me:pass-word@host/db", "s3://bucket/*.csv", "https://me:pass-word@host/x"]
)
def test_what_is_no_url_of_one_file_is_refused_at_once_and_no_password_told(tmp_path, url):
    with pytest.raises(ParamsError, match="is no URL of one file|holds a user or a password") as error:
        draft(url, tmp_path)
    assert "pass-word" not in str(error.value)


def test_a_folder_of_parts_is_a_source_that_comes_split(tmp_path):
    write(tmp_path / "my_train.csv", 300)
    write(tmp_path / "my_test.csv", 100, seed=9)
    (tmp_path / "README.txt").write_text("words")
    found = find(tmp_path)
    assert set(found.sources) == {"train", "test"}
    assert sorted(found.files) == ["my_test.csv", "my_train.csv"]


def test_files_that_look_alike_are_read_one_after_the_other_and_others_are_refused(tmp_path):
    write(tmp_path / "2024-01.csv", 30)
    write(tmp_path / "2024-02.csv", 30)
    assert find(tmp_path).sources[None].file == "*.csv"
    (tmp_path / "2024-03.csv").write_text("a,b\n1,2\n3,4\n")
    with pytest.raises(DataError, match="differ in their columns"):
        find(tmp_path)


def test_images_are_found_by_their_folders_and_idx_files_by_their_pairs(tmp_path):
    for name in ("cat/1.png", "dog/2.png"):
        (tmp_path / "pets" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "pets" / name).write_bytes(b"\x89PNG\r\n\x1a\n")
    assert find(tmp_path / "pets").sources[None].images.file == "pets"
    for name in (
        "train-images-idx3-ubyte",
        "train-labels-idx1-ubyte",
        "t10k-images-idx3-ubyte",
        "t10k-labels-idx1-ubyte",
    ):
        path = tmp_path / "mnist" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"\x00\x00\x08\x03" if "images" in name else b"\x00\x00\x08\x01")
    found = find(tmp_path / "mnist")
    assert {part: (each.idx, each.labels) for part, each in found.sources.items()} == {
        "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
        "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
    }


def test_a_database_of_one_table_is_a_query(tmp_path):
    with sqlite3.connect(tmp_path / "shop.db") as database:
        database.execute('CREATE TABLE "or""ders" (n INTEGER)')
    source = find(tmp_path / "shop.db").sources[None]
    assert (source.connection, source.query) == ("sqlite:///shop.db", 'SELECT * FROM "or""ders" ORDER BY rowid')
    with sqlite3.connect(tmp_path / "shop.db") as database:
        database.execute("CREATE TABLE more (n INTEGER)")
    with pytest.raises(DataError, match="holds the tables"):
        find(tmp_path / "shop.db")


def test_a_repeated_text_among_many_numbers_is_a_missing_value_and_said_to_be(tmp_path):
    lines = [f"{n};{'k. A.' if n % 20 == 3 else f'{n},5'};{'yes' if n % 3 else 'no'}" for n in range(400)]
    (tmp_path / "x.csv").write_text("\n".join(["n;income;bought", *lines]) + "\n")
    (tmp_path / "work").mkdir()
    made = draft(tmp_path / "x.csv", tmp_path / "work", target="bought")
    assert made.params["ingest"]["source"]["read"] == {"delimiter": ";", "decimal_comma": True, "missing": ["k. A."]}
    income = made.profile.columns["income"]
    assert (income.kind, income.dtype, income.nulls, income.maximum) == ("number", "Float64", 20, 399.5)
    assert made.warnings[0].text.startswith("'k. A.' stands among the numbers of 'income': read as missing")


def test_a_database_may_be_given_as_the_connection_that_ingest_takes(tmp_path):
    with sqlite3.connect(tmp_path / "shop.db") as database:
        database.execute("CREATE TABLE orders (n INTEGER)")
    assert find_url(f"sqlite:///{tmp_path / 'shop.db'}", tmp_path) == find(tmp_path / "shop.db")
    with pytest.raises(DataError, match=r"absent.db does not exist"):
        find_url(f"sqlite:///{tmp_path / 'absent.db'}", tmp_path)


def test_of_a_workbook_the_largest_sheet_is_read_and_said_to_be(tmp_path):
    sheets = {"about": [["written by hand"]], "people": [HEAD, *rows(60)], "empty": []}
    with xlsxwriter.Workbook(str(tmp_path / "x.xlsx")) as book:
        for name, lines in sheets.items():
            sheet = book.add_worksheet(name)
            for number, line in enumerate(lines):
                sheet.write_row(number, 0, line)
    (tmp_path / "work").mkdir()
    made = draft(tmp_path / "x.xlsx", tmp_path / "work")
    assert made.params["ingest"] == {"source": {"file": "x.xlsx", "read": {"sheet": "people"}}}
    assert made.warnings[0].text == "sheet 'people' is read, the largest of about, people, empty"
    assert (made.profile.rows, made.target.column) == (60, "churned")


def test_broken_lines_in_the_sample_are_said_and_go_to_quarantine(tmp_path):
    path = write(tmp_path / "x.csv", 50)
    path.write_text(path.read_text() + "1;2\n")
    found = find(path)
    assert found.sources[None].read.broken == "quarantine"
    assert "1 of the first lines" in found.notes[0]
