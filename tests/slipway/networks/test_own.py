"""A product's own network: made from its file, tried before it is trained, and refused with the line that is wrong."""

from pathlib import Path

import pytest
import torch

from slipway.errors import DataError, ParamsError
from slipway.learning.trained import load_network, save_network
from slipway.networks.building import Architecture, build
from slipway.networks.own import code_sha256
from slipway.networks.trying import require_sound
from slipway.product.networks import Own
from slipway.shrinking.exportable import require_exportable

NET = """
import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, inputs, outputs, *, hidden=4, vocabulary=None):
        super().__init__()
        self.embed = nn.Embedding(vocabulary, 3) if vocabulary else None
        self.layer = nn.Linear(3 if vocabulary else inputs[0], hidden)
        self.head = nn.Linear(hidden, outputs)
        self.norm = nn.BatchNorm1d(hidden)

    def forward(self, x):
        x = self.embed(x).mean(1) if self.embed is not None else x
        return self.head(torch.relu(self.norm(self.layer(x))))
"""
FORWARD = "return self.head(torch.relu(self.norm(self.layer(x))))"


def made(folder: Path, text: str = NET, **changes: object) -> tuple[Architecture, torch.nn.Module]:
    """Write the file, and build the network."""
    (folder / "net.py").write_text(text)
    own = Own.model_validate({"name": "own", "file": "net.py", "class_name": "Net", **changes.pop("network", {})})
    sizes = {"network": own, "inputs": (5,), "outputs": 2, "task": "classification", **changes}
    architecture = Architecture.model_validate({**sizes, "code_sha256": code_sha256(folder, own)})
    return architecture, build(architecture, folder)


def tried(folder: Path, text: str = NET, **changes: object) -> None:
    architecture, network = made(folder, text, **changes)
    require_sound(network, architecture, folder / "net.py")


@pytest.mark.parametrize(
    ("changes", "features", "shape"),
    [
        ({}, torch.zeros(3, 5), (3, 2)),
        ({"network": {"arguments": {"hidden": 7}}}, torch.zeros(3, 5), (3, 2)),
        ({"task": "regression", "outputs": 1}, torch.zeros(3, 5), (3,)),
        ({"vocabulary": 9, "inputs": (6,)}, torch.ones(3, 6, dtype=torch.int64), (3, 2)),
    ],
    ids=["classes", "arguments", "values", "tokens"],
)
def test_it_is_made_for_the_rows_and_stands_the_trial(tmp_path: Path, changes, features, shape) -> None:
    tried(tmp_path, **changes)
    assert made(tmp_path, **changes)[1].eval()(features).shape == shape


def test_the_trial_changes_nothing(tmp_path: Path) -> None:
    architecture, network = made(tmp_path)
    before = {name: each.clone() for name, each in network.state_dict().items()}
    require_sound(network, architecture, tmp_path / "net.py")
    assert all(torch.equal(each, before[name]) for name, each in network.state_dict().items())
    assert all(each.grad is None for each in network.parameters())


def test_it_is_rebuilt_by_the_code_that_was_trained_and_by_no_other(tmp_path: Path) -> None:
    architecture, network = made(tmp_path)
    (tmp_path / "train").mkdir()
    save_network(network, architecture, tmp_path / "train")
    x = torch.randn(4, 5)
    assert torch.equal(load_network(tmp_path / "train", tmp_path)(x), network.eval()(x))
    with pytest.raises(ParamsError, match="--code products/NAME/code"):
        load_network(tmp_path / "train")
    (tmp_path / "net.py").write_text(NET + "\nraise SystemExit('this is never run')\n")
    with pytest.raises(DataError, match="net.py is not the code that the network was trained with"):
        load_network(tmp_path / "train", tmp_path)


def test_nothing_is_written_into_the_folder_of_the_code(tmp_path: Path) -> None:
    made(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["net.py"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("import torch\n", "import torch\nimport nowhere\n", r"net.py, line 3: ModuleNotFoundError: .*nowhere"),
        ("super().__init__()", "super().__init__(", r"net.py, line 8: SyntaxError"),
        ("class Net", "class Other", r"net.py has no torch.nn.Module of the name Net"),
        ("(nn.Module)", "", r"has no torch.nn.Module of the name Net"),
        ("hidden=4", "width", r"net.py, line 7: TypeError: .*'width'\nwhile doing: Net\(inputs=\(5,\), outputs=2"),
        (FORWARD, "return 1 / 0", r"net.py, line 16: ZeroDivisionError.*\nwhile doing: a forward pass of \[2, 5\]"),
        (FORWARD, "return self.head(x)", r"net.py, line 16: RuntimeError: mat1 and mat2"),
        (
            FORWARD,
            "return self.layer(x)",
            r"net.py, line 14: answers float32 \[2, 4\] to 2 rows, and must answer float32 \[2, 2\]",
        ),
        (FORWARD, FORWARD + ".squeeze()", r"answers float32 \[2\] to 1 rows, and must answer float32 \[1, 2\]"),
        (FORWARD, FORWARD + ", 1", r"net.py, line 14: answers tuple to 2 rows"),
        (FORWARD, FORWARD + ".argmax(1)", r"answers int64 \[2\] to 2 rows"),
        (FORWARD, FORWARD + " / 0", r"net.py, line 14: answers numbers that are not finite"),
        (
            FORWARD,
            "return self.head(self.layer(x - x.mean(0)))",
            r"net.py, line 14: answers for a row by the others of its batch",
        ),
        (FORWARD, "return self.head(self.layer(x))", r"net.py, line 14: no gradient reaches norm.weight, norm.bias"),
        (FORWARD, FORWARD + ".detach()", r"no gradient reaches layer.weight, layer.bias, head.weight"),
    ],
    ids=lambda text: text[:30],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, old, new, message) -> None:
    assert old in NET
    with pytest.raises(ParamsError, match=message):
        tried(tmp_path, NET.replace(old, new))


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ("nn.Linear(inputs[0], 4), nn.Linear(3, outputs)", r"net.py, line 6: RuntimeError: mat1 and mat2"),
        ("nn.Linear(inputs[0], 4)", r"net.py, line 6: answers float32 \[2, 4\]"),
        ("nn.Linear(inputs[0], outputs), nn.Softmax(1)", r"net.py, line 6: answers probabilities"),
    ],
)
def test_layers_of_torch_alone_are_told_with_the_line_that_makes_them(tmp_path: Path, layers, message) -> None:
    text = "from torch import nn\n\n\nclass Net(nn.Sequential):\n    # net\n    def __init__(self, inputs, outputs):\n"
    with pytest.raises(ParamsError, match=message):
        tried(tmp_path, f"{text}        super().__init__({layers})\n")


def test_a_network_that_cannot_be_copied_is_told_with_its_line(tmp_path: Path) -> None:
    text = NET.replace("nn.BatchNorm1d(hidden)", "nn.BatchNorm1d(hidden)\n        self.twice = self.head.weight * 2")
    with pytest.raises(ParamsError, match=r"net.py, line 15: RuntimeError: .*\nwhile doing: copying the network"):
        tried(tmp_path, text)


def test_a_network_without_weights_is_refused(tmp_path: Path) -> None:
    frozen = "nn.BatchNorm1d(hidden)\n        self.requires_grad_(False)"
    text = NET.replace("nn.BatchNorm1d(hidden)", frozen)
    with pytest.raises(ParamsError, match="nothing to learn"):
        tried(tmp_path, text)


def test_a_file_that_is_absent_is_said_with_those_that_are_there(tmp_path: Path) -> None:
    (tmp_path / "other.py").write_text("")
    with pytest.raises(ParamsError, match=r"net.py does not exist; Python files there: other.py"):
        code_sha256(tmp_path, Own(name="own", file="net.py", class_name="Net"))


@pytest.mark.parametrize("file", ["../net.py", "/tmp/net.py", "net", "code/net.py", ".py"])
def test_a_file_outside_the_folder_is_refused(file) -> None:
    with pytest.raises(ValueError, match="file"):
        Own(name="own", file=file, class_name="Net")


def test_it_is_exported_before_it_is_trained(tmp_path: Path) -> None:
    architecture, network = made(tmp_path)
    require_exportable(network, architecture)


@pytest.mark.parametrize(
    ("forward", "message"),
    [
        ("return self.head(self.norm(self.layer(x)) * (1 if x.sum() > 1e9 else 2))", "cannot be exported to ONNX"),
        (FORWARD + " * (1 if x.shape[0] == 2 else 2)", "exported to ONNX"),
    ],
)
def test_a_network_that_onnx_cannot_hold_is_refused_before_it_is_trained(tmp_path: Path, forward, message) -> None:
    architecture, network = made(tmp_path, NET.replace(FORWARD, forward))
    with pytest.raises(ParamsError, match=message) as refused:
        require_exportable(network, architecture)
    assert len(str(refused.value).splitlines()) <= 2
