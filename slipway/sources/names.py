"""Names of columns: each one its own, and none of slipway's."""

from slipway.errors import DataError, ParamsError
from slipway.product.ingest import Read
from slipway.tables.schema import RESERVED


def require_names(names: list[str], where: str) -> None:
    """Check that every column has a name of its own.

    Raises:
        DataError: A name is empty, stands twice, or is one that slipway gives.
    """
    twice = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
    if twice or "" in names:
        raise DataError(
            f"{where}: the columns {twice or ['']} have no name of their own: name each column once there, "
            "or set read: {header: false, skip_lines: 1, columns: [...]}"
        )
    taken = [name for name in names if name in RESERVED]
    if taken:
        raise DataError(f"{where}: the names {taken} are slipway's own: rename these columns in the source")


def require_known(strings: list[str], names: list[str], where: str) -> None:
    """Check that the columns that are to be read as text are there."""
    unknown = sorted(set(strings) - set(names))
    if unknown:
        raise ParamsError(
            f"ingest.source.read.strings names {unknown}, which {where} does not have: it has {', '.join(names[:20])}"
        )


def require_same(columns: list[str], names: list[str], name: str, first: str) -> None:
    """Check that a file has the columns of the first one."""
    if names != columns:
        differ = sorted(set(names) ^ set(columns)) or "their order"
        raise DataError(f"{name} and {first} do not have the same columns: they differ in {differ}")


def stated_names(first: list[str], name: str, read: Read) -> list[str]:
    """Return the columns' names, from the first line or from the read options, checked against each other."""
    if read.header and read.columns is not None:
        raise ParamsError("ingest.source.read.columns names the columns, but so does the first line: set header: false")
    names = first if read.header else read.columns
    if names is None:
        raise ParamsError(
            f"{name} has no header (ingest.source.read.header: false): name its {len(first)} columns in read.columns"
        )
    if len(names) != len(first):
        raise ParamsError(f"ingest.source.read.columns names {len(names)} columns, but {name} has {len(first)}")
    require_names(names, name)
    require_known(read.strings, names, name)
    return names
