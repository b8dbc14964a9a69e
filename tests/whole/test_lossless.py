"""What the pipeline recognizes is what its recognizer makes of the recording: nothing gets lost."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from avatar_app.core.events import UserSaid
from avatar_app.core.manifest import Kind
from avatar_app.core.turn import Turn
from avatar_app.core.values import MICROPHONE_RATE, AudioChunk, Samples, Transcript
from avatar_app.engines.asr.pocketsphinx.engine import PocketsphinxRecognizer
from avatar_app.media.sound_reader import read_sound
from avatar_app.session.offline.conversation import OfflineConversation
from avatar_app.settings.loading import load_settings
from avatar_app.system.paths import app_paths

DATA = Path(__file__).parents[1] / "data"
RECORDINGS = ("goforward.wav", "librivox-0870.wav", "librivox-0890.wav", "jfk.flac")
SPOKEN_DB = -22.0
"""Against the loudest, from which a block of a recording counts as voice."""


class Overhearing:
    """A recognizer that keeps what each of its utterances consisted of."""

    def __init__(self, recognizer: PocketsphinxRecognizer) -> None:
        self._recognizer = recognizer
        self.heard: list[list[AudioChunk]] = []

    def transcribe(self, audio: Iterator[AudioChunk], turn: Turn) -> Iterator[Transcript]:
        self.heard.append([])
        return self._recognizer.transcribe(self._kept(audio, self.heard[-1]), turn)

    def _kept(
        self, audio: Iterator[AudioChunk], recorded: list[AudioChunk]
    ) -> Iterator[AudioChunk]:
        for chunk in audio:
            recorded.append(chunk)
            yield chunk


def text_of(recognizer: PocketsphinxRecognizer, samples: Samples) -> str:
    """What the engine makes of the whole file."""
    blocks = (
        AudioChunk(samples[start : start + 160], MICROPHONE_RATE, start)
        for start in range(0, len(samples) - 159, 160)
    )
    return [*recognizer.transcribe(blocks, Turn(0))][-1].text


def voiced_blocks(samples: Samples) -> set[int]:
    """Numbers of the 10 ms blocks in which somebody is speaking."""
    blocks = samples[: len(samples) // 160 * 160].reshape(-1, 160)
    levels = 10 * np.log10((blocks**2).mean(axis=1) + 1e-12)
    return set(np.nonzero(levels > np.percentile(levels, 95) + SPOKEN_DB)[0])


@pytest.fixture(scope="module")
def recognizer() -> PocketsphinxRecognizer:
    return PocketsphinxRecognizer()


@pytest.fixture
def overheard(
    recognizer: PocketsphinxRecognizer,
) -> Iterator[tuple[OfflineConversation, Overhearing]]:
    settings, _ = load_settings(overrides={"audio.aec.engine": "none", "persona": "mira"})
    offline = OfflineConversation(settings, app_paths(), lambda _notice: None, pace=0.05)
    overhearing = Overhearing(recognizer)
    offline.conversation._user_turn.recognition.recognizer = overhearing  # type: ignore[assignment]
    yield offline, overhearing
    offline.close()


@pytest.mark.parametrize("name", RECORDINGS)
def test_every_voiced_sample_reaches_the_recognizer_and_gives_the_same_words(
    overheard: tuple[OfflineConversation, Overhearing],
    recognizer: PocketsphinxRecognizer,
    name: str,
) -> None:
    offline, overhearing = overheard
    assert offline.engine_set.manifests[Kind.AEC].name == "none"
    recording = read_sound(DATA / name).samples
    lead = np.zeros(8000, np.float32)
    sound = np.r_[lead, recording, np.zeros(64_000, np.float32)]
    for _ in offline.devices.pass_time(len(sound) / 16_000, sound):
        continue
    heard = [chunk for utterance in overhearing.heard for chunk in utterance]
    numbers = {chunk.start // 160 - 50 for chunk in heard}
    assert voiced_blocks(recording) <= numbers
    for chunk in heard:
        start = chunk.start - 8000
        if 0 <= start <= len(recording) - 160:
            assert np.array_equal(chunk.samples, recording[start : start + 160])
    said = " ".join(e.text for _, e in offline.events if isinstance(e, UserSaid)).split()
    parts = [np.concatenate([c.samples for c in utterance]) for utterance in overhearing.heard]
    assert said == " ".join(text_of(recognizer, part) for part in parts).split()
    if len(parts) == 1:  # without a long pause the utterance is the file
        whole = text_of(recognizer, recording).split()
        matching = difflib.SequenceMatcher(None, whole, said).get_matching_blocks()
        assert sum(block.size for block in matching) >= 0.95 * len(whole)
