"""Crossing threads: order, fairness, levels that are not queued, and jobs that come back."""

from __future__ import annotations

import itertools
import threading

import pytest
from PySide6.QtCore import QThread

from avatar_app.core.errors import DeviceUnavailable
from avatar_app.core.events import AudioLevels, Noticed
from avatar_app.ui.qt import bridge as bridge_module
from avatar_app.ui.qt.bridge import Bridge
from avatar_app.ui.qt.work import Work


def in_thread(act) -> None:
    thread = threading.Thread(target=act)
    thread.start()
    thread.join()


@pytest.fixture
def errors():
    return []


@pytest.fixture
def work(qapp, errors):
    bridge = Bridge(errors.append)
    work = Work(bridge, errors.append)
    yield work
    bridge.close()
    work.close()


def test_events_are_delivered_in_order_in_the_qt_thread(qtbot, qapp):
    received = []
    bridge = Bridge(lambda event: received.append((event.message, QThread.currentThread())))
    in_thread(lambda: [bridge.post(Noticed(str(n))) for n in range(3000)])
    assert received == []
    qtbot.waitUntil(lambda: len(received) == 3000)
    assert [message for message, _ in received] == [str(n) for n in range(3000)]
    assert {thread for _, thread in received} == {qapp.thread()}


def test_many_events_are_delivered_in_time_slices(qtbot, qapp, monkeypatch):
    now = itertools.count()
    received = []
    bridge = Bridge(received.append)
    for number in range(100):
        bridge.post(Noticed(str(number)))
    with monkeypatch.context() as patched:
        patched.setattr(bridge_module.time, "perf_counter", lambda: next(now) / 1000)
        bridge._deliver()
    assert 3 <= len(received) <= 6
    qtbot.waitUntil(lambda: len(received) == 100)


def test_only_the_newest_audio_level_is_delivered(qtbot, qapp):
    received = []
    bridge = Bridge(received.append)
    in_thread(lambda: [bridge.post(AudioLevels(-float(n), 0.0, 0.0)) for n in range(1000)])
    qtbot.waitUntil(lambda: bool(received))
    qapp.processEvents()
    assert received == [AudioLevels(-999.0, 0.0, 0.0)]


def test_exception_in_receiver_loses_only_that_event(qtbot, qapp):
    received = []

    def receive(event):
        if event.message == "bad":
            raise ZeroDivisionError
        received.append(event.message)

    bridge = Bridge(receive)
    with qtbot.captureExceptions() as raised:
        for message in ("a", "bad", "b"):
            bridge.post(Noticed(message))
        qtbot.waitUntil(lambda: received == ["a", "b"])
    assert [kind for kind, _, _ in raised] == [ZeroDivisionError]


def test_closed_bridge_delivers_no_events(qapp):
    received = []
    bridge = Bridge(received.append)
    bridge.post(Noticed("waiting"))
    bridge.close()
    in_thread(lambda: bridge.post(Noticed("late")))
    qapp.processEvents()
    assert received == []


def test_job_runs_in_another_thread_and_its_result_returns_to_the_qt_thread(qtbot, work):
    results = []
    work.run(threading.get_ident).then(lambda ident: results.append((ident, threading.get_ident())))
    qtbot.waitUntil(lambda: bool(results))
    ran, shown = results[0]
    assert ran != shown == threading.get_ident()


def test_avatar_error_in_job_calls_failed_callback(qtbot, work, errors):
    error = DeviceUnavailable("No microphone.", "Plug one in.")

    def job():
        raise error

    work.run(job)
    qtbot.waitUntil(lambda: errors == [error])
    heard = []
    work.run(job).failed(heard.append)
    qtbot.waitUntil(lambda: heard == [error])
    assert errors == [error]


def test_unexpected_error_in_job_keeps_its_traceback(qtbot, work, errors):
    with qtbot.captureExceptions() as raised:
        work.run(lambda: 1 // 0).then(errors.append)
        qtbot.waitUntil(lambda: bool(raised))
    assert raised[0][0] is ZeroDivisionError
    assert errors == []


def test_jobs_run_in_submission_order(qtbot, work):
    done = []
    for number in range(20):
        work.run(lambda number=number: number).then(done.append)
    qtbot.waitUntil(lambda: len(done) == 20)
    assert done == list(range(20))
