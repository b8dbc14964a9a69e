"""The parts of `bench whisper`: each finds what is there, and is missed by a way made worse."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from avatar_app.bench import whisper, whisper_live
from avatar_app.bench.result import Report
from avatar_app.bench.said_clips import SHORT, SaidClip, said_clips
from avatar_app.bench.scripted.whisper import write_whisper
from avatar_app.bench.whisper_live import LiveSound, hear_live
from avatar_app.bench.word_errors import word_errors
from avatar_app.core.engines import LiveAudio
from avatar_app.core.errors import ModelMissing
from avatar_app.core.values import MICROPHONE_RATE
from avatar_app.engines.asr.whisper.engine import WhisperRecognizer
from avatar_app.settings.loading import load_settings
from avatar_app.settings.schema import Settings

SAID = "go forward ten meters"


@pytest.fixture(scope="module")
def clips() -> list[SaidClip]:
    return said_clips(quick=False)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    model = write_whisper(tmp_path / "model", SAID)
    chosen = {"model": str(model), "compute": "float32", "threads": 1}
    overrides = {f"asr.options.{name}": value for name, value in chosen.items()}
    return load_settings(overrides={"asr.engine": "whisper"} | overrides)[0]


@pytest.fixture
def recognizer(settings: Settings) -> Iterator[WhisperRecognizer]:
    made = WhisperRecognizer(**settings.asr.options)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("heard", "errors"),
    [
        ("Go forward 10 meters.", 0),
        ("go, forward: TEN meters!", 0),
        ("go forward ten", 1),
        ("oh go forward then meters", 2),
        ("", 4),
    ],
)
def test_word_errors_ignore_spelling_variants(heard: str, errors: int) -> None:
    assert word_errors(heard, SAID) == errors


def test_every_clip_has_a_transcript(clips: list[SaidClip]) -> None:
    real = [clip for clip in clips if clip.real]
    assert len(real) == 13
    assert len({clip.name for clip in clips}) == len(clips)
    for clip in clips:
        assert 1 < len(clip.said) / clip.seconds < 25, clip.name  # letters a second
    assert all(clip.seconds <= SHORT for clip in real if "-" in clip.name.split()[-1][:2])


def test_live_sound_is_delivered_in_real_time() -> None:
    sound = LiveSound(np.zeros(MICROPHONE_RATE // 10, np.float32))
    assert isinstance(sound, LiveAudio)
    assert len(list(sound)) == 10
    assert sound.ready


def test_worse_variant_at_equal_cost_misses_its_targets(
    settings: Settings, clips: list[SaidClip], monkeypatch: pytest.MonkeyPatch
) -> None:
    [said] = [clip for clip in clips if clip.name == "goforward.wav"]
    monkeypatch.setattr(whisper, "said_clips", lambda _quick: [said])
    monkeypatch.setattr(whisper, "_live", lambda *_: None)
    report = Report()
    ways = whisper._ways(whisper._whisper_options(settings))
    for way in ways.values():
        way.take(said)
    whisper._compare(report, [said], ways)
    assert report.metrics["recorded_word_errors_ours"].ok
    ours, theirs = ways[whisper.OURS], ways[whisper.THEIRS]
    ours.processor, ours.errors = theirs.processor, {said.name: 1}
    whisper._compare(report, [said], ways)
    assert not report.metrics["recorded_word_errors_ours"].ok
    assert not report.metrics["processor_ratio"].ok


def test_partial_texts_are_timed_during_speech(
    recognizer: WhisperRecognizer, clips: list[SaidClip], monkeypatch: pytest.MonkeyPatch
) -> None:
    [said] = [clip for clip in clips if clip.name == "goforward.wav"]
    monkeypatch.setattr(whisper_live, "wait", lambda _seconds: None)
    figures = hear_live(recognizer, [said], "live")
    assert len(figures.final) == 1
    assert figures.took
    assert figures.processor > 0
    assert figures.seconds == pytest.approx(2.9, abs=0.1)


def test_missing_model_is_reported_with_the_download_command(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing) as missing:
        whisper._whisper_options(load_settings(tmp_path / "config.yaml")[0])
    assert "models download whisper-base" in missing.value.hint
