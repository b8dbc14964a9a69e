"""Teaching a student: what a hand-made teacher shows is learned, with progress and cancel."""

from __future__ import annotations

import multiprocessing
import os
import signal
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import wav2lip_parts
from avatar_folders import ASTRONAUT
from hand_made_teachers import SHORT, LoudTeacher
from live_portrait_models import write_live_portrait

from avatar_app.avatars.creation import make_avatar
from avatar_app.avatars.library import AvatarLibrary
from avatar_app.avatars.teaching import apart
from avatar_app.avatars.teaching.apart import Taught, teach_avatar, teach_whole_head
from avatar_app.avatars.teaching.basis import picture_basis
from avatar_app.avatars.teaching.course import Course, teach
from avatar_app.avatars.teaching.flow import FlowMeter, Unbender
from avatar_app.avatars.teaching.head_course import HeadCourse
from avatar_app.avatars.teaching.learning import Study, psnr_of, ridge
from avatar_app.avatars.teaching.lessons import spoken, windows_of
from avatar_app.avatars.teaching.live_portrait import LivePortraitTeacher
from avatar_app.avatars.teaching.motions import EYE_PROBES, MOUTH_PROBES, motions
from avatar_app.avatars.teaching.network import DenseNetwork
from avatar_app.avatars.teaching.tiles import eyes_and_mouth
from avatar_app.bench.drawn_head import DrawnHead
from avatar_app.core.errors import EngineDied, InputInvalid, ModelMissing, TooSlow
from avatar_app.core.generation import FaceMotion
from avatar_app.core.jobs import Job, JobCancelled
from avatar_app.core.values import FaceState
from avatar_app.engines.face.lips.region import Region
from avatar_app.engines.face.portrait.avatar import HEAD, STUDENT, load_avatar
from avatar_app.engines.face.student.weights import Student, read_student
from avatar_app.engines.face.taught.digest import face_digest
from avatar_app.engines.face.whole_head.engine import WholeHeadFace
from avatar_app.engines.face.whole_head.head import motion_values
from avatar_app.engines.face.whole_head.head_file import read_head

REGION = Region(top=50, bottom=80, left=20, right=70)
TINY = Course(
    seconds=3.0, held_out=1.0, every=12, widths=(16,), components=4, looked_at=12, epochs=2
)


def taught_by(teacher: LoudTeacher, course: Course) -> Student:
    return Job[Student]("", lambda job: teach(teacher, "face", course, job)).run()


def test_student_paints_what_its_teacher_does_in_sentences_never_heard() -> None:
    teacher = LoudTeacher(REGION)
    student = taught_by(teacher, SHORT)
    assert student.psnr >= 38
    heard = windows_of(spoken(4.0, 99), 5, lambda: None)
    apart_by = student.painted(heard).astype(float) - teacher.paint(heard)
    assert psnr_of(float(np.mean(apart_by**2))) >= 38
    middles = [
        each[:, 15, 25, 0].astype(float) for each in (student.painted(heard), teacher.paint(heard))
    ]
    assert np.corrcoef(*middles)[0, 1] > 0.99
    assert student.flop <= 0.15e9


def test_same_course_teaches_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """From the same sound, that is: the hiss of eSpeak's consonants depends on what it said
    before."""
    monkeypatch.setattr(
        "avatar_app.avatars.teaching.course.spoken", cache(lambda *asked: list(spoken(*asked)))
    )
    one, other = (taught_by(LoudTeacher(REGION), TINY) for _ in range(2))
    assert one.layers[0].weight == pytest.approx(other.layers[0].weight, abs=1e-6)
    assert one.psnr == pytest.approx(other.psnr, abs=1e-3)


def test_progress_rises_to_the_end_and_a_cancelled_course_stops() -> None:
    seen: list[float] = []
    job = Job[Student]("", lambda job: teach(LoudTeacher(REGION), "face", TINY, job))
    job.when_progressed(lambda progress: seen.append(progress.fraction))
    job.run()
    assert seen == sorted(seen)
    assert seen[-1] == 1.0
    assert len(seen) >= 5
    stopped = Job[Student]("", lambda job: teach(LoudTeacher(REGION), "face", TINY, job))
    stopped.when_progressed(lambda progress: progress.fraction > 0.3 and stopped.cancel())
    with pytest.raises(JobCancelled):
        stopped.run()


def test_components_are_orthonormal_and_sufficient() -> None:
    rng = np.random.default_rng(0)
    patterns = rng.uniform(-40, 40, (3, 6, 5, 3))
    mixed = np.einsum("nk,kyxc->nyxc", rng.uniform(-1, 1, (50, 3)), patterns) + 128
    pictures = np.rint(mixed).clip(0, 255).astype(np.uint8)
    basis = picture_basis(pictures, 3)
    assert basis.components @ basis.components.T == pytest.approx(np.eye(3), abs=1e-4)
    again = basis.coefficients(pictures) @ basis.components + basis.mean
    assert np.abs(again.reshape(pictures.shape) - pictures).mean() < 0.5


def test_pictures_that_never_change_have_one_empty_component() -> None:
    basis = picture_basis(np.full((9, 4, 4, 3), 77, np.uint8), 5)
    assert basis.components.shape == (1, 48)
    assert (basis.mean == 77).all()
    assert not basis.components.any()


def test_network_fits_a_function_and_its_gradients_are_right() -> None:
    rng = np.random.default_rng(1)
    network = DenseNetwork((3, 32, 2), rng)
    inputs = rng.uniform(-1, 1, (256, 3)).astype(np.float32)
    targets = np.stack([inputs[:, 0] * inputs[:, 1], np.abs(inputs[:, 2])], axis=1)
    first = network.learn(inputs, targets, 1e-2)
    for _ in range(600):
        last = network.learn(inputs, targets, 1e-2)
    assert last < first / 100
    assert np.mean((network.outputs(inputs) - targets) ** 2) == pytest.approx(last, rel=0.5)


def test_ridge_finds_a_linear_map() -> None:
    rng = np.random.default_rng(2)
    inputs = rng.standard_normal((4000, 5)).astype(np.float32)
    weight, bias = rng.standard_normal((5, 2)), np.array([3.0, -1.0])
    found = ridge(inputs, (inputs @ weight + bias).astype(np.float32))
    assert found.weight == pytest.approx(weight / 1.1, abs=0.05)
    assert found.bias == pytest.approx(bias, abs=0.05)


def test_lessons_are_windows_of_voices_at_many_levels() -> None:
    sounds = list(spoken(12.0, 3))
    assert sum(map(len, sounds)) >= 12 * 16_000
    peaks = [float(np.abs(sound).max()) for sound in sounds]
    assert max(peaks) <= 1
    assert max(peaks) > 1.5 * min(peaks)
    windows = windows_of(sounds, 8, lambda: None)
    assert windows.shape[1:] == (80, 16)
    assert windows.min() == -4
    again = list(map(len, spoken(12.0, 3)))  # espeak-ng's hiss is another one each time
    assert again == pytest.approx(list(map(len, sounds)), rel=0.05)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "wav2lip.safetensors"
    return wav2lip_parts.write_safetensors(path, wav2lip_parts.random_state())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return wav2lip_parts.write_avatar(tmp_path / "nobody")


def teaching(folder: Path, model: Path, course: Course = TINY) -> Job[Taught]:
    return Job("Teaching", lambda job: teach_avatar(folder, model, job, course, threads=1))


def test_wav2lip_teaches_in_a_process_of_its_own(folder: Path, model: Path) -> None:
    texts: set[str] = set()
    job = teaching(folder, model)
    job.when_progressed(lambda progress: texts.add(progress.text))
    before = dict(os.environ)
    taught = job.run()
    assert dict(os.environ) == before
    assert texts >= {"Watching the teacher", "Learning", "Comparing"}
    student = read_student(folder / STUDENT)
    assert (student.teacher, student.psnr) == ("wav2lip", taught.psnr)
    assert student.face == face_digest(load_avatar(folder))
    assert taught.path == folder / STUDENT
    assert 10 < taught.psnr < 99
    assert taught.flop == student.flop


def test_cancelled_teaching_ends_the_process_and_leaves_the_former_student(
    folder: Path, model: Path
) -> None:
    (folder / STUDENT).write_bytes(b"former")
    job = teaching(folder, model, Course())
    job.when_progressed(lambda progress: progress.text == "Watching the teacher" and job.cancel())
    with pytest.raises(JobCancelled):
        job.run()
    assert not multiprocessing.active_children()
    assert (folder / STUDENT).read_bytes() == b"former"


def test_killed_teaching_is_said(
    folder: Path, model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = teaching(folder, model, Course())

    def kill(progress: Any) -> None:
        if progress.text == "Watching the teacher":
            for child in multiprocessing.active_children():
                os.kill(int(child.pid or 0), signal.SIGKILL)

    job.when_progressed(kill)
    with pytest.raises(EngineDied, match="process that teaches has ended") as caught:
        job.run()
    assert caught.value.hint
    assert not (folder / STUDENT).exists()
    assert apart is not None


def test_missing_and_damaged_files_are_said(folder: Path, model: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match="No Wav2Lip checkpoint at"):
        teaching(folder, tmp_path / "none.pth").run()
    damaged = tmp_path / "wav2lip.pth"
    damaged.write_bytes(model.read_bytes()[:4000])
    with pytest.raises(InputInvalid, match=r"wav2lip\.pth is damaged"):
        teaching(folder, damaged).run()
    (folder / "portrait.png").write_bytes(b"")
    with pytest.raises(InputInvalid, match=r"portrait\.png is damaged"):
        teaching(folder, model).run()


SMALL_HEAD = HeadCourse(
    pictures=24,
    held_out=4,
    flows=4,
    eyes=4,
    mouths=4,
    softs=2,
    study=Study((8,), epochs=2, batch=8, rate=1e-3, ridge=1e-3),
)


@pytest.fixture(scope="module")
def networks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_live_portrait(tmp_path_factory.mktemp("networks"))


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    library = AvatarLibrary(tmp_path / "avatars")
    Job[Any]("making", lambda job: make_avatar(ASTRONAUT, "ada", job, library)).run()
    return library.folder("ada")


def teaching_head(folder: Path, networks: Path, course: HeadCourse) -> Job[Taught]:
    return Job("", lambda job: teach_whole_head(folder, networks, job, course, threads=1))


def test_live_portrait_teaches_the_whole_head_and_is_watched(photo: Path, networks: Path) -> None:
    """With networks in its true format, which move the crop as the keypoints say."""
    previews = []
    job = teaching_head(photo, networks, SMALL_HEAD)
    job.when_progressed(lambda now: now.preview is not None and previews.append(now.preview))
    taught = job.run()
    assert previews[0].shape == (256, 256, 3)
    head = read_head(photo / HEAD)
    assert (head.teacher, head.psnr, head.flop) == ("live_portrait", taught.psnr, taught.flop)
    assert head.face == face_digest(load_avatar(photo))
    assert taught.psnr > 20
    teacher = LivePortraitTeacher(load_avatar(photo), networks, 1)
    assert np.array_equal(head.still, teacher.paint(FaceMotion()))
    face = WholeHeadFace(avatar=str(photo), width=160, height=120)
    assert face.rest(FaceState.IDLE).image.shape == (120, 160, 3)


def test_a_teacher_that_would_take_hours_is_said_before_anything_is_begun(
    photo: Path, networks: Path
) -> None:
    (photo / HEAD).write_bytes(b"former")
    with pytest.raises(TooSlow, match=r"and 44 are needed") as caught:
        teaching_head(photo, networks, replace(SMALL_HEAD, minutes=1e-6)).run()
    assert "--minutes" in caught.value.hint
    assert (photo / HEAD).read_bytes() == b"former"


def test_motions_are_those_of_the_animation_layer() -> None:
    values = motion_values(motions(300, 1))
    assert values.shape == (300, 11)
    assert np.array_equal(values, motion_values(motions(300, 1)))
    assert (values[0] == 0).all()
    assert (values.std(axis=0) > 1e-4).all()
    assert np.abs(values[:, 4:]).max() <= 1


def test_flow_is_measured_and_undone() -> None:
    teacher = DrawnHead()
    still, turned = teacher.paint(FaceMotion()), teacher.paint(FaceMotion(roll=3, yaw=4))
    shown = [[teacher.paint(each) for each in probes] for probes in (EYE_PROBES, MOUTH_PROBES)]
    groups = eyes_and_mouth(still, *shown, 40)
    assert groups.eyes[:, 0].max() < groups.mouth[:, 0].min()  # eyes lie above the mouth
    flow = FlowMeter(still, groups).flow(turned)
    flat = Unbender().unbent(turned, flow)
    inside = slice(100, 400), slice(150, 362)
    before, after = (
        psnr_of(float(np.mean((each[inside].astype(float) - still[inside]) ** 2)))
        for each in (turned, flat)
    )
    assert after > before + 6
