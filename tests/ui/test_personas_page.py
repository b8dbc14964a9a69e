"""A user takes another persona with one click, edits it in place, and undoes that."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from fake_session import FakeSession
from PySide6.QtCore import Qt

from avatar_app.ui.pages.personas import PersonasPage
from avatar_app.ui.window.main_window import MainWindow

MOUSE = Qt.MouseButton.LeftButton
CONTROL = Qt.KeyboardModifier.ControlModifier
Opened = tuple[MainWindow, FakeSession, PersonasPage]


@pytest.fixture
def page(qtbot, opened: Callable[..., tuple[MainWindow, FakeSession]]) -> Opened:
    window, session = opened()
    window.resize(1280, 720)
    window.pages.open("personas")
    shown = window.pages.shown
    assert isinstance(shown, PersonasPage)
    qtbot.waitUntil(lambda: shown.list.count() == 3)
    return window, session, shown


def choose(qtbot, page: PersonasPage, title: str) -> None:
    (item,) = page.list.findItems(title, Qt.MatchFlag.MatchStartsWith)
    where = page.list.visualItemRect(item).center()
    qtbot.mouseClick(page.list.viewport(), MOUSE, pos=where)
    qtbot.waitUntil(lambda: page.form.title.text().startswith(title))


def named(session: FakeSession) -> str:
    return session.settings.settings.persona


def test_click_uses_a_persona_and_undo_restores_the_previous_one(qtbot, page: Opened) -> None:
    _, session, shown = page
    assert shown.form.title.text() == "Mira, a good companion"
    assert not shown.form.use_button.isEnabled()
    choose(qtbot, shown, "Professor")
    assert shown.form.system.toPlainText().startswith("You are Professor Lindqvist")
    qtbot.mouseClick(shown.form.use_button, MOUSE)
    qtbot.waitUntil(lambda: named(session) == "professor")
    assert session.settings.get("face.options.character") == "theo"
    assert session.settings.get("tts.options.voice") == "m3"
    qtbot.waitUntil(lambda: shown.toast.notice is not None)
    assert "Professor" in shown.toast.notice.message
    qtbot.waitUntil(lambda: not shown.form.use_button.isEnabled())
    qtbot.keyClick(shown, Qt.Key.Key_Z, CONTROL)
    qtbot.waitUntil(lambda: named(session) == "mira")
    assert session.settings.get("face.options.character") != "theo"


def test_persona_can_be_chosen_with_the_keyboard_alone(qtbot, page: Opened) -> None:
    _, session, shown = page
    assert shown.list.hasFocus()
    qtbot.keyClick(shown.list, Qt.Key.Key_Up)
    qtbot.waitUntil(lambda: shown.form.title.text().startswith("Pemberton"))
    qtbot.keyClick(shown.list, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: named(session) == "butler")


def test_description_is_edited_in_place_and_can_be_undone(qtbot, page: Opened) -> None:
    _, session, shown = page
    system = shown.form.system
    before = system.toPlainText()
    system.setFocus()
    qtbot.keyClick(system, Qt.Key.Key_End, CONTROL)
    qtbot.keyClicks(system, " Be very brief.")
    assert session.asked("hold") == []  # Space was typed
    shown.list.setFocus()
    edited = f"{before} Be very brief."
    qtbot.waitUntil(lambda: session.personas.current().system == edited)
    qtbot.waitUntil(lambda: shown.form.delete_button.isEnabled())  # it is the user's now
    qtbot.waitUntil(lambda: shown.toast.notice is not None)
    qtbot.mouseClick(shown.toast.action_button, MOUSE)
    qtbot.waitUntil(lambda: shown.form.system.toPlainText() == before)
    assert not session.personas.current().own


def test_persona_is_created_named_used_and_deleted(qtbot, page: Opened) -> None:
    _, _, shown = page
    qtbot.mouseClick(shown.new_button, MOUSE)
    qtbot.waitUntil(lambda: shown.list.count() == 4)
    qtbot.waitUntil(lambda: shown.form.title.text() == "Mira, a good companion, again")
    title = shown.form.title
    qtbot.waitUntil(title.hasFocus)
    title.selectAll()
    qtbot.keyClicks(title, "Nora")
    qtbot.keyClick(title, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: bool(shown.list.findItems("Nora", Qt.MatchFlag.MatchExactly)))
    qtbot.mouseClick(shown.form.looks_button, MOUSE)
    qtbot.waitUntil(lambda: "f2" in shown.form.looks.text())
    qtbot.mouseClick(shown.form.delete_button, MOUSE)
    qtbot.waitUntil(lambda: shown.list.count() == 3)
    qtbot.mouseClick(shown.toast.action_button, MOUSE)
    qtbot.waitUntil(lambda: shown.form.title.text() == "Nora")


def test_invalid_description_is_reported_and_stays_in_the_editor(qtbot, page: Opened) -> None:
    _, session, shown = page
    shown.form.system.setPlainText("x" * 5000)
    shown.form.finish()
    qtbot.waitUntil(lambda: shown.toast.notice is not None)
    assert "more than 4000" in shown.toast.notice.message
    assert not session.personas.current().own


def test_leaving_the_page_saves_edits(qtbot, page: Opened) -> None:
    window, session, shown = page
    shown.form.greeting.setFocus()
    shown.form.greeting.selectAll()
    qtbot.keyClicks(shown.form.greeting, "Hey there.")
    window.pages.close()
    qtbot.waitUntil(lambda: session.personas.current().greeting == "Hey there.")


def test_personas_are_in_the_language_of_the_window(qtbot, page: Opened) -> None:
    window, session, shown = page
    session.settings.change({"window.language": "de"})
    qtbot.waitUntil(lambda: window.pages.shown is not shown)
    german = window.pages.shown
    assert isinstance(german, PersonasPage)
    qtbot.waitUntil(lambda: german.form.title.text() == "Mira, eine gute Gesellschafterin")
    assert german.form.greeting.text().startswith("Hallo")
    assert "Antworte auf Deutsch" in german.form.system.toPlainText()
    german.form.finish()
    assert not session.personas.current().own  # who only looks edits nothing
    session.settings.change({"window.language": "en"})
    qtbot.waitUntil(lambda: window.pages.shown is not german)
