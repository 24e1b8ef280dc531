"""The Temporal Web UI in a real browser."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page, sync_playwright

from stack.programs import CHROMIUM, installed

#: Chromium as root in a closed network: no sandbox, and nobody to call home to.
OPTIONS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

#: Seconds in which a page shows what it has, and how often it is loaded.
PATIENCE = 60
LOADS = 5


@contextmanager
def browser_page() -> Iterator[Page]:
    """A page of a new headless browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=installed(CHROMIUM), args=OPTIONS)
        try:
            yield browser.new_page(viewport={"width": 1400, "height": 1250})
        finally:
            browser.close()


def opened(page: Page, url: str, tab: str, text: str, picture: Path) -> str:
    """Open a tab of a workflow, wait for a text, keep a screenshot; all text of the page.

    The UI shows what workflows say of themselves in a frame of its own. A page of which one
    request failed on a busy machine stays as it is for ever, so it is loaded again, as a person would.
    """
    for _ in range(LOADS):
        page.goto(url)
        shown = _shown(page, tab, text)
        if text in shown:
            page.wait_for_timeout(500)
            page.screenshot(path=picture)
            return shown
    page.screenshot(path=picture)
    raise AssertionError(f"{text!r} is not on the page (see {picture}):\n{shown}")


def _shown(page: Page, tab: str, text: str) -> str:
    """What a loaded page shows once the text is on it, or when its time is up."""
    try:
        page.get_by_role("tab", name=tab).click(timeout=PATIENCE * 1000)
    except PlaywrightError:
        return _text(page)
    for _ in range(PATIENCE * 5):
        shown = _text(page)
        if text in shown:
            break
        page.wait_for_timeout(200)
    return shown


def _text(page: Page) -> str:
    try:
        return "\n".join(frame.inner_text("body") for frame in page.frames).replace("\N{NO-BREAK SPACE}", " ")
    except PlaywrightError:  # the page is about to replace one of its frames
        return ""
