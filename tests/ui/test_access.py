"""Access: everything by keys with visible focus, everything said, and seen at any size."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from accessible_tree import heard, problems
from PySide6.QtCore import Qt
from PySide6.QtGui import QAccessible, QColor, QImage
from PySide6.QtWidgets import QApplication, QLabel, QWidget

from avatar_app.cli.sample_session import sample_session
from avatar_app.core.events import ClauseWritten, ConsentAsked, Muted, Outcome, State, TurnEnded
from avatar_app.core.manifest import Kind
from avatar_app.runtime.engine_set import create_engine
from avatar_app.runtime.registry import Registry
from avatar_app.settings.schema import ThemeChoice
from avatar_app.storage.history import History
from avatar_app.system.paths import app_paths
from avatar_app.ui.pages.index import PAGES
from avatar_app.ui.pages.page_ids import DEVICES, MODELS, SETTINGS, VOICES
from avatar_app.ui.portrait.state_light import Light
from avatar_app.ui.screenshots.sample_history import fill_history
from avatar_app.ui.style.theme import Theme
from avatar_app.ui.widgets.notices import Action, Notice
from avatar_app.ui.window.consent_card import ConsentCard
from avatar_app.ui.window.main_window import MainWindow

EVERY_PAGE = [page.id for page in PAGES]
MOST_STOPS = 400
CURSOR = 60
"""Pixels: more than a text cursor changes, and less than any frame."""


@pytest.fixture
def window(qtbot) -> Iterator[MainWindow]:
    """A window with something on each page."""
    registry, paths = Registry(), app_paths()
    face = create_engine(registry, registry.find(Kind.FACE, "illustrated"), {})
    history = History(paths.history_file)
    fill_history(history)
    window = MainWindow(sample_session(face, registry, paths, history), Theme(ThemeChoice.DARK))
    window.show()
    window.start()
    qtbot.waitExposed(window)
    window.activateWindow()
    yield window
    window.close()
    window.deleteLater()
    history.close()
    face.close()


def open_page(qtbot, window: MainWindow, page: str) -> QWidget:
    """Open a page, and wait until its rows are there."""
    window.pages.open(page)
    view = window.pages.shown
    assert view is not None
    before, now = -1, len(view.findChildren(QWidget))
    while before != now:
        before = now
        for _ in range(50):
            QApplication.processEvents()
        done: list[None] = []
        window.work.run(lambda: None).then(done.append)
        qtbot.waitUntil(lambda done=done: bool(done))
        if page in (MODELS, SETTINGS, VOICES):  # rows are made a few at a time
            qtbot.waitUntil(lambda: view.is_filled)
        now = len(view.findChildren(QWidget))
    return view


def test_every_page_has_an_accessible_name_for_each_control(qtbot, window) -> None:
    QAccessible.setActive(True)
    for page in EVERY_PAGE:
        view = open_page(qtbot, window, page)
        assert problems(window) == [], page
        assert len(heard(view)) > 5


def test_consent_can_be_announced_and_says_what_it_allows(qtbot, window) -> None:
    QAccessible.setActive(True)
    window._session.post(ConsentAsked(1, "delete all notes"))
    buttons = window.findChild(ConsentCard).buttons
    qtbot.waitUntil(lambda: all(each.isEnabled() and each.isVisible() for each in buttons))
    names = {each.name for each in heard(window) if each.focusable}
    assert {"Allow: delete all notes", "Do not: delete all notes"} <= names
    assert problems(window) == []


def stops(window: MainWindow) -> set[QWidget]:
    """All that Tab should reach."""
    wanted = Qt.FocusPolicy.TabFocus.value
    return {
        each
        for each in window.findChildren(QWidget)
        if each.focusPolicy().value & wanted
        and each.isVisible()
        and each.isEnabled()
        and each.focusProxy() is None
        and not each.objectName().startswith("qt_")
    }


def differing(one: QImage, other: QImage) -> int:
    """How many pixels are not the same."""
    if one.size() != other.size():
        return one.width() * one.height()
    return int(np.any(_pixels(one) != _pixels(other), axis=-1).sum())


def _pixels(image: QImage) -> np.ndarray:
    plain = image.convertToFormat(QImage.Format.Format_RGB32)
    return np.frombuffer(plain.constBits(), np.uint8).reshape(plain.height(), -1, 4).copy()


def walked(qtbot, key: Qt.Key) -> tuple[list[QWidget], list[str]]:
    """Press a key until the focus is where it was before; what the focus could not be seen on."""
    visited: list[QWidget] = []
    unseen: list[str] = []
    focused = QApplication.focusWidget()
    while focused not in visited and len(visited) < MOST_STOPS:
        visited.append(focused)
        name, with_keys = f"{type(focused).__name__} {focused.accessibleName()!r}", focused.grab()
        if focused.visibleRegion().isEmpty():
            unseen.append(f"{name} is out of sight")
        qtbot.keyClick(focused, key)
        if differing(with_keys.toImage(), focused.grab().toImage()) <= CURSOR:
            unseen.append(f"{name} looks the same without the keys")
        focused = QApplication.focusWidget()
    return visited, unseen


@pytest.mark.parametrize("page", EVERY_PAGE)
def test_tab_visits_every_control_visibly_and_returns_to_the_start(qtbot, window, page) -> None:
    open_page(qtbot, window, page)
    start = QApplication.focusWidget()
    there, unseen = walked(qtbot, Qt.Key.Key_Tab)
    assert unseen == []
    missed = stops(window) - set(there)
    assert [(type(each).__name__, each.accessibleName()) for each in missed] == []
    assert QApplication.focusWidget() is start, "Tab is caught in a circle without the start"
    back, _ = walked(qtbot, Qt.Key.Key_Backtab)
    assert set(back) == set(there)


def test_toggling_through_accessibility_acts_like_a_click(qtbot, window_and_session) -> None:
    window, session = window_and_session
    window.composer.mute_button.toggle()
    assert session.asked("mute") == [(True,)]
    session.post(Muted(muted=True))
    qtbot.waitUntil(window.composer.mute_button.isChecked)
    assert session.asked("mute") == [(True,)], "what the session reports is no click"
    window.stage.pages_button.toggle()
    assert window.pages.shown is not None
    window.pages.rail.buttons[2].toggle()
    assert window.pages.shown.accessibleName() == "History"
    window.show_settings()
    qtbot.waitUntil(lambda: len(window.popover.microphones.rows) == 3)
    window.popover.microphones.rows[1].toggle()
    qtbot.waitUntil(lambda: session.settings.get("audio.microphone") == "Desk microphone")


def change(qtbot, window: MainWindow, **values: object) -> None:
    """As the settings page does."""
    store = window.pages._context.session.settings
    store.change({f"ui.{name}": value for name, value in values.items()})
    qtbot.waitUntil(lambda: window.preferences.access == store.settings.ui)
    QApplication.processEvents()


def test_captions_can_be_enlarged_or_hidden_while_hints_remain(qtbot, window_and_session) -> None:
    window, session = window_and_session
    captions = window.stage.captions
    change(qtbot, window, captions=False)
    qtbot.waitUntil(lambda: not captions._words_shown)
    assert captions._drawn is not None, "the hint of how to begin is no caption"
    session.post(ClauseWritten(1, "One two three"))
    qtbot.waitUntil(lambda: captions.caption.text == "One two three")
    assert captions._drawn is None
    assert captions.accessibleDescription() == "One two three"
    change(qtbot, window, captions=True)
    qtbot.waitUntil(lambda: captions._drawn is not None)
    usual = captions._drawn.height()
    change(qtbot, window, caption_size=2.0)
    qtbot.waitUntil(lambda: captions._drawn.height() > 1.2 * usual)


def test_text_scale_applies_immediately_to_all_painted_text(qtbot, opened) -> None:
    window, session = opened((TurnEnded(1, Outcome.FINISHED, "Hello", "Hi there", "Hi there"),))
    qtbot.waitUntil(lambda: window.chat.model.rowCount() == 2)
    chat, rail = window.chat.list, window.pages.rail
    window.pages.open(SETTINGS)
    row, tall, wide = chat.sizeHintForRow(0), window.stage.name.fontMetrics().height(), rail.width()
    change(qtbot, window, font_scale=1.5)
    qtbot.waitUntil(lambda: window.theme.text_scale == 1.5)
    assert chat.sizeHintForRow(0) > 1.1 * row
    assert window.stage.name.fontMetrics().height() > 1.3 * tall
    assert rail.width() > 1.3 * wide
    assert all(button.title_width < button.width() for button in rail.buttons)
    session.settings.undo()
    qtbot.waitUntil(lambda: window.theme.text_scale == 1.0)
    assert chat.sizeHintForRow(0) == row


@pytest.mark.parametrize("choice", [ThemeChoice.DARK, ThemeChoice.LIGHT])
def test_high_contrast_theme_has_a_contrast_ratio_of_at_least_seven(
    qtbot, window_and_session, choice
) -> None:
    window, _ = window_and_session
    window.look.use_theme(choice)
    change(qtbot, window, high_contrast=True)
    qtbot.waitUntil(lambda: window.theme.strong)
    palette = window.theme.palette
    assert palette.dark == (choice is ThemeChoice.DARK)
    for text in ("text", "text_dim", "accent", "danger", "focus", "border", "good_text"):
        for ground in ("page", "surface"):
            found = contrast(getattr(palette, text), getattr(palette, ground))
            assert found >= 7, (text, ground, found)
    assert contrast(palette.on_accent, palette.accent) >= 7
    assert palette.border in window.composer.styleSheet()


def contrast(one: str, other: str) -> float:
    """The contrast of two colors, after WCAG 2."""
    low, high = sorted((luminance(QColor(one)), luminance(QColor(other))))
    return (high + 0.05) / (low + 0.05)


def luminance(shade: QColor) -> float:
    parts = (shade.redF(), shade.greenF(), shade.blueF())
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_reduced_motion_disables_sliding_and_pulsing(qtbot, window_and_session) -> None:
    window, _ = window_and_session
    change(qtbot, window, reduced_motion=True)
    light = window.stage.view.light
    qtbot.waitUntil(lambda: light.still)
    window.toggle_transcript()
    assert window.panel.width() == 0, "it was there at once"
    light.state = State.THINKING
    for _ in range(40):
        light.advance(0.05)
    assert not light.moving
    assert light.strength(Light.THINKING) > 0.5


WIDTHS = (720, 900, 1180, 1280, 1920)
LONG = "The conversation continues with the system's default microphone, as long as that is there. "


@pytest.mark.parametrize("scale", [1.0, 1.5])
def test_long_notices_are_never_truncated(qtbot, window_and_session, scale) -> None:
    window, _ = window_and_session
    change(qtbot, window, font_scale=scale)
    action = Action("Show the report", lambda: None)
    cut: list[object] = []
    for width in WIDTHS:
        window.resize(width, 800)
        for page in ("", DEVICES):
            window.pages.open(page) if page else window.pages.close()
            QApplication.processEvents()
            for bar in [window.stage.notices, *([window.pages.shown.toast] if page else [])]:
                bar.tell(Notice(LONG, 2 * LONG, failure=True, action=action))
                QApplication.processEvents()
                labels = bar.findChildren(QLabel)
                cut += [
                    (width, page, label.text())
                    for label in labels
                    if label.height() < label.heightForWidth(label.width())
                ]
                bar.dismiss_all()
    assert cut == []
