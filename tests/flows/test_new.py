"""`slipway new` from the command line."""

import json
import sys

import pytest

from flows import cli
from slipway.product.params import read_params

TABLE = "age,plan,churned\n" + "".join(
    f"{20 + n % 50},{'basic' if n % 3 else 'pro'},{'yes' if n % 4 else 'no'}\n" for n in range(200)
)


@pytest.fixture
def slipway(tmp_path, monkeypatch, capsys):
    """Run the command line in a project without products' stages; return exit status, stdout, stderr.

    Nothing is probed unless it is asked for.
    """
    root = tmp_path / "project"
    (root / "products").mkdir(parents=True)
    (root / "dvc.yaml").write_text("stages: {}\n")
    (root / "products" / "products.yaml").write_text("products:\n  - cancer\n")
    (root / "data.csv").write_text(TABLE)
    monkeypatch.chdir(root)

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["slipway", *words, *([] if "--probe" in words else ["--no-probe"])])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return ended.value.code or 0, *capsys.readouterr()

    run.root = root
    return run


def test_it_prints_what_it_inferred_what_to_look_at_and_what_to_do_next(slipway):
    status, out, err = slipway("new", "churn", "--source", "data.csv")
    assert (status, err) == (0, "")
    lines = [line.split() for line in out.splitlines()]
    assert ["age", "number", "Int64", "0", "50", "whole", "numbers", "from", "20", "to", "69"] in [
        line[:11] for line in lines
    ]
    assert "its name says so" in out
    assert "(sensitive: age?)" in out
    assert lines[-1] == ["next", "slipway", "run", "churn"]
    assert read_params(slipway.root / "products" / "churn" / "params.yaml").product.target == "churned"


def test_as_json_it_says_the_same(slipway):
    status, out, _ = slipway("new", "churn", "--source", "data.csv", "--target", "plan", "--json")
    content = json.loads(out)
    assert status == 0
    assert content["target"] == {
        "column": "plan",
        "task": "classification",
        "confidence": "given",
        "why": "you said so",
    }
    assert {one["name"]: one["role"] for one in content["columns"]} == {
        "age": "number",
        "plan": "target",
        "churned": "boolean",
    }
    assert content["next"] == ["slipway plan churn", "slipway run churn"]


def test_a_table_without_a_target_says_how_to_name_one(slipway):
    (slipway.root / "data.csv").write_text("when,name\n" + "".join(f"2020-01-{n + 1:02},n{n}\n" for n in range(28)))
    status, out, _ = slipway("new", "names", "--source", "data.csv")
    assert status == 0
    assert "--target COLUMN says otherwise" in out
    assert "edit products/names/params.yaml: product.target names the column to predict" in out


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["cancer", "--source", "data.csv"], "the product 'cancer' exists"),
        (["churn", "--source", "absent.csv"], "does not exist: give a file, a folder or a URL"),
        (["churn", "--source", "data.csv", "--target", "churn"], "did you mean 'churned'?"),
        (["Churn", "--source", "data.csv"], "'Churn' is no name for a product"),
    ],
)
def test_what_cannot_be_made_is_refused_and_leaves_nothing(slipway, words, reason):
    status, out, err = slipway("new", *words)
    assert (status, out) == (1, "")
    assert reason in err
    assert [path.name for path in (slipway.root / "products").iterdir()] == ["products.yaml"]


def test_what_trains_fastest_is_measured_on_the_products_own_rows_and_only_offered(slipway, monkeypatch):
    ran, measured = [], {"skipped": None, "results": "", "is_present": False}

    def probe(root, name, **options):
        assert ran == [("churn", "augment", False)]
        assert (options["accept"], options["compiles"]) == (False, False)
        shown = {**measured, "shown": "bf16, 1 thread", "rows_a_second": 200.0, "ratio": 2.0}
        size = {"product": name, "device": "cpu", "batch_size": 32, "rows": 150}
        return {**size, "measured": [shown], "diff": "+  precision: bf16\n", "accepted": False}

    monkeypatch.setattr("flows.steps.run_plain", lambda run: ran.append((run.product, run.stage, run.force)))
    monkeypatch.setattr("flows.probing.probe", probe)
    status, out, err = slipway("new", "churn", "--source", "data.csv", "--probe")
    assert (status, err) == (0, "")
    assert out.index("slipway run churn") < out.index("bf16, 1 thread") < out.index("+  precision: bf16")
    assert "to measure again and write: slipway probe churn --accept" in out
    probed = (slipway.root / "products/churn/params.yaml").read_text()
    assert slipway("new", "other", "--source", "data.csv")[0] == 0
    assert probed == (slipway.root / "products/other/params.yaml").read_text().replace("other:", "churn:")


@pytest.mark.parametrize("command", [[], ["--json"]])
def test_a_product_whose_rows_do_not_get_to_train_is_there_all_the_same(slipway, command):
    status, out, _ = slipway("new", "churn", "--source", "data.csv", "--probe", *command)
    assert status == 0
    assert (slipway.root / "products/churn/params.yaml").exists()
    if command:
        assert "Run `git init`" in json.loads(out)["probe"]["skipped"]
    else:
        assert "what trains fastest here was not measured: " in out
        assert out.endswith("later    slipway run churn augment && slipway probe churn\n")


def test_rows_that_would_take_too_long_and_rows_without_a_target_are_not_probed(slipway, monkeypatch):
    monkeypatch.setattr("flows.steps.run_plain", lambda run: pytest.fail("no stage should run"))
    monkeypatch.setattr("flows.new.MAX_PROBED_ROWS", 199)
    assert "200 rows take a while" in slipway("new", "churn", "--source", "data.csv", "--probe")[1]
    (slipway.root / "data.csv").write_text("when,name\n" + "".join(f"2020-01-{n + 1:02},n{n}\n" for n in range(28)))
    out = slipway("new", "names", "--source", "data.csv", "--probe", "--json")[1]
    assert json.loads(out)["probe"] == {"skipped": "there is no column to predict yet"}


def test_help_shows_an_example(slipway):
    status, out, _ = slipway("new", "--help")
    assert status == 0
    assert "Example: slipway new churn --source customers.csv --target churned" in " ".join(out.split())
