"""The report in headless Chromium: light and dark, wide and on a phone, nothing loaded and nothing cut off."""

import contextlib
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from past_runs import write_evaluated, write_run

from slipway.pictures.compression import pareto
from slipway.report.page import render
from slipway.report.reading import gather

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(shutil.which("chromedriver") is None, reason="needs Chromium and chromedriver"),
]

WIDE, PHONE = (1280, 900), (390, 800)
WIDE_PICTURE = """
<svg xmlns="http://www.w3.org/2000/svg" width="900" height="60" viewBox="0 0 900 60"><text y="40">a</text></svg>
"""

CONTRASTS = """
const luminance = colour => {
  const [r, g, b] = colour.match(/[\\d.]+/g).slice(0, 3).map(c => c / 255)
    .map(c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
};
const behind = element => {
  for (let one = element; one; one = one.parentElement) {
    const colour = getComputedStyle(one).backgroundColor;
    if (!colour.endsWith(', 0)')) return colour;
  }
  return 'rgb(255, 255, 255)';
};
const texts = [...document.querySelectorAll('h1, h2, h3, p, li, td, th, a, summary, figcaption, small, b, span')];
return texts.filter(one => one.textContent.trim()).map(one => {
  const [a, b] = [getComputedStyle(one).color, behind(one)].map(luminance);
  return [(Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05), one.tagName + ': ' + one.textContent.slice(0, 60)];
}).sort((a, b) => a[0] - b[0])[0];
"""


class Browser:
    """A session of chromedriver (W3C WebDriver)."""

    def __init__(self, address: str) -> None:
        self.client = httpx.Client(base_url=address, timeout=60)
        arguments = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        wanted = {"goog:chromeOptions": {"args": arguments}, "goog:loggingPrefs": {"browser": "ALL"}}
        found = self._post("/session", {"capabilities": {"alwaysMatch": wanted}})
        self.session = f"/session/{found['sessionId']}"

    def open(self, page: Path, size: tuple[int, int], scheme: str) -> None:
        """Show a page at a size, to somebody who prefers a light or a dark one."""
        width, height = size
        screen = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": size == PHONE}
        self._command("Emulation.setDeviceMetricsOverride", screen)
        self._command("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
        self._post(f"{self.session}/url", {"url": page.as_uri()})

    def run(self, script: str) -> Any:
        """Return what a script returns in the page."""
        return self._post(f"{self.session}/execute/sync", {"script": script, "args": []})

    def complaints(self) -> list[str]:
        """Return what the console holds: what was blocked, what was not found."""
        return [line["message"] for line in self._post(f"{self.session}/se/log", {"type": "browser"})]

    def close(self) -> None:
        """End the session."""
        self.client.delete(self.session)
        self.client.close()

    def _command(self, name: str, params: dict[str, Any]) -> None:
        self._post(f"{self.session}/goog/cdp/execute", {"cmd": name, "params": params})

    def _post(self, path: str, content: dict[str, Any]) -> Any:
        answer = self.client.post(path, json=content).json()["value"]
        assert not (isinstance(answer, dict) and "error" in answer), answer
        return answer


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    driver = subprocess.Popen(["chromedriver", f"--port={port}"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(600):
            with contextlib.suppress(httpx.TransportError):
                if httpx.get(f"{address}/status").json()["value"]["ready"]:
                    break
            time.sleep(0.1)
        opened = Browser(address)
        yield opened
        opened.close()
    finally:
        driver.terminate()
        driver.wait()


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("report")
    drawn = [
        {"candidate": name, "size_bytes": 9000, "accuracy_validation": 0.9, "front": True, "chosen": True}
        for name in ("a", "b")
    ]
    write_run(root / "data" / "toy", pictures=pareto(drawn))
    write_evaluated(root / "data" / "toy")
    (root / "data" / "toy" / "evaluate" / "robustness.svg").write_text(WIDE_PICTURE)
    path = root / "report.html"
    path.write_text(render(gather(root / "data" / "toy", root / "releases")), encoding="utf-8")
    return path


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_every_text_can_be_read_and_nothing_is_cut_off(browser, page, size, scheme):
    browser.open(page, size, scheme)
    assert browser.run("return document.documentElement.scrollWidth") <= size[0]
    contrast, where = browser.run(CONTRASTS)
    assert contrast >= 4.5, f"{where} has a contrast of {contrast:.1f} (WCAG 2.2 asks for 4.5)"


def test_wide_pictures_can_be_read_on_a_phone_their_captions_without_scrolling(browser, page):
    browser.open(page, PHONE, "light")
    picture = "document.querySelector('#robustness svg').getBoundingClientRect().width"
    caption = "document.querySelector('#robustness figcaption').getBoundingClientRect().right"
    assert browser.run(f"return {picture}") >= 0.8 * 900
    assert browser.run(f"return {caption}") <= PHONE[0]


def test_light_and_dark_differ_and_pictures_take_the_colour_of_the_page(browser, page):
    seen = {}
    for scheme in ("light", "dark"):
        browser.open(page, WIDE, scheme)
        ground, ink = "getComputedStyle(document.body).backgroundColor", "getComputedStyle(document.body).color"
        seen[scheme] = browser.run(f"return [{ground}, {ink}]")
        drawn = browser.run("return getComputedStyle(document.querySelector('figure svg')).color")
        assert drawn == seen[scheme][1]
    assert seen["light"][0] != seen["dark"][0]


def test_every_link_leads_to_a_section_and_nothing_is_loaded(browser, page):
    browser.open(page, WIDE, "light")
    lost = "[...document.querySelectorAll('nav a, .summary a')].filter(a => !document.querySelector(a.hash)).length"
    assert browser.run(f"return {lost}") == 0
    assert browser.run("return document.querySelectorAll('nav a').length") > 5
    assert browser.run("return performance.getEntriesByType('resource').length") == 0
    assert browser.complaints() == []
