"""LivePortrait on networks whose answer is known: the face moves as it was told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
import pytest
import yaml
from live_portrait_models import HELD, LOWERED, RATIO, YAW, canonical, write_live_portrait

from avatar_app.core.engines import Engine
from avatar_app.core.errors import (
    AvatarError,
    DeviceUnavailable,
    EngineFailed,
    InputInvalid,
    ModelMissing,
)
from avatar_app.core.generation import AnimateRequest, FaceMotion
from avatar_app.core.jobs import Job, JobCancelled
from avatar_app.core.manifest import Kind, parse_manifest
from avatar_app.core.values import VideoFrame
from avatar_app.engines.animate.live_portrait import engine as engine_module
from avatar_app.engines.animate.live_portrait.engine import LivePortraitAnimator
from avatar_app.engines.face_detection.detector import FaceDetector
from avatar_app.engines.live_portrait.crop import Paster, crop_of, find_crop
from avatar_app.engines.live_portrait.keypoints import (
    Keypoints,
    degrees_of,
    rotation_of,
)
from avatar_app.engines.live_portrait.motion import followed, moved

ASTRONAUT = Path(__file__).parents[1] / "data" / "faces" / "astronaut.png"


@pytest.fixture(scope="module")
def portrait() -> np.ndarray:
    return np.ascontiguousarray(cv2.imread(str(ASTRONAUT))[..., ::-1])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_live_portrait(tmp_path_factory.mktemp("live") / "whole")


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_live_portrait(tmp_path_factory.mktemp("live") / "bare", helpful=False)


@pytest.fixture(scope="module")
def animator(folder: Path) -> Iterator[LivePortraitAnimator]:
    animator = LivePortraitAnimator(model=str(folder), threads=1)
    yield animator
    animator.close()


def animated(
    animator: LivePortraitAnimator, request: AnimateRequest, job: Job[Any] | None = None
) -> list[VideoFrame]:
    return list(animator.animate(request, job or Job("", lambda _job: None)))


def way(before: np.ndarray, after: np.ndarray, portrait: np.ndarray) -> tuple[float, float]:
    """How far the middle of the face has moved, in the crop's space of 2, by phase correlation."""
    place = find_crop(portrait, FaceDetector()).place
    crops = [cv2.warpAffine(frame, place, (512, 512))[96:-96, 96:-96] for frame in (before, after)]
    grays = [cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY).astype(np.float32) for crop in crops]
    window = cv2.createHanningWindow(grays[0].shape[::-1], cv2.CV_32F)
    (x, y), _ = cv2.phaseCorrelate(*grays, window)
    return x / 256, y / 256


def test_manifest_describes_the_engine(animator: LivePortraitAnimator) -> None:
    path = Path(engine_module.__file__).with_name("manifest.yaml")
    manifest = parse_manifest(yaml.safe_load(path.read_text()), str(path))
    assert (manifest.name, manifest.kind) == ("live_portrait", Kind("animate"))
    assert isinstance(animator, Engine)
    with pytest.raises(ModelMissing, match="No folder of LivePortrait's networks"):
        LivePortraitAnimator(**manifest.defaults())


def test_head_turns_as_far_and_whither_it_was_told(bare: Path, portrait: np.ndarray) -> None:
    """The points' middle lies 0.4 before the axis, so turning by an angle moves it by its sine."""
    animator = LivePortraitAnimator(model=str(bare), threads=1)
    motion = (FaceMotion(), FaceMotion(yaw=12), FaceMotion(pitch=10), FaceMotion(shift_x=0.1))
    still, turned, lifted, shifted = (
        frame.image for frame in animated(animator, AnimateRequest(portrait, motion))
    )
    seen = animator._opened().motion(find_crop(portrait, FaceDetector()).cut(portrait))
    right, down = way(still, turned, portrait)
    there, here = np.radians(seen.yaw - 12), np.radians(seen.yaw)
    assert right == pytest.approx(1.2 * 0.4 * (np.sin(there) - np.sin(here)), abs=0.012)
    assert down == pytest.approx(0, abs=0.01)
    right, down = way(still, lifted, portrait)
    assert down == pytest.approx(-1.2 * 0.4 * np.sin(np.radians(10)) * np.cos(here), abs=0.012)
    width = find_crop(portrait, FaceDetector()).size[0]
    assert way(still, shifted, portrait)[0] == pytest.approx(0.1 * width, abs=0.012)


def test_stitching_blinks_and_lips_go_through_their_networks(
    animator: LivePortraitAnimator, bare: Path, portrait: np.ndarray
) -> None:
    motion = (FaceMotion(), FaceMotion(shift_y=0.2), FaceMotion(blink=1), FaceMotion(mouth_open=1))
    still, shifted, blinking, speaking = (
        frame.image for frame in animated(animator, AnimateRequest(portrait, motion))
    )
    crop = find_crop(portrait, FaceDetector())
    kept = 1 - HELD
    assert way(still, shifted, portrait)[1] == pytest.approx(kept * 0.2 * crop.size[1], abs=0.012)
    closing = -RATIO * sum(crop.eyes) / 2
    assert way(still, blinking, portrait)[1] == pytest.approx(kept * closing, abs=0.012)
    opening = RATIO * (0.5 - crop.lips)
    assert way(still, speaking, portrait)[1] == pytest.approx(kept * opening, abs=0.012)


def test_clip_moves_the_portrait_relative_to_its_first_frame(
    bare: Path, portrait: np.ndarray
) -> None:
    animator = LivePortraitAnimator(model=str(bare), threads=1)
    redder = portrait.astype(int) + np.array([40, 0, 0])
    clip = (portrait, portrait, np.clip(redder, 0, 255).astype(np.uint8))
    frames = [f.image for f in animated(animator, AnimateRequest(portrait, driving=clip, fps=10))]
    assert np.array_equal(frames[0], frames[1])
    networks = animator._opened()
    driving = find_crop(portrait, FaceDetector(), is_driving=True)
    first, last = (networks.motion(driving.cut(frame)) for frame in (clip[0], clip[2]))
    assert last.yaw > first.yaw + 3
    own = networks.motion(find_crop(portrait, FaceDetector()).cut(portrait))
    here, there = np.radians(own.yaw), np.radians(own.yaw + last.yaw - first.yaw)
    right, _ = way(frames[0], frames[2], portrait)
    assert right == pytest.approx(1.2 * 0.4 * (np.sin(there) - np.sin(here)), abs=0.012)


def test_frames_come_in_time_and_only_the_face_changes(
    animator: LivePortraitAnimator, portrait: np.ndarray
) -> None:
    request = AnimateRequest(portrait, (FaceMotion(), FaceMotion(yaw=8, smile=1, brows=1)), fps=20)
    frames = animated(animator, request)
    assert [frame.at for frame in frames] == [0, 1 / 20]
    crop = find_crop(portrait, FaceDetector())
    for frame in frames:
        assert frame.image.shape == portrait.shape
        inside = cv2.warpAffine(
            np.full((512, 512), 255, np.uint8),
            cv2.invertAffineTransform(crop.place),
            portrait.shape[1::-1],
        )
        assert np.array_equal(frame.image[inside == 0], portrait[inside == 0])


def test_pasted_face_leaves_no_seam(animator: LivePortraitAnimator, portrait: np.ndarray) -> None:
    """Along the crop's border the picture changes from pixel to pixel as it did before."""
    frame = animated(animator, AnimateRequest(portrait, (FaceMotion(yaw=6),)))[0].image
    place = find_crop(portrait, FaceDetector()).place

    def edge(picture: np.ndarray) -> float:
        crop = cv2.warpAffine(picture, place, (560, 560), flags=cv2.INTER_LINEAR).astype(float)
        rows = np.abs(np.diff(crop[500:520, 60:450], axis=0)).mean()
        columns = np.abs(np.diff(crop[60:450, 500:520], axis=1)).mean()
        return float(max(rows, columns))

    assert edge(frame) < 1.15 * edge(portrait)


def test_paster_returns_what_was_cut(portrait: np.ndarray) -> None:
    crop = find_crop(portrait, FaceDetector())
    large = cv2.warpAffine(portrait, crop.place, (512, 512))
    again = Paster(portrait, crop).paste(large)
    assert np.abs(again.astype(int) - portrait).mean() < 1.5


def test_crop_turns_with_the_head(portrait: np.ndarray) -> None:
    detector = FaceDetector()
    mesh = detector.mesh(portrait, detector.faces(portrait)[0])[0][:, :2].astype(float)
    turn = cv2.getRotationMatrix2D((200.0, 200.0), -25, 1.0)
    turned = mesh @ turn[:, :2].T + turn[:, 2]
    upright, tilted = (crop_of(points, 2.3, 0.125) for points in (mesh, turned))
    along = upright.place @ np.append(mesh[1], 1)
    assert tilted.place @ np.append(turned[1], 1) == pytest.approx(along, abs=0.5)
    assert tilted.size == pytest.approx(upright.size)
    assert 0.1 < upright.eyes[0] < 0.6
    assert 0.0 <= upright.lips < 0.5


def test_angles_are_those_of_the_scores() -> None:
    assert degrees_of(np.array([[7.5]], np.float32)) == 7.5
    scores = np.full((1, 66), -50, np.float32)
    scores[0, 40] = 50
    assert degrees_of(scores) == pytest.approx(40 * 3 - 97.5)
    about_z = rotation_of(0, 0, 90)
    assert np.array([[1, 0, 0]]) @ about_z == pytest.approx(np.array([[0, 1, 0]]), abs=1e-6)
    about_y = rotation_of(0, 90, 0)
    assert np.array([[0, 0, 1]]) @ about_y == pytest.approx(np.array([[1, 0, 0]]), abs=1e-6)


def test_expressions_move_their_own_points_only() -> None:
    nothing = np.zeros((21, 3), np.float32)
    source = Keypoints(canonical(), nothing, 0, 0, 0, 1.0, np.zeros(2, np.float32))
    for motion, points in (
        (FaceMotion(gaze_x=1), {11, 15}),
        (FaceMotion(gaze_x=-1), {11, 15}),
        (FaceMotion(gaze_y=1), {11, 13, 15, 16}),
        (FaceMotion(brows=1), {1, 2}),
        (FaceMotion(brows=-1), {1, 2}),
        (FaceMotion(smile=1), {3, 7, 13, 14, 16, 17, 20}),
        (FaceMotion(mouth_width=1), {14, 20}),
        (FaceMotion(mouth_width=-1), {3, 7, 14, 17}),
    ):
        delta = moved(source, motion, (1, 1)).expression
        assert set(np.flatnonzero(np.abs(delta).sum(axis=1)).tolist()) == points
    same = followed(source, source, source)
    assert same == pytest.approx(source.placed(), abs=1e-6)
    assert YAW > LOWERED


def test_job_tells_progress_and_stops_within_a_frame(
    animator: LivePortraitAnimator, portrait: np.ndarray
) -> None:
    request = AnimateRequest(portrait, tuple(FaceMotion(yaw=i) for i in range(5)))
    seen: list[float] = []
    job: Job[Any] = Job("", lambda _job: None)
    job.when_progressed(lambda progress: seen.append(progress.fraction))
    assert len(animated(animator, request, job)) == 5
    assert seen == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])
    stopped: Job[Any] = Job("", lambda _job: None)
    frames = animator.animate(request, stopped)
    next(frames)
    stopped.cancel()
    with pytest.raises(JobCancelled):
        next(frames)
    assert len(animated(animator, request)) == 5


def test_strength_weakens_the_motion(bare: Path, portrait: np.ndarray) -> None:
    animator = LivePortraitAnimator(model=str(bare), threads=1)
    request = AnimateRequest(portrait, (FaceMotion(), FaceMotion(shift_x=0.2)))
    still, whole = (frame.image for frame in animated(animator, request))
    animator.configure(strength=0.5)
    half = animated(animator, request)[1].image
    ways = [way(still, image, portrait)[0] for image in (whole, half)]
    assert ways[1] == pytest.approx(ways[0] / 2, abs=0.012)


def _other_network(folder: Path) -> None:
    (folder / "stitching.onnx").write_bytes((folder / "stitching_eye.onnx").read_bytes())


@pytest.mark.parametrize(
    ("spoil", "error", "message"),
    [
        (lambda f: (f / "warping_spade.onnx").unlink(), ModelMissing, "files are missing"),
        (
            lambda f: (f / "motion_extractor.onnx").write_bytes(b"\x00" * 99),
            InputInvalid,
            "motion_extractor.onnx is damaged",
        ),
        (_other_network, EngineFailed, "LivePortrait failed"),
    ],
)
def test_missing_and_damaged_files_are_said(
    spoil: Any, error: type[AvatarError], message: str, tmp_path: Path, portrait: np.ndarray
) -> None:
    folder = write_live_portrait(tmp_path / "live")
    spoil(folder)
    with pytest.raises(error, match=message) as caught:
        animated(
            LivePortraitAnimator(model=str(folder), threads=1),
            AnimateRequest(portrait, (FaceMotion(yaw=3),)),
        )
    assert caught.value.hint


def test_portrait_without_a_face_and_a_device_that_is_not_there_are_said(
    animator: LivePortraitAnimator, folder: Path
) -> None:
    empty = np.full((300, 300, 3), 90, np.uint8)
    with pytest.raises(InputInvalid, match="no face in the portrait"):
        animated(animator, AnimateRequest(empty, (FaceMotion(),)))
    with pytest.raises(DeviceUnavailable, match="cannot compute on coreml"):
        LivePortraitAnimator(model=str(folder), device="coreml")
    assert onnx.load(str(folder / "warping_spade.onnx")).opset_import[0].version == 20
