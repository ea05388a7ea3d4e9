"""The `ingest` section: where the rows come from and how the files are read."""

from pydantic import Field

from slipway.product.section import Section


class Read(Section):
    """How a delimited text file is read; other formats need none of it."""

    delimiter: str = Field(default=",", min_length=1, max_length=1)
    """One character between values."""

    header: bool = True
    """Whether the first line names the columns."""

    columns: list[str] | None = None
    """Names of the columns where there is no header."""

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


class SplitSource(Section):
    """A data set that comes split; its rows carry their part in `_split`."""

    train: Source
    """Rows to learn from."""

    validation: Source | None = None
    """Rows to choose by; null takes them from the training rows."""

    test: Source
    """Rows to judge by, read once."""


class Ingest(Section):
    """Where the rows come from."""

    source: str | Source | SplitSource
    """A source by name, one with options, or one for each part of a data set that comes split."""

    def sources(self) -> dict[str | None, Source]:
        """Return each source under the part that it fills (None: not split)."""
        if isinstance(self.source, str):
            return {None: Source(file=self.source)}
        if isinstance(self.source, Source):
            return {None: self.source}
        parts = {"train": self.source.train, "validation": self.source.validation, "test": self.source.test}
        return {part: source for part, source in parts.items() if source is not None}
