"""A user brings a photo: dropped or chosen, watched, cancelled, refused, and at last on show."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDragLeaveEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QFileDialog

from avatar_app.core.errors import InputInvalid
from avatar_app.session.avatar_choices import NewCharacter

LEFT = Qt.MouseButton.LeftButton
COPY = Qt.DropAction.CopyAction
NONE = Qt.KeyboardModifier.NoModifier
PHOTO = Path("/photos/ada.jpg")


def dragged(*paths: Path) -> QMimeData:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    return mime


def enter(window, mime: QMimeData) -> bool:
    """Is what is dragged over the window welcome?"""
    event = QDragEnterEvent(QPoint(200, 200), COPY, mime, LEFT, NONE)
    event.ignore()
    QApplication.sendEvent(window, event)
    return event.isAccepted()


def drop(window, mime: QMimeData) -> None:
    QApplication.sendEvent(window, QDropEvent(QPoint(200, 200), COPY, mime, LEFT, NONE))


def test_dropped_photo_becomes_the_current_face(qtbot, window_and_session):
    window, session = window_and_session
    card = window.stage.avatar_drop_card
    mime = dragged(PHOTO)
    assert enter(window, mime)
    assert card.isVisible()
    assert not card.cancel_button.isVisible()
    drop(window, mime)
    assert session.asked("make_character") == [(PHOTO,)]
    qtbot.waitUntil(lambda: session.asked("use_character") == [("ada",)])
    qtbot.waitUntil(lambda: window.stage.name.text() == "Ada")
    assert not card.isVisible()
    assert window.stage.notices.notice is None


def test_photo_quality_notes_are_shown(qtbot, window_and_session):
    window, session = window_and_session
    session.made = NewCharacter("ada", ("The mouth is open.", "The face is dark."))
    window.avatar_drop.take(PHOTO)
    notices = window.stage.notices
    qtbot.waitUntil(notices.isVisible)
    assert notices.accessibleDescription() == "This is Ada. The mouth is open. The face is dark."


def test_progress_is_shown_and_a_second_photo_is_refused(qtbot, window_and_session):
    window, session = window_and_session
    session.may_finish.clear()
    window.avatar_drop.take(PHOTO)
    card = window.stage.avatar_drop_card
    qtbot.waitUntil(lambda: card.bar.value() == 500)
    assert card.isVisible()
    assert "ada.jpg" in card.accessibleDescription()
    assert not enter(window, dragged(Path("/photos/bea.jpg")))
    window.avatar_drop.take(Path("/photos/bea.jpg"))
    assert session.asked("make_character") == [(PHOTO,)]
    session.may_finish.set()
    qtbot.waitUntil(card.isHidden)


@pytest.mark.parametrize("by_key", [False, True])
def test_avatar_creation_can_be_cancelled(qtbot, window_and_session, by_key):
    window, session = window_and_session
    session.may_finish.clear()
    window.avatar_drop.take(PHOTO)
    card = window.stage.avatar_drop_card
    qtbot.waitUntil(lambda: card.bar.value() == 500)
    if by_key:
        qtbot.keyClick(window.composer.field, Qt.Key.Key_Escape)
    else:
        qtbot.mouseClick(card.cancel_button, LEFT)
    qtbot.waitUntil(card.isHidden)
    assert not window.avatar_drop.is_busy
    assert session.asked("use_character") == []
    assert session.asked("interrupt") == []
    assert window.stage.notices.notice is None


def test_unusable_photo_is_reported_and_another_can_be_chosen(qtbot, window_and_session, dialogs):
    window, session = window_and_session
    session.error = InputInvalid(f"There is no face in {PHOTO}.", "Use another photo.")
    window.avatar_drop.take(PHOTO)
    notices = window.stage.notices
    qtbot.waitUntil(notices.isVisible)
    assert notices.accessibleDescription() == "There is no face in ada.jpg. Use another photo."
    session.error = None
    qtbot.mouseClick(notices.action_button, LEFT)
    (dialog,) = dialogs
    dialog.fileSelected.emit(str(PHOTO))
    qtbot.waitUntil(lambda: session.asked("use_character") == [("ada",)])


@pytest.fixture
def dialogs(monkeypatch: pytest.MonkeyPatch) -> list[QFileDialog]:
    """The dialogs that were opened: real ones that nobody sees, for the system's own cannot be
    reached."""
    opened: list[QFileDialog] = []
    monkeypatch.setattr(QFileDialog, "open", lambda dialog: opened.append(dialog))
    return opened


def test_shortcut_and_settings_open_the_file_dialog(qtbot, window_and_session, dialogs):
    window, _ = window_and_session
    qtbot.keyClick(window, Qt.Key.Key_N, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: len(dialogs) == 1)
    assert any("*.jpg" in kinds for kinds in dialogs[0].nameFilters())
    window.show_settings()
    qtbot.mouseClick(window.popover.photo_button, LEFT)
    qtbot.waitUntil(lambda: len(dialogs) == 2)
    assert not window.popover.isVisible()
    for dialog in dialogs:
        dialog.close()


@pytest.mark.parametrize(
    "mime",
    [dragged(PHOTO, PHOTO), QMimeData(), dragged()],
    ids=["two files", "nothing", "no file"],
)
def test_only_a_single_local_file_can_be_dropped(window_and_session, mime):
    window, session = window_and_session
    assert not enter(window, mime)
    assert not window.stage.avatar_drop_card.isVisible()
    drop(window, mime)
    assert session.asked("make_character") == []


def test_dragging_a_file_away_hides_the_drop_card(window_and_session):
    window, _ = window_and_session
    enter(window, dragged(PHOTO))
    QApplication.sendEvent(window, QDragLeaveEvent())
    assert not window.stage.avatar_drop_card.isVisible()


def test_closing_the_window_cancels_avatar_creation(window_and_session):
    window, session = window_and_session
    session.may_finish.clear()
    window.avatar_drop.take(PHOTO)
    window.close()
    assert session.asked("use_character") == []
    assert session.asked("close") == [()]
