"""Write the report of a product's last run and its Data Docs; `slipway report NAME` calls it, and the flow at its end.

No stage of the graph: it shows what the world looks like now, with whatever has run so far.
"""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from slipway.files import write_text_whole
from slipway.report.data_docs import gather_docs, render_docs
from slipway.report.page import render
from slipway.report.reading import DOCS, gather


def report(
    data: Path, releases: Path, *, private: bool = True, origin: Mapping[str, Any] = MappingProxyType({})
) -> Path:
    """Write report.html and docs/index.html into `data`, and return the former's path.

    Args:
        data: data/<name>/, whose stages, failures and runs are shown.
        releases: releases/<name>/, whose champion is shown; it need not exist.
        private: whether values of rows must not be shown; true where nobody says otherwise.
        origin: from which commit and data the run comes, as far as somebody knows.
    """
    page = data / "report.html"
    facts = gather(data, releases, private=private, origin=origin)
    write_text_whole(data / DOCS, render_docs(gather_docs(data, private=private)))
    write_text_whole(page, render(facts, docs=DOCS.as_posix()))
    return page
