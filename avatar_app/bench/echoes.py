"""Echo: the microphone hears the loudspeaker, and the avatar must not mistake itself for
the user."""

from __future__ import annotations

import numpy as np

from avatar_app.bench.result import Report
from avatar_app.bench.scene import Scene
from avatar_app.bench.telling import STORY, telling
from avatar_app.core.events import Outcome, UserSaid, UserStarted
from avatar_app.core.values import MICROPHONE_BLOCK, MICROPHONE_RATE, PLAYBACK_RATE, Samples
from avatar_app.pipeline import commands
from avatar_app.settings.schema import Settings

DELAYS = (0.06, 0.1, 0.15, 0.2, 0.25, 0.3)
"""Seconds from the loudspeaker to the microphone, device buffers included."""
ECHO_DB = -6.0
RATIO = PLAYBACK_RATE // MICROPHONE_RATE
REFLECTIONS = ((0.0, 1.0), (0.007, 0.35), (0.019, -0.22), (0.041, 0.12))
"""Seconds and gains of a small room."""
AUDIBLE = 1e-3


class EchoPath:
    """An echo path: delay, attenuation and the reflections of a room."""

    def __init__(self, delay: float, decibels: float = ECHO_DB) -> None:
        self._gain = 10 ** (decibels / 20)
        self._late = [(round((delay + late) * MICROPHONE_RATE), g) for late, g in REFLECTIONS]
        longest = max(late for late, _ in self._late)
        self._line = np.zeros(longest + MICROPHONE_BLOCK, np.float32)

    def __call__(self, played: Samples) -> Samples:
        """Return the echo in the microphone for the next 10 ms."""
        newest = played.reshape(-1, RATIO).mean(axis=1)  # a low-pass good enough for voice
        self._line = np.concatenate([self._line[MICROPHONE_BLOCK:], newest])
        heard = np.zeros(MICROPHONE_BLOCK, np.float32)
        for late, gain in self._late:
            start = len(self._line) - MICROPHONE_BLOCK - late
            heard += self._gain * gain * self._line[start : start + MICROPHONE_BLOCK]
        return heard


def measure_echoes(report: Report, settings: Settings, minutes: float) -> None:
    """Let the avatar speak while nobody else does; any other event is an error."""
    each = minutes * 60 / len(DELAYS)
    spoken, paused, interrupted, echoed = 0.0, 0, 0, 0
    for delay in DELAYS:
        with telling(settings, STORY, EchoPath(delay)) as (scene, _):
            while _spoken_seconds(scene) < each:
                scene.conversation.send(commands.Announce(STORY))
                if not _tell(scene):
                    break
            spoken += _spoken_seconds(scene)
            interrupted += sum(turn.outcome is Outcome.INTERRUPTED for turn in scene.ended)
            echoed += len(scene.of(UserSaid))
            paused += len(scene.of(UserStarted))
    report.add("echo_minutes", spoken / 60, "min", least=0.9 * minutes)
    report.add("echo_pauses", paused, "")
    report.add("self_interruptions", interrupted, "", most=0)
    report.add("echoed_turns", echoed, "", most=0)


def _tell(scene: Scene) -> bool:
    """Run until the story is over; returns False if it never ends."""
    before = len(scene.ended)
    return scene.pass_until(lambda: len(scene.ended) > before, 60.0)


def _spoken_seconds(scene: Scene) -> float:
    """Return how long the loudspeaker played so far."""
    return 0.01 * sum(float(np.abs(moment.played).max()) > AUDIBLE for moment in scene.moments)
