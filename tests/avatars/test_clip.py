"""Avatars from clips: a loop without a seam is found, and what is wrong is said in a sentence."""

from __future__ import annotations

import json
import math
import os
import zipfile
from collections.abc import Callable, Iterator
from itertools import chain, pairwise
from pathlib import Path

import av
import cv2
import moving
import numpy as np
import pytest

from avatar_app.avatars.archive import export_avatar, import_avatar
from avatar_app.avatars.clip.analysis import Watched
from avatar_app.avatars.clip.importing import measure_clip
from avatar_app.avatars.clip.loop import Loop, find_loop, smooth_curve
from avatar_app.avatars.clip.quality import usable_part
from avatar_app.avatars.clip.reading import is_clip, open_clip
from avatar_app.avatars.creation import make_avatar
from avatar_app.avatars.detection.faces import FaceDetector
from avatar_app.avatars.landmarks import landmarks_of
from avatar_app.avatars.library import AvatarLibrary
from avatar_app.core.errors import InputInvalid
from avatar_app.core.jobs import Job, JobCancelled
from avatar_app.core.values import Image
from avatar_app.engines.face.portrait.avatar import (
    FILES,
    MANIFEST,
    Avatar,
    check_folder,
    group_landmarks,
    load_avatar,
)
from avatar_app.engines.face.portrait.idle import IDLE_CLIP, IDLE_FILES, IDLE_TRACK


@pytest.fixture(scope="module")
def ada(tmp_path_factory: pytest.TempPathFactory) -> Avatar:
    return moving.astronaut(AvatarLibrary(tmp_path_factory.mktemp("still")))


@pytest.fixture(scope="module")
def clip(ada: Avatar, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """2.6 seconds in which the head comes back every 1.6 seconds."""
    path = tmp_path_factory.mktemp("clip") / "swaying.mp4"
    return moving.write_clip(path, moving.frames(ada, moving.swaying, 2.6))


@pytest.fixture(scope="module")
def stored(clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the avatar of that clip."""
    return moving.made(clip, AvatarLibrary(tmp_path_factory.mktemp("stored")))


@pytest.fixture
def library(tmp_path: Path) -> AvatarLibrary:
    return AvatarLibrary(tmp_path / "avatars")


def plain(seconds: float, level: int = 90, side: int = 128) -> Iterator[Image]:
    for _ in range(round(seconds * 15)):
        yield np.full((side, side, 3), level, np.uint8)


def test_the_loop_of_a_clip_is_seamless(stored: Path, clip: Path) -> None:
    avatar = check_folder(stored)
    assert sorted(path.name for path in stored.iterdir()) == sorted(avatar.files)
    assert avatar.portrait.shape == (480, 480, 3)
    assert avatar.notes == ()
    idle = avatar.idle
    assert idle is not None
    assert (idle.mirrored, idle.fps, len(idle)) == (False, 15.0, 24)
    assert idle.seconds == pytest.approx(1.6)
    assert sum((stored / name).stat().st_size for name in IDLE_FILES) < 250_000
    pictures = [picture.astype(int) for picture in idle.pictures()]
    steps = [np.abs(b - a).mean() for a, b in pairwise([*pictures, pictures[0]])]
    assert steps[-1] <= 1.25 * np.max(steps[:-1])  # a picture left out would double it
    assert np.median(steps) > 0.5
    boxes = np.abs(np.diff(np.concatenate([idle.boxes, idle.boxes[:1]]), axis=0)).max(axis=1)
    assert boxes.max() < 3


def test_landmarks_follow_the_face(stored: Path) -> None:
    idle = load_avatar(stored).idle
    assert idle is not None
    eyes, wide = FaceDetector(), float(np.ptp(idle.boxes[0, ::2]))
    for index, picture in list(enumerate(idle.pictures()))[2::9]:
        seen = landmarks_of(eyes.mesh(picture, eyes.faces(picture)[0])[0])
        landmarks = group_landmarks(idle.marks[index])
        for name in ("jaw", "lips_outer_lower", "nose_base"):
            assert np.linalg.norm(seen[name] - landmarks[name], axis=1).mean() < 0.02 * wide, name


def test_the_portrait_is_a_frame_with_open_eyes_and_closed_lips(stored: Path, clip: Path) -> None:
    portrait = load_avatar(stored).portrait.astype(int)
    apart = [np.abs(portrait - frame).mean() for frame in open_clip(clip).frames()]
    assert min(apart) == 0
    assert int(np.argmin(apart)) not in (11, 12, 13)  # she blinks


@pytest.mark.parametrize("name", ["film.webm", "film.gif", "film.avi", "film.mov"])
def test_clips_in_many_formats_are_read(name: str, tmp_path: Path) -> None:
    codecs = {"webm": ("libvpx", "yuv420p"), "gif": ("gif", "rgb8"), "avi": ("mjpeg", "yuvj420p")}
    codec, pixels = codecs.get(name.split(".")[1], ("libx264", "yuv420p"))
    path = tmp_path / name
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=10)
        stream.width, stream.height, stream.pix_fmt = 160, 120, pixels
        for level in range(20):
            picture = np.full((120, 160, 3), 40 + 8 * level, np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        container.mux(stream.encode(None))
    film = open_clip(path)
    frames = list(film.frames())
    assert is_clip(path)
    assert (film.size, film.rate) == ((160, 120), 10.0)
    assert len(frames) == pytest.approx(20, abs=1)
    assert all(abs(float(frame.mean()) - 40 - 8 * k) < 34 for k, frame in enumerate(frames))


def test_fast_clip_is_thinned_and_large_clip_scaled_down(tmp_path: Path) -> None:
    pictures = (np.full((96, 1500, 3), 10 + k, np.uint8) for k in range(120))
    film = open_clip(moving.write_clip(tmp_path / "a.mp4", pictures, 60))
    assert (film.rate, film.size) == (30.0, (1280, 82))
    means = [float(frame.mean()) for frame in film.frames()]
    assert len(means) == pytest.approx(60, abs=1)
    assert np.allclose(np.diff(means), 2, atol=1.1)


def cut_off(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


HOSTILE: dict[str, Callable[[Path], object]] = {
    "cut off": cut_off,
    "a text": lambda path: path.write_text("no film"),
    "empty": lambda path: path.write_bytes(b""),
    "a playlist": lambda path: path.write_text("#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/a.ts\n"),
    "noise": lambda path: path.write_bytes(np.random.default_rng(1).bytes(5000)),
    "a film's head": lambda path: path.write_bytes(path.read_bytes()[:40]),
    "nothing": lambda path: path.unlink(),
    "sound alone": lambda path: write_sound(path),
}


def write_sound(path: Path) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=16_000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 16_000), np.float32), "fltp", "mono")
        frame.sample_rate = 16_000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_clip_is_reported(kind: str, tmp_path: Path, library: AvatarLibrary) -> None:
    path = moving.write_clip(tmp_path / "film.mp4", plain(1))
    HOSTILE[kind](path)
    with pytest.raises(InputInvalid) as raised:
        moving.made(path, library)
    assert str(path) in raised.value.message
    assert raised.value.hint
    assert not library.root.exists() or list(library.root.iterdir()) == []


@pytest.mark.parametrize(
    ("pictures", "said"),
    [
        (plain(2), "No face found in"),
        (plain(0.5), "only 0.5 seconds"),
        (plain(1 / 15), "is a still picture"),
    ],
)
def test_unusable_clip_is_refused(
    pictures: Iterator[Image], said: str, tmp_path: Path, library: AvatarLibrary
) -> None:
    with pytest.raises(InputInvalid, match=said):
        moving.made(moving.write_clip(tmp_path / "a.mp4", pictures), library)


@pytest.mark.parametrize("when", [0.0, 0.3, 0.78, 0.9])
def test_a_cancelled_clip_leaves_nothing(when: float, clip: Path, library: AvatarLibrary) -> None:
    job = Job[Avatar]("making", lambda job: make_avatar(clip, "ada", job, library))
    reported: list[float] = []

    def listen(progress: object) -> None:
        reported.append(job.progress.fraction)
        if job.progress.fraction >= when:
            job.cancel()

    job.when_progressed(listen)
    with pytest.raises(JobCancelled):
        job.run()
    assert reported == sorted(reported)
    assert not library.root.exists() or list(library.root.iterdir()) == []


def test_a_clip_of_constant_talking_is_reported(ada: Avatar, tmp_path: Path) -> None:
    path = moving.write_clip(tmp_path / "a.mp4", moving.frames(ada, moving.talking, 1.2))
    measured = Job("measured", lambda job: measure_clip(path, job)).run()
    assert any("mouth moves throughout" in note for note in measured.notes)


def watched(mesh: np.ndarray, count: int = 40, **changed: object) -> Watched:
    parts: dict[str, object] = {
        "meshes": np.repeat(mesh[None], count, axis=0),
        "sights": np.full((count, 48, 64), 120, np.float32),
        "details": np.ones(count, np.float32),
        "lights": np.full(count, 120, np.float32),
        "faces": 1,
    }
    return Watched(rate=20.0, **{**parts, **changed})  # type: ignore[arg-type]


def absent(mesh: np.ndarray, *frames: int) -> np.ndarray:
    meshes = np.repeat(mesh[None], 40, axis=0)
    meshes[list(frames)] = np.nan
    return meshes


def test_clip_checks_report_their_findings(ada: Avatar) -> None:
    mesh, path = ada.mesh, Path("a.mp4")
    assert usable_part(watched(mesh), path) == (slice(0, 40), ())
    part, notes = usable_part(watched(mesh, meshes=absent(mesh, *range(8))), path)
    assert part == slice(8, 40)
    assert notes == ("No face in 20 % of the frames.",)
    part, _ = usable_part(watched(mesh, meshes=absent(mesh, 12, 13)), path)
    assert part == slice(0, 40)  # lost for a tenth of a second
    jumping = (
        np.repeat(mesh[None], 40, axis=0)
        + np.array([400, 0, 0]) * (np.arange(40) > 24)[:, None, None]
    )
    part, notes = usable_part(watched(mesh, meshes=jumping.astype(np.float32)), path)
    assert part == slice(0, 25)
    assert notes == ("There is a cut in the clip; only its longest part is used.",)
    sights = np.where(np.arange(40) < 15, 20, 200)[:, None, None] * np.ones((1, 48, 64))
    part, _ = usable_part(watched(mesh, sights=sights.astype(np.float32)), path)
    assert part == slice(15, 40)
    _, notes = usable_part(watched(mesh, faces=3, lights=np.full(40, 50, np.float32)), path)
    assert len(notes) == 2
    assert "3 faces in the clip" in notes[0]
    assert "dark" in notes[1]
    for changed, said in (
        ({"meshes": absent(mesh, *range(25))}, "62 % of the frames"),
        ({"lights": np.full(40, 20, np.float32)}, "too dark"),
        ({"sights": np.resize([0, 90], 40)[:, None, None] * np.ones((1, 48, 64))}, "without a cut"),
    ):
        with pytest.raises(InputInvalid, match=said) as raised:
            usable_part(watched(mesh, **changed), path)
        assert raised.value.hint


def drifted(mesh: np.ndarray, shifts: np.ndarray) -> np.ndarray:
    return (mesh[None] + shifts[:, None, None] * np.array([1.0, 0.3, 0])).astype(np.float32)


def test_loop_closes_seamlessly_or_mirrors_at_rest(ada: Avatar) -> None:
    time = np.arange(75) / 15
    quiet, sights = np.zeros(75, np.float32), np.full((75, 48, 64), 99, np.float32)
    swaying = drifted(ada.mesh, 12 * np.sin(math.tau * time / 2.2))
    loop = find_loop(swaying, quiet, sights, 15)
    assert (loop.end - loop.begin, loop.mirrored) == (33, False)
    assert loop.begin >= 5
    leaving = drifted(ada.mesh, 40 * (1 - np.cos(math.pi * time / 5)))  # stands at either end
    loop = find_loop(leaving, quiet, sights, 15)
    assert loop.mirrored
    assert loop.begin == 0 or loop.end == 75
    speaking = np.where(time < 2.5, 0.1 * np.sin(40 * time), 0).astype(np.float32)
    assert find_loop(swaying, speaking, sights, 15).begin >= 37
    assert find_loop(swaying[:16], quiet[:16], sights[:16], 15) == Loop(0, 16, mirrored=True)


def test_smoothing_removes_jitter_and_keeps_motion() -> None:
    time = np.arange(60, dtype=np.float32)
    noisy = time * 2 + np.resize([-1, 1], 60)
    soft = smooth_curve(noisy[:, None].astype(np.float32), 2.0)[:, 0]
    assert np.abs(soft - time * 2)[8:-8].max() < 0.05


def test_avatar_with_a_loop_is_exported_and_imported(
    stored: Path, library: AvatarLibrary, tmp_path: Path
) -> None:
    export_avatar(stored, tmp_path / "ada.avatar")
    guest = import_avatar(tmp_path / "ada.avatar", "guest", library)
    idle, own = guest.idle, load_avatar(stored).idle
    assert idle is not None
    assert own is not None
    assert (idle.clip, idle.fps, idle.mirrored) == (own.clip, own.fps, own.mirrored)
    assert np.array_equal(idle.marks, own.marks)


def edited(stored: Path, **entries: object) -> bytes:
    return json.dumps(json.loads((stored / MANIFEST).read_bytes()) | entries).encode()


PARCELS: dict[str, Callable[[Path], dict[str, bytes]]] = {
    "loop not named": lambda stored: {MANIFEST: edited(stored, version=1)},
    "loop cut off": lambda stored: {IDLE_CLIP: (stored / IDLE_CLIP).read_bytes()[:9000]},
    "loop is a text": lambda stored: {IDLE_CLIP: b"text"},
    "track is a text": lambda stored: {IDLE_TRACK: b"text"},
}


@pytest.mark.parametrize("kind", PARCELS)
def test_a_hostile_loop_leaves_nothing(
    kind: str, stored: Path, library: AvatarLibrary, tmp_path: Path
) -> None:
    changed = PARCELS[kind](stored)
    with zipfile.ZipFile(tmp_path / "x.avatar", "w") as parcel:
        for name in (*FILES, *IDLE_FILES):
            parcel.writestr(name, changed.get(name, (stored / name).read_bytes()))
    with pytest.raises(InputInvalid) as raised:
        import_avatar(tmp_path / "x.avatar", "guest", library)
    assert raised.value.hint
    assert list(library.root.iterdir()) == []


def entry(**changed: object) -> dict[str, object]:
    return {"frames": 24, "fps": 15.0, "mirrored": False, **changed}


ENTRIES: dict[str, object] = {
    "none": None,
    "too many": entry(frames=10**9),
    "another number": entry(frames=23),
    "true frames": entry(frames=True),
    "no pace": entry(fps=0),
    "pace of no number": entry(fps=float("nan")),
    "mirrored perhaps": entry(mirrored="perhaps"),
}


@pytest.mark.parametrize("kind", ENTRIES)
def test_a_wrong_entry_is_reported(kind: str, stored: Path, tmp_path: Path) -> None:
    for name in (*FILES, *IDLE_FILES):
        (tmp_path / name).write_bytes((stored / name).read_bytes())
    check_folder(tmp_path)
    (tmp_path / MANIFEST).write_bytes(edited(stored, idle=ENTRIES[kind]))
    with pytest.raises(InputInvalid) as raised:
        check_folder(tmp_path)
    assert str(tmp_path) in raised.value.message


def test_a_film_of_other_size_or_length_is_damaged(stored: Path, tmp_path: Path) -> None:
    for name in (*FILES, *IDLE_FILES):
        (tmp_path / name).write_bytes((stored / name).read_bytes())
    wide = (cv2.resize(next(plain(1)), (480, 480)) for _ in range(30))
    for pictures in (plain(1.6, side=128), chain(wide)):
        moving.write_clip(tmp_path / IDLE_CLIP, pictures)
        with pytest.raises(InputInvalid, match="damaged"):
            check_folder(tmp_path)
