"""The Wav2Lip face: streamed as if whole, still where nothing is painted, closed in silence."""

from __future__ import annotations

import gc
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import wav2lip_parts
import yaml

from avatar_app.core.engines import Engine
from avatar_app.core.errors import DeviceUnavailable, InputInvalid, ModelMissing
from avatar_app.core.manifest import Kind, parse_manifest
from avatar_app.core.turn import Turn, TurnCancelled
from avatar_app.core.values import AudioChunk, FaceState, SpeechChunk, VideoFrame
from avatar_app.engines.face.lips.blend import Blender, lip_mask, shown_region
from avatar_app.engines.face.lips.region import LOWER_HALF
from avatar_app.engines.face.lips.windows import Window, WindowStream
from avatar_app.engines.face.wav2lip import engine as engine_module
from avatar_app.engines.face.wav2lip.engine import Wav2LipFace

RATE = 22_050
SMALL = {"width": 192, "height": 108, "runtime": "onnxruntime"}
Options = dict[str, Any]


@pytest.fixture(scope="module")
def options(tmp_path_factory: pytest.TempPathFactory) -> Options:
    root = tmp_path_factory.mktemp("wav2lip")
    model = wav2lip_parts.write_safetensors(root / "model", wav2lip_parts.random_state())
    return {
        **SMALL,
        "avatar": str(wav2lip_parts.write_avatar(root / "avatar")),
        "model": str(model),
    }


@pytest.fixture(scope="module")
def face(options: Options) -> Iterator[Wav2LipFace]:
    face = Wav2LipFace(**options, expressiveness=0.0)
    yield face
    face.close()
    gc.collect()


@pytest.fixture(scope="module")
def speech() -> SpeechChunk:
    """0.3 s of silence, 0.8 s of a voice, 0.7 s of silence, 0.4 s of the voice."""
    voice = np.interp(
        5_000 + np.arange(round(1.2 * RATE)) * 16_000 / RATE,
        np.arange(40_000),
        wav2lip_parts.golden()["wav_16k"] / 32768,
    )
    first, second = np.split(voice, [round(0.8 * RATE)])
    silences = (np.zeros(round(seconds * RATE)) for seconds in (0.3, 0.7))
    sound = np.concatenate([next(silences), first, next(silences), second])
    return SpeechChunk(AudioChunk(sound.astype(np.float32), RATE))


def split(speech: SpeechChunk, seconds: float) -> Iterator[SpeechChunk]:
    step = round(seconds * RATE)
    for start in range(0, len(speech.audio.samples), step):
        yield SpeechChunk(AudioChunk(speech.audio.samples[start : start + step], RATE, start))


def performed(face: Wav2LipFace, *chunks: SpeechChunk) -> list[VideoFrame]:
    return list(face.perform(iter(chunks), Turn(1)))


def painted_by(face: Wav2LipFace, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many lips are painted at a time from now on."""
    painter = face._opened().painter
    begin, counts = painter.begin, list[int]()

    def counted(mels: np.ndarray, *faces: Any) -> Callable[[], np.ndarray]:
        counts.append(len(mels))
        return begin(mels, *faces)

    monkeypatch.setattr(painter, "begin", counted)
    return counts


def shares(frames: list[VideoFrame]) -> list[float]:
    return [frame.pose.share for frame in frames]


def test_manifest_describes_the_engine(face: Wav2LipFace) -> None:
    path = Path(engine_module.__file__).with_name("manifest.yaml")
    manifest = parse_manifest(yaml.safe_load(path.read_text()), str(path))
    assert (manifest.name, manifest.kind) == ("wav2lip", Kind.FACE)
    assert manifest.needs.models == ("wav2lip",)
    assert "non-commercial" in manifest.license
    assert isinstance(face, Engine)
    with pytest.raises(ModelMissing, match="No Wav2Lip checkpoint is chosen"):
        Wav2LipFace(**manifest.defaults())


@pytest.mark.parametrize("seconds", [0.013, 0.1, 0.29])
def test_streamed_frames_equal_those_of_the_whole_speech(
    seconds: float, face: Wav2LipFace, speech: SpeechChunk
) -> None:
    whole = performed(face, speech)
    parts = performed(face, *split(speech, seconds))
    assert [frame.at for frame in parts] == [frame.at for frame in whole]
    for one, other in zip(whole, parts, strict=True):
        assert np.abs(one.image.astype(int) - other.image.astype(int)).max() <= 1


def test_frames_arrive_as_soon_as_their_audio_window_is_complete(
    face: Wav2LipFace, speech: SpeechChunk
) -> None:
    heard = 0.0

    def live() -> Iterator[SpeechChunk]:
        nonlocal heard
        for chunk in split(speech, 0.02):
            heard = chunk.audio.start / RATE + chunk.audio.seconds
            yield chunk

    waits = [heard - frame.at for frame in face.perform(live(), Turn(1))]
    assert max(waits) <= 0.2125 + 0.02 + 0.03  # the window, a chunk, the change of rate


def test_frames_are_evenly_spaced_and_end_with_the_portraits_mouth(
    face: Wav2LipFace, speech: SpeechChunk
) -> None:
    frames = performed(face, speech)
    assert [frame.at for frame in frames] == [index / 25 for index in range(len(frames))]
    assert speech.audio.seconds <= frames[-1].at + 1 / 25 <= speech.audio.seconds + 0.2
    assert shares(frames)[-1] == 0.0
    assert np.array_equal(frames[-1].image, face.rest(FaceState.IDLE).image)


def test_silence_shows_the_portrait_without_inference(
    face: Wav2LipFace, speech: SpeechChunk, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = painted_by(face, monkeypatch)
    frames = performed(face, speech)
    at = {round(frame.at, 3): frame for frame in frames}
    still = face.rest(FaceState.IDLE).image
    for silent in (0.0, 0.04, 0.12, 1.4, 1.6):
        assert np.array_equal(at[silent].image, still)
    for voiced in (0.4, 0.8, 1.0, 2.0):
        assert at[voiced].pose.share == 1.0
        assert not np.array_equal(at[voiced].image, still)
    painted = len({id(frame.pose.patch) for frame in frames if frame.pose.share})
    assert sum(counts) == painted < len(frames) - 12


def test_late_lips_repeat_the_previous_frame(
    face: Wav2LipFace, speech: SpeechChunk, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = painted_by(face, monkeypatch)
    in_time = performed(face, speech)
    painted, turn = sum(counts), Turn(1)
    counts.clear()

    def heard() -> Iterator[VideoFrame]:
        for frame in face.perform(iter([speech]), turn):
            turn.heard = 0.9 if 0.5 <= frame.at < 0.7 else 0.0  # the sound runs ahead for a while
            yield frame

    frames = list(heard())
    assert [frame.at for frame in frames] == [frame.at for frame in in_time]
    assert shares(frames) == shares(in_time)
    assert sum(counts) == painted - 5
    stale = [
        round(frame.at * 25)
        for frame, other in zip(frames, in_time, strict=True)
        if not np.array_equal(frame.image, other.image)
    ]
    assert set(stale) <= {14, 15, 16, 17, 18, 19}
    patches = {id(frame.pose.patch) for frame in frames if 0.56 <= frame.at < 0.72}
    assert len(patches) <= 2


def test_always_late_face_still_paints_some_lips(
    face: Wav2LipFace, speech: SpeechChunk, monkeypatch: pytest.MonkeyPatch
) -> None:
    counts = painted_by(face, monkeypatch)
    performed(face, speech)
    in_time, turn = sum(counts), Turn(1)
    counts.clear()
    turn.heard = 100.0
    frames = list(face.perform(iter([speech]), turn))
    assert in_time - 0.2 * len(frames) - 1 <= sum(counts) < in_time


def test_lips_fade_in_and_out_without_a_jump(face: Wav2LipFace, speech: SpeechChunk) -> None:
    steps = np.diff([0.0, *shares(performed(face, speech))])
    assert np.abs(steps).max() < 0.41


def test_pixels_outside_the_lips_never_change(face: Wav2LipFace, speech: SpeechChunk) -> None:
    still = face.rest(FaceState.IDLE).image
    changed = np.zeros(still.shape[:2], bool)
    for frame in performed(face, speech):
        changed |= (frame.image != still).any(axis=2)
    blender = face._opened().scene.blender(0)
    painted = np.zeros_like(changed)
    painted[blender._part.rows, blender._part.columns] = blender._weight[..., 0] > 0
    assert changed.any()
    assert not (changed & ~painted).any()


def test_batched_frames_equal_single_frames(
    options: Options, face: Wav2LipFace, speech: SpeechChunk
) -> None:
    together = Wav2LipFace(**options, expressiveness=0.0, batch=4)
    for one, other in zip(performed(face, speech), performed(together, speech), strict=True):
        assert np.abs(one.image.astype(int) - other.image.astype(int)).max() <= 1
    together.close()


def test_idle_frame_breathes(face: Wav2LipFace) -> None:
    face.configure(expressiveness=1.0)
    frames = [face.rest(FaceState.IDLE)]
    for _ in range(60):
        frames.append(face.rest(FaceState.IDLE, frames[-1]))
    face.configure(expressiveness=0.0)
    moved = [np.abs(f.image.astype(int) - frames[0].image).mean() for f in frames]
    assert 0.05 < max(moved) < 8


def test_mouth_closes_after_cancelled_speech(face: Wav2LipFace, speech: SpeechChunk) -> None:
    frames = performed(face, speech)[:20]
    assert frames[-1].pose.share == 1.0
    for _ in range(4):
        frames.append(face.rest(FaceState.LISTENING, frames[-1]))
    assert shares(frames)[-4:] == pytest.approx([0.6, 0.2, 0.0, 0.0])
    assert pickle.loads(pickle.dumps(frames[20].pose)).share == frames[20].pose.share


def test_frame_of_another_face_is_ignored(face: Wav2LipFace, speech: SpeechChunk) -> None:
    foreign = VideoFrame(np.zeros((4, 4, 3), np.uint8), 0.0, pose="whatever")
    assert face.rest(FaceState.IDLE, foreign).image.shape == (108, 192, 3)
    assert next(iter(face.perform(iter([speech]), Turn(1), foreign))).pose.share < 0.5


def test_cancelled_turn_stops_the_animation(face: Wav2LipFace, speech: SpeechChunk) -> None:
    turn = Turn(1)
    frames = face.perform(iter([speech]), turn)
    next(frames)
    turn.cancel()
    with pytest.raises(TurnCancelled):
        next(frames)


def test_empty_speech_has_no_frames(face: Wav2LipFace) -> None:
    assert performed(face) == []


def test_running_animation_keeps_its_size(face: Wav2LipFace, speech: SpeechChunk) -> None:
    frames = face.perform(iter([speech]), Turn(1))
    face.configure(width=64, height=96)
    assert next(frames).image.shape == (108, 192, 3)
    assert face.rest(FaceState.IDLE).image.shape == (96, 64, 3)
    face.configure(width=192, height=108)


def test_a_missing_or_damaged_file_is_reported(options: Options, tmp_path: Path) -> None:
    damaged = tmp_path / "wav2lip.pth"
    damaged.write_bytes(Path(options["model"]).read_bytes()[:5000])
    cases: list[tuple[Options, type[Exception], str]] = [
        ({"avatar": ""}, ModelMissing, "No avatar is chosen"),
        ({"avatar": str(tmp_path)}, ModelMissing, "contains no avatar"),
        ({"model": str(tmp_path / "none.pth")}, ModelMissing, "No Wav2Lip checkpoint at"),
        ({"model": str(damaged)}, InputInvalid, "wav2lip.pth is damaged"),
        ({"device": "coreml"}, DeviceUnavailable, "cannot compute on coreml"),
    ]
    for changed, error, message in cases:
        with pytest.raises(error, match=message) as caught:
            Wav2LipFace(**{**options, **changed})
        assert caught.value.hint


def windows_of(speech: SpeechChunk, lead: float) -> list[Window]:
    stream = WindowStream(25, lead)
    return [*stream.add(speech), *stream.end()]


def test_mel_windows_without_lead_equal_the_published_ones() -> None:
    arrays = wav2lip_parts.golden()
    sound = (arrays["wav_16k"] / 32768).astype(np.float32)
    windows = windows_of(SpeechChunk(AudioChunk(sound, 16_000)), 0.0)
    assert len(windows) == 63
    for window in windows:
        begin = min(int(window.frame * 80 / 25), 201 - 16)
        assert np.abs(window.mel - arrays["mel"][:, begin : begin + 16]).max() < 1e-3


def test_lead_centers_a_mel_window_on_its_frame() -> None:
    sound = np.zeros(32_000, np.float32)
    sound[16_000] = 1.0
    loudest = [
        window.frame / 25
        for window in windows_of(SpeechChunk(AudioChunk(sound, 16_000)), 0.08)
        if not window.silent
    ]
    assert np.mean(loudest) == pytest.approx(1.0, abs=0.03)


def test_speech_joining_a_turn_late_keeps_its_position() -> None:
    sound = np.zeros(16_000, np.float32)
    sound[8_000:8_200] = 0.5
    early = windows_of(SpeechChunk(AudioChunk(sound, 16_000)), 0.08)
    late = windows_of(SpeechChunk(AudioChunk(sound, 16_000, 32_000)), 0.08)
    assert [window.frame for window in late] == [window.frame + 50 for window in early]
    for one, other in zip(early, late, strict=True):
        assert np.array_equal(one.mel, other.mel)


def test_speech_shorter_than_a_window_has_frames() -> None:
    windows = windows_of(SpeechChunk(AudioChunk(np.ones(800, np.float32), 16_000)), 0.08)
    assert [window.mel.shape for window in windows] == [(80, 16)] * 2


@pytest.mark.parametrize("box", [(40.0, 20.0, 150.0, 130.0), (-30.5, 10.2, 60.7, 140.9)])
def test_lips_are_placed_in_the_face_box(box: tuple[float, float, float, float]) -> None:
    """A picture of a ramp, painted over by the same ramp, shows no seam."""
    place_x, place_y = np.arange(200) + 0.5, np.arange(120) + 0.5
    across = (place_x - box[0]) / (box[2] - box[0])
    down = (place_y - box[1]) / (box[3] - box[1])
    levels = np.clip(40 + 100 * across[None] + 70 * down[:, None], 0, 255)
    picture = np.repeat(np.rint(levels).astype(np.uint8)[..., None], 3, axis=2)
    mask = lip_mask(np.full((30, 30), 255, np.uint8), LOWER_HALF)
    region = shown_region(mask)
    small = (np.arange(96) + 0.5) / 96
    ramp = np.rint(40 + 100 * small[None] + 70 * small[:, None]).astype(np.uint8)
    patch = ramp[region.top : region.bottom, region.left : region.right]
    blended = Blender(picture, box, mask, region).blend(np.repeat(patch[..., None], 3, axis=2))
    assert np.abs(blended.astype(int) - picture).max() <= 2
