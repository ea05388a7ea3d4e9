"""A product's own network: a class in a Python file of the product's folder code/.

The file is read once, hashed and run, so what runs is what the hash says; Python's import would look for a compiled
copy, and leave one in a folder that DVC watches.
"""

import hashlib
import inspect
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from torch import nn

from slipway.errors import DataError, ParamsError
from slipway.product.networks import Own


def own_network(
    network: Own,
    inputs: tuple[int, ...],
    outputs: int,
    *,
    vocabulary: int | None,
    code: Path | None,
    sha256: str | None,
) -> nn.Module:
    """Make the network.

    Args:
        network: The file, the class and its arguments.
        inputs: The shape of one row's features.
        outputs: How many numbers it answers for a row.
        vocabulary: How many different tokens there are; None where features are numbers.
        code: The folder of the file.
        sha256: What the file must be; None: whatever it is.

    Raises:
        ParamsError: The file is absent or raises, has no such class, or the class raises.
        DataError: The file is another.
    """
    path, source = _read(code, network)
    if sha256 is not None and hashlib.sha256(source).hexdigest() != sha256:
        raise DataError(f"{path} is not the code that the network was trained with: run the stage train again")
    made = getattr(_module(path, source), network.class_name, None)
    if not (isinstance(made, type) and issubclass(made, nn.Module)):
        raise ParamsError(f"train.network.class_name: {path} has no torch.nn.Module of the name {network.class_name}")
    words = {} if vocabulary is None else {"vocabulary": vocabulary}
    doing = f"{network.class_name}(inputs={inputs}, outputs={outputs}, ...)"
    with own_errors(doing, path, otherwise=place_of(made, path, "__init__")):
        return made(inputs, outputs, **words, **network.arguments)


def code_sha256(code: Path | None, network: Own) -> str:
    """Return the hash of the file.

    Raises:
        ParamsError: It is absent.
    """
    return hashlib.sha256(_read(code, network)[1]).hexdigest()


@contextmanager
def own_errors(doing: str, path: Path, *, otherwise: str | None = None) -> Iterator[None]:
    """Turn whatever a user's code raises into an error that says where in `path`, and what was done with it.

    It says `otherwise` where it was raised by no line of the file: a library's class, called by ours.
    """
    try:
        yield
    except Exception as error:
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
        if isinstance(error, SyntaxError) and error.filename == str(path):
            lines = [error.lineno]
        where = f"{path}, line {lines[-1]}" if lines else otherwise or str(path)
        said = (str(error).strip().splitlines() or [""])[0]
        raise ParamsError(f"train.network: {where}: {type(error).__name__}: {said}\nwhile doing: {doing}") from error


def place_of(made: type[nn.Module], path: Path, *methods: str) -> str:
    """Return the file with the line of the first of the methods that stands there, or the file alone."""
    codes = [getattr(inspect.unwrap(getattr(made, method)), "__code__", None) for method in methods]
    lines = [code.co_firstlineno for code in codes if code is not None and code.co_filename == str(path)]
    return f"{path}, line {lines[0]}" if lines else str(path)


def _read(code: Path | None, network: Own) -> tuple[Path, bytes]:
    if code is None:
        raise ParamsError("train.network is the product's own: name its folder, --code products/NAME/code")
    path = code / network.file
    try:
        return path, path.read_bytes()
    except FileNotFoundError:
        there = ", ".join(sorted(each.name for each in code.glob("*.py"))) or "none"
        raise ParamsError(f"train.network.file: {path} does not exist; Python files there: {there}") from None


def _module(path: Path, source: bytes) -> ModuleType:
    """Run the file as a module that torch.compile finds by its name, which its content decides."""
    module = ModuleType(f"own_network_{hashlib.sha256(source).hexdigest()[:16]}")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module
    with own_errors("reading the file", path):
        exec(compile(source, str(path), "exec"), module.__dict__)
    return module
