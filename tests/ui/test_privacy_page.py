"""A user sees what is kept, deletes with undo, and switches connections off."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from fake_session import FakeSession
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton

from avatar_app.core.network_access import NetworkAccess
from avatar_app.session.stored_data import StoredKind
from avatar_app.system.network_log import ConnectionAttempt
from avatar_app.ui.pages.privacy import PrivacyPage
from avatar_app.ui.window.main_window import MainWindow

MOUSE = Qt.MouseButton.LeftButton
AT = datetime(2026, 3, 14, 9, 26, tzinfo=UTC)


@pytest.fixture
def page(qtbot, opened: Callable[..., tuple[MainWindow, FakeSession]]):
    """The page with its sizes, and the session."""
    window, session = opened()
    session.user_data.attempts = (
        ConnectionAttempt(AT, "avatar-app", "connect", "192.0.2.1:443", allowed=True),
        ConnectionAttempt(AT, "Leaky", "look up", "example.com:443", allowed=False),
    )
    window.resize(1280, 720)
    window.pages.open("privacy")
    shown = window.pages.shown
    assert isinstance(shown, PrivacyPage)
    qtbot.waitUntil(lambda: shown.rows[StoredKind.MODELS].amount.text() == "2 MB")
    return shown, session, window


def test_every_kind_of_stored_data_is_listed(page) -> None:
    privacy, _, _ = page
    assert set(privacy.rows) == set(StoredKind)
    kept = privacy.rows[StoredKind.HISTORY]
    assert kept.open_button.toolTip().endswith("history")
    assert kept.delete_button.isVisible()
    assert not privacy.rows[StoredKind.SETTINGS].delete_button.isVisible()


def test_deleted_data_is_restored_by_undo(qtbot, page) -> None:
    privacy, session, _ = page
    row = privacy.rows[StoredKind.AVATARS]
    qtbot.mouseClick(row.delete_button, MOUSE)
    qtbot.waitUntil(lambda: row.amount.text() == "nothing")
    assert not row.delete_button.isVisible()
    assert privacy.toast.notice.message == "Deleted: Avatars"
    qtbot.mouseClick(privacy.toast.action_button, MOUSE)
    qtbot.waitUntil(lambda: row.amount.text() == "2 MB")
    assert session.user_data.deleted[StoredKind.AVATARS].undone
    assert not session.user_data.deleted[StoredKind.AVATARS].finished


def test_deleted_data_is_removed_when_the_toast_closes(qtbot, page) -> None:
    privacy, session, window = page
    for kind in (StoredKind.HISTORY, StoredKind.CACHE):
        qtbot.mouseClick(privacy.rows[kind].delete_button, MOUSE)
        qtbot.waitUntil(lambda kind=kind: privacy.rows[kind].amount.text() == "nothing")
    qtbot.waitUntil(lambda: session.user_data.deleted[StoredKind.HISTORY].finished)
    assert not session.user_data.deleted[StoredKind.CACHE].finished
    window.pages.close()
    qtbot.waitUntil(lambda: session.user_data.deleted[StoredKind.CACHE].finished)


def test_network_access_is_switched_off_and_on_with_undo(qtbot, page) -> None:
    privacy, session, _ = page
    choices = privacy.network.choices
    assert choices[NetworkAccess.ALL].isChecked()
    assert choices[NetworkAccess.ALL].hasFocus()
    qtbot.mouseClick(choices[NetworkAccess.LOCAL], MOUSE)
    qtbot.waitUntil(lambda: session.settings.get("network.allowed") == "local")
    qtbot.waitUntil(lambda: "Not covered" in privacy.network.covers.text())
    qtbot.waitUntil(lambda: privacy.toast.notice is not None)
    qtbot.mouseClick(privacy.toast.action_button, MOUSE)
    qtbot.waitUntil(lambda: session.settings.get("network.allowed") == "all")
    qtbot.waitUntil(choices[NetworkAccess.ALL].isChecked)
    qtbot.keyClick(choices[NetworkAccess.NONE], Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: session.settings.get("network.allowed") == "none")
    qtbot.waitUntil(lambda: "next start" in privacy.network.covers.text())


def test_network_sealed_by_the_system_is_explained(page) -> None:
    privacy, _, _ = page
    privacy.network.show_access(NetworkAccess.NONE, sealed=True)
    assert privacy.network.covers.text().startswith("The system refuses every connection")
    privacy.network.show_access(NetworkAccess.ALL, sealed=True)
    assert "Start it again" in privacy.network.covers.text()


def test_connection_attempts_are_listed_newest_first(qtbot, page) -> None:
    privacy, _, _ = page
    qtbot.waitUntil(lambda: "192.0.2.1:443" in privacy.network.log.text())
    first, second = privacy.network.log.text().splitlines()
    assert first.endswith("avatar-app connected to 192.0.2.1:443")
    assert second.endswith("Leaky was refused example.com:443")
    privacy.network.show_attempts(())
    assert privacy.network.log.text() == "Nothing has tried to connect."


def test_every_control_has_an_accessible_name(page) -> None:
    privacy, _, _ = page
    buttons = [each for each in privacy.findChildren(QAbstractButton) if each.isVisible()]
    assert len(buttons) > 15
    assert [each for each in buttons if not each.accessibleName()] == []
