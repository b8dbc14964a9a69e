"""Enhanced mouths: only the mouth's pixels change, and by what the enhancer changed."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from gfpgan_parts import write_network

from avatar_app.core.engines import Enhancer
from avatar_app.core.manifest import Kind
from avatar_app.core.values import ALIGNED_FACE, Image, VideoFrame
from avatar_app.engines.face.photo.placeholder import placeholder
from avatar_app.engines.face.portrait.framing import Framed, framed
from avatar_app.render.enhancement import MouthPlace, enhanced, placement
from avatar_app.runtime.engine_set import create_engine
from avatar_app.runtime.loading import load_engines
from avatar_app.runtime.registry import Registry
from avatar_app.settings.loading import load_settings

SIZE = (640, 360)


@pytest.fixture(scope="module")
def still() -> Framed:
    return framed(placeholder(), *SIZE)


class Scripted:
    """An enhancer that keeps what it saw and shows what it is told."""

    def __init__(self, change: int = 60) -> None:
        self.change = change
        self.seen: list[Image] = []

    def configure(self, **_: object) -> None: ...

    def close(self) -> None: ...

    def enhance(self, face: Image) -> Image:
        self.seen.append(face)
        return np.clip(face.astype(int) + self.change, 0, 255).astype(np.uint8)


def gfpgan(path: Path, **options: object) -> Enhancer:
    registry = Registry()
    manifest = registry.find(Kind.ENHANCE, "gfpgan")
    engine: Enhancer = create_engine(registry, manifest, {"model": str(path), **options})
    return engine


def test_pixels_outside_the_mouth_are_identical(still: Framed) -> None:
    noise = np.random.default_rng(1).integers(0, 196, still.picture.shape, np.uint8)
    before = noise.copy()
    after = MouthPlace(still.marks, SIZE).enhanced(noise, Scripted())
    assert np.array_equal(noise, before)
    changed = (after != noise).any(axis=-1)
    rows, columns = np.flatnonzero(changed.any(axis=1)), np.flatnonzero(changed.any(axis=0))
    lips = np.concatenate([still.marks["lips_outer_upper"], still.marks["lips_outer_lower"]])
    (left, top), (right, bottom) = lips.min(axis=0), lips.max(axis=0)
    wide = right - left
    assert left - wide / 2 < columns[0] < left < right < columns[-1] < right + wide / 2
    assert still.marks["nose_bridge"][-1, 1] - 2 < rows[0] < top < bottom < rows[-1]
    inside = changed[int(top) + 1 : int(bottom), int(left) + 1 : int(right)]
    assert inside.all()


def test_the_lips_are_wholly_enhanced_and_the_rest_fades_without_a_step(still: Framed) -> None:
    gray = np.full_like(still.picture, 100)
    change = MouthPlace(still.marks, SIZE).enhanced(gray, Scripted(60)).astype(int) - 100
    for name in ("lips_outer_upper", "lips_outer_lower"):
        for x, y in np.rint(still.marks[name]).astype(int):
            assert (change[y, x] >= 57).all()
    assert change.max() == 60
    assert change.min() == 0
    steps = [np.abs(np.diff(change[..., 0], axis=axis)).max() for axis in (0, 1)]
    assert max(steps) <= 8


def test_identity_enhancer_leaves_frames_unchanged(still: Framed, tmp_path: Path) -> None:
    place = MouthPlace(still.marks, SIZE)
    same = gfpgan(write_network(tmp_path / "same.onnx", "Identity"))
    assert np.array_equal(place.enhanced(still.picture, same), still.picture)
    none = create_engine(Registry(), Registry().find(Kind.ENHANCE, "none"), {})
    assert place.enhanced(still.picture, none) is still.picture


def test_the_network_sees_the_face_as_in_ffhq(still: Framed) -> None:
    enhancer = Scripted()
    MouthPlace(still.marks, SIZE).enhanced(still.picture, enhancer)
    (seen,) = enhancer.seen
    assert seen.shape == (ALIGNED_FACE, ALIGNED_FACE, 3)
    marks = still.marks
    lips = marks["lips_outer_upper"]
    eyes = [
        np.concatenate([marks[f"{side}_eye_{lid}"] for lid in ("upper", "lower")]).mean(axis=0)
        for side in ("right", "left")
    ]
    place = placement(np.array([*eyes, marks["nose_bridge"][-1], lips[0], lips[-1]]))
    again = cv2.warpAffine(still.picture, place, (512, 512), borderValue=(132, 133, 135))
    assert np.array_equal(seen, again)
    x, y = (place[:, :2] @ lips.mean(axis=0) + place[:, 2]).tolist()
    assert x == pytest.approx(257, abs=12)
    assert y == pytest.approx(371, abs=40)


@pytest.mark.parametrize("degrees", [0, 25, -40])
def test_alignment_undoes_turn_scale_and_shift(degrees: int) -> None:
    template = [[192.98138, 239.94708], [318.90277, 240.1936], [256.63416, 314.01935]]
    template += [[201.26117, 371.41043], [313.08905, 371.15118]]
    moving = cv2.getRotationMatrix2D((300, 200), degrees, 0.45)
    moving[:, 2] += [40, -25]
    moved = np.array(template) @ moving[:, :2].T + moving[:, 2]
    again = moved @ placement(moved)[:, :2].T + placement(moved)[:, 2]
    assert np.allclose(again, template, atol=1e-6)


def test_frames_are_enhanced_one_by_one(still: Framed, tmp_path: Path) -> None:
    """Frames keep their times and poses, and sizes may differ."""
    avatar = placeholder()
    brighter = gfpgan(
        write_network(tmp_path / "brighter.onnx", "Add", np.float32(30 / 127.5)), strength=1.0
    )
    small = framed(avatar, 320, 180).picture
    frames = [VideoFrame(still.picture, 0.0, "a pose"), VideoFrame(small, 0.04)]
    films = list(enhanced(frames, brighter, avatar))
    assert [(each.at, each.pose) for each in films] == [(0.0, "a pose"), (0.04, None)]
    for frame, film in zip(frames, films, strict=True):
        gained = film.image.astype(int) - frame.image
        assert film.image.dtype == np.uint8
        assert gained.min() >= 0
        assert 28 <= gained.max() <= 31
        assert 0.005 < (gained > 0).any(axis=-1).mean() < 0.1


def test_face_outside_the_picture_is_not_enhanced(still: Framed) -> None:
    away = {name: points + np.float32(5000) for name, points in still.marks.items()}
    picture = MouthPlace(away, SIZE).enhanced(still.picture, Scripted())
    assert np.array_equal(picture, still.picture)


def test_face_at_the_edge_is_enhanced_where_visible(still: Framed) -> None:
    lips = still.marks["lips_outer_upper"]
    shift = np.array([-lips[5, 0], 0], np.float32)
    edge = {name: points + shift for name, points in still.marks.items()}
    gray = np.full_like(still.picture, 100)
    changed = (MouthPlace(edge, SIZE).enhanced(gray, Scripted()) != gray).any(axis=-1)
    assert changed[:, 0].any()
    assert not changed[:, SIZE[0] // 2 :].any()


def test_conversations_do_not_load_the_enhancer(tmp_path: Path) -> None:
    missing = {
        "face_enhancement.engine": "gfpgan",
        "face_enhancement.options.model": str(tmp_path / "none.onnx"),
    }
    light = {"vad.engine": "webrtc", "audio.aec.engine": "none"}
    settings, _ = load_settings(environ={}, overrides=light | missing)
    notices: list[object] = []
    engine_set = load_engines(settings, Registry(), notices.append)
    try:
        assert notices == []
        assert Kind.ENHANCE not in engine_set.engines
        engine_set.put_or_builtin(Kind.ENHANCE, settings.face_enhancement, notices.append)
        assert engine_set.manifests[Kind.ENHANCE].name == "none"
        assert len(notices) == 1
    finally:
        engine_set.close()
