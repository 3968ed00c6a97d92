"""The system's Chromium, without a window, driven through pages as a person would use them."""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Page, Request, sync_playwright

from tests.servers.available import program

_QUIET = (
    "--no-sandbox",  # tests may run as root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_SECONDS = 60


@contextmanager
def chromium_page(origin: str) -> Iterator[Page]:
    """Give a page of a fresh profile. At the end it has asked nobody but `origin`, or the block fails."""
    elsewhere: list[str] = []

    def look(request: Request) -> None:
        if not request.url.startswith((origin, "data:", "blob:")):
            elsewhere.append(request.url)

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program("chromium"), args=list(_QUIET))
        try:
            page = browser.new_page(viewport={"width": 1200, "height": 1400})
            page.set_default_timeout(_SECONDS * 1000)
            page.on("request", look)
            yield page
        finally:
            browser.close()
    assert not elsewhere
