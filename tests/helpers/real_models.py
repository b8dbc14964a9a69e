"""Conversations with real libraries on models that say what a test chose: settings and time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from avatar_app.core.events import Failed, Noticed, TurnEnded
from avatar_app.session.offline.conversation import OfflineConversation, offline_conversation
from avatar_app.session.offline.recordings import RecordingPlayer, ReportLine
from avatar_app.settings.loading import load_settings
from avatar_app.system.paths import app_paths

SAID = "please tell me something nice"
"""What the Whisper model understands in any speech."""
ANSWER = "Gladly. The sun rises over quiet hills."
"""What the language model answers to anything."""
CONTEXT = 16_384
"""Letters are tokens of these models, and the tools' descriptions have thousands."""
PATIENT = 20.0
"""Real seconds that a block of the room's time may take: a slow machine changes nothing."""
LIGHT = {
    "face.options.width": 96,
    "face.options.height": 64,
    "face.options.fps": 10,
    "waiting.fillers": False,  # a slow machine would say them
}


def listening(whisper: Path) -> dict[str, Any]:
    """The settings by which a Whisper model listens."""
    return {
        "asr.engine": "whisper",
        "asr.options.model": str(whisper),
        "asr.options.compute": "float32",
        "asr.options.threads": 1,
        "asr.options.language": "en",
    }


def answering(llama: Path) -> dict[str, Any]:
    """The settings by which a GGUF model answers, beside a light face."""
    return LIGHT | {
        "dialogue.engine": "llama",
        "dialogue.options.model": str(llama),
        "dialogue.options.threads": 1,
        "dialogue.options.context": CONTEXT,
        "dialogue.options.repeat_penalty": 1.0,
        "dialogue.options.tools": "all",
    }


@contextmanager
def talking(
    overrides: dict[str, Any], pace: float = PATIENT, **surroundings: Any
) -> Iterator[OfflineConversation]:
    """A conversation in a room whose time waits for the engines, `pace` at most. Who is listened to
    must pass time as it does live: a recognizer in another process is at work until all is said."""
    settings, _ = load_settings(overrides=overrides)
    notices: list[Noticed] = []
    with offline_conversation(
        settings, app_paths(), notices.append, pace=pace, **surroundings
    ) as offline:
        yield offline
        assert notices == []
        assert not [event for _, event in offline.events if isinstance(event, Failed)]


def talk(
    offline: OfflineConversation, *lines: ReportLine, barge_in_at: float | None = None
) -> list[TurnEnded]:
    """Say the lines; the turns that ended."""
    RecordingPlayer(offline, None, lambda _line: None).run(list(lines), barge_in_at)
    return offline.ended
