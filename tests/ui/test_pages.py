"""The frame of the pages: opened by button and keys, walked through, left; idle while hidden."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from types import SimpleNamespace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QApplication, QLineEdit, QWidget

from avatar_app.settings.schema import ThemeChoice
from avatar_app.ui.pages.index import PAGES, PageEntry
from avatar_app.ui.pages.page import PageContext, PageView
from avatar_app.ui.pages.page_ids import MODELS, SETTINGS, VOICES
from avatar_app.ui.style.assets import Glyph
from avatar_app.ui.style.theme import DARK, LIGHT
from avatar_app.ui.window import page_host, page_loader
from avatar_app.ui.window.main_window import MainWindow
from avatar_app.ui.window.modes import SIZE, SMALLEST

MOUSE = Qt.MouseButton.LeftButton
CONTROL = Qt.KeyboardModifier.ControlModifier


class Noted(PageView):
    """A page that notes what is asked of it."""

    def __init__(self, context: PageContext, id: str) -> None:
        super().__init__(context, id.title())
        self.calls: list[str] = []
        self.steps_back = 0

    def enter(self) -> None:
        self.calls.append("enter")

    def leave(self) -> None:
        self.calls.append("leave")

    def stop(self) -> None:
        self.calls.append("stop")

    def escape(self) -> bool:
        self.steps_back -= 1
        return self.steps_back >= 0


def entry(id: str, made: list[str], loaded: list[tuple[str, bool]]) -> PageEntry:
    def make(context: PageContext) -> PageView:
        made.append(id)
        return Noted(context, id)

    def load() -> Callable[[PageContext], PageView]:
        loaded.append((id, threading.current_thread() is threading.main_thread()))
        return make

    return PageEntry(id, id.title(), Glyph.FACE, load)


@pytest.fixture
def host(
    opened: Callable[..., tuple[MainWindow, object]], monkeypatch: pytest.MonkeyPatch
) -> SimpleNamespace:
    """A window whose pages only note what happens to them."""
    made: list[str] = []
    loaded: list[tuple[str, bool]] = []
    pages = [entry(name, made, loaded) for name in ("one", "two", "three")]
    monkeypatch.setattr(page_host, "PAGES", pages)
    monkeypatch.setattr(page_loader, "LOAD_MS", 0)
    window, session = opened()
    parts = {"pages": window.pages, "made": made, "loaded": loaded}
    return SimpleNamespace(**parts, window=window, session=session)


def test_what_pages_consist_of_is_loaded_outside_the_windows_thread(qtbot, host) -> None:
    qtbot.waitUntil(lambda: len(host.loaded) == 3)
    assert host.loaded == [("one", False), ("two", False), ("three", False)]
    assert host.made == []


def test_page_is_created_on_first_open_and_active_only_while_visible(host) -> None:
    assert host.made == []
    host.pages.open("two")
    two = host.pages.shown
    host.pages.open("one")
    host.pages.open("two")
    assert host.made == ["two", "one"]
    assert host.pages.shown is two
    host.pages.close()
    assert two.calls == ["enter", "leave", "enter", "leave"]
    host.pages.stop()
    assert two.calls[-1] == "stop"


def test_escape_goes_back_within_the_page_before_closing_it(host) -> None:
    host.pages.open("one")
    host.pages.shown.steps_back = 1
    assert host.pages.escape()
    assert host.pages.shown is not None
    assert host.pages.escape()
    assert host.pages.shown is None
    assert host.window.composer.field.hasFocus()
    assert not host.pages.escape()


def test_what_is_hidden_changes_its_colors_when_it_is_shown(host) -> None:
    """Qt goes through all widgets for it, which would take most of a second after a tour."""
    host.pages.open("one")
    one = host.pages.shown
    host.pages.open("two")
    host.window.look.use_theme(ThemeChoice.LIGHT)
    assert LIGHT.raised in host.pages.shown.styleSheet()
    assert LIGHT.raised in host.pages.rail.styleSheet()
    hidden = (one, host.window.panel, host.window.popover)
    assert all(DARK.raised in part.styleSheet() for part in hidden)
    assert one.context.theme.palette is DARK
    host.pages.open("one")
    assert LIGHT.raised in one.styleSheet()
    assert one.context.theme.palette is LIGHT
    host.pages.close()
    host.window.show_settings()
    assert all(LIGHT.raised in part.styleSheet() for part in hidden)


def test_empty_frames_are_not_shown_before_their_data(qtbot, host) -> None:
    host.pages.open("one")
    page, content = host.pages.shown, QWidget()
    page.body.addWidget(content)
    page.await_data(content)
    assert page.waiting.isVisible()
    assert not page.is_filled
    page.show_data()
    qtbot.waitUntil(content.isVisible)
    assert not page.waiting.isVisible()
    assert page.is_filled


def test_last_page_is_reopened(qtbot, host) -> None:
    host.pages.open("three")
    qtbot.waitUntil(lambda: host.session.settings.get("window.page") == "three")
    host.pages.toggle()
    assert host.pages.shown is None
    host.pages.toggle()
    assert host.pages.shown.accessibleName() == "Three"


def test_unknown_remembered_page_falls_back_to_the_first(host) -> None:
    host.session.settings.change({"window.page": "no longer there"}, undoable=False)
    host.pages.open()
    assert host.pages.shown.accessibleName() == "One"


def test_arrow_keys_move_in_the_rail_and_tab_stops_at_the_current_page(qtbot, host) -> None:
    host.pages.open("one")
    buttons = host.pages.rail.buttons
    buttons[0].setFocus()
    for name in ("Two", "Three", "One"):
        qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Down)
        assert host.pages.shown.accessibleName() == name
        assert QApplication.focusWidget().accessibleName() == name
    qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Up)
    assert host.pages.shown.accessibleName() == "Three"
    stops = [button.focusPolicy() is Qt.FocusPolicy.TabFocus for button in buttons]
    assert stops == [False, False, True]
    qtbot.mouseClick(buttons[1], MOUSE)
    assert host.pages.shown.accessibleName() == "Two"


def test_button_and_shortcut_toggle_the_pages(qtbot, opened) -> None:
    window, _ = opened()
    qtbot.mouseClick(window.stage.pages_button, MOUSE)
    assert window.pages.shown is not None
    assert window.stage.pages_button.isChecked()
    qtbot.keyClick(window, Qt.Key.Key_B, CONTROL)
    assert window.pages.shown is None
    assert not window.stage.pages_button.isChecked()


def test_every_page_opens_by_its_key_and_fits_the_smallest_window(qtbot, opened) -> None:
    window, _ = opened()
    window.resize(*SMALLEST)
    for number, page in enumerate(PAGES):
        if number < 10:
            qtbot.keyClick(window, Qt.Key(Qt.Key.Key_0 + (number + 1) % 10), CONTROL)
        else:  # there are ten digits
            window.pages.open(page.id)
        assert window.pages.shown.accessibleName() == page.title
        assert (window.width(), window.height()) == SMALLEST
        assert not window.pages.rail.buttons[number].visibleRegion().isEmpty()


def is_in_view(widget: QWidget) -> bool:
    return widget.visibleRegion().boundingRect() == widget.rect()


@pytest.mark.parametrize(
    ("size", "text_scale", "titled"),
    [(SIZE, 1.0, True), (SMALLEST, 1.0, False), (SMALLEST, 1.5, False)],
)
def test_all_pages_are_in_view_also_in_the_smallest_window(
    qtbot, opened, size: tuple[int, int], text_scale: float, *, titled: bool
) -> None:
    window, session = opened()
    session.settings.change({"ui.font_scale": text_scale}, undoable=False)
    window.resize(*size)
    window.pages.open(PAGES[0].id)
    rail = window.pages.rail
    with_title = Qt.ToolButtonStyle.ToolButtonTextUnderIcon
    qtbot.waitUntil(lambda: (rail.buttons[0].toolButtonStyle() == with_title) is titled)
    for button in rail.buttons:
        qtbot.waitUntil(partial(is_in_view, button))
        assert button.toolTip().startswith(button.entry.title)


def test_every_control_of_every_page_has_a_name_and_tooltip(opened) -> None:
    window, _ = opened()
    for page in PAGES:
        window.pages.open(page.id)
        controls = window.pages.frame.findChildren(QAbstractButton)
        controls += window.pages.frame.findChildren(QLineEdit)
        outer = [each for each in controls if not each.objectName().startswith("qt_")]
        assert [each for each in outer if not each.accessibleName()] == [], page.id
        shown = [each for each in outer if each.isVisible()]
        assert [each.accessibleName() for each in shown if not each.toolTip()] == [], page.id


def test_opening_and_closing_pages_leaks_no_widget_or_listener(qtbot, opened) -> None:
    window, session = opened()

    def round_trip() -> tuple[int, int]:
        for page in PAGES:
            window.pages.open(page.id)
            QApplication.processEvents()
        window.pages.close()
        QApplication.processEvents()
        return len(window.pages.frame.findChildren(QWidget)), session.listeners

    for page in (SETTINGS, MODELS, VOICES):  # whose rows are made a few at a time
        window.pages.open(page)
        qtbot.waitUntil(lambda: window.pages.shown.is_filled)
    before = round_trip()
    for _ in range(60):
        before, former = round_trip(), before
        if before == former:
            break
    assert {round_trip() for _ in range(10)} == {before}
