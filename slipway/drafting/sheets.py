"""Which sheet of a workbook is the data: the largest, as of an archive the largest file."""

from pathlib import Path
from typing import Any, NamedTuple


class Sheet(NamedTuple):
    """The largest sheet, and all of the workbook in its order."""

    name: str
    all: list[str]


def largest_sheet(path: Path) -> Sheet | None:
    """Return the sheet with most cells, the first of them; None where there is one, or none can be read."""
    import fastexcel

    try:
        book = fastexcel.read_excel(path)
        if len(book.sheet_names) < 2:
            return None
        cells = {name: _cells(book, name) for name in book.sheet_names}
    except fastexcel.FastExcelError:
        return None  # opening it says why
    return Sheet(max(cells, key=lambda name: cells[name]), book.sheet_names)


def _cells(book: Any, name: str) -> int:
    import fastexcel

    try:
        sheet = book.load_sheet(name, header_row=None)
    except fastexcel.InvalidParametersError:
        return 0  # an empty sheet
    return int(sheet.total_height * sheet.width)
