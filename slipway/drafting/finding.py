"""What a user points at: one file, an archive, a pair of IDX files, a folder of images, or files that are parts."""

import os
import re
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Literal

from slipway.drafting.forms import Peeled, form_of, is_document, peel
from slipway.drafting.sheets import largest_sheet
from slipway.drafting.sniffing import Dialect, sniff
from slipway.errors import DataError, ParamsError
from slipway.files import sha256_of
from slipway.product.ingest import AnySource, IdxSource, ImageSource, Located, Read, Source, SqlSource
from slipway.sources.fetching import fetch_all, name_of
from slipway.sources.finding import REMOTE, is_glob
from slipway.sources.workplace import Workplace

Part = Literal["train", "validation", "test"]

SQLITE = "sqlite:///"
PICTURES = frozenset([".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff"])
PART_WORDS: dict[Part, frozenset[str]] = {
    "train": frozenset(["train", "training", "data"]),
    "test": frozenset(["test", "testing", "t10k", "eval", "holdout"]),
    "validation": frozenset(["validation", "valid", "val", "dev"]),
}


@dataclass(frozen=True)
class Found:
    """Sources as params.yaml has them, and the files that belong into products/<name>/source/.

    Attributes:
        sources: Each source under the part that it fills (None: not split).
        files: What each file or folder is called there.
        dialects: How each delimited one is written.
        notes: What a person should know.
    """

    sources: dict[Part | None, AnySource]
    files: dict[str, Path]
    dialects: dict[Part | None, Dialect] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def find(given: Path) -> Found:
    """Look at a file or folder and say how ingest reads it.

    Raises:
        DataError: it is absent, holds no table and no images, or holds several that do not belong together.
    """
    if not given.exists():
        raise DataError(f"--source {given} does not exist: give a file, a folder or a URL")
    return _pinned(_find_folder(given) if given.is_dir() else _find_file(given, None))


def find_url(url: str, work: Path) -> Found:
    """Download a file, look at it, and pin the URL by the file's sha256; sqlite:/// is the file that it names.

    Raises:
        DataError: it cannot be had, or holds nothing to draft from.
        ParamsError: it stands for something else than one file, or holds a user or a password.
    """
    if url.startswith(SQLITE):
        return find(Path(url.removeprefix(SQLITE)))
    if not url.startswith(REMOTE) or (url.startswith("s3://") and is_glob(url)):
        raise ParamsError(
            f"--source {url.partition('://')[0]}://... is no URL of one file ({', '.join(REMOTE)}): write the product "
            "with a file of a few rows, then correct ingest.source (docs/SOURCES.md)"
        )
    name = name_of(url)
    [fetched] = fetch_all(url, None, Workplace.at(work))
    (work / "fetched").mkdir()
    (work / "fetched" / name).symlink_to(fetched.path)
    found = _find_file(work / "fetched" / name, None)
    pin = {"file": url, "sha256": sha256_of(fetched.path)}
    return Found({None: _relocated(found.sources[None], name, pin)}, {}, found.dialects, found.notes)


def _pinned(found: Found) -> Found:
    """Pin single files that stand below SLIPWAY_DATA: ingest finds them there, so they need no copy."""
    data = os.environ.get("SLIPWAY_DATA")
    if not data:
        return found
    below = {
        name: path
        for name, path in found.files.items()
        if path.is_file() and path.resolve().is_relative_to(Path(data).resolve())
    }
    if below.keys() != found.files.keys() or any("*" in str(_file_of(each)) for each in found.sources.values()):
        return found
    sources = dict(found.sources)
    for name, path in below.items():
        pin = {"file": name, "sha256": sha256_of(path)}
        sources = {part: _relocated(source, name, pin) for part, source in sources.items()}
    return replace(found, sources=sources, files={})


def _file_of(source: AnySource) -> object:
    return source.file if isinstance(source, Source) else source


def _relocated(source: AnySource, name: str, pin: dict[str, str]) -> AnySource:
    """Return the source with its file of this name found and pinned elsewhere."""
    if isinstance(source, Source) and source.file == name:
        return source.model_copy(update=pin)
    if isinstance(source, IdxSource):
        located = Located.model_validate(pin)
        return source.model_copy(update={key: located for key in ("idx", "labels") if getattr(source, key) == name})
    if isinstance(source, ImageSource) and source.images == name:
        return source.model_copy(update={"images": Located.model_validate(pin)})
    return source


def _find_file(path: Path, part: Part | None) -> Found:
    peeled = peel(path)
    form = form_of(peeled.head)
    if form == "idx":
        return _find_idx(path, part)
    if form == "image":
        if not peeled.alike:
            raise DataError(f"{path} is one image: give the folder, with a sub-folder for each class, or an archive")
        return Found({part: ImageSource(images=path.name)}, {path.name: path})
    if form == "sqlite":
        return _find_sqlite(path, part)
    inside, notes = _inside(peeled)
    if form != "delimited":
        source = Source(file=path.name, inside=inside)
        if form == "excel" and not peeled.wraps and (sheet := largest_sheet(path)):
            source = source.model_copy(update={"read": Read(sheet=sheet.name)})
            notes.append(f"sheet '{sheet.name}' is read, the largest of {', '.join(sheet.all)}")
        return Found({part: source}, {path.name: path}, notes=notes)
    try:
        dialect = sniff(peeled.head, whole=peeled.whole)
    except DataError as error:
        raise DataError(f"{path}: {error}") from None
    if dialect.num_odd:
        notes.append(f"{dialect.num_odd} of the first lines have another number of values: they go to broken.parquet")
    notes += dialect.strays.notes()
    source = Source(file=path.name, inside=inside, read=read_options(dialect, path.name))
    return Found({part: source}, {path.name: path}, {part: dialect}, notes)


def read_options(dialect: Dialect, name: str, *, missing: Sequence[str] | None = None) -> Read:
    """Return the dialect as read options, those that are the default left out."""
    usual = "\t" if name.lower().endswith(".tsv") else ","
    options: dict[str, object] = {}
    if dialect.delimiter not in (usual, None):
        options["delimiter"] = dialect.delimiter
    if not dialect.header:
        options |= {"header": False, "columns": dialect.names}
    markers = [marker for marker in (dialect.missing if missing is None else missing) if marker]
    plain = {
        "skip_lines": (dialect.skip_lines, 0),
        "encoding": (dialect.encoding, "utf-8"),
        "quote": (dialect.quote, '"'),
        "decimal_comma": (dialect.decimal_comma, False),
        "trim": (dialect.trim, False),
        "missing": (markers, []),
        "strings": (dialect.codes, []),
        "broken": ("quarantine" if dialect.num_odd else "fail", "fail"),
    }
    return Read.model_validate(options | {key: value for key, (value, default) in plain.items() if value != default})


def _inside(peeled: Peeled) -> tuple[str | None, list[str]]:
    """Return what to read of an archive: its only file, those that look alike as a glob, or the largest by name."""
    if peeled.inside is None:
        return None, []
    if len(peeled.alike) == 1:
        others = "the largest file in the archive" if "zip" in peeled.wraps or "tar" in peeled.wraps else ""
        return peeled.inside, [f"'{peeled.inside}' is read, {others}"] if others else []
    folder, suffix = PurePosixPath(peeled.inside).parent, PurePosixPath(peeled.inside).suffix
    glob = f"{'' if str(folder) == '.' else f'{folder}/'}*{suffix}"
    return glob, [f"{len(peeled.alike):,} files in the archive look alike and are read one after the other"]


def _find_idx(path: Path, part: Part | None) -> Found:
    """Pair a file of images with its labels, which publishers name alike."""
    labels = path.with_name(path.name.replace("images", "labels").replace("idx3", "idx1"))
    if "labels" in path.name and "images" not in path.name:
        raise DataError(f"{path} holds labels: give the file of images, or the folder of both")
    if labels == path or not labels.exists():
        return Found({part: IdxSource(idx=path.name)}, {path.name: path}, notes=["no file of labels stands beside it"])
    files = {path.name: path, labels.name: labels}
    return Found({part: IdxSource(idx=path.name, labels=labels.name, target="label")}, files)


def _find_sqlite(path: Path, part: Part | None) -> Found:
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        tables = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    tables = [name for name in tables if not name.startswith("sqlite_")]
    if len(tables) != 1:
        raise DataError(f"{path} holds the tables {', '.join(tables) or 'none'}: export one of them to a file")
    query = f"SELECT * FROM {_quoted(tables[0])} ORDER BY rowid"
    return Found({part: SqlSource(connection=f"sqlite:///{path.name}", query=query)}, {path.name: path})


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _find_folder(folder: Path) -> Found:
    files = [
        one for one in sorted(folder.rglob("*")) if one.is_file() and not is_document(str(one.relative_to(folder)))
    ]
    pictures = [one for one in files if one.suffix.lower() in PICTURES]
    if pictures and len(pictures) >= len(files) / 2:
        return _find_images(folder, pictures)
    data = [one for one in files if one.parent == folder]
    forms = {one: form_of(peel(one).head) for one in data if one.stat().st_size}
    idx = [one for one, form in forms.items() if form == "idx" and "labels" not in one.name]
    if idx:
        return _join(_by_part(idx, folder))
    if len(forms) == 1:
        return _find_file(next(iter(forms)), None)
    parts = _by_part(list(forms), folder, strict=False)
    if "train" in parts and "test" in parts:
        return _join(parts)
    return _find_alike(folder, list(forms))


def _find_images(folder: Path, pictures: list[Path]) -> Found:
    """Return the folder as a source: the sub-folder that an image stands in is its class."""
    classes = {one.parent for one in pictures} - {folder}
    notes = [] if len(classes) > 1 else ["no sub-folders name classes: there is no target"]
    return Found({None: ImageSource(images=Located(file=folder.name))}, {folder.name: folder}, notes=notes)


def _by_part(files: list[Path], folder: Path, *, strict: bool = True) -> dict[Part | None, Path]:
    """Tell from the words in the files' names which parts they are."""
    parts: dict[Part | None, Path] = {}
    for path in files:
        words = set(re.split(r"[\W_]+", path.name.lower()))
        part = next((part for part, known in PART_WORDS.items() if words & known), None)
        if part is not None and part not in parts:
            parts[part] = path
    if strict and not {"train", "test"} <= parts.keys():
        if len(files) == 1:
            return {None: files[0]}
        raise DataError(f"{folder} holds {len(files)} files of images: give one of them, or name them train and test")
    return parts


def _join(parts: dict[Part | None, Path]) -> Found:
    found = {part: _find_file(path, part) for part, path in parts.items()}
    return Found(
        {part: one.sources[part] for part, one in found.items()},
        {name: path for one in found.values() for name, path in one.files.items()},
        {part: dialect for one in found.values() for part, dialect in one.dialects.items()},
        [note for one in found.values() for note in one.notes],
    )


def _find_alike(folder: Path, files: list[Path]) -> Found:
    """Read files of one kind one after the other."""
    if not files:
        raise DataError(f"{folder} holds no table and no images: give a file, or a folder of either")
    suffixes = {one.suffix.lower() for one in files}
    first = max(files, key=lambda one: one.stat().st_size)
    found = _find_file(first, None)
    dialect, source = found.dialects.get(None), found.sources[None]
    if len(suffixes) > 1 or not isinstance(source, Source):
        raise DataError(f"{folder} holds {', '.join(one.name for one in files[:8])}: give the one that is meant")
    for other in files:
        if dialect is not None and _columns(sniff(peel(other).head)) != _columns(dialect):
            raise DataError(f"{other.name} and {first.name} in {folder} differ in their columns: give one of them")
    glob = source.model_copy(update={"file": f"*{first.suffix}"})
    notes = [f"{len(files)} files that look alike are read one after the other"]
    return Found({None: glob}, {one.name: one for one in files}, found.dialects, notes)


def _columns(dialect: Dialect) -> list[str] | int:
    return dialect.names if dialect.header else len(dialect.names)
