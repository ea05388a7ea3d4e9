"""The archive codec: what is packed comes back bit for bit, and what was not packed by it is refused."""

import hashlib
import zlib
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from slipway.errors import DataError
from slipway.learning.trained import load_network, save_network
from slipway.networks.building import Architecture, build
from slipway.product.networks import CNN
from slipway.shrinking.archive import BEGIN, LENGTH, MAGIC, VERSION, decode, encode, gaps_between, main, places_of

DTYPES = [np.float64, np.float32, np.float16, np.int64, np.int32, np.int16, np.int8, np.uint8, np.bool_]


def raw(tensor: torch.Tensor) -> bytes:
    return tensor.reshape(-1).clone(memory_format=torch.contiguous_format).view(torch.uint8).numpy().tobytes()


def same(some: dict[str, torch.Tensor], others: dict[str, torch.Tensor]) -> bool:
    return list(some) == list(others) and all(
        some[name].dtype == others[name].dtype
        and some[name].shape == others[name].shape
        and raw(some[name]) == raw(others[name])
        for name in some
    )


@st.composite
def tensors(draw: st.DrawFn) -> torch.Tensor:
    """Any shape (a scalar, an empty one), any elements; often few different ones, often mostly one of them."""
    dtype = draw(st.sampled_from(DTYPES))
    shape = draw(npst.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=9))
    bits = draw(npst.arrays(np.uint8, (*shape, np.dtype(dtype).itemsize)))
    if dtype == np.bool_:
        bits = bits % 2
    elements = np.frombuffer(bits.tobytes(), dtype).reshape(shape)
    if elements.size and draw(st.booleans()):
        few = elements.reshape(-1)[: draw(st.integers(1, 5))]
        elements = few[draw(npst.arrays(np.uint8, shape)) % len(few)]
    if draw(st.booleans()):
        elements = np.where(
            draw(npst.arrays(np.bool_, shape, elements=st.integers(0, 9).map(lambda n: n == 0))), elements, 0
        )
    return torch.from_numpy(np.array(elements, dtype))


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(st.text(max_size=9), tensors(), max_size=4), st.text(max_size=20))
def test_any_tensors_come_back_bit_for_bit(packed: dict[str, torch.Tensor], about: str) -> None:
    found = decode(encode(packed, about))
    assert same(found.tensors, packed)
    assert found.about == about


@pytest.mark.parametrize(
    "tensor",
    [
        torch.tensor(7),
        torch.tensor(-0.0),
        torch.tensor([0.0, -0.0, float("nan"), float("inf")]),
        torch.zeros(0, 3),
        torch.zeros(70, 70),
        torch.full((5, 5), 3.5),
        torch.arange(300.0).bfloat16(),
        torch.arange(256).repeat(3),
        torch.arange(257).repeat(3),
        torch.eye(30)[:, ::2].t(),
        torch.ones(3, 5)[:1, ::5],
    ],
)
def test_odd_tensors_come_back(tensor: torch.Tensor) -> None:
    assert same(decode(encode({"a": tensor})).tensors, {"a": tensor})


def test_gaps_longer_than_a_byte_come_back() -> None:
    places = np.array([0, 1, 255, 256, 511, 512, 1023, 5000, 5255, 5511])
    assert np.array_equal(places_of(np.frombuffer(gaps_between(places), np.uint8)), places)
    sparse = torch.zeros(100_000)
    sparse[torch.tensor([254, 255, 256, 99_999])] = torch.tensor([1.0, 2.0, 1.0, 3.0])
    assert same(decode(encode({"a": sparse})).tensors, {"a": sparse})


def test_sparse_shared_weights_become_small_and_what_cannot_shrink_hardly_grows() -> None:
    generator = torch.Generator().manual_seed(0)
    noise = torch.randn(300, 100, generator=generator)
    thin = torch.where(noise.abs() > 2, noise.sign(), 0.0)  # 4.6 % of two values: an entropy of 0.31 bits an element
    assert len(encode({"a": thin})) < 1.1 * 0.31 * thin.numel() / 8 + 250
    assert len(encode({"a": noise})) < noise.nbytes + 200


def test_the_same_tensors_give_the_same_bytes() -> None:
    packed = {"a": torch.arange(9.0), "b": torch.zeros(3)}
    assert encode(packed, "x") == encode(packed, "x")


def test_a_dtype_of_no_network_is_refused() -> None:
    with pytest.raises(DataError, match="'a' is of complex64"):
        encode({"a": torch.zeros(2, dtype=torch.complex64)})


ARCHIVE = encode({"w": torch.eye(40), "n": torch.tensor(3)}, "about")


@given(st.integers(0, len(ARCHIVE) * 8 - 1))
def test_any_flipped_bit_is_refused(bit: int) -> None:
    damaged = bytearray(ARCHIVE)
    damaged[bit // 8] ^= 1 << bit % 8
    with pytest.raises(DataError, match="damaged|of version|no archive"):
        decode(bytes(damaged))


@given(st.integers(0, len(ARCHIVE) - 1))
def test_a_cut_off_archive_is_refused(length: int) -> None:
    with pytest.raises(DataError, match="cut off|copy it again|no archive"):
        decode(ARCHIVE[:length])


def test_a_longer_archive_another_version_and_a_foreign_file_are_refused() -> None:
    with pytest.raises(DataError, match="damaged"):
        decode(ARCHIVE + b"\0")
    with pytest.raises(DataError, match=f"of version {VERSION + 1}, and this slipway reads version {VERSION}"):
        decode(MAGIC + bytes([VERSION + 1]) + ARCHIVE[len(MAGIC) + 1 :])
    with pytest.raises(DataError, match="no archive: it begins with b'PK"):
        decode(b"PK\x03\x04" + ARCHIVE)


def signed(content: bytes) -> bytes:
    return BEGIN.pack(MAGIC, VERSION, hashlib.sha256(content).digest()) + content


@given(st.integers(LENGTH.size, len(ARCHIVE) - BEGIN.size - 1), st.binary(min_size=1, max_size=3))
def test_what_was_signed_but_not_written_by_encode_raises_no_other_error(start: int, change: bytes) -> None:
    content = bytearray(ARCHIVE[BEGIN.size :])
    content[start : start + len(change)] = change
    try:
        decode(signed(bytes(content)))
    except DataError as error:
        assert "slipway did not write it" in str(error)


def deflate(plain: bytes) -> bytes:
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(plain) + packer.flush()


@pytest.mark.parametrize(
    ("part", "pieces", "said"),
    [
        ('"form":"plain","shape":[3]', [b"\1\2"], "has 2 elements for the shape"),
        ('"form":"plain","shape":[3]', [b"\1\2\3\4"], "3 elements or fewer"),
        ('"form":"plain","shape":[3]', [b"\1", b"\2"], "has 2 pieces"),
        ('"form":"shared","shape":[3]', [b"\7", b"\0\1\0"], "no value of the number 1"),
        ('"form":"sparse","shape":[3]', [b"\7\1", b"\5", b"\0"], "among 3 elements"),
        ('"form":"sparse","shape":[3]', [b"\7\1", b"\0", b"\0\0"], "1 places of 2 values"),
        ('"form":"folded","shape":[3]', [b"\1\2\3"], "form"),
        ('"form":"plain","shape":[-3]', [b"\1\2\3"], "shape"),
    ],
)
def test_a_header_that_lies_is_refused(part: str, pieces: list[bytes], said: str) -> None:
    body = [deflate(piece) for piece in pieces]
    lengths = ",".join(str(len(piece)) for piece in body)
    header = deflate(f'{{"about":"","parts":[{{"name":"w","dtype":"uint8",{part},"pieces":[{lengths}]}}]}}'.encode())
    with pytest.raises(DataError, match=said):
        decode(signed(LENGTH.pack(len(header)) + header + b"".join(body)))


def test_a_bomb_is_not_blown_up() -> None:
    huge = deflate(bytes(10_000_000))
    header = deflate(
        f'{{"about":"","parts":[{{"name":"w","dtype":"uint8","form":"plain","shape":[3],"pieces":[{len(huge)}]}}]}}'.encode()
    )
    with pytest.raises(DataError, match="3 elements or fewer"):
        decode(signed(LENGTH.pack(len(header)) + header + huge))


def test_the_command_writes_a_folder_that_the_network_is_loaded_from(tmp_path: Path) -> None:
    architecture = Architecture(network=CNN(channels=[4]), inputs=(1, 8, 8), outputs=2, task="classification")
    torch.manual_seed(0)
    network = build(architecture).eval()
    save_network(network, architecture, tmp_path)
    about = (tmp_path / "model.json").read_text()
    (tmp_path / "archive.slw").write_bytes(encode(network.state_dict(), about))
    with pytest.raises(SystemExit) as ended:
        main([str(tmp_path / "archive.slw"), str(tmp_path / "back")])
    assert ended.value.code == 0
    restored = load_network(tmp_path / "back")
    assert same(dict(restored.state_dict()), dict(network.state_dict()))
    assert "1.num_batches_tracked" in restored.state_dict()


def test_the_command_says_what_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="archive: .*archive.slw does not exist"):
        main([str(tmp_path / "archive.slw"), str(tmp_path / "back")])
    (tmp_path / "archive.slw").write_bytes(ARCHIVE[:-1])
    with pytest.raises(SystemExit, match="archive: .*archive.slw: the archive is damaged or cut off"):
        main([str(tmp_path / "archive.slw"), str(tmp_path / "back")])
    assert not (tmp_path / "back").exists()
