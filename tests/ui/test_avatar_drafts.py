"""A user brings photos and clips to the page of avatars: checked, cropped, tried, named, kept."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from avatar_folders import ASTRONAUT, EILEEN
from fake_session import FakeSession
from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QImage
from PySide6.QtWidgets import QAbstractButton, QApplication, QFileDialog, QLineEdit, QWidget

from avatar_app.avatars.library import AvatarLibrary
from avatar_app.avatars.photo_checks import CheckKind
from avatar_app.runtime.registry import Registry
from avatar_app.system.paths import app_paths
from avatar_app.ui.pages.avatars.page import AvatarsPage
from avatar_app.ui.window.main_window import MainWindow

MOUSE = Qt.MouseButton.LeftButton
NONE = Qt.KeyboardModifier.NoModifier
CONTROL = Qt.KeyboardModifier.ControlModifier
COPY = Qt.DropAction.CopyAction
MANIFESTS = Registry().all()
LONG = 60_000
"""Milliseconds for what takes seconds on a busy machine."""


@pytest.fixture
def page(qtbot, opened: Callable[..., tuple[MainWindow, FakeSession]]):
    window, session = opened(manifests=MANIFESTS)
    window.resize(1280, 720)
    window.pages.open("avatars")
    shown = window.pages.shown
    assert isinstance(shown, AvatarsPage)
    qtbot.waitUntil(lambda: bool(shown.gallery.tiles), timeout=LONG)
    return shown, session, window


@pytest.fixture
def couple(tmp_path: Path) -> Path:
    """A photo of two people: a large face on the left, a smaller one on the right."""
    face = cv2.imread(str(ASTRONAUT))[0:300, 90:390]
    both = np.full((600, 1000, 3), 190, np.uint8)
    both[:, :600] = cv2.resize(face, (600, 600))
    both[150:550, 600:1000] = cv2.resize(face, (400, 400))
    cv2.imwrite(str(tmp_path / "our-wedding.png"), both)
    return tmp_path / "our-wedding.png"


def dragged(path: Path) -> QMimeData:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path))])
    return mime


def drop(page: QWidget, mime: QMimeData) -> None:
    for kind in (QDragEnterEvent, QDropEvent):
        event = kind(QPoint(200, 200), COPY, mime, MOUSE, NONE)
        event.ignore()
        QApplication.sendEvent(page, event)
        assert event.isAccepted()


def opened_draft(qtbot, page: AvatarsPage, path: Path) -> None:
    drop(page, dragged(path))
    qtbot.waitUntil(lambda: page.views.currentWidget() is page.draft, timeout=LONG)


def library() -> AvatarLibrary:
    return AvatarLibrary.of(app_paths())


def said(page: AvatarsPage, kind: CheckKind) -> str:
    return page.draft.checks.rows[kind].text.text()


def test_dropped_photo_becomes_an_avatar_with_the_typed_name(qtbot, page) -> None:
    avatars, session, _ = page
    opened_draft(qtbot, avatars, ASTRONAUT)
    assert said(avatars, CheckKind.PEOPLE) == "One face"
    assert said(avatars, CheckKind.MOUTH).startswith("Open mouth")
    name = avatars.draft.name_field
    assert name.text() == "Astronaut"
    name.selectAll()
    qtbot.keyClicks(name, "Eileen & Co.")
    qtbot.waitUntil(lambda: avatars.draft.trial.picture is not None, timeout=LONG)
    qtbot.keyClick(name, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "eileen-co" in avatars.gallery.tiles, timeout=LONG)
    assert avatars.gallery.tiles["eileen-co"].title == "Eileen & Co."
    assert library().names() == ("eileen-co",)
    assert avatars.toast.notice.message == "Eileen & Co. was added."
    qtbot.waitUntil(avatars.gallery.tiles["eileen-co"].hasFocus, timeout=LONG)
    qtbot.mouseClick(avatars.toast.action_button, MOUSE)  # Use
    qtbot.waitUntil(
        lambda: session.settings.settings.face.options.get("avatar") == "eileen-co", timeout=LONG
    )


def test_photo_checks_update_when_the_crop_moves_by_keys_or_mouse(qtbot, page) -> None:
    avatars, _, _ = page
    opened_draft(qtbot, avatars, ASTRONAUT)
    picture, whole = avatars.draft.picture, "The whole face is in the picture"
    assert said(avatars, CheckKind.WHOLE) == whole
    corner = picture.crop_place().topLeft().toPoint()
    inside = picture.face_place(0).center().toPoint()
    qtbot.mousePress(picture, MOUSE, NONE, corner)
    qtbot.mouseMove(picture, inside)
    qtbot.mouseRelease(picture, MOUSE, NONE, inside)
    assert said(avatars, CheckKind.WHOLE) == "The face is cut off"
    assert not avatars.draft.keep_button.isEnabled()
    picture.setFocus()
    for _ in range(10):
        qtbot.keyClick(picture, Qt.Key.Key_Left)
        qtbot.keyClick(picture, Qt.Key.Key_Up)
    assert said(avatars, CheckKind.WHOLE) == whole
    assert avatars.draft.keep_button.isEnabled()
    before = picture.crop
    qtbot.keyClick(picture, Qt.Key.Key_Minus)
    assert picture.crop.right - picture.crop.left < before.right - before.left


def test_click_or_digit_selects_one_of_several_faces(qtbot, page, couple: Path) -> None:
    avatars, _, _ = page
    opened_draft(qtbot, avatars, couple)
    picture = avatars.draft.picture
    assert picture.face == 0
    assert "Click the face" in avatars.draft.about.text()
    qtbot.mouseClick(picture, MOUSE, NONE, picture.face_place(1).center().toPoint())
    assert picture.face == 1
    large = float(said(avatars, CheckKind.SIZE).split(": ")[1].split()[0])
    qtbot.keyClick(picture, Qt.Key.Key_1)
    assert picture.face == 0
    assert float(said(avatars, CheckKind.SIZE).split(": ")[1].split()[0]) > large
    for _ in range(12):
        qtbot.keyClick(picture, Qt.Key.Key_Plus)
    assert said(avatars, CheckKind.PEOPLE) == "2 faces: the marked one is used"
    qtbot.keyClick(picture, Qt.Key.Key_2)
    qtbot.mouseClick(avatars.draft.keep_button, MOUSE)
    qtbot.waitUntil(lambda: library().names() == ("our-wedding",), timeout=LONG)
    avatar = library().load(library().folder("our-wedding"))
    assert avatar.portrait.shape[1] < 1000
    assert np.ptp(avatar.landmarks["jaw"][:, 0]) < 160


def test_draft_speaks_a_sentence_in_the_chosen_voice_before_saving(qtbot, page) -> None:
    avatars, session, _ = page
    opened_draft(qtbot, avatars, ASTRONAUT)
    bar = avatars.draft_try_bar
    qtbot.waitUntil(lambda: bar.voices.count() == 5, timeout=LONG)
    bar.voices.setCurrentIndex(3)
    qtbot.keyClicks(bar.field, "How do I look?")
    qtbot.keyClick(bar.field, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: bool(session.checks.asked("play")), timeout=LONG)
    ((voice, text),) = session.voices.asked("speech")
    assert (voice.name, text) == ("af_heart", "How do I look?")
    qtbot.waitUntil(lambda: not avatars.stage.is_speaking, timeout=LONG)
    assert library().names() == ()


def test_unusable_file_shows_the_reason_and_another_can_be_chosen(
    qtbot, page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    avatars, _, _ = page
    dialogs: list[QFileDialog] = []
    monkeypatch.setattr(QFileDialog, "open", lambda dialog: dialogs.append(dialog))
    (tmp_path / "hostile.jpg").write_bytes(b"\xff\xd8\xff" + bytes(100))
    drop(avatars, dragged(tmp_path / "hostile.jpg"))
    qtbot.waitUntil(lambda: avatars.toast.notice is not None, timeout=LONG)
    assert avatars.toast.notice.message == "The file hostile.jpg is not a readable photo."
    assert avatars.views.currentWidget() is avatars.scroller
    qtbot.mouseClick(avatars.toast.action_button, MOUSE)
    dialogs[0].fileSelected.emit(str(ASTRONAUT))
    qtbot.waitUntil(lambda: avatars.drafting.is_open, timeout=LONG)


def test_escape_cancels_reading_the_photo_then_leaves_the_draft(qtbot, page) -> None:
    avatars, _, window = page
    drop(avatars, dragged(ASTRONAUT))
    assert avatars.drafting.is_busy
    assert avatars.card.isVisible()
    qtbot.keyClick(avatars, Qt.Key.Key_Escape)
    assert not avatars.drafting.is_busy
    assert not avatars.card.isVisible()
    opened_draft(qtbot, avatars, ASTRONAUT)
    qtbot.keyClick(avatars, Qt.Key.Key_Escape)
    assert avatars.views.currentWidget() is avatars.scroller
    assert window.pages.shown is avatars
    assert library().names() == ()


def test_picture_can_be_pasted_and_avatar_file_is_imported_unchanged(
    qtbot, page, tmp_path: Path
) -> None:
    avatars, _, _ = page
    QApplication.clipboard().setImage(QImage(str(ASTRONAUT)))
    qtbot.keyClick(avatars, Qt.Key.Key_V, CONTROL)
    qtbot.waitUntil(lambda: avatars.drafting.is_open, timeout=LONG)
    qtbot.mouseClick(avatars.draft.cancel_button, MOUSE)
    shutil.copy(EILEEN, tmp_path / "friend.avatar")
    drop(avatars, dragged(tmp_path / "friend.avatar"))
    qtbot.waitUntil(lambda: "friend" in avatars.gallery.tiles, timeout=LONG)
    qtbot.waitUntil(lambda: avatars.toast.notice is not None, timeout=LONG)
    assert avatars.toast.notice.message == "Friend was added."


def test_every_control_has_an_accessible_name(qtbot, page) -> None:
    avatars, _, _ = page
    opened_draft(qtbot, avatars, ASTRONAUT)
    controls = [*avatars.findChildren(QAbstractButton), *avatars.findChildren(QLineEdit)]
    named = [each for each in controls if each.objectName() != "qt_spinbox_lineedit"]
    assert [each for each in named if not each.accessibleName()] == []
