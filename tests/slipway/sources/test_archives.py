"""Archives: what is taken out of them, and what is refused."""

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile

import pytest

from slipway.errors import DataError, ParamsError
from slipway.product.ingest import Unpack
from slipway.sources.archives import unpack
from slipway.sources.workplace import File, Workplace


def file(place, name, content):
    path = place.folder / name.replace("/", "_")
    path.write_bytes(content)
    return File(name, path)


def zipped(members, compression=zipfile.ZIP_DEFLATED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def tarred(members, mode="w:gz"):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            if isinstance(content, tarfile.TarInfo):
                info = content
                archive.addfile(info)
            else:
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


def contents(files):
    return {each.name: each.path.read_bytes() for each in files}


def named(value):
    """Name a case by its texts: an archive's bytes hold the time, which differs among the processes that test."""
    return value if isinstance(value, str) else "bytes"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.csv.gz", gzip.compress(b"a\n")),
        ("x.csv.bz2", bz2.compress(b"a\n")),
        ("x.csv.xz", lzma.compress(b"a\n")),
        ("x.zip", zipped({"x.csv": b"a\n"})),
        ("x.tar", tarred({"x.csv": b"a\n"}, "w")),
        ("x.tar.gz", tarred({"x.csv": b"a\n"})),
        ("x.tgz", tarred({"x.csv": b"a\n"})),
        ("x.tar.xz", tarred({"x.csv": b"a\n"}, "w:xz")),
        ("x.zip", zipped({"x.csv.gz": gzip.compress(b"a\n")})),
    ],
    ids=named,
)
def test_one_file_comes_out_of_any_archive(place, name, content):
    assert contents(unpack(file(place, name, content), None, place)) == {"x.csv": b"a\n"}


def test_a_compressed_file_without_an_ending_is_known_by_its_first_bytes(place):
    assert contents(unpack(file(place, "download", gzip.compress(b"a\n")), None, place)) == {"download": b"a\n"}


def test_what_is_no_archive_is_taken_as_it_is(place):
    given = file(place, "x.csv", b"a\n")
    assert unpack(given, None, place) == [given]


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_a_glob_takes_files_in_the_order_of_their_names(place, pack):
    name = "x.zip" if pack is zipped else "x.tar.gz"
    held = file(
        place, name, pack({"d/b.csv": b"2", "d/a.csv": b"1", "README": b"", ".DS_Store": b"", "d/._a.csv": b""})
    )
    found = unpack(held, "d/*.csv", place)
    assert [(each.name, each.path.read_bytes()) for each in found] == [("d/a.csv", b"1"), ("d/b.csv", b"2")]
    with pytest.raises(ParamsError, match=r"holds 3 files: README, d/a\.csv, d/b\.csv\.\nSay which in ingest"):
        unpack(held, None, place)
    with pytest.raises(ParamsError, match=r"inside = '\*\.tsv' fits none of the files in x\.(zip|tar\.gz): README"):
        unpack(held, "*.tsv", place)


@pytest.mark.parametrize("name", ["../evil.csv", "/etc/evil.csv", "a/../../evil.csv", "..\\evil.csv"])
@pytest.mark.parametrize("pack", [zipped, tarred])
def test_a_name_that_leaves_the_archive_is_refused_with_all_of_it(place, pack, name):
    archive = file(place, "x.zip" if pack is zipped else "x.tar.gz", pack({"good.csv": b"1", name: b"2"}))
    with pytest.raises(DataError, match=r"evil\.csv', which leaves the folder"):
        unpack(archive, "good.csv", place)
    assert not list(place.scratch.glob("*"))


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE])
def test_a_link_or_a_device_in_a_tar_is_refused(place, kind):
    link = tarfile.TarInfo("x.csv")
    link.type, link.linkname = kind, "/etc/passwd"
    with pytest.raises(DataError, match=r"'x\.csv' is a link or a device"):
        unpack(file(place, "x.tar.gz", tarred({"x.csv": link})), None, place)


def test_a_link_in_a_zip_is_refused(place):
    link = zipfile.ZipInfo("x.csv")
    link.external_attr = 0o120777 << 16
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(DataError, match=r"'x\.csv' is a link or a device"):
        unpack(file(place, "x.zip", out.getvalue()), None, place)


def test_a_locked_zip_is_refused(place):
    content = bytearray(zipped({"x.csv": b"a\n"}))
    for magic, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        content[content.index(magic) + at] |= 1  # the flag of encryption
    with pytest.raises(DataError, match=r"x\.zip is locked by a password \('x\.csv'\): unpack it yourself"):
        unpack(file(place, "x.zip", bytes(content)), None, place)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.csv.gz", gzip.compress(bytes(range(256)) * 100)),
        ("x.csv.xz", lzma.compress(bytes(range(256)) * 100)),
        ("x.csv.bz2", bz2.compress(bytes(range(256)) * 100)),
        ("x.zip", zipped({"x.csv": bytes(range(256)) * 100})),
        ("x.tar.gz", tarred({"x.csv": bytes(range(256)) * 100})),
        ("x.tar", tarred({"x.csv": bytes(range(256)) * 100}, "w")),
    ],
)
def test_an_archive_that_is_cut_short_or_no_archive_is_refused(place, name, content):
    for damaged in (content[: len(content) // 2], b"no archive at all"):
        with pytest.raises(DataError, match=r"is damaged or cut short .*copy or download it again"):
            unpack(file(place, name, damaged), None, place)


def test_a_flipped_bit_is_found(place):
    content = bytearray(zipped({"x.csv": b"0123456789" * 10}, zipfile.ZIP_STORED))
    content[60] ^= 1
    with pytest.raises(DataError, match="damaged"):
        unpack(file(place, "x.zip", bytes(content)), None, place)


ZEROS = bytes(70 << 20)


@pytest.mark.parametrize("name", ["x.csv.gz", "x.zip", "x.tar.gz"])
def test_a_bomb_is_refused_by_its_ratio_before_it_fills_the_disk(place, name):
    packed = {
        "x.csv.gz": gzip.compress,
        "x.zip": lambda data: zipped({"x": data}),
        "x.tar.gz": lambda d: tarred({"x": d}),
    }
    bomb = file(place, name, packed[name](ZEROS))
    with pytest.raises(DataError, match=r"unpacks to more than 200 times its .* bytes .*zip bomb"):
        unpack(bomb, None, place)
    patient = Workplace(place.folder, place.scratch / "patient", Unpack(max_ratio=2000))
    assert unpack(bomb, None, patient)[0].path.stat().st_size == len(ZEROS)


def test_a_bomb_before_the_chosen_file_of_a_tar_is_refused_before_it_is_read_through(place):
    archive = file(place, "x.tar.gz", tarred({"bomb": ZEROS, "x.csv": b"a\n1\n"}))
    with pytest.raises(DataError, match="zip bomb"):
        unpack(archive, "x.csv", place)
    assert [found.name for found in unpack(file(place, "x.zip", zipped({"bomb": ZEROS, "x": b"a"})), "x", place)] == [
        "x"
    ]


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_an_archive_that_is_too_large_in_all_is_refused(place, pack):
    small = Workplace(place.folder, place.scratch, Unpack(max_gib=1e-6))
    archive = file(place, "x.zip" if pack is zipped else "x.tar.gz", pack({"a": b"x" * 600, "b": b"x" * 600}))
    with pytest.raises(DataError, match="more than ingest.unpack.max_gib = 1e-06 GiB"):
        unpack(archive, "*", small)


def test_an_archive_in_an_archive_is_refused(place):
    with pytest.raises(DataError, match=r"holds the archive 'inner\.zip'"):
        unpack(file(place, "x.zip", zipped({"inner.zip": zipped({"x.csv": b""})})), None, place)


def test_a_glob_for_one_compressed_file_is_a_mistake(place):
    with pytest.raises(ParamsError, match="holds one file: remove"):
        unpack(file(place, "x.csv.gz", gzip.compress(b"")), "*.csv", place)


def test_an_empty_archive_is_refused(place):
    with pytest.raises(DataError, match="holds no files"):
        unpack(file(place, "x.zip", zipped({})), None, place)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_an_archive_holds_twice_is_refused(place):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("x.csv", b"1")
        archive.writestr("x.csv", b"2")
    with pytest.raises(DataError, match=r"x\.zip holds 'x\.csv' twice"):
        unpack(file(place, "x.zip", out.getvalue()), "*", place)
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for _ in range(2):
            archive.addfile(tarfile.TarInfo("x.csv"), io.BytesIO())
    with pytest.raises(DataError, match=r"x\.tar holds 'x\.csv' twice"):
        unpack(file(place, "x.tar", out.getvalue()), "*", place)
