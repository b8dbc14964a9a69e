"""Voices in a whole conversation: in a process, through playback; cloned ones only with consent."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from coqui_parts import SPEAKERS, XTTS_SPEAKERS

from avatar_app.bench.scripted.kokoro import write_kokoro
from avatar_app.core.errors import InputInvalid
from avatar_app.core.events import Outcome, TurnEnded, WordsPlayed
from avatar_app.core.manifest import Kind
from avatar_app.core.values import AudioChunk, Samples
from avatar_app.media.sound_reader import write_sound
from avatar_app.pipeline import commands
from avatar_app.runtime.engine_set import create_engine
from avatar_app.runtime.registry import Registry
from avatar_app.session.offline.conversation import OfflineConversation, offline_conversation
from avatar_app.settings.loading import load_settings
from avatar_app.settings.schema import EngineChoice
from avatar_app.speech.text_to_speech import TTSEngine
from avatar_app.system.paths import app_paths
from avatar_app.voices.library import CONSENT, MANIFEST, REFERENCE, VoiceLibrary, open_voice

pytestmark = pytest.mark.timeout(300)  # PyTorch is imported in each process
TEXT = "Hello there, my friend. It is good that you came."
LIGHT = {"face.options.width": 96, "face.options.height": 64, "face.options.fps": 10}
LONGEST = 60.0
"""Seconds of the room's time."""


def settings_of(engine: str, model: Path, **options: Any) -> dict[str, Any]:
    chosen = {"model": str(model), "threads": 1, **options}
    return LIGHT | {"tts.engine": engine} | {f"tts.options.{k}": v for k, v in chosen.items()}


@pytest.fixture(params=["vits", "xtts", "kokoro"])
def speaking(request: pytest.FixtureRequest, tmp_path: Path) -> dict[str, Any]:
    """The settings by which a voice speaks."""
    if request.param == "kokoro":
        return settings_of("kokoro", write_kokoro(tmp_path / "kokoro"))
    return settings_of("coqui", request.getfixturevalue(request.param))


@dataclass(slots=True)
class Heard:
    """What came of one announcement."""

    turn: TurnEnded
    played: Samples
    words: list[str]
    """What had been heard, each time it was told."""


def announced(offline: OfflineConversation, interrupted_after: str = "") -> Heard:
    """TEXT as the avatar says it, until the turn has ended and the loudspeaker is empty."""
    before, seen, played = len(offline.ended), len(offline.events), []
    words: list[str] = []
    offline.conversation.send(commands.Announce(TEXT))
    for moment in offline.devices.pass_time(LONGEST):
        played.append(moment.played)
        new = (event for _, event in offline.events[seen:])
        words = [event.text for event in new if isinstance(event, WordsPlayed)]
        if interrupted_after and words and interrupted_after in words[-1]:
            offline.conversation.send(commands.Interrupt())
        if len(offline.ended) > before:
            break
    played += [moment.played for moment in offline.devices.pass_time(0.2)]
    return Heard(offline.ended[-1], np.concatenate(played), words)


def loud_seconds(samples: Samples) -> float:
    blocks = samples.reshape(-1, 480)
    return float((np.abs(blocks).max(axis=1) > 0.005).mean() * len(samples) / 48_000)


def test_playback_follows_words_and_stops_at_an_interruption(
    speaking: dict[str, Any],
) -> None:
    settings, _ = load_settings(overrides=speaking)
    notices: list[Any] = []
    with offline_conversation(settings, app_paths(), notices.append, pace=20.0) as offline:
        whole = announced(offline)
        cut = announced(offline, interrupted_after="friend")
    assert notices == []
    assert whole.turn.outcome is Outcome.FINISHED
    assert whole.turn.heard_text == TEXT
    assert loud_seconds(whole.played) > 0.5
    assert len(whole.words) >= 4  # it is told as it goes
    assert whole.turn.pictures.shown > 3
    assert cut.turn.outcome is Outcome.INTERRUPTED
    assert TEXT.startswith(cut.turn.heard_text)
    assert "came" not in cut.turn.heard_text
    assert not cut.played[-4800:].any()


def test_speech_files_can_use_any_speaker(vits: Path, tmp_path: Path) -> None:
    options = {"model": str(vits), "threads": 1}
    with TTSEngine(EngineChoice(engine="coqui", options=options)) as tts:
        assert tts.list_speakers() == SPEAKERS
        seconds = {
            name: tts.synthesize(TEXT, tmp_path / f"{name}.mp3", name, sample_rate=48_000).seconds
            for name in SPEAKERS
        }
        slow = tts.synthesize(TEXT, tmp_path / "slow.ogg", "p225", speed=0.5)
    assert min(seconds.values()) > 1
    assert slow.seconds > 1.5 * seconds["p225"]
    contents = {(tmp_path / f"{name}.mp3").read_bytes() for name in SPEAKERS}
    assert len(contents) == len(SPEAKERS)


@pytest.fixture
def ada() -> Path:
    """The folder of a cloned voice as consent leaves it."""
    library = VoiceLibrary.of(app_paths())
    seconds = np.arange(3 * 24_000) / 24_000
    tone = np.float32(0.2) * np.sin(2 * np.pi * 150 * seconds * (1 + 0.1 * np.sin(6 * seconds)))
    with library.new("ada") as folder:
        write_sound(folder / REFERENCE, AudioChunk(tone.astype(np.float32), 24_000))
        seen = {"name": "ada", "created": "2026-01-01T00:00:00+00:00", "seconds": 3.0}
        (folder / MANIFEST).write_text(json.dumps(seen))
        library.sign(folder, {"id": "0" * 32, "name": "ada"})
    return library.folder("ada")


def test_latents_of_a_cloned_voice_are_cached_and_signed(
    xtts: Path, ada: Path, tmp_path: Path
) -> None:
    options = {"model": str(xtts), "threads": 1, "voice": "ada"}

    def said(tts: TTSEngine, speaker: str | None = None) -> bytes:
        return tts.synthesize("Hello.", tmp_path / "a.wav", speaker).path.read_bytes()

    with TTSEngine(EngineChoice(engine="coqui", options=options)) as tts:
        mine, other = said(tts), said(tts, XTTS_SPEAKERS[0])
        assert said(tts) == said(tts, "ada") == mine != other
    latents = open_voice(ada, app_paths()).latents
    assert latents is not None
    written = latents.stat().st_mtime_ns
    with TTSEngine(EngineChoice(engine="coqui", options=options)) as tts:
        assert said(tts) == mine
    assert open_voice(ada, app_paths()).latents == latents
    assert latents.stat().st_mtime_ns == written


@pytest.mark.parametrize("damage", ["no consent", "another recording", "other latents"])
def test_cloned_voice_without_consent_does_not_load(xtts: Path, ada: Path, damage: str) -> None:
    match damage:
        case "no consent":
            (ada / CONSENT).unlink()
        case "another recording":
            write_sound(ada / REFERENCE, AudioChunk(np.zeros(72_000, np.float32), 24_000))
        case "other latents":
            (ada / "latents.safetensors").write_bytes(b"of somebody else")
    manifest = Registry().find(Kind.TTS, "coqui")
    for voice in ("ada", str(ada)):
        with pytest.raises(InputInvalid, match="consent"):
            create_engine(Registry(), manifest, {"model": str(xtts), "voice": voice})
