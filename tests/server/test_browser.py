"""A real Chromium talks with the avatar: a recording is its microphone, and nobody clicks twice."""

from __future__ import annotations

import shutil
import time
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
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
"""Real ears; the answer repeats what was said, and the mouth is the lower half of the picture."""
SHOWS: dict[str, Any] = LIGHT | {
    "tts.engine": "espeak",
    "face.engine": "illustrated",
    "face.options.width": 854,
    "face.options.height": 480,
}
"""The real built-in voice and face."""
LONG = 250.0
"""Seconds that one step may take on a machine that does much else."""
MOUTH = "document.getElementById('face').getContext('2d').getImageData(160, 150, 1, 1).data[0]"
"""How bright the mouth is in the picture on show."""

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


CUT_SHORT = """[...document.querySelectorAll('#log li.avatar.cut')]
  .map(line => line.innerText.trim()).filter(heard => heard.startsWith('one'))"""
"""What was heard of answers that count and were interrupted."""


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
        problems: list[str] = []
        page = opened(chromium, server.address, "dark", 1280, 800)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda line: problems.append(line.text) if line.type == "error" else 0)
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        check_answer(page)
        page.screenshot(path=tmp_path / "dark-desktop.png")
        check_mouth(page)
        check_interruption(page)
        page.close()
        assert problems == []


def test_a_real_face_speaks_on_a_phone_and_a_desk(chromium: Browser, tmp_path: Path) -> None:
    add_light_engines()
    with serving(SHOWS) as server:
        check_phone(opened(chromium, server.address, "light", 390, 844), tmp_path)
        page = opened(chromium, server.address, "dark", 1280, 800)
        answer_typed(page, "Good morning, it is nice to see you.")
        page.screenshot(path=tmp_path / "dark-desktop-face.png")
        page.close()


def check_answer(page: Page) -> None:
    """The recording has become a turn; sound comes back, and captions."""
    said = page.wait_for_selector("#log li.user")
    assert said is not None
    assert "forward" in said.inner_text()
    until(page, "window.avatar.loudest > 0.05")
    until(page, "document.querySelector('#caption-avatar b')?.textContent.length > 8")
    assert "You said" in page.inner_text("#caption-avatar")
    assert page.evaluate("window.avatar.pictures") > 0


def check_mouth(page: Page) -> None:
    """It moves while the avatar speaks, and is closed afterwards."""
    page.fill("#text", "count 2")
    page.keyboard.press("Enter")
    until(page, f"{MOUTH} > 40")
    until(page, f"{MOUTH} < 20")


def check_interruption(page: Page) -> None:
    """Escape silences the avatar, and only what was heard was said."""
    page.click("#mute")  # the recording would interrupt it, too
    page.fill("#text", "count 12")
    page.keyboard.press("Enter")
    until(page, "document.querySelector('#caption-avatar b')?.textContent.startsWith('one two')")
    page.keyboard.press("Escape")
    until(page, f"{CUT_SHORT}.length > 0")
    for heard in page.evaluate(CUT_SHORT):
        assert 0 < len(heard.split()) < 12 * 12


def check_phone(page: Page, folder: Path) -> None:
    """All of it fits, also in light colors."""
    page.screenshot(path=folder / "light-phone-welcome.png")
    answer_typed(page, "hello from a phone")
    shot = folder / "light-phone.png"
    page.screenshot(path=shot)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for name in ("#text", "#stop", "#show", "#stage"):
        box = page.locator(name).bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 390
        assert box["y"] + box["height"] <= 844
        assert box["height"] >= 44  # a finger
    picture = cv2.imread(str(shot))
    assert picture is not None
    assert picture[:8].mean() > 200
    page.close()


def answer_typed(page: Page, text: str) -> None:
    """Type, and wait until the face is on show and speaks."""
    page.click("#start-typing")
    page.wait_for_selector("body[data-view=talk]")
    until(page, "window.avatar.pictures > 0")
    page.fill("#text", text)
    page.keyboard.press("Enter")
    until(page, "document.querySelector('#caption-avatar b')?.textContent.length > 8")
