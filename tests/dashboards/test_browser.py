"""The pages in a real browser: they load, show the hand-worked numbers and no error, and ask nothing of other hosts.

The pictures of the README come from here too, on a finished demo:
`CLAIMWORKS_HOME=.claimworks CLAIMWORKS_PICTURES=docs/img pytest tests/dashboards/test_browser.py -k pictures`.
"""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
APP = Path(__file__).resolve().parents[2] / "dashboards" / "app.py"
STARTS_IN_SECONDS = 60
SHOWS_IN_MILLISECONDS = 60_000

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not CHROMIUM.exists(), reason=f"there is no Chromium at {CHROMIUM}"),
]


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def dashboard(home: Path, log: Path) -> Iterator[str]:
    """Streamlit on a free port of 127.0.0.1, stopped at the end; yields its address."""
    address = f"http://127.0.0.1:{free_port()}"
    command = [sys.executable, "-m", "streamlit", "run", str(APP), "--server.port", str(urlsplit(address).port)]
    environment = {**os.environ, "CLAIMWORKS_HOME": str(home)}
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT)
        try:
            give_up = time.monotonic() + STARTS_IN_SECONDS
            while not is_up(address):
                if process.poll() is not None or time.monotonic() > give_up:
                    pytest.fail(f"the dashboard did not start:\n{log.read_text()}")
                time.sleep(0.2)
            yield address
        finally:
            process.terminate()
            process.wait(timeout=20)


def is_up(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/_stcore/health", timeout=2):  # noqa: S310
            return True
    except OSError:
        return False


@contextmanager
def browser(width: int, height: int) -> Iterator["Page"]:
    """A page of headless Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        try:
            yield chromium.new_page(viewport={"width": width, "height": height})
        finally:
            chromium.close()


def settle(page: "Page", *words: str) -> None:
    """Wait until the words are there, the script has run, a chart is drawn; no error may show."""
    from playwright.sync_api import expect

    for text in words:
        expect(page.get_by_text(text, exact=True).first).to_be_visible(timeout=SHOWS_IN_MILLISECONDS)
    page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]", timeout=SHOWS_IN_MILLISECONDS)
    expect(page.locator("[data-testid=stVegaLiteChart] canvas, [data-testid=stVegaLiteChart] svg").first).to_be_visible(
        timeout=SHOWS_IN_MILLISECONDS
    )
    assert page.get_by_test_id("stException").count() == 0
    assert page.get_by_role("alert").count() == 0


def test_both_pages_in_a_browser(published_home: Path, tmp_path: Path) -> None:
    from playwright.sync_api import expect

    log = tmp_path / "streamlit.log"
    with dashboard(published_home, log) as address, browser(1440, 1000) as page:
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        # The first thing that this server is asked for is a link into a page: the frame around it must run as well.
        page.goto(f"{address}/denials?tenant=alder&payer=Summit+Mutual")
        settle(page, "Denied claims", "5", "15.0%", "$2.50K")
        expect(page.get_by_test_id("stSidebar").get_by_text("Organization")).to_be_visible()

        page.goto(f"{address}/?tenant=alder")
        settle(page, "Overview", "$90.0K", "$38.1K", "18.3%", "48.5")
        page.screenshot(path=tmp_path / "overview.png")

        page.get_by_test_id("stSidebarNav").get_by_text("Denial trends").click()
        settle(page, "Denied claims", "17", "$12.1K", "$2.40K")
        page.screenshot(path=tmp_path / "denials.png")

        # A cell of the heat map lists its own denials below: eligibility, the top row.
        heat_map = page.get_by_test_id("stVegaLiteChart").nth(1)
        box = heat_map.bounding_box()
        assert box is not None
        heat_map.click(position={"x": box["width"] * 0.8, "y": 20})
        expect(page.get_by_text("Eligibility, claims submitted in").first).to_be_visible(timeout=SHOWS_IN_MILLISECONDS)

        # A filter stands in the address, so that a page can be sent to a colleague.
        page.goto(f"{address}/denials?tenant=alder&payer=Summit+Mutual")
        settle(page, "Denied claims", "5", "15.0%", "$2.50K")
    for picture in ("overview.png", "denials.png"):
        assert (tmp_path / picture).stat().st_size > 20_000
    hosts = {urlsplit(url).hostname for url in asked if urlsplit(url).scheme in {"http", "https", "ws", "wss"}}
    assert hosts == {"127.0.0.1"}, "the pages work without the internet"
    assert "Traceback" not in log.read_text()


@pytest.mark.skipif("CLAIMWORKS_PICTURES" not in os.environ, reason="CLAIMWORKS_PICTURES names no folder for pictures")
def test_take_the_pictures_of_the_readme(tmp_path: Path) -> None:
    folder = Path(os.environ["CLAIMWORKS_PICTURES"])
    folder.mkdir(parents=True, exist_ok=True)
    home = Path(os.environ["CLAIMWORKS_HOME"])
    with dashboard(home, tmp_path / "streamlit.log") as address, browser(1440, 1180) as page:
        for path, name, height in (("", "overview", 1180), ("denials", "denials", 1330)):
            page.set_viewport_size({"width": 1440, "height": height})
            page.goto(f"{address}/{path}?tenant=alder")
            settle(page, "Initial denial rate")
            page.wait_for_timeout(2500)  # grids and charts draw on canvas after the script has ended
            page.screenshot(path=folder / f"{name}.png")
            assert (folder / f"{name}.png").stat().st_size < 300_000
