"""Pack a network into few bytes and get the very same one back: `python -m slipway.shrinking.archive FILE OUT`.

The codec loses nothing, whatever the tensors hold. It is small where a tensor has few different values (shared
weights), and smaller where most elements have the same one (sparsity): slipway/shrinking/sparsify.py makes such
networks. As in "Deep Compression" (Han et al. 2016, sections 2 and 4) an element is the gap since the one before it
and the number of its value, and both are Huffman-coded. DEFLATE (RFC 1951) does that and carries the code tables.

    magic | version | sha256 of all that follows | bytes of the header | header | the pieces that it lists

The command writes the folder that a network is loaded from: model.safetensors and model.json.
"""

import argparse
import hashlib
import math
import struct
import sys
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, NoReturn, get_args

import numpy as np
import numpy.typing as npt
import torch
from pydantic import Field, ValidationError
from safetensors.torch import save_file
from torch import Tensor

from slipway.errors import DataError, SlipwayError
from slipway.files import write_text
from slipway.product.section import Section

MAGIC, VERSION = b"slipway-archive", 1
BEGIN = struct.Struct(f"<{len(MAGIC)}sB{hashlib.sha256().digest_size}s")
LENGTH = struct.Struct("<I")
MOST_VALUES = 256
MEMORY_LEVEL = 9  # the most: a code table serves more bytes
STEP = 255
"""The byte of a gap that goes on: so many elements have the commonest value, and more may follow."""

Array = npt.NDArray[Any]
Dtype = Literal["float64", "float32", "float16", "bfloat16", "int64", "int32", "int16", "int8", "uint8", "bool"]
Count = Annotated[int, Field(ge=0)]


class Part(Section):
    """What the header says of a tensor."""

    name: str
    dtype: Dtype
    shape: tuple[Count, ...]
    form: Literal["plain", "shared", "sparse"]
    """plain: one piece, the elements. shared: the values, the commonest first, and the number of each element's.
    sparse: the values, the gaps of commonest ones before each other element, and the number of its value less 1."""

    pieces: tuple[Count, ...]
    """Bytes of each piece, deflated."""


class Header(Section):
    """What the archive holds."""

    about: str
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Archive:
    """What was packed.

    Attributes:
        tensors: By their names, in their order.
        about: The text that was packed with them: model.json.
    """

    tensors: dict[str, Tensor]
    about: str


def encode(tensors: Mapping[str, Tensor], about: str = "") -> bytes:
    """Pack tensors and a text; `decode` gives them back bit for bit.

    Raises:
        DataError: A tensor has a dtype that networks are not made of (complex, quantised).
    """
    parts, body = [], b""
    for name, tensor in tensors.items():
        dtype = str(tensor.dtype).removeprefix("torch.")
        if dtype not in (known := get_args(Dtype)):
            raise DataError(f"'{name}' is of {dtype}, which an archive cannot hold: convert it to one of {known}")
        form, pieces = min(forms_of(patterns_of(tensor)), key=lambda one: sum(map(len, one[1])))
        said = {"name": name, "dtype": dtype, "shape": tuple(tensor.shape), "form": form}
        parts.append(Part.model_validate({**said, "pieces": tuple(map(len, pieces))}))
        body += b"".join(pieces)
    header = deflated(Header(about=about, parts=tuple(parts)).model_dump_json().encode())
    content = LENGTH.pack(len(header)) + header + body
    return BEGIN.pack(MAGIC, VERSION, hashlib.sha256(content).digest()) + content


def patterns_of(tensor: Tensor) -> Array:
    """Return the elements as unsigned numbers of their bits [elements]: -0.0 is not 0.0, a NaN keeps its payload."""
    laid_out = tensor.detach().cpu().reshape(-1).clone(memory_format=torch.contiguous_format)  # one may have any stride
    return laid_out.view(torch.uint8).numpy().view(f"u{tensor.itemsize}")


def forms_of(patterns: Array) -> Iterator[tuple[str, list[bytes]]]:
    """Yield each form that the elements can have, with its pieces."""
    yield "plain", [deflated(patterns.tobytes())]
    values, places, counts = np.unique(patterns, return_inverse=True, return_counts=True)
    if not 0 < len(values) <= MOST_VALUES:
        return
    by_count = np.argsort(-counts, kind="stable")
    numbers = np.argsort(by_count).astype(np.uint8)[places]
    book = deflated(values[by_count].tobytes())
    yield "shared", [book, deflated(numbers.tobytes())]
    others = np.flatnonzero(numbers)
    yield "sparse", [book, deflated(gaps_between(others)), deflated((numbers[others] - 1).tobytes())]


def gaps_between(places: Array) -> bytes:
    """Say how many elements lie before each place and after the one before it, 255 and more in several bytes.

    >>> list(gaps_between(np.array([0, 2, 300])))
    [0, 1, 255, 42]
    """
    steps, last = np.divmod(np.diff(places, prepend=-1) - 1, STEP)
    coded = np.full(len(places) + steps.sum(), STEP, dtype=np.uint8)
    coded[np.cumsum(steps + 1) - 1] = last
    return coded.tobytes()


def places_of(gaps: Array) -> Array:
    """Undo `gaps_between`."""
    goes_on = gaps == STEP
    return (np.cumsum(np.where(goes_on, STEP, gaps.astype(np.int64) + 1)) - 1)[~goes_on]


def deflated(plain: bytes) -> bytes:
    """Return the shortest that DEFLATE makes of it: by Huffman codes alone, or with repeated strings found first."""
    made = []
    for strategy in (zlib.Z_HUFFMAN_ONLY, zlib.Z_DEFAULT_STRATEGY):
        packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS, MEMORY_LEVEL, strategy)
        made.append(packer.compress(plain) + packer.flush())
    return min(made, key=len)


def decode(data: bytes) -> Archive:
    """Unpack an archive, once its sha256 says that it is whole.

    Raises:
        DataError: It is no archive, of another version, damaged, or was not written by `encode`.
    """
    content = checked(data)
    try:
        return _unpacked(content)
    except (struct.error, zlib.error, ValidationError, _Inconsistent) as error:
        raise DataError(
            f"the archive's sha256 is right, but not what it lists ({error}): slipway did not write it"
        ) from None


class _Inconsistent(ValueError):
    """The header promises what the pieces do not keep."""


def checked(data: bytes) -> bytes:
    """Return what follows the sha256, which is of these very bytes."""
    if not data.startswith(MAGIC):
        raise DataError(f"no archive: it begins with {data[: len(MAGIC)]!r}, not {MAGIC!r}. Name a file archive.slw.")
    if len(data) < BEGIN.size:
        raise DataError(f"the archive ends after {len(data)} bytes, in its first line: copy it again")
    _, version, sha256 = BEGIN.unpack_from(data)
    if version != VERSION:
        raise DataError(
            f"the archive is of version {version}, and this slipway reads version {VERSION}: unpack it with the "
            "slipway that wrote it, or run compress again"
        )
    content = data[BEGIN.size :]
    if (found := hashlib.sha256(content).digest()) != sha256:
        raise DataError(
            f"the archive is damaged or cut off: its {len(data)} bytes have the sha256 {found.hex()[:12]}..., and were "
            f"written with {sha256.hex()[:12]}.... Copy it again."
        )
    return content


def _unpacked(content: bytes) -> Archive:
    (length,) = LENGTH.unpack_from(content)
    start = LENGTH.size + length
    header = Header.model_validate_json(zlib.decompress(content[LENGTH.size : start], -zlib.MAX_WBITS))
    tensors = {}
    for part in header.parts:
        pieces = []
        for size in part.pieces:
            pieces.append(content[start : start + size])
            start += size
        tensors[part.name] = _tensor(part, pieces)
    if start != len(content):
        raise _Inconsistent(f"its pieces end at byte {start} of {len(content)}")
    return Archive(tensors, header.about)


def _tensor(part: Part, pieces: list[bytes]) -> Tensor:
    """Rebuild a tensor from its pieces."""
    dtype, num_elements = getattr(torch, part.dtype), math.prod(part.shape)
    unsigned = np.dtype(f"u{dtype.itemsize}")
    if len(pieces) != {"plain": 1, "shared": 2, "sparse": 3}[part.form]:
        raise _Inconsistent(f"'{part.name}' has {len(pieces)} pieces")
    if part.form == "plain":
        patterns = _inflated(pieces[0], unsigned, num_elements)
    else:
        values = _inflated(pieces[0], unsigned, MOST_VALUES)
        numbers = _numbers(part.form, pieces[1:], num_elements)
        if numbers.max(initial=0) >= len(values):
            raise _Inconsistent(f"'{part.name}' has no value of the number {numbers.max()}")
        patterns = values[numbers]
    if len(patterns) != num_elements:
        raise _Inconsistent(f"'{part.name}' has {len(patterns)} elements for the shape {part.shape}")
    return torch.from_numpy(patterns.view(np.uint8)).view(dtype).reshape(part.shape)


def _numbers(form: str, pieces: list[bytes], num_elements: int) -> Array:
    """Return the number of each element's value [elements]."""
    coded = [_inflated(piece, np.dtype(np.uint8), num_elements) for piece in pieces]
    if form == "shared":
        return coded[0]
    places, others = places_of(coded[0]), coded[1]
    if len(places) != len(others) or places.max(initial=-1) >= num_elements:
        raise _Inconsistent(f"{len(places)} places of {len(others)} values among {num_elements} elements")
    numbers = np.zeros(num_elements, dtype=np.int64)
    numbers[places] = others.astype(np.int64) + 1
    return numbers


def _inflated(piece: bytes, dtype: np.dtype[Any], most: int) -> Array:
    """Undo `deflated` of so many elements at most: a small piece can become one that no memory holds."""
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
    plain = unpacker.decompress(piece, most * dtype.itemsize + 1)
    if not unpacker.eof or unpacker.unused_data or len(plain) > most * dtype.itemsize or len(plain) % dtype.itemsize:
        raise _Inconsistent(f"a piece is not one of {most} elements or fewer")
    return np.frombuffer(bytearray(plain), dtype)


def restore(file: Path, out: Path) -> None:
    """Write model.safetensors and model.json of an archive into a folder, from which `load_network` loads them.

    Raises:
        DataError: There is no such file, or it is no whole archive.
    """
    try:
        archive = decode(file.read_bytes())
    except FileNotFoundError:
        raise DataError(
            f"{file} does not exist: compress writes archive.slw where params say compress.archive"
        ) from None
    except DataError as error:
        raise DataError(f"{file}: {error}") from None
    out.mkdir(parents=True, exist_ok=True)
    save_file(archive.tensors, out / "model.safetensors")
    write_text(out / "model.json", archive.about)


def main(argv: list[str] | None = None) -> NoReturn:
    """Restore an archive; exit 1 with the reason where it can't be."""
    parser = argparse.ArgumentParser(prog="python -m slipway.shrinking.archive", description=restore.__doc__)
    parser.add_argument("file", type=Path, help="archive.slw, as compress writes it")
    parser.add_argument("out", type=Path, help="a folder for model.safetensors and model.json")
    words = parser.parse_args(argv)
    try:
        restore(words.file, words.out)
    except SlipwayError as error:
        sys.exit(f"archive: {error}")
    sys.exit(0)


if __name__ == "__main__":
    main()
