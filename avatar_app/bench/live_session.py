"""A real-time conversation without devices: recordings as the user, a clock as the sound card.

Everything is as in the running program except for three things: the user is played from recordings,
the dialogue engine always answers with a story, and a second recognizer listens to recordings all
the time, so that recognition is busy while the face speaks.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import psutil

from avatar_app.audio.clock import MonotonicClock, beats
from avatar_app.audio.null_devices import NullDevice, SilentSpeaker
from avatar_app.bench.scene import load_chosen, turn_detection_options
from avatar_app.bench.scripted.engines import ScriptedDialogue
from avatar_app.bench.telling import STORY
from avatar_app.bench.watching import Shown, WatchedFace
from avatar_app.core.errors import InputInvalid
from avatar_app.core.events import Event, Failed, Noticed, State, TurnEnded, UserSaid
from avatar_app.core.manifest import Kind
from avatar_app.core.turn import Turn
from avatar_app.core.values import (
    BLOCK_SECONDS,
    MICROPHONE_BLOCK,
    MICROPHONE_RATE,
    AudioChunk,
    Samples,
    ToolResult,
)
from avatar_app.engines.hosting.host import Host
from avatar_app.pipeline.conversation import Conversation, Engines
from avatar_app.session.offline.devices import block_of
from avatar_app.session.offline.simulated_user import in_room, recordings, room_noise
from avatar_app.settings.schema import Settings

LONGEST_QUESTION = 6.0
"""Seconds: longer recordings are not used."""
PAUSE = 60
"""Blocks of silence after an answer, before the user speaks again."""
UNANSWERED = 500
"""Blocks after which the user stops waiting for an answer."""


@dataclass(slots=True)
class SessionCounts:
    """Counters for the report."""

    asked: int = 0
    understood: int = 0
    """Turns of the user in which words were recognized."""
    answered: int = 0
    failed: list[str] = field(default_factory=list)
    noticed: list[str] = field(default_factory=list)
    """Notices to the user, for example that a face was replaced."""
    parallel_seconds: float = 0.0
    """Seconds of speech that the second recognizer heard."""
    parallel_words: int = 0


class RecordedUser(NullDevice):
    """A microphone that plays a recording, then room noise until the answer is over, and so on."""

    def __init__(self, conversation: Conversation, counts: SessionCounts) -> None:
        super().__init__()
        found = [each for each in recordings() if _seconds(each.samples) <= LONGEST_QUESTION]
        if not found:
            raise InputInvalid(
                "The recordings for this bench are missing.",
                "They are in the program's source, under tests.",
            )
        rng = np.random.default_rng(3)
        self._questions = [in_room(each.samples, rng) for each in found]
        self._noise = room_noise(1.0, rng)
        self._conversation, self._counts = conversation, counts
        self._playing: Samples | None = None
        self._begun = self._quiet = self._blocks = 0

    def beat(self, at: float, blocks: int) -> None:
        start = self._blocks * MICROPHONE_BLOCK
        self._conversation.hear(AudioChunk(self._next(), MICROPHONE_RATE, start), at)
        self._blocks += blocks

    def _next(self) -> Samples:
        block = block_of(self._playing, self._blocks - self._begun)
        if block is not None:
            return block
        self._playing = None
        idle = self._conversation.state is State.IDLE
        self._quiet = self._quiet + 1 if idle else 0
        if self._quiet > (PAUSE if self._counts.answered >= self._counts.asked else UNANSWERED):
            self._playing = self._questions[self._counts.asked % len(self._questions)]
            self._counts.asked, self._counts.answered = self._counts.asked + 1, self._counts.asked
            self._begun, self._quiet = self._blocks + 1, 0
        noise = block_of(self._noise, self._blocks % 100)
        assert noise is not None
        return noise


class ParallelRecognition:
    """A second recognizer that hears recordings in real time, from `start` to `close`."""

    def __init__(self, settings: Settings, counts: SessionCounts) -> None:
        self._recognizer = load_chosen(settings, Kind.ASR)
        self._counts = counts
        self._turn = Turn(0)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="beside", daemon=True)

    def start(self) -> None:
        if isinstance(self._recognizer, Host):
            self._recognizer.wait_ready()
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join()
        self._recognizer.close()

    def _run(self) -> None:
        while not self._stop.is_set():
            for each in recordings():
                text = ""
                for transcript in self._recognizer.transcribe(self._live(each.samples), self._turn):
                    text = transcript.text
                self._counts.parallel_words += len(text.split())

    def _live(self, samples: Samples) -> Iterator[AudioChunk]:
        for index, _ in enumerate(beats(MonotonicClock(), BLOCK_SECONDS, self._stop)):
            block = block_of(samples, index)
            if block is None:
                return
            self._counts.parallel_seconds += BLOCK_SECONDS
            yield AudioChunk(block, MICROPHONE_RATE, index * MICROPHONE_BLOCK)


class LiveSession:
    """Opened on creation; `start` lets time pass, `close` ends it."""

    def __init__(self, settings: Settings) -> None:
        self.counts, self.shown = SessionCounts(), Shown()
        with ExitStack() as opened:
            made = {kind: self._made(settings, kind, opened) for kind in _REAL}
            before = resident_mb()
            self.face = WatchedFace(load_chosen(settings, Kind.FACE))
            opened.callback(self.face.close)
            self.face_mb = resident_mb() - before
            self.conversation = Conversation(
                Engines(
                    made[Kind.AEC],
                    made[Kind.VAD],
                    made[Kind.ASR],
                    ScriptedDialogue(STORY),
                    made[Kind.TTS],
                    self.face,
                    turn=made[Kind.TURN],
                ),
                self._take,
                lambda call: ToolResult(error=f"Unknown tool {call.name!r}."),
                time.monotonic,
                turn_detection=turn_detection_options(settings),
            )
            opened.callback(self.conversation.close)
            for part in self._parts(settings):
                opened.callback(part.close)
            self._opened = opened.pop_all()

    def start(self) -> None:
        for part in self._running:
            part.start()

    def close(self) -> None:
        self._opened.close()

    def _parts(self, settings: Settings) -> list[Any]:
        self._running: list[Any] = [
            ParallelRecognition(settings, self.counts),
            SilentSpeaker(self.conversation.playback.read),
            RecordedUser(self.conversation, self.counts),
        ]
        return self._running

    def _made(self, settings: Settings, kind: Kind, opened: ExitStack) -> Any:
        engine = load_chosen(settings, kind)
        opened.callback(engine.close)
        if isinstance(engine, Host):
            engine.wait_ready()
        return engine

    def _take(self, event: Event) -> None:
        match event:
            case UserSaid():
                self.counts.understood += 1
            case TurnEnded():
                self.counts.answered = self.counts.asked
            case Failed():
                self.counts.failed.append(f"{event.stage}: {event.message}")
            case Noticed():
                self.counts.noticed.append(event.message)


_REAL = (Kind.AEC, Kind.VAD, Kind.TURN, Kind.ASR, Kind.TTS)


def resident_mb() -> float:
    """Return the resident memory of this process."""
    return float(psutil.Process().memory_info().rss) / 1e6


def _seconds(samples: Samples) -> float:
    return len(samples) / MICROPHONE_RATE
