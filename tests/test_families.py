"""Families of networks that no product of the repository uses go the whole line, from a product file to a release."""

import json
import random
from pathlib import Path

import pytest
import yaml
from project_copy import command, served

pytestmark = pytest.mark.slow


def released(copy: Path, product: str, changes: dict[str, dict[str, object]]) -> list[dict[str, str]]:
    """Change the product's file, run it, and return what its release answers to its own examples."""
    path = copy / "products" / product / "params.yaml"
    params = yaml.safe_load(path.read_text())
    changes = {"deploy": {"gate": {"max_metric_drop": 1.0}}, **changes}  # families take turns as the champion
    path.write_text(yaml.safe_dump({name: params[name] | changes.get(name, {}) for name in params}))
    result = json.loads(command(copy, "python", "-m", "flows.cli", "run", product, "--plain", "--json"))
    assert result["metrics"]["accuracy"] > 0.8
    return served(copy, product)


@pytest.mark.parametrize(
    ("product", "network"),
    [
        ("cancer", {"name": "wide_and_deep", "hidden": [16]}),
        ("cancer", {"name": "ft_transformer", "width": 16, "heads": 2, "layers": 1}),
        ("digits", {"name": "resnet", "channels": [8, 16], "blocks": 1}),
    ],
    ids=lambda each: each["name"] if isinstance(each, dict) else each,
)
def test_a_family_of_tables_and_images_is_released(copy: Path, product: str, network: dict[str, object]) -> None:
    gate = {"gate": {"metrics": {"accuracy": {"min": 0.8}}}}
    answers = released(copy, product, {"train": {"network": network, "epochs": 15}, "package": gate})
    assert all(0 <= share <= 1 for each in answers for share in each["probabilities"].values())


def write_reviews(folder: Path) -> None:
    """Write texts of five words, of which one says what is thought of a film."""
    draw = random.Random(3)
    for part, size in (("train", 800), ("dev", 200), ("test", 200)):
        lines = ["sentence\tlabel"]
        for number in range(size):
            words = draw.choices(["the", "film", "its", "plot", "actors", "of", "light", f"scene{number}"], k=4)
            label = draw.randrange(2)
            words.insert(
                draw.randrange(5), draw.choice([["dull", "poor", "bland"], ["fine", "moving", "witty"]][label])
            )
            lines.append(f"{' '.join(words)}\t{label}")
        (folder / f"{part}.tsv").write_text("\n".join(lines) + "\n")


@pytest.mark.parametrize(
    "network",
    [{"name": "gru", "embedding": 16, "hidden": 16}, {"name": "transformer", "width": 16, "heads": 2, "layers": 1}],
    ids=lambda each: each["name"],
)
def test_a_family_of_texts_is_released(copy: Path, network: dict[str, object]) -> None:
    source = copy / "products" / "sentiment" / "source"
    source.mkdir(exist_ok=True)
    write_reviews(source)
    for suite in source.parent.glob("*.suite.yaml"):
        suite.write_text(suite.read_text().replace("min_value: 10000", "min_value: 100"))
    read = {"delimiter": "\t", "quote": None, "strings": ["label"]}
    names = {"train": "train", "validation": "dev", "test": "test"}
    files = {part: {"file": f"{name}.tsv", "read": read} for part, name in names.items()}
    changes = {
        "ingest": {"source": files},
        "preprocess": {"tokens": {"vocabulary": 300, "length": 16}},
        "train": {"network": network, "epochs": 6, "ema": None},
        "package": {"gate": {"metrics": {"accuracy": {"min": 0.8}}}},
    }
    assert {each["label"] for each in released(copy, "sentiment", changes)} <= {"0", "1"}
