"""The bench realtime counts what was not shown; its conversation is one; lips follow loudness."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from avatar_app.bench import face_soak, realtime, run_bench
from avatar_app.bench.faces import BenchFace, face_by_name, with_face, write_weights
from avatar_app.bench.loud_lips import loud_lips
from avatar_app.bench.result import Report
from avatar_app.bench.scripted.engines import FlatFace
from avatar_app.bench.watching import Shown, WatchedFace
from avatar_app.core.errors import ConfigInvalid
from avatar_app.core.turn import Turn
from avatar_app.core.values import AudioChunk, SpeechChunk, VideoFrame
from avatar_app.engines.face.lips.pose import LipPose
from avatar_app.engines.face.lips.region import LOWER_HALF
from avatar_app.engines.face.wav2lip.checkpoint import read_checkpoint
from avatar_app.engines.face.wav2lip.lips import LipPainter
from avatar_app.engines.face.wav2lip.runtime import Choice, Runtime
from avatar_app.pipeline.output.playback import Moment
from avatar_app.settings.loading import load_settings
from avatar_app.settings.schema import Settings
from avatar_app.system.paths import paths_under

PIXEL = np.zeros((1, 1, 3), np.uint8)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings(tmp_path / "config.yaml")[0]


def small(settings: Settings) -> Settings:
    options = {"width": 64, "height": 64}
    return settings.model_copy(
        update={"face": settings.face.model_copy(update={"options": options})}
    )


def frame(number: int) -> VideoFrame:
    return VideoFrame(PIXEL, number / 25)


@pytest.mark.parametrize("column", [0, 15])
def test_bench_lips_open_by_the_loudness_of_one_column(column: int) -> None:
    face = np.full((96, 96, 3), 180, np.uint8)
    choice = Choice(Runtime.ONNXRUNTIME)
    painter = LipPainter(loud_lips(column), face, LOWER_HALF, choice)

    def darkest(loud_column: int, level: float) -> float:
        mel = np.full((1, 80, 16), -4, np.float32)
        mel[0, :, loud_column] = level
        return float(painter.paint(mel).min())

    closed = darkest(column, -4)
    assert darkest(column, 0) < closed - 0.3
    assert darkest(column, 2) < darkest(column, 0)
    others = [each for each in range(16) if each != column]
    assert all(darkest(each, 2) == pytest.approx(closed, abs=1e-5) for each in others)


def test_the_lips_of_a_bench_are_a_checkpoint_that_can_be_read(tmp_path: Path) -> None:
    weights = loud_lips()
    read = read_checkpoint(write_weights(tmp_path / "loud.safetensors", weights))
    assert read.keys() == weights.keys()
    assert all(np.array_equal(read[key], values) for key, values in weights.items())
    with pytest.raises(ValueError, match="no column 16"):
        loud_lips(16)


def test_due_but_unpainted_frames_count_as_dropped() -> None:
    shown, turn = Shown(), Turn(1)
    for number in (0, 1, 3):
        shown.looked(Moment(turn, number / 25, ending=False))
        shown.painted(Moment(turn, number / 25 + 0.01, ending=False), frame(number), 25)
    shown.painted(Moment(turn, 0.25, ending=False), frame(4), 25)  # 90 ms after its sound
    shown.painted(Moment(None, 0.0, ending=True), frame(9), 25)  # at rest
    shown.looked(Moment(turn, 6.5 / 25, ending=False))
    assert shown.due(25) == 6
    assert shown.dropped(25) == 2  # 2 was skipped, 5 never came; 6 is still to be heard
    assert shown.late == 1
    assert shown.seconds == pytest.approx(6.5 / 25)


def test_frames_before_counting_are_ignored() -> None:
    shown, turn = Shown(), Turn(1)
    shown.looked(Moment(turn, 1.01, ending=False))
    shown.painted(Moment(turn, 1.01, ending=False), frame(25), 25)
    shown.reset_counts()
    assert (shown.due(25), shown.dropped(25), shown.off_ms, shown.seconds) == (0, 0, [], 0)
    shown.painted(Moment(turn, 1.05, ending=False), frame(26), 25)
    shown.looked(Moment(turn, 1.13, ending=False))
    assert (shown.due(25), shown.dropped(25)) == (2, 1)
    assert shown.seconds == pytest.approx(0.12)


def test_time_waiting_for_speech_does_not_count(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 0.0
    monkeypatch.setattr("avatar_app.bench.watching.time.perf_counter", lambda: now)

    def speech() -> Iterator[SpeechChunk]:
        nonlocal now
        now += 10.0
        yield SpeechChunk(AudioChunk(np.zeros(480, np.float32), 48_000))

    class SlowFace(FlatFace):
        def perform(
            self, speech: Iterator[SpeechChunk], turn: Turn, after: VideoFrame | None = None
        ) -> Iterator[VideoFrame]:
            nonlocal now
            for each in super().perform(speech, turn, after):
                now += 0.5
                yield each

    face = WatchedFace(SlowFace())
    (drawn,) = face.perform(speech(), Turn(1))
    assert face.drew(drawn)
    assert not face.drew(frame(0))
    assert face.composed_ms == [pytest.approx(500)]


def test_repeated_lips_are_counted() -> None:
    first, second = PIXEL.copy(), PIXEL.copy()
    patches = [None, first, first, second, None, None]

    class RepeatingFace(FlatFace):
        def perform(
            self, speech: Iterator[SpeechChunk], turn: Turn, after: VideoFrame | None = None
        ) -> Iterator[VideoFrame]:
            for number, patch in enumerate(patches):
                yield VideoFrame(PIXEL, number / 25, LipPose(patch=patch, share=1.0))

    face = WatchedFace(RepeatingFace())
    assert len(list(face.perform(iter(()), Turn(1)))) == len(patches)
    assert face.repeated == 1


def test_bench_accepts_only_its_options(settings: Settings) -> None:
    with pytest.raises(ConfigInvalid, match="has no option --minutes") as caught:
        run_bench("av-sync", settings, quick=True, minutes=1.0)
    assert "realtime" in caught.value.hint
    with pytest.raises(ConfigInvalid) as caught:
        face_by_name("nobody")
    assert "wav2lip" in caught.value.hint


def test_face_of_the_bench_keeps_chosen_options(settings: Settings, tmp_path: Path) -> None:
    chosen = with_face(small(settings), paths_under(tmp_path), BenchFace.ILLUSTRATED).face
    assert (chosen.engine, chosen.options["fps"], chosen.options["width"]) == (
        "illustrated",
        25,
        64,
    )
    wav2lip = with_face(small(settings), paths_under(tmp_path), BenchFace.WAV2LIP).face
    assert Path(wav2lip.options["model"]).is_file()
    assert (Path(wav2lip.options["avatar"]) / "avatar.json").is_file()


def test_a_short_soak_of_a_face_is_measured(settings: Settings, tmp_path: Path) -> None:
    paths = paths_under(tmp_path)
    metrics = face_soak.measure_face(small(settings), paths, "illustrated", 4, quick=True).metrics
    assert metrics["utterances"].ok
    assert metrics["pictures"].ok
    assert metrics["engine_memory_last"].ok


def test_a_live_conversation_is_measured(settings: Settings, tmp_path: Path) -> None:
    """Everything real, for a second of measured time."""
    paths = paths_under(tmp_path)
    chosen = with_face(small(settings), paths, BenchFace.ILLUSTRATED)
    measured = realtime._watched(chosen, paths, 1.0)
    assert measured["understood"] >= 1
    assert measured["due"] > 0
    assert measured["composed_ms"]
    assert measured["beside_seconds"] > 0
    assert measured["failed"] == []
    report = Report()
    realtime._add_pictures(report, measured, composed=60.0)
    realtime._add_memory(report, measured)
    realtime._add_baseline(report, measured, [measured])
    assert report.metrics["composed_per_illustrated"].value == pytest.approx(1.0)
