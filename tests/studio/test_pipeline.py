"""A recipe becomes a film: whole, marked, resumable, stopped at any step, and in time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from avatar_folders import ASTRONAUT, add_avatars
from clip_parts import write_clip
from studio_parts import Ledger, add_engine, add_painter, job, recipe

from avatar_app.core.errors import InputInvalid, ModelMissing
from avatar_app.core.jobs import JobCancelled, Progress
from avatar_app.core.values import Mood
from avatar_app.settings.loading import load_settings
from avatar_app.studio.buffers import ClipBuffers
from avatar_app.studio.pipeline import Pipeline
from avatar_app.studio.schedule import DeadlineMissed
from avatar_app.studio.speech_step import StoredSpeech
from avatar_app.system.paths import app_paths

BUFFERS = ClipBuffers(frames=200, side=256)


def pipeline(ledger: Ledger | None = None, clock: Any = time.monotonic, **changes: Any) -> Pipeline:
    settings, _ = load_settings(overrides=changes)
    return Pipeline(settings, app_paths(), buffers=BUFFERS, ledger=ledger or Ledger(), clock=clock)


@pytest.fixture
def studio() -> Iterator[Pipeline]:
    with pipeline() as opened:
        yield opened


def test_a_recipe_becomes_a_film_with_sound_and_subtitles(studio: Pipeline, tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    result = studio.generate_slot(recipe(), "slot 1", path)
    assert (result.success, result.error_msg, result.slot_id) == (True, "", "slot 1")
    assert result.files == (path,)
    assert set(result.steps) == {"sound", "frames", "check", "export"}
    assert result.generation_time_ms >= 1000 * result.steps["frames"]
    count, height, width, _ = result.video_frames.shape
    assert (height, width) == (128, 128)
    seconds = len(result.audio_waveform) / 24_000
    assert 1 < seconds < 4
    assert count == pytest.approx(seconds * 12, abs=1)
    assert np.abs(result.audio_waveform).max() > 0.05
    with av.open(str(path)) as film:
        assert len(list(film.decode(video=0))) == count
        assert len(film.streams.subtitles) == 1
        assert len(film.streams.audio) == 1
    assert b"trainedAlgorithmicMedia" in path.read_bytes()


def test_the_mouth_moves_with_the_speech(studio: Pipeline) -> None:
    result = studio.generate_slot(recipe("Hello. Hello. Hello. Hello."))
    assert result.success
    frames = result.video_frames.astype(int)
    moved = np.abs(np.diff(frames, axis=0)).mean(axis=(1, 2, 3))
    assert (moved > 0).mean() > 0.5


def test_nothing_is_done_twice(studio: Pipeline, tmp_path: Path) -> None:
    first = studio.make(recipe(), output=tmp_path / "a.mp4")
    frames = first.video_frames.copy()
    again = studio.make(recipe(output={"format": "webm"}), output=tmp_path / "b.webm")
    assert set(again.steps) == {"check", "export"}
    assert np.array_equal(again.video_frames, frames)
    slower = studio.make(recipe(audio={"speed": 0.8}))
    assert set(slower.steps) == {"sound", "frames", "check"}
    assert len(slower.audio_waveform) > len(first.audio_waveform[: len(again.audio_waveform)])


def test_the_same_recipe_gives_the_same_bytes(monkeypatch: Any, tmp_path: Path) -> None:
    made = []
    for name in ("one", "two"):
        monkeypatch.setenv("AVATAR_DATA_DIR", str(tmp_path / name))
        with pipeline() as opened:
            result = opened.make(recipe())
            made.append((result.video_frames.tobytes(), result.audio_waveform.tobytes()))
    assert made[0] == made[1]


def test_an_avatar_of_the_library_speaks(studio: Pipeline) -> None:
    add_avatars(["Ada"])
    result = studio.make(recipe(visual={"avatar": "ada"}))
    assert len(result.video_frames) > 10
    assert result.video_frames.std() > 20


def test_a_photo_speaks_and_its_avatar_is_kept(studio: Pipeline) -> None:
    result = studio.make(recipe(visual={"photo": str(ASTRONAUT)}))
    assert "actor" in result.steps
    again = studio.make(recipe("Something else.", visual={"photo": str(ASTRONAUT)}))
    assert "actor" not in again.steps


def test_a_failed_actor_keeps_the_sound(studio: Pipeline, tmp_path: Path) -> None:
    import cv2

    plain = tmp_path / "wall.png"
    cv2.imwrite(str(plain), np.full((256, 256, 3), 180, np.uint8))
    failed = studio.generate_slot(recipe(visual={"photo": str(plain)}))
    assert not failed.success
    assert "wall.png" in failed.error_msg
    assert "sound" not in studio.make(recipe()).steps


def test_a_recipe_that_is_wrong_is_a_result_too(studio: Pipeline) -> None:
    result = studio.generate_slot({"audio": {"script": "Hi.", "emotion": "bored"}}, "slot 9")
    assert (result.success, result.slot_id) == (False, "slot 9")
    assert "emotion" in result.error_msg
    assert result.video_frames.size == result.audio_waveform.size == 0


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"visual": {"avatar": "nobody"}}, "nobody"),
        ({"visual": {"photo": "/none.jpg"}}, "does not exist"),
        ({"visual": {"face": "marble"}}, "marble"),
        ({"audio": {"engine": "gramophone"}}, "gramophone"),
        ({"audio": {"voice": "zz"}}, "zz"),
        ({"audio": {"character": "hamlet"}}, "hamlet"),
        ({"audio": {"script": "…"}}, "nothing to say"),
        ({"length": 0.5}, "may last 0.5 s"),
        ({"output": {"width": 1920, "height": 1088}}, "do not fit"),
    ],
)
def test_what_cannot_be_is_said(studio: Pipeline, wrong: dict[str, Any], says: str) -> None:
    result = studio.generate_slot(recipe(**wrong))
    assert not result.success
    assert says in result.error_msg


@pytest.mark.parametrize("at", ["Speaking", "Drawing", "Writing"])
def test_a_clip_is_stopped_in_each_step_and_goes_on_there(
    studio: Pipeline, tmp_path: Path, at: str
) -> None:
    path, asked = tmp_path / "clip.mp4", job()

    def stop(progress: Progress) -> None:
        if progress.text == at:
            asked.cancel()

    asked.when_progressed(stop)
    with pytest.raises(JobCancelled):
        studio.make(recipe(), output=path, job=asked)
    assert list(tmp_path.iterdir()) == []
    done = {"Speaking": set(), "Drawing": {"sound"}, "Writing": {"sound", "frames"}}[at]
    result = studio.make(recipe(), output=path)
    assert set(result.steps) == {"sound", "frames", "check", "export"} - done


def test_progress_rises_to_the_end(studio: Pipeline) -> None:
    told: list[Progress] = []
    asked = job()
    asked.when_progressed(told.append)
    studio.make(recipe(), job=asked)
    fractions = [each.fraction for each in told]
    assert fractions == sorted(fractions)
    assert any(each.preview is not None and each.preview.shape == (128, 128, 3) for each in told)


BROKEN_FACE = """
from avatar_app.core.errors import EngineFailed


class Own:
    fps = 12.0

    def __init__(self):
        pass

    def configure(self):
        pass

    def perform(self, speech, turn, after=None):
        raise EngineFailed("The marble cracked.", "Take wood.")
        yield

    def rest(self, look, after=None):
        raise EngineFailed("The marble cracked.", "Take wood.")

    def close(self):
        pass
"""


def test_a_face_that_fails_is_followed_by_a_lighter_one() -> None:
    add_avatars(["Ada"])
    add_engine("face", "marble", BROKEN_FACE)
    with pipeline() as studio:
        result = studio.make(recipe(visual={"avatar": "ada", "face": "marble"}))
    assert len(result.video_frames) > 10
    assert any("The marble cracked" in notice for notice in result.notices)


KILLED_FACE = """
import os
import signal

import numpy as np

from avatar_app.core.values import VideoFrame


class Own:
    fps = 12.0

    def __init__(self):
        pass

    def configure(self):
        pass

    def perform(self, speech, turn, after=None):
        for index, _ in enumerate(speech):
            if os.path.exists({flag!r}):
                os.remove({flag!r})
                os.kill(os.getpid(), signal.SIGKILL)
            yield VideoFrame(np.full((128, 128, 3), index, np.uint8), index / 12, None)

    def rest(self, look, after=None):
        at = after.at + 1 / 12 if after else 0.0
        return VideoFrame(np.full((128, 128, 3), int(at * 12) % 200, np.uint8), at, None)

    def close(self):
        pass
"""


def test_a_face_that_was_killed_is_tried_once_more(tmp_path: Path) -> None:
    add_avatars(["Ada"])
    (tmp_path / "kill").touch()
    add_engine("face", "marble", KILLED_FACE.format(flag=str(tmp_path / "kill")), "process")
    with pipeline() as studio:
        result = studio.make(recipe(visual={"avatar": "ada", "face": "marble"}))
    assert not (tmp_path / "kill").exists()
    assert result.notices == ()
    assert len(result.video_frames) > 10


def test_a_deadline_that_cannot_be_met_is_said_before_anything_is_done() -> None:
    ledger = Ledger({"sound": 0.1, "frames": 1.0, "export": 1.0})
    with pipeline(ledger) as studio:
        with pytest.raises(DeadlineMissed, match="even with the lightest steps"):
            studio.make(recipe(deadline=5))
        assert ledger.added == []


def test_a_deadline_makes_fewer_frames_do() -> None:
    ledger = Ledger({"sound": 0.0, "frames": 1.0})
    with pipeline(ledger) as studio:
        result = studio.make(recipe(output={"fps": 24}, deadline=40))
    assert result.fps == 12
    assert any("12" in notice for notice in result.notices)


class Clock:
    """Passes one second each time that somebody looks."""

    now = 0.0

    def __call__(self) -> float:
        self.now += 1.0
        return self.now


def test_a_clip_that_is_not_ready_in_time_keeps_what_is_done() -> None:
    with pipeline(clock=Clock()) as studio:
        failed = studio.generate_slot(recipe(deadline=20))
        assert not failed.success
        assert "not ready in time" in failed.error_msg
        again = studio.make(recipe())
    assert "sound" not in again.steps


def test_a_prompt_becomes_a_person_who_speaks(tmp_path: Path) -> None:
    add_painter()
    models = write_clip(tmp_path / "models")
    changes = {
        "studio.image.engine": "painter",
        "studio.verify.engine": "clip",
        "studio.verify.options.model": str(models),
        "studio.verify.options.threshold_b32": 0.3,
        "studio.verify.options.threshold_l14": 0.3,
    }
    with pipeline(**changes) as studio:
        result = studio.make(recipe(visual={"prompt": "a person of red"}))
        assert {"actor", "sound", "frames", "check"} == set(result.steps)
        assert np.linalg.norm(result.clip_embedding) == pytest.approx(1, abs=1e-5)
        with pytest.raises(InputInvalid, match="did not show what the prompt says"):
            studio.make(recipe(visual={"prompt": "a person of blue"}))


def test_a_prompt_without_an_engine_says_what_to_do(studio: Pipeline) -> None:
    with pytest.raises(ModelMissing, match=r"studio\.image\.engine"):
        studio.make(recipe(visual={"prompt": "a person"}))


def test_a_portrait_gets_life(studio: Pipeline) -> None:
    result = studio.make(recipe(visual={"photo": str(ASTRONAUT), "life": "animate"}))
    assert {"actor", "life", "frames"} <= set(result.steps)
    assert result.notices == ()


def test_speech_with_an_emotion_sounds_and_looks_different(studio: Pipeline) -> None:
    lengths: dict[str, int] = {}
    moods = {"neutral": Mood.SURPRISE, "sad": Mood.CONCERN, "manic": Mood.JOY}
    for emotion, mood in moods.items():
        before = spoken(studio)
        result = studio.make(recipe("Wow, it is four.", audio={"emotion": emotion}))
        lengths[emotion] = len(result.audio_waveform)
        (folder,) = spoken(studio) - before
        assert {chunk.mood for chunk in StoredSpeech(folder).chunks} == {mood}
    assert lengths["manic"] < lengths["neutral"] < lengths["sad"]


def spoken(studio: Pipeline) -> set[Path]:
    """Folders of speech that was made."""
    return {file.parent for file in studio.paths.cache.rglob("speech.json")}
