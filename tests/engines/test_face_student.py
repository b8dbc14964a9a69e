"""The student face: streams as Wav2Lip does, from a checked file that is kept with the avatar."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import moving
import numpy as np
import onnx
import pytest
import wav2lip_parts
import yaml
from hand_made_teachers import SHORT, LoudTeacher, random_student
from onnx import numpy_helper
from onnx_changes import changed_model

from avatar_app.avatars.library import AvatarLibrary
from avatar_app.avatars.teaching.course import teach
from avatar_app.core.engines import Engine
from avatar_app.core.errors import AvatarError, InputInvalid, ModelMissing
from avatar_app.core.jobs import Job
from avatar_app.core.manifest import Kind, parse_manifest
from avatar_app.core.turn import Turn, TurnCancelled
from avatar_app.core.values import AudioChunk, FaceState, SpeechChunk, VideoFrame
from avatar_app.engines.face.lips.views import views_of
from avatar_app.engines.face.portrait.avatar import HEAD, STUDENT, load_avatar
from avatar_app.engines.face.student import engine as engine_module
from avatar_app.engines.face.student.engine import StudentFace
from avatar_app.engines.face.student.stage import StudentStage
from avatar_app.engines.face.student.weights import (
    Student,
    read_student,
    write_student,
)
from avatar_app.engines.face.taught.digest import face_digest
from avatar_app.engines.face.whole_head.engine import WholeHeadFace

RATE = 16_000
SIZE = {"width": 192, "height": 108}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An avatar that was taught by the teacher whose answer is known."""
    folder = wav2lip_parts.write_avatar(tmp_path_factory.mktemp("taught") / "nobody")
    avatar = load_avatar(folder)
    teacher = LoudTeacher(views_of(avatar).region)
    job = Job[Student]("", lambda job: teach(teacher, face_digest(avatar), SHORT, job))
    write_student(job.run(), folder / STUDENT)
    return folder


@pytest.fixture(scope="module")
def face(folder: Path) -> Iterator[StudentFace]:
    face = StudentFace(avatar=str(folder), **SIZE, expressiveness=0.0)
    yield face
    face.close()


@pytest.fixture(scope="module")
def speech() -> SpeechChunk:
    """0.3 s of silence, 0.8 s of a voice, 0.7 s of silence, 0.4 s of the voice."""
    voice = (wav2lip_parts.golden()["wav_16k"] / 32768).astype(np.float32)[5_000:24_200]
    first, second = np.split(voice, [12_800])
    silences = [np.zeros(round(seconds * RATE), np.float32) for seconds in (0.3, 0.7)]
    return SpeechChunk(AudioChunk(np.concatenate([silences[0], first, silences[1], second]), RATE))


def split(speech: SpeechChunk, seconds: float) -> Iterator[SpeechChunk]:
    step = round(seconds * RATE)
    for start in range(0, len(speech.audio.samples), step):
        yield SpeechChunk(AudioChunk(speech.audio.samples[start : start + step], RATE, start))


def performed(face: StudentFace, *chunks: SpeechChunk) -> list[VideoFrame]:
    return list(face.perform(iter(chunks), Turn(1)))


def test_manifest_describes_the_engine(face: StudentFace) -> None:
    path = Path(engine_module.__file__).with_name("manifest.yaml")
    manifest = parse_manifest(yaml.safe_load(path.read_text()), str(path))
    assert (manifest.name, manifest.kind) == ("student", Kind.FACE)
    assert "non-commercial" in manifest.license
    assert isinstance(face, Engine)
    with pytest.raises(ModelMissing, match="No avatar is chosen"):
        StudentFace(**manifest.defaults())


@pytest.mark.parametrize("seconds", [0.013, 0.1, 0.29])
def test_streamed_frames_equal_those_of_the_whole_speech(
    seconds: float, face: StudentFace, speech: SpeechChunk
) -> None:
    whole, parts = performed(face, speech), performed(face, *split(speech, seconds))
    assert [frame.at for frame in parts] == [frame.at for frame in whole]
    for one, other in zip(whole, parts, strict=True):
        assert np.abs(one.image.astype(int) - other.image.astype(int)).max() <= 1


def test_frames_are_evenly_spaced_silent_ones_still_and_the_mouth_closes(
    face: StudentFace, speech: SpeechChunk
) -> None:
    frames = performed(face, speech)
    still = face.rest(FaceState.IDLE).image
    assert [frame.at for frame in frames] == [index / 25 for index in range(len(frames))]
    assert np.array_equal(frames[0].image, still)
    assert np.array_equal(frames[-1].image, still)
    at = {round(frame.at, 3): frame.image for frame in frames}
    assert not np.array_equal(at[0.8], still)
    assert np.array_equal(at[1.4], still)


def test_mouth_follows_the_sound_at_its_own_time(face: StudentFace, folder: Path) -> None:
    """Bursts of noise open the mouth, whose middle the teacher darkens by the sixth column of the
    window, 62.5 ms after the picture's time: no later than 45 ms and no earlier than those."""
    rng = np.random.default_rng(3)
    sound = np.zeros(4 * RATE, np.float32)
    begins = (0.5, 1.3, 2.0, 2.9, 3.4)
    for begin in begins:
        burst = rng.uniform(-0.5, 0.5, round(0.24 * RATE))
        sound[round(begin * RATE) :][: len(burst)] = burst
    frames = performed(face, SpeechChunk(AudioChunk(sound, RATE)))
    painted = [frame for frame in frames if frame.pose.patch is not None]
    row, column = (length // 2 for length in painted[0].pose.patch.shape[:2])
    dark = {frame.at: 255.0 - float(frame.pose.patch[row, column, 0]) for frame in painted}
    middle = (max(dark.values()) + min(dark.values())) / 2
    for begin in begins:
        first = min(at for at, darkness in dark.items() if at > begin - 0.2 and darkness > middle)
        assert -0.0625 - 0.045 <= first - begin <= 0.045
    assert folder.is_dir()


def test_cancelled_turn_stops_and_a_resting_face_closes_its_mouth(
    face: StudentFace, speech: SpeechChunk
) -> None:
    turn = Turn(1)
    frames = face.perform(iter([speech]), turn)
    shown = [next(frames) for _ in range(18)]
    turn.cancel()
    with pytest.raises(TurnCancelled):
        next(frames)
    assert shown[-1].pose.share == 1.0
    resting = face.rest(FaceState.LISTENING, shown[-1])
    for _ in range(3):
        resting = face.rest(FaceState.LISTENING, resting)
    assert resting.pose.share == 0


def test_size_changes_between_speeches(face: StudentFace, speech: SpeechChunk) -> None:
    frames = face.perform(iter([speech]), Turn(1))
    face.configure(width=64, height=96)
    assert next(frames).image.shape == (108, 192, 3)
    assert face.rest(FaceState.IDLE).image.shape == (96, 64, 3)
    face.configure(**SIZE)


def test_graph_computes_what_the_weights_say(folder: Path) -> None:
    student = read_student(folder / STUDENT)
    stage = StudentStage(load_avatar(folder), student, (64, 64))
    mels = np.random.default_rng(2).uniform(-4, 3, (7, 80, 16)).astype(np.float32)
    apart = stage.paint(mels).astype(int) - student.painted(mels)
    assert np.abs(apart).max() <= 1
    assert student.flop < 0.15e9


def test_file_keeps_everything(tmp_path: Path) -> None:
    region = views_of(load_avatar(wav2lip_parts.write_avatar(tmp_path / "nobody"))).region
    student = random_student(region, "face")
    write_student(student, tmp_path / STUDENT)
    again = read_student(tmp_path / STUDENT)
    onnx.checker.check_model(str(tmp_path / STUDENT))
    assert (again.region, again.face, again.teacher, again.psnr) == (region, "face", "chance", 40)
    assert np.array_equal(again.basis, student.basis)
    assert np.array_equal(again.layers[1].bias, student.layers[1].bias)


def _no_numbers(model: Any) -> None:
    for tensor in model.graph.initializer:
        if tensor.name == "mean":
            values = np.full(numpy_helper.to_array(tensor).shape, np.nan, np.float32)
            tensor.CopyFrom(numpy_helper.from_array(values, "mean"))


def _elsewhere(model: Any) -> None:
    model.graph.initializer[0].data_location = onnx.TensorProto.EXTERNAL


HOSTILE = {
    "empty": lambda content: content[:0],
    "cut off": lambda content: content[: len(content) // 2],
    "no ONNX": lambda _content: b"\x89PNG" * 100,
    "without facts": changed_model(lambda model: model.ClearField("metadata_props")),
    "of another version": changed_model(
        lambda model: setattr(model.metadata_props[0], "value", '{"version": 9}')
    ),
    "no numbers": changed_model(_no_numbers),
    "weights elsewhere": changed_model(_elsewhere),
    "without weights": changed_model(lambda model: model.graph.ClearField("initializer")),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_damaged_file_is_said(name: str, folder: Path, tmp_path: Path) -> None:
    path = tmp_path / STUDENT
    path.write_bytes(HOSTILE[name]((folder / STUDENT).read_bytes()))
    with pytest.raises(InputInvalid, match=r"student\.onnx is damaged") as caught:
        read_student(path)
    assert "teach" in caught.value.hint


def test_graph_in_the_file_is_never_run(folder: Path, tmp_path: Path) -> None:
    """Whatever nodes somebody puts into it: only its weights are used."""
    model = onnx.load(str(folder / STUDENT))
    model.graph.ClearField("node")
    path = tmp_path / STUDENT
    path.write_bytes(model.SerializeToString())
    assert read_student(path).psnr == read_student(folder / STUDENT).psnr


def test_untaught_and_changed_avatars_are_said(tmp_path: Path) -> None:
    folder = wav2lip_parts.write_avatar(tmp_path / "nobody")

    def error() -> AvatarError:
        with pytest.raises(AvatarError) as caught:
            StudentFace(avatar=str(folder))
        return caught.value

    assert "The avatar nobody has no student" in error().message
    assert "avatars teach nobody" in error().hint
    region = views_of(load_avatar(folder)).region
    write_student(random_student(region, "another face"), folder / STUDENT)
    assert "has changed since it was taught" in error().message
    with pytest.raises(ModelMissing, match="contains no avatar"):
        StudentFace(avatar=str(tmp_path))


@pytest.mark.parametrize(("engine", "file"), [(StudentFace, STUDENT), (WholeHeadFace, HEAD)])
def test_avatars_that_move_are_refused(engine: Any, file: str, tmp_path: Path) -> None:
    library = AvatarLibrary(tmp_path / "avatars")
    ada = moving.astronaut(library)
    clip = moving.write_clip(tmp_path / "a.mp4", moving.frames(ada, moving.swaying, 2.2))
    moving.made(clip, library, "bea")
    folder = library.folder("bea")
    (folder / file).touch()
    with pytest.raises(InputInvalid, match="bea moves, which a student cannot do"):
        engine(avatar=str(folder))
