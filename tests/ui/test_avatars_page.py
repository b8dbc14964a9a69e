"""A user looks at the avatars, uses one with a click or a key, and takes that back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from avatar_folders import add_avatars
from fake_session import FakeSession
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QFileDialog

from avatar_app.core.events import Outcome, State, StateChanged, TurnEnded
from avatar_app.runtime.registry import Registry
from avatar_app.system.paths import app_paths
from avatar_app.ui.pages.avatars.page import AvatarsPage
from avatar_app.ui.pages.avatars.tile import AvatarTile
from avatar_app.ui.window.main_window import MainWindow

MOUSE = Qt.MouseButton.LeftButton
CONTROL = Qt.KeyboardModifier.ControlModifier
MANIFESTS = Registry().all()
LONG = 60_000
"""Milliseconds for what takes seconds on a busy machine."""
OWN = ["Ada Lovelace", "Zoë O'Brien"]


@pytest.fixture
def page(qtbot, opened: Callable[..., tuple[MainWindow, FakeSession]]):
    """The page with two avatars of the user, and the session."""
    add_avatars(OWN)
    said = TurnEnded(1, Outcome.FINISHED, "Hi", "", "It is nine. Is it late?")
    window, session = opened((said,), manifests=MANIFESTS)
    window.resize(1280, 720)
    qtbot.keyClick(window, Qt.Key.Key_9, CONTROL)
    shown = window.pages.shown
    assert isinstance(shown, AvatarsPage)
    qtbot.waitUntil(
        lambda: all(tile.picture for tile in tiles(shown)) and bool(tiles(shown)), timeout=LONG
    )
    return shown, session, window


def tiles(page: AvatarsPage) -> list[AvatarTile]:
    return list(page.gallery.tiles.values())


def test_gallery_lists_all_avatars_under_their_user_given_names(page) -> None:
    avatars, _, _ = page
    titles = {tile.title: tile.about for tile in tiles(avatars)}
    drawn = {"Mira": "In use", "Theo": "Drawn", "Pip": "Drawn"}
    assert titles == drawn | dict.fromkeys(OWN, "From a photo")
    assert avatars.gallery.tiles["zoe-obrien"].accessibleName() == "Zoë O'Brien. From a photo."


def test_click_uses_an_avatar_and_undo_restores_the_previous_one(qtbot, page) -> None:
    avatars, session, _ = page
    ada = avatars.gallery.tiles["ada-lovelace"]
    qtbot.mouseClick(ada, MOUSE)
    qtbot.waitUntil(lambda: ada.about == "In use", timeout=LONG)
    face = session.settings.settings.face
    assert (face.engine, face.options["avatar"]) == ("photo", "ada-lovelace")
    qtbot.waitUntil(lambda: avatars.toast.notice is not None, timeout=LONG)
    assert avatars.toast.notice.message == "Now: Ada Lovelace"
    qtbot.mouseClick(avatars.toast.action_button, MOUSE)
    qtbot.waitUntil(lambda: avatars.gallery.tiles["mira"].about == "In use", timeout=LONG)
    qtbot.mouseClick(avatars.gallery.tiles["pip"], MOUSE)
    qtbot.waitUntil(lambda: avatars.gallery.tiles["pip"].about == "In use", timeout=LONG)
    qtbot.keyClick(avatars, Qt.Key.Key_Z, CONTROL)
    qtbot.waitUntil(lambda: avatars.gallery.tiles["mira"].about == "In use", timeout=LONG)


def test_arrow_keys_move_through_both_groups_and_enter_uses_an_avatar(qtbot, page) -> None:
    avatars, session, _ = page
    qtbot.waitUntil(avatars.gallery.tiles["mira"].hasFocus, timeout=LONG)

    def press(key: Qt.Key) -> str:
        qtbot.keyClick(QApplication.focusWidget(), key)
        return QApplication.focusWidget().accessibleName()

    assert press(Qt.Key.Key_Right).startswith("Theo")
    assert press(Qt.Key.Key_Left).startswith("Mira")
    assert press(Qt.Key.Key_Left).startswith("Zoë")
    assert press(Qt.Key.Key_Left).startswith("Ada")
    assert press(Qt.Key.Key_Left).startswith("Add a photo")
    assert press(Qt.Key.Key_Right).startswith("Ada")
    press(Qt.Key.Key_Return)
    qtbot.waitUntil(
        lambda: session.settings.settings.face.options.get("avatar") == "ada-lovelace", timeout=LONG
    )


def test_damaged_avatar_shows_its_error(qtbot, page) -> None:
    avatars, _, window = page
    (app_paths().data / "avatars" / "ada-lovelace" / "portrait.png").write_bytes(b"no picture")
    (app_paths().data / "avatars" / "ada-lovelace" / "avatar.json").touch()
    window.pages.close()
    window.pages.open("avatars")
    qtbot.waitUntil(lambda: avatars.gallery.tiles["ada-lovelace"].about == "Damaged", timeout=LONG)
    assert "portrait.png" in avatars.gallery.tiles["ada-lovelace"].accessibleDescription()


def test_focused_avatar_animates_and_speaks_the_last_sentence_on_key_press(qtbot, page) -> None:
    avatars, session, _ = page
    mira, theo = avatars.gallery.tiles["mira"], avatars.gallery.tiles["theo"]
    qtbot.waitUntil(mira.hasFocus, timeout=LONG)
    still = theo.picture
    qtbot.keyClick(mira, Qt.Key.Key_Right)
    qtbot.waitUntil(lambda: theo.picture is not still, timeout=LONG)
    session.checks.may_finish.clear()
    qtbot.keyClick(theo, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: bool(session.checks.asked("play")), timeout=LONG)
    assert session.voices.asked("speech") == [(None, "Is it late?")]
    assert avatars.try_bar.button.accessibleName() == "Stop"
    qtbot.keyClick(theo, Qt.Key.Key_Escape)
    assert avatars.try_bar.button.accessibleName() == "Let it speak"


def test_hovered_avatar_animates_and_speaks_until_the_pointer_leaves(qtbot, page) -> None:
    avatars, session, _ = page
    pip = avatars.gallery.tiles["pip"]
    avatars.close_button.setFocus()
    session.checks.may_finish.clear()
    still = pip.picture
    qtbot.mouseMove(pip)
    qtbot.waitUntil(lambda: pip.picture is not still, timeout=LONG)
    qtbot.waitUntil(lambda: bool(session.checks.asked("play")), timeout=LONG)
    qtbot.mouseMove(avatars.close_button)
    qtbot.waitUntil(lambda: not avatars.stage.is_speaking, timeout=LONG)
    assert avatars.attention.tile is None


def test_hovered_avatar_does_not_speak_during_a_conversation(qtbot, page) -> None:
    avatars, session, _ = page
    session.post(StateChanged(State.SPEAKING))
    qtbot.waitUntil(lambda: not avatars.stage.conversation_rests, timeout=LONG)
    pip = avatars.gallery.tiles["pip"]
    still = pip.picture
    avatars.attention._speaks.setInterval(0)
    qtbot.mouseMove(pip)
    qtbot.waitUntil(lambda: pip.picture is not still, timeout=LONG)
    assert not avatars.attention._speaks.isActive()
    assert session.voices.asked("speech") == []


def test_rename_by_key_can_be_undone(qtbot, page) -> None:
    avatars, _, _ = page
    ada = avatars.gallery.tiles["ada-lovelace"]
    ada.setFocus()
    qtbot.keyClick(ada, Qt.Key.Key_F2)
    assert ada.name_edit.hasFocus()
    qtbot.keyClicks(ada.name_edit, "Nobody")
    qtbot.keyClick(ada.name_edit, Qt.Key.Key_Escape)
    assert ada.hasFocus()
    assert ada.title == "Ada Lovelace"
    qtbot.keyClick(ada, Qt.Key.Key_F2)
    qtbot.keyClicks(ada.name_edit, "Augusta")
    qtbot.keyClick(ada.name_edit, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "augusta" in avatars.gallery.tiles, timeout=LONG)
    qtbot.waitUntil(lambda: avatars.toast.notice is not None, timeout=LONG)
    assert avatars.toast.notice.message == "Ada Lovelace is now called Augusta."
    qtbot.keyClick(avatars, Qt.Key.Key_Z, CONTROL)
    qtbot.waitUntil(lambda: "ada-lovelace" in avatars.gallery.tiles, timeout=LONG)
    assert avatars.gallery.tiles["ada-lovelace"].title == "Ada Lovelace"


def test_deleted_avatar_can_be_restored_until_the_toast_closes(qtbot, page) -> None:
    avatars, _, _ = page
    ada = avatars.gallery.tiles["ada-lovelace"]
    ada.setFocus()
    qtbot.keyClick(ada, Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: "ada-lovelace" not in avatars.gallery.tiles, timeout=LONG)
    qtbot.waitUntil(lambda: avatars.toast.notice is not None, timeout=LONG)
    qtbot.mouseClick(avatars.toast.action_button, MOUSE)
    qtbot.waitUntil(lambda: "ada-lovelace" in avatars.gallery.tiles, timeout=LONG)
    qtbot.keyClick(avatars.gallery.tiles["ada-lovelace"], Qt.Key.Key_Delete)
    qtbot.waitUntil(lambda: avatars.toast.notice is not None, timeout=LONG)
    qtbot.mouseClick(avatars.toast.close_button, MOUSE)
    aside = app_paths().data / ".deleted"
    qtbot.waitUntil(lambda: not list(aside.glob("avatar-*")), timeout=LONG)
    assert "ada-lovelace" not in avatars.gallery.tiles


def test_avatar_is_exported_to_one_file_and_imported_again(
    qtbot, page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    avatars, _, _ = page
    dialogs: list[QFileDialog] = []
    monkeypatch.setattr(QFileDialog, "open", lambda dialog: dialogs.append(dialog))
    menu = avatars.actions_of.menu_for(avatars.gallery.tiles["zoe-obrien"])
    entries = {action.text().split("\t")[0]: action for action in menu.actions()}
    given = ["Bring to life", "Teach it its lips", "Teach it its whole head"]
    assert list(entries) == ["Use", "Let it speak", *given, "Rename", "Share as a file", "Delete"]
    entries["Share as a file"].trigger()
    dialogs[0].fileSelected.emit(str(tmp_path / "for-you"))
    qtbot.waitUntil(lambda: (tmp_path / "for-you.avatar").is_file(), timeout=LONG)
    qtbot.waitUntil(lambda: avatars.toast.notice is not None, timeout=LONG)
    avatars.drafting.take(tmp_path / "for-you.avatar")
    qtbot.waitUntil(lambda: "for-you" in avatars.gallery.tiles, timeout=LONG)
    menu.deleteLater()


def test_appearance_sliders_change_settings_live_and_can_be_undone(qtbot, page) -> None:
    avatars, session, _ = page
    names = [name.rpartition(".")[2] for name in avatars.look.rows]
    assert names == ["expressiveness", "gaze", "zoom", "background"]
    slider = avatars.look.rows["face.options.zoom"].editor.slider
    slider.setFocus()
    qtbot.keyClick(slider, Qt.Key.Key_Right)
    qtbot.waitUntil(lambda: session.settings.get("face.options.zoom") > 1.0, timeout=LONG)
    qtbot.keyClick(slider, Qt.Key.Key_Z, CONTROL)
    qtbot.waitUntil(lambda: session.settings.get("face.options.zoom") == 1.0, timeout=LONG)


def test_face_engines_show_missing_models_and_link_to_them(qtbot, page) -> None:
    avatars, session, window = page
    buttons = avatars.engines.buttons
    qtbot.waitUntil(lambda: set(buttons) == set(avatars.engines.buttons) != set(), timeout=LONG)
    buttons = avatars.engines.buttons
    assert [buttons[name].text() for name in ("illustrated", "photo", "wav2lip")] == [
        "In use",
        "Use",
        "Get model",
    ]
    qtbot.mouseClick(buttons["photo"], MOUSE)
    qtbot.waitUntil(lambda: session.settings.settings.face.engine == "photo", timeout=LONG)
    assert session.settings.settings.face.options["avatar"] == "ada-lovelace"
    qtbot.waitUntil(lambda: avatars.engines.buttons["photo"].text() == "In use", timeout=LONG)
    qtbot.mouseClick(avatars.engines.buttons["wav2lip"], MOUSE)
    assert window.pages.shown.accessibleName() == "Models"
