"""A real Chromium talks with the avatar: a recording is its microphone, and nobody clicks twice."""

from __future__ import annotations

import shutil
import time
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from served import serving
from served_engines import LIGHT, add_light_engines

RECORDING = Path(__file__).parents[1] / "data" / "goforward.wav"
PAUSE = 25
"""Seconds of silence until the recording is heard again."""
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
]
HEARS: dict[str, Any] = LIGHT | {"asr.engine": "pocketsphinx"}
"""Real ears; the answer repeats what was said."""
LONG = 400.0
"""Seconds that one step may take on a machine that does much else."""
pytestmark = [
    pytest.mark.usefixtures("loopback", "user_engines_forgotten"),
    pytest.mark.slow,
]


@pytest.fixture
def chromium(tmp_path: Path) -> Iterator[Browser]:
    """Debian's Chromium (packaging/linux/apt-test.txt), which hears the recording again and
    again."""
    heard = tmp_path / "heard.wav"
    with wave.open(str(RECORDING)) as source, wave.open(str(heard), "wb") as looped:
        looped.setparams(source.getparams())
        rate = source.getframerate()
        looped.writeframes(bytes(2 * rate) + source.readframes(-1) + bytes(2 * rate * PAUSE))
    program = shutil.which("chromium")
    assert program, "Chromium is missing: sudo apt-get install chromium"
    flags = [*FLAGS, f"--use-file-for-fake-audio-capture={heard}"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=flags, timeout=1000 * LONG
        )
        yield browser
        browser.close()


def until(page: Page, condition: str) -> None:
    """Wait for a condition of the page. Playwright's own way needs a weaker security policy."""
    end = time.monotonic() + LONG
    while not page.evaluate(condition):
        assert time.monotonic() < end, f"{condition}; {page.inner_text('body')}"
        page.wait_for_timeout(100)


def opened(browser: Browser, address: str, scheme: Any, width: int, height: int) -> Page:
    page = browser.new_page(
        viewport={"width": width, "height": height}, color_scheme=scheme, permissions=["microphone"]
    )
    page.set_default_timeout(1000 * LONG)
    page.goto(address)
    until(page, "Boolean(window.avatar)")
    return page


def test_a_person_talks_with_the_avatar(chromium: Browser, tmp_path: Path) -> None:
    add_light_engines()
    with serving(HEARS) as server:
        page = opened(chromium, server.address, "dark", 1280, 800)
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        check_answer(page)
        page.screenshot(path=tmp_path / "dark-desktop.png")
        page.close()


def check_answer(page: Page) -> None:
    """The recording has become a turn; sound comes back, and captions."""
    said = page.wait_for_selector("#log li.user")
    assert said is not None
    assert "forward" in said.inner_text()
    until(page, "window.avatar.loudest > 0.05")
    until(page, "document.querySelector('#caption-avatar b').textContent.length > 8")
    assert "You said" in page.inner_text("#caption-avatar")
    assert page.evaluate("window.avatar.pictures") > 0
