"""Write the report of a product's last run; `slipway report NAME` calls it, and the flow at its end.

No stage of the graph: it shows what the world looks like now, with whatever has run so far.
"""

from pathlib import Path

from slipway.files import write_text_whole
from slipway.report.page import render
from slipway.report.reading import gather


def report(data: Path, releases: Path) -> Path:
    """Write report.html into `data` and return its path.

    Args:
        data: data/<name>/, whose stages, failures and runs are shown.
        releases: releases/<name>/, whose champion is shown; it need not exist.
    """
    page = data / "report.html"
    write_text_whole(page, render(gather(data, releases)))
    return page
