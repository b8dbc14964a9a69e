"""The illustrated face: lips in time with the sound, smooth at every seam, alive at rest."""

from __future__ import annotations

import itertools
import pickle
import threading
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import yaml

from avatar_app.core.engines import Engine
from avatar_app.core.manifest import Kind, parse_manifest
from avatar_app.core.turn import Turn, TurnCancelled
from avatar_app.core.values import (
    AudioChunk,
    FaceState,
    MouthShape,
    SpeechChunk,
    VideoFrame,
    Viseme,
)
from avatar_app.engines.face.animation.pose import Expression
from avatar_app.engines.face.animation.rest_pace import LEAST_FPS, RestPace
from avatar_app.engines.face.illustrated import engine as engine_module
from avatar_app.engines.face.illustrated.characters import CHARACTERS
from avatar_app.engines.face.illustrated.engine import IllustratedFace

RATE = 16_000
SMALL = {"width": 160, "height": 120}
VOWELS = (MouthShape.AA, MouthShape.E, MouthShape.OH, MouthShape.IH)


@pytest.fixture(scope="module")
def face() -> IllustratedFace:
    return IllustratedFace(**SMALL)


def syllables(count: int, seed: int = 1) -> SpeechChunk:
    """Consonant and vowel in turn, the loudness swelling in the vowels, silence at both ends."""
    random = np.random.default_rng(seed)
    sound, visemes, at = [np.zeros(RATE // 5)], [Viseme(MouthShape.SIL, 0.0)], 0.2
    for k in range(count):
        closed, voiced = random.uniform(0.05, 0.09), random.uniform(0.11, 0.2)
        visemes.append(Viseme(MouthShape.PP if k % 2 else MouthShape.DD, at))
        visemes.append(Viseme(VOWELS[k % len(VOWELS)], at + closed))
        swell = np.sin(np.linspace(0, np.pi, round(voiced * RATE)))
        sound += [np.zeros(round(closed * RATE)), swell * random.uniform(0.5, 1.0)]
        at += closed + voiced
    visemes.append(Viseme(MouthShape.SIL, at))
    envelope = np.concatenate([*sound, np.zeros(RATE // 5)])
    wave = 0.5 * envelope * np.sin(np.arange(len(envelope)) * 2 * np.pi * 140 / RATE)
    return SpeechChunk(AudioChunk(wave.astype(np.float32), RATE), visemes=tuple(visemes))


def split(speech: SpeechChunk, seconds: float) -> Iterator[SpeechChunk]:
    step = round(seconds * RATE)
    for start in range(0, len(speech.audio.samples), step):
        audio = AudioChunk(speech.audio.samples[start : start + step], RATE, start)
        begin, end = start / RATE, start / RATE + step / RATE
        visemes = [Viseme(v.shape, v.at - begin) for v in speech.visemes if begin <= v.at < end]
        yield SpeechChunk(audio, visemes=tuple(visemes))


def performed(
    face: IllustratedFace, speech: SpeechChunk, after: VideoFrame | None = None
) -> list[VideoFrame]:
    return list(face.perform(iter([speech]), Turn(1), after))


def rested(
    face: IllustratedFace, look: FaceState, count: int, after: VideoFrame | None = None
) -> list[VideoFrame]:
    frames: list[VideoFrame] = []
    for _ in range(count):
        frames.append(face.rest(look, frames[-1] if frames else after))
    return frames


def openings(frames: list[VideoFrame]) -> np.ndarray:
    return np.array([frame.pose.mouth_open for frame in frames])


def largest_steps(frames: list[VideoFrame]) -> tuple[float, float]:
    """Of the mouth's parts, and of the picture's mean (0 to 255), from one frame to the next."""
    parts = max(
        max(abs(a - b) for a, b in zip(one.pose.mouth, two.pose.mouth, strict=True))
        for one, two in pairwise(frames)
    )
    pixels = max(
        float(np.abs(one.image.astype(int) - two.image.astype(int)).mean())
        for one, two in pairwise(frames)
    )
    return parts, pixels


def test_manifest_describes_the_engine(face: IllustratedFace) -> None:
    path = Path(engine_module.__file__).with_name("manifest.yaml")
    manifest = parse_manifest(yaml.safe_load(path.read_text()), str(path))
    assert (manifest.name, manifest.kind) == ("illustrated", Kind.FACE)
    options = {option.name: option for option in manifest.options}
    assert set(options["character"].values) == set(CHARACTERS)
    face.configure(**manifest.checked(SMALL))
    assert isinstance(face, Engine)


def test_mouth_is_closed_in_silence(face: IllustratedFace) -> None:
    speech = syllables(12)
    frames = performed(face, speech)
    quiet = [f for f in frames if f.at < 0.12 or f.at > speech.audio.seconds - 0.1]
    assert len(quiet) > 5
    assert openings(quiet).max() < 0.01
    assert openings(frames).max() > 0.6


def test_viseme_over_silence_keeps_the_mouth_closed(
    face: IllustratedFace,
) -> None:
    audio = AudioChunk(np.zeros(RATE, np.float32), RATE)
    frames = performed(face, SpeechChunk(audio, visemes=(Viseme(MouthShape.AA, 0.0),)))
    assert openings(frames).max() < 0.01


def test_frames_are_evenly_spaced_and_end_with_a_closed_mouth(face: IllustratedFace) -> None:
    speech = syllables(9)
    frames = performed(face, speech)
    assert [frame.at for frame in frames] == [i / 30 for i in range(len(frames))]
    assert speech.audio.seconds <= frames[-1].at + 1 / 30 <= speech.audio.seconds + 0.3
    assert frames[-1].pose.mouth_open < 0.01


def test_speech_cut_at_its_loudest_still_closes_the_mouth(face: IllustratedFace) -> None:
    audio = AudioChunk(np.sin(np.arange(RATE // 2) * 0.06).astype(np.float32), RATE)
    frames = performed(face, SpeechChunk(audio, visemes=(Viseme(MouthShape.AA, 0.0),)))
    assert openings(frames).max() > 0.8
    assert frames[-1].pose.mouth_open < 0.01


def test_empty_speech_has_no_frames(face: IllustratedFace) -> None:
    assert list(face.perform(iter([]), Turn(1))) == []


def test_frames_arrive_as_soon_as_their_speech(face: IllustratedFace) -> None:
    heard = 0.0

    def live() -> Iterator[SpeechChunk]:
        nonlocal heard
        for chunk in split(syllables(8), 0.02):
            heard = chunk.audio.start / RATE + chunk.audio.seconds
            yield chunk

    waits = [heard - frame.at for frame in face.perform(live(), Turn(1))]
    assert max(waits) <= 0.08 + 0.02 + 1e-6


def test_frames_are_independent_of_chunk_borders(face: IllustratedFace) -> None:
    speech = syllables(8)
    whole = performed(face, speech)
    for seconds in (0.013, 0.1, 0.29):
        parts = list(face.perform(split(speech, seconds), Turn(1)))
        assert len(parts) == len(whole)
        for one, other in zip(whole, parts, strict=True):
            assert one.pose.mouth == pytest.approx(other.pose.mouth, abs=1e-6)
            assert np.abs(one.image.astype(int) - other.image.astype(int)).max() <= 1


def test_mouth_is_synchronous_with_the_sound(face: IllustratedFace) -> None:
    speech = syllables(40, seed=3)
    frames = performed(face, speech)
    moments = np.array([frame.at for frame in frames])
    fine = np.arange(0, speech.audio.seconds, 0.005)
    mouth = np.interp(fine, moments, openings(frames))
    power = np.convolve(speech.audio.samples**2, np.ones(480) / 480, "same")
    sound = np.sqrt(np.interp(fine, np.arange(len(power)) / RATE, power))
    skews = [skew(mouth[i : i + 800], sound[i : i + 800]) for i in range(0, len(fine) - 800, 50)]
    assert abs(np.median(skews)) <= 0.015
    assert np.percentile(np.abs(skews), 99) <= 0.045


def skew(mouth: np.ndarray, sound: np.ndarray) -> float:
    """Seconds by which the mouth best matches the sound later than it is."""
    lags = range(-40, 41)
    shifted = (mouth[40 + lag : len(mouth) - 40 + lag] for lag in lags)
    scores = [np.corrcoef(part, sound[40:-40])[0, 1] for part in shifted]
    return lags[int(np.argmax(scores))] * 0.005


def test_motion_is_continuous_from_rest_through_speech_to_rest(face: IllustratedFace) -> None:
    frames = rested(face, FaceState.THINKING, 30)
    frames += performed(face, syllables(8), frames[-1])
    frames += rested(face, FaceState.IDLE, 30, frames[-1])
    parts, pixels = largest_steps(frames)
    assert parts < 0.9
    assert pixels < 4.0


def test_mouth_closes_smoothly_after_cancelled_speech(face: IllustratedFace) -> None:
    audio = AudioChunk(np.sin(np.arange(RATE) * 0.06).astype(np.float32), RATE)
    speech = SpeechChunk(audio, visemes=(Viseme(MouthShape.AA, 0.0),))
    frames = performed(face, speech)[:20]
    frames += rested(face, FaceState.LISTENING, 12, frames[-1])
    assert frames[19].pose.mouth_open > 0.8
    assert np.abs(np.diff(openings(frames[19:]))).max() < 0.4
    assert frames[-1].pose.mouth_open < 0.02
    again = performed(face, syllables(2), frames[19])
    assert abs(again[0].pose.mouth_open - frames[19].pose.mouth_open) < 0.3


def test_face_states_differ_and_are_reached_smoothly(face: IllustratedFace) -> None:
    frames = rested(face, FaceState.IDLE, 10)
    reached: dict[FaceState, Expression] = {}
    for look in (FaceState.LISTENING, FaceState.THINKING, FaceState.ASLEEP, FaceState.IDLE):
        frames += rested(face, look, 36, frames[-1])
        reached[look] = frames[-1].pose.expression
    assert largest_steps(frames)[1] < 5.0
    assert reached[FaceState.ASLEEP].lids < 0.05 < 0.9 < reached[FaceState.IDLE].lids
    assert reached[FaceState.THINKING].gaze_y > 0.4
    assert reached[FaceState.LISTENING].roll > 1.0


def test_nod_is_one_small_movement(face: IllustratedFace) -> None:
    frames = rested(face, FaceState.LISTENING, 5)
    frames += rested(face, FaceState.NODDING, 40, frames[-1])
    nods = [frame.pose.nod for frame in frames[5:]]
    assert nods[0] == 0.0
    assert all(b > a for a, b in pairwise(nods))


def test_idle_motion_moves_head_gaze_and_breath_slightly(face: IllustratedFace) -> None:
    poses = [frame.pose for frame in rested(face, FaceState.IDLE, 150)]
    spread = np.ptp([[*pose.expression] for pose in poses], axis=0)
    moved = Expression(*spread)
    assert 0.05 < moved.yaw < 0.8
    assert 0.3 < moved.roll < 4.0
    assert 0.01 < moved.gaze_x < 1.0


def test_idle_frames_are_deterministic(face: IllustratedFace) -> None:
    one, other = (rested(face, FaceState.IDLE, 4)[-1] for _ in range(2))
    assert np.array_equal(one.image, other.image)


@pytest.mark.parametrize(
    ("width", "height"), [(64, 64), (65, 333), (641, 77), (360, 640), (640, 640), (1280, 720)]
)
def test_face_renders_at_any_size(width: int, height: int) -> None:
    face = IllustratedFace(width=width, height=height)
    image = face.rest(FaceState.IDLE).image
    assert image.shape == (height, width, 3)
    assert image.dtype == np.uint8
    assert image.flags.c_contiguous


def test_cancelled_turn_stops_the_animation(face: IllustratedFace) -> None:
    turn = Turn(1)
    frames = face.perform(iter([syllables(10)]), turn)
    next(frames)
    turn.cancel()
    with pytest.raises(TurnCancelled):
        next(frames)


def test_a_running_performance_keeps_its_size_when_configured() -> None:
    face = IllustratedFace(**SMALL)
    frames = face.perform(iter([syllables(3)]), Turn(1))
    face.configure(width=96, character="theo")
    assert next(frames).image.shape == (120, 160, 3)
    assert face.rest(FaceState.IDLE).image.shape == (120, 96, 3)


def test_poses_can_be_pickled(face: IllustratedFace) -> None:
    frame = performed(face, syllables(2))[5]
    assert pickle.loads(pickle.dumps(frame.pose)) == frame.pose


def test_frame_of_another_face_is_ignored(face: IllustratedFace) -> None:
    foreign = VideoFrame(np.zeros((4, 4, 3), np.uint8), 0.0, pose="whatever")
    assert face.rest(FaceState.IDLE, foreign).image.shape == (120, 160, 3)


def test_idle_frames_and_animation_do_not_affect_each_other(face: IllustratedFace) -> None:
    speech = syllables(6)
    alone = [frame.image for frame in performed(face, speech)]
    stop = threading.Event()
    rests: list[VideoFrame] = []

    def rest() -> None:
        while not stop.is_set():
            rests.append(face.rest(FaceState.ASLEEP, rests[-1] if rests else None))

    thread = threading.Thread(target=rest)
    thread.start()
    concurrent = [frame.image for frame in performed(face, speech)]
    stop.set()
    thread.join()
    assert len(rests) > 1
    assert all(np.array_equal(a, b) for a, b in zip(alone, concurrent, strict=True))


def test_calm_face_is_drawn_in_larger_steps_than_a_blink() -> None:
    face = IllustratedFace(width=64, height=64, fps=30.0, rest_fps=12.5)
    frames = rested(face, FaceState.IDLE, 200)
    steps = np.diff([frame.at for frame in frames])
    blinking = np.array([frame.pose.blink > 0 for frame in frames[1:]])
    assert set(np.round(steps, 4)) == {round(1 / 30, 4), 0.08}
    assert blinking.any()
    assert np.all(steps[blinking] < 0.04)
    assert 12.5 <= len(steps) / steps.sum() <= 16
    assert np.all(np.diff([frame.at for frame in rested(face, FaceState.THINKING, 4)]) < 0.04)


@pytest.mark.parametrize(
    ("seconds", "fps"), [(0.001, 12.0), (0.008, 10.0), (0.1, LEAST_FPS), (0.0, 12.0)]
)
def test_calm_face_is_drawn_less_often_where_that_takes_long(seconds: float, fps: float) -> None:
    pictures = itertools.count()
    pace = RestPace(lambda: seconds * next(pictures))
    assert pace.fps(12.0) == 12.0
    for _ in range(3):
        with pace.measured():
            pass
    assert pace.fps(12.0) == pytest.approx(fps)


def test_a_slow_face_takes_larger_steps_while_it_is_calm() -> None:
    face, looks = IllustratedFace(width=64, height=64, fps=30.0, rest_fps=12.5), itertools.count()
    face._rest_pace = RestPace(lambda: next(looks) / 10)
    steps = np.diff([frame.at for frame in rested(face, FaceState.IDLE, 60)])
    assert steps.max() == pytest.approx(1 / LEAST_FPS)
    even = IllustratedFace(width=64, height=64, fps=30.0, rest_fps=30.0)
    even._rest_pace = face._rest_pace
    assert np.diff([frame.at for frame in rested(even, FaceState.IDLE, 9)]).max() < 0.04


def test_painting_is_a_function_of_the_pose(face: IllustratedFace) -> None:
    """Eyes and mouth are painted anew only where they moved; from whatever was painted before."""
    frames = rested(face, FaceState.IDLE, 8) + rested(face, FaceState.THINKING, 8)
    other = IllustratedFace(**SMALL)._opened()
    for frame in reversed(frames):
        assert np.array_equal(other.paint(frame.pose), frame.image)


def test_a_plain_background_has_one_color_and_the_figure_fills_the_bottom() -> None:
    green = IllustratedFace(background="green", zoom=0.6, width=320, height=180)
    picture = green.rest(FaceState.IDLE).image
    assert np.ptp(picture[:40, :60].reshape(-1, 3), axis=0).max() == 0
    assert not (picture[-1, 150:170] == picture[0, 0]).all(axis=-1).any()
