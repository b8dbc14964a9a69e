"""The step “sound”: a script becomes speech, with the times of words and visemes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from avatar_app.core.engines import HasBlends
from avatar_app.core.errors import ConfigInvalid, EngineFailed, InputInvalid
from avatar_app.core.jobs import Job
from avatar_app.core.manifest import Kind, Manifest
from avatar_app.core.turn import Turn, TurnCancelled
from avatar_app.core.values import (
    PLAYBACK_RATE,
    AudioChunk,
    Mood,
    MouthShape,
    Samples,
    SpeechChunk,
    Viseme,
    Word,
)
from avatar_app.media.resample import Resampler
from avatar_app.media.subtitles import Subtitle
from avatar_app.pipeline.output.moods import with_moods
from avatar_app.render.sound import Take
from avatar_app.settings.schema import EngineChoice
from avatar_app.speech.text_to_speech import check_text, options_for
from avatar_app.studio.emotions import COMPANIONS, DELIVERIES, character, deliver
from avatar_app.studio.engine_cache import StudioEngines
from avatar_app.studio.recipe import AudioTrack

CHARACTERS_PER_SECOND = 14.0
"""Of English at usual speed, until the speech is there."""
_SOUND, _TIMES = "speech.npy", "speech.json"
_LONGEST_LINE = 80
"""Characters of a subtitle."""


def voice_choice(track: AudioTrack, usual: EngineChoice, engines: StudioEngines) -> EngineChoice:
    """Return the voice engine and its options for a track; raises ConfigInvalid for what the engine
    cannot do."""
    engine = track.engine or usual.engine
    manifest = engines.manifest(Kind.TTS, engine)
    options = dict(usual.options) if engine == usual.engine else {}
    known = {option.name for option in manifest.options}
    if track.character:
        preset = character(track.character)
        if engine in preset.voices:
            options["voice"] = preset.voices[engine]
        options |= {name: value for name, value in preset.manner.items() if name in known}
    speed = track.speed if track.speed != 1 else None
    options |= options_for(manifest, track.voice or None, track.language or None, speed)
    if "seed" in known:
        options["seed"] = track.seed
    blends = _blends(manifest, engines)
    return EngineChoice(engine=engine, options=deliver(manifest, options, track.emotion, blends))


def _blends(manifest: Manifest, engines: StudioEngines) -> HasBlends | None:
    if manifest.name not in COMPANIONS or engines.registry.missing_packages(manifest):
        return None
    engine: Any = engines.registry.load_class(manifest)
    return engine if isinstance(engine, HasBlends) else None


def make_speech(
    track: AudioTrack, choice: EngineChoice, engines: StudioEngines, folder: Path, job: Job[Any]
) -> None:
    """Write the speech of a script into `folder`.

    Raises InputInvalid for a script without anything to say, EngineFailed where nothing is heard.
    """
    manifest = engines.manifest(Kind.TTS, choice.engine)
    check_text(track.script, manifest.emotions)
    turn = Turn(1)
    job.when_cancelled(turn.cancel)
    chunks, said = [], 0
    with engines.use(Kind.TTS, choice) as voice:
        try:
            for chunk in with_moods(voice.speak(track.script, turn), track.script):
                chunks.append(chunk)
                said += len(chunk.text)
                job.report(min(said / len(track.script), 0.99), "Speaking")
        except TurnCancelled:
            job.check()
            raise
    if not sum(len(chunk.audio.samples) for chunk in chunks):
        raise EngineFailed("The voice produced no sound.", "Enter words, or choose another voice.")
    _store(chunks, DELIVERIES[track.emotion].mood, folder)


def _store(chunks: list[SpeechChunk], mood: Mood, folder: Path) -> None:
    samples = np.concatenate([chunk.audio.samples for chunk in chunks]).astype(np.float32)
    np.save(folder / _SOUND, samples, allow_pickle=False)
    document = {"rate": chunks[0].audio.rate, "chunks": [_entry(chunk, mood) for chunk in chunks]}
    (folder / _TIMES).write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")


def _entry(chunk: SpeechChunk, mood: Mood) -> dict[str, Any]:
    return {
        "samples": len(chunk.audio.samples),
        "text": chunk.text,
        "words": [[word.text, word.start, word.end] for word in chunk.words],
        "visemes": [[str(viseme.shape), viseme.at] for viseme in chunk.visemes],
        "mood": str(chunk.mood if mood is Mood.NEUTRAL else mood),
    }


class StoredSpeech:
    """Speech that was made before: a `render.sound.Sound`. Raises InputInvalid where it is
    damaged."""

    stereo = False

    def __init__(self, folder: Path) -> None:
        try:
            document = json.loads((folder / _TIMES).read_text(encoding="utf-8"))
            self.samples: Samples = np.load(folder / _SOUND, allow_pickle=False)
            self.rate = int(document["rate"])
            self.chunks = tuple(self._read(document["chunks"]))
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputInvalid(
                f"The speech in {folder} is damaged.", "Delete the folder; it is made again."
            ) from error
        self.seconds = len(self.samples) / self.rate
        self.subtitles = tuple(_subtitles(self.chunks))

    def takes(self) -> Iterator[Take]:
        """Yield all of it, as `render.sound.Sound` promises."""
        resampler = Resampler(self.rate, PLAYBACK_RATE)
        for index, chunk in enumerate(self.chunks, 1):
            last = index == len(self.chunks)
            yield Take(chunk, (resampler.process(chunk.audio.samples, last=last),))

    def at_rate(self, rate: int) -> Samples:
        """Return all of it at another rate, float32, shape (n,)."""
        return Resampler(self.rate, rate).process(self.samples, last=True)

    def _read(self, entries: list[Mapping[str, Any]]) -> Iterator[SpeechChunk]:
        start = 0
        for entry in entries:
            count = int(entry["samples"])
            audio = AudioChunk(self.samples[start : start + count], self.rate, start)
            words = tuple(Word(*word) for word in entry["words"])
            visemes = tuple(Viseme(MouthShape(shape), at) for shape, at in entry["visemes"])
            mood = Mood(entry.get("mood", Mood.NEUTRAL))
            yield SpeechChunk(audio, str(entry["text"]), words, visemes, mood)
            start += count
        if start != len(self.samples):
            raise ValueError("the sound has another length")


def check_length(speech: StoredSpeech, most: float) -> None:
    """Raise ConfigInvalid for speech that is longer than the clip may be."""
    if speech.seconds > most:
        raise ConfigInvalid(
            f"The script takes {speech.seconds:.1f} s, and the clip may last {most:g} s.",
            "Shorten the script, raise `audio.speed`, or raise `length` (45 at most).",
        )


def _subtitles(chunks: tuple[SpeechChunk, ...]) -> Iterator[Subtitle]:
    """Yield what is said, sentence by sentence or at most two lines at a time."""
    words: list[Word] = []
    for chunk in chunks:
        start = chunk.audio.start / chunk.audio.rate
        for word in chunk.words:
            words.append(Word(word.text, word.start + start, word.end + start))
            text = " ".join(each.text for each in words)
            if word.text.rstrip("\"'”’)")[-1:] in ".!?…" or len(text) > _LONGEST_LINE:
                yield Subtitle(words[0].start, words[-1].end, text)
                words = []
    if words:
        yield Subtitle(words[0].start, words[-1].end, " ".join(each.text for each in words))
