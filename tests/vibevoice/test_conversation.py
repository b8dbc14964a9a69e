"""VibeVoice in a process of its own, in a whole conversation, and for files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from vibevoice_parts import VOICES
from voice_checks import check_behind_its_process, check_latents, check_speakers

from avatar_app.core.events import Outcome, TurnEnded, WordsPlayed
from avatar_app.core.manifest import Kind
from avatar_app.pipeline import commands
from avatar_app.runtime.registry import Registry
from avatar_app.session.offline.conversation import OfflineConversation, offline_conversation
from avatar_app.settings.loading import load_settings
from avatar_app.settings.schema import EngineChoice
from avatar_app.speech.text_to_speech import TTSEngine
from avatar_app.system.paths import app_paths

pytestmark = pytest.mark.timeout(300)  # PyTorch is imported in each process
TEXT = "Hello there, my friend. It is good that you came."
LIGHT = {"face.options.width": 96, "face.options.height": 64, "face.options.fps": 10}
LONGEST = 60.0
"""Seconds of the room's time."""


def test_its_speakers(vibevoice: Path) -> None:
    manifest = Registry().find(Kind.TTS, "vibevoice")
    assert check_speakers(manifest, model=str(vibevoice), threads=1) == VOICES


def test_it_has_no_latents(vibevoice: Path) -> None:
    check_latents(Registry().find(Kind.TTS, "vibevoice"), model=str(vibevoice), threads=1)


def test_behind_its_process(vibevoice: Path) -> None:
    check_behind_its_process("vibevoice", model=str(vibevoice), threads=1)


def announced(offline: OfflineConversation, interrupted_after: str = "") -> TurnEnded:
    """TEXT as the avatar says it, until the turn has ended."""
    before, seen = len(offline.ended), len(offline.events)
    offline.conversation.send(commands.Announce(TEXT))
    for _ in offline.devices.pass_time(LONGEST):
        new = (event for _, event in offline.events[seen:])
        words = [event.text for event in new if isinstance(event, WordsPlayed)]
        if interrupted_after and words and interrupted_after in words[-1]:
            offline.conversation.send(commands.Interrupt())
        if len(offline.ended) > before:
            break
    return offline.ended[-1]


def test_a_conversation_speaks_and_is_interrupted(vibevoice: Path) -> None:
    chosen: dict[str, Any] = {"tts.engine": "vibevoice", "tts.options.model": str(vibevoice)}
    settings, _ = load_settings(overrides=LIGHT | chosen | {"tts.options.threads": 1})
    notices: list[Any] = []
    with offline_conversation(settings, app_paths(), notices.append, pace=20.0) as offline:
        whole = announced(offline)
        cut = announced(offline, interrupted_after="friend")
    assert notices == []
    assert whole.outcome is Outcome.FINISHED
    assert whole.heard_text == TEXT
    assert cut.outcome is Outcome.INTERRUPTED
    assert "came" not in cut.heard_text
    assert TEXT.startswith(cut.heard_text)


def test_files_of_any_voice(vibevoice: Path, tmp_path: Path) -> None:
    options = {"model": str(vibevoice), "threads": 1}
    with TTSEngine(EngineChoice(engine="vibevoice", options=options)) as tts:
        assert tts.list_speakers() == VOICES
        sounds = set()
        for name in VOICES:
            written = tts.synthesize(TEXT, tmp_path / f"{name}.wav", name)
            assert written.seconds > 0.5
            sounds.add(written.path.read_bytes())
    assert len(sounds) == len(VOICES)
    assert np.isfinite(len(sounds))
