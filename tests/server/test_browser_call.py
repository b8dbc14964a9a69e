"""A real Chromium is called by WebRTC: it hears, sees the mouth move with the sound, and is heard;
without aiortc the WebSocket carries all of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from multiprocessing import active_children
from pathlib import Path
from typing import Any

import pytest
import slow_encoder
from playwright.sync_api import Browser, Page
from real_browser import hearing_browser, opened, until
from served import PATIENCE, http_of, serving
from served_engines import LIGHT, add_light_engines
from websockets.sync.client import ClientConnection, connect

from avatar_app.server.page import call
from avatar_app.server.webrtc import process

HEARS: dict[str, Any] = LIGHT | {"asr.engine": "pocketsphinx", "tts.engine": "espeak"}
"""Real ears and a real voice, as Opus carries no level sound; the mouth is the lower half of the
picture, as bright as the speech is loud, and closed in half of the pictures."""
WATCH = """() => {
  const film = document.getElementById("film");
  const canvas = Object.assign(document.createElement("canvas"), { width: 320, height: 180 });
  const brush = canvas.getContext("2d", { willReadFrequently: true });
  const context = new AudioContext();
  const ear = context.createAnalyser();
  ear.fftSize = 1024;
  context.createMediaStreamSource(film.srcObject).connect(ear);
  const heard = new Float32Array(ear.fftSize);
  window.seen = [];
  setInterval(() => {
    brush.drawImage(film, 0, 0, 320, 180);
    ear.getFloatTimeDomainData(heard);
    const mouth = brush.getImageData(160, 150, 1, 1).data[0];
    window.seen.push([performance.now(), Math.max(...heard.map(Math.abs)), mouth]);
  }, 20);
}"""
"""Look at the mouth and listen to the sound, 50 times a second."""
NOTE_BREAKS = """() => {
  const film = document.getElementById("film");
  const [track] = film.srcObject.getVideoTracks();
  let breaks = 0;
  const note = () => { breaks += 1; };
  for (const kind of ["emptied", "ended", "error"]) film.addEventListener(kind, note);
  const isSame = () => film.srcObject.getVideoTracks()[0] === track;
  window.isUnbroken = () => !breaks && track.readyState === "live" && isSame();
}"""
SKEW = 250.0
"""Milliseconds by which the mouth may open before or after the sound begins: both are looked at
every 20 ms, pictures come every 40 ms, and half of them are closed."""
ANSWERS = 3
OFFERS = (
    "garbage",
    "v=0\r\n",
    "v=0\r\nm=audio x y z\r\n",
    "v=0\r\na=group:BUNDLE 0 1 2\r\n" * 900,
)
"""Descriptions of sessions that are none."""

pytestmark = [
    pytest.mark.usefixtures("loopback", "user_engines_forgotten"),
    pytest.mark.slow,
]


@pytest.fixture
def chromium(tmp_path: Path) -> Iterator[Browser]:
    with hearing_browser(tmp_path, silence=4.0) as browser:
        yield browser


def talk_to(browser: Browser, address: str) -> Page:
    page = opened(browser, address)
    page.click("#start")
    return page


def test_sound_and_face_come_by_webrtc_and_the_microphone_goes(
    chromium: Browser, tmp_path: Path
) -> None:
    add_light_engines()
    with serving(HEARS) as server:
        page = talk_to(chromium, server.address)
        until(page, "window.avatar.isCalled")
        page.evaluate(WATCH)
        said = page.wait_for_selector("#log li.user")
        assert said is not None
        assert "forward" in said.inner_text()
        until(page, "window.avatar.loudest > 0.05")
        until(page, "window.avatar.pictures > 10")
        until(page, "document.getElementById('film').videoWidth >= 320")
        page.click("#mute")  # the recording would interrupt what follows
        check_lips(page)
        page.screenshot(path=tmp_path / "call.png")
        check_interruption(page)
        page.close()


def check_lips(page: Page) -> None:
    """The mouth opens when the sound begins, moves, and closes when it ends. Where pictures stand
    still for a moment, as the machine does much else, another answer shows it."""
    skew = SKEW
    for _ in range(ANSWERS):
        seen = watched_answer(page)
        spoken = [(at, mouth) for at, loud, mouth in seen if loud > 0.05]
        shown = [at for at, _, mouth in seen if mouth > 40]
        skew = min(skew, abs(spoken[0][0] - shown[0]), abs(spoken[-1][0] - shown[-1]))
        if skew < SKEW:
            break
    assert skew < SKEW
    assert len(spoken) > 30  # of some ten seconds
    closed = sum(mouth < 20 for _, mouth in spoken)
    assert 0.1 * len(spoken) < closed < 0.9 * len(spoken), "it moves"


def watched_answer(page: Page) -> list[tuple[float, float, int]]:
    """Have the avatar speak; return when what was seen and heard: milliseconds, level, mouth."""
    until(page, quiet_for("window.seen.slice(-50)"))
    page.evaluate("window.seen.length = 0")
    page.fill("#text", "count 2")
    page.keyboard.press("Enter")
    until(page, "window.seen.some(([, loud]) => loud > 0.05)")
    until(page, quiet_for("window.seen.slice(-50)"))
    seen: list[tuple[float, float, int]] = page.evaluate("window.seen")
    return seen


def quiet_for(looks: str) -> str:
    return f"{looks}.length === 50 && {looks}.every(([, loud, mouth]) => loud < 0.01 && mouth < 20)"


def check_interruption(page: Page) -> None:
    """Escape silences the avatar, and only what was heard was said."""
    page.fill("#text", "count 12")
    page.keyboard.press("Enter")
    until(page, "window.avatar.sounding.position > 48_000")
    page.keyboard.press("Escape")
    cut = "document.querySelector('#log li.avatar.cut')?.innerText"
    until(page, f"({cut} ?? '').trim().startsWith('one')")
    heard = page.evaluate(cut).split()
    assert 3 <= len(heard) <= 60  # of 144 words
    until(page, quiet_for("window.seen.slice(-50)"))


def test_a_call_that_is_too_much_goes_on_with_smaller_pictures(
    chromium: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "_run", slow_encoder.run)
    add_light_engines()
    with serving(LIGHT | {"face.engine": "illustrated"}) as server, http_of(server) as client:
        page = talk_to(chromium, server.address)
        until(page, "window.avatar.isCalled")
        page.evaluate(NOTE_BREAKS)
        until(page, f"document.getElementById('film').videoHeight === {slow_encoder.CARRIED}")
        until(page, "document.getElementById('quality').innerText.includes('360p')")
        assert "too busy" in page.get_attribute("#quality", "title")
        metrics = client.get("/metrics").text
        assert 'avatar_call_steps_total{reason="machine"}' in metrics
        before = page.evaluate("window.avatar.pictures")
        page.fill("#text", "count 2")
        page.keyboard.press("Enter")
        until(page, "window.avatar.loudest > 0.05")
        until(page, f"window.avatar.pictures > {before + 10}")
        assert page.evaluate("window.isUnbroken()")
        page.close()


def test_a_call_that_breaks_off_is_taken_over_by_the_line(chromium: Browser) -> None:
    add_light_engines()
    with serving(LIGHT) as server:
        page = talk_to(chromium, server.address)
        until(page, "window.avatar.isCalled")
        (process,) = [each for each in active_children() if each.name == "webrtc"]
        process.kill()
        until(page, "!window.avatar.isCalled")
        before = page.evaluate("window.avatar.pictures")
        page.fill("#text", "count 2")
        page.keyboard.press("Enter")
        until(page, "window.avatar.soundSeconds > 1 && window.avatar.loudest > 0.05")
        until(page, f"window.avatar.pictures > {before}")
        page.close()


def test_without_aiortc_the_line_carries_all(
    chromium: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(call, "find_spec", lambda _name: None)
    add_light_engines()
    with serving(LIGHT) as server:
        page = talk_to(chromium, server.address)
        page.wait_for_selector("#state[data-state=idle]")
        page.fill("#text", "count 2")
        page.keyboard.press("Enter")
        until(page, "window.avatar.soundSeconds > 1 && window.avatar.loudest > 0.05")
        assert not page.evaluate("window.avatar.isCalled")
        page.close()


def message(line: ClientConnection, kind: str) -> dict[str, Any]:
    while True:
        data = line.recv(PATIENCE)
        if isinstance(data, str) and (found := json.loads(data))["type"] == kind:
            return dict(found)


@pytest.mark.parametrize(
    "offer",
    ["garbage", "v=0\r\n", "v=0\r\nm=audio x y z\r\n", "v=0\r\na=group:BUNDLE 0 1 2\r\n" * 900],
)
def test_an_offer_that_is_none_leaves_all_to_the_line(offer: str) -> None:
    add_light_engines()
    with serving(LIGHT) as server:
        address = server.address.replace("http", "ws") + "/v1/face"
        with connect(address, max_size=None) as line:
            message(line, "ready")
            line.send(json.dumps({"type": "offer", "sdp": offer}))
            assert message(line, "call")["state"] == "failed"
            line.send(json.dumps({"type": "text", "text": "hello"}))
            assert message(line, "ended")["heard"] == "You said hello."
