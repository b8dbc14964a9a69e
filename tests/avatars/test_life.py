"""A photo avatar is given life: a loop without a seam that is kept with it, and taken back."""

from __future__ import annotations

import shutil
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from avatar_folders import add_avatars
from live_portrait_models import write_live_portrait

from avatar_app.avatars import library as avatars
from avatar_app.avatars.archive import export_avatar, import_avatar
from avatar_app.avatars.life import give_life, take_life
from avatar_app.core.errors import InputInvalid, ModelMissing
from avatar_app.core.generation import FaceMotion
from avatar_app.core.jobs import Job, JobCancelled
from avatar_app.engines.face.animation.face_motion import idle_loop
from avatar_app.engines.face.photo.engine import PhotoFace
from avatar_app.engines.face.portrait.avatar import Avatar, check_folder, load_avatar
from avatar_app.render.idle import animate_avatar
from avatar_app.runtime.registry import Registry
from avatar_app.settings.schema import EngineChoice

PLANE = EngineChoice(engine="plane", options={})


@pytest.fixture
def folder() -> Path:
    return add_avatars(["Eileen"]).folder("eileen")


def animated(
    folder: Path, choice: EngineChoice, seconds: float = 1.0, job: Job[Any] | None = None
) -> Avatar:
    watched = job or Job[Any]("", lambda _job: None)
    return animate_avatar(folder, choice, Registry(), watched, seconds)


def check_seam(folder: Path) -> None:
    """From the last frame to the first it goes as from any frame to the next: in pixels but for
    what the encoder loses, and in landmarks."""
    idle = load_avatar(folder).idle
    assert idle is not None
    pictures = [picture.astype(int) for picture in idle.pictures()]
    ways = [float(np.abs(b - a).mean()) for a, b in pairwise(pictures)]
    assert max(ways) > 0.02
    assert np.abs(pictures[-1] - pictures[0]).mean() <= max(ways) + 0.7
    moved = np.abs(np.diff(idle.marks, axis=0)).mean(axis=(1, 2))
    assert moved.max() > 0.02
    assert np.abs(idle.marks[-1] - idle.marks[0]).mean() <= 1.5 * moved.max()


def test_loop_of_live_portrait_is_kept_and_has_no_seam(folder: Path, tmp_path: Path) -> None:
    models = write_live_portrait(tmp_path / "live")
    choice = EngineChoice(engine="live_portrait", options={"model": str(models)})
    avatar = animated(folder, choice)
    assert avatar.idle is not None
    assert (len(avatar.idle), avatar.idle.fps, avatar.idle.mirrored) == (25, 25, False)
    check_seam(folder)
    apart = np.ptp(avatar.idle.boxes[:, 0])
    assert 0.2 < apart < 20
    centers = (avatar.idle.boxes[:, :2] + avatar.idle.boxes[:, 2:]) / 2
    own = np.array(avatar.face_box, float)
    assert np.abs(centers.mean(axis=0) - (own[:2] + own[2:]) / 2).max() < 12


def test_plane_needs_no_weights_and_faces_play_the_loop(folder: Path) -> None:
    animated(folder, PLANE)
    check_seam(folder)
    face = PhotoFace(avatar=str(folder), width=192, height=108)
    assert face is not None
    face.close()


def test_animated_avatar_can_be_exported_and_animated_again(folder: Path, tmp_path: Path) -> None:
    animated(folder, PLANE)
    export_avatar(folder, tmp_path / "moving.avatar")
    library = avatars.AvatarLibrary(tmp_path / "other")
    assert import_avatar(tmp_path / "moving.avatar", "moving", library).idle is not None
    animated(folder, PLANE, 1.4)
    again = check_folder(folder).idle
    assert again is not None
    assert len(again) == 35


def test_still_again_leaves_the_photo(folder: Path) -> None:
    before = sorted(path.name for path in folder.iterdir())
    portrait = load_avatar(folder).portrait
    animated(folder, PLANE)
    take_life(folder)
    assert sorted(path.name for path in folder.iterdir()) == before
    after = check_folder(folder)
    assert after.idle is None
    assert np.array_equal(after.portrait, portrait)
    take_life(folder)


def test_cancelled_and_failed_rendering_leaves_the_avatar(folder: Path, tmp_path: Path) -> None:
    animated(folder, PLANE)
    job: Job[Any] = Job("", lambda _job: None)
    job.when_progressed(lambda progress: progress.fraction > 0.3 and job.cancel())
    with pytest.raises(JobCancelled):
        animated(folder, PLANE, 2.0, job)
    empty = EngineChoice(engine="live_portrait", options={"model": str(tmp_path)})
    with pytest.raises(ModelMissing):
        animated(folder, empty)
    idle = check_folder(folder).idle
    assert idle is not None
    assert len(idle) == 25


def test_filmed_loop_is_never_replaced(folder: Path) -> None:
    animated(folder, PLANE)
    manifest = folder / "avatar.json"
    manifest.write_text(manifest.read_text().replace('"rendered": true', '"rendered": false'))
    for change in (lambda: take_life(folder), lambda: animated(folder, PLANE)):
        with pytest.raises(InputInvalid, match="was filmed"):
            change()


def test_frames_that_do_not_fit_are_said(folder: Path) -> None:
    portrait = load_avatar(folder).portrait
    job: Job[Any] = Job("", lambda _job: None)
    with pytest.raises(InputInvalid, match="8 to 90 frames, not 2"):
        give_life(folder, iter([portrait] * 2), 25, job)
    with pytest.raises(InputInvalid, match="smaller or larger"):
        give_life(folder, iter([portrait[:-2]] * 9), 25, job)
    with pytest.raises(InputInvalid, match="no face in frame 2"):
        give_life(folder, iter([portrait, np.zeros_like(portrait)]), 25, job)
    assert load_avatar(folder).idle is None


def test_full_disk_leaves_a_usable_avatar(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("avatar_app.system.files.settle", full)
        with pytest.raises(InputInvalid, match="cannot be changed: No space left"):
            animated(folder, PLANE)
    check_folder(folder)
    assert shutil.disk_usage(folder).free > 0


def test_motion_of_a_loop_ends_as_it_begins_and_looks_alive() -> None:
    loop = np.array(idle_loop(3.4, 25))
    assert len(loop) == 85
    ways = np.abs(np.diff(np.concatenate([loop, loop[:1]]), axis=0))
    for way in ways.T:  # the seam is no larger than any other step
        assert way[-1] <= way[:-1].max() + 1e-6
    assert np.ptp(loop[:, 0]) > 0.5
    assert idle_loop(3.4, 25) == idle_loop(3.4, 25)
    assert loop[:, FaceMotion._fields.index("blink")].max() > 0.9
    assert loop[0, FaceMotion._fields.index("blink")] == 0
