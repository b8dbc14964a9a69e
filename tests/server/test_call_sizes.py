"""What the server does when a call's pictures become smaller: it sends such ones, and says so."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from avatar_app.server.metrics import ServerCounters, as_prometheus
from avatar_app.server.page import call
from avatar_app.server.page.call import PageCall
from avatar_app.server.webrtc.link import CONNECTED, LinkKind, LinkMessage
from avatar_app.session.served.pictures import SentPicture


class Process:
    """In place of the one that speaks WebRTC."""

    def __init__(self, take: Callable[[LinkMessage], None], _addresses: object) -> None:
        self.take = take
        self.sent: list[LinkMessage] = []

    def send(self, message: LinkMessage) -> None:
        self.sent.append(message)

    def close(self) -> None:
        self.take(size(360, 8, "network"))  # was on its way

    def rows(self) -> int:
        return self.sent[-1].height


def size(lines: int, fps: int, reason: str) -> LinkMessage:
    return LinkMessage(LinkKind.SIZE, reason.encode(), 0, fps, lines)


class Line:
    """A page's call, and what the page is sent."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.processes: list[Process] = []
        monkeypatch.setattr(call, "PeerProcess", self.start)
        monkeypatch.setattr(call, "find_spec", lambda _name: True)
        self.messages: list[dict[str, Any]] = []
        self.counters = ServerCounters()
        self.call = PageCall(self.messages.append, lambda _sound: None, None, self.counters)

    def start(self, *given: Any) -> Process:
        self.processes.append(Process(*given))
        return self.processes[-1]

    def begin(self) -> Process:
        self.call.answer("offer")
        self.call._worker.submit(lambda: None).result()
        process = self.processes[-1]
        process.take(LinkMessage(LinkKind.STATE, CONNECTED.encode()))
        return process

    def show(self) -> None:
        self.call.show(SentPicture(1, 0, np.zeros((720, 1280, 3), np.uint8)))

    def figures(self) -> list[str]:
        return as_prometheus(self.counters.metrics()).splitlines()


@pytest.fixture
def line(monkeypatch: pytest.MonkeyPatch) -> Iterator[Line]:
    made = Line(monkeypatch)
    yield made
    made.call.close()


def test_smaller_pictures_are_made_small_and_told(
    line: Line, caplog: pytest.LogCaptureFixture
) -> None:
    process = line.begin()
    line.show()
    assert process.rows() == 1080
    with caplog.at_level(logging.INFO, call.__name__):
        process.take(size(540, 25, "machine"))
        process.take(size(360, 25, "network"))
    assert "a call has 540 lines, 25 pictures a second: machine" in caplog.text
    line.show()
    assert process.rows() == 540
    assert line.messages[-1] == {
        "type": "quality", "lines": 360, "fps": 25, "reason": "network", "best": False,
    }  # fmt: skip
    assert 'avatar_calls{lines="360"} 1' in line.figures()
    process.take(size(720, 25, ""))
    assert line.messages[-1]["best"]
    line.show()
    assert process.rows() == 1080
    figures = line.figures()
    assert 'avatar_calls{lines="720"} 1' in figures
    for reason in ("machine", "network", "recovered"):
        assert f'avatar_call_steps_total{{reason="{reason}"}} 1' in figures


def test_the_next_call_begins_with_the_best_and_one_that_is_over_is_not_counted(
    line: Line,
) -> None:
    line.begin().take(size(360, 8, "machine"))
    process = line.begin()
    line.show()
    assert process.rows() == 1080
    assert 'avatar_calls{lines="720"} 1' in line.figures()
    line.call.hang_up()
    line.call._worker.submit(lambda: None).result()
    assert not any(figure.startswith("avatar_calls{") for figure in line.figures())
