"""params.yaml: every mistake is answered with the file, the key, the value and what is allowed."""

import json
from pathlib import Path

import pytest

from slipway.errors import ParamsError
from slipway.product.ingest import Ingest, Source
from slipway.product.package import Package
from slipway.product.params import Params, json_schema, read_params
from slipway.product.privatize import Privatize
from slipway.product.product import Product
from slipway.product.reading import read_section
from slipway.product.train import Train

ROOT = Path(__file__).parents[3]
FORMS = "a file, {file, sha256, read}, {connection, query}, {images} or {idx, labels}"


def written(folder: Path, text: str) -> Path:
    path = folder / "params.yaml"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("yaml", "message"),
    [
        (
            "train: {epoch: 3}",
            r"params.yaml: train.epoch is no parameter: did you mean 'epochs'\? allowed: batch_size, ",
        ),
        ("train: {lr: fast}", r"params.yaml: train.lr = 'fast': .*valid number"),
        ("train: {lr: -1}", r"train.lr = -1: .*greater than 0"),
        (
            "train: {network: {name: mlp, hiden: [1]}}",
            r"train.network.hiden is no parameter: did you mean 'hidden'\? allowed: dropout, hidden, name$",
        ),
        ("train: {network: {name: gpt}}", r"train.network.name = 'gpt': allowed: mlp, .*, transformer, own$"),
        ("train: {network: {hidden: [1]}}", r"train.network.name is missing: allowed: mlp, wide_and_deep, "),
        ("train: {network: mlp}", r"train.network = 'mlp': must be a mapping.* allowed: .*, class_name, dropout, "),
        (
            f"train: {{start: {{file: x, sha256: {'AB' * 32}}}}}",
            r"train.start.sha256 = 'ABAB.*': must be 64 hexadecimal digits, as sha256sum prints them, in lower case$",
        ),
        ("train:", r"params.yaml: train = null: must be a mapping, {} where all is default; allowed: batch_size, "),
        ("evaluate: {}", r"no section 'train'. Add `train: {}`"),
        ("train: [1, 2]", r"params.yaml: train = \[1, 2\]"),
        ("train: {lr: [}", r"is no YAML"),
        ("- train", r"must hold keys .* but holds a list"),
    ],
)
def test_a_mistake_is_named_with_its_mend(yaml: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ParamsError, match=message) as error:
        read_section(written(tmp_path, yaml), Train)
    assert len(str(error.value).splitlines()) <= 3


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{fil: x.csv}", r"source.fil is no parameter: did you mean 'file'? allowed: file, inside, read, sha256, url"),
        ("{train: {fil: x.csv}, test: y.csv}", r"source.train.fil is no parameter: did you mean 'file'? allowed: "),
        ("{train: a.csv, tset: b.csv}", r"source.tset is no parameter: did you mean 'test'? allowed: test, train, "),
        ("{train: a.csv}", r"source.test is missing: it has no default"),
        ("{train: 3, test: b.csv}", f"source.train = 3: must be {FORMS}"),
        ("{file: a.csv, read: {delimiter: ',,'}}", r"source.read.delimiter = ',,': must have at most 1 character"),
        ("3", f"source = 3: must be {FORMS}, or {{train, validation, test}}"),
        ("{file: a.csv, read: {delimiter: ';', quote: ';'}}", r"delimiter and quote are both ';'"),
        ("{file: a.csv, read: {delimiter: §}}", r"delimiter '§' must be an ASCII character"),
        ("{file: a.csv, read: {decimal_comma: true}}", r"a comma cannot stand between values, too: set delimiter"),
        ("{file: a.csv, sha256: abc}", r"source.sha256 = 'abc': must be 64 hexadecimal digits, as sha256sum "),
        ("{file: a.csv, url: ftp://x}", r"source.url = 'ftp://x': must match pattern"),
        ("{connection: 'mysql://x', query: q}", r"source.connection = 'mysql://x': must match pattern"),
        ("{images: a, shape: [2, 2, 4]}", r"1 (grey) or 3 (colours)"),
        ("{idx: a, lables: b}", r"source.lables is no parameter: did you mean 'labels'?"),
        ("{}", f"source = {{}}: must be {FORMS}, or {{train, validation, test}}"),
    ],
)
def test_a_mistake_in_the_source_is_one_line_about_what_was_meant(content: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ParamsError) as error:
        read_section(written(tmp_path, f"ingest: {{source: {content}}}"), Ingest)
    assert "params.yaml: ingest.source" in str(error.value)
    assert message in str(error.value)
    assert len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{low: 0, epsilon: 1}", r"age.high is missing"),
        (
            "{low: 0, hihg: 1, epsilon: 1}",
            r"age.hihg is no parameter: did you mean 'high'? allowed: epsilon, high, low",
        ),
        ("{low: 2, high: 1, epsilon: 1}", r"age = {'low': 2, 'high': 1, 'epsilon': 1}: low 2.0 must be below high 1.0"),
        (
            "{valeus: [a, b], epsilon: 1}",
            r"age.valeus is no parameter: did you mean 'values'? allowed: epsilon, values",
        ),
        ("{values: [a], epsilon: 1}", r"age.values = ['a']: must have at least 2 items, not 1"),
        ("{values: [a, b, a], epsilon: 1}", r"['a'] stand in values more than once"),
        ("{epsilon: 1}", r"age = {'epsilon': 1}: must be {low, high, epsilon} for a column of numbers, {values, "),
        ("3", r"age = 3: must be {low, high, epsilon} for a column of numbers, {values, epsilon} for categories"),
    ],
)
def test_a_mistake_in_a_private_column_is_one_line_about_what_was_meant(
    content: str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(ParamsError) as error:
        read_section(written(tmp_path, f"privatize: {{columns: {{age: {content}}}}}"), Privatize)
    assert "params.yaml: privatize.columns.age" in str(error.value)
    assert message in str(error.value)
    assert len(str(error.value).splitlines()) == 1


@pytest.mark.parametrize(
    "column",
    [
        "{low: -.inf, high: 1, epsilon: 1}",
        "{low: 0, high: .inf, epsilon: 1}",
        "{low: 0, high: 1, epsilon: .inf}",
        "{low: 0, high: 1, epsilon: 31}",
        "{low: 0, high: .nan, epsilon: 1}",
        "{low: -1.0e+308, high: 1.0e+308, epsilon: 1}",
        "{low: 0, high: 1.0e+300, epsilon: 1.0e-10}",
        "{values: [a, b], epsilon: .inf}",
        "{values: [a, b], epsilon: 31}",
    ],
)
def test_bounds_and_losses_without_an_end_are_refused(column: str, tmp_path: Path) -> None:
    with pytest.raises(ParamsError, match="finite|less than or equal to 30"):
        read_section(written(tmp_path, f"privatize: {{columns: {{age: {column}}}}}"), Privatize)


def test_a_limit_that_is_no_number_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ParamsError, match=r"metrics.accuracy.min = nan: must be a finite number"):
        read_section(written(tmp_path, "package: {gate: {metrics: {accuracy: {min: .nan}}}}"), Package)


def test_a_part_of_a_source_is_a_name_or_a_file_with_options() -> None:
    ingest = Ingest.model_validate({"source": {"train": "a.csv", "test": {"file": "b.csv"}}})
    assert ingest.sources() == {"train": Source(file="a.csv"), "test": Source(file="b.csv")}
    assert Ingest(source=Source(file="a.csv")).sources() == {None: Source(file="a.csv")}


def test_a_long_value_is_cut_where_it_is_shown(tmp_path: Path) -> None:
    with pytest.raises(ParamsError, match="x" * 100) as error:
        read_section(written(tmp_path, f"train: {{lr: {'x' * 1000}}}"), Train)
    assert "x" * 150 not in str(error.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ParamsError, match="params.yaml does not exist"):
        read_section(tmp_path / "params.yaml", Train)


def test_a_number_as_people_write_it_is_a_number(tmp_path: Path) -> None:
    assert read_section(written(tmp_path, "train: {lr: 1e-4}"), Train).lr == 1e-4


def test_a_section_cannot_be_changed_after_it_was_checked() -> None:
    with pytest.raises(ValueError, match="frozen"):
        Train().lr = 3  # type: ignore[misc]


@pytest.mark.parametrize(
    ("yaml", "message"),
    [
        ("{kind: tabular, target: y, identifiers: [y]}", r"\['y'\] stand in more than one"),
        ("{kind: tabular, task: regression, classes: [a, b]}", r"a regression has no classes"),
        ("{kind: tabular, classes: [a, a]}", r"listed twice"),
        ("{target: y}", r"product.kind is missing"),
    ],
)
def test_roles_that_contradict_each_other_are_refused(yaml: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(ParamsError, match=message):
        read_section(written(tmp_path, f"product: {yaml}"), Product)


@pytest.mark.parametrize("product", ["cancer", "digits"])
def test_the_example_products_are_right_and_editors_find_their_schema(product: str) -> None:
    path = ROOT / "products" / product / "params.yaml"
    assert isinstance(read_params(path), Params)
    assert path.read_text().splitlines()[0] == "# yaml-language-server: $schema=../params.schema.json"


def test_a_missing_section_is_answered_with_what_to_write(tmp_path: Path) -> None:
    text = (ROOT / "products" / "cancer" / "params.yaml").read_text().replace("serve: {}\n", "")
    with pytest.raises(ParamsError, match=r"params.yaml: serve is missing: write `serve: \{\}`"):
        read_params(written(tmp_path, text))


def test_a_gate_for_another_task_is_refused_before_anything_runs(tmp_path: Path) -> None:
    text = (ROOT / "products" / "cancer" / "params.yaml").read_text().replace("roc_auc: {min", "rmse: {max")
    with pytest.raises(ParamsError, match=r"gate.metrics names \['rmse'\], but a classification has accuracy"):
        read_params(written(tmp_path, text))


def test_the_committed_json_schema_is_that_of_the_models() -> None:
    committed = (ROOT / "products" / "params.schema.json").read_text()
    assert committed == json_schema(), "run `python -m slipway.product.params > products/params.schema.json`"


def test_every_field_has_a_description_for_editors() -> None:
    schema = json.loads(json_schema())
    bare = [
        f"{name}.{key}"
        for name, model in schema["$defs"].items()
        for key, field in model.get("properties", {}).items()
        if "description" not in field
    ]
    assert not bare
