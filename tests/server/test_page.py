"""A page's line: sound and pictures of the real face, captions, and what was heard of an answer."""

from __future__ import annotations

import json
import struct
import time
from typing import Any

import cv2
import numpy as np
import openai
import pytest
from served import client_of, http_of, serving
from served_engines import LIGHT, add_light_engines
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from avatar_app.core.values import PLAYBACK_RATE
from avatar_app.server.page.files import FILES
from avatar_app.server.running import AvatarServer
from avatar_app.server.security import short_tokens

pytestmark = [
    pytest.mark.usefixtures("loopback", "user_engines_forgotten"),
    pytest.mark.filterwarnings("ignore:connect.. must be used:DeprecationWarning"),  # by openai
]
PATIENCE = 120.0
SOUND, PICTURE = 1, 2


@pytest.fixture(autouse=True)
def light_engines(user_files_in_temporary_folder: None) -> None:
    add_light_engines()


class Page:
    """What a page receives."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.messages: list[dict[str, Any]] = []
        self.sound: list[tuple[int, int, bytes]] = []
        self.pictures: list[tuple[int, int, bytes]] = []

    def until(self, kind: str, **fields: Any) -> dict[str, Any]:
        """Receive until a message with these fields."""
        while True:
            message = self.receive()
            if message.get("type") == kind and fields.items() <= message.items():
                return message

    def receive(self) -> dict[str, Any]:
        data = self.socket.recv(PATIENCE)
        if isinstance(data, str):
            self.messages.append(json.loads(data))
            return self.messages[-1]
        kind, turn, start = struct.unpack_from("<BxxxII", data)
        {SOUND: self.sound, PICTURE: self.pictures}[kind].append((turn, start, data[12:]))
        return {"type": kind, "turn": turn}

    def send(self, kind: str, **fields: Any) -> None:
        self.socket.send(json.dumps({"type": kind} | fields))

    def say(self, text: str) -> dict[str, Any]:
        self.send("text", text=text)
        return self.until("ended")


def line_to(server: AvatarServer, query: str = "?rate=48000", **rest: Any) -> ClientConnection:
    address = server.address.replace("http", "ws") + "/v1/face" + query
    return connect(address, subprotocols=["avatar"], max_size=None, **rest)


def test_sound_and_pictures_of_one_answer_belong_together() -> None:
    with serving(LIGHT) as server, line_to(server) as socket:
        page = Page(socket)
        page.until("ready")
        ended = page.say("count 2")
        assert ended["outcome"] == "finished"
        assert ended["heard"].startswith("one two three")
        said = page.until("state", state="idle")
        assert said in page.messages
        order = list(dict.fromkeys(message["type"] for message in page.messages))
        assert [kind for kind in order if kind not in ("ready", "state")] == [
            "user", "clause", "played", "ended",
        ]  # fmt: skip
        turn = ended["turn"]
        check_sound(page, turn)
        check_pictures(page, turn)


def check_sound(page: Page, turn: int) -> None:
    """It is whole: each piece begins where the one before it ends."""
    expected = 0
    for of, start, pcm in page.sound:
        assert (of, start) == (turn, expected)
        expected += len(pcm) // 2
    assert expected == round(24 * 0.2 * PLAYBACK_RATE)  # words


def check_pictures(page: Page, turn: int) -> None:
    """They are of the speech, in its order, and the mouth moves."""
    images = [cv2.imdecode(np.frombuffer(jpeg, np.uint8), 1) for _, _, jpeg in page.pictures]
    assert {image.shape for image in images} == {(180, 320, 3)}
    starts = [start for of, start, _ in page.pictures if of == turn]
    assert len(starts) >= 3
    assert starts == sorted(starts)
    assert starts[-1] <= 24 * 0.2 * PLAYBACK_RATE
    levels = [image[100:].mean() for image in images]
    assert max(levels) - min(levels) > 40
    assert all(abs(image[:80].mean() - 128) < 3 for image in images)


def test_what_the_loudspeaker_did_not_play_was_not_said() -> None:
    with serving(LIGHT) as server, line_to(server) as socket:
        page = Page(socket)
        page.send("text", text="count 8")
        while sum(len(pcm) for _, _, pcm in page.sound) < 2 * 1.6 * PLAYBACK_RATE:
            page.receive()
        turn = page.sound[-1][0]
        page.send("heard", turn=turn, seconds=1.0)
        ended = page.until("ended", turn=turn)
        assert ended["outcome"] == "interrupted"
        assert page.until("truncated", turn=turn)["heard"] == "one two three four five"
        assert page.say("recall")["heard"] == "I said: one two three four five."


def test_stop_and_the_talk_button() -> None:
    with serving(LIGHT) as server, line_to(server, "?rate=16000") as socket:
        page = Page(socket)
        page.send("text", text="count 12")
        page.until(SOUND)  # type: ignore[arg-type]
        page.send("interrupt")
        assert page.until("ended")["outcome"] == "interrupted"
        page.send("hold", held=True)
        page.until("state", state="listening")
        at = np.arange(16_000) / 16_000
        loud = (8_000 * np.sin(2 * np.pi * 200 * at)).astype("<i2")
        for begin in range(0, len(loud), 1_600):
            socket.send(loud[begin : begin + 1_600].tobytes())
        page.send("hold", held=False)
        assert page.until("user", final=True)["text"] == "something loud"
        assert page.until("ended")["heard"] == "You said something loud."


def test_nobody_who_looks_away_is_sent_pictures() -> None:
    with serving(LIGHT) as server, line_to(server) as socket:
        page = Page(socket)
        page.send("watch", visible=False)
        page.say("first")
        page.pictures.clear()
        page.say("second")
        assert page.pictures == []
        page.send("watch", visible=True)
        page.until(PICTURE)  # type: ignore[arg-type]


def test_what_is_no_message_costs_a_notice() -> None:
    with serving(LIGHT) as server, line_to(server) as socket:
        page = Page(socket)
        for sent, words in (
            ("{", "not understood"),
            ('{"type": "dance"}', "not understood"),
            ('{"type": "heard", "turn": -1, "seconds": 1}', "turn"),
            ('{"type": "text", "text": ""}', "text"),
            (b"\0", "not 16-bit PCM"),
        ):
            socket.send(sent)
            assert words in page.until("notice")["message"]
        assert page.say("still here")["heard"] == "You said still here."
        with line_to(server, "?rate=7") as other, pytest.raises(ConnectionClosed, match="rate"):
            other.recv(PATIENCE)


def test_the_page_loads_nothing_from_elsewhere() -> None:
    with serving(LIGHT, needs_token=True) as server, http_of(server) as http:
        page = http.get("/")
        assert page.status_code == 200
        assert page.headers["content-security-policy"].startswith("default-src 'none'")
        assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
        for name in FILES:
            answer = http.get(f"/page/{name}")
            assert answer.status_code == 200
            assert "http://" not in answer.text.replace("http://www.w3.org", "")
            assert "https://" not in answer.text
        for path in ("/page/../files.py", "/page/%2e%2e%2ffiles.py", "/page/nothing.js"):
            assert http.get(path).status_code in (401, 404)


def test_a_short_lived_token_connects_a_browser(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(LIGHT, needs_token=True) as server, http_of(server) as http:
        assert http.post("/v1/realtime/client_secrets").status_code == 401
        code = server.parts.devices.begin_pairing()
        paired = http.post("/v1/devices/pair", json={"code": code, "name": "phone"}).json()
        with client_of(server, paired["token"]) as client:
            secret = client.realtime.client_secrets.create().value
        with client_of(server, secret) as browser:
            assert browser.models.list().data
            with pytest.raises(openai.PermissionDeniedError, match="gets no others"):
                browser.realtime.client_secrets.create()
        headers = {"Origin": server.address}
        protocols = ["avatar", f"openai-insecure-api-key.{secret}"]
        address = server.address.replace("http", "ws") + "/v1/face"
        with connect(address, subprotocols=protocols, additional_headers=headers) as socket:
            assert json.loads(socket.recv(PATIENCE))["type"] == "ready"
        server.parts.devices.revoke("phone")
        with pytest.raises(InvalidStatus):
            connect(address, subprotocols=protocols)
        foreign = {"Origin": "https://evil.example"}
        with pytest.raises(InvalidStatus):
            connect(address, subprotocols=protocols, additional_headers=foreign)


def test_short_lived_tokens_end() -> None:
    now = 0.0
    tokens = short_tokens.ShortTokens(lambda: now)
    token = tokens.issue("kitchen")
    assert tokens.owner_of(token.value) == "kitchen"
    assert tokens.owner_of("ek_other") is None
    now = short_tokens.SHORT_SECONDS
    assert tokens.owner_of(token.value) is None


def test_a_short_lived_token_ends_while_the_computer_is_suspended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with serving(LIGHT, needs_token=True) as server:
        token = server.parts.short_tokens.issue("kitchen").value
        assert server.parts.short_tokens.owner_of(token) == "kitchen"
        awake = time.clock_gettime
        monkeypatch.setattr(time, "clock_gettime", lambda clock: awake(clock) + 3600.0)
        assert server.parts.short_tokens.owner_of(token) is None
