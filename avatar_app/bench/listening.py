"""Listening: how soon the face shows that the user begins, pauses and laughs, and what it says.

The conversation hears a real voice detector; its face is drawn, and is asked for as many pictures
as a window asks for. A reaction is seen in the first picture that was drawn for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
import psutil

from avatar_app.bench.laughs import laugh
from avatar_app.bench.result import Report
from avatar_app.bench.scene import Scene, load_chosen, turn_detection_options
from avatar_app.bench.scripted.engines import (
    FlatFace,
    FlatVoice,
    ScriptedDialogue,
    ScriptedRecognizer,
)
from avatar_app.core.events import TurnEnded, UserSaid
from avatar_app.core.manifest import Kind
from avatar_app.core.values import MICROPHONE_RATE, FaceState, Samples, VideoFrame
from avatar_app.pipeline.conversation import Engines
from avatar_app.pipeline.input.turn_detection import TurnDetectionOptions
from avatar_app.session.offline.simulated_user import (
    ROOM_DB,
    Saying,
    at_level,
    pauses_in,
    recordings,
    silence,
    trim_silence,
    voiced_span,
)
from avatar_app.settings.schema import Settings
from avatar_app.system.paths import AppPaths

WITHIN = 200.0
"""Milliseconds within which a reaction is to be seen."""
PAUSE = TurnDetectionOptions().preemptive_generation_delay
"""Seconds of silence that make a pause: shorter ones are closures of consonants and breath."""
LOOKS_PER_SECOND = 62.5
STORY = "yesterday I met a friend and"
LONG = 0.3
"""Seconds of a pause that a story does without."""
MOST = 2.0
"""Seconds for which a reaction is awaited."""


@dataclass
class ListeningFace(FlatFace):
    """Notes when a picture of each look was first drawn, in seconds of the scene."""

    now: Callable[[], float] = lambda: 0.0
    seen: list[tuple[float, FaceState]] = field(default_factory=list)

    def rest(self, look: FaceState, after: VideoFrame | None = None) -> VideoFrame:
        if not self.seen or self.seen[-1][1] is not look:
            self.seen.append((self.now(), look))
        return super().rest(look, after)

    def first(self, look: FaceState, since: float) -> float | None:
        """Seconds from `since` to a look, 0 where it is seen by then; None if it never is."""
        ends = [at for at, _ in self.seen[1:]] + [np.inf]
        for (at, seen), end in zip(self.seen, ends, strict=True):
            if seen is look and end > since and at <= since + MOST:
                return max(0.0, at - since)
        return None


def measure(settings: Settings, paths: AppPaths, *, quick: bool) -> Report:
    del paths  # nothing is stored
    report, rng = Report(), np.random.default_rng(31)
    voices = recordings()[: 2 if quick else None]
    onsets, pauses, laughs = [], [], []
    for recording in voices:
        onset, pause = _reactions(settings, trim_silence(at_level(recording.samples)))
        onsets.append(onset)
        pauses.append(pause)
    for rate in (4.5,) if quick else (4.0, 4.5, 5.0, 5.5):
        laughs.append(_laughed(settings, laugh(rng, rate), rate))
    for name, delays in (("onset", onsets), ("pause", pauses), ("laughter", laughs)):
        seen = [1000 * delay for delay in delays if delay is not None]
        report.add(f"{name}_reactions", 100 * len(seen) / max(len(delays), 1), "%", least=100)
        report.add_percentiles(name, seen, "ms", p50=WITHIN, max=WITHIN)
    _acknowledge(report, settings, voices)
    report.add("load", psutil.getloadavg()[0], "processes")
    return report


@contextmanager
def _listening(
    settings: Settings, text: str, acknowledgment: str = ""
) -> Iterator[tuple[Scene, ListeningFace]]:
    detector, canceller = load_chosen(settings, Kind.VAD), load_chosen(settings, Kind.AEC)
    face, recognizer = ListeningFace(), ScriptedRecognizer(text)
    engines = Engines(canceller, detector, recognizer, ScriptedDialogue(), FlatVoice(), face)
    options = turn_detection_options(settings)
    with Scene(engines, options, acknowledgment=acknowledgment, fps=LOOKS_PER_SECOND) as scene:
        face.now = scene.clock
        scene.noise = float(10 ** (ROOM_DB / 20))
        with scene.owned(detector, canceller):
            scene.pass_time(1.0)
            yield scene, face


def _reactions(settings: Settings, voice: Samples) -> tuple[float | None, float | None]:
    """Seconds from the first voice, and from the moment at which a silence is a pause."""
    begins, ends = voiced_span(voice)
    with _listening(settings, STORY) as (scene, face):
        began = scene.play(voice)
        scene.pass_time(1.0)
        pause = face.first(FaceState.NODDING, began + ends)
        return (
            face.first(FaceState.LISTENING, began + begins),
            None if pause is None else max(0.0, pause - PAUSE),
        )


def _laughed(settings: Settings, voice: Samples, rate: float) -> float | None:
    """Seconds from the end of the fourth burst, which makes a laugh of what came before."""
    with _listening(settings, "") as (scene, face):
        began = scene.play(voice)
        scene.pass_time(1.0)
        return face.first(FaceState.AMUSED, began + 3 / rate)


def _acknowledge(report: Report, settings: Settings, voices: list[Saying]) -> None:
    """A story with pauses: what is said in one of them, and that it is no turn."""
    steady = [trim_silence(at_level(each.samples)) for each in voices]
    steady = [each for each in steady if not pauses_in(each, LONG)] or steady
    story = np.concatenate(steady)
    story = np.resize(story, 6 * MICROPHONE_RATE)
    with _listening(settings, STORY, "uh-huh") as (scene, _):
        since = len(scene.moments)
        scene.play(story)
        scene.pass_time(0.6)
        heard = sum(bool(np.abs(moment.played).max() > 0) for moment in scene.moments[since:])
        turns = len(scene.of(UserSaid))
        scene.play(np.concatenate([story[: 2 * MICROPHONE_RATE], silence(2.0)]))
        scene.pass_until(lambda: bool(scene.of(TurnEnded)), 20.0)
        report.add("acknowledged_for", heard * 10.0, "ms", least=100.0)
        report.add("turns_in_the_pause", turns, "", most=0)
        report.add("turns_of_the_story", len(scene.of(UserSaid)), "", most=1, least=1)
