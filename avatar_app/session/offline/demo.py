"""Films without a microphone: a demonstration conversation, and a spoken text."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from avatar_app.core.errors import EngineFailed
from avatar_app.core.events import Failed, Noticed
from avatar_app.core.manifest import Kind
from avatar_app.core.turn import Turn
from avatar_app.core.values import BLOCK_SECONDS, MICROPHONE_RATE, Samples
from avatar_app.media.resample import Resampler
from avatar_app.media.video_writer import VideoWriter
from avatar_app.pipeline import commands
from avatar_app.runtime.engine_set import create_engine
from avatar_app.runtime.registry import Registry
from avatar_app.session.offline.conversation import offline_conversation
from avatar_app.session.offline.recordings import RecordingPlayer, ReportLine, play_recordings
from avatar_app.settings.schema import Settings
from avatar_app.system.paths import AppPaths

SCRIPT = (
    "Hello there.",
    "Who are you?",
    "What can you do?",
    "Thank you, goodbye.",
)
"""What the demonstration's user says into the simulated microphone."""
USER_VOICE = {"language": "en-us", "voice": "plain", "speed": 0.8}
TAIL = 0.6
"""Seconds of film after the last word."""


def film_demo(
    settings: Settings, paths: AppPaths, output: Path, progress: Callable[[str], None]
) -> dict[str, Any]:
    """Film a conversation of four exchanges, the user's part spoken by another voice; returns its
    report."""
    lines = [
        ReportLine(text, samples) for text, samples in zip(SCRIPT, _spoken(SCRIPT), strict=True)
    ]
    return play_recordings(settings, paths, lines, output, progress=progress)


def film_saying(
    settings: Settings, paths: AppPaths, text: str, output: Path, pace: float = BLOCK_SECONDS
) -> list[Noticed]:
    """Film the avatar saying `text`. Returns notices for the user; raises what kept it silent.

    `pace`: see `SimulatedDevices`.
    """
    notices: list[Noticed] = []
    with ExitStack() as stack:
        offline = stack.enter_context(offline_conversation(settings, paths, notices.append, pace))
        fps = offline.conversation.presenter.fps
        film = stack.enter_context(VideoWriter(output, fps, labeled=settings.render.label))
        player = RecordingPlayer(offline, film, lambda _source: None)
        offline.conversation.send(commands.Announce(text))
        player.run_until_silent(TAIL)
        for event in offline.notices:
            if isinstance(event, Failed):
                raise EngineFailed(event.message, event.hint)
            notices.append(event)
    return notices


def _spoken(texts: tuple[str, ...]) -> list[Samples]:
    """Synthesize the texts in the voice of the demonstration's user, 16 kHz."""
    registry = Registry()
    voice = create_engine(registry, registry.find(Kind.TTS, "espeak"), USER_VOICE)
    try:
        return [_speak(voice, text) for text in texts]
    finally:
        voice.close()


def _speak(voice: Any, text: str) -> Samples:
    chunks = [chunk.audio for chunk in voice.speak(text, Turn(0))]
    resampler = Resampler(chunks[0].rate, MICROPHONE_RATE)
    return resampler.process(np.concatenate([chunk.samples for chunk in chunks]), last=True)
