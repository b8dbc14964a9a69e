"""The photo that moves: lips in time with the sound, nothing else touched, smooth at every seam."""

from __future__ import annotations

import pickle
import shutil
import threading
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml

from avatar_app.avatars.creation import make_avatar
from avatar_app.avatars.library import AvatarLibrary
from avatar_app.core.engines import Engine
from avatar_app.core.errors import InputInvalid, ModelMissing
from avatar_app.core.jobs import Job
from avatar_app.core.manifest import Kind, parse_manifest
from avatar_app.core.turn import Turn, TurnCancelled
from avatar_app.core.values import AudioChunk, FaceState, MouthShape, SpeechChunk, Viseme
from avatar_app.engines.face.animation.pose import Expression, Mouth, Pose
from avatar_app.engines.face.animation.visemes import SHAPES
from avatar_app.engines.face.photo import engine as engine_module
from avatar_app.engines.face.photo.background import Background
from avatar_app.engines.face.photo.engine import PhotoFace
from avatar_app.engines.face.photo.placeholder import placeholder
from avatar_app.engines.face.photo.scene import Scene
from avatar_app.engines.face.portrait.avatar import PORTRAIT, Avatar, load_avatar
from avatar_app.engines.face.portrait.framing import framed

ASTRONAUT = Path(__file__).parents[1] / "data" / "faces" / "astronaut.png"
RATE = 16_000
SMALL = {"width": 320, "height": 240}


@pytest.fixture(scope="module")
def ada(tmp_path_factory: pytest.TempPathFactory) -> Path:
    library = AvatarLibrary(tmp_path_factory.mktemp("photo"))
    Job[Avatar]("making", lambda job: make_avatar(ASTRONAUT, "ada", job, library)).run()
    return library.folder("ada")


@pytest.fixture(scope="module")
def face(ada: Path) -> PhotoFace:
    return PhotoFace(avatar=str(ada), **SMALL)


@pytest.fixture(scope="module", params=["photo with an open mouth", "drawn with a closed mouth"])
def scene(request: pytest.FixtureRequest, ada: Path) -> Scene:
    avatar = load_avatar(ada) if request.param.startswith("photo") else placeholder()
    return Scene(avatar, 640, 480)


def speech_of(*visemes: tuple[MouthShape, float], seconds: float) -> SpeechChunk:
    """A steady hum with visemes."""
    wave = 0.4 * np.sin(np.arange(round(seconds * RATE)) * 2 * np.pi * 140 / RATE)
    shapes = tuple(Viseme(shape, at) for shape, at in visemes)
    return SpeechChunk(AudioChunk(wave.astype(np.float32), RATE), visemes=shapes)


def mama(count: int = 4) -> SpeechChunk:
    parts = [
        part
        for k in range(count)
        for part in ((MouthShape.PP, k * 0.3), (MouthShape.AA, k * 0.3 + 0.1))
    ]
    return speech_of(*parts, (MouthShape.SIL, count * 0.3), seconds=count * 0.3 + 0.1)


def split(speech: SpeechChunk, seconds: float) -> Iterator[SpeechChunk]:
    step = round(seconds * RATE)
    for start in range(0, len(speech.audio.samples), step):
        audio = AudioChunk(speech.audio.samples[start : start + step], RATE, start)
        begin, end = start / RATE, (start + step) / RATE
        visemes = [Viseme(v.shape, v.at - begin) for v in speech.visemes if begin <= v.at < end]
        yield SpeechChunk(audio, visemes=tuple(visemes))


def speaking(mouth: Mouth) -> Pose:
    return Pose(mouth=mouth, engagement=1.0)


def changed(scene: Scene, pose: Pose) -> np.ndarray:
    """Mean change of each pixel, 0 to 255, against the still picture."""
    still = scene.paint(Pose()).astype(int)
    return np.abs(scene.paint(pose).astype(int) - still).mean(axis=-1)


def test_manifest_describes_the_engine(face: PhotoFace, ada: Path) -> None:
    path = Path(engine_module.__file__).with_name("manifest.yaml")
    manifest = parse_manifest(yaml.safe_load(path.read_text()), str(path))
    assert (manifest.name, manifest.kind) == ("photo", Kind.FACE)
    face.configure(**manifest.checked({"avatar": str(ada), **SMALL}))
    assert isinstance(face, Engine)


def test_placeholder_face_is_shown_without_an_avatar() -> None:
    face = PhotoFace(**SMALL)
    assert face.rest(FaceState.IDLE).image.shape == (240, 320, 3)


def test_unknown_avatar_is_model_missing(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing) as raised:
        PhotoFace(avatar=str(tmp_path / "nobody"))
    assert "avatars add PHOTO" in raised.value.hint


def test_damaged_avatar_is_reported_and_the_current_one_stays(
    face: PhotoFace, ada: Path, tmp_path: Path
) -> None:
    shutil.copytree(ada, tmp_path / "damaged")
    (tmp_path / "damaged" / PORTRAIT).unlink()
    with pytest.raises(InputInvalid):
        face.configure(avatar=str(tmp_path / "damaged"))
    assert face.rest(FaceState.IDLE).image.shape == (240, 320, 3)


def test_idle_frame_is_the_photo(ada: Path) -> None:
    avatar = load_avatar(ada)
    scene = Scene(avatar, 512, 512)
    still = scene.paint(Pose())
    assert np.array_equal(still, scene.paint(Pose()))
    face = avatar.portrait[60:180, 160:290]
    likeness = [
        cv2.matchTemplate(
            still, cv2.resize(face, None, fx=scale, fy=scale), cv2.TM_CCOEFF_NORMED
        ).max()
        for scale in np.arange(1.4, 2.4, 0.02)
    ]
    assert max(likeness) > 0.97


@pytest.mark.parametrize("shape", [s for s in MouthShape if s is not MouthShape.SIL])
def test_speaking_changes_only_the_lower_face(scene: Scene, shape: MouthShape) -> None:
    change = changed(scene, speaking(SHAPES[shape]))
    rows, columns = scene._lips.plane.rows, scene._lips.plane.columns
    assert change[rows, columns].max() > 8
    change[rows, columns] = 0
    assert change.max() == 0


def test_blink_closes_the_eyes_and_changes_nothing_else(scene: Scene) -> None:
    change = changed(scene, Pose(blink=1.0))
    for eye in scene._eyes:
        rows, columns = eye.plane.rows, eye.plane.columns
        assert change[rows, columns].max() > 40
        change[rows, columns] = 0
    assert change.max() == 0
    still, shut = scene.paint(Pose()), scene.paint(Pose(blink=1.0))
    for eye in scene._eyes:
        ball = eye._ball > 0.5
        before, after = (eye.plane.cut(p)[ball].astype(float) for p in (still, shut))
        assert after.std() < 0.75 * before.std()  # white and iris gave way to skin


def test_visemes_differ_visibly(scene: Scene) -> None:
    plane = scene._lips.plane
    pictures = {
        shape: plane.cut(scene.paint(speaking(mouth))).astype(int)
        for shape, mouth in SHAPES.items()
        if shape in (MouthShape.PP, MouthShape.AA, MouthShape.OU, MouthShape.E, MouthShape.IH)
    }
    for one in pictures:
        for other in pictures:
            if one < other:
                assert np.abs(pictures[one] - pictures[other]).max() > 40, (one, other)


def dark_height(scene: Scene, mouth: Mouth) -> float:
    """Height of the gap between the lips in the middle, in pixels, seen as what is no skin."""
    plane = scene._lips.plane
    _, move = scene._lips._moved(mouth, 1.0, scene._lips._width(mouth, 1.0))
    middle = np.argmin(np.abs(plane.line))
    return float((move.lower - move.upper)[middle])


def test_closed_lips_are_distinguished_from_an_open_mouth(ada: Path, tmp_path: Path) -> None:
    grinning = Scene(load_avatar(ada), 900, 900)
    assert grinning._lips._parted
    shut = grinning.paint(Pose(engagement=1.0))  # the same person, her lips closed
    cv2.imwrite(str(tmp_path / "shut.png"), cv2.cvtColor(shut, cv2.COLOR_RGB2BGR))
    library = AvatarLibrary(tmp_path / "avatars")
    photo = tmp_path / "shut.png"
    avatar = Job[Avatar]("", lambda job: make_avatar(photo, "shut", job, library)).run()
    lips = Scene(avatar, 900, 900)._lips
    assert avatar.notes == ()
    assert not lips._parted
    assert np.array_equal(lips._rest.upper, lips._rest.lower)


@pytest.mark.parametrize("engagement", [0.4, 0.7, 1.0])
@pytest.mark.parametrize("upper_teeth", [0.0, 0.7])
def test_teeth_of_the_photo_are_preserved(upper_teeth: float, engagement: float, ada: Path) -> None:
    scene = Scene(load_avatar(ada), 1024, 1024)
    inside = scene._lips._inside
    mouth = Mouth(opening=0.5, jaw=0.4, upper_teeth=upper_teeth)
    ajar = scene.paint(Pose(mouth=mouth, engagement=engagement))
    still = scene.paint(Pose())
    box = inside._box
    teeth = inside._cover > 0.9
    teeth &= (inside._photo.mean(axis=-1) > 190) & (np.abs(inside._u) < 20)
    before, after = (scene._lips.plane.cut(p)[box][teeth].astype(float) for p in (still, ajar))
    assert len(before) > 100
    assert np.median(np.abs(before - after)) < 25
    assert after.mean() > 0.85 * before.mean()


def test_lip_gap_grows_with_the_opening(scene: Scene) -> None:
    heights = [dark_height(scene, Mouth(opening=k / 10, jaw=k / 10)) for k in range(11)]
    assert heights[0] == pytest.approx(0, abs=1e-3)
    assert all(later > earlier for earlier, later in pairwise(heights))


def half_width(scene: Scene, mouth: Mouth) -> float:
    """Half the width of the gap between the lips, in pixels."""
    plane = scene._lips.plane
    _, move = scene._lips._moved(mouth, 1.0, scene._lips._width(mouth, 1.0))
    return float(np.abs(plane.line[move.lower - move.upper > 0.5]).max())


def test_rounded_lips_are_narrower_than_spread_lips(scene: Scene) -> None:
    plain = half_width(scene, Mouth(opening=0.4))
    assert half_width(scene, Mouth(opening=0.4, rounding=1.0)) < 0.95 * plain
    assert half_width(scene, Mouth(opening=0.4, width=1.0)) > 1.04 * plain


def test_painting_does_not_alter_the_photo(scene: Scene) -> None:
    still = scene.paint(Pose())
    assert not np.array_equal(scene.paint(speaking(SHAPES[MouthShape.AA])), still)
    assert not np.array_equal(scene.paint(Pose(blink=1.0)), still)
    assert np.array_equal(scene.paint(Pose()), still)
    assert np.array_equal(still, scene._still)


@pytest.mark.parametrize("shape", list(MouthShape))
def test_skin_is_stretched_but_never_folded(scene: Scene, shape: MouthShape) -> None:
    """Down each column, and along each row, what is farther away comes from farther away."""
    lips, plane, mouth = scene._lips, scene._lips.plane, SHAPES[shape]
    stretch, move = lips._moved(mouth, 1.0, lips._width(mouth, 1.0))
    across = plane.u + plane.spread(stretch) * lips._near
    assert np.diff(across, axis=1).min() > 0.05
    upper, lower = plane.spread(move.upper), plane.spread(move.lower)
    above = plane.v - lips._shift_above(move, upper)
    below = plane.v - lips._shift_below(move, lower)
    assert np.diff(above, axis=0)[(plane.v < upper)[1:]].min() > -0.05
    assert np.diff(below, axis=0)[(plane.v > lower)[:-1]].min() > -0.05


def test_lips_close_for_m_and_open_for_a(face: PhotoFace) -> None:
    frames = list(face.perform(iter([mama()]), Turn(1)))
    opened = {round(frame.at, 3): frame.pose.mouth_open for frame in frames}
    for k in range(4):
        closed = min(v for at, v in opened.items() if abs(at - (k * 0.3 + 0.03)) < 0.06)
        wide = max(v for at, v in opened.items() if 0.12 < at - k * 0.3 < 0.3)
        assert closed < 0.05
        assert wide > 0.5
    assert frames[-1].pose.mouth_open < 0.01


def test_frames_are_independent_of_chunk_borders(face: PhotoFace) -> None:
    speech = mama()
    whole = list(face.perform(iter([speech]), Turn(1)))
    parts = list(face.perform(split(speech, 0.05), Turn(1)))
    assert [frame.at for frame in whole] == [frame.at for frame in parts]
    assert all(np.array_equal(a.image, b.image) for a, b in zip(whole, parts, strict=True))


def test_motion_is_continuous_from_rest_through_speech_to_rest(face: PhotoFace) -> None:
    frames = [face.rest(FaceState.IDLE)]
    for _ in range(10):
        frames.append(face.rest(FaceState.IDLE, frames[-1]))
    frames += face.perform(iter([mama()]), Turn(1), frames[-1])
    for look in (FaceState.LISTENING, FaceState.THINKING, FaceState.ASLEEP, FaceState.IDLE):
        for _ in range(8):
            frames.append(face.rest(look, frames[-1]))
    steps = [
        float(np.abs(a.image.astype(int) - b.image.astype(int)).mean()) for a, b in pairwise(frames)
    ]
    assert max(steps) < 4.5
    assert max(steps) > 0.1


def test_face_states_differ(face: PhotoFace) -> None:
    ends = {}
    for look in (FaceState.IDLE, FaceState.LISTENING, FaceState.THINKING, FaceState.ASLEEP):
        frame = face.rest(look)
        for _ in range(45):
            frame = face.rest(look, frame)
        ends[look] = frame.image.astype(int)
    for one in ends:
        for other in ends:
            if one < other:
                assert np.abs(ends[one] - ends[other]).mean() > 0.4, (one, other)


@pytest.mark.parametrize(
    ("width", "height"), [(1280, 720), (720, 1280), (512, 512), (64, 64), (640, 120), (90, 600)]
)
def test_every_aspect_ratio_is_filled_with_the_face_near_the_center(
    ada: Path, width: int, height: int
) -> None:
    for avatar in (load_avatar(ada), placeholder()):
        scene = Scene(avatar, width, height)
        picture = scene.paint(Pose(mouth=SHAPES[MouthShape.AA], engagement=1.0, blink=0.4))
        assert picture.shape == (height, width, 3)
        x, y = scene._lips.plane.origin
        assert 0.2 * width < x < 0.8 * width
        assert 0.3 * height < y < 0.9 * height
        assert picture.std() > 15


def test_close_photo_in_a_wide_frame_shows_no_edge(ada: Path) -> None:
    avatar = load_avatar(ada)
    close = Scene(avatar, 1280, 320).paint(Pose()).astype(float)
    steps = np.abs(np.diff(close, axis=1)).mean(axis=(0, 2))
    assert steps[:100].max() < 12
    assert steps[-100:].max() < 12


def test_frames_are_independent_and_poses_can_be_pickled(face: PhotoFace) -> None:
    frames = list(face.perform(iter([mama(1)]), Turn(1)))
    before = frames[3].image.copy()
    face.rest(FaceState.THINKING, frames[-1])
    assert np.array_equal(before, frames[3].image)
    assert pickle.loads(pickle.dumps(frames[3].pose)) == frames[3].pose
    assert frames[3].image.flags.writeable


def test_rest_can_be_called_during_animation(face: PhotoFace) -> None:
    alone = [frame.image for frame in face.perform(iter([mama(2)]), Turn(1))]
    halt = threading.Event()

    def disturb() -> None:
        frame = None
        while not halt.is_set():
            frame = face.rest(FaceState.THINKING, frame)

    thread = threading.Thread(target=disturb)
    thread.start()
    together = [frame.image for frame in face.perform(iter([mama(2)]), Turn(1))]
    halt.set()
    thread.join()
    assert all(np.array_equal(a, b) for a, b in zip(alone, together, strict=True))


def test_cancelled_turn_stops_the_animation(face: PhotoFace) -> None:
    turn = Turn(1)
    frames = face.perform(split(mama(), 0.1), turn)
    next(frames)
    turn.cancel()
    with pytest.raises(TurnCancelled):
        list(frames)


def test_zero_expressiveness_keeps_the_head_still(ada: Path) -> None:
    def motion(expressiveness: float) -> float:
        face = PhotoFace(avatar=str(ada), expressiveness=expressiveness, **SMALL)
        frames = [face.rest(FaceState.IDLE)]
        for _ in range(60):
            frames.append(face.rest(FaceState.IDLE, frames[-1]))
        turns = [frame.pose.expression.yaw for frame in frames]
        return max(turns) - min(turns)

    assert motion(0.0) < 0.01 < motion(1.0)


def test_turning_the_head_leaves_the_picture_corners_unchanged(ada: Path) -> None:
    scene = Scene(load_avatar(ada), 1280, 720)
    still = scene.paint(Pose())
    turned = scene.paint(Pose(expression=Expression(yaw=0.6, pitch=0.3, roll=3.0)))
    change = np.abs(turned.astype(int) - still).max(axis=-1)
    moved = scene._bending.columns
    assert moved.start > 100
    assert moved.stop < 1180
    assert change[:, : moved.start].max() == 0
    assert change[:, moved.stop :].max() == 0
    assert change[200:500, 450:850].mean() > 5


def test_closed_face_refuses_to_paint(ada: Path) -> None:
    face = PhotoFace(avatar=str(ada), **SMALL)
    face.close()
    with pytest.raises(RuntimeError, match="closed"):
        face.rest(FaceState.IDLE)


def test_soft_background_leaves_the_face_unchanged(ada: Path) -> None:
    avatar = load_avatar(ada)
    own = Scene(avatar, 320, 240).paint(Pose()).astype(int)
    soft = Scene(avatar, 320, 240, background=Background.SOFT).paint(Pose()).astype(int)
    change = np.abs(soft - own).mean(axis=-1)
    assert change[70:140, 130:190].max() < 2  # eyes, nose and mouth
    assert change[:, :20].mean() > 2


def test_zoom_scales_the_face_in_place(ada: Path) -> None:
    avatar = load_avatar(ada)
    usual, near, far = (framed(avatar, 640, 480, zoom) for zoom in (1.0, 1.4, 0.7))
    wide = [float(np.ptp(each.marks["jaw"][:, 0])) for each in (far, usual, near)]
    assert wide[0] * 1.3 < wide[1] < wide[2] / 1.3
    middles = [float(each.marks["nose_bridge"][0, 0]) for each in (far, usual, near)]
    assert np.ptp(middles) < 30


def test_eyes_stay_on_the_user_without_gaze_motion(ada: Path) -> None:
    def wandering(gaze: float) -> float:
        face = PhotoFace(avatar=str(ada), gaze=gaze, **SMALL)
        frame, seen = None, []
        for _ in range(150):
            frame = face.rest(FaceState.IDLE, frame)
            seen.append(abs(frame.pose.expression.gaze_x))
        return max(seen)

    assert wandering(0.0) == 0.0
    assert wandering(1.0) > 0.02
