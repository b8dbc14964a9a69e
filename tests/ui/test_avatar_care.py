"""A user brings an avatar to life and lets it learn its lips: progress, cancel, the result."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from avatar_folders import ASTRONAUT, add_avatars
from fake_session import FakeSession
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction

from avatar_app.avatars.creation import make_avatar
from avatar_app.avatars.library import AvatarLibrary
from avatar_app.avatars.teaching.apart import Taught
from avatar_app.core.errors import ModelMissing
from avatar_app.core.jobs import Job
from avatar_app.engines.face.portrait.avatar import HEAD, STUDENT
from avatar_app.runtime.registry import Registry
from avatar_app.session.avatar_choices import AvatarChoices
from avatar_app.session.avatar_life import SHOWN, AvatarLife, IdlePictures
from avatar_app.settings.store import SettingsStore
from avatar_app.system.paths import app_paths
from avatar_app.ui.pages.avatars.page import AvatarsPage
from avatar_app.ui.window.main_window import MainWindow

MOUSE, CONTROL = Qt.MouseButton.LeftButton, Qt.KeyboardModifier.ControlModifier
LONG = 60_000
"""Milliseconds for what takes seconds on a busy machine."""
PICTURE = np.full((40, 30, 3), 120, np.uint8)
NAME = "ada-lovelace"


@pytest.fixture
def page(qtbot, opened: Callable[..., tuple[MainWindow, FakeSession]]):
    """The page with an avatar of the user, and the session."""
    add_avatars(["Ada Lovelace"])
    window, session = opened((), manifests=Registry().all())
    window.resize(1280, 720)
    qtbot.keyClick(window, Qt.Key.Key_9, CONTROL)
    shown = window.pages.shown
    assert isinstance(shown, AvatarsPage)
    qtbot.waitUntil(lambda: NAME in shown.gallery.tiles, timeout=LONG)
    return shown, session


def action(page: AvatarsPage, title: str) -> QAction:
    menu = page.actions_of.menu_for(page.gallery.tiles[NAME])
    return next(each for each in menu.actions() if each.text().split("\t")[0] == title)


def titles(page: AvatarsPage) -> list[str]:
    menu = page.actions_of.menu_for(page.gallery.tiles[NAME])
    return [each.text().split("\t")[0] for each in menu.actions()]


def test_loop_is_made_with_progress_previews_and_before_and_after(
    qtbot, page, monkeypatch: pytest.MonkeyPatch
) -> None:
    avatars, session = page
    go_on = threading.Event()
    calmed: list[str] = []

    def animate(name: str, job: Job[Any]) -> IdlePictures:
        job.report(0.4, "Moving the portrait", PICTURE)
        assert go_on.wait(60)
        return IdlePictures((PICTURE, PICTURE + 20), 25.0)

    monkeypatch.setattr(session.studio.life, "animate", animate)
    monkeypatch.setattr(session.studio.life, "calm", calmed.append)
    card = avatars.actions_of.care_card
    assert not card.isVisible()
    action(avatars, "Bring to life").trigger()
    qtbot.waitUntil(lambda: card.step.text() == "Moving the portrait", timeout=LONG)
    assert card.isVisible()
    assert card.title.text() == "Ada Lovelace comes to life"
    assert card.bar.value() == 400
    assert not card.after.is_empty
    qtbot.waitUntil(lambda: not card.before.is_empty, timeout=LONG)
    assert not action(avatars, "Teach it its lips").isEnabled()
    go_on.set()
    qtbot.waitUntil(lambda: card.title.text() == "Ada Lovelace is alive", timeout=LONG)
    assert card.after.is_playing
    assert card.bar.isHidden()
    assert "0.1 seconds" in card.step.text()
    qtbot.mouseClick(card.back_button, MOUSE)
    qtbot.waitUntil(lambda: calmed == [NAME], timeout=LONG)
    assert not card.isVisible()


def test_cancel_stops_the_work_and_hides_it(qtbot, page, monkeypatch: pytest.MonkeyPatch) -> None:
    avatars, session = page
    stopped = threading.Event()

    def animate(_name: str, job: Job[Any]) -> None:
        try:
            for _ in range(6000):
                job.report(0.1, "Moving the portrait")
                threading.Event().wait(0.01)
        finally:
            stopped.set()

    monkeypatch.setattr(session.studio.life, "animate", animate)
    card = avatars.actions_of.care_card
    action(avatars, "Bring to life").trigger()
    qtbot.waitUntil(lambda: card.bar.value() == 100, timeout=LONG)
    qtbot.mouseClick(card.cancel_button, MOUSE)
    assert not card.isVisible()
    assert stopped.wait(30)
    assert avatars.toast.notice is None
    assert not avatars.actions_of.care.is_busy


def test_student_that_was_taught_is_used_in_the_conversation(
    qtbot, page, monkeypatch: pytest.MonkeyPatch
) -> None:
    avatars, session = page

    def teach(_name: str, job: Job[Any]) -> Taught:
        job.report(0.5, "Watching the teacher")
        return Taught(Path("student.onnx"), 40.04, 3_800_000)

    monkeypatch.setattr(session.studio.life, "teach", teach)
    card = avatars.actions_of.care_card
    action(avatars, "Teach it its lips").trigger()
    qtbot.waitUntil(lambda: "has learned" in card.title.text(), timeout=LONG)
    assert "40.0 dB" in card.step.text()
    assert "0.004 GFLOP" in card.step.text()
    qtbot.mouseClick(card.use_button, MOUSE)
    face = lambda: session.settings.settings.face  # noqa: E731
    qtbot.waitUntil(lambda: face().engine == "student", timeout=LONG)
    assert face().options["avatar"] == NAME


def test_head_that_was_taught_is_used_in_the_conversation(
    qtbot, page, monkeypatch: pytest.MonkeyPatch
) -> None:
    avatars, session = page

    def teach(_name: str, job: Job[Any]) -> Taught:
        job.report(0.5, "Watching the teacher", np.zeros((8, 8, 3), np.uint8))
        return Taught(Path("head.onnx"), 41.6, 22_000_000)

    monkeypatch.setattr(session.studio.life, "teach_head", teach)
    card = avatars.actions_of.care_card
    action(avatars, "Teach it its whole head").trigger()
    qtbot.waitUntil(lambda: "its whole head" in card.title.text(), timeout=LONG)
    qtbot.waitUntil(lambda: "41.6 dB" in card.step.text(), timeout=LONG)
    qtbot.mouseClick(card.use_button, MOUSE)
    face = lambda: session.settings.settings.face  # noqa: E731
    qtbot.waitUntil(lambda: face().engine == "whole_head", timeout=LONG)
    assert face().options["avatar"] == NAME


def test_what_is_missing_is_said(qtbot, page, monkeypatch: pytest.MonkeyPatch) -> None:
    avatars, session = page

    def teach(_name: str, _job: Job[Any]) -> None:
        raise ModelMissing("Wav2Lip's weights are not installed.", "Fetch them.")

    monkeypatch.setattr(session.studio.life, "teach", teach)
    action(avatars, "Teach it its lips").trigger()
    qtbot.waitUntil(lambda: avatars.toast.notice is not None, timeout=LONG)
    assert avatars.toast.notice.message == "Wav2Lip's weights are not installed."
    assert not avatars.actions_of.care_card.isVisible()


def test_photo_lives_and_is_still_again(tmp_path: Path) -> None:
    """With the engine that comes with the program."""
    library = AvatarLibrary(tmp_path)
    Job[Any]("making", lambda job: make_avatar(ASTRONAUT, "ada", job, library)).run()
    paths = app_paths()
    life = AvatarLife(AvatarChoices(Registry(), library), SettingsStore(paths.settings_file), paths)
    previews: list[np.ndarray] = []
    job = Job[IdlePictures]("", lambda job: life.animate("ada", job))
    job.when_progressed(
        lambda now: previews.append(now.preview) if now.preview is not None else None
    )
    loop = job.run()
    assert len(loop.pictures) == 85
    assert loop.fps == pytest.approx(25)
    assert max(loop.pictures[0].shape) <= SHOWN
    assert len(previews) > 10
    label = library.label("ada")
    assert (label.is_clip, label.is_rendered) == (True, True)
    assert max(life.portrait("ada").shape) <= SHOWN
    life.calm("ada")
    assert life.is_photo("ada")
    shutil.copy(ASTRONAUT, library.folder("ada") / STUDENT)
    assert life.has_student("ada")
    shutil.copy(ASTRONAUT, library.folder("ada") / HEAD)
    life.forget_student("ada")
    assert not life.has_student("ada")
    assert (library.folder("ada") / HEAD).exists()
    life.forget_student("ada", head=True)
    assert not (library.folder("ada") / HEAD).exists()


def test_menu_offers_what_fits_the_avatar(qtbot, page, monkeypatch: pytest.MonkeyPatch) -> None:
    avatars, _ = page
    tile = avatars.gallery.tiles[NAME]
    assert {"Bring to life", "Teach it its lips"} <= set(titles(avatars))
    filmed = type(tile.avatar)(NAME, "Ada", is_drawn=False, is_clip=True)
    monkeypatch.setattr(tile, "avatar", filmed)
    assert not {"Bring to life", "Teach it its lips", "Hold it still"} & set(titles(avatars))
    assert tile.about == "From a clip"
    rendered = type(tile.avatar)(NAME, "Ada", is_drawn=False, is_clip=True, is_rendered=True)
    monkeypatch.setattr(tile, "avatar", rendered)
    assert "Hold it still" in titles(avatars)
    assert tile.about == "From a photo"
