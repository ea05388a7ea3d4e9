"""The `ingest` section: where the rows come from and how the files are read."""

from typing import Annotated

from pydantic import Field, Tag

from slipway.product.section import Section, told_apart


class Read(Section):
    """How a delimited text file is read; other formats need none of it."""

    delimiter: str = Field(default=",", min_length=1, max_length=1)
    """One character between values."""

    header: bool = True
    """Whether the first line names the columns."""

    columns: list[str] | None = None
    """Names of the columns where there is no header."""

    missing: list[str] = []
    """Texts that are read as missing, in every column: numbers with a few of them are still a column of numbers.

    Without them such a column is one of texts, until preprocess.types makes numbers of it.
    """

    strings: list[str] = []
    """Columns read as text whatever they look like (leading zeros, codes)."""


class Source(Section):
    """One file, with its own read options."""

    file: str
    """`sklearn:NAME`, or a file in products/<name>/source/ ending in .csv, .tsv or .parquet."""

    sha256: str | None = Field(default=None, pattern="^[0-9a-f]{64}$")
    """What the file must be, in lower-case hexadecimal; null takes any."""

    read: Read = Read()
    """Read options."""


Named = Annotated[str, Tag("str")]
Optioned = Annotated[Source, Tag("Source")]
Part = Annotated[Named | Optioned, told_apart(Source, mend="must be a file, or {file, sha256, read}")]


class SplitSource(Section):
    """A data set that comes split; its rows carry their part in `_split`."""

    train: Part
    """Rows to learn from."""

    validation: Part | None = None
    """Rows to choose by; null takes them from the training rows."""

    test: Part
    """Rows to judge by, read once."""


class Ingest(Section):
    """Where the rows come from."""

    source: Annotated[
        Named | Optioned | Annotated[SplitSource, Tag("SplitSource")],
        told_apart(
            Source,
            SplitSource,
            mend="must be a file, {file, sha256, read}, or {train, validation, test} with one of both for each",
        ),
    ]
    """A source by name, one with options, or one for each part of a data set that comes split."""

    def sources(self) -> dict[str | None, Source]:
        """Return each source under the part that it fills (None: not split)."""
        given: dict[str | None, str | Source | None]
        if isinstance(self.source, SplitSource):
            given = {"train": self.source.train, "validation": self.source.validation, "test": self.source.test}
        else:
            given = {None: self.source}
        return {
            part: Source(file=source) if isinstance(source, str) else source
            for part, source in given.items()
            if source is not None
        }
