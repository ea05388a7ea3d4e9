"""The report as a browser would see it."""

from html.parser import HTMLParser
from pathlib import Path

from slipway.report.page import render
from slipway.report.reading import gather


class Page(HTMLParser):
    """What a browser would see: tags with their attributes, and the text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data


def page_of(root: Path) -> Page:
    return Page(render(gather(root / "data" / "toy", root / "releases" / "toy")))
