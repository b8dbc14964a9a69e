"""The voices that are installed: listed with their languages, and heard apart from the talk."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from avatar_app.core.errors import AvatarError
from avatar_app.core.jobs import Job, JobCancelled
from avatar_app.core.values import Samples
from avatar_app.runtime.registry import Registry
from avatar_app.session.user_voice_gallery import UserVoiceGallery
from avatar_app.session.voice_gallery import InstalledVoice, VoiceBlend
from avatar_app.settings.store import SettingsStore
from avatar_app.system.paths import app_paths
from avatar_app.voices.library import ClonedVoice


class Loudspeaker:
    """`AudioChecks` that keep what is played."""

    def __init__(self) -> None:
        self.played: list[Samples] = []

    def play(self, _job: Job[Any], samples: Samples, _rate: int = 0) -> None:
        self.played.append(samples)


@pytest.fixture
def gallery() -> Iterator[UserVoiceGallery]:
    registry, paths = Registry(), app_paths()
    settings = SettingsStore(paths.settings_file)
    settings.know_engines(registry.all())
    made = UserVoiceGallery(settings, registry, paths, Loudspeaker())
    yield made
    made.rest()


def job() -> Job[Any]:
    return Job("hear", lambda _job: None)


def test_builtin_voices_are_listed_and_others_show_requirements(
    gallery: UserVoiceGallery,
) -> None:
    found = gallery.voices()
    assert {voice.engine for voice in found.voices} == {"espeak"}
    assert ("f2", {"voice": "f2"}) in [(each.name, each.options) for each in found.voices]
    assert {"en", "de", "fr"} <= set(found.voices[0].languages)
    assert {each.engine_title for each in found.missing} >= {"Kokoro 82M", "Piper"}
    assert all(each.reason for each in found.missing)
    assert found.cloned == ()
    current = gallery.current()
    assert current is not None
    assert current.name == "f2"
    assert current.settings == {"tts.engine": "espeak", "tts.options.voice": "f2"}


def test_sample_engine_is_kept_until_released(gallery: UserVoiceGallery) -> None:
    voices = {voice.name: voice for voice in gallery.voices().voices}
    played = gallery._checks.played
    gallery.hear(job(), voices["f2"], "Hello")
    first = gallery._loaded[2]
    gallery.hear(job(), voices["m3"], "Hello")
    assert gallery._loaded[2] is first
    gallery.hear(job(), voices["f2"], "Hello")
    assert [sound.dtype for sound in played] == [np.float32] * 3
    assert len(played[0]) > 10_000
    assert not np.array_equal(played[0], played[1])
    assert np.array_equal(played[0], played[2])
    gallery.rest()
    assert gallery._loaded is None


def test_sample_sounds_like_the_conversation(gallery: UserVoiceGallery) -> None:
    gallery.hear(job(), None, "How I sound")
    gallery._settings.set("tts.options.speed", 2.0)
    gallery.hear(job(), None, "How I sound")
    slow, quick = gallery._checks.played
    assert len(quick) < 0.7 * len(slow)


def test_cancelled_sample_stops(gallery: UserVoiceGallery) -> None:
    stopped = job()
    stopped.cancel()
    with pytest.raises(JobCancelled):
        gallery.hear(stopped, None, "Hello")
    assert gallery._checks.played == []


def test_missing_voice_is_reported(gallery: UserVoiceGallery) -> None:
    options = {"model": "kokoro-v1.0", "voice": "af_heart"}
    heart = InstalledVoice("kokoro", "Kokoro 82M", "af_heart", options)
    with pytest.raises(AvatarError, match="not installed"):
        gallery.hear(job(), heart, "Hello")
    with pytest.raises(AvatarError, match="Unknown cloned voice"):
        gallery.hear_reference(job(), "nobody")


MIXER = """
name: mixer
kind: tts
entry: engine:Mixer
title: Mixer
summary: Mixes two speakers, and plays a cloned voice's recording.
license: MIT
clones: true
options:
  voice: {type: text, default: ann, help: Who speaks.}
"""
MIXER_ENGINE = """
from pathlib import Path
from avatar_app.core.values import SpeechChunk
from avatar_app.media.sound_reader import read_sound

class Mixer:
    def __init__(self, voice):
        self.voice = voice
    def configure(self, voice):
        self.voice = voice
    def speak(self, text, turn):
        yield SpeechChunk(read_sound(Path(self.voice) / "reference.wav"), text)
    @staticmethod
    def speakers(**options):
        return ("ann", "bob")
    @staticmethod
    def blend(shares):
        return "+".join(f"{name}:{share}" for name, share in shares.items())
    @staticmethod
    def blended(voice):
        parts = [part.partition(":") for part in voice.split("+")]
        return {name: float(share or 1) for name, _, share in parts}
    def latents(self):
        return None
    def close(self):
        pass
"""


@pytest.fixture
def mixing(user_engines_forgotten: None) -> Iterator[UserVoiceGallery]:
    """A gallery of a user whose own engine mixes speakers and clones."""
    folder = app_paths().engines / "tts" / "mixer"
    folder.mkdir(parents=True)
    (folder / "manifest.yaml").write_text(MIXER)
    (folder / "engine.py").write_text(MIXER_ENGINE)
    registry, paths = Registry(), app_paths()
    settings = SettingsStore(paths.settings_file)
    settings.know_engines(registry.all())
    made = UserVoiceGallery(settings, registry, paths, Loudspeaker())
    yield made
    made.rest()


def test_a_blend_is_used_and_found_again(mixing: UserVoiceGallery) -> None:
    found = mixing.voices()
    ann, bob = (each for each in found.voices if each.engine == "mixer")
    assert found.blending == {"mixer"}
    assert mixing.current_blend() is None
    blend = VoiceBlend(ann, bob, 0.25)
    voice = mixing.blended(blend)
    assert (voice.name, voice.options) == ("ann + bob", {"voice": "ann:0.75+bob:0.25"})
    mixing._settings.change(voice.settings)
    assert mixing.current() is None
    assert mixing.current_blend() == blend
    mixing._settings.change(bob.settings)
    assert mixing.current() == bob
    assert mixing.current_blend() is None


def test_a_cloned_voice_is_compared_with_its_recording_and_deleted(
    mixing: UserVoiceGallery, voice: ClonedVoice
) -> None:
    found = mixing.voices()
    assert found.speaks_clones
    clone = next(each for each in found.voices if each.cloned)
    likeness = mixing.likeness(job(), clone)
    assert likeness.is_same_person
    assert likeness.share > 0.95
    stopped = job()
    stopped.cancel()
    with pytest.raises(JobCancelled):
        mixing.likeness(stopped, clone)
    mixing.remove(voice.name)
    assert mixing.voices().cloned == ()


def test_missing_cloning_engine_is_reported(gallery: UserVoiceGallery) -> None:
    assert not gallery.voices().speaks_clones
