"""Portrait probe, a program: runs a conversation with a hidden portrait and prints what was
shown.

Arguments: a JSON object of settings, and seconds. The portrait is the window's own, 720p, polled
and painted at the window's pace; measuring begins when the face has spoken for the first time.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any

import psutil
from PySide6.QtCore import QEvent, QObject

from avatar_app.bench.live_session import LiveSession, resident_mb
from avatar_app.bench.window.event_pump import EventPump
from avatar_app.core.values import VideoFrame
from avatar_app.settings.schema import Settings
from avatar_app.ui.app import prepared_application
from avatar_app.ui.portrait.glow import REACH
from avatar_app.ui.portrait.view import PortraitView
from avatar_app.ui.style.theme import Theme

WIDTH, HEIGHT = 1280, 720
MEMORY_EVERY = 1.0
"""Seconds."""
FIRST_WORDS = 60.0
"""Timeout in seconds before measuring begins."""


class FaceProbe(QObject):
    """Records the portrait's frames, and when they were painted."""

    def __init__(self, session: LiveSession) -> None:
        super().__init__()
        self._session = session
        self._given: VideoFrame | None = None
        self._painted: VideoFrame | None = None
        self.pictures = 0
        self.view = PortraitView(self._newest, lambda: 0.0, Theme())
        self.view.installEventFilter(self)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint and self._given is not self._painted:
            self._painted = self._given
            self.pictures += 1
            if self._given is not None and self._session.face.drew(self._given):
                conversation = self._session.conversation
                self._session.shown.painted(
                    conversation.playback.now(), self._given, conversation.presenter.fps
                )
        return False

    def _newest(self) -> VideoFrame | None:
        conversation = self._session.conversation
        self.view.show_state(conversation.state)
        self._given = conversation.frame()
        self._session.shown.looked(conversation.playback.now())
        return self._given


class Meter:
    """Processor time and memory of this process, and of the engines' own."""

    def __init__(self) -> None:
        self._began, self._cpu_began = time.perf_counter(), _cpu_seconds()
        self.memory: list[float] = []

    @property
    def seconds(self) -> float:
        return time.perf_counter() - self._began

    def look(self) -> None:
        if self.seconds >= len(self.memory) * MEMORY_EVERY:
            self.memory.append(resident_mb())

    def end(self) -> dict[str, Any]:
        seconds = self.seconds
        used = _cpu_seconds() - self._cpu_began
        return {
            "seconds": seconds,
            "cores_used": used / seconds,
            "memory": self.memory,
            "memory_with_children": resident_mb() + _children_mb(),
        }


class Watch:
    """A session, and its portrait."""

    def __init__(self, settings: Settings) -> None:
        self._application = prepared_application()
        self._events = EventPump()
        self._session = LiveSession(settings)
        self._eyes = FaceProbe(self._session)
        self._eyes.view.resize(WIDTH + 2 * REACH, HEIGHT + 2 * REACH)
        self._eyes.view.show()

    def run(self, seconds: float) -> dict[str, Any]:
        """Run the conversation; returns the measurements."""
        session = self._session
        session.start()
        self._wait_for_words()
        session.shown.reset_counts()
        session.face.reset_counts()
        self._eyes.pictures = 0
        meter = Meter()
        while meter.seconds < seconds:
            self._events.turn()
            meter.look()
        measured = meter.end() | self._figures()
        self._eyes.view.stop()
        session.close()
        return measured

    def _wait_for_words(self) -> None:
        began = time.perf_counter()
        while self._session.shown.seconds < 1 and time.perf_counter() - began < FIRST_WORDS:
            self._events.turn()

    def _figures(self) -> dict[str, Any]:
        session = self._session
        shown, counts = session.shown, session.counts
        fps = session.conversation.presenter.fps
        return {
            "spoken": shown.seconds,
            "due": shown.due(fps),
            "dropped": shown.dropped(fps),
            "late": shown.late,
            "off_ms": shown.off_ms,
            "painted": self._eyes.pictures,
            "composed_ms": session.face.composed_ms,
            "repeated": session.face.repeated,
            "face_mb": session.face_mb,
            "understood": counts.understood,
            "beside_seconds": counts.parallel_seconds,
            "beside_words": counts.parallel_words,
            "failed": counts.failed,
            "noticed": counts.noticed,
        }


def _cpu_seconds() -> float:
    processes = [psutil.Process(), *psutil.Process().children(recursive=True)]
    return sum(sum(process.cpu_times()[:2]) for process in processes)


def _children_mb() -> float:
    children = psutil.Process().children(recursive=True)
    return sum(child.memory_info().rss for child in children) / 1e6


def main() -> None:
    """Print the measurements as one line of JSON."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    settings = Settings.model_validate_json(sys.argv[1])
    sys.stdout.write(json.dumps(Watch(settings).run(float(sys.argv[2]))) + "\n")


if __name__ == "__main__":
    from avatar_app.system.process import prepare_process

    prepare_process()
    main()
