"""The `ingest` section: where the rows come from and how they are read. docs/SOURCES.md shows each source."""

from typing import Annotated, Literal, Self

from pydantic import Field, Tag, model_validator

from slipway.product.section import Section, told_apart
from slipway.product.sha256 import Sha256

Broken = Literal["fail", "quarantine"]


class Read(Section):
    """How a file is read. Delimited text uses all of it; each field says what else does."""

    format: Literal["delimited", "parquet", "arrow", "ndjson", "excel"] | None = None
    """What the file is; null tells it from the name's ending, else from the first bytes."""

    delimiter: str = Field(default=",", min_length=1, max_length=1)
    """One ASCII character between values; where none is stated, a tab in files that end in .tsv."""

    header: bool = True
    """Whether the first line names the columns. Excel, too."""

    columns: list[str] | None = None
    """Names of the columns where there is no header. Excel, too."""

    skip_lines: int = Field(default=0, ge=0)
    """Lines before the header, or before the first row where there is none. Excel, too."""

    encoding: Literal["utf-8", "latin-1", "utf-16"] = "utf-8"
    """How characters are stored; a byte order mark is no part of the data. latin-1 means Windows-1252, its superset."""

    quote: str | None = Field(default='"', min_length=1, max_length=1)
    """The character around values that hold a delimiter or a line's end; null where values are never quoted."""

    decimal_comma: bool = False
    """Whether 1,5 is one and a half; numbers are then written without thousands separators."""

    trim: bool = False
    """Whether spaces around values are no part of them. Without it ` 39` is a text, and `?` is not ` ?`. Excel, too."""

    missing: list[str] = []
    """Texts that are read as missing, in every column: numbers with a few of them are still a column of numbers.

    Without them such a column is one of texts, until preprocess.types makes numbers of it. Excel, too.
    """

    strings: list[str] = []
    """Columns read as text whatever they look like (leading zeros, codes). Excel and NDJSON, too."""

    sheet: str | None = None
    """The sheet of an Excel file; null takes its only one."""

    broken: Broken = "fail"
    """What a broken line does: `fail` stops and names it, `quarantine` puts it into broken.parquet. NDJSON, too."""

    max_broken_pct: float = Field(default=1.0, ge=0, le=100)
    """The largest share of broken lines in a file under `quarantine`; more of them means it is read wrongly."""

    @model_validator(mode="after")
    def _characters_differ(self) -> Self:
        if self.delimiter == self.quote:
            raise ValueError(f"delimiter and quote are both {self.quote!r}")
        if self.decimal_comma and self.delimiter == ",":
            raise ValueError("with decimal_comma a comma cannot stand between values, too: set delimiter")
        for key, character in (("delimiter", self.delimiter), ("quote", self.quote or '"')):
            if character in "\r\n" or not character.isascii():
                raise ValueError(f"{key} {character!r} must be an ASCII character that ends no line")
        return self


class Located(Section):
    """A file, or several, and where they are found."""

    file: str
    """A file, folder or glob (`2024-*.csv`), an http(s):// URL, or an s3:// URL or glob.

    Local ones stand in products/<name>/source/; what is not there is looked for below the folder that the environment
    variable SLIPWAY_DATA names. .gz, .bz2, .xz, .zip and tar files are unpacked.
    """

    inside: str | None = None
    """A name or glob of files in an archive, or in a folder; null takes its only file."""

    url: str | None = Field(default=None, pattern="^(https?|s3)://")
    """Where the file is published: it is downloaded from there if it is not found, and only if `sha256` pins it."""

    sha256: Sha256 | None = None
    """What the file must be, in lower-case hexadecimal; null takes any, but not from a URL.

    Of several files it is the hash of the lines that `sha256sum` prints for them, sorted by name.
    """


class Source(Located):
    """Rows in files, with their own read options; `sklearn:NAME` is one of scikit-learn's sets."""

    read: Read = Read()
    """Read options."""


class SqlSource(Section):
    """The rows that a query returns, in its order, taken in batches."""

    connection: str = Field(pattern=r"^(sqlite|duckdb|postgresql)://")
    """`sqlite:///FILE`, `duckdb:///FILE` (FILE in products/<name>/source/) or `postgresql://user:password@host/database`.

    ${NAME} stands for the environment variable NAME: a password belongs there, never into params.yaml.
    """

    query: str = Field(min_length=1)
    """One SELECT statement; give it an ORDER BY, so that a second run gives the same table."""

    revision: str | int | None = None
    """Anything: another one runs the query again, since nobody can see that a database has changed."""

    batch_rows: int = Field(default=100_000, ge=1)
    """Rows that are held in memory at once."""


class ImageSource(Section):
    """Images of one shape: a class in each sub-folder, or a table that names their files."""

    images: str | Located
    """A folder, an archive, or a glob of image files: PNG, JPEG and what else Pillow reads."""

    table: str | Source | None = None
    """A table with a row for each image; null takes the folder that an image stands in as its class."""

    path: str = "file"
    """The table's column of file names below `images`; the image takes its place."""

    target: str = "target"
    """The name of the column of classes, where folders are the classes."""

    shape: tuple[int, int, int] | None = None
    """Height, width and channels (1 or 3) that every image is brought to; null refuses images that differ."""

    broken: Broken = "fail"
    """What an unreadable image does: `fail` stops and names it, `quarantine` puts its name into broken.parquet."""

    max_broken_pct: float = Field(default=1.0, ge=0, le=100)
    """The largest share of broken images under `quarantine`."""

    @model_validator(mode="after")
    def _nothing_is_idle(self) -> Self:
        if self.table is None and "path" in self.model_fields_set:
            raise ValueError("path is a column of the table, and no table is named: remove it, or name one")
        if self.table is not None and "target" in self.model_fields_set:
            raise ValueError("target names the column of sub-folders; the table has its own: name it in product.target")
        return self

    @model_validator(mode="after")
    def _shape_is_one(self) -> Self:
        if self.shape is not None and (min(self.shape) < 1 or self.shape[2] not in (1, 3)):
            raise ValueError("shape is height, width and channels, of which there are 1 (grey) or 3 (colours)")
        return self


class IdxSource(Section):
    """Images in the IDX format of MNIST and its followers."""

    idx: str | Located
    """The file of images: unsigned bytes, images x height x width (x channels)."""

    labels: str | Located | None = None
    """The file of labels, one for each image; null where there are none."""

    target: str = "target"
    """The name of the column of labels."""


Named = Annotated[str, Tag("str")]
One = (
    Annotated[Source, Tag("Source")]
    | Annotated[SqlSource, Tag("SqlSource")]
    | Annotated[ImageSource, Tag("ImageSource")]
    | Annotated[IdxSource, Tag("IdxSource")]
)
AnySource = Source | SqlSource | ImageSource | IdxSource
ONE = (Source, SqlSource, ImageSource, IdxSource)
FORMS = "a file, {file, sha256, read}, {connection, query}, {images} or {idx, labels}"
Part = Annotated[Named | One, told_apart(*ONE, mend=f"must be {FORMS}")]


class SplitSource(Section):
    """A data set that comes split; its rows carry their part in `_split`."""

    train: Part
    """Rows to learn from."""

    validation: Part | None = None
    """Rows to choose by; null takes them from the training rows."""

    test: Part
    """Rows to judge by, read once."""


class Unpack(Section):
    """Limits for archives, since a small one can hold more than a disk does."""

    max_gib: float = Field(default=100, gt=0)
    """What all files of one archive may come to, unpacked."""

    max_ratio: float = Field(default=200, gt=1)
    """How many times larger than the archive they may be, above the first 64 MiB."""


class Download(Section):
    """How patiently files are downloaded; an interrupted one goes on where it was."""

    retries: int = Field(default=5, ge=0)
    """How often an attempt that brought nothing new is repeated, after 1, 2, 4 ... seconds (30 at most)."""

    timeout_seconds: float = Field(default=60, gt=0)
    """How long a server may be silent."""


class Ingest(Section):
    """Where the rows come from."""

    source: Annotated[
        Named | One | Annotated[SplitSource, Tag("SplitSource")],
        told_apart(
            *ONE,
            SplitSource,
            mend=f"must be {FORMS}, or {{train, validation, test}} with one of these for each",
        ),
    ]
    """A source by name, one with options, or one for each part of a data set that comes split."""

    unpack: Unpack = Unpack()
    """Limits for archives."""

    download: Download = Download()
    """Patience with servers."""

    def sources(self) -> dict[str | None, AnySource]:
        """Return each source under the part that it fills (None: not split)."""
        given: dict[str | None, str | AnySource | None]
        if isinstance(self.source, SplitSource):
            given = {"train": self.source.train, "validation": self.source.validation, "test": self.source.test}
        else:
            given = {None: self.source}
        return {
            part: Source(file=source) if isinstance(source, str) else source
            for part, source in given.items()
            if source is not None
        }
