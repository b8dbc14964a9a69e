"""A real Chromium talks with the avatar: a recording is its microphone, and nobody clicks twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import pytest
from playwright.sync_api import Browser, Page
from real_browser import hearing_browser, opened, until
from served import serving
from served_engines import LIGHT, add_light_engines

HEARS: dict[str, Any] = LIGHT | {"asr.engine": "pocketsphinx"}
"""Real ears; the answer repeats what was said, and the mouth is the lower half of the picture."""
SHOWS: dict[str, Any] = LIGHT | {
    "tts.engine": "espeak",
    "face.engine": "illustrated",
    "face.options.width": 854,
    "face.options.height": 480,
}
"""The real built-in voice and face."""
MOUTH = "document.getElementById('face').getContext('2d').getImageData(160, 150, 1, 1).data[0]"
"""How bright the mouth is in the picture on show."""

pytestmark = [
    pytest.mark.usefixtures("loopback", "user_engines_forgotten"),
    pytest.mark.slow,
]


@pytest.fixture
def chromium(tmp_path: Path) -> Iterator[Browser]:
    with hearing_browser(tmp_path, silence=1.0) as browser:
        yield browser


CUT_SHORT = """[...document.querySelectorAll('#log li.avatar.cut')]
  .map(line => line.innerText.trim()).filter(heard => heard.startsWith('one'))"""
"""What was heard of answers that count and were interrupted."""

STATE = "document.getElementById('state').dataset.state"
REPORTED_TWICE = """async () => {
  const { Words } = await import("/page/words.js");
  const [log, user, avatar] = ["ol", "p", "p"].map(name => document.createElement(name));
  document.body.append(log);
  const words = new Words(log, user, avatar);
  words.written("turn", "one two three");
  words.ended("turn", "one two");
  words.ended("turn", "one two");
  log.remove();
  return log.firstChild.className;
}"""


def on_line(browser: Browser, address: str, scheme: str, width: int, height: int) -> Page:
    """Return the page, which has no WebRTC: test_browser_call.py has it."""
    script = "delete window.RTCPeerConnection"
    return opened(browser, address, width, height, script=script, color_scheme=scheme)


def test_a_person_talks_with_the_avatar(chromium: Browser, tmp_path: Path) -> None:
    add_light_engines()
    with serving(HEARS) as server:
        problems: list[str] = []
        page = on_line(chromium, server.address, "dark", 1280, 800)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda line: problems.append(line.text) if line.type == "error" else 0)
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        check_answer(page)
        page.screenshot(path=tmp_path / "dark-desktop.png")
        check_mouth(page)
        check_interruption(page)
        check_report(page)
        page.close()
        assert problems == []


def test_a_real_face_speaks_on_a_phone_and_a_desk(chromium: Browser, tmp_path: Path) -> None:
    add_light_engines()
    with serving(SHOWS) as server:
        check_phone(on_line(chromium, server.address, "light", 390, 844), tmp_path)
        page = on_line(chromium, server.address, "dark", 1280, 800)
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
    until(page, f"{STATE} === 'idle' && !window.avatar.sounding.turn")
    page.fill("#text", "count 12")
    page.keyboard.press("Enter")
    until(page, "window.avatar.sounding.position > 48_000")
    page.keyboard.press("Escape")
    until(page, f"{CUT_SHORT}.length > 0")
    for heard in page.evaluate(CUT_SHORT):
        assert 0 < len(heard.split()) < 12 * 12


def check_report(page: Page) -> None:
    """An answer stays cut when the server repeats what the page said was heard."""
    assert page.evaluate(REPORTED_TWICE) == "avatar cut"


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
