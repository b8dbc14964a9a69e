"""Idle loops under both faces: they play on through rest and speech, and no seam shows."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import cv2
import moving
import numpy as np
import pytest
import wav2lip_parts

from avatar_app.avatars.library import AvatarLibrary
from avatar_app.core.turn import Turn
from avatar_app.core.values import AudioChunk, FaceState, SpeechChunk, VideoFrame
from avatar_app.engines.face.animation.pose import Mouth, Pose
from avatar_app.engines.face.lips.blend import _part, blend_into, tint
from avatar_app.engines.face.lips.scenes import LoopScene, StillScene
from avatar_app.engines.face.lips.views import Views, views_of
from avatar_app.engines.face.photo.engine import PhotoFace
from avatar_app.engines.face.photo.loop import LoopScene as PhotoLoop
from avatar_app.engines.face.photo.loop import similarity
from avatar_app.engines.face.portrait.avatar import load_avatar
from avatar_app.engines.face.portrait.reel import Reel
from avatar_app.engines.face.wav2lip import lips as lips_module
from avatar_app.engines.face.wav2lip.engine import Wav2LipFace
from avatar_app.engines.face.wav2lip.lips import LipPainter
from avatar_app.engines.face.wav2lip.runtime import Choice, Runtime

SIZE = {"width": 320, "height": 240}
CHOICE = Choice(Runtime.ONNXRUNTIME)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> AvatarLibrary:
    """ada, from a photo, and bea, from a clip of her."""
    root = tmp_path_factory.mktemp("loops")
    library = AvatarLibrary(root / "avatars")
    ada = moving.astronaut(library)
    clip = moving.write_clip(root / "a.mp4", moving.frames(ada, moving.swaying, 2.2))
    moving.made(clip, library, "bea")
    return library


@pytest.fixture(scope="module")
def face(library: AvatarLibrary, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Wav2LipFace]:
    model = tmp_path_factory.mktemp("model") / "model"
    wav2lip_parts.write_safetensors(model, wav2lip_parts.random_state())
    face = Wav2LipFace(
        avatar=str(library.folder("bea")), model=str(model), runtime="onnxruntime", fps=15, **SIZE
    )
    yield face
    face.close()
    gc.collect()


@pytest.fixture(scope="module")
def views(library: AvatarLibrary) -> Views:
    return views_of(load_avatar(library.folder("bea")))


def speech(seconds: float = 0.7) -> SpeechChunk:
    sound = wav2lip_parts.golden()["wav_16k"][8_000 : 8_000 + round(16_000 * seconds)]
    return SpeechChunk(AudioChunk((sound / 32768).astype(np.float32), 16_000))


def lived_through(face: Wav2LipFace | PhotoFace) -> list[VideoFrame]:
    """Rest, speech, rest."""
    frames = [face.rest(FaceState.IDLE)]
    for _ in range(5):
        frames.append(face.rest(FaceState.LISTENING, frames[-1]))
    frames += face.perform(iter([speech()]), Turn(1), frames[-1])
    for _ in range(20):
        frames.append(face.rest(FaceState.IDLE, frames[-1]))
    return frames


def test_idle_loop_continues_through_rest_and_speech(face: Wav2LipFace) -> None:
    scene = face._opened().scene
    assert isinstance(scene, LoopScene)
    frames, count = lived_through(face), len(scene.reel)
    shown = [scene.reel.idle.frame_at(frame.pose.clock) for frame in frames]
    assert shown == [(k + 1) % count for k in range(len(frames))]
    assert len(frames) > count
    assert max(frame.pose.share for frame in frames) == 1.0
    for frame, index in zip(frames, shown, strict=True):
        apart = (frame.image != scene.reel.picture(index)).any(axis=2)
        part = _part(frame.image, scene.reel.box(index), face._opened().painter.region)
        painted = np.zeros_like(apart)
        shown = part.enlarged(scene._masks[index], cv2.BORDER_CONSTANT)
        painted[part.rows, part.columns] = shown > 0
        assert apart.any() == (frame.pose.share > 0)
        assert not (apart & ~painted).any()


def test_mirrored_loop_reverses_without_jumps(library: AvatarLibrary) -> None:
    idle = load_avatar(library.folder("bea")).idle
    assert idle is not None
    mirrored = replace(idle, mirrored=True)
    shown = [mirrored.frame_at(k / idle.fps) for k in range(200)]
    assert set(shown) == set(range(len(idle)))
    assert set(np.abs(np.diff(shown)).tolist()) == {1}
    assert mirrored.frame_at(mirrored.seconds) == 0


def test_batch_paints_each_loop_frame_on_its_own_face(views: Views) -> None:
    state = wav2lip_parts.random_state()
    mels = wav2lip_parts.golden()["mel_windows"][:3]
    chosen = [0, 1, 2]
    faces = views.faces[[1, 9, 17]]
    loop = LipPainter(state, faces, views.region, CHOICE, batch=4)
    together = loop.paint(mels, chosen)
    for k, index in enumerate(chosen[1:], start=1):
        alone = LipPainter(state, faces[index], views.region, CHOICE)
        exact = alone.paint(mels[k : k + 1])[0]
        assert np.abs(together[k] - exact).max() < 1 / 255
    other = loop.paint(mels, [1, 1, 1])
    assert np.abs(other[0] - together[0]).max() > 1 / 255


def test_face_skip_connections_stay_within_their_memory_limit(
    views: Views, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = wav2lip_parts.random_state()
    monkeypatch.setattr(lips_module, "_SKIP_BYTES", 5_000_000)
    painter = LipPainter(state, views.faces[:7], views.region, CHOICE)
    assert 2_000_000 < painter.skip_bytes <= 5_000_000
    last = 6
    assert painter.paint(wav2lip_parts.golden()["mel_windows"][:1], [last]).shape[0] == 1


def test_reel_stays_within_its_memory_limit(
    library: AvatarLibrary, monkeypatch: pytest.MonkeyPatch
) -> None:
    avatar = load_avatar(library.folder("bea"))
    assert avatar.idle is not None
    whole = Reel(avatar, avatar.idle, 321, 241)
    monkeypatch.setattr("avatar_app.engines.face.portrait.reel.BYTES", whole.nbytes // 2)
    small = Reel(avatar, avatar.idle, 321, 241)
    assert small.nbytes <= whole.nbytes * 0.52
    one, other = whole.picture(3), small.picture(3)
    assert one.shape == other.shape == (241, 321, 3)
    assert np.abs(one.astype(int) - other).mean() < 3


def gradient(picture: np.ndarray) -> np.ndarray:
    gray = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
    return np.asarray(
        np.hypot(cv2.Sobel(gray, cv2.CV_32F, 1, 0), cv2.Sobel(gray, cv2.CV_32F, 0, 1))
    )


@pytest.mark.parametrize(
    ("name", "skin"), [("ada", (1.0, 1.0, 1.0)), ("ada", (0.45, 0.36, 0.30)), ("bea", (1.0,) * 3)]
)
def test_lips_of_another_color_show_no_seam(
    library: AvatarLibrary, name: str, skin: tuple[float, float, float]
) -> None:
    """The network paints a face a little bluer and darker: matched, its border is the photo's,
    whether light or dark (`skin` is what is left of red, green and blue)."""
    avatar = load_avatar(library.folder(name))
    avatar = replace(avatar, portrait=(avatar.portrait * np.array(skin)).astype(np.uint8))
    views = views_of(avatar)
    region, mask = views.region, views.masks[0]
    part = slice(region.top, region.bottom), slice(region.left, region.right)
    painted = views.faces[0][part].astype(np.float32) / 255 + np.array([-0.06, -0.05, 0.02])
    shift = tint(painted, views.faces[0], mask, region)
    assert shift == pytest.approx([0.06, 0.05, -0.02], abs=0.01)
    if avatar.idle is None:
        scene = StillScene(avatar, (640, 480), mask, region)
        before, box = scene._still, scene._box
    else:
        reel = Reel(avatar, avatar.idle, 640, 480)
        before, box = reel.picture(0), reel.box(0)
    seams, shades = [], []
    for added in (shift, 0.0):
        after = before.copy()
        patch = np.rint(np.clip(painted + added, 0, 1) * 255).astype(np.uint8)
        blend_into(after, box, mask[part], region, patch)
        weight = np.zeros(before.shape, np.uint8)
        white = np.full_like(patch, 255)
        blend_into(weight, box, mask[part], region, white)
        border = (weight[..., 0] > 2) & (weight[..., 0] < 250)
        assert np.array_equal(after[weight[..., 0] == 0], before[weight[..., 0] == 0])
        edges = gradient(after)[border].mean() / gradient(before)[border].mean()
        seams.append(edges)
        shades.append(np.abs((after[border].astype(float) - before[border]).mean(axis=0)).max())
    assert seams[0] <= 1.0
    assert shades[0] < 1.0 < 3.0 < shades[1]


def test_lip_border_does_not_flicker_in_the_loop(library: AvatarLibrary, views: Views) -> None:
    """Lips that are the face's own leave hardly a trace, and the same one in each frame."""
    avatar = load_avatar(library.folder("bea"))
    assert avatar.idle is not None
    reel, region = Reel(avatar, avatar.idle, 640, 480), views.region
    part = slice(region.top, region.bottom), slice(region.left, region.right)
    traces = []
    for index in range(len(reel)):
        before = reel.picture(index)
        after, weight = before.copy(), np.zeros_like(before)
        box, mask = reel.box(index), views.masks[index][part]
        blend_into(after, box, mask, region, np.ascontiguousarray(views.faces[index][part]))
        blend_into(weight, box, mask, region, np.full((*region.shape, 3), 255, np.uint8))
        border = (weight[..., 0] > 2) & (weight[..., 0] < 128)
        apart = after.astype(float) - before
        assert np.abs(apart[border]).mean() < 1.5
        traces.append(apart[border].mean(axis=0))
    assert np.abs(traces).max() < 1.0
    assert np.abs(np.diff(traces, axis=0)).max() < 0.5


def test_photo_face_moves_only_the_lips_in_the_loop(library: AvatarLibrary) -> None:
    scene = PhotoLoop(load_avatar(library.folder("bea")), 480, 360)
    idle = scene.reel.idle
    for index in (0, 7, 12, 20):
        clock, still = index / idle.fps, scene.reel.picture(index)
        assert np.array_equal(scene.paint(Pose(clock=clock)), still)
        wide = Pose(clock=clock, mouth=Mouth(opening=0.8, jaw=0.7), engagement=1.0)
        change = np.abs(scene.paint(wide).astype(int) - still).max(axis=2)
        marks = scene.reel.marks(index)
        x, y = marks["lips_inner_lower"][5]
        assert change[round(float(y)) : round(float(y)) + 6, round(float(x))].max() > 40
        eyes = marks["left_eye_lower"][:, 1].max()
        assert change[: round(float(eyes))].max() == 0
        faint = Pose(clock=clock, engagement=0.02)
        assert np.abs(scene.paint(faint).astype(int) - still).mean() < 1


def test_photo_face_with_a_loop_animates_smoothly(library: AvatarLibrary) -> None:
    face = PhotoFace(avatar=str(library.folder("bea")), fps=15, **SIZE)
    frames = lived_through(face)
    steps = [
        np.abs(later.image.astype(int) - sooner.image).mean() for sooner, later in pairwise(frames)
    ]
    assert 0.1 < max(steps) < 8
    assert max(frame.pose.mouth_open for frame in frames) > 0.1
    face.close()


def test_similarity_transform_is_estimated_exactly() -> None:
    points = np.random.default_rng(3).normal(size=(9, 2)).astype(np.float32) * 20
    place = np.array([[0.9, -0.3, 5.0], [0.3, 0.9, -2.0]])
    others = points @ place[:, :2].T + place[:, 2]
    assert similarity(points, others) == pytest.approx(place, abs=1e-4)


def test_avatar_without_a_loop_has_one_view(library: AvatarLibrary, tmp_path: Path) -> None:
    avatar = load_avatar(library.folder("ada"))
    assert avatar.idle is None
    assert views_of(avatar).faces.shape == (1, 96, 96, 3)
