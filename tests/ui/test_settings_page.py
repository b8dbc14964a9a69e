"""A user on the settings page: searches, changes, undoes, resets, by mouse and by keys alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from fake_session import FakeSession
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDialogButtonBox,
    QFileDialog,
    QLineEdit,
    QSlider,
    QWidget,
)

from avatar_app.core.errors import ConfigInvalid
from avatar_app.core.manifest import Kind
from avatar_app.runtime.registry import Registry
from avatar_app.settings.presentation import Page
from avatar_app.ui.pages.setting_row import SettingRow
from avatar_app.ui.pages.settings import SettingsPage
from avatar_app.ui.qt import slices
from avatar_app.ui.style.theme import LIGHT
from avatar_app.ui.window.main_window import MainWindow

MOUSE = Qt.MouseButton.LeftButton
CONTROL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
MANIFESTS = Registry().all()
Opened = tuple[MainWindow, FakeSession]


@pytest.fixture
def settings(qtbot, opened: Callable[..., Opened]) -> Opened:
    """A window with the settings open."""
    window, session = opened(manifests=MANIFESTS)
    window.resize(1280, 720)
    qtbot.keyClick(window, Qt.Key.Key_Comma, CONTROL)
    page = window.pages.shown
    assert page.isVisible()
    qtbot.waitUntil(page.search_field.hasFocus)
    qtbot.waitUntil(lambda: bool(session.asked("devices")))
    whole(qtbot, window)
    return window, session


def whole(qtbot, window: MainWindow) -> None:
    """Wait until all is there that is to be shown."""
    qtbot.waitUntil(lambda: window.pages.shown.is_filled)


def row(qtbot, window: MainWindow, name: str) -> SettingRow:
    """The row of a setting, after a search for it."""
    window.pages.shown.search_field.setText(name)
    whole(qtbot, window)
    return window.pages.shown.form.rows[name]


def choose(box: QComboBox, value: object) -> None:
    """As a user does who opens the list and takes an entry."""
    index = box.findData(value)
    assert index >= 0
    box.setCurrentIndex(index)
    box.activated.emit(index)


def test_page_opens_beside_the_portrait_and_closes_with_escape(qtbot, settings: Opened) -> None:
    window, _ = settings
    page = window.pages.shown
    assert window.stage.width() > 300
    assert window.pages.frame.geometry().left() >= window.stage.geometry().right()
    assert page.height() == window.height()
    qtbot.keyClicks(page.search_field, "theme")
    qtbot.keyClick(page.search_field, Qt.Key.Key_Escape)
    assert page.search_field.text() == ""
    qtbot.keyClick(page.search_field, Qt.Key.Key_Escape)
    assert not page.isVisible()
    assert window.composer.field.hasFocus()
    assert window.panel.isVisible()


def test_help_takes_the_whole_width_where_the_page_is_narrow(qtbot, settings: Opened) -> None:
    window, _ = settings
    rows = window.pages.shown.form.rows
    fps = rows["face.options.rest_fps"]
    window.resize(1180, 760)
    qtbot.waitUntil(lambda: fps.help.geometry().top() > fps.editor.geometry().bottom())
    assert fps.help.width() > 0.85 * fps.width()
    window.resize(1920, 1080)
    qtbot.waitUntil(lambda: fps.help.geometry().right() < fps.editor.geometry().left())


def test_nothing_of_a_row_is_cut_off_in_a_tiny_window(qtbot, settings: Opened) -> None:
    window, _ = settings
    window.setMinimumSize(640, 332)
    window.resize(640, 332)
    form = window.pages.shown.form

    def are_within() -> bool:
        rows = [each for each in form.rows.values() if each.isVisible()]
        parts = [part for each in rows for part in (each.title, each.editor, each.help)]
        edges = [part.mapTo(form.viewport(), part.rect().bottomRight()).x() for part in parts]
        return bool(edges) and max(edges) <= form.viewport().width()

    qtbot.waitUntil(are_within, timeout=20_000)


def test_page_covers_a_narrow_window(settings: Opened) -> None:
    window, _ = settings
    window.resize(760, 620)
    assert window.pages.frame.geometry().left() == 0
    window.resize(1920, 1080)
    assert window.pages.frame.geometry().left() > 400


def test_page_opens_from_the_popover(qtbot, opened) -> None:
    window, _ = opened(manifests=MANIFESTS)
    qtbot.mouseClick(window.stage.settings_button, MOUSE)
    qtbot.mouseClick(window.popover.settings_button, MOUSE)
    page = window.pages.shown
    assert page.isVisible()
    assert not window.popover.isVisible()
    qtbot.mouseClick(page.close_button, MOUSE)
    assert not page.isVisible()


def test_pages_show_their_sections_and_search_covers_all_settings(qtbot, settings: Opened) -> None:
    window, _ = settings
    page = window.pages.shown
    titles = [page.pages.item(index).text() for index in range(page.pages.count())]
    assert titles[:4] == ["Avatar", "Voice", "Listening", "Brain"]
    assert all(name.startswith(("face.", "avatars.")) for name in page.form.rows)
    page.pages.setFocus()
    qtbot.keyClick(page.pages, Qt.Key.Key_Down)
    whole(qtbot, window)
    assert all(name.startswith("tts.") for name in page.form.rows)
    qtbot.keyClick(page.pages, Qt.Key.Key_F, CONTROL)
    qtbot.keyClicks(page.search_field, "stored")
    qtbot.waitUntil(lambda: "history.days" in page.form.rows)
    qtbot.keyClicks(page.search_field, " xyzzy")
    whole(qtbot, window)
    assert not page.form.rows
    page.search_field.clear()
    whole(qtbot, window)
    assert all(name.startswith("tts.") for name in page.form.rows)


def test_changed_setting_applies_immediately_and_ctrl_z_undoes_it(qtbot, settings: Opened) -> None:
    window, session = settings
    page = window.pages.shown
    theme = row(qtbot, window, "window.theme")
    choose(theme.editor.control, "light")
    qtbot.waitUntil(lambda: LIGHT.raised in window.composer.styleSheet())
    qtbot.waitUntil(lambda: page.toast.notice is not None)
    assert page.toast.notice.message == "Theme: Light"
    assert theme.reset_button.isVisible()
    qtbot.keyClick(page.search_field, Qt.Key.Key_Z, CONTROL)
    qtbot.waitUntil(lambda: session.settings.get("window.theme") == "system")
    qtbot.waitUntil(lambda: LIGHT.raised not in window.composer.styleSheet())
    qtbot.keyClick(page, Qt.Key.Key_Z, CONTROL | SHIFT)
    qtbot.waitUntil(lambda: LIGHT.raised in window.composer.styleSheet())


def test_toast_button_undoes_a_change(qtbot, settings: Opened) -> None:
    window, session = settings
    keep = row(qtbot, window, "history.keep")
    qtbot.keyClick(keep.editor.control, Qt.Key.Key_Space)
    toast = window.pages.shown.toast
    qtbot.waitUntil(toast.isVisible)
    assert session.settings.get("history.keep") is False
    assert toast.notice.message == "Keep conversations: off"
    assert "next start" in toast.notice.hint
    qtbot.mouseClick(toast.action_button, MOUSE)
    qtbot.waitUntil(lambda: session.settings.get("history.keep") is True)
    qtbot.waitUntil(lambda: keep.editor.control.isChecked())
    assert session.asked("hold") == []


def test_settings_are_exported_imported_and_the_import_undone(
    qtbot, settings: Opened, tmp_path
) -> None:
    window, session = settings
    page, file = window.pages.shown, tmp_path / "mine.yaml"
    session.settings.change({"window.theme": "light", "ui.font_scale": 1.2})
    qtbot.waitUntil(lambda: window.theme.text_scale == 1.2)
    page.exchange.export_to(file)
    qtbot.waitUntil(lambda: page.toast.notice is not None)
    assert page.toast.notice.message == "The changed settings are in mine.yaml."
    session.settings.reset("window.theme", "ui.font_scale")
    page.exchange.import_from(file)
    qtbot.waitUntil(lambda: session.settings.get("window.theme") == "light")
    qtbot.waitUntil(lambda: page.toast.notice.action is not None)
    page.toast.notice.action.do()
    qtbot.waitUntil(lambda: session.settings.get("window.theme") == "system")
    page.exchange.import_from(tmp_path / "missing.yaml")
    qtbot.waitUntil(lambda: page.toast.notice.failure)


def answer(qtbot, page: QWidget, path: Path, button: QDialogButtonBox.StandardButton) -> None:
    """Enter a file's name in the dialog that has opened, and press its button."""
    qtbot.waitUntil(lambda: bool(page.findChildren(QFileDialog)))
    (dialog,) = page.findChildren(QFileDialog)
    qtbot.waitUntil(dialog.isVisible)
    dialog.selectFile(str(path))
    qtbot.mouseClick(dialog.findChild(QDialogButtonBox).button(button), MOUSE)
    qtbot.waitUntil(lambda: not page.findChildren(QFileDialog))


def test_a_file_of_settings_is_written_and_taken_over_by_clicks(
    qtbot, settings: Opened, tmp_path: Path
) -> None:
    window, session = settings
    page, file, buttons = window.pages.shown, tmp_path / "mine.yaml", QDialogButtonBox
    session.settings.change({"window.theme": "light"})
    qtbot.mouseClick(page.exchange.export_button, MOUSE)
    answer(qtbot, page, file, buttons.StandardButton.Save)
    qtbot.waitUntil(file.exists)
    session.settings.reset("window.theme")
    qtbot.mouseClick(page.exchange.import_button, MOUSE)
    answer(qtbot, page, file, buttons.StandardButton.Open)
    qtbot.waitUntil(lambda: session.settings.get("window.theme") == "light")
    undo = page.toast.action_button
    qtbot.waitUntil(lambda: undo.isVisible() and undo.text() == "Undo")
    qtbot.mouseClick(undo, MOUSE)
    qtbot.waitUntil(lambda: session.settings.get("window.theme") == "system")


def test_choosing_an_engine_shows_its_options(qtbot, settings: Opened) -> None:
    window, session = settings
    page = window.pages.shown
    page.pages.setCurrentRow(1)
    whole(qtbot, window)
    before = set(page.form.rows)
    choose(page.form.rows["tts.engine"].editor.control, "kokoro")
    qtbot.waitUntil(lambda: set(page.form.rows) != before)
    assert session.settings.settings.tts.engine == "kokoro"
    kokoro = next(manifest for manifest in MANIFESTS if manifest.name == "kokoro")
    wanted = {f"tts.options.{option.name}" for option in kokoro.options}
    qtbot.waitUntil(lambda: wanted < set(page.form.rows))
    page.undo()
    qtbot.waitUntil(lambda: set(page.form.rows) == before)


def test_pictures_a_second_are_whole_and_need_no_unit(qtbot, settings: Opened) -> None:
    window, _ = settings
    rest = row(qtbot, window, "face.options.rest_fps")
    assert rest.title.text() == "Pictures a second at rest"
    assert rest.editor.control.text() == "12"
    assert row(qtbot, window, "tts.options.speed").editor.control.text() == "1.00"


def test_an_engine_that_loads_says_so_in_its_row(qtbot, settings: Opened) -> None:
    window, session = settings
    page = window.pages.shown
    page.pages.setCurrentRow(1)
    whole(qtbot, window)
    engine = page.form.rows["tts.engine"]
    before = engine.help.text()
    session.loads.begin(Kind.TTS)
    qtbot.waitUntil(lambda: engine.help.text() == f"{before} Loading …")
    assert engine.editor.control.accessibleDescription().endswith("Loading …")
    page.pages.setCurrentRow(2)
    session.loads.begin(Kind.ASR)
    whole(qtbot, window)
    recognition = page.form.rows["asr.engine"]
    qtbot.waitUntil(lambda: recognition.help.text().endswith("Loading …"))
    session.loads.end(Kind.TTS)
    page.pages.setCurrentRow(1)
    whole(qtbot, window)
    qtbot.waitUntil(lambda: engine.help.text() == before)


def test_slider_applies_its_value_when_it_rests(qtbot, settings: Opened) -> None:
    window, session = settings
    changes: list[tuple[str, ...]] = []
    speed = row(qtbot, window, "tts.options.speed")
    session.settings.subscribe(
        lambda change: changes.append(tuple(name for name in change.names if "tts" in name))
    )
    slider, rest = speed.editor.slider, speed.editor._timer
    rest.setInterval(60_000)  # however slow the machine is
    slider.setFocus()
    for _ in range(5):
        qtbot.keyClick(slider, Qt.Key.Key_Right)
    assert session.settings.get("tts.options.speed") == 1.0
    rest.start(0)
    qtbot.waitUntil(lambda: any(changes))
    assert list(filter(None, changes)) == [("tts.options.speed",)], "one change for five keys"
    assert session.settings.get("tts.options.speed") == pytest.approx(1.1)
    reset = speed.reset_button
    qtbot.waitUntil(lambda: reset.isVisible() and not reset.rect().isEmpty())  # and laid out
    qtbot.mouseClick(reset, MOUSE)
    qtbot.waitUntil(lambda: session.settings.get("tts.options.speed") == 1.0)
    qtbot.waitUntil(lambda: not speed.reset_button.isVisible())


def test_invalid_value_is_reported_in_its_row_and_the_old_value_restored(
    qtbot, settings: Opened
) -> None:
    window, session = settings
    page = window.pages.shown
    persona = row(qtbot, window, "dialogue.options.name")

    def refuse(*_: object, **__: object) -> None:
        raise ConfigInvalid("Nobody is called that.", "Choose another name.")

    session.settings.set = refuse
    field = persona.editor.control
    field.setFocus()
    field.selectAll()
    qtbot.keyClicks(field, "Xyzzy")
    qtbot.keyClick(field, Qt.Key.Key_Return)
    qtbot.waitUntil(persona.problem.isVisible)
    assert persona.problem.text() == "Nobody is called that. Choose another name."
    assert field.text() == session.settings.get("dialogue.options.name")
    assert page.toast.notice is None


def test_lists_and_empty_texts_are_parsed(qtbot, settings: Opened) -> None:
    window, session = settings
    folders = row(qtbot, window, "models.folders").editor.control
    folders.setFocus()
    qtbot.keyClicks(folders, "/a, /b b")
    qtbot.keyClick(folders, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: session.settings.get("models.folders") == ("/a", "/b b"))
    microphone = row(qtbot, window, "audio.microphone").editor.control
    assert isinstance(microphone, QComboBox)
    choose(microphone, "Headset")
    qtbot.waitUntil(lambda: session.settings.get("audio.microphone") == "Headset")
    choose(microphone, None)
    qtbot.waitUntil(lambda: session.settings.get("audio.microphone") is None)


def by_tab(page: SettingsPage) -> list[str]:
    """The settings in the order in which Tab comes to them."""
    owners = {stop: name for name, row in page.form.rows.items() for stop in row.stops}
    visited, at = dict[str, None](), page.search_field.nextInFocusChain()
    while at is not page.search_field:
        if at in owners:
            visited[owners[at]] = None
        at = at.nextInFocusChain()
    return list(visited)


def test_rows_come_from_the_top_and_a_search_need_not_wait_for_all(
    qtbot, opened: Callable[..., Opened], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slices, "SLICE", 0.0)  # one row in each turn of the event loop
    window, _ = opened(manifests=MANIFESTS)
    window.pages.open("settings")
    page = window.pages.shown
    assert list(page.form.rows) == ["face.engine"]
    assert page.form.rows["face.engine"].isVisible()
    page.search_field.setText("window.theme")
    assert list(page.form.rows) == ["window.theme"]
    whole(qtbot, window)
    page.search_field.setText("face.options.zoom")
    whole(qtbot, window)
    page.search_field.clear()
    assert not page.is_filled
    whole(qtbot, window)
    fields = [field.name for field in page._fields() if field.page == Page.AVATAR]
    assert set(page.form.rows) == set(fields)
    assert by_tab(page) == fields
    assert all(page.form.rows[name].isVisible() for name in fields)


def test_a_page_that_is_left_makes_no_more_rows(
    qtbot, opened: Callable[..., Opened], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slices, "SLICE", 0.0)
    window, session = opened(manifests=MANIFESTS)
    window.pages.open("settings")
    page = window.pages.shown
    window.pages.close()
    qtbot.waitUntil(lambda: bool(session.asked("devices")))
    count = len(page.form.rows)
    done: list[None] = []
    window.work.run(lambda: None).then(done.append)
    qtbot.waitUntil(lambda: bool(done))
    assert len(page.form.rows) == count
    window.pages.open("settings")
    whole(qtbot, window)
    assert len(page.form.rows) > count


def test_scrolling_over_an_editor_changes_nothing(qtbot, settings: Opened) -> None:
    window, session = settings
    window.pages.shown.pages.setCurrentRow(1)
    whole(qtbot, window)
    before = session.settings.settings
    for kind in (QComboBox, QSlider, QAbstractSpinBox):
        for control in window.pages.shown.form.findChildren(kind):
            event = QWheelEvent(
                QPoint(5, 5),
                control.mapToGlobal(QPoint(5, 5)),
                QPoint(),
                QPoint(0, 120),
                Qt.MouseButton.NoButton,
                Qt.KeyboardModifier.NoModifier,
                Qt.ScrollPhase.NoScrollPhase,
                False,  # noqa: FBT003 - not inverted; Qt takes it by position
            )
            QApplication.sendEvent(control, event)
            assert not event.isAccepted()
    assert session.settings.settings == before


def test_every_editor_has_a_name_and_is_reached_by_tab(qtbot, settings: Opened) -> None:
    window, _ = settings
    page = window.pages.shown
    page.pages.setCurrentRow(1)
    whole(qtbot, window)
    kinds = (QComboBox, QSlider, QAbstractSpinBox, QAbstractButton, QLineEdit)
    controls = [control for kind in kinds for control in page.findChildren(kind)]
    inner = [control for control in controls if control.objectName().startswith("qt_")]
    shown = [each for each in controls if each.isVisible() and each not in inner]
    assert len(shown) > 12
    assert [
        each
        for each in shown
        if not each.accessibleName() and each.parent() is not page.search_field
    ] == []
    page.search_field.setFocus()
    reached = set()
    for _ in range(60):
        focused = QApplication.focusWidget()
        if focused in reached:
            break
        reached.add(focused)
        qtbot.keyClick(focused, Qt.Key.Key_Tab)
    assert {row.editor.control for row in page.form.rows.values()} <= reached
