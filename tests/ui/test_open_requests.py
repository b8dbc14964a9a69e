"""Later starts of the program: the window comes to the front and opens what they bring."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from avatar_app.system.instance_channel import OpenRequest, Reply
from avatar_app.ui.window import open_requests
from avatar_app.ui.window.open_requests import OpenRequests

FILE = Path("/shared/ada.avatar")


@pytest.fixture
def requests(window_and_session) -> OpenRequests:
    window, _ = window_and_session
    return OpenRequests(window, window.bridge, window.avatar_drop.take_in_turn)


def received(qtbot, requests: OpenRequests, request: OpenRequest) -> Reply | None:
    """Receive a request as the program does: in another thread, while Qt goes on."""
    with ThreadPoolExecutor(1) as threads:
        future = threads.submit(requests.receive, request)
        qtbot.waitUntil(future.done, timeout=60_000)
        return future.result()


def test_minimized_window_is_restored_with_the_requested_avatar(
    qtbot, window_and_session, requests
):
    window, session = window_and_session
    window.showMinimized()
    qtbot.waitUntil(window.isMinimized)
    assert received(qtbot, requests, OpenRequest(FILE)) is Reply.SHOWN
    assert not window.isMinimized()
    assert window.isVisible()
    qtbot.waitUntil(lambda: session.asked("use_character") == [("ada",)])
    assert session.asked("make_character") == [(FILE,)]


def test_full_screen_window_stays_full_screen(qtbot, window_and_session, requests):
    window, session = window_and_session
    window.showFullScreen()
    assert received(qtbot, requests, OpenRequest()) is Reply.SHOWN
    assert window.isFullScreen()
    assert session.asked("make_character") == []


def test_files_are_opened_one_at_a_time(qtbot, window_and_session, requests):
    window, session = window_and_session
    session.may_finish.clear()
    second = FILE.with_name("bea.avatar")
    for file in (FILE, second):
        assert received(qtbot, requests, OpenRequest(file)) is Reply.SHOWN
    qtbot.waitUntil(lambda: session.asked("make_character") == [(FILE,)])
    session.may_finish.set()
    qtbot.waitUntil(lambda: session.asked("make_character") == [(FILE,), (second,)])
    qtbot.waitUntil(window.stage.avatar_drop_card.isHidden)


def test_wayland_activation_token_is_passed_to_qt(qtbot, requests, monkeypatch):
    monkeypatch.setenv(open_requests.ACTIVATION, "old")
    received(qtbot, requests, OpenRequest(activation="new"))
    assert open_requests.os.environ[open_requests.ACTIVATION] == "new"


def test_unresponsive_window_replies_late(requests, monkeypatch):
    monkeypatch.setattr(open_requests, "ANSWER_SECONDS", 0.05)
    assert requests.receive(OpenRequest()) is Reply.LATE  # this thread is Qt's


def test_closed_window_does_not_answer_requests(window_and_session, requests):
    window, session = window_and_session
    window.close()
    assert requests.receive(OpenRequest(FILE)) is None
    assert session.asked("make_character") == []
