"""The whole head by its student: from a checked file that is kept with the avatar, moved by the
animation layer, in time with the sound."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
import pytest
from live_portrait_models import write_live_portrait
from mama import mama
from onnx_changes import changed_model

from avatar_app.avatars.creation import make_avatar
from avatar_app.avatars.library import AvatarLibrary
from avatar_app.avatars.teaching.head_course import HeadCourse, teach_head
from avatar_app.avatars.teaching.learning import Study
from avatar_app.bench.drawn_head import EYE, EYES, GAZE, MOUTH, DrawnHead
from avatar_app.core.engines import Engine
from avatar_app.core.errors import AvatarError, InputInvalid, ModelMissing
from avatar_app.core.generation import FaceMotion
from avatar_app.core.jobs import Job
from avatar_app.core.manifest import Kind
from avatar_app.core.turn import Turn, TurnCancelled
from avatar_app.core.values import (
    FaceState,
    SpeechChunk,
    VideoFrame,
)
from avatar_app.engines.face.animation.pose import Expression, Mouth, Pose
from avatar_app.engines.face.portrait.avatar import HEAD, Avatar, load_avatar
from avatar_app.engines.face.taught.digest import face_digest
from avatar_app.engines.face.whole_head.engine import WholeHeadFace
from avatar_app.engines.face.whole_head.head import Head, motion_values
from avatar_app.engines.face.whole_head.head_file import (
    MOTION,
    OUTPUTS,
    read_head,
    to_onnx,
    write_head,
)
from avatar_app.engines.onnx_session import create_session
from avatar_app.runtime.registry import Registry

ASTRONAUT = Path(__file__).parents[1] / "data" / "faces" / "astronaut.png"
SIZE = {"width": 320, "height": 240}
SHORT = HeadCourse(
    pictures=220,
    held_out=20,
    flows=12,
    eyes=40,
    mouths=32,
    softs=8,
    study=Study((64,), epochs=60, batch=16, rate=3e-3, ridge=1e-3),
)
RATE = 16_000
AT_REST = Pose(expression=Expression(smile=0.5))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An avatar that was taught by the drawn head."""
    library = AvatarLibrary(tmp_path_factory.mktemp("whole"))
    Job[Avatar]("making", lambda job: make_avatar(ASTRONAUT, "ada", job, library)).run()
    folder = library.folder("ada")
    face = face_digest(load_avatar(folder))
    job = Job[Head]("", lambda job: teach_head(DrawnHead(), face, SHORT, job))
    write_head(job.run(), folder / HEAD)
    return folder


@pytest.fixture(scope="module")
def head(folder: Path) -> Head:
    return read_head(folder / HEAD)


@pytest.fixture(scope="module")
def face(folder: Path) -> Iterator[WholeHeadFace]:
    face = WholeHeadFace(avatar=str(folder), **SIZE)
    yield face
    face.close()


def dark_middle(picture: np.ndarray, eye: tuple[float, float]) -> tuple[float, float]:
    """The middle of the iris, from that of the eye."""
    x, y = (int(each) for each in eye)
    wide, tall = (int(each) for each in EYE)
    part = picture[y - tall : y + tall, x - wide : x + wide].mean(axis=2)
    dark = np.clip(90 - part, 0, None)
    down, across = np.mgrid[0 : 2 * tall, 0 : 2 * wide]
    total = max(float(dark.sum()), 1e-6)
    return float((dark * across).sum() / total) - wide, float((dark * down).sum() / total) - tall


def mouth_height(picture: np.ndarray) -> float:
    """The dark rows in the middle of the mouth."""
    x, y = (int(each) for each in MOUTH)
    return float((picture[y - 40 : y + 40, x - 2 : x + 2].mean(axis=(1, 2)) < 90).sum())


def test_student_comes_close_to_its_teacher_and_is_small(head: Head) -> None:
    assert head.psnr > 34  # in a course of seconds; 41 dB with 1,000 pictures
    assert head.flop <= 0.15e9
    assert head.teacher == "drawn_head"
    still = DrawnHead().paint(FaceMotion())
    assert np.array_equal(head.still, still)


def test_irises_follow_the_gaze(head: Head) -> None:
    for right in (-0.5, 0.5):
        moved = head.painted(FaceMotion(gaze_x=right))
        for eye in EYES:
            found = dark_middle(moved, eye)[0] - dark_middle(head.still, eye)[0]
            assert found == pytest.approx(GAZE * right, abs=2.5)


def test_lids_close_over_the_eyes(head: Head) -> None:
    whites = []
    for blink in (0.0, 1.0):
        picture = head.painted(FaceMotion(blink=blink))
        x, y = (int(each) for each in EYES[0])
        whites.append(float((picture[y - 8 : y + 8, x - 24 : x + 24, 2] > 200).mean()))
    assert whites[0] > 0.3
    assert whites[1] < 0.25 * whites[0]


def test_lips_part_as_far_as_they_are_told(head: Head) -> None:
    heights = [mouth_height(head.painted(FaceMotion(mouth_open=o))) for o in (0.0, 0.35, 0.7)]
    teacher = DrawnHead()
    known = [mouth_height(teacher.paint(FaceMotion(mouth_open=o))) for o in (0.0, 0.35, 0.7)]
    assert heights[0] < heights[1] < heights[2]
    assert heights == pytest.approx(known, abs=6)


def shift(before: np.ndarray, after: np.ndarray) -> tuple[float, float]:
    """How far the middle of the face has moved, in pixels, by phase correlation."""
    part = slice(150, 350), slice(180, 332)
    grays = [
        cv2.cvtColor(np.ascontiguousarray(each[part]), cv2.COLOR_RGB2GRAY).astype(np.float32)
        for each in (before, after)
    ]
    window = cv2.createHanningWindow(grays[0].shape[::-1], cv2.CV_32F)
    (right, down), _ = cv2.phaseCorrelate(*grays, window)
    return right, down


@pytest.mark.parametrize(
    ("motion", "right", "down"),
    [(FaceMotion(yaw=3.0), 1, 0), (FaceMotion(yaw=-3.0), -1, 0), (FaceMotion(pitch=2.0), 0, -1)],
)
def test_head_turns_as_its_teacher_does(
    motion: FaceMotion, right: int, down: int, head: Head
) -> None:
    found = shift(head.still, head.painted(motion))
    known = shift(head.still, DrawnHead().paint(motion))
    assert found == pytest.approx(known, abs=0.5)
    for way, sign in zip(found, (right, down), strict=True):
        assert sign * way > 1.0 if sign else abs(way) < 0.5


def test_graph_computes_what_the_student_does(head: Head) -> None:
    onnx.checker.check_model(to_onnx(head))
    session = create_session(to_onnx(head).SerializeToString(), has_fixed_shapes=False)
    motions = [FaceMotion(yaw=2, blink=0.4), FaceMotion(mouth_open=0.7, smile=-0.2)]
    values = motion_values(motions)
    found = session.run(list(OUTPUTS), {MOTION: values})
    given = head.features(values)
    for part, ours in zip(head.parts, found, strict=True):
        assert ours == pytest.approx(part.values(given), abs=0.02)


def test_file_keeps_everything(head: Head, tmp_path: Path) -> None:
    write_head(head, tmp_path / HEAD)
    again = read_head(tmp_path / HEAD)
    assert (again.face, again.teacher, again.psnr, again.box) == (
        head.face, head.teacher, head.psnr, head.box,
    )  # fmt: skip
    motion = FaceMotion(yaw=4, gaze_x=0.3, mouth_open=0.5)
    assert np.array_equal(again.painted(motion), head.painted(motion))


def performed(face: WholeHeadFace, speech: SpeechChunk) -> list[VideoFrame]:
    return list(face.perform(iter([speech]), Turn(1)))


def test_manifest_describes_the_engine(face: WholeHeadFace) -> None:
    manifest = Registry().find(Kind.FACE, "whole_head")
    assert manifest.instead == ("live_portrait", "student", "photo")
    assert isinstance(face, Engine)
    assert face.fps == 25
    with pytest.raises(ModelMissing, match="No avatar is chosen"):
        WholeHeadFace(**manifest.defaults())


def test_every_part_of_the_pose_is_seen(face: WholeHeadFace) -> None:
    scene = face._opened()
    still = scene.paint(AT_REST)
    assert still.shape == (240, 320, 3)
    for pose in (
        replace(AT_REST, expression=Expression(yaw=0.4)),
        replace(AT_REST, expression=Expression(pitch=0.4)),
        replace(AT_REST, expression=Expression(roll=2.5)),
        replace(AT_REST, expression=Expression(gaze_x=0.6)),
        replace(AT_REST, expression=Expression(brows=0.5)),
        replace(AT_REST, expression=Expression(smile=1.0)),
        replace(AT_REST, blink=1.0),
        replace(AT_REST, mouth=Mouth(opening=0.8)),
    ):
        assert (np.abs(scene.paint(pose).astype(int) - still) > 12).sum() > 50
    assert not (scene.paint(AT_REST) != still).any()


def test_mouth_moves_in_the_pictures_when_it_does_in_the_voice(face: WholeHeadFace) -> None:
    """Each “a” opens the mouth within 45 ms of its time; pictures follow the pose at once."""
    face.configure(expressiveness=0.0)
    frames = performed(face, mama(3))
    face.configure(expressiveness=1.0)
    openings = np.array([frame.pose.mouth_open for frame in frames])
    still = face._opened().paint(AT_REST).astype(int)
    changes = np.array([np.abs(frame.image - still).sum() for frame in frames], float)
    calm = np.array([not frame.pose.blink for frame in frames])
    assert np.corrcoef(openings[calm], changes[calm])[0, 1] > 0.9
    for begin in (0.2, 0.6, 1.0):
        around = [frame for frame in frames if begin - 0.15 <= frame.at <= begin + 0.19]
        highs = [frame.pose.mouth_open for frame in around]
        middle = (max(highs) + min(highs)) / 2
        first = next(frame.at for frame in around if frame.pose.mouth_open > middle)
        assert abs(first - begin) <= 0.045


def test_only_the_head_and_what_is_around_itchanged_model(face: WholeHeadFace) -> None:
    scene = face._opened()
    changed = (
        scene.paint(AT_REST) != scene.paint(replace(AT_REST, expression=Expression(yaw=1.0)))
    ).any(axis=2)
    assert 0.005 < changed.mean() < 0.7
    assert not changed[:, :10].any()


def test_size_changes_and_a_cancelled_turn_stops(face: WholeHeadFace) -> None:
    turn = Turn(1)
    frames = face.perform(iter([mama(1)]), turn)
    face.configure(width=64, height=96)
    assert next(frames).image.shape == (240, 320, 3)
    assert face.rest(FaceState.IDLE).image.shape == (96, 64, 3)
    face.configure(**SIZE)
    turn.cancel()
    with pytest.raises(TurnCancelled):
        next(frames)


def _without(name: str) -> Callable[[Any], None]:
    def change(model: Any) -> None:
        kept = [each for each in model.graph.initializer if each.name != name]
        model.graph.ClearField("initializer")
        model.graph.initializer.extend(kept)

    return change


HOSTILE = {
    "empty": lambda content: content[:0],
    "cut off": lambda content: content[: len(content) // 2],
    "without facts": changed_model(lambda model: model.ClearField("metadata_props")),
    "without portrait": changed_model(_without("still")),
    "without tiles": changed_model(_without("eye_tiles")),
    "without scale": changed_model(_without("scale")),
    "without a part": changed_model(_without("mouth.basis")),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_damaged_file_is_said(name: str, folder: Path, tmp_path: Path) -> None:
    path = tmp_path / HEAD
    path.write_bytes(HOSTILE[name]((folder / HEAD).read_bytes()))
    with pytest.raises(InputInvalid, match=r"head\.onnx is damaged") as caught:
        read_head(path)
    assert "teach" in caught.value.hint


def test_untaught_and_changed_avatars_are_said(head: Head, folder: Path, tmp_path: Path) -> None:
    library = AvatarLibrary(tmp_path)
    Job[Avatar]("making", lambda job: make_avatar(ASTRONAUT, "bob", job, library)).run()

    def error() -> AvatarError:
        with pytest.raises(AvatarError) as caught:
            WholeHeadFace(avatar=str(library.folder("bob")))
        return caught.value

    assert "head of the avatar bob was not taught" in error().message
    assert "avatars teach bob --teacher live_portrait" in error().hint
    write_head(replace(head, face="another"), library.folder("bob") / HEAD)
    assert "has changed since its head was taught" in error().message
    assert folder.is_dir()


def test_networks_of_live_portrait_are_found_where_they_are_chosen(tmp_path: Path) -> None:
    from avatar_app.render.inputs import live_portrait_folder
    from avatar_app.settings.loading import load_settings

    settings = load_settings()[0]
    with pytest.raises(ModelMissing, match="No folder of LivePortrait's networks"):
        live_portrait_folder("", settings)
    networks = write_live_portrait(tmp_path / "networks")
    assert live_portrait_folder(str(networks), settings) == networks
    choice = {"studio.animate.engine": "live_portrait"}
    choice["studio.animate.options.model"] = str(networks)
    assert live_portrait_folder("", load_settings(overrides=choice)[0]) == networks
