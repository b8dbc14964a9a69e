"""LivePortrait as a face: on networks whose answer is known, the animation layer moves it, in time
with the sound; a machine on which it cannot live says so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from live_portrait_models import HELD, RATIO, write_live_portrait
from mama import mama

from avatar_app.avatars.creation import make_avatar
from avatar_app.avatars.library import AvatarLibrary
from avatar_app.core.engines import Engine
from avatar_app.core.errors import (
    DeviceUnavailable,
    EngineFailed,
    InputInvalid,
    ModelMissing,
    TooSlow,
)
from avatar_app.core.jobs import Job
from avatar_app.core.manifest import Kind
from avatar_app.core.turn import Turn, TurnCancelled
from avatar_app.core.values import (
    FaceState,
    SpeechChunk,
    VideoFrame,
)
from avatar_app.engines.face.animation.face_motion import face_motion
from avatar_app.engines.face.animation.idle_motion import NOD_SECONDS
from avatar_app.engines.face.animation.pose import Expression, Mouth, Pose
from avatar_app.engines.face.live_portrait import engine as engine_module
from avatar_app.engines.face.live_portrait.engine import LivePortraitFace
from avatar_app.engines.face.live_portrait.scene import LiveScene
from avatar_app.engines.face.portrait.avatar import Avatar, load_avatar
from avatar_app.engines.face.portrait.framing import framed
from avatar_app.engines.live_portrait import devices
from avatar_app.engines.live_portrait.crop import PORTRAIT_LIFT, PORTRAIT_SCALE, crop_of
from avatar_app.engines.live_portrait.networks import Networks
from avatar_app.runtime.registry import Registry

ASTRONAUT = Path(__file__).parents[1] / "data" / "faces" / "astronaut.png"
RATE = 16_000
SIZE = (320, 240)
AT_REST = Pose(expression=Expression(smile=0.5))


@pytest.fixture(scope="module")
def ada(tmp_path_factory: pytest.TempPathFactory) -> Path:
    library = AvatarLibrary(tmp_path_factory.mktemp("live"))
    Job[Avatar]("making", lambda job: make_avatar(ASTRONAUT, "ada", job, library)).run()
    return library.folder("ada")


@pytest.fixture(scope="module")
def networks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_live_portrait(tmp_path_factory.mktemp("live") / "networks")


@pytest.fixture(scope="module")
def options(ada: Path, networks: Path) -> dict[str, Any]:
    size = {"width": SIZE[0], "height": SIZE[1]}
    return {"avatar": str(ada), "model": str(networks), "device": "cpu", "threads": 1, **size}


@pytest.fixture(autouse=True)
def any_speed(monkeypatch: pytest.MonkeyPatch) -> None:
    """How fast this machine is, is no business of the tests."""
    monkeypatch.setattr(engine_module, "_HOPELESS", 1e9)


@pytest.fixture(scope="module")
def face(options: dict[str, Any]) -> Iterator[LivePortraitFace]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine_module, "_HOPELESS", 1e9)
        face = LivePortraitFace(**options)
    yield face
    face.close()


def way(ada: Path, before: np.ndarray, after: np.ndarray) -> tuple[float, float]:
    """How far the middle of the face has moved, in the crop's space of 2, by phase correlation."""
    avatar = load_avatar(ada)
    scale, x, y = framed(avatar, *SIZE).place
    mesh = avatar.mesh[:, :2].astype(np.float64) * scale + [x, y]
    place = crop_of(mesh, PORTRAIT_SCALE, PORTRAIT_LIFT).place
    crops = [
        cv2.warpAffine(frame, place, (512, 512))[128:-128, 128:-128] for frame in (before, after)
    ]
    grays = [cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY).astype(np.float32) for crop in crops]
    window = cv2.createHanningWindow(grays[0].shape[::-1], cv2.CV_32F)
    (right, down), _ = cv2.phaseCorrelate(*grays, window)
    return right / 256, down / 256


def performed(face: LivePortraitFace, speech: SpeechChunk) -> list[VideoFrame]:
    return list(face.perform(iter([speech]), Turn(1)))


def test_manifest_describes_the_engine(face: LivePortraitFace) -> None:
    manifest = Registry().find(Kind.FACE, "live_portrait")
    assert manifest.instead == ("wav2lip",)
    assert isinstance(face, Engine)
    assert face.fps == 25
    with pytest.raises(ModelMissing, match="No folder of LivePortrait's networks"):
        LivePortraitFace(**manifest.defaults())


def test_portrait_at_rest_is_the_framed_one(face: LivePortraitFace, ada: Path) -> None:
    shown = face._opened().paint(AT_REST)
    still = framed(load_avatar(ada), *SIZE).picture
    assert shown.shape == still.shape == (240, 320, 3)
    assert np.abs(shown.astype(int) - still).mean() < 4
    assert max(map(abs, way(ada, still, shown))) < 0.012


@pytest.mark.parametrize(
    ("pose", "right", "down"),
    [
        (replace(AT_REST, expression=Expression(yaw=1.0)), -1, 0),
        (replace(AT_REST, expression=Expression(yaw=-1.0)), 1, 0),
        (replace(AT_REST, expression=Expression(pitch=1.0)), 0, -1),
    ],
)
def test_head_turns_as_the_pose_says(
    pose: Pose, right: int, down: int, face: LivePortraitFace, ada: Path
) -> None:
    """The points' middle lies before the axis, on the networks' far side of it."""
    scene = face._opened()
    moved = way(ada, scene.paint(AT_REST), scene.paint(pose))
    for found, sign in zip(moved, (right, down), strict=True):
        assert (found > 0.015) if sign > 0 else (found < -0.015) if sign < 0 else abs(found) < 0.012


def test_blinks_and_lips_go_through_their_networks(face: LivePortraitFace, ada: Path) -> None:
    scene, avatar = face._opened(), load_avatar(ada)
    crop = crop_of(avatar.mesh[:, :2].astype(np.float64), PORTRAIT_SCALE, PORTRAIT_LIFT)
    still = scene.paint(AT_REST)
    blinking = way(ada, still, scene.paint(replace(AT_REST, blink=1.0)))[1]
    assert blinking == pytest.approx(-(1 - HELD) * RATIO * sum(crop.eyes) / 2, abs=0.01)
    speaking = way(ada, still, scene.paint(replace(AT_REST, mouth=Mouth(opening=1.0))))[1]
    assert speaking == pytest.approx((1 - HELD) * RATIO * (0.5 - crop.lips), abs=0.01)


@pytest.mark.parametrize(
    "expression",
    [Expression(gaze_x=1.0), Expression(gaze_y=1.0), Expression(brows=1.0), Expression(smile=1.0)],
)
def test_eyes_brows_and_smile_reach_the_networks(
    expression: Expression, face: LivePortraitFace, monkeypatch: pytest.MonkeyPatch
) -> None:
    driven: list[np.ndarray] = []
    picture = Networks.picture

    def seen(self: Networks, feature: Any, source: Any, driving: Any) -> Any:
        driven.append(driving)
        return picture(self, feature, source, driving)

    monkeypatch.setattr(Networks, "picture", seen)
    for pose in (AT_REST, replace(AT_REST, expression=expression)):
        face._opened().paint(pose)
    assert np.abs(driven[1] - driven[0]).max() > 0.005


def test_mouth_moves_in_the_pictures_when_it_does_in_the_voice(
    face: LivePortraitFace, ada: Path
) -> None:
    """The lips' network lowers the face, so its place shows the mouth; the head is held still, and
    pictures in which the eyes' network lifts it are left out."""
    face.configure(expressiveness=0.0)
    frames = performed(face, mama())
    face.configure(expressiveness=1.0)
    still = framed(load_avatar(ada), *SIZE).picture
    places = np.array([way(ada, still, frame.image)[1] for frame in frames])
    opening = np.array([frame.pose.mouth_open for frame in frames])
    count = next(k for k, frame in enumerate(frames) if frame.pose.blink)
    assert count > 30
    places, opening = places[:count], opening[:count]
    assert np.corrcoef(places, opening)[0, 1] > 0.95
    lags = range(-3, 4)
    alike = [np.corrcoef(places[3 + k : count - 3 + k], opening[3:-3])[0, 1] for k in lags]
    assert lags[int(np.argmax(alike))] == 0
    for begin in (0.2, 0.6, 1.0, 1.4):  # each “a” opens the mouth within 45 ms of its time
        around = [frame for frame in frames if begin - 0.15 <= frame.at <= begin + 0.19]
        middle = (
            max(f.pose.mouth_open for f in around) + min(f.pose.mouth_open for f in around)
        ) / 2
        first = next(frame.at for frame in around if frame.pose.mouth_open > middle)
        assert abs(first - begin) <= 0.045


def test_rest_blinks_breathes_and_looks_around(face: LivePortraitFace) -> None:
    frames = [face.rest(FaceState.IDLE)]
    for _ in range(70):
        frames.append(face.rest(FaceState.IDLE, frames[-1]))
    assert max(frame.pose.blink for frame in frames) > 0.5
    moved = [np.abs(frame.image.astype(int) - frames[0].image).mean() for frame in frames]
    assert 0.05 < max(moved) < 25


def test_only_the_surroundings_of_the_face_change(face: LivePortraitFace, ada: Path) -> None:
    still = framed(load_avatar(ada), *SIZE).picture
    turned = face._opened().paint(replace(AT_REST, expression=Expression(yaw=1.0)))
    changed = (turned != still).any(axis=2)
    assert 0.02 < changed.mean() < 0.7
    assert not changed[:, :10].any()


def test_size_changes_without_loading_the_networks_again(
    face: LivePortraitFace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def loaded(*_: Any) -> None:
        raise AssertionError("the networks are loaded again")

    monkeypatch.setattr(engine_module, "Networks", loaded)
    frames = face.perform(iter([mama(1)]), Turn(1))
    face.configure(width=64, height=96)
    assert next(frames).image.shape == (240, 320, 3)
    assert face.rest(FaceState.IDLE).image.shape == (96, 64, 3)
    face.configure(width=SIZE[0], height=SIZE[1])


def test_cancelled_turn_stops(face: LivePortraitFace) -> None:
    turn = Turn(1)
    frames = face.perform(iter([mama(1)]), turn)
    next(frames)
    turn.cancel()
    with pytest.raises(TurnCancelled):
        next(frames)


def test_machine_without_a_card_says_so(
    options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def none(device: str) -> None:
        raise DeviceUnavailable(f"no {device}", "")

    monkeypatch.setattr(devices, "providers", none)
    with pytest.raises(DeviceUnavailable, match="needs a graphics card") as caught:
        LivePortraitFace(**options | {"device": "auto"})
    assert "Wav2Lip" in caught.value.hint


def test_card_that_leaves_the_work_to_the_processor_is_not_used(
    options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As builds of onnxruntime do that cannot sample a volume on the card."""
    opened = engine_module.Networks
    monkeypatch.setattr(devices, "providers", lambda _device: ["Some"])
    monkeypatch.setattr(
        engine_module, "Networks", lambda folder, _device, threads: opened(folder, "cpu", threads)
    )
    monkeypatch.setattr(LiveScene, "paint", None)  # the processor would take most of a minute
    with pytest.raises(DeviceUnavailable, match="cannot compute LivePortrait on the graphics card"):
        LivePortraitFace(**options | {"device": "auto"})


def test_processor_that_is_far_too_slow_is_said_when_it_is_loaded(
    options: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine_module, "_HOPELESS", 1e-9)
    with pytest.raises(TooSlow, match="25 a second are needed") as caught:
        LivePortraitFace(**options)
    assert "photo that moves" in caught.value.hint


def test_missing_and_damaged_files_are_said(
    options: dict[str, Any], ada: Path, networks: Path, tmp_path: Path
) -> None:
    with pytest.raises(ModelMissing, match="contains no avatar"):
        LivePortraitFace(**options | {"avatar": str(tmp_path)})
    with pytest.raises(ModelMissing, match="files are missing"):
        LivePortraitFace(**options | {"model": str(tmp_path)})
    broken = tmp_path / "broken"
    broken.mkdir()
    for path in networks.iterdir():
        content = path.read_bytes()
        (broken / path.name).write_bytes(content[: len(content) // 2])
    with pytest.raises((InputInvalid, EngineFailed)) as caught:
        LivePortraitFace(**options | {"model": str(broken)})
    assert caught.value.hint


def test_nod_lowers_the_head_no_further_than_it_goes() -> None:
    half = NOD_SECONDS / 2
    still = Pose()
    nodding = replace(still, nod=half)
    assert face_motion(nodding).pitch < face_motion(still).pitch - 3
    low = replace(nodding, expression=still.expression._replace(pitch=-1.0))
    assert face_motion(low).pitch == face_motion(replace(low, nod=NOD_SECONDS)).pitch
