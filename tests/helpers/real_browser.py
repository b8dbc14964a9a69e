"""Debian's Chromium (packaging/linux/apt-test.txt), also with a recording as its microphone."""

from __future__ import annotations

import shutil
import time
import wave
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

RECORDING = Path(__file__).parents[1] / "data" / "goforward.wav"
PAUSE = 25
"""Seconds of silence until the recording is heard again."""
FLAGS = ("--no-sandbox", "--disable-gpu")
HEARS = ("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
LONG = 250.0
"""Seconds that one step may take on a machine that does much else."""


@contextmanager
def launched(*flags: str) -> Iterator[Browser]:
    """Yield a browser without a window."""
    program = shutil.which("chromium")
    assert program, "Chromium is missing: sudo apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=[*FLAGS, *flags], timeout=1000 * LONG
        )
        yield browser
        browser.close()


@contextmanager
def hearing_browser(folder: Path, silence: float) -> Iterator[Browser]:
    """Yield a browser that hears the recording again and again, first after so many seconds. The
    sound lies in `folder`."""
    heard = folder / "heard.wav"
    with wave.open(str(RECORDING)) as source, wave.open(str(heard), "wb") as looped:
        looped.setparams(source.getparams())
        second = source.getframerate() * source.getsampwidth()
        before, after = (bytes(round(length * second)) for length in (silence, PAUSE))
        looped.writeframes(before + source.readframes(-1) + after)
    with launched(*HEARS, f"--use-file-for-fake-audio-capture={heard}") as browser:
        yield browser


def until(page: Page, condition: str) -> None:
    """Wait for a condition of the page. Playwright's own way needs a weaker security policy."""
    end = time.monotonic() + LONG
    while not page.evaluate(condition):
        assert time.monotonic() < end, f"{condition}; {page.inner_text('body')}"
        page.wait_for_timeout(100)


def opened(
    browser: Browser,
    address: str,
    width: int = 1280,
    height: int = 800,
    *,
    script: str = "",
    **how: Any,
) -> Page:
    """Return the avatar's page, loaded. `script`: runs before its own."""
    page = browser.new_page(
        viewport={"width": width, "height": height}, permissions=["microphone"], **how
    )
    page.set_default_timeout(1000 * LONG)
    if script:
        page.add_init_script(script)
    page.goto(address)
    until(page, "Boolean(window.avatar)")
    return page
